"""Add-ons as their partner sees them: price and cost, label, on sale or not (R6, R7)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing import audit
from billing.access import desk, desk_partner
from billing.call import Call
from billing.catalogue.calendar import list_price
from billing.errors import BadValueError, GoneError
from billing.money import Money
from billing.money import currency as currency_of
from billing.text import required
from storage import catalogue
from storage.models import Addon, AddonPrice, Partner
from storage.transaction import Tx


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
    addon = addon_of(tx, place.partner.id, addon_id)
    prices = catalogue.addon_prices(tx, place.partner.id, addon_id)
    return _addon_card(tx, addon, prices.get(addon_id, []), today)


def _addon_card(tx: Tx, addon: Addon, prices: Sequence[AddonPrice], today: dt.date) -> AddonCard:
    coming = next((row for row in prices if row.applies_from > today), None)
    return AddonCard(
        addon.id,
        addon.label,
        addon.limit_code,
        addon.grant,
        list_price(prices, today),
        coming.price if coming else None,
        coming.applies_from if coming else None,
        cost_of(addon),
        addon.on_sale,
        addon.whole_cycles,
        len(catalogue.workspaces_with_addon(tx, addon.partner_id, addon.id)),
    )


def addon_of(tx: Tx, partner_id: int, addon_id: int) -> Addon:
    """One of the partner's add-ons. Raises GoneError."""
    addon = catalogue.addon(tx, partner_id, addon_id)
    if addon is None:
        raise GoneError
    return addon


def set_label(tx: Tx, call: Call, addon_id: int, label: str) -> None:
    """What customers read. Raises BadValueError (label, length)."""
    partner = desk_partner(tx, call.person_id)
    addon = addon_of(tx, partner.id, addon_id)
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


def set_cost(tx: Tx, call: Call, addon_id: int, cost: Money) -> None:
    """What a unit costs the partner for a cycle, by which the margin guard judges (R6, R32); zero where it is free.

    Raises BadValueError (amount), GoneError.
    """
    partner = desk_partner(tx, call.person_id)
    addon = addon_of(tx, partner.id, addon_id)
    rules = currency_of(cost.currency)
    if not 0 <= cost.amount_minor <= rules.maximum or cost.amount_minor % rules.step:
        raise BadValueError("amount", str(cost.amount_minor))
    before = cost_of(addon)
    if before != cost:
        audit.record(
            tx,
            call,
            partner.id,
            "cost",
            subject=addon.label,
            before=_money_facts(before) if before is not None else None,
            after=_money_facts(cost),
        )
        addon.cost_minor, addon.cost_currency = cost.amount_minor, cost.currency


def cost_of(addon: Addon) -> Money | None:
    """What a unit costs the partner for a cycle; None while it was never said."""
    return Money(addon.cost_minor, addon.cost_currency) if addon.cost_minor is not None else None


def _money_facts(money: Money) -> dict[str, int | str]:
    return {"amount_minor": money.amount_minor, "currency": money.currency}


def set_on_sale(tx: Tx, call: Call, addon_id: int, *, on_sale: bool) -> None:
    """Offer an add-on or not; who has units keeps them. Raises BadValueError where it has no price."""
    partner = desk_partner(tx, call.person_id)
    addon = addon_of(tx, partner.id, addon_id)
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
    """Sold by whole cycles (full price on any day, nothing back) or by days (R7).

    Only while no running cycle has or had units of it and no removal waits for an answer: a cycle in which it was sold
    in one way is settled in that way. Raises BadValueError.
    """
    partner = desk_partner(tx, call.person_id)
    addon = addon_of(tx, partner.id, addon_id)
    if addon.whole_cycles == whole_cycles:
        return
    running = catalogue.cycles_with_addon(tx, partner.id, addon_id)
    if running or catalogue.is_removal_asked(tx, partner.id, addon_id):
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
