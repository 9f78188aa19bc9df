"""What a partner sells: the first partner's defaults, prices (R6), packs (R2), the price of a point (R3)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing import audit, notices
from billing.access import DeskRole, desk
from billing.call import Call
from billing.errors import BadValueError, GoneError
from billing.money import Money, parse_price_per_point
from billing.money import currency as currency_of
from billing.text import clean
from storage import catalogue, people
from storage.models import (
    Addon,
    AddonPrice,
    BillingSwitch,
    Limit,
    Pack,
    Partner,
    PartnerAdmin,
    Person,
    Plan,
    PlanAllowance,
    PointPrice,
)
from storage.transaction import Tx

FIRST_PARTNER = 1
_ALWAYS = dt.date(1970, 1, 1)

_LIMITS = (
    ("bots", "Bots", True, False),
    ("members", "Members", True, False),
    ("bot_users", "Bot users", True, False),
    ("webhook_requests", "Webhook requests", True, True),
    ("request_timeout", "Request timeout, s", False, False),
)
_PLANS = (
    ("Business", {"bots": 1, "bot_users": 1_000, "members": 5}),
    ("Business Lite", {"bots": 1, "bot_users": 10_000, "members": 5}),
    ("Business Large", {"bots": 5, "bot_users": 50_000, "members": 10}),
)
_ADDONS = (
    ("Extra bot", "bots", 1, 500),
    ("Extra member", "members", 1, 500),
    ("+1,000 bot users", "bot_users", 1_000, 500),
    ("+10,000 bot users", "bot_users", 10_000, 3_000),
    ("+1,000 webhook requests", "webhook_requests", 1_000, 2_000),
    ("Request timeout +10 s", "request_timeout", 10, 2_000),
)
_FEATURES = ("Advanced automations", "Extra integrations", "Premium features")


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


@dataclass(frozen=True, slots=True)
class PackCard:
    """A top-up option; points in hundredths."""

    id: int
    points: int
    bonus: int
    price: Money


def first_partner(tx: Tx, call: Call, name: str, owner_telegram_ids: Sequence[int]) -> int:
    """Make sure the partner of the settings stands, with defaults, and its owners with it. Answers its id."""
    partner = catalogue.first_partner(tx)
    if partner is None:
        partner = Partner(id=FIRST_PARTNER, name=clean(name), created_at=call.at)
        tx.session.add(partner)
        _defaults(tx, partner.id)
    for telegram_id in owner_telegram_ids:
        person = people.person_by_telegram(tx, telegram_id)
        if person is None:
            person = Person(id=call.id_for("person", telegram_id), telegram_id=telegram_id, seen_at=call.at)
            tx.session.add(person)
        admin = people.admin(tx, partner.id, person.id)
        if admin is None:
            admin = PartnerAdmin(partner_id=partner.id, person_id=person.id, since=call.at)
            tx.session.add(admin)
        admin.role = DeskRole.OWNER.code
    return partner.id


def _defaults(tx: Tx, partner_id: int) -> None:
    for position, (code, label, counted, per_cycle) in enumerate(_LIMITS):
        tx.session.add(
            Limit(
                partner_id=partner_id,
                code=code,
                label=label,
                counted=counted,
                per_cycle=per_cycle,
                position=position,
            )
        )
    for position, (name, allowances) in enumerate(_PLANS):
        plan_id = catalogue.next_number(tx, "plan")
        tx.session.add(Plan(partner_id=partner_id, id=plan_id, name=name, position=position))
        for code, value in allowances.items():
            tx.session.add(
                PlanAllowance(partner_id=partner_id, plan_id=plan_id, limit_code=code, value=value)
            )
    for position, (label, limit, grant, cost) in enumerate(_ADDONS):
        _new_addon(tx, partner_id, label, position, limit=limit, grant=grant, cost=cost)
    for position, label in enumerate(_FEATURES, start=len(_ADDONS)):
        _new_addon(tx, partner_id, label, position, feature=label)


def _new_addon(
    tx: Tx,
    partner_id: int,
    label: str,
    position: int,
    *,
    limit: str | None = None,
    grant: int = 0,
    feature: str | None = None,
    cost: int | None = None,
) -> None:
    tx.session.add(
        Addon(
            partner_id=partner_id,
            id=catalogue.next_number(tx, "addon"),
            label=label,
            limit_code=limit,
            grant=grant,
            feature=feature,
            cost_minor=cost,
            cost_currency="USD",
            position=position,
        )
    )


def price_at(prices: Sequence[AddonPrice], cycle_start: dt.date) -> int | None:
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
    `price_notice_days` after customers were told, which is now (R6).
    """
    if not 0 <= price <= 100_000_000:
        raise BadValueError("price", str(price))
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    partner = catalogue.lock_partner(tx, place.partner.id)
    addon = _addon(tx, partner.id, addon_id)
    prices = catalogue.addon_prices(tx, partner.id, addon_id).get(addon_id, [])
    today = call.at.date()
    before = price_at(prices, today)
    holders = catalogue.workspaces_with_addon(tx, partner.id, addon_id)
    applies_from = price_applies_from(partner, before, price, today, held=bool(holders))
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
    return addon_card(tx, place_person(call), addon_id, today)


