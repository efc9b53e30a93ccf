"""The log of a run: one JSON object a line, only ever appended, so that a killed run has lost no more than a line.

    {"kind": "run", ...}      first line: the suite, the plan, the personas, and the hashes of all content
    {"kind": "call", ...}     one answer of a model, or its failure, and what it cost
    {"kind": "result", ...}   one finished sample; a later one of the same sample stands in its place
    {"kind": "stop", ...}     the run was stopped: budget or interrupted
    {"kind": "resume", ...}   it goes on, with this suite (its limits may be others) and this plan
    {"kind": "end", ...}      every sample has its result

A run whose log ends without ``stop`` or ``end`` was killed or is still going.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Persona
from simcustomer.errors import ConfigError, NotFound
from simcustomer.evals.results import Run, SampleResult, Stopped
from simcustomer.evals.suite import Sample, Suite
from simcustomer.llm.ledger import ModelCall

LATEST = "latest"
"""The name under which the newest run of a folder is found."""


class Header(Frozen):
    """The first line. ``salt`` (hexadecimal) makes the marks in prompts the same when the run goes on."""

    kind: Literal["run"] = "run"
    id: str
    suite: Suite
    version: str
    started_at: AwareDatetime
    content: Mapping[str, str]
    personas: Mapping[str, Persona]
    planned: tuple[Sample, ...]
    salt: str


class Call(Frozen):
    """One question to a model and its answer.

    ``asked`` is the hash of model, act, messages and schema; ``nth`` counts the same question within the sample, from
    1. Without an ``answer`` there is an ``error``. ``requests`` is all that was asked of the provider for it.
    """

    kind: Literal["call"] = "call"
    sample: str
    model: str
    purpose: str
    asked: str
    nth: int
    answer: Mapping[str, Any] | None = None
    error: str = ""
    requests: tuple[ModelCall, ...] = ()


class Finished(Frozen):
    """A sample that went through, or failed."""

    kind: Literal["result"] = "result"
    result: SampleResult


class Stop(Frozen):
    """The run was stopped before its end; ``why`` is for people."""

    kind: Literal["stop"] = "stop"
    at: AwareDatetime
    reason: Stopped
    why: str = ""


class Resume(Frozen):
    """The run goes on."""

    kind: Literal["resume"] = "resume"
    at: AwareDatetime
    suite: Suite
    planned: tuple[Sample, ...]


class End(Frozen):
    """Every sample of the plan has its result."""

    kind: Literal["end"] = "end"
    at: AwareDatetime


Entry = Annotated[Header | Call | Finished | Stop | Resume | End, Field(discriminator="kind")]
_ENTRY: TypeAdapter[Header | Call | Finished | Stop | Resume | End] = TypeAdapter(Entry)


def now() -> datetime:
    """The time that entries carry."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Story:
    """What a log tells. ``size`` is where its last whole line ends, bytes; what follows was cut off by a kill."""

    header: Header
    entries: tuple[Call | Finished | Stop | Resume | End, ...]
    size: int

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every question to a model."""
        return tuple(entry for entry in self.entries if isinstance(entry, Call))

    @property
    def results(self) -> dict[str, SampleResult]:
        """The latest result of each sample, by the sample's id."""
        return {entry.result.sample.id: entry.result for entry in self.entries if isinstance(entry, Finished)}

    def run(self) -> Run:
        """The run as far as it went, its results in the order of the plan."""
        latest = next((e for e in reversed(self.entries) if isinstance(e, (Stop, Resume, End))), None)
        going_on = next((e for e in reversed(self.entries) if isinstance(e, Resume)), self.header)
        results = self.results
        return Run(
            id=self.header.id,
            suite=going_on.suite,
            version=self.header.version,
            started_at=self.header.started_at,
            finished_at=latest.at if isinstance(latest, End) else None,
            stopped=latest.reason if isinstance(latest, Stop) else None,
            content=self.header.content,
            personas=self.header.personas,
            planned=going_on.planned,
            results=tuple(results[sample.id] for sample in going_on.planned if sample.id in results),
        )


