"""What a run may use: limits, estimates, and prices that nobody knows."""

from __future__ import annotations

import pytest

from simcustomer.errors import BudgetExceeded, ConfigError
from simcustomer.evals.budget import TOKENS, Budget, estimate, refuse_unknown_prices, spent_on
from simcustomer.evals.suite import Limits
from simcustomer.llm.ledger import ModelCall
from tests.evals.engine import MODEL, a_material

PRICES = {"openai/gpt-4o": (2e-6, 8e-6)}


def a_call(**changes: object) -> ModelCall:
    """A request that went well."""
    fields: dict[str, object] = {
        "purpose": "judge",
        "model": MODEL,
        "ok": True,
        "seconds": 1.0,
        "input_tokens": 70,
        "output_tokens": 30,
        "cost_usd": 0.25,
    }
    return ModelCall(**{**fields, **changes})  # type: ignore[arg-type]


def test_unknown_prices_and_tokens_are_counted_apart_from_zero() -> None:
    """A request without a price is one whose price nobody knows; one that failed without an answer cost nothing known."""
    free = a_call(cost_usd=0.0)
    unpriced = a_call(cost_usd=None)
    failed = a_call(ok=False, input_tokens=None, output_tokens=None, cost_usd=None)
    unusable = a_call(ok=False, cost_usd=None)
    spent = spent_on([free, unpriced, failed, unusable])
    assert (spent.requests, spent.failed_requests, spent.unpriced_requests) == (4, 2, 2)
    assert (spent.input_tokens, spent.output_tokens, spent.seconds) == (210, 90, 4.0)


@pytest.mark.parametrize(
    ("limits", "enough"),
    [
        ({"cost_usd": 0.5}, 2),
        ({"cost_usd": 0.51}, 3),
        ({"tokens": 100}, 1),
        ({"tokens": 101}, 2),
        ({"seconds": 30.0}, 3),
    ],
)
def test_a_limit_is_reached_when_it_is_used_up(limits: dict[str, float], enough: int) -> None:
    """Before that the budget lets everything through; the message names the limit."""
    time = iter([0.0, 10.0, 20.0, 30.0])
    budget = Budget(Limits.model_validate(limits), clock=lambda: next(time))
    for _ in range(enough - 1):
        budget.add([a_call()])
        budget.check()
    budget.add([a_call()])
    with pytest.raises(BudgetExceeded, match=next(iter(limits))):
        budget.check()


def test_without_limits_nothing_is_enough() -> None:
    """A suite that sets none is never stopped."""
    budget = Budget(Limits())
    budget.add([a_call(cost_usd=1e6, input_tokens=10**12)])
    budget.check()


def test_an_estimate_counts_every_question_once() -> None:
    """Turns of the scripts, two questions each, and the passes of each judge; money where the price is known."""
    material = a_material(
        customers=["openai/gpt-4o"], judges=["openai/gpt-4o", MODEL, "built-in"], judge_passes=3
    )
    needed = estimate(material, material.planned, PRICES.get)
    turns = 4 + 4
    assert needed.samples == 2
    assert needed.requests == 2 * turns + 2 * 2 * 3
    tokens = [(*TOKENS["appraise"], turns), (*TOKENS["customer"], turns), (*TOKENS["judge"], 6)]
    assert needed.cost_usd == pytest.approx(sum(n * (i * 2e-6 + o * 8e-6) for i, o, n in tokens))
    assert needed.tokens == sum(n * (i + o) for i, o, n in tokens) + 6 * sum(TOKENS["judge"])
    assert needed.unpriced == (MODEL,)
    one = estimate(material, material.planned[:1], PRICES.get)
    assert one.requests == needed.requests // 2


def test_models_and_endpoints_in_the_trainee_s_seat_are_estimated_too() -> None:
    """One question a turn, at the expected number of turns but never beyond the customer's own limit."""
    trainees = [{"model": "openai/gpt-4o"}, {"endpoint": "http://bot.test/v1", "model": "bot"}]
    material = a_material(customers=["built-in"], judges=[], trainees=trainees)
    needed = estimate(material, material.planned, PRICES.get)
    assert needed.requests == 8 + 8
    assert needed.unpriced == ("hosted_vllm/bot",)


def test_the_built_in_players_need_nothing() -> None:
    """No request, no money, and no price is looked up."""
    material = a_material(customers=["built-in"], judges=["built-in"])

    def no_price(_: str) -> None:
        raise AssertionError("a price was looked up")

    needed = estimate(material, material.planned, no_price)
    assert (needed.samples, needed.requests, needed.tokens, needed.cost_usd) == (2, 0, 0, 0.0)


def test_a_limit_of_money_without_a_price_is_refused() -> None:
    """It could not be kept; the message says which model and what to set instead."""
    needed = estimate(a_material(), a_material().planned, PRICES.get)
    refuse_unknown_prices(Limits(tokens=1000), needed)
    with pytest.raises(ConfigError, match=r"hosted_vllm/fake; set limits\.tokens instead"):
        refuse_unknown_prices(Limits(cost_usd=1.0), needed)
