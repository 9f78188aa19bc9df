"""The accountant against the worked figures of docs/billing-rules.md: who checks the checker."""

import datetime as dt

import pytest

from sandbox.accountant import (
    AddOn,
    AddUnits,
    AutomaticOn,
    BillingOff,
    BillingOn,
    BuyPack,
    GivePoints,
    GraceDays,
    Line,
    Moment,
    NewRenewalDate,
    Pack,
    Price,
    RefundPack,
    RemoveUnits,
    Renewing,
    Result,
    Story,
    StoryWorkspace,
    audit,
    compare,
)
from sandbox.accountant.facts import Answer, Deed
from sandbox.year import story as year

ACME = "Acme"
A, B = "a", "b"
PRICE = 30_00
BEGINS, ENDS = dt.datetime(2026, 11, 1, tzinfo=dt.UTC), dt.datetime(2027, 2, 1, tzinfo=dt.UTC)


def kept(
    *deeds: tuple[int, int, Deed],
    points: int = 1_000_00,
    whole: bool = False,
    bank: tuple[Answer, ...] = (),
    looks: tuple[dt.datetime, ...] | None = None,
    partners: tuple[tuple[int, int, Deed], ...] = (),
) -> Result:
    """The books of a workspace in UTC that renews on the 1st. A deed is (month from November 2026, day, what)."""

    def moments(workspace: str, some: tuple[tuple[int, int, Deed], ...]) -> list[Moment]:
        return [
            Moment(
                dt.datetime(2026 + (10 + m) // 12, (10 + m) % 12 + 1, d, 12, tzinfo=dt.UTC), workspace, deed
            )
            for m, d, deed in some
        ]

    happened = [Moment(BEGINS, ACME, GivePoints(points)), *moments(ACME, deeds), *moments("", partners)]
    hours = [BEGINS + dt.timedelta(hours=12 * n) for n in range(1, 184)]
    told = Story(
        BEGINS,
        ENDS - dt.timedelta(hours=1),
        (AddOn(A, PRICE, whole=whole), AddOn(B, PRICE)),
        (Pack("pack", 40_00, 50_00, 5_00),),
        (StoryWorkspace(ACME, "UTC", dt.date(2026, 11, 1), bank),),
        tuple(sorted(happened, key=lambda moment: moment.at)),
        tuple(hours if looks is None else looks),
    )
    return audit(told)[ACME]


def posted(books: Result, addon: str = A) -> list[int]:
    return [line.hundredths for line in books.lines if line.addon == addon]


def november(*deeds: tuple[int, Deed], whole: bool = False) -> list[int]:
    return posted(kept(*((0, day, deed) for day, deed in deeds), looks=(), whole=whole))


@pytest.mark.parametrize(
    ("deeds", "lines"),
    [
        ([(1, AddUnits(A, 1))], [-30_00]),
        ([(16, AddUnits(A, 1))], [-15_00]),
        ([(1, AddUnits(A, 1)), (16, RemoveUnits(A, 1))], [-30_00, 15_00]),
        ([(5, AddUnits(A, 1)), (5, RemoveUnits(A, 1))], [-26_00, 25_00]),
        ([(1, AddUnits(A, 1)), (16, RemoveUnits(A, 1)), (16, AddUnits(A, 1))], [-30_00, 15_00, -15_00]),
        ([(1, AddUnits(A, 1)), (16, AddUnits(A, 1))], [-30_00, -15_00]),
        # Added again in the cycle, so it pays the date of its next removal: 21 to 30, then 26 to 30 back.
        (
            [(1, AddUnits(A, 1)), (16, RemoveUnits(A, 1)), (21, AddUnits(A, 1)), (25, RemoveUnits(A, 1))],
            [-30_00, 15_00, -10_00, 5_00],
        ),
    ],
)
def test_a_cycle_of_thirty_dates(deeds: list[tuple[int, Deed]], lines: list[int]) -> None:
    assert november(*deeds) == lines


def test_whole_cycles_cost_the_full_price_and_give_nothing_back() -> None:
    assert november((16, AddUnits(A, 1)), (20, RemoveUnits(A, 1)), whole=True) == [-30_00]


def test_grace_as_in_the_worked_table() -> None:
    books = kept(
        (0, 1, AddUnits(A, 3)),
        (1, 3, GivePoints(30_00)),
        (1, 16, GivePoints(60_00)),
        (1, 17, AddUnits(A, 1)),
        points=130_00,
        partners=((0, 2, GraceDays(3)),),
    )
    assert posted(books)[:4] == [-90_00, -30_00, -30_00, -17_42]
    assert [line.day.day for line in books.lines if line.addon == A][:4] == [1, 1, 3, 17]


def test_downtime_forgives_what_points_did_not_cover() -> None:
    """Down over two boundaries: 40 points renew one of two units in December, nothing in January; 50 arrive in grace."""
    back = dt.datetime(2027, 1, 5, 12, tzinfo=dt.UTC)
    books = kept(
        (0, 1, AddUnits(A, 2)),
        (2, 6, GivePoints(50_00)),
        points=100_00,
        looks=(back,),
        partners=((0, 2, GraceDays(3)),),
    )
    assert [(line.day, line.cycle, line.hundredths) for line in books.lines if line.what == "renewal"] == [
        (back.date(), dt.date(2026, 12, 1), -30_00),
        (dt.date(2027, 1, 6), dt.date(2027, 1, 1), -30_00),
        (dt.date(2027, 1, 6), dt.date(2027, 1, 1), -30_00),
    ]


def test_a_rise_waits_seven_dates_and_a_cut_for_the_next_cycle() -> None:
    rise = kept((0, 1, AddUnits(A, 1)), partners=((0, 25, Price(A, 60_00)),))
    assert posted(rise) == [-30_00, -30_00, -60_00]
    cut = kept((0, 1, AddUnits(A, 1)), partners=((0, 30, Price(A, 15_00)),))
    assert posted(cut) == [-30_00, -15_00, -15_00]


def test_a_cut_leaves_alone_the_cycle_that_began_that_day() -> None:
    """Told at noon of 1 December."""
    books = kept((0, 1, AddUnits(A, 1)), (1, 16, RemoveUnits(A, 1)), partners=((1, 1, Price(A, 15_00)),))
    assert posted(books) == [-30_00, -30_00, 15_48]


def test_units_bought_in_turn_renew_in_that_turn() -> None:
    """60 points for the second of three units, which is the other add-on's."""
    books = kept((0, 1, AddUnits(A, 1)), (0, 1, AddUnits(B, 1)), (0, 1, AddUnits(A, 1)), points=150_00)
    assert books.lines[-2:] == (
        Line(dt.date(2026, 12, 1), "renewal", A, dt.date(2026, 12, 1), -30_00),
        Line(dt.date(2026, 12, 1), "renewal", B, dt.date(2026, 12, 1), -30_00),
    )


def test_of_units_removed_on_a_date_the_oldest_comes_back() -> None:
    """One of two is added again on the date: the newer one was removed, the other unit's dates all count."""
    assert november(
        (1, AddUnits(A, 1)), (16, AddUnits(A, 1)), (16, RemoveUnits(A, 2)), (16, AddUnits(A, 1))
    ) == [-30_00, -15_00, 29_00, -15_00]


def test_what_does_not_renew_ends_and_what_is_bought_later_renews() -> None:
    books = kept((0, 1, AddUnits(A, 1)), (0, 9, Renewing(A, renews=False)), (1, 17, AddUnits(A, 1)))
    assert posted(books) == [-30_00, -14_52, -30_00]


def test_a_new_renewal_date_cuts_the_cycle_and_a_day_keeps_its_price() -> None:
    books = kept((0, 1, AddUnits(A, 1)), (0, 20, NewRenewalDate(dt.date(2026, 11, 25))))
    assert posted(books)[:3] == [-30_00, 6_00, -30_00]
    passed = kept((0, 1, AddUnits(A, 1)), (0, 20, NewRenewalDate(dt.date(2026, 11, 10))))
    assert posted(passed)[:2] == [-30_00, -9_00]


def test_dates_without_credit_billing_cost_nothing() -> None:
    books = kept((0, 1, AddUnits(A, 1)), partners=((0, 10, BillingOff()), (0, 13, BillingOn())))
    assert posted(books)[:3] == [-30_00, 3_00, -30_00]


def test_what_renews_while_nothing_is_billed_is_free_to_the_end_of_the_cycle() -> None:
    books = kept(
        (0, 1, AddUnits(A, 2)),
        (1, 16, AddUnits(A, 1)),
        (1, 20, RemoveUnits(A, 2)),
        partners=((0, 28, BillingOff()), (1, 3, BillingOn())),
    )
    # Three dates of November come back. In December only the one that was added costs: 16 days of 31; 12 come back.
    assert posted(books) == [-60_00, 6_00, -15_48, 11_61, -30_00]


def test_a_refund_takes_points_and_bonus_and_debt_renews_nothing() -> None:
    books = kept(
        (0, 2, BuyPack("it", "pack")),
        (0, 3, AddUnits(A, 2)),
        (0, 9, RefundPack("it", 20_00)),
        (0, 10, RefundPack("it", 20_00)),
        points=2_00,
    )
    assert [line.hundredths for line in books.lines if line.what == "taken back"] == [-25_00, -2_50] * 2
    assert books.balance == 2_00 - 56_00
    assert books.units == {}


@pytest.mark.parametrize(
    ("bank", "charged"),
    [
        ((), ["11-30 paid", "12-31 paid", "01-31 paid"]),
        (("soft", "soft", "paid"), ["11-30 soft", "12-01 soft", "12-02 paid", "12-31 paid", "01-31 paid"]),
        (("hard",), ["11-30 hard"]),
        (("soft",) * 4, ["11-30 soft", "12-01 soft", "12-02 soft", "12-04 soft"]),
    ],
)
def test_a_card_is_tried_ahead_at_the_start_and_a_day_and_three_after(
    bank: tuple[Answer, ...], charged: list[str]
) -> None:
    books = kept((0, 1, AutomaticOn("pack", None)), (0, 1, AddUnits(A, 2)), points=60_00, bank=bank)
    assert [f"{charge.day:%m-%d} {charge.answer}" for charge in books.charges] == charged


@pytest.mark.parametrize("month", range(1, 13))
def test_the_year_can_begin_in_any_month(month: int) -> None:
    """Nobody asks for more than the points cover: the demo's year begins with the month after today's."""
    assert all(books.lines for books in audit(year(dt.date(2027, month, 1))).values())


def test_a_difference_is_told_in_words_and_figures() -> None:
    day = dt.date(2026, 11, 1)
    expected = Result((Line(day, "renewal", A, day, -30_00),), (), -30_00, {A: 1})
    found = Result((Line(day, "renewal", A, day, -29_99),), (), -29_99, {A: 1})
    assert compare(ACME, expected, found).differences == (
        "2026-11-01, renewal, a, cycle of 2026-11-01: -30.00 expected, -29.99 found",
        "balance: -30.00 expected, -29.99 found",
    )
    assert compare(ACME, expected, expected).same
