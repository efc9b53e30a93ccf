"""Settings: environment variables with the prefix SIMCUSTOMER_. Built at the edges only, never at import."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from simcustomer.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def content_dir(name: str) -> Path:
    """The folder ``name`` (personas, prompts): the checkout's own when run from one, else the package's copy."""
    own = _CHECKOUT / name
    return own if (_CHECKOUT / "pyproject.toml").is_file() and own.is_dir() else _PACKAGE / "content" / name


class Settings(BaseSettings):
    """What can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="SIMCUSTOMER_", extra="ignore")

    model: str | None = Field(
        default=None, description="litellm model name for all parts; unset: built-in players"
    )
    customer_model: str | None = None
    appraiser_model: str | None = None
    judge_model: str | None = None
    api_base: str | None = Field(default=None, description="base URL of an OpenAI-compatible server")
    model_timeout_s: float = Field(
        default=60.0, gt=0, description="longest wait for one model request, seconds"
    )
    model_attempts: int = Field(
        default=4, ge=1, le=10, description="requests for one call, first one included"
    )
    personas_dir: Path = Field(default_factory=lambda: content_dir("personas"))
    prompts_dir: Path = Field(default_factory=lambda: content_dir("prompts"))
    evals_dir: Path = Field(
        default_factory=lambda: content_dir("evals"), description="suites and scripted trainees"
    )
    show_drafts: bool = Field(
        default=False, description="trainees see personas that count as drafts too, marked as such"
    )
    runs_dir: Path = Field(default=Path("runs"), description="where evaluation runs write their logs")
    rubric: str = Field(
        default="deescalation", description="name of a rubric in prompts/rubrics, without .yaml"
    )
    database_url: str = Field(
        default="sqlite+aiosqlite:///simcustomer.db",
        description="SQLAlchemy async URL (sqlite+aiosqlite, postgresql+asyncpg)",
    )
    work_database_url: str | None = Field(
        default=None, description="database of the background work; unset: beside the first"
    )
    assessment_passes: int = Field(default=3, ge=1, le=9, description="judgements of an assessment (odd)")
    practice_passes: int = Field(default=1, ge=1, le=9, description="judgements of a practice conversation")


def load_settings() -> Settings:
    """Settings from the environment; raises ``ConfigError`` that names the variable and what is allowed."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"SIMCUSTOMER_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise ConfigError("; ".join(lines)) from error
