"""What an add-on costs in a cycle (R7-R9): one target, from the history of its units and its price.

A unit is a place in the row: with three units active, places 1, 2 and 3 are taken, and a removal frees the
highest. The history of an add-on is the list of its changes in the order in which they were made; undoing
the latest change (R9) is leaving it out. Each change posts the new target less what was posted before, so
the postings of a cycle always add up to the target.

A place costs nothing on a date on which credit billing was off, and none of its dates to the cycle's end if billing
was off when it was taken (R7, R26). Both are only known of what has been, so that a target can fall by itself
but never rise: whoever touches nothing is never charged, and a removal never costs anything.

Worked examples, price 30.00, cycle 1 to 30 November:

=============================  =======================  ===================================
history                        charged dates            target
=============================  =======================  ===================================
1 unit on the 1st              1-30                     30.00
1 unit on the 16th             16-30                    15.00
1 on the 1st, 0 on the 16th    1-15                     15.00, that is 15.00 back
1 on the 5th, 0 on the 5th     5 (one date at least)    1.00
1 on the 1st, 0 and 1 on 16th  1-30 (never removed)     30.00
1 on 1st, 0 on 6th, 1 on 9th,  1-5, 9-12                9.00; the 12th is paid, as the unit
0 on the 12th                                           was added again in this cycle
1 before, 0 on the 1st         none                     0.00, unless removal dates are charged
1 on the 1st, 2 more given on  1-30 for the first       30.00: the given ones are free all month
the 6th, 4 on the 16th         16-30 for the fourth     and 15.00
=============================  =======================  ===================================
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise, zip_longest

from billing.cycle import Cycle
from billing.points import Points, round_half_up

_ONE_DAY = timedelta(days=1)
_NO_DATES: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """From ``on`` (a date in the workspace's zone) there are ``units_after`` units.

    ``lapsed``: the units ended with time, not by a person's removal: set not to renew (R14) or not paid in
    grace (R15). Such an end costs no date, and a unit that the cycle began with pays nothing for the
    grace it had, unless it is added again in the same cycle. ``given``: what it adds is free to the end of the
    cycle, as credit billing was off (R26). ``date_charged``: what it removes pays the date of removal (R8).
    """

    on: date
    units_after: int
    lapsed: bool = False
    given: bool = False
    date_charged: bool = False

    def __post_init__(self) -> None:
        if self.units_after < 0:
            raise ValueError(f"units can't be {self.units_after}")


@dataclass(frozen=True, slots=True)
class SaleTerms:
    """How an add-on is sold in one cycle.

    ``price``: hundredths of points for a unit and whole cycle, as it was at the cycle's start (R6).
    ``whole_cycles``: a unit that was on at any time in a cycle pays for all of its dates, removed or not;
    that is the full price, and the part of it that a cut or short cycle is of a whole one.
    """

    price: Points
    whole_cycles: bool = False

    def __post_init__(self) -> None:
        if self.price < 0:
            raise ValueError(f"a price can't be {self.price}")


@dataclass(frozen=True, slots=True)
class History:
    """The changes of one add-on of one workspace, oldest first, as far back as its units go.

    A change dated before the one recorded ahead of it (a workspace moved to a zone further west) counts on
    that one's date. ``free_dates``: dates that are over and on which credit billing was off. ``earlier_starts``:
    starts of the cycles before the one looked at, ascending, as far as the changes reach; without them a unit that
    was removed and added again in an earlier cycle isn't known to owe the date of its next removal.
    ``began_free``: credit billing was off when the cycle began, so what it began with is free to its end.
    """

    changes: Sequence[Change] = ()
    free_dates: frozenset[date] = _NO_DATES
    earlier_starts: Sequence[date] = ()
    began_free: bool = False

    def then(self, change: Change) -> "History":
        """The history with one more change: what a quote compares with."""
        return replace(self, changes=(*self.changes, change))

    def without_latest(self) -> "History":
        """The history with the latest change undone (R9)."""
        return replace(self, changes=tuple(self.changes[:-1]))


@dataclass(frozen=True, slots=True)
class Part:
    """``units`` more (or fewer, below zero) for ``days`` dates: one term of a formula."""

    units: int
    days: int
    amount: Points


@dataclass(frozen=True, slots=True)
class Formula:
    """How a change's charge comes about: each part is units x price x days / of_days = amount.

    ``amount`` is what is posted, below zero for a refund. ``freed``, zero or below, goes back with it for
    ``freed_days`` dates on which credit billing was off since the last posting. ``rounding`` is what the amount
    differs by from all these taken together: a hundredth a part at most, because rounding is done once over the cycle.
    """

    price: Points
    of_days: int
    parts: tuple[Part, ...]
    amount: Points
    rounding: Points
    freed: Points = 0
    freed_days: int = 0


def target(cycle: Cycle, history: History, terms: SaleTerms) -> Points:
    """What the add-on costs in the cycle: charged units by date x price / dates of the whole cycle, rounded once."""
    unit_dates = sum(charged_units(cycle, history, terms))
    return round_half_up(unit_dates * terms.price, cycle.whole_days)


def charged_units(cycle: Cycle, history: History, terms: SaleTerms) -> tuple[int, ...]:
    """How many units each date of the cycle is charged for, first date first."""
    charged = [0] * cycle.days
    levels = sorted({0, *(change.units_after for change in history.changes)})
    # Places between two neighbouring levels are taken and freed together.
    for below, level in pairwise(levels):
        for index in _charged_indexes(level, cycle, history, terms):
            charged[index] += level - below
    return tuple(charged)


def formula(cycle: Cycle, before: History, after: History, terms: SaleTerms, posted: Points) -> Formula:
    """The charge for getting from ``before`` to ``after``, ``posted`` being what the cycle has cost so far."""
    return difference(
        cycle, charged_units(cycle, before, terms), charged_units(cycle, after, terms), before, terms, posted
    )


def difference(
    cycle: Cycle,
    units_before: Sequence[int],
    units_after: Sequence[int],
    before: History,
    terms: SaleTerms,
    posted: Points,
) -> Formula:
    """The charge for getting from units charged by date to others; dates that are missing at the end have none.

    Dates with the same difference make one part, in the order of their first date. ``before`` is the history
    that ``units_before`` come of.
    """
    days_by_units: dict[int, int] = {}
    for old, new in zip_longest(units_before, units_after, fillvalue=0):
        if new != old:
            days_by_units[new - old] = days_by_units.get(new - old, 0) + 1
    parts = tuple(
        Part(units, days, round_half_up(units * days * terms.price, cycle.whole_days))
        for units, days in days_by_units.items()
    )
    amount = round_half_up(sum(units_after) * terms.price, cycle.whole_days) - posted
    drift = round_half_up(sum(units_before) * terms.price, cycle.whole_days) - posted
    freed_days = _freed_days(cycle, before, terms, -drift)
    freed = drift if freed_days else 0
    shown = sum(part.amount for part in parts) + freed
    return Formula(terms.price, cycle.whole_days, parts, amount, amount - shown, freed, freed_days)


def _freed_days(cycle: Cycle, history: History, terms: SaleTerms, back: Points) -> int:
    """On how many dates credit billing was off for which so much is posted yet: the latest, as each posting settles
    those before it.
    """
    if back <= 0 or not terms.price:
        return 0
    due = round_half_up(back * cycle.whole_days, terms.price)
    counted = charged_units(cycle, replace(history, free_dates=_NO_DATES), terms)
    days = 0
    for day in sorted(history.free_dates, reverse=True):
        units = counted[(day - cycle.start).days]
        if due > 0 and units:
            days, due = days + 1, due - units
    return days


@dataclass(frozen=True, slots=True)
class _Run:
    """Dates of one place that are charged, end excluded. ``grace`` ones only if the unit comes back."""

    start: date
    end: date
    grace: bool = False


def _charged_indexes(level: int, cycle: Cycle, history: History, terms: SaleTerms) -> set[int]:
    runs = list(_runs(level, cycle, history, whole_cycles=terms.whole_cycles))
    came_back = [run.start for run in runs if not run.grace]
    payable = {n for n, day in enumerate(cycle.dates()) if day not in history.free_dates}
    charged: set[int] = set()
    for run in runs:
        if run.grace and not any(start >= run.end for start in came_back):
            continue
        first = max(0, (run.start - cycle.start).days)
        charged |= payable.intersection(range(first, (run.end - cycle.start).days))
    return payable if terms.whole_cycles and charged else charged


def _runs(level: int, cycle: Cycle, history: History, *, whole_cycles: bool) -> Iterator[_Run]:
    """The stretches of dates on which the place ``level`` is charged, up to the cycle's end."""
    starts = [*history.earlier_starts, cycle.start]
    on_since: date | None = None
    given = False
    removed_in = 0
    owes_removal_date = False
    for day, changes in _together(history.changes, level):
        if day >= cycle.end:
            break
        is_on = changes[-1].units_after >= level
        if on_since is None:
            taken = next((change for change in changes if change.units_after >= level), None)
            if taken is None:
                continue
            on_since, given = day, taken.given
            owes_removal_date = removed_in == bisect_right(starts, day) > 0
        if is_on:
            continue
        freed, free = _last_end(changes, level), _is_free(on_since, cycle, history, given=given)
        if freed.lapsed:
            if not free:
                # On the start itself: forgiven in the cycle before and back since then (R16).
                yield _Run(on_since, day, grace=on_since <= cycle.start)
        else:
            pays_today = freed.date_charged or whole_cycles or owes_removal_date or on_since == day
            if not free:
                yield _Run(on_since, day + _ONE_DAY if pays_today else day)
            removed_in = bisect_right(starts, day)
        on_since = None
    if on_since is not None and not _is_free(on_since, cycle, history, given=given):
        yield _Run(on_since, cycle.end)


def _is_free(on_since: date, cycle: Cycle, history: History, *, given: bool) -> bool:
    """Whether a place costs nothing in the cycle: taken in it, or begun with, while credit billing was off (R26)."""
    return history.began_free if on_since < cycle.start else given


def _last_end(changes: Sequence[Change], level: int) -> Change:
    """The change of a date that freed the place for good."""
    freed = changes[-1]
    for change in reversed(changes):
        if change.units_after >= level:
            break
        freed = change
    return freed


def _together(changes: Iterable[Change], level: int) -> Iterator[tuple[date, list[Change]]]:
    """The changes of each date together, dates ascending; what gives the place ``level`` away begins anew."""
    day: date | None = None
    same_day: list[Change] = []
    units = 0
    for change in changes:
        if day is not None and (change.on > day or (change.given and units < level <= change.units_after)):
            yield day, same_day
            same_day = []
        day = change.on if day is None else max(day, change.on)
        same_day.append(change)
        units = change.units_after
    if day is not None:
        yield day, same_day
