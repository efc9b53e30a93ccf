"""What the terminal shows: turns with the customer's feeling, and the scorecard as a table."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simcustomer.cast.parts import Spoken
from simcustomer.domain.conversation import Conversation, simulated_csat
from simcustomer.domain.rubric import Rubric, Scorecard

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)

COLOURS = {"calm": "cyan", "wary": "green", "frustrated": "yellow", "angry": "red", "furious": "magenta"}


def show_turn(conversation: Conversation, *, with_reply: bool = False) -> None:
    """The customer's last line with band, tension and the change; ``with_reply`` also what it answers."""
    turn = conversation.turns[-1] if conversation.turns else None
    affect = conversation.affect
    change = ""
    if turn:
        change = f", {affect.tension - conversation.cut_after(turn.index - 1).affect.tension:+.0f}"
        if with_reply:
            console.print(f"[bold]you[/bold]: {escape(turn.trainee)}")
    colour = COLOURS[affect.band.value]
    name = escape(conversation.persona.first_name)
    console.print(f"[bold]{name}[/bold] [{colour}]({affect.band.value} {affect.tension:.0f}{change})[/{colour}]: "
                  f"{escape(turn.customer if turn else conversation.opening)}")  # fmt: skip


def show_ending(
    conversation: Conversation, survey: Spoken | None, scorecard: Scorecard | None, rubric: Rubric | None
) -> None:
    """Outcome, simulated satisfaction, and the scorecard if there is one."""
    console.print(f"\n[bold]Outcome:[/bold] {conversation.outcome}. ", end="")
    if survey:
        console.print(f"Simulated satisfaction {simulated_csat(conversation)} of 5: “{escape(survey.text)}”")
    if scorecard:
        show_scorecard(scorecard, rubric)


def show_scorecard(scorecard: Scorecard, rubric: Rubric | None) -> None:
    """Overall, a row a criterion with the quotes that prove it, and what would have helped."""
    names = {c.id: c.name for c in rubric.criteria} if rubric else {}
    table = Table("criterion", "level", "proof or reason", show_lines=True)
    for criterion, verdict in scorecard.criteria.items():
        quotes = [
            f"[{e.message}] “{e.quote}” ({i.id})" for i in verdict.items if i.met for e in i.evidence[:1]
        ]
        proof = "\n".join(quotes) if verdict.level else verdict.reason
        table.add_row(names.get(criterion, criterion), str(verdict.level or "not scored"), escape(proof))
    overall = (
        f"{scorecard.overall:.1f} of 5"
        if scorecard.overall is not None
        else f"not scored: {scorecard.reason}"
    )
    console.print(f"[bold]Overall:[/bold] {overall} (judge: {escape(scorecard.judge.model)})")
    console.print(table)
    for gate in scorecard.gates:
        console.print(f"Capped at {gate.at}: {escape(gate.why)}")
    for advice in scorecard.feedback:
        console.print(f"\n[bold]Message {advice.message}[/bold] {escape(advice.said)}\n  better: {escape(advice.better)}\n  why: {escape(advice.why)}")  # fmt: skip
    for praise in scorecard.went_well:
        console.print(f"\n[bold]Went well[/bold] “{escape(praise.quote)}”: {escape(praise.why)}")
