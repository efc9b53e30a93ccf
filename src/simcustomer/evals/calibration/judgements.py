"""The log of single judgements: what a judge answered to each conversation, pass by pass, so that nothing is asked twice.

One JSON object a line: ``{id, repeat, judge, rubric_hash, judgement}`` or ``{id, repeat, judge, rubric_hash, error}``;
``repeat`` counts from 1, ``judgement`` is a ``Judgement`` as JSON. Lines written here also carry ``asked_hash``, the hash
of what the judge was asked: with other questions or another prompt such a judgement is stale and not used. A log may also
come from elsewhere, without ``asked_hash``. Quotes are checked against the transcript again whenever a log is read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from simcustomer.cast.parts import BUILT_IN, Judge
from simcustomer.domain.rubric import Judgement, Rubric, proven
from simcustomer.errors import ConfigError, ModelError
from simcustomer.evals.calibration.rated import RatedConversation
from simcustomer.judging import judge_once
from simcustomer.library import content_hash

CONCURRENCY = 8
"""Conversations before the judge at once: as many requests as a run has under way at one provider by default."""


class Record(BaseModel):
    """One line of the log: a judgement, or why there is none."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str
    repeat: int = Field(ge=1)
    judge: str
    rubric_hash: str
    asked_hash: str = ""
    judgement: Judgement | None = None
    error: str = ""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Record:
        if (self.judgement is None) is not bool(self.error):
            raise ValueError("needs either a judgement or an error")
        return self


@dataclass(frozen=True)
class Asked:
    """What a judge is asked with: the rubric, the hash of its file, and the hash of what the judge gets to read."""

    rubric: Rubric
    rubric_hash: str
    asked_hash: str

    @classmethod
    def of(cls, rubric: Rubric, rubric_hash: str, judge: str, prompt: str) -> Asked:
        """``prompt`` is the text of the judge's prompt file, which the built-in judge does not read.

        Tables, weights, sizes of points, gates and translations are not in the hash: they change scores, not answers.
        """
        text = rubric.model_dump(mode="json", include={"id", "scene", "language_note"})
        for criterion in rubric.criteria:
            text[criterion.id] = criterion.model_dump(mode="json", include={"name", "asks", "anchors"})
            for item in criterion.items:
                text[item.id] = {
                    "harm": item.points < 0,
                    **item.model_dump(mode="json", exclude={"id", "points"}),
                }
        read = "" if judge == BUILT_IN else prompt
        return cls(rubric, rubric_hash, content_hash(json.dumps([text, read], sort_keys=True)))

    def stale(self, record: Record) -> bool:
        """Was it answered to other questions? Without its own word on that: does it know none of these items?"""
        if record.asked_hash:
            return record.asked_hash != self.asked_hash
        answered = {answer.item for answer in record.judgement.answers} if record.judgement else None
        return answered is not None and not answered & set(self.rubric.items())


@dataclass
class Judged:
    """The judgements of one judge: conversation id -> one entry a pass, and what could not be used, counted.

    ``failures`` are (conversation id, repeat, reason). ``other_rubric`` counts judgements that are used although the
    rubric file has changed since; only logs from elsewhere can have them.
    """

    judge: str
    passes: dict[str, list[Judgement]] = field(default_factory=dict)
    failures: list[tuple[str, int, str]] = field(default_factory=list)
    stale: int = 0
    other_rubric: int = 0


class JudgementLog:
    """The file. It is only ever added to; of two lines for the same pass the later judgement counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = self._read() if path.exists() else []

    def _read(self) -> list[Record]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path}: cannot be read: {error}") from error
        lines = text.split("\n")
        if not _whole(lines[-1]):
            lines.pop()
        return [self._record(n, line) for n, line in enumerate(lines, 1) if line.strip()]

    def _record(self, number: int, line: str) -> Record:
        try:
            return Record.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field_name = ".".join(map(str, first["loc"])) or "line"
            raise ConfigError(f"{self.path}:{number}: {field_name}: {first['msg']}") from error

    def mend(self) -> None:
        """Make sure that it ends with a whole line: one that was not written to its end is cut off.

        Raises ``ConfigError`` when the file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                file.seek(0)
                content = file.read()
                end = content.rfind(b"\n") + 1
                if content[end:] and _whole(content[end:].decode("utf-8", "replace")):
                    file.write(b"\n")
                else:
                    file.truncate(end)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be written: {error}") from error

    def add(self, record: Record) -> None:
        """Append one line."""
        self.records.append(record)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(record.model_dump_json(exclude_defaults=True) + "\n")

    def judges(self) -> list[str]:
        """Whose judgements it holds."""
        return sorted({record.judge for record in self.records})


