"""How the customer feels: all emotional arithmetic, and nothing else.

``next_affect`` takes what a reply did and returns how the customer feels after it, with one signed effect for each
cue; the effects add up to the change in tension. Nothing here reads text or asks a model.

Tension is the weighted mean of anger, anxiety and confusion (the persona weighs them). A mean and not a maximum,
because only then the effects of single cues add up to the change of the whole.

The constants are judgements, checked by the behaviours in ``tests/domain/test_affect.py``, not measurements of people;
where a figure follows a published finding the comment says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from simcustomer.domain.cues import SETTLING, UNSETTLING, Appraisal, Cue, CueKind, Frozen, Strength
from simcustomer.domain.persona import Band, Persona
from simcustomer.domain.text import fold

# --- bands: five of equal width, 0 calm to 100 furious -----------------------------------------------------------
BAND_WIDTH = 20.0

# --- what one clear cue does, in points of (anger, anxiety, confusion) -------------------------------------------
# Sizes are relative to the 20-point band: an ordinary good sentence moves about a third of a band.
SETTLES: Mapping[CueKind, tuple[float, float, float]] = {
    CueKind.ACKNOWLEDGES_FEELING: (6.0, 6.0, 2.0),
    CueKind.NAMES_THE_ISSUE: (6.0, 5.0, 4.0),
    CueKind.SINCERE_APOLOGY: (5.0, 3.0, 1.0),
    CueKind.OPEN_QUESTION: (3.0, 3.0, 2.0),
    CueKind.PLAIN_EXPLANATION: (3.0, 5.0, 9.0),
    CueKind.OWNERSHIP: (7.0, 5.0, 2.0),
    CueKind.CONCRETE_NEXT_STEP: (6.0, 6.0, 5.0),
    CueKind.TIME_COMMITMENT: (5.0, 5.0, 3.0),
    CueKind.OFFERS_CHOICE: (5.0, 4.0, 2.0),
    CueKind.KEY_REASSURANCE: (6.0, 10.0, 4.0),
    CueKind.PROTECTIVE_ACTION: (5.0, 10.0, 3.0),
    CueKind.CHECKS_UNDERSTANDING: (2.0, 3.0, 5.0),
    CueKind.RESPECTFUL_BOUNDARY: (4.0, 0.0, 0.0),
    CueKind.WARM_HANDOVER: (6.0, 5.0, 3.0),
}
UNSETTLES: Mapping[CueKind, tuple[float, float, float]] = {
    CueKind.BLAMES: (12.0, 8.0, 4.0),
    CueKind.DISMISSES_OR_MINIMISES: (11.0, 9.0, 3.0),
    CueKind.TELLS_TO_CALM_DOWN: (11.0, 8.0, 2.0),
    CueKind.REFUSAL_WITHOUT_ALTERNATIVE: (10.0, 9.0, 5.0),
    CueKind.POLICY_WALL: (9.0, 6.0, 5.0),
    CueKind.JARGON: (4.0, 7.0, 12.0),
    CueKind.PASSES_THE_BUCK: (10.0, 8.0, 6.0),
    CueKind.PREMATURE_SOLUTION: (4.0, 3.0, 2.0),
    CueKind.ASKS_TO_REPEAT: (7.0, 4.0, 3.0),
    CueKind.HOLLOW_EMPATHY: (6.0, 4.0, 1.0),
    CueKind.COLD_SCRIPT: (7.0, 7.0, 4.0),
    CueKind.FALSE_CHEER: (7.0, 5.0, 2.0),
    CueKind.SARCASM_OR_HOSTILITY: (16.0, 12.0, 4.0),
    # Comforts for the moment: what it costs comes when it is broken (measured on evals/cues: no effect of its own).
    CueKind.OVERPROMISE: (1.5, 1.5, 1.0),
    CueKind.CONTRADICTS_ITSELF: (8.0, 8.0, 8.0),
    CueKind.IGNORES_QUESTION: (6.0, 6.0, 5.0),
    CueKind.THREATENS_TO_END: (11.0, 9.0, 2.0),
    # Cut off in mid-thought: what anger makes of it is about what being asked to repeat does, and the thread is lost.
    CueKind.INTERRUPTS: (7.0, 3.0, 5.0),
    CueKind.TALKS_TO_THE_SIMULATOR: (2.0, 3.0, 8.0),
}
STRENGTH_FACTOR: Mapping[Strength, float] = {Strength.WEAK: 0.5, Strength.CLEAR: 1.0, Strength.STRONG: 1.4}

TOUCH_POINTS = 6.0
"""Points of tension for a persona's own trigger, the first time; about one clear cue."""

