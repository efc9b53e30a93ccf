"""Choose the players from the settings: the built-in ones where no model is set, a language model where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simcustomer.cast.parts import BUILT_IN, Appraiser, Cast, Coach, Customer, Judge
from simcustomer.settings import Settings

if TYPE_CHECKING:
    from simcustomer.llm.model import ChatModel
    from simcustomer.llm.prompts import Prompts

NO_MODEL = "built-in practice engine, no language model"
"""What banners, pages and records say when no model is set for any part."""


def cast_from(settings: Settings) -> Cast:
    """The players. A part's own model setting wins over the general one; the coach uses the judge's model.

    Nothing is asked of a model here, and with no model set neither a model library nor a prompt is loaded.
    """
    models = _Models(settings)
    appraiser = _appraiser(models, settings.appraiser_model or settings.model)
    return Cast(
        appraiser=appraiser,
        customer=_customer(models, settings.customer_model or settings.model),
        judge=_judge(models, settings.judge_model or settings.model),
        coach=_coach(models, settings.judge_model or settings.model),
    )


def describe(cast: Cast) -> str:
    """One line for banners: who plays what."""
    names = cast.names()
    if set(names.values()) == {BUILT_IN}:
        return NO_MODEL
    if len(set(names.values())) == 1:
        return f"all parts on {cast.judge.name}"
    return ", ".join(f"{part}: {_shown(name)}" for part, name in names.items())


def _shown(name: str) -> str:
    return "built-in practice engine" if name == BUILT_IN else name


class _Models:
    """The models that the settings name, each made once, and the prompts they share."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, ChatModel] = {}
        self._prompts: Prompts | None = None

    def of(self, name: str) -> ChatModel:
        """The model with this litellm name; parts that share a name share the model."""
        from simcustomer.llm.litellm_model import LiteLLMModel

        if name not in self._made:
            s = self._settings
            self._made[name] = LiteLLMModel(name, s.api_base, s.model_timeout_s, s.model_attempts)
        return self._made[name]

    @property
    def prompts(self) -> Prompts:
        """The prompt templates of the settings' folder."""
        from simcustomer.llm.prompts import Prompts

        if self._prompts is None:
            self._prompts = Prompts(self._settings.prompts_dir)
        return self._prompts


def _built_in_appraiser() -> Appraiser:
    from simcustomer.cast.builtin.appraiser import BuiltInAppraiser

    return BuiltInAppraiser()


def _appraiser(models: _Models, model: str | None) -> Appraiser:
    if not model:
        return _built_in_appraiser()
    from simcustomer.cast.appraiser import LLMAppraiser

    return LLMAppraiser(models.of(model), models.prompts)


def _customer(models: _Models, model: str | None) -> Customer:
    from simcustomer.cast.builtin.customer import BuiltInCustomer

    if not model:
        return BuiltInCustomer()
    from simcustomer.cast.customer import LLMCustomer

    return LLMCustomer(models.of(model), models.prompts, BuiltInCustomer())


def _judge(models: _Models, model: str | None) -> Judge:
    if not model:
        from simcustomer.cast.builtin.judge import BuiltInJudge

        return BuiltInJudge(_built_in_appraiser())
    from simcustomer.cast.judge import LLMJudge

    return LLMJudge(models.of(model), models.prompts)


def _coach(models: _Models, model: str | None) -> Coach:
    if not model:
        from simcustomer.cast.builtin.coach import BuiltInCoach

        return BuiltInCoach(_built_in_appraiser())
    from simcustomer.cast.coach import LLMCoach

    return LLMCoach(models.of(model), models.prompts)
