"""The log of one measurement of the failure table: what models answered, so that a stopped one goes on where it was.

The first line holds the salt of the marks in prompts, without which no question would be the same again; every other
line is one question with its answer or its failure, as in the log of a run. A question that has changed is asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, ValidationError

from simcustomer.domain.cues import Frozen
from simcustomer.errors import ConfigError
from simcustomer.evals.budget import Budget
from simcustomer.evals.journal import Journal
from simcustomer.evals.log import Call, RunLog
from simcustomer.evals.suite import Limits
from simcustomer.llm.model import T
from simcustomer.llm.prompts import new_salt


class _First(Frozen):
    failure_table: int = 1
    salt: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$")]


@contextmanager
def kept_answers(path: Path) -> Iterator[tuple[Journal, bytes]]:
    """The journal of the answers in ``path``, begun where there is no such file, and the salt of its prompts.

    Raises ``ConfigError`` when it cannot be read or written or is no such log. A last line that was cut off is taken away.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes() if path.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        first, calls = _read(path, whole or data)  # before anything is taken away: the file may be another's
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from error
    with file:
        file.truncate(len(whole))
        if not whole:
            file.write(first.model_dump_json().encode() + b"\n")
        yield Journal(RunLog(path, file), Budget(Limits()), calls), bytes.fromhex(first.salt)


def _read(path: Path, data: bytes) -> tuple[_First, list[Call]]:
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    first = _parsed(path, 1, lines[0], _First) if lines else _First(salt=new_salt().hex())
    return first, [_parsed(path, number, line, Call) for number, line in enumerate(lines[1:], 2)]


def _parsed(path: Path, number: int, line: bytes, model: type[T]) -> T:
    try:
        return model.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "line"
        raise ConfigError(
            f"{path}:{number}: {field}: {problem['msg']}; not a log of the failure table"
        ) from error
