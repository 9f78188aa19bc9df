"""Margin guard (R32): what a price or a pack brings against what the partner pays, shown before it is saved."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from billing.access import DeskRole, desk
from billing.catalogue import AddonCard, PackCard, addon_card, pack_card, price_applies_from, price_at
from billing.errors import AmountError, BadValueError
from billing.money import Money
from billing.money import currency as currency_of
from billing.points import HUNDREDTHS
from storage import catalogue
from storage.transaction import Tx

MOST_PACK = 100_000_000 * HUNDREDTHS
"""Hundredths of points that one pack may hold."""


@dataclass(frozen=True, slots=True)
class PackLoss:
    """A unit sold for points of this pack earns so much less than it costs. `pack` None: points bought exactly."""

    pack: PackCard | None
    lost: Money


@dataclass(frozen=True, slots=True)
class PricePreview:
    """What saving a price would do."""

    addon: AddonCard
    price: int
    """Hundredths of points."""
    applies_from: dt.date | None
    """None: from today."""
    least: Money | None
    """What a unit brings with the cheapest points, in the cost's currency; None: nothing to compare with."""
    most: Money | None
    losses: tuple[PackLoss, ...]


@dataclass(frozen=True, slots=True)
class AddonLoss:
    """An add-on whose unit, paid with points of the pack, earns so much less than it costs."""

    addon: str
    lost: Money


@dataclass(frozen=True, slots=True)
class PackPreview:
    """What saving a pack would mean; points in hundredths."""

    points: int
    bonus: int
    price: Money
    losses: tuple[AddonLoss, ...]
    compared: bool
    """False: no add-on has a cost in this currency."""


def price_preview(tx: Tx, person_id: int, addon_id: int, price: int, today: dt.date) -> PricePreview:
    """A price before it is saved. Raises GoneError, BadValueError, NotAllowedError."""
    partner = desk(tx, person_id, DeskRole.ADMIN).partner
    if not 0 <= price <= 100_000_000:
        raise BadValueError("price", str(price))
    addon = addon_card(tx, person_id, addon_id, today)
    applies_from = price_applies_from(partner, addon.price, price, today, held=addon.workspaces > 0)
    later = applies_from if applies_from > today else None
    if addon.cost is None:
        return PricePreview(addon, price, later, None, None, ())
    currency = addon.cost.currency
    ways: list[tuple[PackCard | None, Fraction]] = [
        (pack_card(pack), Fraction(pack.amount_minor * price, pack.points + pack.bonus))
        for pack in catalogue.packs(tx, partner.id)
        if pack.currency == currency
    ]
    exact = catalogue.point_price(tx, partner.id, currency)
    if exact is not None:
        unit = 10 ** currency_of(currency).exponent
        ways.append((None, Fraction(exact.price) * unit * price / HUNDREDTHS))
    brings = [each for _, each in ways]
    return PricePreview(
        addon,
        price,
        later,
        Money(floor(min(brings)), currency) if brings else None,
        Money(floor(max(brings)), currency) if brings else None,
        tuple(PackLoss(pack, lost) for pack, lost in _losses(ways, addon.cost)),
    )


def _losses(
    ways: Iterable[tuple[PackCard | None, Fraction]], cost: Money
) -> list[tuple[PackCard | None, Money]]:
    return [
        (pack, Money(ceil(cost.amount_minor - brought), cost.currency))
        for pack, brought in ways
        if brought < cost.amount_minor
    ]


def pack_preview(tx: Tx, person_id: int, points: int, bonus: int, price: Money) -> PackPreview:
    """A pack before it is saved. Raises BadValueError (points), AmountError, NotAllowedError."""
    partner = desk(tx, person_id, DeskRole.ADMIN).partner
    check_pack_points(points, bonus)
    rules = currency_of(price.currency)
    if not rules.minimum <= price.amount_minor <= rules.maximum:
        raise AmountError(rules.minimum, rules.maximum, rules.code)
    prices = catalogue.addon_prices(tx, partner.id)
    losses, compared = [], False
    for addon in catalogue.addons(tx, partner.id):
        selling = price_at(prices.get(addon.id, []), dt.date.max)
        if selling is None or addon.cost_minor is None or addon.cost_currency != price.currency:
            continue
        compared = True
        brought = Fraction(price.amount_minor * selling, points + bonus)
        if brought < addon.cost_minor:
            losses.append(AddonLoss(addon.label, Money(ceil(addon.cost_minor - brought), price.currency)))
    return PackPreview(points, bonus, price, tuple(losses), compared)


def check_pack_points(points: int, bonus: int) -> None:
    """Raises BadValueError for a pack without points or with more than fit."""
    if not 0 < points <= MOST_PACK:
        raise BadValueError("points", str(points))
    if not 0 <= bonus <= MOST_PACK:
        raise BadValueError("bonus", str(bonus))
