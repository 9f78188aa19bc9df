"""Who asks, when, and under which reference: what every writing use case is told from outside."""

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Call:
    """One request. A use case may run more than once; the same call always draws the same ids.

    `reference` is unique per cause ("tap:…", "pay:…", "tick:…"): the ledger and the outbox dedupe by it.
    `person_id` is None where nobody asked (ticks, payments that arrive by themselves).
    """

    at: dt.datetime
    reference: str
    bot_id: int
    person_id: int | None = None

    def id_for(self, *what: object) -> int:
        """A positive 63-bit id for the thing this call makes."""
        return drawn_id(self.reference, *what)

    def part(self, name: str) -> Self:
        """The same call under a reference of its own, for a second operation that it causes."""
        return replace(self, reference=f"{self.reference}/{name}")


def drawn_id(reference: str, *what: object) -> int:
    """What a call with this reference draws for a thing."""
    text = "\x1f".join([reference, *map(str, what)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1