# --- bounds on one reply ------------------------------------------------------------------------------------------
MAX_RISE = 22.0
"""Most that one reply raises tension (points, at reactivity 1): just over one band."""
MAX_FALL = 15.0
"""Most that one reply lowers it: people heat up faster than they cool down, and models calm too fast (2603.11245)."""
FALL_TO_RISE = 0.8
"""The fall bound is never more than this share of the rise bound, whatever the temperament."""

# --- repetition, harm, order --------------------------------------------------------------------------------------
REPEAT_KIND = 0.75
"""Each further cue of a kind works at this share of the one before."""
REPEAT_WORDING = 0.3
"""The very same words again work at this share on top of it."""
HARM_SHADOW = 0.5
"""With a clear unsettling cue in it, a reply's settling cues offset at most this share of the harm."""
PREMATURE_RATE = 0.4
"""What a solution is worth to somebody who has not been heard and is still upset."""
UPSET_FROM = 60.0
"""Tension from which a customer must be heard before a solution counts in full (the angry band)."""
SOLUTIONS = frozenset({CueKind.CONCRETE_NEXT_STEP, CueKind.OFFERS_CHOICE, CueKind.TIME_COMMITMENT})
HEARING = frozenset({CueKind.ACKNOWLEDGES_FEELING, CueKind.NAMES_THE_ISSUE})
PROMISES = frozenset(
    {CueKind.CONCRETE_NEXT_STEP, CueKind.TIME_COMMITMENT, CueKind.OWNERSHIP, CueKind.KEY_REASSURANCE}
)
BROKEN_PROMISE = 1.3
"""A broken promise costs this multiple of the relief that the promises had given."""

# --- trust and patience -------------------------------------------------------------------------------------------
TRUST_GAIN = 0.6
"""Trust gained per point of settling (before the step bound)."""
TRUST_LOSS = 1.2
"""Trust lost per point of harm: lost twice as fast as won."""
TRUST_WEIGHT = 0.4
"""At trust 0 settling works at 1 minus this; at trust 100 in full."""
PATIENCE_DRAIN = 6.0
"""Patience used by a turn that meets no need, above the calm band: about ten such turns from 60."""
PATIENCE_HARM = 0.5
"""Patience used per point of harm."""
PATIENCE_BACK = 5.0
"""Patience won back by a turn that meets a need."""


class Pace(Frozen):
    """What a difficulty does: multipliers on the persona's temperament, and the share of tension that words cannot move."""

    reactivity: float
    forgiveness: float
    patience: float
    floor_share: float


DIFFICULTIES: Mapping[int, Pace] = {
    1: Pace(reactivity=0.70, forgiveness=1.25, patience=1.50, floor_share=0.55),
    2: Pace(reactivity=0.85, forgiveness=1.12, patience=1.20, floor_share=0.63),
    3: Pace(reactivity=1.00, forgiveness=1.00, patience=1.00, floor_share=0.70),
    4: Pace(reactivity=1.20, forgiveness=0.90, patience=0.85, floor_share=0.77),
    5: Pace(reactivity=1.40, forgiveness=0.80, patience=0.70, floor_share=0.84),
}
DEFAULT_DIFFICULTY = 3


