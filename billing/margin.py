"""Margin guard (R32): what a price or a pack brings against what the partner pays, shown before it is saved."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from billing import catalogue
from billing.access import DeskRole, desk
from billing.catalogue import AddonCard, PackCard
from billing.errors import AmountError, BadValueError
from billing.money import Money, parse_price_per_point
from billing.money import currency as currency_of
from billing.points import HUNDREDTHS
from storage import catalogue as rows
from storage.models import Partner
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
    """The earliest start of a cycle that it holds for; None: for running ones too."""
    least: Money | None
    """What a unit brings with the cheapest points, in the cost's currency; None: nothing to compare with."""
    most: Money | None
    losses: tuple[PackLoss, ...]
    not_compared: tuple[str, ...]
    """Currencies in which points are sold too, but the cost is not."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A price for an add-on that has none; `price` in hundredths, `worst` the most that a unit loses with some pack."""

    addon: str
    cost: Money
    price: int
    worst: PackLoss | None


@dataclass(frozen=True, slots=True)
class SuggestionsPreview:
    """What saving the suggested prices would do."""

    prices: tuple[Suggestion, ...]
    not_compared: tuple[str, ...]
    """Currencies in which points are sold, but some cost is not."""

    @property
    def total(self) -> int:
        """By which the saving knows that these are the prices that were shown."""
        return sum(each.price for each in self.prices)


@dataclass(frozen=True, slots=True)
class AddonLoss:
    """An add-on whose unit, paid with these points, earns so much less than it costs."""

    addon: str
    lost: Money


@dataclass(frozen=True, slots=True)
class Comparison:
    """Points at a price against what add-ons cost."""

    losses: tuple[AddonLoss, ...]
    compared: bool
    """False: no add-on has a cost in this currency."""
    not_compared: tuple[str, ...]
    """Other currencies in which add-ons have costs."""


