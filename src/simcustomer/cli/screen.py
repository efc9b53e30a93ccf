"""What the terminal shows: turns with the customer's feeling, the scorecard and the figures of evaluation as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simcustomer.cast.parts import Spoken
from simcustomer.domain.conversation import Conversation, simulated_csat
from simcustomer.domain.rubric import Rubric, Scorecard
from simcustomer.web.words import BANDS

if TYPE_CHECKING:
    # Only a type here: practice at the terminal loads no evaluation.
    from simcustomer.evals.figures import Scalar, Titled

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)

COLOURS = {"calm": "cyan", "wary": "green", "frustrated": "yellow", "angry": "red", "furious": "magenta"}


def shown(text: str) -> str:
    """Text that somebody wrote, as text: neither rich's mark-up nor a terminal's control characters in it do anything."""
    return escape(printable(text))


def printable(text: str) -> str:
    """The text without a terminal's control characters; lines stay lines."""
    return "".join(ch if ch.isprintable() or ch == "\n" else " " for ch in text)


def show_table(table: Titled) -> None:
    """A table on the terminal; without rows its title and note."""
    if not table.rows:
        console.print(f"\n[bold]{shown(table.title)}[/bold] {shown(table.note)}")
        return
    drawn = Table(*map(shown, table.columns), title=shown(table.title), caption=shown(table.note))
    for row in table.rows:
        drawn.add_row(*(shown(_cell(value)) for value in row))
    console.print(drawn)


def _cell(value: Scalar) -> str:
    if value is None:
        return "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def show_turn(conversation: Conversation, *, with_reply: bool = False) -> None:
    """The customer's last line with band, tension and the change; ``with_reply`` also what it answers."""
    turn = conversation.turns[-1] if conversation.turns else None
    affect = conversation.affect
    change = ""
    if turn:
        change = f", {affect.tension - conversation.cut_after(turn.index - 1).affect.tension:+.0f}"
        if with_reply:
            console.print(f"[bold]you[/bold]: {shown(turn.trainee)}")
    colour = COLOURS[affect.band.value]
    word = BANDS[conversation.persona.temperament.foremost][affect.band].lower()
    name = shown(conversation.persona.first_name)
    console.print(f"[bold]{name}[/bold] [{colour}]({word} {affect.tension:.0f}{change})[/{colour}]: "
                  f"{shown(turn.customer if turn else conversation.opening)}")  # fmt: skip


def show_ending(
    conversation: Conversation, survey: Spoken | None, scorecard: Scorecard | None, rubric: Rubric
) -> None:
    """Outcome, simulated satisfaction, and the scorecard if there is one."""
    csat = (
        f" Simulated satisfaction {simulated_csat(conversation)} of 5: “{shown(survey.text)}”"
        if survey
        else ""
    )
    console.print(f"\n[bold]Outcome:[/bold] {conversation.outcome}.{csat}")
    if scorecard:
        show_scorecard(scorecard, rubric)


def show_scorecard(scorecard: Scorecard, rubric: Rubric) -> None:
    """Overall, a row a criterion with the quotes that prove it (or what its level means), and what would have helped."""
    criteria = {c.id: c for c in rubric.criteria}
    table = Table("criterion", "level", "proof, meaning or reason", show_lines=True)
    for criterion, verdict in scorecard.criteria.items():
        quotes = [
            f"[{e.message}] “{e.quote}” ({i.id})" for i in verdict.items if i.met for e in i.evidence[:1]
        ]
        if verdict.level:
            proof = "\n".join(quotes) or criteria[criterion].anchors.of(verdict.level)
        else:
            proof = verdict.reason
        table.add_row(shown(criteria[criterion].name), str(verdict.level or "not scored"), shown(proof))
    overall = (
        f"{scorecard.overall:.1f} of 5"
        if scorecard.overall is not None
        else f"not scored: {scorecard.reason}"
    )
    console.print(f"[bold]Overall:[/bold] {overall} (judge: {shown(scorecard.judge.model)})")
    console.print(table)
    for gate in scorecard.gates:
        console.print(f"Capped at {gate.at}: {shown(gate.why)}")
    for advice in scorecard.feedback:
        console.print(f"\n[bold]Message {advice.message}[/bold] {shown(advice.said)}\n  better: {shown(advice.better)}\n  why: {shown(advice.why)}")  # fmt: skip
    if not scorecard.feedback:
        console.print(
            "\nNo other wording is offered: none that was tried keeps the facts and would have helped more."
        )
    for praise in scorecard.went_well:
        console.print(f"\n[bold]Went well[/bold] “{shown(praise.quote)}”: {shown(praise.why)}")
