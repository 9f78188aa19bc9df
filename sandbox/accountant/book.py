"""The book of one workspace: its units, each with the dates it pays for, and the lines written so far."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from sandbox.accountant.facts import AddOn
from sandbox.accountant.wall_calendar import Cycle, dates


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line of the expected ledger. ``cycle`` is the start of the cycle an add-on's line belongs to."""

    day: dt.date
    what: str
    addon: str
    cycle: dt.date | None
    hundredths: int


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge of the saved card, on the date of the workspace's calendar, and what the bank said."""

    day: dt.date
    cents: int
    answer: str


@dataclass(frozen=True, slots=True)
class Result:
    lines: tuple[Line, ...]
    charges: tuple[Charge, ...]
    balance: int
    units: dict[str, int]


@dataclass(slots=True, eq=False)
class Unit:
    """One unit of an add-on. ``pays`` are the dates it is charged for; ``waits``: renewed but not paid (R15);
    ``free``: to the cycle's end, as it began while nothing was billed (R26).
    """

    addon: str
    since: dt.date
    pays: set[dt.date] = field(default_factory=set)
    gone: dt.date | None = None
    waits: bool = False
    pays_removal: bool = False
    lapsed: bool = False
    free: bool = False


@dataclass(slots=True)
class Book:
    """``price(addon, cycle start)`` and ``off(date)`` are looked up, for they may change under the book."""

    addons: dict[str, AddOn]
    cycle: Cycle
    price: Callable[[str, dt.date], int]
    units: list[Unit] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(line.hundredths for line in self.lines)

    def held(self, addon: str | None = None) -> list[Unit]:
        """Units that work today, oldest first; with ``addon`` of that one."""
        return [unit for unit in self.units if unit.gone is None and addon in (None, unit.addon)]

    def write(self, day: dt.date, what: str, hundredths: int) -> None:
        if hundredths:
            self.lines.append(Line(day, what, "", None, hundredths))

    def target(self, addon: str, off: frozenset[dt.date]) -> int:
        """What the add-on costs in the running cycle: the sum over its dates, rounded once (R7)."""
        price = self.price(addon, self.cycle.start)
        if self.addons[addon].whole:
            return price * sum(
                1
                for unit in self.units
                if unit.addon == addon and any(date in unit.pays for date in self.cycle.dates())
            )
        total = Fraction(0)
        for date in self.cycle.dates():
            if date in off:
                continue
            for unit in self.units:
                if unit.addon == addon and date in unit.pays:
                    total += Fraction(price, self.cycle.whole)
        return math.floor(total + Fraction(1, 2))

    def posted(self, addon: str) -> int:
        return -sum(
            line.hundredths for line in self.lines if line.addon == addon and line.cycle == self.cycle.start
        )

    def owed(self, addon: str, off: frozenset[dt.date]) -> int:
        return self.target(addon, off) - self.posted(addon)

    def settle(self, day: dt.date, what: str, addon: str, off: frozenset[dt.date]) -> None:
        """Write target less what is written already, if that is anything."""
        owed = self.owed(addon, off)
        if owed:
            self.lines.append(Line(day, what, addon, self.cycle.start, -owed))

    def add(self, addon: str, count: int, day: dt.date) -> None:
        """A removal of the same date never was; what lapsed in this cycle owes its days of grace too (R8, R15)."""
        rest = list(dates(day, self.cycle.end))
        for _ in range(count):
            earlier = [
                unit
                for unit in self.units
                if unit.addon == addon
                and unit.gone is not None
                and self.cycle.start <= unit.gone < self.cycle.end
            ]
            never_removed = [unit for unit in earlier if unit.gone == day and not unit.lapsed]
            if never_removed:
                # The newest goes first (R8), so it is the oldest of them that was never removed.
                unit = never_removed[0]
                unit.gone = None
                unit.pays.update(() if unit.free else rest)
                continue
            unit = Unit(addon, day, pays=set(rest), pays_removal=any(not old.lapsed for old in earlier))
            lapsed = next((old for old in earlier if old.lapsed), None)
            if lapsed is not None:
                unit.pays.update(dates(self.cycle.start, lapsed.gone or day))
                self.units.remove(lapsed)
            self.units.append(unit)

    def remove(self, addon: str, count: int, day: dt.date) -> None:
        """What waits goes first, then the newest; the first date of a unit stays paid, one date at least (R8)."""
        for _ in range(count):
            unit = max(reversed(self.held(addon)), key=lambda held: (held.waits, held.since))
            unit.gone, unit.lapsed, unit.waits = day, unit.waits, False
            keep_today = unit.since == day or unit.pays_removal
            unit.pays -= {date for date in unit.pays if date > day or (date == day and not keep_today)}

    def lapse(self, day: dt.date) -> None:
        for unit in self.held():
            if unit.waits:
                unit.gone, unit.waits, unit.lapsed = day, False, True
