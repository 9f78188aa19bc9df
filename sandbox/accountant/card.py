"""The saved card: when a charge is tried, for how many packs, and what follows from the bank's answer (R17, R18)."""

import datetime as dt
from dataclasses import dataclass, field

from sandbox.accountant.book import Charge
from sandbox.accountant.facts import Answer, Pack
from sandbox.accountant.wall_calendar import DAY, begins_there

LEAD = dt.timedelta(hours=24)
RETRY_DATES = (1, 3)
SOFT_IN_A_ROW = 4


@dataclass(slots=True)
class Card:
    """``tried`` are the slots that have had their attempt, ``awaits_retry`` says that the last one was declined."""

    zone: str
    bank: list[Answer]
    pack: Pack | None = None
    cap: int | None = None
    tried: set[tuple[dt.date, int]] = field(default_factory=set)
    soft: int = 0
    awaits_retry: bool = False
    charges: list[Charge] = field(default_factory=list)

    def turn_on(self, pack: Pack, cap: int | None) -> None:
        self.pack, self.cap, self.soft, self.awaits_retry = pack, cap, 0, False

    def turn_off(self) -> None:
        self.pack, self.awaits_retry = None, False

    def takes(self, slot: tuple[dt.date, int]) -> bool:
        """Whether this slot (cycle's start, dates after it; -1 is the lead) is still to be tried; marks it so."""
        if self.pack is None or slot in self.tried:
            return False
        self.tried.add(slot)
        return slot[1] <= 0 or self.awaits_retry

    def slots_reached(self, start: dt.date, now: dt.datetime) -> list[int]:
        """Which attempts for the cycle that starts on ``start`` have their time behind them."""
        reached = [-1] if begins_there(start, self.zone) - LEAD <= now else []
        return reached + [
            days for days in (0, *RETRY_DATES) if begins_there(start + days * DAY, self.zone) <= now
        ]

    def may_retry(self, start: dt.date, now: dt.datetime) -> bool:
        """Whether a declined charge will be tried again for the running cycle."""
        last = begins_there(start + RETRY_DATES[-1] * DAY, self.zone)
        return self.pack is not None and self.awaits_retry and now < last

    def packs_for(self, missing: int, day: dt.date) -> int:
        """The fewest packs that cover what is missing, cut to what the month's cap leaves."""
        if self.pack is None or missing <= 0:
            return 0
        wanted = -(-missing // (self.pack.points + self.pack.bonus))
        if self.cap is None:
            return wanted
        used = sum(
            charge.cents
            for charge in self.charges
            if charge.answer == "paid" and (charge.day.year, charge.day.month) == (day.year, day.month)
        )
        return min(wanted, max(0, self.cap - used) // self.pack.cents)

    def charge(self, packs: int, day: dt.date) -> Pack | None:
        """One charge; the pack if the bank paid."""
        assert self.pack is not None
        pack, answer = self.pack, self.bank.pop(0) if self.bank else "paid"
        self.charges.append(Charge(day, packs * pack.cents, answer))
        self.awaits_retry = answer == "soft"
        self.soft = self.soft + 1 if answer == "soft" else 0
        if answer == "hard" or self.soft == SOFT_IN_A_ROW:
            self.turn_off()
        return pack if answer == "paid" else None
