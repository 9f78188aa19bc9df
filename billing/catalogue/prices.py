"""Setting the selling price of add-ons, and telling whom it touches (R6)."""

from typing import Any

from billing import audit, notices
from billing.access import desk_partner
from billing.call import Call
from billing.catalogue.addons import AddonCard, addon_card, addon_of
from billing.catalogue.calendar import Placed, first_start, place
from billing.cycle import local_date, zone_named
from billing.errors import BadValueError
from billing.money import currency as currency_of
from billing.points import HUNDREDTHS
from storage import catalogue
from storage.models import Addon, AddonPrice
from storage.transaction import Tx

MOST_PRICE = 1_000_000 * HUNDREDTHS
"""Hundredths of points that a unit may cost for a cycle."""


def set_price(tx: Tx, call: Call, addon_id: int, price: int) -> AddonCard:
    """A new selling price, hundredths per unit and cycle; the add-on goes on sale with its first one.

    When it holds, `place` says; whom it touches is told.
    """
    check_price(price)
    partner = desk_partner(tx, call.person_id)
    assert call.person_id is not None, "somebody is at the desk"
    addon = addon_of(tx, partner.id, addon_id)
    today = call.at.date()
    placed = place(tx, partner, addon_id, price, today)
    if placed.before is None:
        addon.on_sale = True
    for row in placed.replaced:
        tx.session.delete(row)
    tx.session.flush()
    new = AddonPrice(
        partner_id=partner.id,
        addon_id=addon_id,
        applies_from=placed.applies_from,
        price=price,
        set_at=call.at,
        set_by=call.person_id,
    )
    tx.session.add(new)
    audit.record(
        tx,
        call,
        partner.id,
        "price",
        subject=addon.label,
        before={"price": placed.before},
        after={"price": price},
    )
    if placed.before is not None and price != placed.before:
        for workspace_id, zone in placed.holders.items():
            _tell_change(tx, call, addon, workspace_id, placed.before, new, zone)
    elif placed.coming is not None and placed.coming.price != price:
        _tell_called_off(tx, call, addon, placed, placed.coming, new)
    return addon_card(tx, call.person_id, addon_id, today)


def check_price(price: int) -> None:
    """Raises BadValueError for a price below zero or above what a unit may cost."""
    if not 0 <= price <= MOST_PRICE:
        raise BadValueError("price", str(price))


def _tell_called_off(
    tx: Tx, call: Call, addon: Addon, placed: Placed, coming: AddonPrice, new: AddonPrice
) -> None:
    """The price is set back before the one that was told has come: to all who were told and may have acted on it.

    Where the calendar runs ahead of UTC's by so much that the told one holds already, it is a change.
    """
    left = catalogue.workspaces_that_left(tx, addon.partner_id, addon.id, coming.set_at)
    for workspace_id, zone in {**left, **placed.holders}.items():
        if first_start(coming, zone) <= local_date(call.at, zone_named(zone)):
            if workspace_id in placed.holders:
                _tell_change(tx, call, addon, workspace_id, coming.price, new, zone)
            continue
        called_off = {"addon": addon.label, "price": new.price, "called_off": coming.price}
        _tell(tx, call, addon, workspace_id, "price_stays", called_off)


def _tell_change(
    tx: Tx, call: Call, addon: Addon, workspace_id: int, before: int, new: AddonPrice, zone: str
) -> None:
    change = {
        "addon": addon.label,
        "before": before,
        "price": new.price,
        "from": first_start(new, zone).isoformat(),
    }
    _tell(tx, call, addon, workspace_id, "price", change)


def _tell(tx: Tx, call: Call, addon: Addon, workspace_id: int, kind: str, params: dict[str, Any]) -> None:
    told = call.part(str(workspace_id))
    notices.tell_workspace(tx, told, addon.partner_id, workspace_id, kind, params)


def suggestions(tx: Tx, partner_id: int) -> list[tuple[Addon, int]]:
    """What has a cost but no price, with a price: one point a unit of the cost's currency, half as much again on top."""
    known = catalogue.addon_prices(tx, partner_id)
    return [
        (addon, addon.cost_minor * HUNDREDTHS * 3 // (2 * 10 ** currency_of(addon.cost_currency).exponent))
        for addon in catalogue.addons(tx, partner_id)
        if addon.cost_minor is not None and addon.id not in known
    ]


def suggest_prices(tx: Tx, call: Call, total: int | None = None) -> int:
    """Set the suggested prices; answers how many were set.

    `total`: the sum of those that were shown, hundredths. If they are others by now, none is set (R32).
    """
    partner = desk_partner(tx, call.person_id)
    found = suggestions(tx, partner.id)
    if total is not None and total != sum(price for _, price in found):
        return 0
    for addon, price in found:
        set_price(tx, call.part(str(addon.id)), addon.id, price)
    return len(found)
