"""Commands that are loaded when they are called: help and the commands for practice start without evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Later(NamedTuple):
    """A command by the module and the name of its function, with the one line that lists show."""

    module: str
    function: str
    help: str

    def loaded(self, name: str) -> Any:
        """The command itself; imports its module."""
        alone = typer.Typer(add_completion=False)
        alone.command(name)(getattr(import_module(self.module), self.function))
        return typer.main.get_command(alone)


class LazyGroup(TyperGroup):
    """A group with commands of which only ``help`` is there until one is called."""

    later: ClassVar[Mapping[str, Later]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Those that are there, then those that are loaded later."""
        return [*super().list_commands(ctx), *self.later]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or what stands for it in lists."""
        if cmd_name in self.later:
            return TyperCommand(cmd_name, help=self.later[cmd_name].help)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        if name and name in self.later:
            command = self.later[name].loaded(name)
        return name, command, rest


class Simcustomer(LazyGroup):
    """``simcustomer`` itself."""

    later: ClassVar = {
        "calibrate": Later(
            "simcustomer.cli.calibrate",
            "calibrate",
            "Agreement with people: of the judge on rated conversations, of the appraiser on labelled replies.",
        ),
    }


class Evaluation(LazyGroup):
    """``simcustomer eval``."""

    later: ClassVar = {
        "run": Later(
            "simcustomer.cli.evaluate",
            "run",
            "Play and judge every sample of a suite, keep them in a log, and print a table.",
        ),
        "list": Later(
            "simcustomer.cli.evaluate", "list_runs", "The runs of the runs folder, the newest last."
        ),
        "show": Later(
            "simcustomer.cli.evaluate",
            "show",
            "A run as a table of its samples, or one sample turn by turn.",
        ),
        "report": Later(
            "simcustomer.cli.readings",
            "report",
            "Write one HTML page about a run that needs nothing else: no script, no network.",
        ),
        "compare": Later(
            "simcustomer.cli.readings",
            "compare",
            "Compare two runs, or two parts of one, pair by pair of samples: what differs, by how much, how sure.",
        ),
        "export": Later("simcustomer.cli.readings", "export", "Write a run as a flat table."),
        "robustness": Later(
            "simcustomer.cli.robustness",
            "robustness",
            "Try injections, keywords, honest look-alikes and rewordings on the configured players.",
        ),
        "failures": Later(
            "simcustomer.cli.failures",
            "failures",
            "Provoke every failure of the table in the configured players, and count before and after the code.",
        ),
        "train-appraiser": Later(
            "simcustomer.cli.training",
            "train_appraiser",
            "Learn the built-in appraiser's model from labelled replies, one file a language; minutes, no network.",
        ),
        "grader": Later(
            "simcustomer.cli.grader",
            "grader",
            "Measure the grader of invented facts: what it finds, what it calls invented wrongly, and where it went wrong.",
        ),
        "fidelity": Later(
            "simcustomer.cli.fidelity",
            "fidelity",
            "Measure how true the built-in players are, and remake docs/fidelity.md. Asks no model.",
        ),
        "keep": Later(
            "simcustomer.cli.fidelity",
            "keep",
            "Store what was measured by hand on a language model, for the page of eval fidelity.",
        ),
    }
