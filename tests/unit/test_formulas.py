"""What people read about how a posting came about (R7, R11)."""

import datetime as dt

import pytest

from billing.history import Row
from billing.ledger import Kind
from billing.proration import Formula, Part
from handlers.formulas import explanation, formula_text
from handlers.tongue import tongue

T = tongue("en")
ADDED = Formula(3_000, 30, (Part(1, 15, 1_500),), 1_500, 0)


def row(
    kind: Kind, formula: Formula | None, units: tuple[int, int], kept_until: dt.date | None = None
) -> Row:
    amount = -formula.amount if formula is not None else 0
    at = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)
    start = dt.date(2026, 11, 1)
    return Row(
        1, at, kind, amount, 0, "Extra bot", *units, start, formula, "Dana", "", "Northwind", None,
        kept_until=kept_until,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (ADDED, "1 × 30 × 15 / 30 = 15"),
        (Formula(100, 31, (Part(1, 15, 48),), 49, 1), "1 × 1 × 15 / 31 = 0.48\nrounding +0.01\n= 0.49"),
        (
            Formula(3_000, 30, (Part(1, 15, 1_500),), 1_000, 0, -500, 5),
            "1 × 30 × 15 / 30 = 15\n5 days without billing: −5\n= 10",
        ),
        (
            Formula(3_000, 30, (Part(-1, 15, -1_500),), -1_600, 0, -100, 1),
            "1 × 30 × 15 / 30 = 15\n1 day without billing: +1\n= 16",
        ),
        (Formula(3_000, 30, (), -500, 0, -500, 5), "5 days without billing: +5"),
        (
            Formula(3_000, 30, (Part(1, 15, 1_500),), 7_500, 6_000),
            "1 × 30 × 15 / 30 = 15\nearlier days: +60\n= 75",
        ),
        (Formula(3_000, 30, (), 0, 0), None),
    ],
)
def test_only_what_is_rounding_is_called_so(formula: Formula, text: str | None) -> None:
    assert formula_text(T, formula) == text


@pytest.mark.parametrize(
    ("posting", "lines"),
    [
        (row(Kind.ADDON, ADDED, (0, 1)), ["1 × 30 × 15 / 30 = 15"]),
        (
            row(Kind.ADDON, Formula(3_000, 30, (), 0, 0), (0, 3)),
            ["Credit billing was off: free to the end of the month."],
        ),
        (
            row(Kind.RENEWAL, Formula(3_000, 30, (), 0, 0), (0, 3)),
            ["Credit billing was off: free to the end of the month."],
        ),
        (
            row(Kind.REFUND, Formula(3_000, 30, (), 0, 0), (3, 2)),
            ["Nothing comes back for this month."],
        ),
        (
            row(Kind.REFUND, Formula(3_000, 30, (), 0, 0), (2, 0), dt.date(2026, 12, 1)),
            ["Removed without refund: what was paid stays paid until 1 Dec 2026."],
        ),
        (
            row(Kind.UNDO, Formula(3_000, 30, (Part(-1, 15, -1_500),), -1_500, 0), (2, 1)),
            ["From 2 back to 1.", "1 × 30 × 15 / 30 = 15"],
        ),
        (
            row(Kind.REDATED, Formula(3_000, 30, (Part(-1, 10, -1_000),), -1_000, 0), (1, 1)),
            ["The month ends earlier now. The days that are cut off come back.", "1 × 30 × 10 / 30 = 10"],
        ),
        (row(Kind.TOPUP, None, (0, 0)), []),
    ],
)
def test_a_posting_says_why_it_is_what_it_is(posting: Row, lines: list[str]) -> None:
    assert explanation(T, posting) == lines
