"""When each unit of an add-on was added last (R8, R15), from the add-on's history. Pure.

A unit is a place in the row, as in billing.proration: a removal, like time, takes the highest places, which hold the
youngest units.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from storage.models import AddonChange


@dataclass(frozen=True, slots=True)
class Batch:
    """Units of an add-on that are equally old."""

    since: dt.datetime
    units: int


@dataclass(frozen=True, slots=True)
class _Gone:
    """A place that was freed: how old its unit was, and whether time ended it."""

    since: dt.datetime
    on: dt.date
    lapsed: bool


def batches(changes: Sequence[AddonChange], after: int, units: int) -> tuple[Batch, ...]:
    """So many units beyond the first `after` ones, oldest first; `changes`: those that count, in their order.

    More than the history ends with: units that were forgiven in the cycle before are back (R16).
    """
    ages = list(_ages(changes, after + units))[after:]
    return tuple(Batch(since, sum(1 for _ in alike)) for since, alike in groupby(ages))


def _ages(changes: Sequence[AddonChange], units: int) -> Iterator[dt.datetime]:
    ages: list[dt.datetime] = []
    gone: dict[int, _Gone] = {}
    day = dt.date.min
    for change in changes:
        # A workspace that moved to a zone further west may date a change before the one ahead of it.
        day = max(day, change.on_date)
        for place in range(change.units_after, len(ages)):
            gone[place] = _Gone(ages[place], day, change.lapsed)
        del ages[change.units_after :]
        new = range(len(ages), change.units_after)
        ages += [_age(gone.get(place), change, day) for place in new]
    yield from ages[:units]
    for place in range(len(ages), units):
        yield gone[place].since


def _age(before: _Gone | None, change: AddonChange, day: dt.date) -> dt.datetime:
    """Of a unit in a place that is taken anew. What is removed and added again on one date was never removed (R8),
    and what time brings back was forgiven (R16); what lapsed and is bought again is new.
    """
    if before is None:
        return change.at
    by_time = change.person_id is None
    never_left = before.lapsed if by_time else before.on == day and not before.lapsed
    return before.since if never_left else change.at
