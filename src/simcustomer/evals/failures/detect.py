"""Which failure a customer's line shows: by rules of the guard, and by words that give it away in this situation.

The words are the situation's own and mostly not the guard's, so that a rate behind the guard is not nought by definition.
"""

from __future__ import annotations

from collections.abc import Mapping

from simcustomer.cast.guard import Rule, faults_of
from simcustomer.domain.conversation import Conversation, Direction
from simcustomer.domain.text import mentions
from simcustomer.evals.failures.content import Failure, Situation

SHOWN_BY: Mapping[Failure, frozenset[Rule]] = {
    "calms_too_fast": frozenset({"praises", "goodbye"}),
    "never_leaves": frozenset({"stays"}),
    "role_reversal": frozenset({"serves", "advises", "speaker"}),
    "reasoning_leak": frozenset({"reasons_aloud", "machinery", "staged", "speaker", "too_long"}),
    "hidden_fact": frozenset({"locked_fact"}),
    "breaks_character": frozenset(
        {"says_nothing", "machinery", "reasons_aloud", "serves", "staged", "language", "sensitive", "goodbye"}
    ),
    "repeats": frozenset({"repeats_itself", "repeats_other", "goodbye"}),
    "ends_early": frozenset({"goodbye", "praises"}),
}
"""The rules of the guard that are a failure's signs. Inventions are graded; the other failures are no customer's."""


def faults_in_line(
    line: str, failure: Failure, situation: Situation, conversation: Conversation, direction: Direction
) -> tuple[str, ...]:
    """What in ``line``, the answer to the situation's reply, shows the failure; empty when nothing does."""
    language = situation.language
    broken = faults_of(line, conversation, direction, language, reply=situation.reply or "")
    rules = SHOWN_BY.get(failure, frozenset())
    found = [f"it {reason}" for rule, reason in broken.items() if rule in rules]
    found += [f"says {sign!r}" for sign in situation.signs if mentions(line, sign)]
    return tuple(found)