def band_of(tension: float) -> Band:
    """The band in which a tension (0-100) lies."""
    return tuple(Band)[min(int(tension // BAND_WIDTH), len(Band) - 1)]


class Affect(Frozen):
    """How the customer feels (0-100 each) and what they remember of it."""

    tension: float = Field(ge=0, le=100)
    anger: float = Field(ge=0, le=100)
    anxiety: float = Field(ge=0, le=100)
    confusion: float = Field(ge=0, le=100)
    trust: float = Field(ge=0, le=100)
    patience: float = Field(ge=0, le=100)
    needs_met: tuple[str, ...] = ()
    seen: Mapping[CueKind, int] = Field(default_factory=dict, description="settling cues so far, by kind")
    landed: frozenset[CueKind] = Field(
        default=frozenset(), description="settling kinds that count towards needs"
    )
    relief: Mapping[CueKind, float] = Field(
        default_factory=dict, description="points of relief given, by kind"
    )
    wordings: frozenset[str] = Field(default=frozenset(), description="folded quotes already heard")
    touched: frozenset[str] = Field(default=frozenset(), description="triggers already touched")

    @property
    def band(self) -> Band:
        """The band of the tension."""
        return band_of(self.tension)

    @property
    def lead(self) -> str:
        """The strongest of anger, anxiety and confusion."""
        return max(("anger", "anxiety", "confusion"), key=lambda feeling: float(getattr(self, feeling)))


class Effect(Frozen):
    """What one cue did to tension, in signed points."""

    cue: str
    quote: str
    delta: float


class Reaction(Frozen):
    """The affect after a reply, and what each cue contributed."""

    affect: Affect
    effects: tuple[Effect, ...]


def first_affect(persona: Persona, difficulty: int) -> Affect:
    """How the customer feels when the conversation opens."""
    t = persona.temperament
    return Affect(
        tension=_clamp(_mean(persona, (t.anger, t.anxiety, t.confusion))),
        anger=t.anger,
        anxiety=t.anxiety,
        confusion=t.confusion,
        trust=t.trust,
        patience=min(100.0, t.patience * DIFFICULTIES[difficulty].patience),
    )


def next_affect(affect: Affect, appraisal: Appraisal, persona: Persona, difficulty: int) -> Reaction:
    """How the customer feels after a reply.

    Pure and deterministic. ``difficulty`` is 1-5. The effects of the returned reaction sum to the change in tension
    (within rounding of floats). Adding a settling cue never raises tension; adding an unsettling one never lowers it.
    """
    harm = _harms(affect, appraisal, persona, difficulty)
    relief = _reliefs(affect, appraisal, persona, difficulty)
    relief = _overshadowed(relief, harm, appraisal)
    memory = _remember(affect, appraisal, persona, harm, relief)
    wanted = _total(harm) - _total(relief)
    floor = floor_under(memory.needs_met, persona, difficulty)
    change = _bounded(affect.tension, wanted, floor, persona)
    share = change / wanted if wanted else 1.0
    effects = tuple(
        [Effect(cue=p.cue, quote=p.quote, delta=p.points * share) for p in harm]
        + [Effect(cue=p.cue, quote=p.quote, delta=-p.points * share) for p in relief]
    )
    return Reaction(affect=_felt(memory, affect, change, harm, relief, persona), effects=effects)


def floor_under(needs_met: Sequence[str], persona: Persona, difficulty: int) -> float:
    """The tension below which words alone cannot take this customer; every required need that is met lowers it."""
    t = persona.temperament
    start = _mean(persona, (t.anger, t.anxiety, t.confusion))
    required = [need for need in persona.needs if need.required]
    total = sum(need.weight for need in required)
    unmet = sum(need.weight for need in required if need.id not in needs_met)
    return start * DIFFICULTIES[difficulty].floor_share * (unmet / total if total else 0.0)


# --- the steps of next_affect, in order ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pull:
    """Points (never negative) with which one cue pulls at tension; the sign belongs to the list it stands in."""

    cue: str
    quote: str
    points: float
    by_feeling: tuple[float, float, float]
    strength: Strength = Strength.CLEAR


def _harms(affect: Affect, appraisal: Appraisal, persona: Persona, difficulty: int) -> list[_Pull]:
    """What unsettles, at full strength each time: people do not get used to being blamed."""
    scale = persona.temperament.reactivity * DIFFICULTIES[difficulty].reactivity
    pulls = []
    for cue, worth, nth in _by_kind(appraisal.cues, UNSETTLING, frozenset()):
        if cue.kind is CueKind.PREMATURE_SOLUTION and _ready_for_solutions(affect, appraisal):
            continue
        factor = scale * worth * REPEAT_KIND**nth
        pull = _pull(cue, UNSETTLES[cue.kind], factor, persona)
        if cue.kind is CueKind.CONTRADICTS_ITSELF and nth == 0:
            pull = _at_least(pull, BROKEN_PROMISE * sum(affect.relief.get(kind, 0.0) for kind in PROMISES))
        pulls.append(pull)
    return pulls + _touches(affect, appraisal, persona, "upsets", scale)


def _reliefs(affect: Affect, appraisal: Appraisal, persona: Persona, difficulty: int) -> list[_Pull]:
    """What settles: less each time, less in known words, less without trust, less before the customer was heard."""
    scale = persona.temperament.forgiveness * DIFFICULTIES[difficulty].forgiveness
    scale *= 1.0 - TRUST_WEIGHT * (1.0 - affect.trust / 100.0)
    ready = _ready_for_solutions(affect, appraisal)
    pulls = []
    for cue, worth, nth in _by_kind(appraisal.cues, SETTLING, affect.wordings):
        if cue.kind is CueKind.RESPECTFUL_BOUNDARY and not persona.limits.abusive:
            continue
        factor = scale * worth * REPEAT_KIND ** (nth + affect.seen.get(cue.kind, 0))
        if cue.kind in SOLUTIONS and not ready:
            factor *= PREMATURE_RATE
        pulls.append(_pull(cue, SETTLES[cue.kind], factor, persona))
    return pulls + _touches(affect, appraisal, persona, "calms", scale)


def _overshadowed(relief: list[_Pull], harm: list[_Pull], appraisal: Appraisal) -> list[_Pull]:
    """Harm outweighs: beside clear harm relief counts for little, beside talk to the program for nothing."""
    total = _total(relief)
    if CueKind.TALKS_TO_THE_SIMULATOR in appraisal.kinds():
        allowed = 0.0
    elif _clearly_harmful(harm):
        allowed = HARM_SHADOW * _total(harm)
    else:
        return relief
    share = min(1.0, allowed / total) if total else 0.0
    return [_scaled(pull, share) for pull in relief]


def _remember(
    affect: Affect, appraisal: Appraisal, persona: Persona, harm: list[_Pull], relief: list[_Pull]
) -> Affect:
    """The same feelings with what is now remembered: kinds seen and landed, relief given, needs met."""
    seen, given, landed = dict(affect.seen), dict(affect.relief), set(affect.landed)
    if CueKind.CONTRADICTS_ITSELF in appraisal.kinds():
        landed -= PROMISES
        given = {kind: points for kind, points in given.items() if kind not in PROMISES}
    for cue in appraisal.cues:
        if cue.kind in SETTLING:
            seen[cue.kind] = seen.get(cue.kind, 0) + 1
    for pull in relief:
        if pull.cue in SETTLES:
            given[CueKind(pull.cue)] = given.get(CueKind(pull.cue), 0.0) + pull.points
    if not _clearly_harmful(harm):
        landed |= {
            cue.kind for cue in appraisal.cues if cue.kind in SETTLING and cue.strength is not Strength.WEAK
        }
    met = tuple(need.id for need in persona.needs if all(landed & set(group) for group in need.met_by))
    return affect.model_copy(
        update={
            "seen": seen,
            "relief": given,
            "landed": frozenset(landed),
            "needs_met": met,
            "wordings": affect.wordings | {fold(cue.quote) for cue in appraisal.cues if cue.kind in SETTLING},
            "touched": affect.touched | {touch.id for touch in appraisal.touched},
        }
    )


def _bounded(tension: float, wanted: float, floor: float, persona: Persona) -> float:
    """The change that is allowed: a bounded step, never under the floor, never beyond 0-100.

    Difficulty does not move the bounds: it changes what a cue is worth, so that an easy customer also cools faster.
    """
    rise = MAX_RISE * persona.temperament.reactivity
    fall = min(MAX_FALL * persona.temperament.forgiveness, FALL_TO_RISE * rise)
    target = min(100.0, tension + max(-fall, min(rise, wanted)))
    return max(target, min(tension, floor)) - tension


def _felt(
    memory: Affect, before: Affect, change: float, harm: list[_Pull], relief: list[_Pull], persona: Persona
) -> Affect:
    """The new numbers: tension by ``change``, the three feelings by what the cues aimed at, trust and patience."""
    tension = min(100.0, max(0.0, before.tension + change))
    aimed = tuple(sum(p.by_feeling[i] for p in harm) - sum(p.by_feeling[i] for p in relief) for i in range(3))
    anger, anxiety, confusion = _feelings(before, aimed, tension, persona)
    hurt, eased = _total(harm), _total(relief)
    gained = len(set(memory.needs_met) - set(before.needs_met)) > 0
    # Somebody calm is not waiting: their patience is left alone, or they would walk out of a friendly chat.
    spent = 0.0 if tension < BAND_WIDTH else PATIENCE_DRAIN
    patience = before.patience + (PATIENCE_BACK if gained else -spent) - PATIENCE_HARM * hurt
    return memory.model_copy(
        update={
            "tension": tension,
            "anger": anger,
            "anxiety": anxiety,
            "confusion": confusion,
            "trust": _clamp(before.trust + TRUST_GAIN * eased - TRUST_LOSS * hurt),
            "patience": _clamp(patience),
        }
    )


# --- small arithmetic ---------------------------------------------------------------------------------------------


def _feelings(
    before: Affect, aimed: Sequence[float], tension: float, persona: Persona
) -> tuple[float, float, float]:
    """Three feelings moved as aimed, then drawn together towards 0 or 100 until their weighted mean is ``tension``."""
    moved = [
        _clamp(v + d) for v, d in zip((before.anger, before.anxiety, before.confusion), aimed, strict=True)
    ]
    mean = _mean(persona, moved)
    if tension <= mean:
        share = tension / mean if mean else 0.0
        moved = [v * share for v in moved]
    else:
        share = (100.0 - tension) / (100.0 - mean)
        moved = [100.0 - (100.0 - v) * share for v in moved]
    anger, anxiety, confusion = (_clamp(v) for v in moved)
    return anger, anxiety, confusion


def _mean(persona: Persona, feelings: Sequence[float]) -> float:
    w = persona.temperament.weights
    weights = (w.anger, w.anxiety, w.confusion)
    return sum(wi * v for wi, v in zip(weights, feelings, strict=True)) / sum(weights)


def _pull(cue: Cue, table: tuple[float, float, float], factor: float, persona: Persona) -> _Pull:
    by_feeling = (table[0] * factor, table[1] * factor, table[2] * factor)
    return _Pull(cue.kind, cue.quote, _mean(persona, by_feeling), by_feeling, cue.strength)


def _scaled(pull: _Pull, share: float) -> _Pull:
    anger, anxiety, confusion = pull.by_feeling
    scaled = (anger * share, anxiety * share, confusion * share)
    return _Pull(pull.cue, pull.quote, pull.points * share, scaled, pull.strength)


def _at_least(pull: _Pull, points: float) -> _Pull:
    return _scaled(pull, points / pull.points) if 0.0 < pull.points < points else pull


def _touches(
    affect: Affect, appraisal: Appraisal, persona: Persona, effect: str, scale: float
) -> list[_Pull]:
    """Pulls of the persona's own triggers; each works once. Weak, so that a sore point alone does not undo a good reply."""
    triggers = {trigger.id for trigger in persona.triggers if trigger.effect == effect} - affect.touched
    quotes = {touch.id: touch.quote for touch in appraisal.touched if touch.id in triggers}
    points = TOUCH_POINTS * scale
    name = "sore_point" if effect == "upsets" else "soft_spot"
    return [_Pull(name, quote, points, (points,) * 3, Strength.WEAK) for quote in quotes.values()]


def _by_kind(
    cues: Sequence[Cue], kinds: frozenset[CueKind], wordings: frozenset[str]
) -> list[tuple[Cue, float, int]]:
    """Each cue of these kinds with its worth (strength, known wording) and its rank within its kind, the best first.

    Ranked by worth, so that a further, weaker cue can never push a better one down.
    """
    worths = [
        (cue, STRENGTH_FACTOR[cue.strength] * (REPEAT_WORDING if fold(cue.quote) in wordings else 1.0))
        for cue in cues
        if cue.kind in kinds
    ]
    count: dict[CueKind, int] = {}
    ranked = []
    for cue, worth in sorted(worths, key=lambda pair: -pair[1]):
        ranked.append((cue, worth, count.get(cue.kind, 0)))
        count[cue.kind] = count.get(cue.kind, 0) + 1
    return ranked


def _clearly_harmful(harm: Sequence[_Pull]) -> bool:
    return any(pull.strength is not Strength.WEAK and pull.points > 0 for pull in harm)


def _ready_for_solutions(affect: Affect, appraisal: Appraisal) -> bool:
    heard = bool(HEARING & (affect.landed | appraisal.kinds()))
    return heard or affect.tension < UPSET_FROM


def _total(pulls: Sequence[_Pull]) -> float:
    return sum(pull.points for pull in pulls)


def _clamp(value: float) -> float:
    return min(100.0, max(0.0, value))
