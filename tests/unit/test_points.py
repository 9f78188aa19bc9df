"""R1: points are integers of hundredths, read as people type them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.points import (
    MOST_POINTS,
    PointsFormatError,
    as_decimal,
    parse_points,
    round_half_up,
)

KEYS = {
    "",
    "amount-empty",
    "amount-not-a-number",
    "amount-decimals",
    "amount-ambiguous",
    "amount-too-large",
}


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [
        ("15", 1500),
        ("1.5", 150),
        ("1,5", 150),
        ("14.52", 1452),
        ("14,52", 1452),
        (".5", 50),
        ("0", 0),
        ("007", 700),
        ("+50", 5000),
        ("-20", -2000),
        ("−20", -2000),
        ("\u201320", -2000),
        ("- 20", -2000),
        (" 15 ", 1500),
        ("1,000", 100_000),
        ("1,000.5", 100_050),
        ("1.000,5", 100_050),
        ("1,234,567", 123_456_700),
        ("1.234.567", 123_456_700),
        ("1 000", 100_000),
        ("1\u00a0000", 100_000),
        ("12\u202f345\u202f678,90", 1_234_567_890),
        ("1’000", 100_000),
        ("1,00,000", 10_000_000),
        ("٣", 300),
        ("٣٫٥", 350),
        ("١٬٠٠٠٫٢٥", 100_025),
        ("\u200f١٥\u200f", 1500),
        ("१५", 1500),
        ("１５．５", 1550),
        ("1000000000", MOST_POINTS),
    ],
)
def test_r1_amounts_are_read_the_way_people_type_them(text: str, hundredths: int) -> None:
    assert parse_points(text) == hundredths


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "amount-empty"),
        (" \u00a0", "amount-empty"),
        ("\u200e", "amount-empty"),
        ("NaN", "amount-not-a-number"),
        ("inf", "amount-not-a-number"),
        ("1e9", "amount-not-a-number"),
        ("1.5e3", "amount-not-a-number"),
        ("0x10", "amount-not-a-number"),
        ("1_000", "amount-not-a-number"),
        ("15²", "amount-not-a-number"),
        ("+-5", "amount-not-a-number"),
        ("-", "amount-not-a-number"),
        (".", "amount-not-a-number"),
        ("15.", "amount-not-a-number"),
        ("1,2.3", "amount-not-a-number"),
        ("1.2.3", "amount-not-a-number"),
        ("10 00", "amount-not-a-number"),
        ("5 0", "amount-not-a-number"),
        ("9" * 5000, "amount-not-a-number"),
        ("1.234567", "amount-decimals"),
        ("0.005", "amount-decimals"),
        ("0,500", "amount-decimals"),
        ("1000.500", "amount-decimals"),
        ("1.000", "amount-ambiguous"),
        ("1000000000.01", "amount-too-large"),
        ("-1000000001", "amount-too-large"),
    ],
)
def test_r1_what_is_no_amount_is_refused_with_its_reason(text: str, key: str) -> None:
    with pytest.raises(PointsFormatError) as refusal:
        parse_points(text)
    assert refusal.value.key == key


def test_r1_the_persons_language_decides_what_a_single_separator_before_three_digits_is() -> None:
    assert parse_points("1.000", decimal=",", group=".") == 100_000
    with pytest.raises(PointsFormatError, match="amount-ambiguous"):
        parse_points("1,000", decimal=",", group=".")


@given(st.integers(-MOST_POINTS, MOST_POINTS))
def test_r1_what_is_shown_is_read_back_as_the_same_amount(hundredths: int) -> None:
    shown = format(as_decimal(hundredths), "f")
    assert parse_points(shown) == hundredths
    assert as_decimal(hundredths) == Decimal(hundredths) / 100


@given(st.integers(-MOST_POINTS, MOST_POINTS))
def test_r1_grouped_amounts_read_the_same_in_english_and_german(hundredths: int) -> None:
    english = f"{as_decimal(hundredths):,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_points(english) == parse_points(german, decimal=",", group=".") == hundredths


@given(st.text(max_size=60))
def test_r1_any_text_is_an_amount_or_a_named_refusal(text: str) -> None:
    try:
        key = "" if abs(parse_points(text)) <= MOST_POINTS else "out of bounds"
    except PointsFormatError as refusal:
        key = refusal.key
    assert key in KEYS


@pytest.mark.parametrize(("amount", "shown"), [(1500, "15"), (1452, "14.52"), (1450, "14.5"), (-5, "-0.05")])
def test_r1_no_more_decimals_are_shown_than_needed(amount: int, shown: str) -> None:
    assert str(as_decimal(amount)) == shown


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (0, 7, 0), (500 * 7, 31, 113)],
)
def test_r7_a_half_rounds_up(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


@given(st.integers(), st.integers(1, 10**6))
def test_r7_rounding_is_within_half_and_the_same_for_a_charge_and_its_return(
    numerator: int, denominator: int
) -> None:
    rounded = round_half_up(numerator, denominator)
    assert abs(rounded - Fraction(numerator, denominator)) <= Fraction(1, 2)
    assert round_half_up(-numerator, denominator) == -rounded


def test_r7_a_share_needs_a_positive_divisor() -> None:
    with pytest.raises(ValueError, match="positive denominator"):
        round_half_up(1, 0)
