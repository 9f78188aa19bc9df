"""What an add-on costs by R7, R8, R10, R15 and R26, counted place by place and date by date: a second opinion."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Level:
    """From a moment of a date on so many units are charged for; `ended`: with time, not by a removal; `given`: added
    while billing was off.
    """

    on: dt.date
    units: int
    ended: bool = False
    given: bool = False


def charged_levels(changes: list[tuple[Any, ...]]) -> list[Level]:
    """The changes as charged (R10): what went without refund stays paid until its cycle is over."""
    levels: list[Level] = []
    kept: list[tuple[dt.date, int]] = []
    units = 0
    for on, before, after, lapsed, paid_until, is_gift in changes:
        for end in sorted({end for end, _ in kept if end <= on}):
            kept = [each for each in kept if each[0] != end]
            levels.append(Level(end, units + sum(n for _, n in kept), ended=True))
        if paid_until is not None:
            kept.append((paid_until, before - after))
        units = after
        levels.append(Level(on, units + sum(n for _, n in kept), ended=lapsed, given=is_gift))
    for end in sorted({end for end, _ in kept}):
        kept = [each for each in kept if each[0] != end]
        levels.append(Level(end, units + sum(n for _, n in kept), ended=True))
    return levels


@dataclass(frozen=True)
class Billing:
    """When it was off, in UTC, which is the workspace's zone."""

    flips: list[tuple[dt.datetime, bool]]

    def is_off(self, at: dt.datetime) -> bool:
        return not [on for flipped, on in self.flips if flipped <= at][-1]

    def began_off(self, start: dt.date) -> bool:
        return self.is_off(dt.datetime.combine(start, dt.time(), dt.UTC))

    def off_dates(self, start: dt.date, end: dt.date) -> set[dt.date]:
        dates = (start + ONE_DAY * n for n in range((end - start).days))
        last_moment = dt.time(23, 59, 59, 999_999)
        return {day for day in dates if self.is_off(dt.datetime.combine(day, last_moment, dt.UTC))}


def unit_dates(
    levels: list[Level], starts: list[dt.date], start: dt.date, end: dt.date, off: set[dt.date], *, free: bool
) -> int:
    """R8: for each place in the row of units, the dates of [start, end) that it is active on and not free."""
    return sum(
        place_dates(place, levels, starts, start, end, off, began_free=free)
        for place in range(1, 1 + max((level.units for level in levels), default=0))
    )


def parted(of_day: list[Level], place: int, *, was_on: bool) -> list[list[Level]]:
    """A date's changes; where a gift takes the place, what is before it stands by itself (R26)."""
    parts: list[list[Level]] = [[]]
    for level in of_day:
        if level.given and level.units >= place and not was_on:
            parts.append([])
        parts[-1].append(level)
        was_on = level.units >= place
    return [part for number, part in enumerate(parts) if part or number == len(parts) - 1]


def place_dates(
    place: int,
    levels: list[Level],
    starts: list[dt.date],
    start: dt.date,
    end: dt.date,
    off: set[dt.date],
    *,
    began_free: bool,
) -> int:
    active = 0
    free = False
    since, of_stretch, graced = dt.date.max, 0, 0
    on_at_night = False
    owes_next_removal = False
    removed_in: dt.date | None = None
    day = min(level.on for level in levels)
    while day < end:
        if day == start and on_at_night:
            free = began_free
        cycle = max((each for each in starts if each <= day), default=None)
        for of_day in parted([level for level in levels if level.on == day], place, was_on=on_at_night):
            seen_today = on_at_night or any(level.units >= place for level in of_day)
            was_on, on_at_night = on_at_night, of_day[-1].units >= place if of_day else on_at_night
            if seen_today and not was_on:
                free = next(level.given for level in of_day if level.units >= place)
                owes_next_removal = removed_in is not None and removed_in == cycle
                since, of_stretch = day, 0
                if not free:
                    # R15: back in the cycle in which it lapsed, it pays the grace that it had.
                    active, graced = active + graced, 0
            pays = on_at_night
            if seen_today and not on_at_night:
                freed = of_day[-1]
                for level in reversed(of_day):
                    if level.units >= place:
                        break
                    freed = level
                if not freed.ended:
                    pays = owes_next_removal or not was_on
                    removed_in = cycle
                elif since <= start <= day and not free:
                    # R15: not paid when the cycle began, so its dates up to the lapse were grace.
                    active -= of_stretch
                    graced = of_stretch
            if pays and day >= start and day not in off and not free:
                active += 1
                of_stretch += 1
        day += ONE_DAY
    return active


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
