"""Which price of an add-on holds when (R5, R6)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.cycle import local_date, zone_named
from storage import catalogue
from storage.models import AddonPrice, Partner
from storage.sweep import PriceRow
from storage.transaction import Tx

ALWAYS = dt.date(1970, 1, 1)
"""Where a price stands that holds for running cycles too."""
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a new price would stand among those there are."""

    before: int | None
    """The price as the partner reads it today, hundredths; None: never priced."""
    applies_from: dt.date
    """The earliest start of a cycle that it would hold for, by UTC's calendar."""
    replaced: tuple[AddonPrice, ...]
    """Prices that nobody's cycle was sold at: they make way."""
    coming: AddonPrice | None
    """The price that was still to come, the last of them."""
    holders: Mapping[int, str]
    """Workspaces that have units, each with the zone of its next cycle."""


def price_at(prices: Sequence[AddonPrice | PriceRow], cycle_start: dt.date, zone: str) -> int | None:
    """The price that holds for a cycle of a workspace in the zone, hundredths (R6); `prices` oldest first.

    None: never priced.
    """
    price = None
    for row in prices:
        if price is None or first_start(row, zone) <= cycle_start:
            price = row.price
    return price


def first_start(price: AddonPrice | PriceRow, zone: str) -> dt.date:
    """The earliest start of a cycle in the zone that a price holds for: so many dates after the date on which it was
    set there (R5, R6), and none that had begun by then.
    """
    set_on = price.set_at.date()
    if price.applies_from < set_on:
        # Nobody had units of it.
        return price.applies_from
    told_on = local_date(price.set_at, zone_named(zone))
    return max(told_on + (price.applies_from - set_on), told_on + _ONE_DAY)


def list_price(prices: Sequence[AddonPrice], today: dt.date) -> int | None:
    """What the partner reads as the price; `prices` oldest first. None: never priced."""
    price = None
    for row in prices:
        if price is None or row.applies_from <= today:
            price = row.price
    return price


def lowest_price(prices: Sequence[AddonPrice], today: dt.date) -> int | None:
    """The least of today's price and those to come; `prices` oldest first. None: never priced."""
    today_or_later = [row.price for row in prices if row.applies_from > today]
    price = list_price(prices, today)
    return None if price is None else min([price, *today_or_later])


def place(tx: Tx, partner: Partner, addon_id: int, price: int, today: dt.date) -> Placed:
    """Where a price that is set today would stand (R6).

    A fall holds for the cycles that begin from now on, any price while nobody has units for running ones too; a rise
    for the cycles that start `price_notice_days` after customers were told, which is now. A cycle that has begun with
    units of the add-on in it keeps its price whatever comes.
    """
    prices = catalogue.addon_prices(tx, partner.id, addon_id).get(addon_id, [])
    before = list_price(prices, today)
    holders = catalogue.workspaces_with_addon(tx, partner.id, addon_id)
    begun = catalogue.cycles_with_addon(tx, partner.id, addon_id)
    applies_from = ALWAYS
    if before is not None and holders:
        notice = partner.price_notice_days if price > before else 0
        applies_from = today + dt.timedelta(days=notice)
    elif before is not None and begun:
        applies_from = max(start for start, _ in begun) + _ONE_DAY
    replaced = []
    for row in prices:
        if row.applies_from < min(applies_from, today + _ONE_DAY):
            continue
        if any(first_start(row, zone) <= start for start, zone in begun):
            # Somebody's running cycle was sold at it. The new one comes after it.
            applies_from = max(applies_from, row.applies_from + _ONE_DAY)
        else:
            replaced.append(row)
    coming = next((row for row in reversed(prices) if row.applies_from > today), None)
    return Placed(before, applies_from, tuple(replaced), coming, holders)
