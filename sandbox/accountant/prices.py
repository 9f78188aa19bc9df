"""Which price a cycle has (R6), and on which dates nothing is counted (R7, R26)."""

import datetime as dt

from sandbox.accountant.facts import AddOn, BillingOff, BillingOn, GraceDays, Moment, Price
from sandbox.accountant.wall_calendar import DAY, begins_there, date_there, dates

NOTICE_DAYS = 7


def price_of(addon: AddOn, told: tuple[Moment, ...], zone: str, start: dt.date) -> int:
    """The price of a cycle that starts on ``start``: a cut counts from the first one that begins after it was told,
    a rise from the first one that starts at least seven days after that.
    """
    price = addon.price
    for moment in told:
        if not isinstance(moment.deed, Price) or moment.deed.addon != addon.code:
            continue
        if moment.deed.price > price:
            reached = date_there(moment.at, zone) + NOTICE_DAYS * DAY <= start
        else:
            reached = moment.at <= begins_there(start, zone)
        if reached:
            price = moment.deed.price
    return price


def dates_off(told: tuple[Moment, ...], zone: str, now: dt.datetime) -> frozenset[dt.date]:
    """The dates without credit billing as known ``now``: from the one it was switched off to the one before it
    was switched on. Still off: to the one before today, for nobody knows how today ends.
    """
    off: set[dt.date] = set()
    since: dt.date | None = None
    for moment in told:
        if moment.at > now:
            break
        if isinstance(moment.deed, BillingOff):
            since = date_there(moment.at, zone)
        elif isinstance(moment.deed, BillingOn) and since is not None:
            off.update(dates(since, date_there(moment.at, zone)))
            since = None
    if since is not None:
        off.update(dates(since, date_there(now, zone)))
    return frozenset(off)


def is_off(told: tuple[Moment, ...], at: dt.datetime) -> bool:
    """Whether credit billing is off at an instant; every story begins with it on."""
    off = False
    for moment in told:
        if moment.at <= at and isinstance(moment.deed, BillingOff | BillingOn):
            off = isinstance(moment.deed, BillingOff)
    return off


def grace_days(told: tuple[Moment, ...], now: dt.datetime) -> int:
    days = 0
    for moment in told:
        if moment.at <= now and isinstance(moment.deed, GraceDays):
            days = moment.deed.days
    return days
