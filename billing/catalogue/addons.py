"""Add-ons as their partner sells them: price, label, on sale or not (R6, R7)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing import audit, notices
from billing.access import desk, desk_partner
from billing.call import Call
from billing.errors import BadValueError, GoneError
from billing.money import Money
from billing.money import currency as currency_of
from billing.points import HUNDREDTHS
from billing.text import required
from storage import catalogue
from storage.models import (
    Addon,
    AddonPrice,
    Partner,
)
from storage.sweep import PriceRow
from storage.transaction import Tx

_ALWAYS = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class AddonCard:
    """An add-on as its partner sees it: points in hundredths, cost in minor units."""

    id: int
    label: str
    limit: str | None
    grant: int
    price: int | None
    """Today's; None while it has none."""
    coming_price: int | None
    coming_from: dt.date | None
    cost: Money | None
    on_sale: bool
    whole_cycles: bool
    workspaces: int
    """How many have units of it."""


def price_at(prices: Sequence[AddonPrice | PriceRow], cycle_start: dt.date) -> int | None:
    """The price that holds for a cycle, hundredths (R6); `prices` oldest first. None: never priced."""
    price = None
    for row in prices:
        if price is None or row.applies_from <= cycle_start:
            price = row.price
    return price


def addon_cards(tx: Tx, person_id: int, today: dt.date) -> tuple[Partner, list[AddonCard]]:
    """The partner's add-ons with cost prices, for the desk."""
    place = desk(tx, person_id)
    prices = catalogue.addon_prices(tx, place.partner.id)
    return place.partner, [
        _addon_card(tx, addon, prices.get(addon.id, []), today)
        for addon in catalogue.addons(tx, place.partner.id)
    ]


def addon_card(tx: Tx, person_id: int, addon_id: int, today: dt.date) -> AddonCard:
    """One of the partner's add-ons. Raises GoneError."""
    place = desk(tx, person_id)
    addon = _addon(tx, place.partner.id, addon_id)
    prices = catalogue.addon_prices(tx, place.partner.id, addon_id)
    return _addon_card(tx, addon, prices.get(addon_id, []), today)


def _addon_card(tx: Tx, addon: Addon, prices: Sequence[AddonPrice], today: dt.date) -> AddonCard:
    coming = next((row for row in prices if row.applies_from > today), None)
    return AddonCard(
        addon.id,
        addon.label,
        addon.limit_code,
        addon.grant,
        price_at(prices, today),
        coming.price if coming else None,
        coming.applies_from if coming else None,
        Money(addon.cost_minor, addon.cost_currency) if addon.cost_minor is not None else None,
        addon.on_sale,
        addon.whole_cycles,
        len(catalogue.workspaces_with_addon(tx, addon.partner_id, addon.id)),
    )


def _addon(tx: Tx, partner_id: int, addon_id: int) -> Addon:
    addon = catalogue.addon(tx, partner_id, addon_id)
    if addon is None:
        raise GoneError
    return addon


def price_applies_from(
    partner: Partner, before: int | None, price: int, today: dt.date, *, held: bool
) -> dt.date:
    """The earliest cycle start that a new price would hold for (R6); `held`: some workspace has units."""
    if before is None or not held:
        return _ALWAYS
    if price > before:
        # One more day than the rule's: the customer's calendar may be a day behind UTC's.
        return today + dt.timedelta(days=partner.price_notice_days + 1)
    return today


