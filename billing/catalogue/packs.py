"""Packs (R2) and the price of one point (R3)."""

from dataclasses import dataclass

from billing import audit
from billing.access import desk, desk_partner
from billing.call import Call
from billing.errors import BadValueError, GoneError
from billing.money import Money, parse_price_per_point, to_decimal
from billing.money import currency as currency_of
from storage import catalogue
from storage.models import (
    Pack,
    Partner,
    PointPrice,
)
from storage.transaction import Tx

_STARTERS = ((1_000, 0, 9), (5_000, 0, 40), (15_000, 2_500, 110))
"""Points, bonus, and a price in dollars or a round multiple of it in another currency; the smallest first."""


@dataclass(frozen=True, slots=True)
class PackCard:
    """A top-up option; points in hundredths."""

    id: int
    points: int
    bonus: int
    price: Money


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

    open payment pages keep what they promised. A call that is handled again makes no second one.
    """
    partner = desk_partner(tx, call.person_id)
    _check_pack(points, bonus, price)
    made = audit.recorded(tx, call, partner.id, "pack")
    if made is not None:
        known = catalogue.pack(tx, partner.id, int(made.subject))
        assert known is not None, "packs keep their row"
        return pack_card(known)
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
    partner = desk_partner(tx, call.person_id)
    pack = catalogue.pack(tx, partner.id, pack_id)
    if pack is None:
        raise GoneError
    if pack.retired_at is None:
        pack.retired_at = call.at
        audit.record(tx, call, partner.id, "retire_pack", subject=str(pack.id), before=_pack_facts(pack))


def move_pack(tx: Tx, call: Call, pack_id: int, place_from_top: int) -> None:
    """Put a pack at a place of the list, 0 the first: naming the target, pressing twice changes nothing (R13)."""
    partner = desk_partner(tx, call.person_id)
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
    """Packs to begin with in the partner's currency, if there are none. Answers how many were made.

    Three, less those that cost more than one payment may be. With them comes a price for a single point,
    a little above the smallest pack's, so that exact amounts can be bought too (R3).
    """
    partner = desk_partner(tx, call.person_id)
    if catalogue.packs(tx, partner.id):
        return 0
    rules = currency_of(partner.currency)
    units = (factor * 10 ** (rules.exponent + zeros) for zeros in range(9) for factor in (1, 2, 5))
    unit = next(unit for unit in units if unit * _STARTERS[0][2] >= rules.minimum)
    on_offer = [starter for starter in _STARTERS if starter[2] * unit <= rules.maximum]
    for number, (points, bonus, price) in enumerate(on_offer):
        save_pack(tx, call.part(str(number)), None, points, bonus, Money(price * unit, rules.code))
    if not catalogue.point_prices(tx, partner.id):
        set_point_price(tx, call.part("exact"), rules.code, str(to_decimal(Money(unit, rules.code))))
    return len(on_offer)


def set_point_price(
    tx: Tx, call: Call, currency: str, price: str, minimum_minor: int | None = None
) -> PointPrice:
    """What one point costs in a currency, a decimal as text; from then on exact amounts can be bought (R3).

    `minimum_minor`: the least that one such purchase is to cost, 0 for Stripe's own minimum, None to leave it as it is.
    """
    partner = desk_partner(tx, call.person_id)
    rules = currency_of(currency)
    exact = parse_price_per_point(price)
    row = catalogue.point_price(tx, partner.id, rules.code)
    before = _point_price_facts(row)
    least = minimum_minor if minimum_minor is not None else row.minimum_minor if row is not None else 0
    check_minimum(Money(least, rules.code))
    if row is None:
        row = PointPrice(partner_id=partner.id, currency=rules.code)
        tx.session.add(row)
    row.price, row.minimum_minor = str(exact), least
    audit.record(
        tx,
        call,
        partner.id,
        "point_price",
        subject=rules.code,
        before=before,
        after=_point_price_facts(row),
    )
    return row


def check_minimum(minimum: Money) -> None:
    """Raises BadValueError for a least purchase that no payment can be; zero stands for Stripe's own."""
    if not 0 <= minimum.amount_minor <= currency_of(minimum.currency).maximum:
        raise BadValueError("amount", str(minimum.amount_minor))


def drop_point_price(tx: Tx, call: Call, currency: str) -> None:
    """Exact amounts in this currency are offered no more."""
    partner = desk_partner(tx, call.person_id)
    code = currency_of(currency).code
    row = catalogue.point_price(tx, partner.id, code)
    if row is not None:
        audit.record(tx, call, partner.id, "point_price", subject=code, before=_point_price_facts(row))
        tx.session.delete(row)


def _point_price_facts(row: PointPrice | None) -> dict[str, int | str | None]:
    if row is None:
        return {"price": None}
    return {"price": row.price, "minimum_minor": row.minimum_minor}
