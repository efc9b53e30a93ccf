"""The log: append-only, whole lines, readable after any end, and written by one process at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from simcustomer.errors import ConfigError, NotFound
from simcustomer.evals.log import End, find_log, now, read_run, read_story, resumed_log
from simcustomer.evals.run import begin, run_suite
from tests.evals.engine import Answering, a_material, log_of, played, resumed, told

BUILT_IN = {"customers": ["built-in"], "judges": []}


async def test_a_log_is_read_back_as_the_run_that_was_returned(tmp_path: Path) -> None:
    """Nothing is lost between what the engine returns and what stands in the file."""
    run = await played(tmp_path, Answering())
    assert read_run(log_of(tmp_path)) == run


async def test_a_line_that_was_cut_off_is_no_part_of_the_log(tmp_path: Path) -> None:
    """Wherever the last line is cut, the run is read without it and goes on to the same end."""
    expected = await played(tmp_path, Answering())
    path = log_of(tmp_path)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for kept in range(1, len(lines) - 1, 3):
        before, cut = b"".join(lines[:kept]), lines[kept]
        path.write_bytes(before + cut[: len(cut) // 2])
        assert read_story(path).size == len(before)
        assert told(await resumed(path, Answering())) == told(expected)
        assert path.read_bytes().startswith(before)
        assert all(line.endswith(b"}\n") for line in path.read_bytes().splitlines(keepends=True))


async def test_a_broken_line_elsewhere_is_named(tmp_path: Path) -> None:
    """Only the last line can have been cut off; anything else that is wrong is an error with its line number."""
    await played(tmp_path, Answering(), a_material(**BUILT_IN))
    path = log_of(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"kind": "result", "result": {}}\n' + b"".join(lines[1:]))
    with pytest.raises(ConfigError, match=r"jsonl:2: .*sample"):
        read_run(path)
    path.write_bytes(b"".join(lines[1:]))
    with pytest.raises(ConfigError, match="first line must be the run's own"):
        read_run(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_run(tmp_path / "none.jsonl")


async def test_two_processes_cannot_write_one_log(tmp_path: Path) -> None:
    """Who comes second is told so and writes nothing."""
    await played(tmp_path, Answering(), a_material(**BUILT_IN))
    path = log_of(tmp_path)
    story, before = read_story(path), path.read_bytes()
    with (
        resumed_log(path, story),
        pytest.raises(ConfigError, match="another process"),
        resumed_log(path, story),
    ):
        raise AssertionError("the log was opened twice")
    assert path.read_bytes() == before


async def test_what_was_read_before_somebody_else_went_on_is_not_gone_on_with(tmp_path: Path) -> None:
    """A log that has grown since it was read is read again first: its answers would be asked for twice."""
    await played(tmp_path, Answering(), a_material(**BUILT_IN))
    path = log_of(tmp_path)
    story = read_story(path)
    with resumed_log(path, story) as log:
        log.write(End(at=now()))
    with pytest.raises(ConfigError, match="has grown"), resumed_log(path, story):
        raise AssertionError("an old reading was gone on with")


async def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """What does not fit is taken back, and the error says which file."""

    class _Full:
        def __init__(self, file: object) -> None:
            self._file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def write(self, data: bytes) -> int:
            return self._file.write(data[:10])  # type: ignore[attr-defined, no-any-return]

    await played(tmp_path, Answering(), a_material(**BUILT_IN))
    path = log_of(tmp_path)
    before = path.read_bytes()
    with resumed_log(path, read_story(path)) as log:
        log._file = _Full(log._file)  # type: ignore[assignment]
        with pytest.raises(ConfigError, match="cannot be written"):
            log.write(End(at=now()))
    assert path.read_bytes() == before


async def test_runs_are_found_by_id_by_path_and_as_the_latest(tmp_path: Path) -> None:
    """An unknown one is answered with those that there are."""
    with pytest.raises(NotFound, match="none"):
        find_log(tmp_path, "latest")
    material = a_material(**BUILT_IN, limits={"samples": 1})
    first = begin(material, tmp_path)
    await run_suite(material, first, Answering().model_of)
    later = first.path.with_name("alpha-29990101T000000-0000.jsonl")
    later.write_bytes(first.path.read_bytes())
    assert find_log(tmp_path, first.header.id) == first.path
    assert find_log(tmp_path / "elsewhere", str(first.path)) == first.path
    assert find_log(tmp_path, "latest") == later
    with pytest.raises(NotFound, match=first.header.id):
        find_log(tmp_path, "../secrets")