def _whole(last: str) -> bool:
    """Was the last line, behind which there is no line break, written to its end?"""
    try:
        json.loads(last)
    except ValueError:
        return False
    return True


def whose(log: JudgementLog, configured: str, wanted: str | None) -> str:
    """The judge whose judgements count: the wanted one, else the configured one, else the only one that the log knows.

    Raises ``ConfigError`` when the log holds several others and nobody said which.
    """
    known = log.judges()
    if wanted is not None:
        if wanted not in (*known, configured):
            raise ConfigError(f"--judge {wanted}: not in {log.path}; there are: {', '.join(known) or 'none'}")
        return wanted
    if configured in known or not known:
        return configured
    if len(known) > 1:
        raise ConfigError(f"{log.path}: holds several judges, say which with --judge: {', '.join(known)}")
    return known[0]


async def collect(
    name: str,
    judge: Judge | None,
    asked: Asked,
    conversations: Sequence[RatedConversation],
    log: JudgementLog,
    repeats: int | None,
    done: Callable[[], None] = lambda: None,
) -> Judged:
    """The judgements of judge ``name``: those of the log, and what is missing asked of ``judge`` and added to it.

    Without a ``judge`` nothing is asked. ``repeats`` passes each; None takes those of the log, at least one. Failures
    are asked again. ``done`` is called after each question. Only a ``ModelError`` is a failure; others are raised.
    """
    held = _held(name, asked, log)
    passes = {(c.id, n) for c in conversations for n in range(1, (repeats or 1) + 1)}
    if repeats is None:
        passes |= {key for key in held if key[0] in {c.id for c in conversations}}
    missing = sorted(key for key in passes if key not in held or held[key].error)
    if judge is not None and missing:
        log.mend()
        texts, slots = {c.id: c for c in conversations}, asyncio.Semaphore(CONCURRENCY)

        async def ask(key: tuple[str, int]) -> None:
            async with slots:
                log.add(await _asked_once(judge, asked, texts[key[0]], key[1]))
            done()

        await asyncio.gather(*map(ask, missing))
        held = _held(name, asked, log)
    return _sorted_out(name, asked, conversations, held, sorted(passes), log)


async def _asked_once(judge: Judge, asked: Asked, given: RatedConversation, repeat: int) -> Record:
    judgement, problem = None, ""
    try:
        judgement = await judge_once(judge, asked.rubric, given.utterances, given.language)
    except ModelError as error:
        problem = str(error) or type(error).__name__
    return Record(
        id=given.id,
        repeat=repeat,
        judge=judge.name,
        rubric_hash=asked.rubric_hash,
        asked_hash=asked.asked_hash,
        judgement=judgement,
        error=problem,
    )


def _held(name: str, asked: Asked, log: JudgementLog) -> dict[tuple[str, int], Record]:
    """The usable record of each pass; a judgement is not replaced by a later failure."""
    held: dict[tuple[str, int], Record] = {}
    for record in log.records:
        key = (record.id, record.repeat)
        if record.judge == name and not asked.stale(record) and (record.judgement or key not in held):
            held[key] = record
    return held


def _sorted_out(
    name: str,
    asked: Asked,
    conversations: Sequence[RatedConversation],
    held: dict[tuple[str, int], Record],
    passes: Iterable[tuple[str, int]],
    log: JudgementLog,
) -> Judged:
    judged = Judged(name)
    texts = {c.id: c.utterances for c in conversations}
    for key in passes:
        record = held.get(key)
        if record is None or record.judgement is None:
            judged.failures.append((*key, record.error if record else "the log holds no judgement"))
            continue
        judged.other_rubric += not record.asked_hash and record.rubric_hash != asked.rubric_hash
        judged.passes.setdefault(key[0], []).append(proven(asked.rubric, record.judgement, texts[key[0]]))
    judged.stale = sum(
        r.judge == name and r.judgement is not None and r.id in texts and asked.stale(r) for r in log.records
    )
    return judged
