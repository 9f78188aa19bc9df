"""R7-R9: an add-on's target in a cycle, from the history of its units."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.cycle import Cycle, cycle_at, rebase
from billing.points import round_half_up
from billing.proration import Change, History, Part, SaleTerms, charged_units, formula, target

NOVEMBER = cycle_at(date(2026, 11, 1), date(2026, 11, 1))
DECEMBER = cycle_at(date(2026, 11, 1), date(2026, 12, 1))
THIRTY = SaleTerms(price=3000)
WHOLE = SaleTerms(price=3000, whole_cycles=True)
BEFORE = date(2026, 10, 15)


def nov(day: int) -> date:
    return date(2026, 11, day)


def history(*changes: tuple[date | int, int], date_charged: bool = False) -> History:
    return History(
        tuple(
            Change(nov(on) if isinstance(on, int) else on, units, date_charged=date_charged)
            for on, units in changes
        )
    )


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ([(1, 1)], 3000),
        ([(16, 1)], 1500),
        ([(30, 1)], 100),
        ([(1, 1), (16, 0)], 1500),
        ([(16, 2)], 3000),
        ([(1, 1), (16, 2)], 4500),
        ([(BEFORE, 1)], 3000),
        ([(BEFORE, 1), (1, 0)], 0),
        ([(BEFORE, 1), (date(2026, 10, 20), 0)], 0),
        ([(date(2026, 12, 1), 1)], 0),
        ([(5, 1), (5, 0)], 100),
        ([(5, 1), (5, 0), (5, 1)], 2600),
        ([(1, 1), (16, 0), (16, 1)], 3000),
        ([(1, 1), (16, 0), (16, 1), (16, 0)], 1500),
        ([], 0),
    ],
)
def test_r7_r8_price_30_in_a_cycle_of_30_dates(changes: list[tuple[date | int, int]], points: int) -> None:
    assert target(NOVEMBER, history(*changes), THIRTY) == points


def test_r8_removal_on_day_16_gives_15_back() -> None:
    bought = history((1, 1))
    removed = bought.then(Change(nov(16), 0))
    assert target(NOVEMBER, removed, THIRTY) - target(NOVEMBER, bought, THIRTY) == -1500


@pytest.mark.parametrize(
    ("changes", "dates"),
    [
        ([(1, 1), (6, 0), (9, 1), (12, 0)], 5 + 4),
        ([(1, 1), (6, 0), (9, 1), (12, 0), (20, 1), (22, 0)], 5 + 4 + 3),
        ([(BEFORE, 1), (date(2026, 10, 20), 0), (9, 1), (12, 0)], 3),
        ([(5, 1), (5, 0), (9, 1), (12, 0)], 1 + 4),
        ([(1, 1), (6, 0), (6, 1), (12, 0)], 11),
        ([(1, 1), (6, 0), (9, 1), (10, 0), (10, 1), (12, 0)], 5 + 4),
        # Only the unit that came back pays; the one below it was never away.
        ([(1, 2), (6, 1), (9, 2), (12, 0)], 11 + 5 + 4),
    ],
)
def test_r8_units_added_again_pay_the_date_of_their_next_removal(
    changes: list[tuple[date | int, int]], dates: int
) -> None:
    assert sum(charged_units(NOVEMBER, history(*changes), THIRTY)) == dates


def test_r8_they_pay_it_in_a_later_cycle_too() -> None:
    back_in_november = history((1, 1), (6, 0), (9, 1), (date(2026, 12, 5), 0))
    known = History(back_in_november.changes, earlier_starts=(nov(1),))
    assert sum(charged_units(DECEMBER, known, THIRTY)) == 5
    assert sum(charged_units(DECEMBER, back_in_november, THIRTY)) == 4
    away_over_the_boundary = history((1, 1), (6, 0), (date(2026, 12, 2), 1), (date(2026, 12, 5), 0))
    known = History(away_over_the_boundary.changes, earlier_starts=(nov(1),))
    assert sum(charged_units(DECEMBER, known, THIRTY)) == 3


def test_r8_removing_and_adding_every_other_day_is_not_cheaper_than_its_days() -> None:
    on_every_day = []
    for day in range(1, 30, 2):
        on_every_day += [(day, 1), (day + 1, 0)]
    # One removal date is free, the first: every later one is paid.
    assert target(NOVEMBER, history(*on_every_day), THIRTY) == 2900


def test_r8_the_partner_can_charge_every_date_of_removal() -> None:
    assert target(NOVEMBER, history((1, 1), (16, 0), date_charged=True), THIRTY) == 1600
    assert target(NOVEMBER, history((BEFORE, 1), (1, 0), date_charged=True), THIRTY) == 100
    assert target(NOVEMBER, history((5, 1), (5, 0), date_charged=True), THIRTY) == 100
    assert target(NOVEMBER, history((BEFORE, 2), (16, 1), date_charged=True), THIRTY) == 3000 + 1600


def test_r8_each_removal_is_charged_as_the_partner_had_it_then() -> None:
    bought = history((1, 1))
    uncharged, charged = Change(nov(5), 0), Change(nov(5), 0, date_charged=True)
    assert target(NOVEMBER, bought.then(uncharged).then(Change(nov(16), 1)), THIRTY) == 400 + 1500
    assert target(NOVEMBER, bought.then(charged).then(Change(nov(16), 1)), THIRTY) == 500 + 1500
    # The one that freed the place for good tells.
    bounced = bought.then(charged).then(Change(nov(5), 1)).then(uncharged)
    assert target(NOVEMBER, bounced, THIRTY) == 400


def given_units(on: int, units: int) -> Change:
    return Change(nov(on), units, given=True)


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ([given_units(6, 3)], 0),
        ([given_units(6, 3), Change(nov(16), 2)], 0),
        ([given_units(6, 3), Change(nov(16), 2, date_charged=True)], 0),
        ([given_units(6, 3), Change(nov(16), 4)], 1500),
        ([given_units(6, 3), Change(nov(16), 4), Change(nov(21), 0)], 500),
        ([Change(nov(1), 1), given_units(6, 3), Change(nov(16), 0)], 1500),
        # One that was removed and is bought later is bought; on the date of its removal it was never away.
        ([given_units(6, 3), Change(nov(16), 2), Change(nov(21), 3)], 1000),
        ([given_units(6, 3), Change(nov(16), 2), Change(nov(16), 3)], 0),
        # Paid, removed and given on one date: what was paid for it went back, the gift is free.
        ([Change(nov(1), 1), Change(nov(6), 0), given_units(6, 1)], 500),
        ([Change(nov(6), 1), Change(nov(6), 0), given_units(6, 1)], 100),
        ([Change(BEFORE, 2), Change(nov(4), 1, lapsed=True), given_units(4, 3)], 3000),
        # What was given in the cycle before is charged as all.
        ([Change(date(2026, 10, 20), 2, given=True)], 6000),
    ],
)
def test_r26_what_was_given_is_free_to_the_end_of_the_cycle(changes: list[Change], points: int) -> None:
    assert target(NOVEMBER, History(tuple(changes)), THIRTY) == points


def test_r26_a_gift_is_free_by_whole_cycles_too() -> None:
    assert target(NOVEMBER, History((given_units(6, 3), Change(nov(16), 2))), WHOLE) == 0
    assert target(NOVEMBER, History((given_units(6, 3), Change(nov(16), 4))), WHOLE) == 3000


def test_r26_a_cycle_that_began_without_billing_is_free_for_what_it_began_with() -> None:
    began = History((Change(BEFORE, 3),), began_free=True)
    assert target(NOVEMBER, began, THIRTY) == 0
    assert target(NOVEMBER, began.then(Change(nov(16), 2)), THIRTY) == 0
    assert target(NOVEMBER, began.then(Change(nov(16), 4)), THIRTY) == 1500
    assert target(NOVEMBER, began.then(Change(nov(1), 4)), THIRTY) == 3000
    assert target(NOVEMBER, began.then(Change(nov(2), 0)).then(Change(nov(16), 1)), THIRTY) == 1500


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ([(30, 1)], 3000),
        ([(1, 1), (16, 0)], 3000),
        ([(BEFORE, 1), (1, 0)], 3000),
        ([(5, 1), (5, 0)], 3000),
        ([(5, 1), (8, 0), (12, 2), (14, 1)], 6000),
        ([(BEFORE, 1), (date(2026, 10, 20), 0)], 0),
    ],
)
def test_r7_sold_by_whole_cycles_is_the_full_price_and_nothing_back(
    changes: list[tuple[date | int, int]], points: int
) -> None:
    assert target(NOVEMBER, history(*changes), WHOLE) == points


def test_r7_dates_without_credit_billing_are_not_counted() -> None:
    off = frozenset(nov(day) for day in range(1, 11))
    assert target(NOVEMBER, History((Change(nov(1), 1),), off), THIRTY) == 2000
    assert target(NOVEMBER, History((Change(nov(1), 1),), off), WHOLE) == 2000
    assert target(NOVEMBER, History((Change(nov(3), 1), Change(nov(5), 0)), off), WHOLE) == 0


def test_r4_a_day_keeps_its_price_in_a_cut_and_in_a_short_cycle() -> None:
    cut, _ = rebase(NOVEMBER, nov(25), today=nov(20))
    assert target(cut, history((1, 1)), THIRTY) == 2400
    assert target(cut, history((1, 1)), WHOLE) == 2400
    _, short = rebase(NOVEMBER, nov(10), today=nov(20))
    assert target(short, history((1, 1)), THIRTY) == 900


def test_r15_a_lapse_leaves_the_grace_days_free_unless_the_unit_comes_back() -> None:
    renewed = (Change(BEFORE, 3), Change(nov(4), 1, lapsed=True))
    assert target(NOVEMBER, History(renewed), THIRTY) == 3000
    assert target(NOVEMBER, History((*renewed, Change(nov(16), 2))), THIRTY) == 3000 + 300 + 1500
    again_that_date = History((*renewed, Change(nov(4), 3)))
    assert target(NOVEMBER, again_that_date, THIRTY) == 9000
    assert target(DECEMBER, History((*renewed, Change(date(2026, 12, 1), 2))), THIRTY) == round_half_up(
        2 * 31 * 3000, 31
    )


def test_r14_an_end_at_the_boundary_costs_nothing_however_removals_are_charged() -> None:
    ended = History((Change(BEFORE, 1), Change(nov(1), 0, lapsed=True, date_charged=True)))
    assert target(NOVEMBER, ended, THIRTY) == 0
    assert target(NOVEMBER, ended, WHOLE) == 0


def test_r8_a_lapse_is_no_removal() -> None:
    changes = (Change(BEFORE, 1), Change(nov(4), 0, lapsed=True), Change(nov(10), 1), Change(nov(12), 0))
    assert sum(charged_units(NOVEMBER, History(changes), THIRTY)) == 3 + 2


def test_r15_only_what_came_over_from_the_cycle_before_has_grace() -> None:
    paid_when_added = (Change(nov(5), 1), Change(nov(8), 0, lapsed=True))
    assert target(NOVEMBER, History(paid_when_added), THIRTY) == 300
    lapse_then_removal = (Change(BEFORE, 2), Change(nov(4), 1, lapsed=True), Change(nov(4), 0))
    assert target(NOVEMBER, History(lapse_then_removal), THIRTY) == 300


def test_r9_undo_of_the_latest_change_restores_the_charge() -> None:
    before = history((1, 1), (6, 0))
    assert target(NOVEMBER, before.then(Change(nov(9), 4)).without_latest(), THIRTY) == 500


def test_a_change_that_steps_back_a_date_counts_on_the_date_before_it() -> None:
    assert target(NOVEMBER, history((16, 1), (15, 2)), THIRTY) == 3000


def test_r11_the_formula_of_adding_one_more() -> None:
    before, after = history((BEFORE, 1)), history((BEFORE, 1), (16, 2))
    worked_out = formula(NOVEMBER, before, after, SaleTerms(500), posted=500)
    assert worked_out.parts == (Part(units=1, days=15, amount=250),)
    assert (worked_out.price, worked_out.of_days, worked_out.amount, worked_out.rounding) == (500, 30, 250, 0)


def test_r11_the_formula_says_what_rounding_did() -> None:
    one, two = history((date(2026, 12, 29), 1)), history((date(2026, 12, 29), 2))
    first = formula(DECEMBER, History(), one, SaleTerms(500), posted=0)
    second = formula(DECEMBER, one, two, SaleTerms(500), posted=first.amount)
    # 1500 / 31 is 48.39 and twice that 96.77: 48 and 49 make 97.
    assert (first.amount, first.rounding) == (48, 0)
    assert (second.parts[0].amount, second.amount, second.rounding) == (48, 49, 1)


def test_r7_the_formula_names_the_dates_without_billing() -> None:
    two = History((Change(BEFORE, 2),), frozenset(nov(day) for day in range(5, 15)))
    three = two.then(Change(nov(16), 3))
    worked_out = formula(NOVEMBER, two, three, THIRTY, posted=6000)
    assert worked_out.parts == (Part(1, 15, 1500),)
    assert (worked_out.freed, worked_out.freed_days, worked_out.rounding) == (-2000, 10, 0)
    # Settled up to the 9th before: the latest five are new.
    later = formula(NOVEMBER, two, three, THIRTY, posted=5000)
    assert (later.amount, later.freed, later.freed_days) == (500, -1000, 5)


def test_r8_the_formula_of_a_removal_that_pays_its_date() -> None:
    before = history((1, 1), (6, 0), (9, 1))
    removed = formula(NOVEMBER, before, before.then(Change(nov(12), 0)), THIRTY, posted=2700)
    assert (removed.parts, removed.amount) == ((Part(-1, 18, -1800),), -1800)


def test_numbers_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="units"):
        Change(nov(1), -1)
    with pytest.raises(ValueError, match="price"):
        SaleTerms(-1)


anchors = st.dates(date(2024, 1, 1), date(2028, 12, 31))
terms_of_sale = st.builds(SaleTerms, st.integers(0, 10_000), whole_cycles=st.booleans())


@st.composite
def cycles(draw: st.DrawFn) -> Cycle:
    anchor = draw(anchors)
    cycle = cycle_at(anchor, anchor)
    kept, following = rebase(cycle, draw(anchors), anchor + timedelta(days=draw(st.integers(0, 27))))
    return draw(st.sampled_from([cycle, kept, following]))


@st.composite
def histories(draw: st.DrawFn, cycle: Cycle, *, lapses: bool = False) -> History:
    """Changes from a little before the cycle to its last date."""
    steps = draw(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4)), max_size=14))
    offsets = accumulate(step for step, _ in steps)
    changes = [
        Change(
            day,
            units,
            lapsed=lapses and draw(st.booleans()),
            given=draw(st.sampled_from([False, False, False, True])),
            date_charged=draw(st.booleans()),
        )
        for offset, (_, units) in zip(offsets, steps, strict=True)
        if (day := cycle.start + timedelta(days=offset - 6)) < cycle.end
    ]
    off = draw(st.frozensets(st.sampled_from(list(cycle.dates())), max_size=3))
    return History(tuple(changes), off, began_free=draw(st.booleans()))


@given(st.data(), cycles(), terms_of_sale)
def test_r7_postings_add_up_to_the_target_and_never_give_back_more_than_was_paid(
    data: st.DataObject, cycle: Cycle, terms: SaleTerms
) -> None:
    lived = data.draw(histories(cycle))
    posted = 0
    units = 0
    for count in range(len(lived.changes) + 1):
        so_far = replace(lived, changes=lived.changes[:count])
        delta = target(cycle, so_far, terms) - posted
        posted += delta
        assert posted >= 0
        if count:
            change = lived.changes[count - 1]
            assert delta >= 0 if change.units_after >= units else delta <= 0
            assert delta <= 0 or not change.given or change.on < cycle.start
            units = change.units_after
    assert posted == target(cycle, lived, terms)


@given(st.data(), cycles(), terms_of_sale)
def test_r7_nothing_costs_more_than_its_units_for_every_date(
    data: st.DataObject, cycle: Cycle, terms: SaleTerms
) -> None:
    lived = data.draw(histories(cycle, lapses=True))
    most = max((change.units_after for change in lived.changes), default=0)
    assert all(0 <= units <= most for units in charged_units(cycle, lived, terms))
    assert (
        0 <= target(cycle, lived, terms) <= round_half_up(most * cycle.days * terms.price, cycle.whole_days)
    )


@given(st.data(), cycles(), terms_of_sale, st.integers(0, 4))
def test_r9_adding_and_undoing_nets_zero(
    data: st.DataObject, cycle: Cycle, terms: SaleTerms, units: int
) -> None:
    lived = data.draw(histories(cycle))
    day = max([cycle.start, *(change.on for change in lived.changes)])
    changed = lived.then(Change(day, units))
    there = formula(cycle, lived, changed, terms, posted=target(cycle, lived, terms))
    back = formula(cycle, changed, changed.without_latest(), terms, posted=target(cycle, changed, terms))
    assert there.amount + back.amount == 0
    assert abs(there.rounding) <= len(there.parts)


@given(st.data(), cycles(), terms_of_sale, st.integers(1, 3))
def test_r7_more_units_never_cost_less(
    data: st.DataObject, cycle: Cycle, terms: SaleTerms, more: int
) -> None:
    lived = data.draw(histories(cycle))
    bigger = replace(
        lived,
        changes=tuple(replace(change, units_after=change.units_after + more) for change in lived.changes),
    )
    assert target(cycle, bigger, terms) >= target(cycle, lived, terms)


@given(st.data(), cycles())
def test_r8_removed_and_added_again_on_one_date_counts_as_never_removed(
    data: st.DataObject, cycle: Cycle
) -> None:
    lived = data.draw(histories(cycle))
    if not lived.changes:
        return
    latest = lived.changes[-1]
    bounced = lived.then(Change(latest.on, 0)).then(Change(latest.on, latest.units_after))
    assert charged_units(cycle, bounced, THIRTY) == charged_units(cycle, lived, THIRTY)


@given(cycles(), st.integers(0, 31), st.integers(0, 31), st.integers(0, 100_000))
def test_r7_one_stay_costs_its_dates(cycle: Cycle, first: int, stay: int, price: int) -> None:
    start = cycle.start + timedelta(days=first % cycle.days)
    end = start + timedelta(days=stay)
    changes = [Change(start, 1)]
    if end < cycle.end:
        changes.append(Change(end, 0))
    dates = max(1, (min(end, cycle.end) - start).days)
    assert target(cycle, History(tuple(changes)), SaleTerms(price)) == round_half_up(
        dates * price, cycle.whole_days
    )
