"""R20-R22: allowances, pause reasons, warnings and the cheapest way out."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.limits import (
    DEFAULT_LIMITS,
    Limit,
    Offer,
    PauseReason,
    Standing,
    allowance,
    cheapest_mix,
    over,
    pause_reasons,
    usage_tenths,
    warning_crossings,
)

BOTS = Limit("bots", counted=True, per_cycle=False, unit="bot")
TIMEOUT = Limit("request_timeout", counted=False, per_cycle=False, unit="second")


def test_r20_the_limits_to_start_with() -> None:
    assert [limit.code for limit in DEFAULT_LIMITS if limit.per_cycle] == ["webhook_requests"]
    assert [limit.code for limit in DEFAULT_LIMITS if not limit.counted] == ["request_timeout"]
    assert len({limit.code for limit in DEFAULT_LIMITS}) == 5


def test_r20_an_allowance_is_the_plan_or_its_override_and_the_add_ons() -> None:
    assert allowance(1000, None, [(2, 1000), (1, 10_000)]) == 13_000
    assert allowance(1000, 0, [(1, 500)]) == 500
    assert allowance(1, None, []) == 1


def test_r21_using_all_of_it_is_not_over() -> None:
    assert over(1000, 1000) == 0
    assert over(1001, 1000) == 1


def test_r21_each_reason_stands_by_itself() -> None:
    within, above = Standing(BOTS, 1, 1), Standing(BOTS, 2, 1)
    assert pause_reasons([within], plan_unpaid=False, paused_by_partner=False) == frozenset()
    assert pause_reasons([within, above], plan_unpaid=False, paused_by_partner=False) == {PauseReason.LIMIT}
    assert pause_reasons([within], plan_unpaid=True, paused_by_partner=True) == {"unpaid", "manual"}
    assert pause_reasons([above], plan_unpaid=True, paused_by_partner=True) == set(PauseReason)


def test_r20_what_is_only_granted_pauses_nobody() -> None:
    above = Standing(TIMEOUT, 99, 10)
    assert pause_reasons([above], plan_unpaid=False, paused_by_partner=False) == frozenset()


@pytest.mark.parametrize(
    ("before", "now", "warned"),
    [
        (0, 79, []),
        (79, 80, [80]),
        (80, 94, []),
        (80, 95, [95]),
        (10, 99, [80, 95]),
        (96, 100, []),
        (96, 50, []),
    ],
)
def test_r22_warnings_at_80_and_95_percent_once_per_crossing(
    before: int, now: int, warned: list[int]
) -> None:
    assert warning_crossings(before, now, 100) == warned


def test_r22_a_smaller_allowance_crosses_too() -> None:
    assert warning_crossings(80, 80, 90, previous_allowed=200) == [80]
    assert warning_crossings(0, 5, 0) == []


@given(st.lists(st.integers(0, 200), min_size=1, max_size=30), st.integers(1, 150))
def test_r22_growing_usage_warns_of_each_percentage_at_most_once(reports: list[int], allowed: int) -> None:
    warned = []
    previous = 0
    for used in sorted(reports):
        warned += warning_crossings(previous, used, allowed)
        previous = used
    assert warned == [percent for percent in (80, 95) if previous * 100 >= percent * allowed]


@pytest.mark.parametrize(
    ("used", "allowed", "tenths"),
    [
        (0, 100, 0),
        (1, 100, 1),
        (55, 100, 5),
        (99, 100, 9),
        (100, 100, 10),
        (500, 100, 10),
        (0, 0, 0),
        (1, 0, 10),
    ],
)
def test_r22_the_bar_is_full_only_when_all_is_used(used: int, allowed: int, tenths: int) -> None:
    assert usage_tenths(used, allowed) == tenths


THOUSAND = Offer("thousand", "bot_users", 1000, 500)
TEN_THOUSAND = Offer("ten_thousand", "bot_users", 10_000, 3000)


@pytest.mark.parametrize(
    ("missing", "units", "price"),
    [
        (1, {"thousand": 1}, 500),
        (5000, {"thousand": 5}, 2500),
        (5001, {"ten_thousand": 1}, 3000),
        (6000, {"ten_thousand": 1}, 3000),
        (11_000, {"thousand": 1, "ten_thousand": 1}, 3500),
        (3_011_999, {"thousand": 2, "ten_thousand": 301}, 904_000),
    ],
)
def test_r22_the_cheapest_add_ons_are_found(missing: int, units: dict[str, int], price: int) -> None:
    mix = cheapest_mix({"bot_users": missing}, [THOUSAND, TEN_THOUSAND])
    assert mix is not None
    assert (dict(mix.units), mix.price) == (units, price)


def test_r22_greedy_would_pay_more() -> None:
    mix = cheapest_mix({"x": 6}, [Offer(1, "x", 4, 400), Offer(2, "x", 3, 310)])
    assert mix is not None
    assert (mix.units, mix.price) == (((2, 2),), 620)


def test_r22_of_equal_prices_the_fewest_units_win() -> None:
    mix = cheapest_mix({"x": 5}, [Offer(1, "x", 3, 300), Offer(2, "x", 5, 600)])
    assert mix is not None
    assert (mix.units, mix.price) == (((2, 1),), 600)


@pytest.mark.parametrize("missing", [2_499_999, 3_000_001])
def test_r22_odd_sizes_and_a_large_shortage_are_worked_out_at_once(missing: int) -> None:
    offers = [Offer(1, "x", 1, 1), Offer(1000, "x", 1000, 600), Offer(2500, "x", 2500, 1500)]
    mix = cheapest_mix({"x": missing}, [*offers, Offer(7, "x", 7, 5), Offer(9999, "x", 9999, 6001)])
    assert mix is not None
    assert sum(size * count for size, count in mix.units) >= missing
    assert mix.price == -(-missing * 6 // 10)


def test_r22_every_shortage_is_made_up_and_only_those() -> None:
    mix = cheapest_mix({"bot_users": 1500, "bots": 1, "members": 0}, [THOUSAND, Offer("bot", "bots", 1, 500)])
    assert mix is not None
    assert (dict(mix.units), mix.price) == ({"thousand": 2, "bot": 1}, 1500)


def test_r22_no_add_on_helps() -> None:
    assert cheapest_mix({"bots": 1}, [THOUSAND]) is None
    assert cheapest_mix({}, []) is not None


def test_r22_an_offer_grants_something() -> None:
    with pytest.raises(ValueError, match="no offer"):
        Offer(1, "bots", 0, 500)


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 30)), min_size=1, max_size=3),
)
def test_r22_nothing_is_cheaper_nor_as_cheap_with_fewer_units(
    missing: int, sizes_and_prices: list[tuple[int, int]]
) -> None:
    offers = [Offer(n, "x", size, price) for n, (size, price) in enumerate(sizes_and_prices)]
    mix = cheapest_mix({"x": missing}, offers)
    assert mix is not None
    counts = dict(mix.units)
    assert sum(offers[n].per_unit * count for n, count in counts.items()) >= missing
    assert sum(offers[n].price * count for n, count in counts.items()) == mix.price
    tried = product(*(range(-(-missing // offer.per_unit) + 1) for offer in offers))
    best = min(
        (sum(o.price * c for o, c in zip(offers, combo, strict=True)), sum(combo))
        for combo in tried
        if sum(o.per_unit * c for o, c in zip(offers, combo, strict=True)) >= missing
    )
    assert (mix.price, sum(counts.values())) == best
