"""What a run may use and what it has used; and what it will need, estimated before anything is asked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from simcustomer.cast.parts import BUILT_IN
from simcustomer.errors import BudgetExceeded, ConfigError
from simcustomer.evals.material import Material
from simcustomer.evals.results import Spent
from simcustomer.evals.suite import EndpointTrainee, Limits, ModelTrainee, Sample
from simcustomer.llm.ledger import ModelCall

PriceOf = Callable[[str], tuple[float, float] | None]
"""Model name -> US dollars a token in and out, None where nobody knows."""

EXPECTED_TURNS = 8
"""Turns that a conversation with a model in the trainee's seat is expected to take: as many as a script of the ladder has."""

TOKENS: Mapping[str, tuple[int, int]] = {
    "appraise": (3_300, 200),
    "customer": (2_200, 60),
    "trainee": (1_000, 90),
    "judge": (4_400, 4_000),
    "grade": (1_500, 80),
}
"""Act -> tokens in and out of one request, rounded up: characters of the shipped prompts in conversations of the shipped
ladder, four to a token; an answer of the judge is some 50 items with reason and quote."""


def spent_on(requests: Iterable[ModelCall]) -> Spent:
    """What these requests used. Tokens that the provider did not tell are not in it."""
    asked = tuple(requests)
    used = [r for r in asked if r.ok or r.output_tokens]
    return Spent(
        requests=len(asked),
        failed_requests=sum(not r.ok for r in asked),
        input_tokens=sum(r.input_tokens or 0 for r in asked),
        output_tokens=sum(r.output_tokens or 0 for r in asked),
        cost_usd=sum(r.cost_usd or 0.0 for r in asked),
        unpriced_requests=sum(r.cost_usd is None for r in used),
        seconds=sum(r.seconds for r in asked),
    )


class Budget:
    """Counts what a run has used, earlier starts of it included, and says when it is enough.

    It is asked before each question to a model: what is under way then is still finished, so a run may go over its limit
    by as many answers as were under way.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.spent = Spent()
        self._clock = clock
        self._started = clock()

    def add(self, requests: Iterable[ModelCall]) -> None:
        """Count these requests."""
        self.spent += spent_on(requests)

    def check(self) -> None:
        """Raise ``BudgetExceeded`` when a limit is reached."""
        limits, spent = self.limits, self.spent
        tokens = spent.input_tokens + spent.output_tokens
        if limits.cost_usd is not None and spent.cost_usd >= limits.cost_usd:
            raise BudgetExceeded(
                f"{spent.cost_usd:.4f} US dollars are spent; limits.cost_usd is {limits.cost_usd:g}"
            )
        if limits.tokens is not None and tokens >= limits.tokens:
            raise BudgetExceeded(f"{tokens} tokens are used; limits.tokens is {limits.tokens}")
        took = self._clock() - self._started
        if limits.seconds is not None and took >= limits.seconds:
            raise BudgetExceeded(f"{took:.0f} seconds have passed; limits.seconds is {limits.seconds:g}")


@dataclass(frozen=True)
class Estimate:
    """What samples will need at most, if nothing has to be asked twice. ``cost_usd`` leaves out the ``unpriced`` models."""

    samples: int
    requests: int
    tokens: int
    cost_usd: float
    unpriced: tuple[str, ...]


def models_of(material: Material) -> frozenset[tuple[str, str | None]]:
    """The models that take part, each with its address if it is an endpoint; none where every player is built-in."""
    suite = material.suite
    named = {*suite.customers, *suite.judges, *([suite.grader] if suite.grader else [])}
    named |= {spec.model for spec in suite.trainees if isinstance(spec, ModelTrainee)}
    endpoints = [spec for spec in suite.trainees if isinstance(spec, EndpointTrainee)]
    seats: set[tuple[str, str | None]] = {(endpoint_model(spec), spec.endpoint) for spec in endpoints}
    return frozenset(seats | {(name, None) for name in named - {BUILT_IN}})


def endpoint_model(spec: EndpointTrainee) -> str:
    """The name by which an endpoint is asked.

    litellm's provider for any server that speaks the OpenAI protocol, and not OpenAI's own, whose key would go to
    whatever address a suite names.
    """
    return f"hosted_vllm/{spec.model}"


def estimate(material: Material, samples: Iterable[Sample], price_of: PriceOf) -> Estimate:
    """What ``samples`` will need."""
    samples = tuple(samples)
    questions: Counter[tuple[str, str]] = Counter()
    for sample in samples:
        questions.update(_questions(material, sample))
    prices = {model: price_of(model) for model in {model for model, _ in questions}}
    tokens, cost = 0, 0.0
    for (model, act), times in questions.items():
        into, out = TOKENS[act]
        tokens += times * (into + out)
        if price := prices[model]:
            cost += times * (into * price[0] + out * price[1])
    unpriced = tuple(sorted(model for model, price in prices.items() if price is None))
    return Estimate(len(samples), questions.total(), tokens, cost, unpriced)


def _questions(material: Material, sample: Sample) -> Counter[tuple[str, str]]:
    """(model, act) -> questions that one sample puts to it at most."""
    script, spec = material.script_of(sample), material.trainee_of(sample)
    turns = min(
        EXPECTED_TURNS if script is None else len(script), material.persona_of(sample).limits.max_turns
    )
    asked = Counter({(sample.customer, "appraise"): turns, (sample.customer, "customer"): turns})
    if isinstance(spec, ModelTrainee):
        asked[spec.model, "trainee"] += turns
    elif isinstance(spec, EndpointTrainee):
        asked[endpoint_model(spec), "trainee"] += turns
    if grader := material.suite.grader:
        asked[grader, "grade"] = turns
    for judge in material.suite.judges:
        asked[judge, "judge"] += material.suite.judge_passes
    return Counter({(model, act): n for (model, act), n in asked.items() if model != BUILT_IN})


def refuse_unknown_prices(limits: Limits, needed: Estimate) -> None:
    """Raise ``ConfigError`` when money is limited and a model's price is not known: the limit could not be kept."""
    if limits.cost_usd is not None and needed.unpriced:
        raise ConfigError(
            f"limits.cost_usd cannot be kept: nobody knows the price of {', '.join(needed.unpriced)}; "
            "set limits.tokens instead"
        )
