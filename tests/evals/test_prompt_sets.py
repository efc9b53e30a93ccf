"""Two versions of a prompt side by side: a set that was broken shows in the comparison."""

from __future__ import annotations

import shutil
from pathlib import Path

from simcustomer.evals.compare import compare_runs, wanted
from simcustomer.evals.suite import SKILLS
from simcustomer.settings import content_dir
from tests.evals.engine import Answering, a_material, played


def without_direction(folder: Path) -> Path:
    """The shipped prompts, but nobody tells the customer any more that the chat goes on."""
    shutil.copytree(content_dir("prompts"), folder)
    customer = folder / "customer.j2"
    whole = customer.read_text(encoding="utf-8")
    broken = whole.replace(
        "The chat goes on: no goodbye, also when they say theirs, and do not call it solved.", ""
    )
    assert broken != whole
    customer.write_text(broken, encoding="utf-8")
    return folder


async def test_a_broken_prompt_set_is_caught_by_compare(tmp_path: Path) -> None:
    """The customer keeps taking leave, the guard throws the repetitions away, and the built-in stand-in speaks."""
    prompts = {"default": None, "broken": without_direction(tmp_path / "broken")}
    material = a_material(prompts=prompts, trainees=SKILLS, judges=())
    run = await played(tmp_path, Answering(), material)
    found = compare_runs(run, run, wanted("it:prompts=default"), wanted("it:prompts=broken"))
    worse = {difference.name for difference in found.worse}
    assert {"discards", "stand_in"} <= worse
    same = compare_runs(run, run, wanted("it:prompts=default"), wanted("it:prompts=default"))
    assert not same.worse
