"""The golden transcripts: twenty conversations read by people, held until somebody changes them on purpose."""

from __future__ import annotations

import difflib

import pytest

from tests.golden.make import FOLDER, REMADE_BY, Golden, goldens, transcript

GOLDENS = list(goldens())


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
async def test_a_transcript_reads_as_it_was_read(golden: Golden) -> None:
    """Played again, the conversation is word for word and point for point the one that is kept."""
    kept = golden.path.read_text(encoding="utf-8") if golden.path.exists() else ""
    played = await transcript(golden)
    changed = difflib.unified_diff(kept.splitlines(), played.splitlines(), "kept", "played", lineterm="", n=1)
    assert played == kept, (
        f"{golden.path.name} reads otherwise now. If that is meant, run `{REMADE_BY}`, read what it wrote (would this "
        "person say that, to that?), and keep the files.\n" + "\n".join(changed)
    )


def test_every_persona_meets_a_skilled_and_an_unskilled_trainee() -> None:
    """Two transcripts for each of the ten personas, six to ten replies each, and no file that nothing plays."""
    assert len(GOLDENS) == 20
    assert {golden.trainee for golden in GOLDENS} == {"skilled", "unskilled"}
    assert all(6 <= len(golden.replies) <= 10 for golden in GOLDENS)
    assert {path.name for path in FOLDER.glob("*.md")} == {golden.path.name for golden in GOLDENS}
