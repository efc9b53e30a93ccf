"""Who plays what, by the settings."""

from __future__ import annotations

import subprocess
import sys

from simcustomer.cast.casting import NO_MODEL, cast_from, describe
from simcustomer.settings import Settings


def names(**settings: str) -> dict[str, str]:
    return cast_from(Settings.model_validate(settings)).names()


def test_without_a_model_everybody_is_built_in() -> None:
    """Nothing set means the built-in players, and the banner says so plainly."""
    cast = cast_from(Settings())
    assert set(cast.names().values()) == {"built-in"}
    assert describe(cast) == NO_MODEL == "built-in practice engine, no language model"


def test_one_setting_puts_every_part_on_a_model() -> None:
    """The general model plays all parts."""
    assert set(names(model="openai/some").values()) == {"openai/some"}
    assert describe(cast_from(Settings(model="openai/some"))) == "all parts on openai/some"


def test_a_part_s_own_model_wins() -> None:
    """A part's setting stands before the general one, and the coach goes with the judge."""
    assert names(model="openai/all", judge_model="openai/strict") == {
        "customer": "openai/all",
        "appraiser": "openai/all",
        "judge": "openai/strict",
        "coach": "openai/strict",
    }


def test_one_part_alone_can_be_on_a_model() -> None:
    """The others stay built-in, and the banner names each."""
    cast = cast_from(Settings(customer_model="openai/actor"))
    assert cast.names() == {
        "customer": "openai/actor",
        "appraiser": "built-in",
        "judge": "built-in",
        "coach": "built-in",
    }
    assert describe(cast).startswith("customer: openai/actor, appraiser: built-in practice engine")


def test_the_built_in_players_load_no_model_library() -> None:
    """Casting without a model imports neither litellm nor its wrapper, so that it starts at once."""
    code = (
        "import sys; from simcustomer.settings import Settings; from simcustomer.cast.casting import cast_from;"
        "cast_from(Settings()); print([m for m in sys.modules if 'litellm' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