def read_run(path: Path) -> Run:
    """The run that a log tells of, as far as it went. Raises ``ConfigError`` with the line that cannot be read."""
    return read_story(path).run()


def read_story(path: Path) -> Story:
    """All that a log tells; a last line that was cut off is no part of it. Raises ``ConfigError``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    size = data.rfind(b"\n") + 1
    entries = [_entry(path, number, line) for number, line in enumerate(data[:size].split(b"\n")[:-1], 1)]
    if not entries or not isinstance(entries[0], Header):
        raise ConfigError(f"{path}: is no log of a run: its first line must be the run's own")
    rest = tuple(entry for entry in entries[1:] if not isinstance(entry, Header))
    return Story(entries[0], rest, size)


def _entry(path: Path, number: int, line: bytes) -> Header | Call | Finished | Stop | Resume | End:
    try:
        return _ENTRY.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "line"
        raise ConfigError(f"{path}:{number}: {field}: {first['msg']}; not a line of a run's log") from error


def log_paths(runs_dir: Path) -> list[Path]:
    """The logs of a folder, the newest run last."""
    return sorted(runs_dir.glob("*.jsonl"), key=lambda path: (path.stem[-20:], path.stem))


def find_log(runs_dir: Path, run: str) -> Path:
    """The log of a run by its id, by its path, or ``latest``. Raises ``NotFound`` with the runs that there are."""
    paths = log_paths(runs_dir)
    if run == LATEST and paths:
        return paths[-1]
    if run.endswith(".jsonl") and Path(run).is_file():
        return Path(run)
    found = next((path for path in paths if path.stem == run), None)
    if found is None:
        known = ", ".join(path.stem for path in paths[-5:]) or "none"
        raise NotFound(f"no run {run!r} in {runs_dir}; the latest there: {known}")
    return found


class RunLog:
    """A log that is being written. Each line is handed to the system whole before anything else happens."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = path
        self._file = file

    def write(self, entry: Header | Call | Finished | Stop | Resume | End) -> None:
        """Append one entry. Raises ``ConfigError`` when the disk does not take it; then nothing of it stays."""
        line = entry.model_dump_json().encode() + b"\n"
        before = os.fstat(self._file.fileno()).st_size
        try:
            written = self._file.write(line)
            if written < len(line):
                raise OSError(f"only {written} of {len(line)} bytes were taken")  # noqa: TRY301 - as if it had said so
        except OSError as error:
            self._file.truncate(before)
            raise ConfigError(f"{self.path}: cannot be written: {error}") from error


@contextmanager
def new_log(path: Path, header: Header) -> Iterator[RunLog]:
    """Begin a log. Raises ``ConfigError`` when it cannot be written or is there already."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made: {error}") from error
    with _opened(path) as file:
        log = RunLog(path, file)
        log.write(header)
        yield log


@contextmanager
def resumed_log(path: Path, story: Story) -> Iterator[RunLog]:
    """Go on with a log from where ``story`` ends: a line that was cut off is taken away.

    Raises ``ConfigError`` when another process writes it, or has written it since it was read.
    """
    with _opened(path) as file:
        if b"\n" in path.read_bytes()[story.size :]:
            raise ConfigError(f"{path}: has grown since it was read; resume it again")
        file.truncate(story.size)
        yield RunLog(path, file)


@contextmanager
def _opened(path: Path) -> Iterator[FileIO]:
    """The file, for this process alone."""
    try:
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from error
    with file:
        _lock(path, file)
        yield file


def _lock(path: Path, file: FileIO) -> None:
    """Keep other processes off until the file is closed. Windows has no such lock; there nothing keeps them off."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(f"{path}: another process is at this run; wait for it, or stop it") from error
