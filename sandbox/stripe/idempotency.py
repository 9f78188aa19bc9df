"""Idempotency keys as Stripe keeps them: the first answer of a key is its answer for a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.stripe.errors import StripeError, invalid_request

_KEPT = timedelta(hours=24)
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status and JSON body."""

    status: int
    body: dict[str, Any]


@dataclass(slots=True)
class _Entry:
    since: datetime
    path: str
    params: Mapping[str, Any]
    answer: Answer | None = None


class IdempotencyKeys:
    """The keys of one account in one mode.

    Kept are answers of requests that began to execute: successes, declines (402) and server errors. A
    validation failure, a rate limit and a collision leave the key free.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def begin(self, key: str, path: str, params: Mapping[str, Any], now: datetime) -> Answer | None:
        """The stored answer; None claims the key for a new execution. StripeError 400 or 409 if the key is taken otherwise."""
        if len(key) > _LONGEST:
            raise invalid_request(f"Idempotency key is too long: it can be up to {_LONGEST} characters.")
        for old in [name for name, entry in self._entries.items() if now - entry.since > _KEPT]:
            del self._entries[old]
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = _Entry(now, path, params)
            return None
        if entry.path != path:
            raise _mismatch(
                f"Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{path}' vs '{entry.path}').",
                key,
            )
        if entry.params != params:
            raise _mismatch(
                "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                key,
            )
        if entry.answer is None:
            raise StripeError(
                409,
                "idempotency_error",
                "There is currently another in-progress request using this Idempotent Key (that probably means you "
                f"submitted twice, and the other request is still going through): {key}. Please try again later.",
                code="idempotency_key_in_use",
            )
        return entry.answer

    def finish(self, key: str, answer: Answer | None) -> None:
        """Stores the answer of a claimed key, or frees it if the answer isn't one that is kept."""
        if answer is not None and (answer.status < 300 or answer.status == 402 or answer.status >= 500):
            self._entries[key].answer = answer
        else:
            del self._entries[key]


def _mismatch(reason: str, key: str) -> StripeError:
    return StripeError(
        400,
        "idempotency_error",
        f"{reason} Try using a key other than '{key}' if you meant to execute a different request.",
    )
