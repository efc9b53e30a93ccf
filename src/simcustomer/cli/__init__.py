"""The terminal: every command, its errors as ``error: ...`` and exit code 2."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import typer

from simcustomer.cli import measure, persona, practise, serving
from simcustomer.cli.later import Evaluation, Simcustomer
from simcustomer.cli.screen import printable
from simcustomer.errors import SimCustomerError

app = typer.Typer(
    name="simcustomer",
    cls=Simcustomer,
    help="Practise hard customer conversations with a simulated customer, and be scored.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serving.serve)
app.command()(practise.chat)
app.command()(practise.play)
app.command()(measure.appraise)
app.command()(measure.judge)
app.command()(serving.models)
app.add_typer(persona.app, name="persona")

evaluation = typer.Typer(
    cls=Evaluation, help="Run suites of conversations, and read what they show.", no_args_is_help=True
)
evaluation.callback()(lambda: None)
app.add_typer(evaluation, name="eval")


def main() -> None:
    """Run one command. What goes wrong on purpose is one line on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark for it, and not a crash in mid-table.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except SimCustomerError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has gone (``| head``): nothing is wrong, and Python must not complain at exit.
        sys.stderr.close()
        sys.exit(0)
