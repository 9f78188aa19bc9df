"""Ways to buy points: packs, exact amounts, and what covers what is missing (R3, R12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.access import Role, seat
from billing.catalogue import PackCard
from billing.money import AmountOutOfRangeError, Money, exact_amount, points_for
from billing.money import currency as currency_of
from billing.orders.choosing import Choice, most_packs, priced
from storage import catalogue
from storage import topup as topups
from storage.topup import PriceOfPoint
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class PackOffer:
    """A pack as a customer sees it. `per_point`: major units for one point, bonus included."""

    card: PackCard
    per_point: Decimal
    best: bool


@dataclass(frozen=True, slots=True)
class ExactOffer:
    """Exact amounts in a currency: what one point costs."""

    currency: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Fitting:
    """Ways to get all of `missing` hundredths of points in one payment: the pack that fits, and the exact amount
    (R3, R12). Neither, where one payment can't reach so far.
    """

    missing: int
    pack: PackOffer | None
    packs: int
    """How many of the pack."""
    exact: Money | None
    exact_points: int

    @property
    def reaches(self) -> bool:
        return self.pack is not None or self.exact is not None


def fitting(tx: Tx, person_id: int, workspace_id: int, missing: int) -> Fitting:
    """How to buy what is missing: the pack that covers it, or the fewest of one that do, and the exact amount."""
    place = seat(tx, person_id, workspace_id)
    offers, exact = offered(tx, place.partner.id)
    pack, packs = _best(offers, missing) or (None, 0)
    price = _preferred(exact, pack)
    if price is None or missing <= 0:
        return Fitting(missing, pack, packs, None, 0)
    try:
        money = exact_amount(missing, price.price, price.currency, least=price.minimum_minor)
    except AmountOutOfRangeError:
        return Fitting(missing, pack, packs, None, 0)
    if pack is not None and _costs_no_more(pack, packs, money):
        return Fitting(missing, pack, packs, None, 0)
    return Fitting(missing, pack, packs, money, points_for(money, price.price))


def _best(offers: Sequence[PackOffer], missing: int) -> tuple[PackOffer, int] | None:
    """The cheapest pack that covers what is missing; where none does, the cheapest way to with several of one.

    None: one payment can't. Amounts of different currencies can't be compared, so the first that covers it decides
    which counts.
    """
    covering = [(offer, 1) for offer in offers if offer.card.points + offer.card.bonus >= missing]
    if not covering:
        counted = [(offer, -(-missing // (offer.card.points + offer.card.bonus))) for offer in offers]
        covering = [(offer, count) for offer, count in counted if count <= most_packs(offer.card.price)]
    home = [each for each in covering if each[0].card.price.currency == covering[0][0].card.price.currency]
    return min(home, key=lambda each: (each[0].card.price.amount_minor * each[1], each[1]), default=None)


def _costs_no_more(pack: PackOffer, packs: int, exact: Money) -> bool:
    """Whether nobody in his right mind would pay the exact amount, where the packs give no less."""
    price = pack.card.price
    return price.currency == exact.currency and price.amount_minor * packs <= exact.amount_minor


def _preferred(exact: list[PriceOfPoint], pack: PackOffer | None) -> PriceOfPoint | None:
    wanted = pack.card.price.currency if pack is not None else None
    return next((row for row in exact if row.currency == wanted), exact[0] if exact else None)


def offered(tx: Tx, partner_id: int) -> tuple[tuple[PackOffer, ...], list[PriceOfPoint]]:
    cards = [
        PackCard(pack.id, pack.points, pack.bonus, Money(pack.amount_minor, pack.currency))
        for pack in topups.packs(tx, partner_id)
    ]
    each = {card.id: _per_point(card) for card in cards}
    best: dict[str, Fraction] = {}
    for card in cards:
        currency = card.price.currency
        best[currency] = min(best.get(currency, each[card.id]), each[card.id])
    several = {c for c in best if sum(card.price.currency == c for card in cards) > 1}
    return (
        tuple(
            PackOffer(
                card,
                _rounded(each[card.id]),
                card.price.currency in several and each[card.id] == best[card.price.currency],
            )
            for card in cards
        ),
        topups.point_prices(tx, partner_id),
    )


def price_per_point(card: PackCard) -> Decimal:
    """Major units for one point of a pack, bonus included, rounded for reading."""
    return _rounded(_per_point(card))


def _per_point(card: PackCard) -> Fraction:
    rules = currency_of(card.price.currency)
    return Fraction(card.price.amount_minor * 100, 10**rules.exponent * (card.points + card.bonus))


def _rounded(price: Fraction) -> Decimal:
    """Two decimals more than a cent where the price is tiny."""
    places = 2 if price >= Fraction(1, 10) else 4
    return Decimal(round(price * 10**places)).scaleb(-places)


def exact_price(
    tx: Tx, person_id: int, workspace_id: int, currency: str, points: int
) -> tuple[int, Money, ExactOffer, Fitting]:
    """What an exact number of points costs in a currency: points that the money buys, money, the offer, and beside
    it the pack that fits best (R3). Its `exact` is None where the pack gives no less for no more money.

    Raises GoneError (no price in this currency), AmountError, BadValueError.
    """
    partner = seat(tx, person_id, workspace_id, Role.BILLING).partner
    bought, _, money = priced(tx, partner, Choice(None, points, currency))
    row = catalogue.point_price(tx, partner.id, currency)
    assert row is not None, "it was priced just now"
    offers, _ = offered(tx, partner.id)
    same = [offer for offer in offers if offer.card.price.currency == currency]
    pack, packs = _best(same, points) or _best(offers, points) or (None, 0)
    dominated = pack is not None and _costs_no_more(pack, packs, money)
    fit = Fitting(points, pack, packs, None if dominated else money, bought)
    return bought, money, ExactOffer(row.currency, Decimal(row.price)), fit
