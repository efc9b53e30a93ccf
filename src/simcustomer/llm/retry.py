"""How long to wait before a request is made again."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

FIRST_WAIT_S = 1.0
"""Wait before the first retry, seconds; it doubles each time, with up to half of it again as jitter."""
LONGEST_WAIT_S = 30.0
"""Longest wait between requests, seconds. A provider that asks for more is not asked again: somebody is waiting."""


def wait_s(retry: int, wish_s: float | None) -> float:
    """Seconds before retry number ``retry`` (1 is the first): exponential with jitter, never less than was wished."""
    backoff = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (retry - 1))
    return max(backoff * random.uniform(1.0, 1.5), wish_s or 0.0)


def is_worth_waiting(wish_s: float | None) -> bool:
    """False when the provider wants to be left alone for longer than anybody waits here."""
    return (wish_s or 0.0) <= LONGEST_WAIT_S


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The provider's wish in seconds from now, from ``Retry-After`` (seconds or a date); None if it has none."""
    wish = next((value for name, value in headers.items() if name.casefold() == "retry-after"), "").strip()
    try:
        return max(0.0, float(wish))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(wish).timestamp() - time.time())
    except ValueError:
        return None
