"""Learning the built-in appraiser's model, and the cue set that it is learned from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from simcustomer.cast.builtin.trained import Trained
from simcustomer.cli.training import train_appraiser
from simcustomer.domain.cues import Cue, CueKind
from simcustomer.domain.text import contains_quote
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.rated import EFFECTS, RatedReply
from simcustomer.evals.fidelity.cue_set import CueSet
from simcustomer.evals.spelling import spelling_of
from simcustomer.evals.training import learned, packed
from tests.people import a_persona

FOLDER = Path(__file__).parents[2] / "evals" / "cues"
SET = CueSet.of(FOLDER)
MIN_REPLIES = {"en": 2000, "es": 1000}
MIN_HARD = 0.45
"""Half of the replies are to be hard; writers missed it by a little."""


def some_replies(writers: Sequence[str]) -> list[RatedReply]:
    """Twenty good, twenty bad and twenty neutral replies of each writer."""
    rows = []
    for writer in writers:
        for i in range(20):
            good = f"I have blocked card {i} and you will not lose a cent, {writer}."
            bad = f"That is not my job {i}, {writer}, you should have checked."
            for text, effect, kind in (
                (good, "calms", CueKind.PROTECTIVE_ACTION),
                (bad, "escalates", CueKind.BLAMES),
                (f"One moment, {writer}, number {i}.", "neutral", CueKind.HOLDING_STATEMENT),
            ):
                rows.append(
                    RatedReply.model_validate(
                        {
                            "id": f"{writer}{i}{effect}", "group": f"{writer}{i % 3}", "language": "en", "persona": "p",
                            "history": [], "reply": text, "effect": effect,
                            "cues": [Cue(kind=kind, quote=text)], "slices": {"writer": writer},
                        }
                    )
                )  # fmt: skip
    return rows


def test_the_same_replies_give_the_same_model() -> None:
    """Byte for byte, so that a change of the model is a change of what it learned from."""
    replies = some_replies(["A", "B", "C"])
    first = packed(learned(replies, lambda *_: a_persona(), "en"))
    assert first == packed(learned(replies, lambda *_: a_persona(), "en"))


def test_what_was_learned_tells_good_from_bad() -> None:
    """On words of nobody it was learned from."""
    document = learned(some_replies(["A", "B", "C"]), lambda *_: a_persona(), "en")
    model = Trained.read(json.loads(json.dumps(document)))
    good = dict(
        zip(
            model.whole.labels, model.whole.scores("I have blocked it and you will not lose it."), strict=True
        )
    )
    bad = dict(
        zip(model.whole.labels, model.whole.scores("Not my job, you should have looked."), strict=True)
    )
    assert good["calms"] > good["escalates"]
    assert bad["escalates"] > bad["calms"]


def test_one_voice_is_not_enough() -> None:
    """What the model makes of strangers has to be learned from strangers."""
    with pytest.raises(ConfigError, match="2 writers; at least 3"):
        learned(some_replies(["A", "B"]), lambda *_: a_persona(), "en")


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (lambda r: r.effect == "calms", "nothing is labelled 'escalates'"),
        (lambda r: r.effect != "calms" or r.slices["writer"] == "A", "nothing is labelled 'calms' but by A"),
        (lambda r: r.id.startswith(("A0", "B0", "C0")), "no cue kind stands in 12 sentences"),
    ],
)
def test_too_little_to_learn_from_is_said(kept: Callable[[RatedReply], bool], said: str) -> None:
    """By what is missing, before anything is fitted."""
    replies = [reply for reply in some_replies(["A", "B", "C"]) if kept(reply)]
    with pytest.raises(ConfigError, match=f"en: {said}"):
        learned(replies, lambda *_: a_persona(), "en")


def test_hasty_replies_teach_no_spelling() -> None:
    """Their slips would be known as words; where all are hasty it is said."""
    hasty = [
        r.model_copy(update={"slices": {**r.slices, "typed": "typos"}}) for r in some_replies(["A", "B", "C"])
    ]
    with pytest.raises(ConfigError, match="no carefully typed reply"):
        learned(hasty, lambda *_: a_persona(), "en")
    slip = hasty[0].model_copy(update={"reply": "I hvae blocked it."})
    known = spelling_of([*some_replies(["A", "B", "C"]), slip, slip])["known"]
    assert "blocked" in known
    assert "hvae" not in known


def test_a_file_without_replies_teaches_nothing(tmp_path: Path) -> None:
    """It is an error and no silent success; so is a folder that cannot be made, before minutes of learning."""
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"empty\.jsonl: holds no labelled reply"):
        train_appraiser([empty], tmp_path)
    rows = [json.dumps({"id": str(n), "reply": "One moment.", "effect": "neutral"}) for n in range(3)]
    empty.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"empty\.jsonl/folder: cannot be written"):
        train_appraiser([empty], empty / "folder")


def test_the_reporting_part_is_not_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command refuses it, with the reason, also from within its folder."""
    with pytest.raises(ConfigError, match="kept for reporting"):
        train_appraiser([FOLDER / "reporting" / "replies.en.jsonl"])
    monkeypatch.chdir(FOLDER / "reporting")
    with pytest.raises(ConfigError, match="kept for reporting"):
        train_appraiser([Path("replies.en.jsonl")])


def test_the_parts_share_neither_writer_nor_situation() -> None:
    """What is reported is of strangers."""
    for of in (lambda r: r.slices["writer"], lambda r: r.group, lambda r: r.history):
        assert not {of(r) for r in SET.development} & {of(r) for r in SET.reporting}


@pytest.mark.parametrize("language", list(MIN_REPLIES))
def test_the_set_is_large_mixed_and_hard(language: str) -> None:
    """All personas, bands, registers and effects, and about half of it hard."""
    rows = [r for r in (*SET.development, *SET.reporting) if r.language == language]
    assert len(rows) >= MIN_REPLIES[language]
    assert len({r.persona for r in rows}) == len({r.band for r in rows}) == 5
    assert {r.slices["register"] for r in rows} == {"chat", "phone", "email"}
    assert {r.slices["typed"] for r in rows} == {"native", "nonnative", "typos"}
    assert set(Counter(r.effect for r in rows)) == set(EFFECTS)
    assert sum("hard" in r.slices for r in rows) >= MIN_HARD * len(rows)


def test_every_quote_stands_in_its_reply() -> None:
    """No cue without proof, in the labels as everywhere."""
    lost = [
        r.id
        for r in (*SET.development, *SET.reporting)
        for c in r.cues
        if not contains_quote(r.reply, c.quote)
    ]
    assert not lost
