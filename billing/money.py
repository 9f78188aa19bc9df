"""Money in Stripe's minor units, and what a point costs in it (R3, R29). No float touches it.

How many decimals a currency has follows Stripe's tables, not the locale data's: the two disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType

from billing.points import HUNDREDTHS, AmountFormatError, Points, parse_scaled

MOST_MINOR = 99_999_999
"""Stripe takes eight digits."""

PRICE_PLACES = 6
"""Decimals that the price of one point may have, in major units."""

_ZERO_DECIMAL = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE_DECIMAL = "BHD JOD KWD OMR TND"
_WHOLE_ONLY = "ISK UGX"

# Stripe refuses what is worth less than 0.50 USD once converted to the account's own currency, so no fixed
# table is exact. These are major units with room for the exchange rates to move.
_LEAST: Mapping[str, str] = {
    "0.3": "BHD KWD OMR",
    "0.4": "GBP FKP GIP SHP",
    "0.5": "USD EUR CHF JOD KYD",
    "1": "AUD AWG AZN BAM BMD BND BSD CAD NZD PAB SGD XCG",
    "2": "BBD BYN BZD FJD GEL ILS TND TOP WST XCD",
    "3": "AED MYR PEN PGK PLN QAR RON SAR",
    "4": "BRL",
    "5": "BOB CNY DKK GTQ HKD MOP SBD TTD",
    "8": "NOK SEK",
    "10": "BWP MAD MVR SCR TJS",
    "15": "CZK LSL MDL MXN NAD SZL ZAR",
    "20": "HNL SLE THB TWD ZMW",
    "30": "NIO SRD UYU",
    "40": "EGP MKD MUR PHP UAH",
    "50": "AFN DOP GMD MZN TRY",
    "60": "ALL INR KGS RUB",
    "100": "BDT CVE DZD HTG ISK JPY KES NPR RSD VUV XPF",
    "150": "ETB JMD LRD",
    "200": "DJF GYD LKR PKR YER",
    "250": "HUF",
    "300": "AMD KMF",
    "400": "CRC KZT SOS XAF XOF",
    "800": "AOA CLP",
    "1000": "KRW RWF",
    "1200": "NGN",
    "1500": "MWK",
    "2000": "ARS BIF CDF MMK TZS",
    "3000": "COP KHR MNT UGX",
    "4000": "MGA",
    "5000": "PYG",
    "6000": "GNF",
    "10000": "UZS",
    "12000": "IDR",
    "20000": "LAK STD VND",
    "60000": "LBP",
}

_SIGNS: Mapping[str, str] = {
    "$": "ARS AUD BBD BMD BND BSD BZD CAD CLP COP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD "
    "USD UYU XCD",
    "€": "EUR",
    "£": "EGP FKP GBP GIP LBP SHP",
    "¥": "CNY JPY",
    "₩": "KRW",
    "₦": "NGN",
    "₪": "ILS",
    "₫": "VND",
    "₱": "PHP",
    "₴": "UAH",
    "₸": "KZT",
    "₹": "INR",
    "₺": "TRY",
    "₽": "RUB",
}


class UnknownCurrencyError(ValueError):
    """A code that Stripe doesn't charge in. ``key`` names the sentence that says so."""

    key = "currency-unknown"


class MoneyFormatError(AmountFormatError):
    """Text that is not an amount in the currency asked for.

    Beside the keys of AmountFormatError: ``amount-negative``, ``amount-not-positive`` (a price of zero or
    less), ``amount-currency`` (another currency is named) and ``amount-step`` (the currency isn't charged
    that finely).
    """