def place_person(call: Call) -> int:
    """The person of a call that a person made."""
    assert call.person_id is not None
    return call.person_id


def set_label(tx: Tx, call: Call, addon_id: int, label: str) -> None:
    """What customers read. Raises BadValueError for an empty one."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    addon = _addon(tx, place.partner.id, addon_id)
    text = clean(label)
    if not text:
        raise BadValueError("label", label)
    audit.record(
        tx,
        call,
        place.partner.id,
        "label",
        subject=addon.label,
        before={"label": addon.label},
        after={"label": text},
    )
    addon.label = text


def set_on_sale(tx: Tx, call: Call, addon_id: int, *, on_sale: bool) -> None:
    """Offer an add-on or not; who has units keeps them. Raises BadValueError where it has no price."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    addon = _addon(tx, place.partner.id, addon_id)
    if on_sale and not catalogue.addon_prices(tx, place.partner.id, addon_id):
        raise BadValueError("price", "")
    if addon.on_sale != on_sale:
        audit.record(
            tx,
            call,
            place.partner.id,
            "on_sale",
            subject=addon.label,
            before={"on_sale": addon.on_sale},
            after={"on_sale": on_sale},
        )
        addon.on_sale = on_sale


def set_whole_cycles(tx: Tx, call: Call, addon_id: int, *, whole_cycles: bool) -> None:
    """Sold by whole cycles (full price on any day, nothing back) or by days (R7). Only while nobody has units."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    addon = _addon(tx, place.partner.id, addon_id)
    if addon.whole_cycles == whole_cycles:
        return
    if catalogue.workspaces_with_addon(tx, place.partner.id, addon_id):
        raise BadValueError("whole_cycles", addon.label)
    audit.record(
        tx,
        call,
        place.partner.id,
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
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    known = catalogue.addon_prices(tx, place.partner.id)
    priced = 0
    for addon in catalogue.addons(tx, place.partner.id):
        if addon.cost_minor is None or addon.id in known:
            continue
        points = addon.cost_minor * 3 // 2
        set_price(tx, call.part(str(addon.id)), addon.id, points)
        priced += 1
    return priced


def pack_cards(tx: Tx, person_id: int) -> tuple[Partner, list[PackCard], list[PointPrice]]:
    """The packs on sale and the prices of a point, for the desk."""
    place = desk(tx, person_id)
    return (
        place.partner,
        [pack_card(pack) for pack in catalogue.packs(tx, place.partner.id)],
        catalogue.point_prices(tx, place.partner.id),
    )


def pack_card(pack: Pack) -> PackCard:
    return PackCard(pack.id, pack.points, pack.bonus, Money(pack.amount_minor, pack.currency))


def save_pack(tx: Tx, call: Call, pack_id: int | None, points: int, bonus: int, price: Money) -> PackCard:
    """Add a pack (`pack_id` None) or change one. A changed pack is a new one in the old one's place:

    open payment pages keep what they promised.
    """
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    _check_pack(points, bonus, price)
    partner = catalogue.lock_partner(tx, place.partner.id)
    packs = catalogue.packs(tx, partner.id)
    old = next((pack for pack in packs if pack.id == pack_id), None)
    if pack_id is not None and old is None:
        raise GoneError
    if old is not None:
        old.retired_at = call.at
    position = old.position if old is not None else max((pack.position for pack in packs), default=0) + 1
    pack = Pack(
        partner_id=partner.id,
        id=catalogue.next_number(tx, "pack"),
        points=points,
        bonus=bonus,
        amount_minor=price.amount_minor,
        currency=price.currency,
        position=position,
    )
    tx.session.add(pack)
    audit.record(
        tx,
        call,
        partner.id,
        "pack",
        subject=str(pack.id),
        before=_pack_facts(old) if old is not None else None,
        after=_pack_facts(pack),
    )
    return pack_card(pack)


def _pack_facts(pack: Pack) -> dict[str, int | str]:
    return {
        "points": pack.points,
        "bonus": pack.bonus,
        "amount_minor": pack.amount_minor,
        "currency": pack.currency,
    }


def _check_pack(points: int, bonus: int, price: Money) -> None:
    rules = currency_of(price.currency)
    if not 0 < points <= 100_000_000_00 or not 0 <= bonus <= 100_000_000_00:
        raise BadValueError("points", str(points))
    if not rules.minimum <= price.amount_minor <= rules.maximum or price.amount_minor % rules.step:
        raise BadValueError("amount", str(price.amount_minor))


def retire_pack(tx: Tx, call: Call, pack_id: int) -> None:
    """Take a pack off sale. Retiring twice changes nothing."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    pack = catalogue.pack(tx, place.partner.id, pack_id)
    if pack is None:
        raise GoneError
    if pack.retired_at is None:
        pack.retired_at = call.at
        audit.record(
            tx, call, place.partner.id, "retire_pack", subject=str(pack.id), before=_pack_facts(pack)
        )


