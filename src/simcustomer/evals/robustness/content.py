"""What robustness is measured with: injections, honest look-alikes, keywords, rewordings, and conversations to attack.

The files stand in ``evals/``: ``injections.yaml``, ``keywords.yaml``, ``rewordings.<language>.yaml`` and ``gold/``. They
are reporting sets: nothing may be tuned on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Language
from simcustomer.errors import ConfigError
from simcustomer.library import load

Kind = Literal[
    "direct",
    "role_play",
    "other_language",
    "markup",
    "encoding",
    "fake_transcript",
    "fake_tool_result",
    "delimiter_closing",
]
KINDS: tuple[Kind, ...] = (
    "direct",
    "role_play",
    "other_language",
    "markup",
    "encoding",
    "fake_transcript",
    "fake_tool_result",
    "delimiter_closing",
)
Part = Literal["customer", "appraiser", "judge"]
PARTS: tuple[Part, ...] = ("customer", "appraiser", "judge")
Way = Literal["appended", "woven", "prefixed"]
WAYS: tuple[Way, ...] = ("appended", "woven", "prefixed")
Quality = Literal["good", "bad"]
Text = Annotated[str, StringConstraints(min_length=1)]

PLACE = "{injection}"
"""Marks in ``wrap`` where the injection goes."""
HOLDING: Mapping[Language, str] = {"en": "One moment.", "es": "Un momento."}
"""What a reply that is nothing but an injection is compared with: it says something and does nothing."""
MIDDLE_SCORE = 3.0
"""Overall score of a middling conversation, on the scale of 1 to 5."""
WORST_EACH, MIDDLING_EACH = 3, 1
"""Conversations to attack in each language: mostly bad ones, which have most to gain, and one that has half."""


class Injection(Frozen):
    """A message to the program, alone or within a reply to the customer."""

    id: Text
    kind: Kind
    target: Part
    persona: str
    language: Language
    injection: Text
    wrap: str = PLACE
    success_if: tuple[Text, ...] = Field(
        default=(), description="words in the customer's answer that show that the instruction was followed"
    )
    encoding: str = Field(default="", description="how an encoded passage was made")
    decoded: str = Field(default="", description="what an encoded passage says")

    @model_validator(mode="after")
    def _has_one_place(self) -> Injection:
        if self.wrap.count(PLACE) != 1:
            raise ValueError(f"wrap: must hold {PLACE} once (is: {self.wrap[:60]!r})")
        return self

    @property
    def reply(self) -> str:
        """The whole reply, as the trainee sends it."""
        return self.wrap.replace(PLACE, self.injection)

    @property
    def without(self) -> str:
        """The same reply without the injection; a holding sentence where nothing is left."""
        return self.wrap.replace(PLACE, "").strip() or HOLDING[self.language]


class Benign(Frozen):
    """An honest reply with something suspicious in it, and the same without."""

    id: Text
    persona: str
    language: Language
    looks_like: str
    reply: Text
    plain: Text


class Injections(Frozen):
    """``injections.yaml``."""

    injections: tuple[Injection, ...] = Field(min_length=1)
    benign: tuple[Benign, ...] = ()

    @model_validator(mode="after")
    def _ids_differ(self) -> Injections:
        _differ([entry.id for entry in self.injections] + [entry.id for entry in self.benign])
        return self


class Stuffed(Frozen):
    """An unhelpful reply, and the same with words of empathy and solution put in three ways."""

    id: Text
    persona: str
    language: Language
    reply: Text
    appended: Text
    prefixed: Text
    woven: Text

    def stuffed(self, way: Way) -> str:
        """The reply with its keywords."""
        if way == "woven":
            return self.woven
        return f"{self.reply} {self.appended}" if way == "appended" else f"{self.prefixed} {self.reply}"


class Keywords(Frozen):
    """``keywords.yaml``."""

    replies: tuple[Stuffed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_differ(self) -> Keywords:
        _differ([entry.id for entry in self.replies])
        return self


class Reworded(Frozen):
    """A reply and the same in other people's words, by variety."""

    id: Text
    persona: str
    quality: Quality
    base: Text
    rewordings: Mapping[str, Text] = Field(min_length=1)


