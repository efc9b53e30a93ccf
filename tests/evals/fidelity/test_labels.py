"""Agreement of labels: what two readers said of the same replies, and nothing where nobody has read twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from simcustomer.domain.cues import Cue, CueKind
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.rated import EFFECTS, Effect, RatedReply
from simcustomer.evals.fidelity.labels import agreement, cohens_kappa, kinds_f1

CYCLE: Sequence[Effect] = ("calms", "neutral", "escalates")


def replies(count: int = 6) -> list[RatedReply]:
    """Replies in six groups, a third of each effect, each with one cue."""
    return [
        RatedReply(
            id=f"r{i}",
            group=f"g{i}",
            language="en" if i % 2 else "es",
            persona=None,
            history=(),
            reply="I am sorry.",
            effect=CYCLE[i % 3],
            cues=(Cue(kind=CueKind.SINCERE_APOLOGY, quote="I am sorry."),),
        )
        for i in range(count)
    ]


def write(
    folder: Path, name: str, effects: Sequence[str], kinds: Sequence[str] = ("sincere_apology",)
) -> None:
    """A pass in which reply i has effect i and these kinds."""
    cues = [{"kind": kind, "strength": "clear", "quote": "I am sorry."} for kind in kinds]
    lines = [json.dumps({"id": f"r{i}", "effect": e, "cues": cues}) for i, e in enumerate(effects)]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_each_two_readers_stand_beside_each_other(tmp_path: Path) -> None:
    """A pass like the writers' agrees fully; one that turns calms and escalates round is opposite in two thirds."""
    write(tmp_path, "pass1", [CYCLE[i % 3] for i in range(6)])
    write(tmp_path, "pass2", [CYCLE[::-1][i % 3] for i in range(6)], kinds=["sincere_apology", "ownership"])
    table = agreement(tmp_path, replies())
    assert table
    rows = {(row[0], row[1]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    same = rows["pass1, writers", "all"]
    assert (same["n"], same["alike"], same["Cohen's kappa"], same["macro-F1"]) == (
        6,
        "1.000",
        "1.000",
        "1.000",
    )
    assert (same["opposite"], same["F1 kinds"]) == ("0.000", "1.000")
    turned = rows["pass1, pass2", "all"]
    assert (turned["alike"], turned["opposite"]) == ("0.333", "0.667")
    assert turned["F1 kinds"] == "0.667"
    assert rows["pass2, writers", "en"]["n"] == 3


def test_only_what_both_labelled_counts(tmp_path: Path) -> None:
    """A pass that is not finished is compared on what it has."""
    write(tmp_path, "pass1", ["calms", "neutral", "escalates"])
    write(tmp_path, "pass2", ["calms", "neutral"])
    table = agreement(tmp_path, replies())
    assert table
    assert [row[2] for row in table.rows if row[1] == "all"] == [3, 2, 2]


def test_without_both_passes_there_is_no_table(tmp_path: Path) -> None:
    """One pass alone is not agreement between two."""
    assert agreement(tmp_path, replies()) is None
    write(tmp_path, "pass1", ["calms"])
    assert agreement(tmp_path, replies()) is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": "r0", "effect": "soothes"}', r"pass2\.jsonl:1: effect: "),
        ('{"id": "r9", "effect": "calms"}', r"pass2\.jsonl:1: id: 'r9' is no reply of the cue set"),
        ('{"id": "r0", "effect": "calms"}\n{"id": "r0", "effect": "calms"}', r"pass2\.jsonl:2: id: 'r0' stands twice"),
        ("calms", r"pass2\.jsonl:1: line: "),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_field(tmp_path: Path, line: str, says: str) -> None:
    """So that it can be mended without reading code."""
    write(tmp_path, "pass1", ["calms"])
    (tmp_path / "pass2.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        agreement(tmp_path, replies())


@given(st.lists(st.tuples(st.sampled_from(EFFECTS), st.sampled_from(EFFECTS)), min_size=3, max_size=60))
def test_kappa_is_the_published_one(pairs: list[tuple[Effect, Effect]]) -> None:
    """Against scikit-learn, where it is defined."""
    truth, found = [a for a, _ in pairs], [b for _, b in pairs]
    mine = cohens_kappa(truth, found)
    if len({*truth, *found}) < 2:
        assert mine is None
    elif mine is not None:
        assert mine == pytest.approx(cohen_kappa_score(truth, found))


def test_without_any_cue_there_is_no_f1() -> None:
    """Two readers who mark nothing have nothing to agree on."""
    assert kinds_f1([(frozenset(), frozenset())]) is None
