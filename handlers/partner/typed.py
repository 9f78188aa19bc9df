"""Reading what people type: money with its currency, whole numbers, days, time zones."""

import datetime as dt
import re
from functools import cache
from zoneinfo import available_timezones

from babel.dates import get_month_names

from billing.cycle import UnknownZoneError, zone_named
from billing.errors import BadValueError
from billing.money import MOST_MINOR, Money, UnknownCurrencyError, parse_money
from billing.money import currency as currency_of
from billing.points import AmountFormatError, parse_points, parse_scaled
from handlers.tongue import Tongue

READING_ERRORS = (AmountFormatError, UnknownCurrencyError, UnknownZoneError, BadValueError)
"""What the readers here raise; the words are handlers.partner.wrong's."""

_SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₺": "TRY", "₽": "RUB"}
_MOST_COUNT = 10**15
_NUMBERS = re.compile(r"\d+")
_ZONES_OFFERED = 6


def points(text: str, t: Tongue) -> int:
    """Hundredths. Raises AmountFormatError."""
    return parse_points(text, decimal=t.decimal_mark, group=t.group_mark)


def count(text: str, t: Tongue, *, most: int = _MOST_COUNT) -> int:
    """A whole number from 0. Raises AmountFormatError, BadValueError."""
    value = parse_scaled(text, places=0, most=most, decimal=t.decimal_mark, group=t.group_mark)
    if value < 0:
        raise BadValueError("count", text)
    return value


def money(text: str, usual: str, t: Tongue) -> Money:
    """Money with its currency in front or behind, or in the usual one. AmountFormatError, UnknownCurrencyError."""
    code = currency_in(text, usual)
    return parse_money(text, code, decimal=t.decimal_mark, group=t.group_mark)


def price_of_point(text: str, usual: str, t: Tongue) -> tuple[str, str]:
    """What one point costs as an exact decimal text, and its currency: "0.8 USD". Raises as money."""
    code = currency_of(currency_in(text, usual)).code
    bare = re.sub(rf"{code}|[$€£¥₹₩₺₽]", "", text, flags=re.IGNORECASE)
    millionths = parse_scaled(
        bare, places=6, most=MOST_MINOR * 10**6, decimal=t.decimal_mark, group=t.group_mark
    )
    if millionths <= 0:
        raise BadValueError("point_price", text)
    whole, rest = divmod(millionths, 10**6)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip("."), code


def currency_in(text: str, usual: str) -> str:
    """The currency that a text names by code or sign, else the usual one."""
    words: list[str] = re.findall(r"[^\W\d_]+", text)
    if len(words) == 1 and len(words[0]) == 3 and words[0].isascii():
        return words[0].upper()
    return next((code for sign, code in _SIGNS.items() if sign in text), usual)


def day(text: str, t: Tongue, today: dt.date) -> dt.date:
    """A date: 1.12.2026, 2026-12-01, 1 Dec, Dec 1, 15. Without a year the next such date, today included.

    Day before month, as most of the world writes it. Raises BadValueError.
    """
    try:
        return _day(text, t, today)
    except (ValueError, OverflowError):
        raise BadValueError("day", text) from None


def _day(text: str, t: Tongue, today: dt.date) -> dt.date:
    month = _named_month(text, t)
    numbers = [int(found) for found in _NUMBERS.findall(text[:32])]
    if month is not None:
        day_of_month, *year = sorted(numbers, key=lambda number: number > 31)
        return _dated(year, month, day_of_month, today)
    if len(numbers) == 3 and numbers[0] > 31:
        return dt.date(*numbers)
    if len(numbers) in {2, 3}:
        return _dated(numbers[2:], numbers[1], numbers[0], today)
    (day_of_month,) = numbers
    month_index = today.year * 12 + today.month - 1
    for ahead in range(13):
        year_number, month_number = divmod(month_index + ahead, 12)
        try:
            found = dt.date(year_number, month_number + 1, day_of_month)
        except ValueError:
            continue
        if found >= today:
            return found
    raise ValueError(text)


def _dated(year: list[int], month: int, day_of_month: int, today: dt.date) -> dt.date:
    if year:
        (number,) = year
        return dt.date(number + 2000 if number < 100 else number, month, day_of_month)
    found = dt.date(today.year, month, day_of_month)
    return found if found >= today else found.replace(year=today.year + 1)


def _named_month(text: str, t: Tongue) -> int | None:
    words = [word.casefold() for word in re.findall(r"[^\W\d_]{3,}", text)]
    for locale in (t.locale, "en"):
        names: dict[int, str] = dict(get_month_names("wide", locale=locale))
        for number, name in names.items():
            if any(name.casefold().startswith(word) for word in words):
                return number
    return None


def zones(text: str) -> list[str]:
    """Time zones that a typed name or city may mean, at most six; the first is the only one if it is exact.

    Raises UnknownZoneError.
    """
    try:
        return [zone_named(text).key]
    except UnknownZoneError:
        wanted = _plain(text)
        found = [name for city, name in _cities() if wanted and city.startswith(wanted)]
        if not found:
            raise
        exact = [name for name in found if _plain(name.rpartition("/")[2]) == wanted]
        return exact[:1] if len(exact) == 1 else found[:_ZONES_OFFERED]


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip()).casefold()


@cache
def _cities() -> list[tuple[str, str]]:
    return sorted(
        (_plain(name.rpartition("/")[2]), name)
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))
    )
