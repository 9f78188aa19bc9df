"""Dates as on a wall calendar: cycles, months, the dates of a span (R4, R5)."""

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

DAY = dt.timedelta(days=1)


def date_there(at: dt.datetime, zone: str) -> dt.date:
    return at.astimezone(ZoneInfo(zone)).date()


def begins_there(date: dt.date, zone: str) -> dt.datetime:
    """The first instant of a date. Where the clocks jump over midnight, that is the jump."""
    return dt.datetime.combine(date, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


def dates(first: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Every date from ``first`` to the one before ``end``."""
    while first < end:
        yield first
        first += DAY


def months_later(anchor: dt.date, months: int) -> dt.date:
    """The anchor's day that many months on, or the month's last day where it is shorter."""
    month = anchor.year * 12 + anchor.month - 1 + months
    year, month = month // 12, month % 12 + 1
    return dt.date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def renewal_dates(anchor: dt.date) -> Iterator[dt.date]:
    """The anchor's boundaries, from two years before it on, always counted from the anchor."""
    for months in range(-24, 60):
        yield months_later(anchor, months)


def boundary_after(anchor: dt.date, date: dt.date) -> dt.date:
    return next(boundary for boundary in renewal_dates(anchor) if boundary > date)


def boundary_until(anchor: dt.date, date: dt.date) -> dt.date:
    return [boundary for boundary in renewal_dates(anchor) if boundary <= date][-1]


@dataclass(frozen=True, slots=True)
class Cycle:
    """From ``start`` to the date before ``end``; a day costs the price over ``whole`` dates."""

    start: dt.date
    end: dt.date
    whole: int

    def dates(self) -> Iterator[dt.date]:
        return dates(self.start, self.end)


def cycle_from(anchor: dt.date, start: dt.date) -> Cycle:
    """The cycle that starts on ``start``. A short one divides by the whole one that it is a part of (R4)."""
    end = boundary_after(anchor, start)
    return Cycle(start, end, len(list(dates(boundary_until(anchor, start), end))))


def cycle_around(anchor: dt.date, date: dt.date) -> Cycle:
    return cycle_from(anchor, boundary_until(anchor, date))
