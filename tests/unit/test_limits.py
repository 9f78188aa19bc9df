"""R20-R22: allowances, warnings and the cheapest way out."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.limits import Offer, allowance, cheapest_mix, over, usage_tenths, warning_level


def test_r20_an_allowance_is_the_plan_or_its_override_and_the_add_ons() -> None:
    assert allowance(1000, None, [(2, 1000), (1, 10_000)]) == 13_000
    assert allowance(1000, 0, [(1, 500)]) == 500
    assert allowance(1, None, []) == 1


def test_r21_using_all_of_it_is_not_over() -> None:
    assert over(1000, 1000) == 0
    assert over(1001, 1000) == 1


@pytest.mark.parametrize(
    ("used", "allowed", "level"),
    [
        (0, 100, 0),
        (79, 100, 0),
        (80, 100, 80),
        (94, 100, 80),
        (95, 100, 95),
        (100, 100, 95),
        (500, 100, 95),
        (4, 5, 80),
        (0, 0, 0),
        (1, 0, 95),
        (799_999, 1_000_000, 0),
    ],
)
def test_r22_the_highest_percentage_that_is_reached(used: int, allowed: int, level: int) -> None:
    assert warning_level(used, allowed) == level


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


def test_r22_what_waits_for_points_is_paid_once_whatever_is_added() -> None:
    """Three wait at 500 each: one more pays them too, three more cost 1,500 on top of their 1,500, not 6,000."""
    waiting = Offer("thousand", "bot_users", 1000, 500, once=1500)
    mix = cheapest_mix({"bot_users": 3000}, [waiting, Offer("ten_thousand", "bot_users", 10_000, 3500)])
    assert mix is not None
    assert (mix.units, mix.price) == ((("thousand", 3),), 3000)
    mix = cheapest_mix({"bot_users": 3000}, [waiting, Offer("ten_thousand", "bot_users", 10_000, 2900)])
    assert mix is not None
    assert (mix.units, mix.price) == ((("ten_thousand", 1),), 2900)


@given(
    st.integers(1, 40),
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 30), st.just(0) | st.integers(0, 60)),
        min_size=1,
        max_size=3,
    ),
)
def test_r22_nothing_is_cheaper_nor_as_cheap_with_fewer_units(
    missing: int, found: list[tuple[int, int, int]]
) -> None:
    offers = [Offer(n, "x", size, price, once) for n, (size, price, once) in enumerate(found)]
    mix = cheapest_mix({"x": missing}, offers)
    assert mix is not None
    counts = dict(mix.units)
    assert sum(offers[n].per_unit * count for n, count in counts.items()) >= missing
    assert sum(offers[n].once + offers[n].price * count for n, count in counts.items()) == mix.price
    tried = product(*(range(-(-missing // offer.per_unit) + 1) for offer in offers))
    best = min(
        (sum(o.price * c + (o.once if c else 0) for o, c in zip(offers, combo, strict=True)), sum(combo))
        for combo in tried
        if sum(o.per_unit * c for o, c in zip(offers, combo, strict=True)) >= missing
    )
    assert (mix.price, sum(counts.values())) == best