def set_price(tx: Tx, call: Call, addon_id: int, price: int) -> AddonCard:
    """A new selling price, hundredths per unit and cycle; the add-on goes on sale with its first one.

    A fall, and any price while nobody has units, holds from today; a rise from the cycles that start
    `price_notice_days` after customers were told, which is now. A cycle that has begun with units of the
    add-on in it keeps its price whatever comes (R6).
    """
    if not 0 <= price <= 100_000_000:
        raise BadValueError("price", str(price))
    partner = desk_partner(tx, call.person_id)
    addon = _addon(tx, partner.id, addon_id)
    prices = catalogue.addon_prices(tx, partner.id, addon_id).get(addon_id, [])
    today = call.at.date()
    before = price_at(prices, today)
    holders = catalogue.workspaces_with_addon(tx, partner.id, addon_id)
    applies_from = price_applies_from(partner, before, price, today, held=bool(holders))
    begun = catalogue.newest_cycle_with_addon(tx, partner.id, addon_id)
    if before is not None and begun is not None:
        applies_from = max(applies_from, begun + dt.timedelta(days=1))
    if before is None:
        addon.on_sale = True
    for row in prices:
        if row.applies_from >= applies_from or row.applies_from > today:
            tx.session.delete(row)
    tx.session.flush()
    tx.session.add(
        AddonPrice(
            partner_id=partner.id,
            addon_id=addon_id,
            applies_from=applies_from,
            price=price,
            set_at=call.at,
            set_by=call.person_id,
        )
    )
    audit.record(
        tx, call, partner.id, "price", subject=addon.label, before={"price": before}, after={"price": price}
    )
    if before is not None and price != before:
        for workspace_id in holders:
            notices.tell_workspace(
                tx,
                call.part(str(workspace_id)),
                partner.id,
                workspace_id,
                "price",
                {"addon": addon.label, "before": before, "price": price, "from": applies_from.isoformat()},
            )
    return addon_card(tx, person_of(call), addon_id, today)


def person_of(call: Call) -> int:
    """The person of a call that a person made."""
    assert call.person_id is not None
    return call.person_id


def set_label(tx: Tx, call: Call, addon_id: int, label: str) -> None:
    """What customers read. Raises BadValueError (label, length)."""
    partner = desk_partner(tx, call.person_id)
    addon = _addon(tx, partner.id, addon_id)
    text = required(label, "label")
    audit.record(
        tx,
        call,
        partner.id,
        "label",
        subject=addon.label,
        before={"label": addon.label},
        after={"label": text},
    )
    addon.label = text


def set_on_sale(tx: Tx, call: Call, addon_id: int, *, on_sale: bool) -> None:
    """Offer an add-on or not; who has units keeps them. Raises BadValueError where it has no price."""
    partner = desk_partner(tx, call.person_id)
    addon = _addon(tx, partner.id, addon_id)
    if on_sale and not catalogue.addon_prices(tx, partner.id, addon_id):
        raise BadValueError("price", "")
    if addon.on_sale != on_sale:
        audit.record(
            tx,
            call,
            partner.id,
            "on_sale",
            subject=addon.label,
            before={"on_sale": addon.on_sale},
            after={"on_sale": on_sale},
        )
        addon.on_sale = on_sale


def set_whole_cycles(tx: Tx, call: Call, addon_id: int, *, whole_cycles: bool) -> None:
    """Sold by whole cycles (full price on any day, nothing back) or by days (R7). Only while nobody has units."""
    partner = desk_partner(tx, call.person_id)
    addon = _addon(tx, partner.id, addon_id)
    if addon.whole_cycles == whole_cycles:
        return
    if catalogue.workspaces_with_addon(tx, partner.id, addon_id):
        raise BadValueError("whole_cycles", addon.label)
    audit.record(
        tx,
        call,
        partner.id,
        "whole_cycles",
        subject=addon.label,
        before={"whole_cycles": addon.whole_cycles},
        after={"whole_cycles": whole_cycles},
    )
    addon.whole_cycles = whole_cycles


def suggest_prices(tx: Tx, call: Call) -> int:
    """Price what has a cost but no price: one point a unit of the cost's currency, half as much again on top.

    Answers how many were priced.
    """
    partner = desk_partner(tx, call.person_id)
    known = catalogue.addon_prices(tx, partner.id)
    priced = 0
    for addon in catalogue.addons(tx, partner.id):
        if addon.cost_minor is None or addon.id in known:
            continue
        points = addon.cost_minor * HUNDREDTHS * 3 // (2 * 10 ** currency_of(addon.cost_currency).exponent)
        set_price(tx, call.part(str(addon.id)), addon.id, points)
        priced += 1
    return priced
