"""Reads what people rated: whole conversations for the judge, single replies in context for the appraiser.

Conversations: ``{id, group?, language?, persona?, source?, messages|turns: [{role, text}], labels?}``, one a line. A label
is a number, a list with one number a rater, or a mapping that holds such under a name (``raters``). Separate rater files
hold ``{id, overall?, criteria: {criterion: level or null}}``, one rater a file. Replies: ``{id, group?, language?, persona?,
source?, history|context: [{role, text}], reply, effect?, labels?, band?, cues?: [{kind, strength, quote}], and the slices
of ``SLICES``}``. Fields beyond these are passed over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Cue, CueKind, Frozen
from simcustomer.domain.persona import Band, Language
from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ConfigError

OVERALL = "overall"
"""The field of a rating of the whole conversation."""
LOWEST, HIGHEST = 1.0, 5.0
"""The scale on which people rate."""

Effect = Literal["calms", "neutral", "escalates"]
EFFECTS: tuple[Effect, ...] = ("calms", "neutral", "escalates")
MEANINGS: Mapping[str, Mapping[str, Effect]] = {
    "effect": {"calms": "calms", "neutral": "neutral", "escalates": "escalates"},
    "derived_direction": {"up": "calms", "flat": "neutral", "down": "escalates"},
    "politeness_class": {"polite": "calms", "middle": "neutral", "impolite": "escalates"},
}
"""Label field of a reply -> its values as effects. ``derived_direction`` is how helpful the receiver found it."""

SLICES = ("hard", "register", "typed", "writer")
"""Fields of a reply by which figures may be told apart: what makes it hard, its register, how it is typed, who wrote it."""

OTHER_NAMES: Mapping[str, str] = {"turns": "messages", "context": "history"}
"""What other collections call a field -> what it is called here."""

T = TypeVar("T", bound=BaseModel)
Score = Annotated[float, Field(ge=LOWEST, le=HIGHEST)]


class RatedConversation(Frozen):
    """A conversation with what each rater gave for each field, None where a rater gave nothing. Scales as rated."""

    id: str
    group: str
    language: Language
    utterances: tuple[Utterance, ...]
    ratings: Mapping[str, tuple[float | None, ...]]

    @property
    def trainee_words(self) -> int:
        """How much the trainee wrote, in words."""
        return sum(len(said.text.split()) for said in self.utterances if said.role == "trainee")


class RatedReply(Frozen):
    """A reply in its context, with the effect that people saw in it.

    ``band`` is how upset the customer was when it came, None where that follows from the history; ``cues`` are those that
    people marked in it; where they gave no quote it is the whole reply.
    """

    id: str
    group: str
    language: Language
    persona: str | None
    history: tuple[Utterance, ...]
    reply: str
    effect: Effect
    band: Band | None = None
    cues: tuple[Cue, ...] = ()
    slices: Mapping[str, str] = Field(default_factory=dict)


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: Annotated[str, Field(min_length=1)]
    group: str | None = None
    language: Language = "en"
    persona: str | None = None
    source: str | None = None
    labels: dict[str, Any] = {}


class _Said(BaseModel):
    role: Literal["customer", "trainee", "agent"]
    text: str

    def utterance(self) -> Utterance:
        return Utterance(role="customer" if self.role == "customer" else "trainee", text=self.text)


class _Conversation(_Line):
    messages: Annotated[list[_Said], Field(min_length=1)]


class _Reply(_Line):
    history: list[_Said] = []
    reply: Annotated[str, Field(min_length=1)]
    effect: str | None = None
    band: Band | None = None
    cues: list[Cue | CueKind] = []
    hard: str | None = None
    register_: Annotated[str | None, Field(alias="register")] = None
    typed: str | None = None
    writer: str | None = None

    def slices(self) -> dict[str, str]:
        given = {"hard": self.hard, "register": self.register_, "typed": self.typed, "writer": self.writer}
        return {name: value for name, value in given.items() if value}


class _Rater(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str
    overall: Score | None = None
    criteria: dict[str, Score | None] = {}


class Labelled(BaseModel):
    """What the files hold: rated conversations or rated replies, never both. ``unlabelled`` lines were left out."""

    conversations: tuple[RatedConversation, ...] = ()
    replies: tuple[RatedReply, ...] = ()
    unlabelled: int = 0
    names: tuple[str, ...] = Field(description="the files, without folders")
    notes: tuple[str, ...] = Field(default=(), description="what of the raters' files counts nowhere")

    @property
    def hash(self) -> str:
        """SHA-256 of the texts and what people gave them: another set has another one."""
        rows = [row.model_dump(mode="json") for row in (*self.conversations, *self.replies)]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def read_labelled(
    files: Sequence[Path],
    rubric: Rubric,
    *,
    raters: Sequence[str] = (),
    ratings: Sequence[Path] = (),
    source: str | None = None,
) -> Labelled:
    """Read conversations or replies with their labels. Raises ``ConfigError`` with file, line, field and what is allowed.

    ``ratings`` are the files of single raters and then the only ones that count; ``source`` keeps the lines of one source.
    """
    names = tuple(path.name for path in (*files, *ratings))
    if len({path.resolve() for path in ratings}) < len(ratings):
        raise ConfigError(
            "--ratings: names a file twice; each file is one rater, who cannot agree with themselves"
        )
    lines = [entry for path in files for entry in _lines(path)]
    kinds = {"reply" in line for _, line in lines}
    if len(kinds) > 1:
        raise ConfigError(
            f"{', '.join(names)}: holds conversations and replies; calibrate one kind at a time"
        )
    if not lines:
        raise ConfigError(f"{', '.join(names)}: empty; a line holds a conversation or a reply as JSON")
    if kinds == {True}:
        replies = [_rated_reply(place, row) for place, row in _rows(lines, _Reply, source)]
        rated = tuple(reply for reply in replies if reply)
        return _some(Labelled(replies=rated, unlabelled=len(replies) - len(rated), names=names), MEANINGS)
    rows = _rows(lines, _Conversation, source)
    given = _from_raters(ratings) if ratings else None
    fields = {OVERALL, *(criterion.rated_as or criterion.id for criterion in rubric.criteria)}
    found = [_rated_conversation(place, row, fields, raters, given) for place, row in rows]
    whole = tuple(c for c in found if any(v is not None for values in c.ratings.values() for v in values))
    notes = tuple(_counts_nowhere(given or {}, {row.id for _, row in rows}, fields))
    return _some(
        Labelled(conversations=whole, unlabelled=len(found) - len(whole), names=names, notes=notes),
        sorted(fields),
    )


def replies_of(files: Sequence[Path]) -> tuple[RatedReply, ...]:
    """The labelled replies of files that hold nothing else. Raises ``ConfigError`` with file, line, field."""
    lines = [entry for path in files for entry in _lines(path)]
    replies = [_rated_reply(place, row) for place, row in _rows(lines, _Reply, None)]
    return tuple(reply for reply in replies if reply)


def _counts_nowhere(
    given: Mapping[str, Mapping[str, Any]], known: set[str], fields: set[str]
) -> Iterator[str]:
    """What of the ratings has no place in the conversations or in the rubric: half a set, or a slip of the pen."""
    if strangers := sorted(given.keys() - known):
        yield f"rated, but not among the conversations: {len(strangers)} ids, the first {strangers[0]!r}"
    if unknown := sorted({name for values in given.values() for name in values} - fields):
        yield f"rated, but no field of the rubric: {', '.join(map(repr, unknown))}; it has: {', '.join(sorted(fields))}"


def _some(labelled: Labelled, fields: Mapping[str, Any] | Sequence[str]) -> Labelled:
    if not labelled.conversations and not labelled.replies:
        told = "; ".join((f"looked for: {', '.join(fields)}", *labelled.notes))
        raise ConfigError(f"{', '.join(labelled.names)}: no line has a label to compare with; {told}")
    return labelled


def _rated_reply(place: str, row: _Reply) -> RatedReply | None:
    given = dict(row.labels)
    if row.effect is not None:
        given["effect"] = row.effect
    field = next((name for name in MEANINGS if name in given), None)
    if field is None:
        return None
    meaning = MEANINGS[field].get(str(given[field]))
    if meaning is None:
        raise ConfigError(f"{place}: {field}: is {given[field]!r}; allowed: {', '.join(MEANINGS[field])}")
    return RatedReply(
        id=row.id,
        group=row.group or row.id,
        language=row.language,
        persona=row.persona,
        history=tuple(said.utterance() for said in row.history),
        reply=row.reply,
        effect=meaning,
        band=row.band,
        cues=tuple(cue if isinstance(cue, Cue) else Cue(kind=cue, quote=row.reply) for cue in row.cues),
        slices=row.slices(),
    )


def _rated_conversation(
    place: str,
    row: _Conversation,
    fields: set[str],
    raters: Sequence[str],
    given: Mapping[str, Mapping[str, tuple[float | None, ...]]] | None,
) -> RatedConversation:
    utterances = tuple(said.utterance() for said in row.messages)
    if not any(said.role == "trainee" for said in utterances):
        raise ConfigError(f"{place}: messages: none has the role 'trainee' (or 'agent'): nothing to score")
    if given is None:
        labels = {name: value for name, value in row.labels.items() if name in fields}
        ratings = {name: _scores(place, name, value, raters) for name, value in labels.items()}
    else:
        own = given.get(row.id, {})
        ratings = {name: values for name, values in own.items() if name in fields}
    return RatedConversation(
        id=row.id, group=row.group or row.id, language=row.language, utterances=utterances, ratings=ratings
    )


def _scores(place: str, field: str, value: Any, raters: Sequence[str]) -> tuple[float | None, ...]:
    """The numbers of a label: its own, those of its list, or those under the names of ``raters``."""
    if isinstance(value, dict):
        names = [name for name in raters if name in value]
        if not names:
            raise ConfigError(
                f"{place}: labels.{field}: holds several kinds of rating: say which are people's with --raters; "
                f"there are: {', '.join(value)}"
            )
        return tuple(score for name in names for score in _scores(place, field, value[name], ()))
    scores = value if isinstance(value, list) else [value]
    for score in scores:
        number = isinstance(score, (int, float)) and not isinstance(score, bool)
        if score is not None and not (number and LOWEST <= score <= HIGHEST):
            raise ConfigError(f"{place}: labels.{field}: is {score!r}; allowed: numbers from 1 to 5, or null")
    return tuple(None if score is None else float(score) for score in scores)


def _from_raters(files: Sequence[Path]) -> dict[str, dict[str, tuple[float | None, ...]]]:
    """Conversation id -> field -> one entry a file, None where that rater gave nothing."""
    every = []
    for path in files:
        rows = _rows(list(_lines(path)), _Rater, None)
        every.append({row.id: {**row.criteria, OVERALL: row.overall} for _, row in rows})
    ids = {known for rater in every for known in rater}
    fields = {name for rater in every for values in rater.values() for name in values}
    return {
        known: {name: tuple(rater.get(known, {}).get(name) for rater in every) for name in fields}
        for known in ids
    }


def _rows(
    lines: Sequence[tuple[str, dict[str, Any]]], model: type[T], source: str | None
) -> list[tuple[str, T]]:
    """The lines as ``model``, each id once; with ``source`` only those of it."""
    wanted = [(place, line) for place, line in lines if source is None or line.get("source") == source]
    if not lines:
        return []
    if not wanted:
        there = sorted({str(line["source"]) for _, line in lines if line.get("source")})
        raise ConfigError(f"--source {source}: no such line; there are: {', '.join(there) or 'no sources'}")
    rows, seen = [], dict[str, str]()
    for place, line in wanted:
        try:
            row = model.model_validate({OTHER_NAMES.get(name, name): value for name, value in line.items()})
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "line"
            raise ConfigError(f"{place}: {field}: {first['msg']}") from error
        known = str(line["id"])
        if known in seen:
            raise ConfigError(f"{place}: id: {known!r} stands already at {seen[known]}; ids must differ")
        seen[known] = place
        rows.append((place, row))
    return rows


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and content of each line that is not empty."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(text.split("\n"), 1):  # splitlines would break at U+2028 inside a text
        if line.strip():
            place = f"{path}:{number}"
            yield place, _json_object(place, line)


def _json_object(place: str, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{place}: line: is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{place}: line: must be a JSON object")
    return value