class AmountOutOfRangeError(ValueError):
    """More than Stripe takes in one payment. ``most`` is the largest amount it does."""

    key = "amount-too-large"

    def __init__(self, most: "Money") -> None:
        super().__init__(f"more than {most.amount_minor} {most.currency} in one payment")
        self.most = most


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency as Stripe's API counts it.

    ``exponent``: decimals of the minor unit in the API. ``step``: every amount is a multiple of it, in minor
    units. ``digits``: decimals to show and to accept. ``minimum``, ``maximum``: what one payment may be, in
    minor units; the minimum is an estimate on the safe side, Stripe's answer decides.
    """

    code: str
    exponent: int
    step: int
    digits: int
    minimum: int
    maximum: int = MOST_MINOR


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor units of a known currency, whose code is upper case."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise UnknownCurrencyError(self.currency)


def _currency(code: str, least: str) -> Currency:
    exponent, step, digits = 2, 1, 2
    if code in _ZERO_DECIMAL.split():
        exponent, step, digits = 0, 1, 0
    elif code in _THREE_DECIMAL.split():
        exponent, step, digits = 3, 10, 3
    elif code in _WHOLE_ONLY.split():
        exponent, step, digits = 2, 100, 0
    return Currency(code, exponent, step, digits, minimum=int(Fraction(least) * 10**exponent))


CURRENCIES: Mapping[str, Currency] = MappingProxyType(
    {code: _currency(code, least) for least, codes in _LEAST.items() for code in codes.split()}
)
"""What Stripe presents prices in, by upper-case code."""


def currency(code: str) -> Currency:
    """The currency of a code in any case. Raises UnknownCurrencyError."""
    try:
        return CURRENCIES[code.strip().upper()]
    except KeyError:
        raise UnknownCurrencyError(code[:16]) from None


def to_decimal(money: Money) -> Decimal:
    """The amount in major units, with the decimals to show: 4000 USD -> 40.00, 500 ISK -> 5."""
    kind = CURRENCIES[money.currency]
    major = Decimal(money.amount_minor).scaleb(-kind.exponent)
    rounded = round(major, kind.digits)
    # An amount off the currency's step can only come from elsewhere; its digits are shown, not hidden.
    return rounded if rounded == major else major


def parse_money(text: str, code: str, *, decimal: str = ".", group: str = ",") -> Money:
    """Money from what a person typed for a known currency: "40", "1,5", "$40", "40 usd", "1 000 €".

    Read as leniently as points are; never below zero, never finer than the currency is charged. A sign or
    code of another currency is refused. Raises MoneyFormatError, UnknownCurrencyError.
    """
    kind = currency(code)
    unit = 10 ** (kind.exponent - kind.digits)
    bare = _without_currency(text, kind.code)
    amount_minor = unit * _scaled(bare, kind.digits, kind.maximum // unit, decimal, group)
    if amount_minor < 0:
        raise MoneyFormatError("amount-negative", text)
    if amount_minor % kind.step:
        raise MoneyFormatError("amount-step", text)
    return Money(amount_minor, kind.code)


def parse_price_per_point(text: str, *, decimal: str = ".", group: str = ",") -> Decimal:
    """What one point costs in major units, with at most six decimals; more than zero.

    Raises MoneyFormatError. The Decimal is exact: store it as its string.
    """
    most = MOST_MINOR * 10**PRICE_PLACES
    scaled = _scaled(text, PRICE_PLACES, most, decimal, group)
    if scaled <= 0:
        raise MoneyFormatError("amount-not-positive", text)
    whole, millionths = divmod(scaled, 10**PRICE_PLACES)
    return Decimal(f"{whole}.{millionths:06d}".rstrip("0").rstrip("."))


def exact_amount(points: Points, price: Decimal | str, code: str, *, least: int = 0) -> Money:
    """What to pay for a shortfall of ``points`` hundredths at ``price`` major units a point (R3).

    Rounded up to the currency's step; not below Stripe's minimum nor ``least``, the partner's own minimum in
    minor units. Raises AmountOutOfRangeError above what one payment may be, ValueError for no points.
    """
    if points <= 0:
        raise ValueError(f"nothing is missing: {points}")
    kind = currency(code)
    exact_minor = Fraction(points, HUNDREDTHS) * _exact(price) * 10**kind.exponent
    lowest = max(kind.minimum, least)
    amount_minor = ceil(max(exact_minor, lowest) / Fraction(kind.step)) * kind.step
    if amount_minor > kind.maximum:
        raise AmountOutOfRangeError(Money(kind.maximum // kind.step * kind.step, kind.code))
    return Money(amount_minor, kind.code)


def points_for(money: Money, price: Decimal | str) -> Points:
    """The hundredths of points that ``money`` buys, a started hundredth left out.

    Never fewer than the shortfall that ``exact_amount`` was asked for: what it rounded up is credited too.
    """
    kind = CURRENCIES[money.currency]
    return floor(Fraction(money.amount_minor, 10**kind.exponent) / _exact(price) * HUNDREDTHS)


def proportional(points: Points, refunded_minor: int, amount_minor: int) -> Points:
    """The share of ``points`` to take back in all, once ``refunded_minor`` of ``amount_minor`` went back (R29).

    By cumulative amount: post the difference to what was taken before, and the last refund takes the rest.
    Rounded down; a refund beyond the amount takes everything and no more.
    """
    if amount_minor <= 0 or refunded_minor < 0 or points < 0:
        raise ValueError(f"no share: {refunded_minor} of {amount_minor} for {points}")
    return points * min(refunded_minor, amount_minor) // amount_minor


def _exact(price: Decimal | str) -> Fraction:
    try:
        exact = Decimal(price)
    except InvalidOperation:
        raise ValueError(f"no price per point: {price!r}") from None
    if not exact.is_finite() or exact <= 0:
        raise ValueError(f"no price per point: {price!r}")
    return Fraction(exact)


def _scaled(text: str, places: int, most: int, decimal: str, group: str) -> int:
    try:
        return parse_scaled(text, places=places, most=most, decimal=decimal, group=group)
    except AmountFormatError as refusal:
        raise MoneyFormatError(refusal.key, text) from None


def _without_currency(text: str, code: str) -> str:
    """The text without this currency's code or sign, in front or behind."""
    bare = text.strip()
    for sign, codes in _SIGNS.items():
        if sign in bare:
            if code not in codes.split():
                raise MoneyFormatError("amount-currency", text)
            return bare.removeprefix(sign) if bare.startswith(sign) else bare.removesuffix(sign)
    for named in (bare[:3], bare[-3:]):
        if named.isalpha() and named.isascii():
            if named.upper() != code:
                known = named.upper() in CURRENCIES
                raise MoneyFormatError("amount-currency" if known else "amount-not-a-number", text)
            return bare[3:] if bare.startswith(named) else bare[:-3]
    return bare