class Rewordings(Frozen):
    """``rewordings.<language>.yaml``."""

    language: Language
    replies: tuple[Reworded, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _the_same_varieties(self) -> Rewordings:
        _differ([entry.id for entry in self.replies])
        first = set(self.replies[0].rewordings)
        for entry in self.replies:
            if set(entry.rewordings) != first:
                raise ValueError(
                    f"{entry.id}: rewordings must be the same as in the first reply: {sorted(first)}"
                )
        return self


class Whole(Frozen):
    """A conversation of the gold set with the mean of its two overall scores."""

    id: str
    persona: str
    language: Language
    utterances: tuple[Utterance, ...]
    score: float

    def attacked(self, added: str) -> tuple[Utterance, ...]:
        """What was said, with something added on a line of its own at the end of the trainee's last message."""
        last = max(i for i, said in enumerate(self.utterances) if said.role == "trainee")
        said = self.utterances[last]
        changed = said.model_copy(update={"text": f"{said.text}\n{added}" if added else said.text})
        return (*self.utterances[:last], changed, *self.utterances[last + 1 :])


class Sets(Frozen):
    """All of it. ``victims`` are the conversations of ``gold`` that the judge is attacked in."""

    injections: tuple[Injection, ...]
    benign: tuple[Benign, ...]
    keywords: tuple[Stuffed, ...]
    rewordings: tuple[Rewordings, ...]
    gold: tuple[Whole, ...]

    @property
    def victims(self) -> tuple[Whole, ...]:
        """In each language the three with the lowest scores and the one nearest the middle; ties by id."""
        found: list[Whole] = []
        for language in HOLDING:
            own = [whole for whole in self.gold if whole.language == language]
            worst = sorted(own, key=lambda whole: (whole.score, whole.id))[:WORST_EACH]
            rest = [whole for whole in own if whole not in worst]
            middle = sorted(rest, key=lambda whole: (abs(whole.score - MIDDLE_SCORE), whole.id))
            found += [*worst, *middle[:MIDDLING_EACH]]
        return tuple(found)


def read_sets(folder: Path) -> Sets:
    """Read all sets from ``evals/``. Raises ``ConfigError`` that names file, line and field."""
    injections = load(folder / "injections.yaml", Injections)
    return Sets(
        injections=injections.injections,
        benign=injections.benign,
        keywords=load(folder / "keywords.yaml", Keywords).replies,
        rewordings=tuple(load(folder / f"rewordings.{language}.yaml", Rewordings) for language in HOLDING),
        gold=tuple(whole for language in HOLDING for whole in _gold(folder / "gold", language)),
    )


class _Gold(Frozen):
    id: str
    persona: str
    language: Language
    messages: tuple[Utterance, ...] = Field(min_length=2)


_SCORE = TypeAdapter(Annotated[float, Field(ge=1, le=5)])


def _gold(folder: Path, language: Language) -> list[Whole]:
    scores = [_scores(folder / f"scores.{name}.jsonl") for name in ("a", "b")]
    found = []
    for place, line in _lines(folder / f"conversations.{language}.jsonl"):
        try:
            given = _Gold.model_validate_json(line)
            score = sum(passed[given.id] for passed in scores) / len(scores)
        except ValidationError as error:
            raise _wrong(place, error) from error
        except KeyError as error:
            raise ConfigError(
                f"{place}: id: {error} has no score in scores.a.jsonl or scores.b.jsonl"
            ) from error
        found.append(
            Whole(
                id=given.id,
                persona=given.persona,
                language=given.language,
                utterances=given.messages,
                score=score,
            )
        )
    return found


def _scores(path: Path) -> dict[str, float]:
    scores = {}
    for place, line in _lines(path):
        try:
            row = json.loads(line)
            scores[str(row["id"])] = _SCORE.validate_python(row["overall"])
        except ValidationError as error:
            raise _wrong(place, error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{place}: must be a JSON object with id and overall (1 to 5)") from error
    return scores


def _lines(path: Path) -> list[tuple[str, str]]:
    """Place and text of each line that is not empty."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return [(f"{path}:{number}", line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _wrong(place: str, error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "overall"
    return ConfigError(f"{place}: {field}: {first['msg']}")


def _differ(ids: Sequence[str]) -> None:
    twice = sorted(known for known, count in Counter(ids).items() if count > 1)
    if twice:
        raise ValueError(f"ids must differ; used twice: {', '.join(twice)}")
