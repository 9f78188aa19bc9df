"""What all of the gateway in memory shares: time, whether it answers, and what it answered under which key."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from billing.gateway import GatewayError, GatewayUnknownError

T = TypeVar("T")


@dataclass(slots=True)
class TurnableClock:
    """Stands still until it is turned."""

    at: dt.datetime

    def now(self) -> dt.datetime:
        return self.at

    def turn(self, **by: float) -> None:
        """Forward, by what timedelta takes."""
        self.at += dt.timedelta(**by)


@dataclass(slots=True)
class FakeAnswers:
    """Answers, or doesn't; the first answer of a key is its answer for good."""

    clock: TurnableClock
    live: bool = True
    down: bool = False
    """Nothing answers and nothing happens."""
    lost_answers: int = 0
    """So many of the next calls with a key happen, and nobody hears of it."""
    _by_key: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def _answer(self) -> None:
        if self.down:
            raise GatewayUnknownError("timeout")

    def _once(self, key: str, params: Any, act: Callable[[], T]) -> T:
        """What a key was answered; `act` makes it the first time. What `act` refuses leaves the key free."""
        self._answer()
        if key in self._by_key:
            first, known = self._by_key[key]
            if first != params:
                raise GatewayError("idempotency_error", "other parameters under a known key")
            answer: T = known
            return answer
        answer = act()
        self._by_key[key] = params, answer
        if self.lost_answers > 0:
            self.lost_answers -= 1
            raise GatewayUnknownError("timeout")
        return answer

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers)}"
