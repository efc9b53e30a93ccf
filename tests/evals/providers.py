"""A fake provider that counts what is under way, and fails a share of requests, the same ones in every run."""

from __future__ import annotations

import argparse
import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fake_provider import FakeProvider, Fault, as_text, purpose_of

PASSING = ("rate_limited", "server_error", "html", "not_json", "truncated", "empty")
LASTING = ("refusal", "content_filter")
HELD_S = 10.0
"""Longest that requests are held back to meet each other, seconds: the test fails rather than hangs."""


def key_of(body: dict[str, Any]) -> str:
    """A prompt by its content: the same in every run, whatever marks stand around the data in it."""
    text = re.sub(r"data-[0-9a-f]{12}", "data", as_text(body))
    return hashlib.sha256(f"{purpose_of(body)}\n{text}".encode()).hexdigest()


@dataclass
class CountingProvider(FakeProvider):
    """``share`` of the requests fail (0-1), chosen by their content and by how often it was asked for before.

    ``on_request`` is called with the number of each request, from 1, before it is answered.
    """

    share: float = 0.0
    on_request: Callable[[int], None] = lambda number: None
    asked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    most_under_way: int = 0
    _count: threading.Lock = field(default_factory=threading.Lock)
    _met: threading.Barrier | None = None

    def __enter__(self) -> CountingProvider:
        super().__enter__()
        provider, handler = self, self._server.RequestHandlerClass

        class Counting(handler):  # type: ignore[misc, valid-type]
            def do_POST(self) -> None:  # noqa: N802 - the server's name for it
                provider._begin()
                super().do_POST()

            def send(self, *args: Any, **kwargs: Any) -> None:
                # Before the answer goes out: whoever has it may ask again before this thread runs on.
                provider._end()
                super().send(*args, **kwargs)

            def do_GET(self) -> None:  # noqa: N802 - the server's name for it
                provider._begin()
                super().do_GET()

        self._server.RequestHandlerClass = Counting
        return self

    def hold_until(self, together: int) -> None:
        """Answer the first requests only when ``together`` of them are under way."""
        self._met = threading.Barrier(together, timeout=HELD_S)

    def take(self, body: dict[str, Any]) -> Fault | None:
        """See ``FakeProvider.take``."""
        fault = super().take(body)
        key = key_of(body)
        with self._count:
            self.asked[key] += 1
            number, before = self.asked.total(), self.asked[key]
        if (met := self._met) and not met.broken:
            met.wait()
            self._met = None
        self.on_request(number)
        return fault or self._by_chance(key, before)

    def _by_chance(self, key: str, before: int) -> Fault | None:
        dice = hashlib.sha256(f"{key}/{before}".encode()).digest()
        if int.from_bytes(dice[:4]) / 2**32 >= self.share:
            return None
        kinds = PASSING + LASTING
        kind = kinds[dice[4] % len(kinds)]
        with self._count:
            self.failed[kind] += 1
        return Fault(kind, None, 0, "0" if kind == "rate_limited" else None)

    def _begin(self) -> None:
        with self._count:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)

    def _end(self) -> None:
        with self._count:
            self.under_way -= 1


def main() -> None:
    """By hand: ``python -m tests.evals.providers --port 9301 --share 0.05``; Ctrl-C prints what was asked."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=9301)
    parser.add_argument("--share", type=float, default=0.0)
    args = parser.parse_args()
    with CountingProvider(port=args.port, share=args.share) as provider:
        print(f"answering on {provider.api_base}", flush=True)
        try:
            provider.wait_until_closed()
        except KeyboardInterrupt:
            print(f"asked {dict(provider.counts)}, faults {dict(provider.failed)}", flush=True)


if __name__ == "__main__":
    main()
