"""Runs the Inspect task against a server of its own: the good agent must leave calmer customers than the dismissive one.

    make harness                                  # or, with Inspect installed:
    python examples/inspect/run.py --serve .venv/bin/simcustomer

Exit code 0 when it does for every customer, 1 when it does not or something failed.
"""
# ruff: noqa: INP001, T201  a script that is run by its path, and prints what it found

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from customers import CUSTOMERS, customers
from inspect_ai import eval as run_tasks
from inspect_ai.log import EvalLog

GOOD, BAD = "expert", "dismissive"
STARTS_WITHIN_S = 60
"""Longest wait for the server, seconds: a cold start on a busy machine takes ten."""


@contextmanager
def server(program: str, folder: Path) -> Iterator[str]:
    """simcustomer with built-in players and a database of its own, on a free port; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "SIMCUSTOMER_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/harness.db",
        "SIMCUSTOMER_SHOW_DRAFTS": "1",
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("SIMCUSTOMER_")}
    process = subprocess.Popen([program, "serve", "--port", str(port)], env=others | own)  # noqa: S603  ours
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/readyz", process)
        yield f"{address}/v1"
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until the server answers."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310  our own address
            return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"error: the server did not answer at {url}")
            time.sleep(0.1)


def ends_of(log: EvalLog) -> dict[str, dict[str, object]]:
    """Customer -> how its conversation went; only those that were scored."""
    return {
        str(sample.id): dict(sample.scores["calmed"].metadata or {})
        for sample in log.samples or []
        if sample.scores and not sample.error
    }


def verdict(good: EvalLog, bad: EvalLog, names: list[str]) -> list[str]:
    """Print a line a customer; returns what is wrong."""
    problems = [f"{log.eval.task}: {log.status}" for log in (good, bad) if log.status != "success"]
    ends = {GOOD: ends_of(good), BAD: ends_of(bad)}
    for name in names:
        found = {agent: by_name.get(name) for agent, by_name in ends.items()}
        for agent, went in found.items():
            if went is None:
                problems.append(f"{name} with {agent}: no score")
            else:
                print(
                    f"{name:16} {agent:12} tension {went['start']:5.1f} -> {went['end']:5.1f}  {went['outcome']}"
                )
        if all(found.values()) and not found[GOOD]["end"] < found[BAD]["end"]:
            problems.append(f"{name}: the {GOOD} agent did not leave it calmer than the {BAD} one")
    return problems


def main() -> int:
    """Serve, evaluate both agents, compare."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--serve", default="simcustomer", help="the simcustomer program")
    arguments.add_argument("--log-dir", help="where Inspect's logs go; unset: nowhere that stays")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, server(options.serve, Path(folder)) as base_url:
        os.environ |= {"SIMCUSTOMER_BASE_URL": base_url, "SIMCUSTOMER_API_KEY": "none"}
        good, bad = run_tasks(
            [customers(agent=GOOD), customers(agent=BAD)],
            model="mockllm/model",  # the scripted agents ask no model
            display="none",
            log_dir=options.log_dir or f"{folder}/logs",
        )
        problems = verdict(good, bad, CUSTOMERS.split(","))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
