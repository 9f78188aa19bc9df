"""What somebody chose to buy, what it gives and what it costs (R3, R27)."""

from dataclasses import dataclass

from billing.errors import (
    AmountError,
    BadValueError,
    GoneError,
)
from billing.money import CURRENCIES, AmountOutOfRangeError, Money, exact_amount, points_for
from billing.money import currency as currency_of
from storage import catalogue
from storage.models import Partner
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to pay for: a pack, or (None) an exact number of points in a currency."""

    pack_id: int | None
    points: int = 0
    currency: str = ""
    packs: int = 1
    """How many of the pack."""
    save_card: bool = False
    """Paying saves the card for auto top-up (R17)."""
    recovers_id: int | None = None
    """The automatic order that failed and is made good by this one (R18)."""


def priced(tx: Tx, partner: Partner, choice: Choice) -> tuple[int, int, Money]:
    if choice.pack_id is not None:
        pack = catalogue.pack(tx, partner.id, choice.pack_id)
        if pack is None or pack.retired_at is not None:
            raise GoneError
        if choice.packs > most_packs(Money(pack.amount_minor, pack.currency)):
            rules = currency_of(pack.currency)
            raise AmountError(rules.minimum, rules.maximum, rules.code)
        price = Money(pack.amount_minor * choice.packs, pack.currency)
        return pack.points * choice.packs, pack.bonus * choice.packs, price
    row = catalogue.point_price(tx, partner.id, choice.currency) if choice.currency in CURRENCIES else None
    if row is None:
        raise GoneError
    if choice.points <= 0:
        raise BadValueError("points", str(choice.points))
    try:
        money = exact_amount(choice.points, row.price, row.currency, least=row.minimum_minor)
    except AmountOutOfRangeError as error:
        rules = currency_of(row.currency)
        raise AmountError(rules.minimum, error.most.amount_minor, row.currency) from None
    return points_for(money, row.price), 0, money


def most_packs(price: Money) -> int:
    """How many of a pack one payment has room for."""
    return CURRENCIES[price.currency].maximum // price.amount_minor