def move_pack(tx: Tx, call: Call, pack_id: int, place_from_top: int) -> None:
    """Put a pack at a place of the list, 0 the first: naming the target, pressing twice changes nothing (R13)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    partner = catalogue.lock_partner(tx, place.partner.id)
    packs = catalogue.packs(tx, partner.id)
    moved = next((pack for pack in packs if pack.id == pack_id), None)
    if moved is None:
        raise GoneError
    place_before = packs.index(moved)
    packs.remove(moved)
    packs.insert(max(0, place_from_top), moved)
    if packs.index(moved) != place_before:
        audit.record(
            tx,
            call,
            partner.id,
            "move_pack",
            subject=str(pack_id),
            before={"place": place_before + 1, **_pack_facts(moved)},
            after={"place": packs.index(moved) + 1},
        )
    for position, pack in enumerate(packs, start=1):
        pack.position = position


def starter_packs(tx: Tx, call: Call) -> int:
    """Three packs to begin with in the partner's currency, if there are none. Answers how many were made."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    if catalogue.packs(tx, place.partner.id):
        return 0
    rules = currency_of(place.partner.currency)
    unit = 10**rules.exponent
    starters = ((1_000, 0, 9), (5_000, 0, 40), (15_000, 2_500, 110))
    made = 0
    for number, (points, bonus, major) in enumerate(starters):
        amount = major * unit
        while amount < rules.minimum:
            amount *= 10
        save_pack(tx, call.part(str(number)), None, points, bonus, Money(amount, rules.code))
        made += 1
    return made


def set_point_price(tx: Tx, call: Call, currency: str, price: str, minimum_minor: int = 0) -> PointPrice:
    """What one point costs in a currency, a decimal as text; from then on exact amounts can be bought (R3)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    code = currency_of(currency).code
    exact = parse_price_per_point(price)
    row = catalogue.point_price(tx, place.partner.id, code)
    before = row.price if row is not None else None
    if row is None:
        row = PointPrice(partner_id=place.partner.id, currency=code)
        tx.session.add(row)
    row.price, row.minimum_minor = str(exact), minimum_minor
    audit.record(
        tx,
        call,
        place.partner.id,
        "point_price",
        subject=code,
        before={"price": before},
        after={"price": row.price},
    )
    return row


def drop_point_price(tx: Tx, call: Call, currency: str) -> None:
    """Exact amounts in this currency are offered no more."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    row = catalogue.point_price(tx, place.partner.id, currency)
    if row is not None:
        audit.record(tx, call, place.partner.id, "point_price", subject=currency, before={"price": row.price})
        tx.session.delete(row)


def set_credit_billing(tx: Tx, call: Call, *, on: bool) -> None:
    """The master switch of selling add-ons for points (R26)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    partner = catalogue.lock_partner(tx, place.partner.id)
    if partner.credit_billing != on:
        partner.credit_billing = on
        tx.session.add(BillingSwitch(partner_id=partner.id, at=call.at, on=on))
        audit.record(tx, call, partner.id, "credit_billing", before={"on": not on}, after={"on": on})


def set_partner_name(tx: Tx, call: Call, name: str) -> None:
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    text = clean(name)
    if not text:
        raise BadValueError("name", name)
    audit.record(
        tx, call, place.partner.id, "name", before={"name": place.partner.name}, after={"name": text}
    )
    place.partner.name = text


def set_customers_may_remove(tx: Tx, call: Call, *, may: bool) -> None:
    """Whether customers remove add-ons themselves or ask the partner (R10)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    if place.partner.customers_may_remove != may:
        audit.record(
            tx, call, place.partner.id, "customers_may_remove", before={"may": not may}, after={"may": may}
        )
        place.partner.customers_may_remove = may


def set_charge_removal_date(tx: Tx, call: Call, *, on: bool) -> None:
    """Whether the date of removal is always charged (R8)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    if place.partner.charge_removal_date != on:
        audit.record(
            tx, call, place.partner.id, "charge_removal_date", before={"on": not on}, after={"on": on}
        )
        place.partner.charge_removal_date = on
