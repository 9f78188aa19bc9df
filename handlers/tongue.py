"""A reader's language: words through gettext, numbers, money and dates through Babel."""

import datetime as dt
import gettext
import html
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol

from billing.money import Money, to_decimal
from billing.money import currency as currency_of
from billing.points import as_decimal

_LOCALES = Path(__file__).parent / "locales"
_NARROW_SPACE = "\u202f"


def h(text: str) -> str:
    """Text from outside, made safe for a message's HTML."""
    return html.escape(text, quote=False)


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language and locale; `point` is what the partner calls a point (already safe for HTML).

    Words are msgids of gettext with `{name}` fields, filled after translation. Fields are put in as they
    are: escape what comes from outside with h().
    """

    code: str
    locale: Locale = field(repr=False)
    _catalogue: gettext.NullTranslations = field(repr=False)

    def __call__(self, message: str, /, **fields: object) -> str:
        text = self._catalogue.gettext(message)
        return text.format(**fields) if fields else text

    def n(self, one: str, many: str, count: int, /, **fields: object) -> str:
        """The singular or plural form for `count`, which is also the field {count}, written by locale."""
        text = self._catalogue.ngettext(one, many, count)
        return text.format(count=self.number(count), **fields)

    def number(self, value: int | Decimal) -> str:
        return _written(value, "#,##0.######", self.locale)

    def points(self, hundredths: int, *, sign: bool = False) -> str:
        """15, 14.52; at most two decimals, trimmed (R1). A real minus; with `sign` also a plus."""
        text = _written(as_decimal(abs(hundredths)), "#,##0.##", self.locale)
        if hundredths < 0:
            return "\u2212" + text
        return "+" + text if sign and hundredths > 0 else text

    def money(self, money: Money) -> str:
        """By locale, with the currency's own code behind it and the decimals that Stripe counts: 9 USD, 9.50 USD."""
        return f"{self._amount(to_decimal(money), money.currency)}\u00a0{money.currency}"

    def price(self, major: Decimal, currency: str) -> str:
        """A price per point, with as many decimals as it has, two at least where it has any."""
        return f"{self._amount(major, currency)}\u00a0{currency}"

    def _amount(self, value: Decimal, currency: str) -> str:
        digits = currency_of(currency).digits
        exact = value.normalize()
        exponent = exact.as_tuple().exponent
        needed = max(0, -exponent) if isinstance(exponent, int) else 0
        places = 0 if needed == 0 else max(digits, needed)
        pattern = "#,##0" + ("." + "0" * places if places else "")
        return _written(value, pattern, self.locale, exact=True)

    def day(self, day: dt.date) -> str:
        """1 Dec 2027."""
        return format_date(day, format="d MMM y", locale=self.locale)

    def near_day(self, day: dt.date, today: dt.date) -> str:
        """A date of the coming or past months without its year."""
        if abs((day - today).days) < 300:
            return format_date(day, format="d MMM", locale=self.locale)
        return self.day(day)

    def moment(self, at: dt.datetime, zone: dt.tzinfo = dt.UTC) -> str:
        """A plain-text moment for files: 2026-11-01 09:12."""
        return format_datetime(at.astimezone(zone), format="yyyy-MM-dd HH:mm", locale=self.locale)

    def when(self, at: dt.datetime, style: str = "dt") -> str:
        """A moment that every reader's Telegram writes in his own zone (HTML). Style as in <tg-time format>."""
        plain = format_datetime(at, format="d MMM y HH:mm 'UTC'", locale=self.locale)
        return f'<tg-time unix="{int(at.timestamp())}" format="{style}">{plain}</tg-time>'

    @property
    def decimal_mark(self) -> str:
        return get_decimal_symbol(self.locale)

    @property
    def group_mark(self) -> str:
        return get_group_symbol(self.locale)


@lru_cache(maxsize=4_096)
def _written(value: int | Decimal, pattern: str, locale: Locale, *, exact: bool = False) -> str:
    """A number in a pattern of CLDR's; `exact`: never rounded. Kept, as Babel parses the pattern for each number."""
    return format_decimal(value, format=pattern, locale=locale, decimal_quantization=not exact)


def languages() -> tuple[str, ...]:
    """Codes of the languages the bot speaks; English is the msgids' own."""
    return ("en", *sorted(path.parent.parent.name for path in _LOCALES.glob("*/LC_MESSAGES/addondesk.mo")))


@cache
def tongue(code: str) -> Tongue:
    """The tongue nearest to a language code of Telegram ("de", "pt-br"); English where none is near."""
    wanted = code.replace("-", "_") or "en"
    words = negotiate_locale([wanted], languages(), sep="_") or "en"
    try:
        locale = Locale.parse(wanted)
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse(words)
    if locale.language != words.split("_")[0]:
        # Numbers and dates must not speak another language than the words around them.
        locale = Locale.parse(words)
    catalogue = gettext.translation("addondesk", _LOCALES, [words], fallback=words == "en")
    return Tongue(words, locale, catalogue)
