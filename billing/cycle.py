"""Billing cycles and calendar dates (R4, R5). Only dates are ever counted, never seconds."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_ONE_DAY = timedelta(days=1)
_NOT_PLACES = frozenset({"Factory", "localtime", "posixrules"})


class UnknownZoneError(ValueError):
    """A name that is no IANA time zone. ``key`` names the sentence that says so."""

    key = "zone-unknown"


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """One billing month, ``start`` included and ``end`` excluded. Known by its start date.

    ``whole_start`` and ``whole_end`` bound the month from boundary to boundary of which this is all or,
    after a change of the renewal date, a part. A day's price divides by the dates of the whole.
    """

    start: date
    end: date
    whole_start: date
    whole_end: date

    def __post_init__(self) -> None:
        if not self.whole_start <= self.start < self.end <= self.whole_end:
            raise ValueError(f"no cycle: {self.start}..{self.end} of {self.whole_start}..{self.whole_end}")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def whole_days(self) -> int:
        """What the price of a cycle is divided by."""
        return (self.whole_end - self.whole_start).days

    @property
    def is_whole(self) -> bool:
        return self.days == self.whole_days

    def days_left(self, today: date) -> int:
        """Dates from ``today`` on, today counted; none once the cycle is over."""
        return max(0, (self.end - max(today, self.start)).days)

    def dates(self) -> Iterator[date]:
        return (self.start + timedelta(days=n) for n in range(self.days))

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def boundary(anchor: date, k: int) -> date:
    """The start of cycle ``k``: ``anchor`` plus k months, at most the month's last day; k may be negative."""
    month_index = anchor.year * 12 + anchor.month - 1 + k
    year, month = month_index // 12, month_index % 12 + 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def cycle_number(anchor: date, day: date) -> int:
    """The k of the whole cycle that ``day`` falls into; negative before the anchor."""
    k = (day.year - anchor.year) * 12 + day.month - anchor.month
    return k if boundary(anchor, k) <= day else k - 1


def cycle_at(anchor: date, day: date) -> Cycle:
    """The whole cycle that ``day`` falls into."""
    k = cycle_number(anchor, day)
    start, end = boundary(anchor, k), boundary(anchor, k + 1)
    return Cycle(start, end, start, end)


def next_cycle(cycle: Cycle, anchor: date) -> Cycle:
    """The cycle that starts where ``cycle`` ends: a short one if that is no boundary of ``anchor``."""
    whole = cycle_at(anchor, cycle.end)
    return Cycle(cycle.end, whole.end, whole.start, whole.end)


def rebase(current: Cycle, new_anchor: date, today: date) -> tuple[Cycle, Cycle]:
    """The running cycle and the one after it, once the renewal dates are those of ``new_anchor`` (R4).

    Only what is left of the running cycle can be cut: if a new boundary falls after the cycle's start, on
    today or later, and before the cycle's end, the cycle ends there. A boundary that is today ends it
    today: the next cycle is due at once. A boundary that has passed cuts nothing, since the dates behind it
    were lived and paid in this cycle; then the cycle ends as planned and a short one leads up to the next
    boundary. If the planned end is itself a boundary the following cycle is whole.

    Running 1 Nov to 1 Dec, today 20 Nov. Renewal on the 25th: 1 to 25 Nov (24 of 30 dates), then
    25 Nov to 25 Dec. Renewal on the 10th: 1 Nov to 1 Dec as planned, then 1 to 10 Dec (9 of the 30 dates
    from 10 Nov).
    """
    earliest = max(today, current.start + _ONE_DAY)
    whole = cycle_at(new_anchor, earliest)
    cut = earliest if whole.start == earliest else whole.end
    end = min(cut, current.end)
    kept = Cycle(current.start, end, current.whole_start, current.whole_end)
    return kept, next_cycle(kept, new_anchor)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date on the calendar in ``zone`` at an aware instant (R5)."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(zone).date()


def start_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of ``day`` in ``zone``.

    Where midnight comes twice it is the first one. Where the clocks jump over midnight it is the moment of
    the jump, and for a date that was skipped altogether the moment the next date began.
    """
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    by_offset_before = midnight.astimezone(UTC)
    if by_offset_before.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return by_offset_before
    too_early = midnight.replace(fold=1).astimezone(UTC)
    late_enough = by_offset_before
    while late_enough - too_early > timedelta(seconds=1):
        middle = too_early + timedelta(seconds=(late_enough - too_early) // timedelta(seconds=2))
        if local_date(middle, zone) < day:
            too_early = middle
        else:
            late_enough = middle
    return late_enough


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone of that name, forgiving case and spaces ("america/new york"). UnknownZoneError."""
    key = re.sub(r"\s+", "_", name.strip()).casefold()
    try:
        return ZoneInfo(_zones()[key])
    except KeyError:
        raise UnknownZoneError(name[:64]) from None


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() - _NOT_PLACES}
