"""How behaviours in one reply relate: what stands behind what, what rules out, turns round or makes up for what."""

from __future__ import annotations

from simcustomer.domain.cues import CueKind, Strength

SUBSTANCE = frozenset(
    {
        CueKind.NAMES_THE_ISSUE,
        CueKind.OPEN_QUESTION,
        CueKind.PLAIN_EXPLANATION,
        CueKind.OWNERSHIP,
        CueKind.CONCRETE_NEXT_STEP,
        CueKind.TIME_COMMITMENT,
        CueKind.OFFERS_CHOICE,
        CueKind.KEY_REASSURANCE,
        CueKind.PROTECTIVE_ACTION,
        CueKind.CHECKS_UNDERSTANDING,
        CueKind.RESPECTFUL_BOUNDARY,
        CueKind.WARM_HANDOVER,
    }
)
"""What can stand behind kind words: something about this customer's matter."""
TOLD = frozenset({CueKind.NAMES_THE_ISSUE, CueKind.PLAIN_EXPLANATION})
"""Substance even when it shows only weakly: it is about the case and nothing else."""
APOLOGY_BACKED = frozenset({CueKind.OWNERSHIP, CueKind.NAMES_THE_ISSUE, CueKind.ACKNOWLEDGES_FEELING})
"""What makes a bare "sorry" one for something."""
PROMISED = frozenset(
    {CueKind.KEY_REASSURANCE, CueKind.CONCRETE_NEXT_STEP, CueKind.TIME_COMMITMENT, CueKind.PROTECTIVE_ACTION}
)
"""What counts only when it hangs on nobody else."""
HEARD = SUBSTANCE - {CueKind.CONCRETE_NEXT_STEP, CueKind.TIME_COMMITMENT, CueKind.OFFERS_CHOICE} | {
    CueKind.ACKNOWLEDGES_FEELING,
    CueKind.SINCERE_APOLOGY,
}
"""What shows that the customer was heard before something is offered."""
ALTERNATIVE = frozenset(
    {
        CueKind.CONCRETE_NEXT_STEP,
        CueKind.TIME_COMMITMENT,
        CueKind.OFFERS_CHOICE,
        CueKind.PROTECTIVE_ACTION,
        CueKind.WARM_HANDOVER,
        CueKind.KEY_REASSURANCE,
    }
)
"""What makes up for a no."""
FELT = frozenset({CueKind.ACKNOWLEDGES_FEELING, CueKind.SINCERE_APOLOGY})
"""What formulas imitate."""
KIND_WORDS = frozenset({CueKind.ACKNOWLEDGES_FEELING, CueKind.SINCERE_APOLOGY, CueKind.OWNERSHIP})
"""What a following "but" takes back."""
BEATS = {
    CueKind.WARM_HANDOVER: {CueKind.PASSES_THE_BUCK},
    CueKind.RESPECTFUL_BOUNDARY: {
        CueKind.ENDS_CONVERSATION,
        CueKind.THREATENS_TO_END,
        CueKind.SARCASM_OR_HOSTILITY,
        CueKind.BLAMES,
    },
    CueKind.ASKS_TO_REPEAT: {
        CueKind.OPEN_QUESTION,
        CueKind.INFORMATION_REQUEST,
        CueKind.CHECKS_UNDERSTANDING,
    },
    CueKind.TELLS_TO_CALM_DOWN: {CueKind.ACKNOWLEDGES_FEELING},
    CueKind.DISMISSES_OR_MINIMISES: {
        CueKind.ACKNOWLEDGES_FEELING,
        CueKind.SINCERE_APOLOGY,
        CueKind.PLAIN_EXPLANATION,
    },
    CueKind.SARCASM_OR_HOSTILITY: {
        CueKind.ACKNOWLEDGES_FEELING,
        CueKind.SINCERE_APOLOGY,
        CueKind.OPEN_QUESTION,
    },
    CueKind.BLAMES: {CueKind.OPEN_QUESTION, CueKind.INFORMATION_REQUEST, CueKind.PLAIN_EXPLANATION},
    CueKind.PREMATURE_SOLUTION: {CueKind.INFORMATION_REQUEST, CueKind.OPEN_QUESTION},
    CueKind.POLICY_WALL: {CueKind.PLAIN_EXPLANATION},
    CueKind.JARGON: {CueKind.PLAIN_EXPLANATION},
    CueKind.PASSES_THE_BUCK: {CueKind.CONCRETE_NEXT_STEP, CueKind.TIME_COMMITMENT},
    CueKind.OVERPROMISE: {CueKind.TIME_COMMITMENT},
    CueKind.REFUSAL_WITHOUT_ALTERNATIVE: {CueKind.TIME_COMMITMENT, CueKind.CONCRETE_NEXT_STEP},
    CueKind.CONTRADICTS_ITSELF: {CueKind.REFUSAL_WITHOUT_ALTERNATIVE},
    CueKind.COLD_SCRIPT: {CueKind.OPEN_QUESTION, CueKind.INFORMATION_REQUEST, CueKind.OFFERS_CHOICE},
    CueKind.OPEN_QUESTION: {CueKind.INFORMATION_REQUEST},
    CueKind.OFFERS_CHOICE: {CueKind.INFORMATION_REQUEST},
    CueKind.CHECKS_UNDERSTANDING: {CueKind.INFORMATION_REQUEST, CueKind.OPEN_QUESTION},
}
"""In one sentence the first reading of a passage rules out the others."""
CLAUSE_WIDE = frozenset(
    {
        CueKind.PASSES_THE_BUCK,
        CueKind.POLICY_WALL,
        CueKind.REFUSAL_WITHOUT_ALTERNATIVE,
        CueKind.CONTRADICTS_ITSELF,
        CueKind.OVERPROMISE,
    }
)
"""Readings that rule out others in their own clause only."""
WORDING = frozenset(
    {
        CueKind.BLAMES,
        CueKind.DISMISSES_OR_MINIMISES,
        CueKind.REFUSAL_WITHOUT_ALTERNATIVE,
        CueKind.POLICY_WALL,
        CueKind.PASSES_THE_BUCK,
        CueKind.JARGON,
        CueKind.COLD_SCRIPT,
        CueKind.ASKS_TO_REPEAT,
        CueKind.PREMATURE_SOLUTION,
        CueKind.OVERPROMISE,
        CueKind.FALSE_CHEER,
    }
)
"""Harms that rules easily see where people see none."""
ORDER = {Strength.STRONG: 0, Strength.CLEAR: 1, Strength.WEAK: 2}
"""The plainest first."""
