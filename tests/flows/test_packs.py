"""Packs (R2) and the price of a point (R3), in every currency."""

from itertools import pairwise

import pytest

from billing import catalogue, orders
from billing.catalogue import PackCard
from billing.errors import BadValueError, GoneError
from billing.money import CURRENCIES, Money, UnknownCurrencyError
from billing.money import currency as currency_of
from billing.orders import Choice
from billing.points import AmountFormatError
from tests.flows.conftest import World
from tests.flows.test_catalogue import without_catalogue
from tests.flows.test_orders import order, paid, settle


async def packs(world: World) -> list[PackCard]:
    _, cards, _ = await world.db.read(catalogue.pack_cards, world.partner_person)
    return cards


@pytest.mark.parametrize(
    "price",
    [Money(50, "USD"), Money(100, "JPY"), Money(300, "KWD"), Money(10_000, "ISK"), Money(99_999_999, "USD")],
)
async def test_a_pack_may_be_sold_in_any_currency_stripe_takes(world: World, price: Money) -> None:
    made = await world.at_desk(catalogue.save_pack, None, 1_000, 0, price)

    assert (await packs(world))[-1] == made
    offered = await world.db.read(orders.topup, world.owner, world.workspace)
    assert offered.packs[-1].card.price == price


@pytest.mark.parametrize(
    "price",
    [
        Money(49, "USD"),
        Money(0, "USD"),
        Money(-900, "USD"),
        Money(99, "JPY"),
        Money(305, "KWD"),
        Money(10_050, "ISK"),
        Money(100_000_000, "USD"),
        Money(10**30, "USD"),
    ],
)
async def test_a_pack_that_stripe_could_not_charge_is_refused(world: World, price: Money) -> None:
    """Too small, too large, finer than the currency is charged."""
    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.save_pack, None, 1_000, 0, price)


@pytest.mark.parametrize(("points", "bonus"), [(0, 0), (-1, 0), (100, -1), (10**13, 0), (100, 10**13)])
async def test_a_pack_holds_points_and_no_absurd_number(world: World, points: int, bonus: int) -> None:
    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.save_pack, None, points, bonus, Money(900, "USD"))


async def test_a_changed_pack_stands_in_its_place_and_open_pages_keep_their_promise(world: World) -> None:
    """R27: paid after the change, credited as promised before it."""
    first, second = await packs(world)
    _, facts = await order(world, Choice(first.id))

    changed = await world.at_desk(catalogue.save_pack, first.id, 100, 0, Money(9_900, "USD"))

    assert [pack.id for pack in await packs(world)] == [changed.id, second.id]
    await settle(world, paid(facts))
    assert await world.amounts() == [1_000]
    with pytest.raises(GoneError):
        await order(world, Choice(first.id))
    with pytest.raises(GoneError):
        await world.at_desk(catalogue.save_pack, first.id, 100, 0, Money(9_900, "USD"))


async def test_a_retired_pack_is_off_sale_once(world: World) -> None:
    first, second = await packs(world)

    await world.at_desk(catalogue.retire_pack, first.id)
    await world.at_desk(catalogue.retire_pack, first.id)

    assert await packs(world) == [second]
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'retire_pack'") == [(1,)]
    with pytest.raises(GoneError):
        await world.at_desk(catalogue.move_pack, first.id, 0)
    with pytest.raises(GoneError):
        await world.at_desk(catalogue.retire_pack, 999)


@pytest.mark.parametrize(
    ("place", "expected"), [(0, "cab"), (1, "acb"), (2, "abc"), (99, "abc"), (-7, "cab")]
)
async def test_a_pack_is_moved_to_a_place_and_pressing_twice_changes_nothing(
    world: World, place: int, expected: str
) -> None:
    """R13."""
    await world.at_desk(catalogue.save_pack, None, 1, 0, Money(900, "USD"))
    names = dict(zip((pack.id for pack in await packs(world)), "abc", strict=True))
    last = (await packs(world))[-1]

    for _ in range(2):
        await world.at_desk(catalogue.move_pack, last.id, place)

        assert "".join(names[pack.id] for pack in await packs(world)) == expected


@pytest.mark.parametrize(
    ("currency", "prices"),
    [
        ("USD", [900, 4_000, 11_000]),
        ("JPY", [180, 800, 2_200]),
        ("KWD", [9_000, 40_000, 110_000]),
        ("IDR", [1_800_000, 8_000_000, 22_000_000]),
    ],
)
async def test_starter_packs_make_sense_in_the_partners_currency(
    world: World, currency: str, prices: list[int]
) -> None:
    await without_catalogue(world, currency)

    assert await world.at_desk(catalogue.starter_packs) == 3
    assert await world.at_desk(catalogue.starter_packs) == 0

    assert [pack.price for pack in await packs(world)] == [Money(price, currency) for price in prices]


@pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)
async def test_in_every_currency_a_larger_starter_pack_costs_more_and_gives_more_for_it(
    world: World,
) -> None:
    for code in CURRENCIES:
        await without_catalogue(world, code)
        await world.at_desk(catalogue.starter_packs)
        made = await packs(world)
        assert len(made) >= 2, code
        for small, large in pairwise(made):
            assert small.price.amount_minor < large.price.amount_minor, code
            assert large.price.amount_minor * (small.points + small.bonus) < small.price.amount_minor * (
                large.points + large.bonus
            ), code


async def test_the_price_of_a_point_makes_exact_amounts_and_its_end_ends_them(world: World) -> None:
    """R3."""
    await world.at_desk(catalogue.set_point_price, "eur", "0.95", 300)

    offered = await world.db.read(orders.topup, world.owner, world.workspace)
    assert [each.currency for each in offered.exact] == ["EUR", "USD"]
    placed, _ = await order(world, Choice(None, 100, "EUR"))
    assert placed.view.price == Money(300, "EUR")

    await world.at_desk(catalogue.drop_point_price, "eur")
    with pytest.raises(GoneError):
        await order(world, Choice(None, 100, "EUR"))


@pytest.mark.parametrize("price", ["0", "-1", "", "1e3", "NaN", "1.1234567", "9" * 40])
async def test_a_price_of_a_point_that_makes_no_sense_is_refused(world: World, price: str) -> None:
    with pytest.raises(AmountFormatError):
        await world.at_desk(catalogue.set_point_price, "EUR", price)


async def test_an_own_minimum_is_within_what_stripe_takes(world: World) -> None:
    for minimum in (-1, currency_of("EUR").maximum + 1, 10**30):
        with pytest.raises(BadValueError):
            await world.at_desk(catalogue.set_point_price, "EUR", "1", minimum)
    with pytest.raises(UnknownCurrencyError):
        await world.at_desk(catalogue.set_point_price, "XXX", "1")
