"""Reading what people rated: whose numbers count, and what is wrong is named by file, line and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.rated import Labelled, read_labelled
from tests.evals.calibration.rated_people import a_conversation, a_rubric, write_lines

RUBRIC = a_rubric()


def read(tmp_path: Path, *rows: dict[str, Any], **options: Any) -> Labelled:
    return read_labelled([write_lines(tmp_path / "rated.jsonl", rows)], RUBRIC, **options)


@pytest.mark.parametrize(
    ("label", "raters", "ratings"),
    [
        (2, (), (2.0,)),
        ([2, None, 4], (), (2.0, None, 4.0)),
        ({"experts": [1, 2], "crowd": 4.5}, ("experts",), (1.0, 2.0)),
        ({"experts": [1, 2], "crowd": 4.5}, ("experts", "crowd"), (1.0, 2.0, 4.5)),
    ],
)
def test_a_label_is_a_number_a_list_or_holds_either_under_a_name(
    tmp_path: Path, label: Any, raters: tuple[str, ...], ratings: tuple[float | None, ...]
) -> None:
    """One entry a rater, nothing rated stays nothing; of several kinds of rating only the named ones count."""
    found = read(tmp_path, a_conversation(1, care=label), raters=raters).conversations[0]
    assert found.ratings == {"care": ratings}


def test_a_conversation_is_read_whatever_its_fields_are_called(tmp_path: Path) -> None:
    """turns or messages, agent or trainee; the group is the id unless it says another; other fields are passed over."""
    other = a_conversation(2, care=3, group="g", language="es", license="free")
    other["messages"] = [
        dict(said, role=said["role"].replace("agent", "trainee")) for said in other.pop("turns")
    ]
    first, second = read(tmp_path, a_conversation(1, care=3), other).conversations
    assert [said.role for said in first.utterances] == ["customer", "trainee"]
    assert first.utterances == tuple(
        said.model_copy(update={"text": said.text.replace("2", "1")}) for said in second.utterances
    )
    assert (first.group, second.group, second.language) == ("c1", "g", "es")
    assert first.trainee_words == 4


def test_a_criterion_is_looked_up_under_the_name_that_people_had(tmp_path: Path) -> None:
    """The rubric says which field holds its ratings; fields that it does not know are left alone."""
    row = a_conversation(1, care=3, war=5)
    row["labels"]["mood"] = "sad"
    assert set(read(tmp_path, row).conversations[0].ratings) == {"care", "war"}


def test_lines_that_nobody_rated_are_counted_and_left_out(tmp_path: Path) -> None:
    """They are no failure of anybody and stand in no figure."""
    found = read(tmp_path, a_conversation(1, care=3), a_conversation(2), a_conversation(3, care=[None]))
    assert (len(found.conversations), found.unlabelled) == (1, 2)


def test_a_source_keeps_its_own_lines(tmp_path: Path) -> None:
    """Others are not even looked at; an unknown source is answered with those that there are."""
    rows = [a_conversation(1, care=3, source="mine"), a_conversation(2, care={"odd": 9}, source="theirs")]
    assert [c.id for c in read(tmp_path, *rows, source="mine").conversations] == ["c1"]
    with pytest.raises(ConfigError, match="there are: mine, theirs"):
        read(tmp_path, *rows, source="nobody's")


def test_separate_raters_are_joined_by_id(tmp_path: Path) -> None:
    """A file a rater, in the order given; who left a conversation or a criterion out has nothing there."""
    a = write_lines(
        tmp_path / "a.jsonl", [{"id": "c1", "overall": 4.5, "criteria": {"care": 4, "war": None}}]
    )
    b = write_lines(
        tmp_path / "b.jsonl",
        [{"id": "c1", "criteria": {"care": 5}}, {"id": "c2", "criteria": {"war": 1}}],
    )
    first, second = read(tmp_path, a_conversation(1), a_conversation(2), ratings=[a, b]).conversations
    assert first.ratings == {"care": (4.0, 5.0), "war": (None, None), "overall": (4.5, None)}
    assert second.ratings == {"care": (None, None), "war": (None, 1.0), "overall": (None, None)}


def test_ratings_that_count_nowhere_are_told(tmp_path: Path) -> None:
    """A rated id without its conversation and a criterion that the rubric lacks are named, and the rest counts."""
    rows = [{"id": "c1", "criteria": {"care": 4, "carre": 2}}, {"id": "c7", "criteria": {"care": 1}}]
    a = write_lines(tmp_path / "a.jsonl", rows)
    found = read(tmp_path, a_conversation(1), ratings=[a])
    strangers, unknown = found.notes
    assert "1 ids, the first 'c7'" in strangers
    assert "'carre'; it has: care" in unknown
    assert found.conversations[0].ratings["care"] == (4.0,)


def test_an_empty_file_of_ratings_has_no_label_to_offer(tmp_path: Path) -> None:
    """The message is about labels, not about sources that nobody asked for."""
    empty = write_lines(tmp_path / "a.jsonl", [])
    with pytest.raises(ConfigError, match="no line has a label"):
        read(tmp_path, a_conversation(1), ratings=[empty])


@pytest.mark.parametrize(
    ("given", "effect"),
    [
        ({"effect": "calms"}, "calms"),
        ({"labels": {"derived_direction": "down"}}, "escalates"),
        ({"labels": {"derived_direction": "flat"}}, "neutral"),
        ({"labels": {"politeness_class": "impolite"}}, "escalates"),
        ({"labels": {"politeness_class": "middle"}}, "neutral"),
    ],
)
def test_a_reply_has_the_effect_that_people_saw(tmp_path: Path, given: dict[str, Any], effect: str) -> None:
    """Helpful, polite and calming are one direction; unhelpful, impolite and escalating the other."""
    row = {"id": 1, "context": [{"role": "agent", "text": "Hello."}], "reply": "Right.", **given}
    found = read(tmp_path, row).replies[0]
    assert (found.id, found.effect, found.history[0].role, found.persona) == ("1", effect, "trainee", None)


def test_the_hash_names_texts_and_ratings(tmp_path: Path) -> None:
    """The same set has the same hash; another rating is another set."""
    one, same, other = (read(tmp_path, a_conversation(1, care=n)).hash for n in (3, 3, 4))
    assert one == same != other


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([a_conversation(1, care=3), a_conversation(1, care=3)], "rated.jsonl:2: id: 'c1' stands already at"),
        ([a_conversation(1, care=6)], "labels.care: is 6; allowed: numbers from 1 to 5"),
        ([a_conversation(1, care=True)], "labels.care: is True; allowed"),
        ([a_conversation(1, care={"a": 1, "b": 2})], "--raters; there are: a, b"),
        ([a_conversation(1)], "no line has a label to compare with; looked for: care, overall, war"),
        ([a_conversation(1, care=3, turns=[])], "rated.jsonl:1: messages: List should have at least 1"),
        ([a_conversation(1, care=3, turns=[{"role": "bot", "text": "x"}])], "messages.0.role"),
        (
            [a_conversation(1, care=3, turns=[{"role": "customer", "text": "x"}])],
            "none has the role 'trainee'",
        ),
        ([{"id": 1, "reply": "x", "effect": "soothes"}], "effect: is 'soothes'; allowed: calms, neutral"),
        ([{"id": 1, "reply": "x", "effect": "calms"}, a_conversation(1, care=3)], "one kind at a time"),
        ([], "empty"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, rows: list[dict[str, Any]], says: str) -> None:
    """The error says where, and what is allowed."""
    with pytest.raises(ConfigError) as error:
        read(tmp_path, *rows)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"), [("{", "x.jsonl:1: line: is not JSON"), ("[1]", "must be a JSON object")]
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, text: str, says: str) -> None:
    """Broken JSON and other JSON alike."""
    path = tmp_path / "x.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_labelled([path], RUBRIC)
    assert says in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As every file that cannot be read."""
    with pytest.raises(ConfigError, match=r"nowhere\.jsonl: cannot be read"):
        read_labelled([tmp_path / "nowhere.jsonl"], RUBRIC)


def test_a_rater_who_is_named_twice_is_refused(tmp_path: Path) -> None:
    """Two raters who always agree would be one."""
    file = write_lines(tmp_path / "rated.jsonl", [a_conversation(1, care=3)])
    with pytest.raises(ConfigError, match="names a file twice"):
        read_labelled([file], RUBRIC, ratings=[file, tmp_path / "." / "rated.jsonl"])