@dataclass(frozen=True, slots=True)
class PackPreview:
    """What saving a pack would mean; points in hundredths."""

    points: int
    bonus: int
    price: Money
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class PointPricePreview:
    """What saving the price of a point would mean."""

    currency: str
    before: Decimal | None
    """In major units; None: exact amounts are not sold in this currency yet."""
    price: Decimal
    minimum: Money
    """The partner's own least purchase; zero: Stripe's."""
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to buy points. `pack` None: exactly."""

    pack: PackCard | None
    currency: str
    rate: Fraction
    """Minor units for a hundredth of a point."""


def price_preview(tx: Tx, person_id: int, addon_id: int, price: int, today: dt.date) -> PricePreview:
    """A price before it is saved. Raises GoneError, BadValueError, NotAllowedError."""
    partner = desk(tx, person_id, DeskRole.ADMIN).partner
    catalogue.check_price(price)
    addon = catalogue.addon_card(tx, person_id, addon_id, today)
    applies_from = catalogue.place(tx, partner, addon_id, price, today).applies_from
    later = applies_from if applies_from > catalogue.ALWAYS else None
    if addon.cost is None:
        return PricePreview(addon, price, later, None, None, (), ())
    ways = _ways(tx, partner)
    brings = [way.rate * price for way in ways if way.currency == addon.cost.currency]
    return PricePreview(
        addon,
        price,
        later,
        Money(floor(min(brings)), addon.cost.currency) if brings else None,
        Money(floor(max(brings)), addon.cost.currency) if brings else None,
        tuple(_losses(ways, price, addon.cost)),
        _others((way.currency for way in ways), addon.cost.currency),
    )


def suggestions_preview(tx: Tx, person_id: int) -> SuggestionsPreview:
    """The suggested prices before they are saved. Raises NotAllowedError."""
    partner = desk(tx, person_id, DeskRole.ADMIN).partner
    ways = _ways(tx, partner)
    found = []
    others: set[str] = set()
    for addon, price in catalogue.suggestions(tx, partner.id):
        cost = catalogue.cost_of(addon)
        assert cost is not None, "only what has a cost gets a suggestion"
        worst = max(_losses(ways, price, cost), key=lambda loss: loss.lost.amount_minor, default=None)
        found.append(Suggestion(addon.label, cost, price, worst))
        others.update(_others((way.currency for way in ways), cost.currency))
    return SuggestionsPreview(tuple(found), tuple(sorted(others)))


def pack_preview(
    tx: Tx, person_id: int, points: int, bonus: int, price: Money, today: dt.date
) -> PackPreview:
    """A pack before it is saved. Raises BadValueError (points), AmountError, NotAllowedError."""
    partner = desk(tx, person_id, DeskRole.ADMIN).partner
    check_pack_points(points, bonus)
    rules = currency_of(price.currency)
    if not rules.minimum <= price.amount_minor <= rules.maximum:
        raise AmountError(rules.minimum, rules.maximum, rules.code)
    rate = Fraction(price.amount_minor, points + bonus)
    return PackPreview(points, bonus, price, _compared(tx, partner, price.currency, rate, today))


def point_price_preview(
    tx: Tx, person_id: int, currency: str, price: str, minimum_minor: int | None, today: dt.date
) -> PointPricePreview:
    """The price of a point before it is saved, a decimal as text; `minimum_minor` None: as it is (R3).

    Raises MoneyFormatError, BadValueError (amount), NotAllowedError.
    """
    partner = desk(tx, person_id, DeskRole.ADMIN).partner
    exact, known = parse_price_per_point(price), rows.point_price(tx, partner.id, currency)
    least = minimum_minor if minimum_minor is not None else known.minimum_minor if known is not None else 0
    minimum = Money(least, currency)
    catalogue.check_minimum(minimum)
    return PointPricePreview(
        currency,
        Decimal(known.price) if known is not None else None,
        exact,
        minimum,
        _compared(tx, partner, currency, _exact_rate(exact, currency), today),
    )


def _ways(tx: Tx, partner: Partner) -> list[_Way]:
    packs = [catalogue.pack_card(pack) for pack in rows.packs(tx, partner.id)]
    return [
        *(
            _Way(pack, pack.price.currency, Fraction(pack.price.amount_minor, pack.points + pack.bonus))
            for pack in packs
        ),
        *(
            _Way(None, row.currency, _exact_rate(Decimal(row.price), row.currency))
            for row in rows.point_prices(tx, partner.id)
        ),
    ]


def _exact_rate(price: Decimal, currency: str) -> Fraction:
    unit: int = 10 ** currency_of(currency).exponent
    return Fraction(price) * unit / HUNDREDTHS


def _losses(ways: Iterable[_Way], price: int, cost: Money) -> list[PackLoss]:
    return [
        PackLoss(way.pack, Money(ceil(cost.amount_minor - way.rate * price), cost.currency))
        for way in ways
        if way.currency == cost.currency and way.rate * price < cost.amount_minor
    ]


def _compared(tx: Tx, partner: Partner, currency: str, rate: Fraction, today: dt.date) -> Comparison:
    """Points at so many minor units a hundredth, against every add-on at its lowest price from today on."""
    prices = rows.addon_prices(tx, partner.id)
    losses, currencies = [], set()
    for addon in rows.addons(tx, partner.id):
        cost = catalogue.cost_of(addon)
        selling = catalogue.lowest_price(prices.get(addon.id, []), today)
        if cost is None or selling is None:
            continue
        currencies.add(cost.currency)
        brought = rate * selling
        if cost.currency == currency and brought < cost.amount_minor:
            losses.append(AddonLoss(addon.label, Money(ceil(cost.amount_minor - brought), currency)))
    return Comparison(tuple(losses), currency in currencies, _others(currencies, currency))


def _others(currencies: Iterable[str], currency: str) -> tuple[str, ...]:
    return tuple(sorted(set(currencies) - {currency}))


def check_pack_points(points: int, bonus: int) -> None:
    """Raises BadValueError for a pack without points or with more than fit."""
    if not 0 < points <= MOST_PACK:
        raise BadValueError("points", str(points))
    if not 0 <= bonus <= MOST_PACK:
        raise BadValueError("bonus", str(bonus))
