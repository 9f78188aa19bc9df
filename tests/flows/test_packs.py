"""Packs (R2) and the price of a point (R3), in every currency."""

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from billing import catalogue, orders
from billing.catalogue import AddonCard, PackCard
from billing.errors import BadValueError, GoneError
from billing.money import CURRENCIES, Money, UnknownCurrencyError
from billing.money import currency as currency_of
from billing.orders import Choice
from billing.points import AmountFormatError
from storage import catalogue as rows
from tests.flows.conftest import World
from tests.flows.test_catalogue import without_catalogue
from tests.flows.test_orders import order, paid, settle


async def card(world: World, label: str = "Extra bot") -> AddonCard:
    return await world.db.read(
        catalogue.addon_card, world.partner_person, world.addon[label], world.now.date()
    )


async def packs(world: World) -> list[PackCard]:
    _, cards, _ = await world.db.read(catalogue.pack_cards, world.partner_person)
    return cards


async def without_catalogue(world: World, currency: str = "USD") -> None:
    """As a partner begins: no prices, no packs."""

    def clear(tx: Any) -> None:
        for table in ("addon_prices", "packs", "point_prices"):
            tx.conn.execute(text(f"DELETE FROM {table}"))
        tx.conn.execute(text("UPDATE addons SET on_sale = false"))
        rows.lock_partner(tx, 1).currency = currency

    await world.db.write(clear)


async def test_the_first_price_puts_an_addon_on_sale_at_once(world: World) -> None:
    await without_catalogue(world)
    assert (await card(world)).price is None
    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.set_on_sale, world.addon["Extra bot"], on_sale=True)

    priced = await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 750)

    assert (priced.price, priced.on_sale, priced.coming_price) == (750, True, None)
    assert (await world.quote("Extra bot", 1)).amount == 750


async def test_a_typing_error_is_mended_at_once_while_nobody_has_units(world: World) -> None:
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 300_000)
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 4_000)

    assert (await world.quote("Extra bot", 1)).amount == 4_000
    assert "price" not in await world.notices()


async def test_a_rise_waits_for_its_notice_and_is_told(world: World) -> None:
    """R6: told on the 1st; cycles that start from the 9th on, a day more than seven for calendars behind UTC's."""
    await world.give(10_000)
    await world.get("Extra bot", 1)

    risen = await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 4_000)

    assert (risen.price, risen.coming_price, risen.coming_from) == (3_000, 4_000, dt.date(2026, 11, 9))
    assert (await world.notices()).count("price") == 1
    assert (await world.quote("Extra bot", 2)).amount == 3_000
    assert (await world.quote("Extra bot", 1)).next_cost == 4_000


async def test_a_second_rise_replaces_the_first_that_nobody_has_paid(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 9_000)
    world.turn(3)

    risen = await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 4_000)

    assert (risen.coming_price, risen.coming_from) == (4_000, dt.date(2026, 11, 11))
    assert (await world.quote("Extra bot", 1)).next_cost == 4_000


async def test_a_fall_spares_the_running_cycle_and_holds_from_the_next(world: World) -> None:
    """R6: the price at a cycle's start holds all cycle, for units added within it too."""
    await world.give(20_000)
    await world.get("Extra bot", 1)
    world.turn(16)

    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 1_000)

    assert (await world.quote("Extra bot", 2)).amount == 1_500
    world.turn(1, month=12)
    await world.get("Extra member", 1)
    assert await world.sql("SELECT amount FROM postings WHERE kind = 'renewal'") == [(-1_000,)]


async def test_a_fall_on_the_day_a_cycle_began_does_not_reach_what_was_paid_that_day(world: World) -> None:
    """R6, R8: paid back is what was paid, at its price."""
    await world.give(20_000)
    await world.get("Extra bot", 1)

    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 1_000)

    world.turn(16)
    assert (await world.quote("Extra bot", 0)).amount == -1_500


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


async def test_dates_without_credit_billing_cost_nothing(world: World) -> None:
    """R7, R26: off from the 11th, on again on the 21st: ten of thirty dates are free."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(11)
    await world.at_desk(catalogue.set_credit_billing, on=False)
    world.turn(21)
    await world.at_desk(catalogue.set_credit_billing, on=True)

    removed = await world.get("Extra bot", 0)

    assert removed.amount == -2_000


async def test_switching_to_what_is_already_so_leaves_no_trace(world: World) -> None:
    """R33."""
    before = await world.sql("SELECT count(*) FROM audit")

    await world.at_desk(catalogue.set_credit_billing, on=True)
    await world.at_desk(catalogue.set_customers_may_remove, may=True)
    await world.at_desk(catalogue.set_charge_removal_date, on=False)
    await world.at_desk(catalogue.set_on_sale, world.addon["Extra bot"], on_sale=True)
    await world.at_desk(catalogue.set_whole_cycles, world.addon["Extra bot"], whole_cycles=False)

    assert await world.sql("SELECT count(*) FROM audit") == before
