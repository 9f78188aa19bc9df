"""Billing periods: from one instant to the next, an anchor's day of the month kept where the month has it."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from sandbox.stripe.accounts import Obj

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def end_of_period(anchor: int, recurring: Obj, start: int) -> int:
    """Where the period that begins at `start` ends; all in seconds since 1970, `anchor` is the first one's start."""
    interval, count = recurring["interval"], recurring["interval_count"]
    first, begun = (datetime.fromtimestamp(moment, UTC) for moment in (anchor, start))
    if interval in _DAYS:
        return int((begun + timedelta(days=_DAYS[interval] * count)).timestamp())
    months = (begun.year - first.year) * 12 + begun.month - first.month + _MONTHS[interval] * count
    return int(_months_after(first, months).timestamp())


def _months_after(first: datetime, months: int) -> datetime:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    day = min(first.day, monthrange(year, month + 1)[1])
    return first.replace(year=year, month=month + 1, day=day)


def share(amount: int, item: Obj, moment: int) -> int:
    """Of what a period costs, the part from `moment` to its end, to the second, rounded to the nearest minor unit."""
    start, end = int(item["current_period_start"]), int(item["current_period_end"])
    left, whole = end - moment, end - start
    return (2 * amount * left + whole) // (2 * whole)
