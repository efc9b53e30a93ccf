"""Starts the program many times over: one process loads it with litellm, which takes seconds, and forks a child a start.

A line of JSON on standard input ({argv, env, out}) starts ``simcustomer`` with these arguments, with what it prints going
to the file ``out``. A line comes back at once, the child's process id, and one when it has ended: its exit code, or
the number of the signal that ended it, negative.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

LOADED = ("cli.evaluate", "store.store", "cast.builtin.appraiser", "cast.builtin.judge", "cast.builtin.coach")
"""What a run loads late. Not numpy: it starts threads, and a process with threads is not forked."""
ROOT = Path(__file__).parent.parent.parent


class ForkServer:
    """The process that forks, from the side of a test."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.evals.fork_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], out: Path, started: Callable[[int], None]
    ) -> int:
        """Run a command to its end; ``started`` is told the process id. The exit code, or minus the signal."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps({"argv": [*argv], "env": {**env}, "out": str(out)}), file=self._process.stdin)
        started(int(self._process.stdout.readline()))
        return int(self._process.stdout.readline())


def _load() -> None:
    """Load all that a run needs, and ask one question, so that litellm has loaded what it loads late."""
    from simcustomer.llm.litellm_model import LiteLLMModel, close_clients
    from tests.fake_provider import FakeProvider

    async def ask(api_base: str) -> None:
        await LiteLLMModel("hosted_vllm/fake", api_base).ping()
        await close_clients()

    for module in LOADED:
        import_module(f"simcustomer.{module}")
    with FakeProvider() as provider:
        asyncio.run(ask(provider.api_base))
    import litellm

    litellm.in_memory_llm_clients_cache.flush_cache()


def _child(argv: Sequence[str], env: Mapping[str, str], out: str) -> int:
    from simcustomer.cli import main

    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(env)
    sys.argv = ["simcustomer", *argv]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _serve() -> None:
    _load()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                code = _child(**json.loads(line))
            finally:
                os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve()
