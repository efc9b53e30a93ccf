"""The one rule of imports: they point left only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "simcustomer"

LAYERS = {
    "errors": 0,
    "settings": 1,
    "domain": 1,
    "llm": 2,
    "library": 2,
    "store": 3,
    "cast": 3,
    "practice": 4,
    "judging": 4,
    "views": 4,
    "work": 5,
    "evals": 5,
    "web": 6,
    "cli": 7,
}
"""Room -> layer. ``judging`` stands beside ``practice``; both only know the parts, never a player."""

WRAPPED = {"litellm": "llm/litellm_model.py", "tenacity": "llm/litellm_model.py", "dbos": "work.py"}
"""Library -> the one file that may import it."""


def _imports(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


FILES = sorted(
    path for path in SRC.rglob("*.py") if path.parent != SRC or path.stem not in ("__init__", "__main__")
)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(SRC)) for path in FILES])
def test_imports_point_left(path: Path) -> None:
    """No room imports one that stands to its right, and every room has its place in the order."""
    here = path.relative_to(SRC).parts[0].removesuffix(".py")
    assert here in LAYERS, f"give {here} a layer"
    for module in _imports(path):
        if module.startswith("simcustomer.") and _room(module) in LAYERS:
            assert LAYERS[_room(module)] <= LAYERS[here], f"{path.name} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(SRC)) for path in FILES])
def test_a_wrapped_library_is_imported_in_its_one_file(path: Path) -> None:
    """litellm, tenacity and dbos are known to one file each, which no other needs at import."""
    for module in _imports(path):
        owner = WRAPPED.get(module.split(".")[0])
        assert owner is None or path == SRC / owner, f"{path.relative_to(SRC)} imports {module}"


def test_parts_of_the_play_do_not_know_each_other() -> None:
    """The customer cannot see the rubric's judge, and the judge cannot see the customer: each player stands alone."""
    players = {"appraiser", "customer", "judge", "coach", "trainee", "grader"}
    for path in (SRC / "cast").rglob("*.py"):
        if path.stem in players:
            for module in _imports(path):
                parts = module.split(".")
                known = players & set(parts[2:]) if module.startswith("simcustomer.cast") else set()
                assert not known, f"{path.relative_to(SRC)} imports {module}"


def test_the_domain_does_no_io() -> None:
    """Nothing in the domain reads files, clocks, randomness or the network."""
    forbidden = {
        "os",
        "pathlib",
        "random",
        "time",
        "datetime",
        "secrets",
        "asyncio",
        "httpx",
        "yaml",
        "logging",
    }
    for path in (SRC / "domain").rglob("*.py"):
        assert not forbidden & {module.split(".")[0] for module in _imports(path)}, path.name
