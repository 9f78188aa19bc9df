"""R3, R29: money in Stripe's minor units, the exact amount, and the share of a refund."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import (
    CURRENCIES,
    MOST_MINOR,
    AmountOutOfRangeError,
    Money,
    MoneyFormatError,
    UnknownCurrencyError,
    currency,
    exact_amount,
    parse_money,
    parse_price_per_point,
    points_for,
    proportional,
    to_decimal,
)

codes = st.sampled_from(sorted(CURRENCIES))
prices = st.integers(1, 10**9).map(lambda millionths: Decimal(millionths).scaleb(-6))


@pytest.mark.parametrize(
    ("code", "exponent", "step", "digits"),
    [
        ("USD", 2, 1, 2),
        ("JPY", 0, 1, 0),
        ("MGA", 0, 1, 0),
        ("KWD", 3, 10, 3),
        ("ISK", 2, 100, 0),
        ("UGX", 2, 100, 0),
        ("HUF", 2, 1, 2),
        ("TWD", 2, 1, 2),
        ("RSD", 2, 1, 2),
        ("IQD", None, None, None),
    ],
)
def test_r3_decimals_are_stripes_table(
    code: str, exponent: int | None, step: int | None, digits: int | None
) -> None:
    if exponent is None:
        with pytest.raises(UnknownCurrencyError):
            currency(code)
    else:
        kind = currency(code.lower())
        assert (kind.code, kind.exponent, kind.step, kind.digits) == (code, exponent, step, digits)


def test_r3_every_currency_can_be_paid_in_at_its_minimum() -> None:
    assert len(CURRENCIES) > 130
    for kind in CURRENCIES.values():
        assert 0 < kind.minimum < kind.maximum
        assert kind.minimum % kind.step == 0


@pytest.mark.parametrize(
    ("code", "stripes_minimum"),
    [
        *[("USD", 50), ("AED", 200), ("AUD", 50), ("BRL", 50), ("CAD", 50), ("CHF", 50), ("CZK", 1500)],
        *[("DKK", 250), ("EUR", 50), ("GBP", 30), ("HKD", 400), ("HUF", 17500), ("INR", 50), ("JPY", 50)],
        *[("MXN", 1000), ("MYR", 200), ("NOK", 300), ("NZD", 50), ("PLN", 200), ("RON", 200), ("SEK", 300)],
        *[("SGD", 50), ("THB", 1000)],
    ],
)
def test_r3_no_minimum_is_below_the_one_that_stripe_publishes(code: str, stripes_minimum: int) -> None:
    assert currency(code).minimum >= stripes_minimum


def test_r3_money_knows_its_currency() -> None:
    with pytest.raises(UnknownCurrencyError):
        Money(100, "usd")
    with pytest.raises(UnknownCurrencyError):
        currency("XXX")


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("40", "USD", 4000),
        ("40", "usd", 4000),
        ("1,5", "EUR", 150),
        ("$40", "USD", 4000),
        ("40 usd", "USD", 4000),
        ("EUR 1.234,50", "EUR", 123_450),
        ("12,50 €", "EUR", 1250),
        ("1,000", "USD", 100_000),
        ("500", "JPY", 500),
        ("¥1,000", "JPY", 1000),
        ("5.12", "KWD", 5120),
        ("5.120", "KWD", 5120),
        ("70", "ISK", 7000),
        ("1.000", "USD", None),
        ("0", "USD", 0),
    ],
)
def test_r3_money_is_read_the_way_people_type_it(text: str, code: str, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(MoneyFormatError, match="amount-ambiguous"):
            parse_money(text, code)
    else:
        assert parse_money(text, code) == Money(minor, code.upper())


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        ("", "USD", "amount-empty"),
        ("forty", "USD", "amount-not-a-number"),
        ("-5", "USD", "amount-negative"),
        ("0.125", "USD", "amount-decimals"),
        ("5.125", "USD", "amount-ambiguous"),
        ("5.5", "JPY", "amount-decimals"),
        ("70.50", "ISK", "amount-decimals"),
        ("5.125", "KWD", "amount-step"),
        ("€40", "USD", "amount-currency"),
        ("40 EUR", "USD", "amount-currency"),
        ("$40", "EUR", "amount-currency"),
        ("1000000", "USD", "amount-too-large"),
    ],
)
def test_r3_what_cannot_be_charged_is_refused_with_its_reason(text: str, code: str, key: str) -> None:
    with pytest.raises(MoneyFormatError) as refusal:
        parse_money(text, code)
    assert refusal.value.key == key


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(4000, "USD"), "40.00"),
        (Money(500, "JPY"), "500"),
        (Money(500, "ISK"), "5"),
        (Money(5120, "KWD"), "5.120"),
        (Money(550, "ISK"), "5.50"),
        (Money(-4000, "USD"), "-40.00"),
    ],
)
def test_r3_money_is_shown_with_its_currencys_decimals(money: Money, shown: str) -> None:
    assert str(to_decimal(money)) == shown


@given(codes, st.integers(0, 1_000_000))
def test_r3_what_is_shown_is_read_back(code: str, steps: int) -> None:
    kind = currency(code)
    money = Money(steps * kind.step % (kind.maximum + 1) // kind.step * kind.step, code)
    assert parse_money(str(to_decimal(money)), code) == money


def test_r3_the_shortfall_is_bought_exactly() -> None:
    assert exact_amount(210, "1", "USD") == Money(210, "USD")
    assert exact_amount(201, "0.8", "USD") == Money(161, "USD")
    assert exact_amount(1000, "0.333333", "KWD") == Money(3340, "KWD")
    assert exact_amount(2001, "3.5", "ISK", least=5000) == Money(10_000, "ISK")
    assert exact_amount(20_001, "3.5", "ISK") == Money(70_100, "ISK")


def test_r3_never_below_stripes_or_the_partners_minimum_and_what_is_over_is_credited() -> None:
    least = exact_amount(10, "1", "USD")
    assert least == Money(50, "USD")
    assert points_for(least, "1") == 50
    assert exact_amount(10, "1", "USD", least=501) == Money(501, "USD")
    assert exact_amount(10, "100", "ISK", least=10_001) == Money(10_100, "ISK")


def test_r3_a_started_hundredth_is_not_credited() -> None:
    assert points_for(Money(200, "USD"), "3") == 66


def test_r3_more_than_one_payment_can_carry_is_said_so() -> None:
    assert exact_amount(MOST_MINOR, "1", "USD") == Money(MOST_MINOR, "USD")
    with pytest.raises(AmountOutOfRangeError) as refusal:
        exact_amount(MOST_MINOR + 1, "1", "USD")
    assert refusal.value.most == Money(MOST_MINOR, "USD")


@given(codes, st.integers(1, 10**6), prices, st.integers(0, 10**6))
def test_r3_the_exact_amount_covers_the_shortfall_and_is_the_least_that_does(
    code: str, points: int, price: Decimal, least: int
) -> None:
    kind = currency(code)
    try:
        money = exact_amount(points, price, code, least=least)
    except AmountOutOfRangeError:
        assert Fraction(points, 100) * Fraction(price) * 10**kind.exponent > kind.maximum - kind.step
        return
    assert money.amount_minor % kind.step == 0
    assert money.amount_minor >= max(kind.minimum, least)
    assert points_for(money, price) >= points
    one_less = money.amount_minor - kind.step
    if one_less >= max(kind.minimum, least):
        assert Fraction(one_less, 10**kind.exponent) / Fraction(price) * 100 < points


@pytest.mark.parametrize(("text", "price"), [("1", "1"), ("0.8", "0.8"), ("0,000001", "0.000001")])
def test_r3_a_price_per_point_has_up_to_six_decimals(text: str, price: str) -> None:
    assert str(parse_price_per_point(text)) == price


@pytest.mark.parametrize(("text", "key"), [("0", "amount-not-positive"), ("0.0000001", "amount-decimals")])
def test_r3_a_price_per_point_is_more_than_nothing(text: str, key: str) -> None:
    with pytest.raises(MoneyFormatError, match=key):
        parse_price_per_point(text)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "a"])
def test_r3_no_arithmetic_with_a_price_that_is_none(price: str) -> None:
    with pytest.raises(ValueError, match="no price per point"):
        points_for(Money(100, "USD"), price)


def test_r29_refunds_take_points_back_in_proportion() -> None:
    assert proportional(5000, 1000, 4000) == 1250
    assert proportional(5000, 4000, 4000) == 5000
    assert proportional(5000, 9999, 4000) == 5000
    assert proportional(100, 1, 3) == 33


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), max_size=8), st.integers(1, 10**7))
def test_r29_any_row_of_partial_refunds_takes_back_every_point_once(
    points: int, parts: list[int], rest: int
) -> None:
    amount = sum(parts) + rest
    taken, refunded = 0, 0
    for part in [*parts, rest]:
        refunded += part
        delta = proportional(points, refunded, amount) - taken
        assert delta >= 0
        taken += delta
    assert taken == points
