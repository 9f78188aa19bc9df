"""Numbers, money and dates as the reader's locale writes them; words from the catalogue or in English."""

import datetime as dt
from decimal import Decimal

import pytest

from billing.money import Money
from handlers.tongue import h, tongue

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("hundredths", "shown"),
    [(1_500, "15"), (1_452, "14.52"), (1_450, "14.5"), (123_456_00, "123,456"), (0, "0")],
)
def test_points_have_at_most_two_decimals_trimmed(hundredths: int, shown: str) -> None:
    """R1."""
    assert tongue("en").points(hundredths) == shown


def test_a_sign_is_a_real_minus_and_a_plus_only_where_asked() -> None:
    assert tongue("en").points(-250) == "−2.5"
    assert tongue("en").points(250, sign=True) == "+2.5"


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(900, "USD"), "9"),
        (Money(950, "USD"), "9.50"),
        (Money(1_500, "JPY"), "1,500"),
        (Money(5_120, "KWD"), "5.120"),
        (Money(700_000, "ISK"), "7,000"),
        (Money(500, "UGX"), "5"),
    ],
)
def test_money_has_the_decimals_that_stripe_counts_and_none_where_it_is_whole(
    money: Money, shown: str
) -> None:
    """R3: Stripe's table, not the locale data's."""
    assert tongue("en").money(money) == f"{shown}{NBSP}{money.currency}"


def test_a_german_reads_a_comma_and_an_english_word_where_no_german_one_is_known() -> None:
    """Words and numbers speak one language: without a German catalogue both are English."""
    assert tongue("de").money(Money(123_450, "EUR")) == f"1,234.50{NBSP}EUR"
    assert tongue("de")("Menu") == "Menu"


def test_a_price_per_point_keeps_its_decimals() -> None:
    assert tongue("en").price(Decimal("0.8"), "USD") == f"0.80{NBSP}USD"
    assert tongue("en").price(Decimal("0.6286"), "USD") == f"0.6286{NBSP}USD"


def test_a_moment_is_written_by_each_readers_own_telegram() -> None:
    at = dt.datetime(2026, 11, 1, 9, 12, tzinfo=dt.UTC)

    assert tongue("en").when(at) == '<tg-time unix="1793524320" format="dt">1 Nov 2026 09:12 UTC</tg-time>'


@pytest.mark.parametrize("code", ["", "xx", "zh-hans", "pt-br", "../../etc", "en_US_POSIX_x_y"])
def test_any_language_code_of_telegram_is_readable(code: str) -> None:
    assert tongue(code).points(150) == "1.5"


def test_plurals_are_the_languages() -> None:
    t = tongue("en")

    assert t.n("in {count} day", "in {count} days", 1) == "in 1 day"
    assert t.n("in {count} day", "in {count} days", 9) == "in 9 days"


def test_what_comes_from_outside_is_no_markup() -> None:
    assert h("<b>Acme & Sons</b>") == "&lt;b&gt;Acme &amp; Sons&lt;/b&gt;"
