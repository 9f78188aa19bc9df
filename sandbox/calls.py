"""The log of every call that reached the sandbox."""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sandbox.clock import SandboxClock
from sandbox.hub import Hub

Api = Literal["telegram", "stripe", "host"]

_KEPT = 2_000
_LONGEST = 300
_SECRET = re.compile(r"secret|token|password|cvc|number\]?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: when it came, what it asked (shortened, secrets hidden), how it was answered."""

    n: int
    at: datetime
    api: Api
    method: str
    params: dict[str, Any]
    status: int
    error: str | None
    refused: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "at": self.at.isoformat(),
            "api": self.api,
            "method": self.method,
            "params": self.params,
            "status": self.status,
            "error": self.error,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class Violation:
    """A call that breaks the published interface: an unknown method or parameter, a wrong type."""

    api: Api
    method: str
    what: str


class CallLog:
    """Keeps the last 2,000 calls, and every refusal and violation, since those are what a test asks for."""

    def __init__(self, clock: SandboxClock, hub: Hub) -> None:
        self._clock = clock
        self._hub = hub
        self._count = 0
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self.refusals: list[Call] = []
        self.violations: list[Violation] = []
        self.last_at = clock.monotonic()

    def record(
        self,
        api: Api,
        method: str,
        params: Mapping[str, Any],
        status: int,
        *,
        error: str | None = None,
        refused: bool = False,
    ) -> Call:
        """Adds a call. `refused` marks an answer that a correct client never causes."""
        self._count += 1
        call = Call(
            n=self._count,
            at=self._clock.now(),
            api=api,
            method=method,
            params={key: _presentable(key, value) for key, value in params.items()},
            status=status,
            error=error,
            refused=refused,
        )
        self._calls.append(call)
        if refused:
            self.refusals.append(call)
        self.last_at = self._clock.monotonic()
        self._hub.publish("calls", n=call.n, refused=refused)
        return call

    def violation(self, api: Api, method: str, what: str) -> None:
        self.violations.append(Violation(api, method, what))

    def after(self, n: int) -> list[Call]:
        """The kept calls with a number above `n`, oldest first."""
        return [call for call in self._calls if call.n > n]

    def of(self, api: Api, method: str) -> list[Call]:
        """The kept calls of one method, oldest first."""
        return [call for call in self._calls if call.api == api and call.method == method]


def _presentable(key: str, value: Any) -> Any:
    if _SECRET.search(key):
        return "hidden"
    if isinstance(value, Mapping):
        return {inner: _presentable(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_presentable("", item) for item in value]
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[:_LONGEST] + "…"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value
