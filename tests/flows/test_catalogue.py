"""Add-ons as their partner sells them: prices and when they hold (R6), and the switches."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from billing import addons, catalogue
from billing.catalogue import AddonCard
from billing.errors import BadValueError, GoneError, StrangerError
from storage import catalogue as rows
from tests.flows.conftest import World


async def card(world: World, label: str = "Extra bot") -> AddonCard:
    return await world.db.read(
        catalogue.addon_card, world.partner_person, world.addon[label], world.now.date()
    )


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
    """R6: told on the 1st; cycles that start from the 8th on."""
    await world.give(10_000)
    await world.get("Extra bot", 1)

    risen = await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 4_000)

    assert (risen.price, risen.coming_price, risen.coming_from) == (3_000, 4_000, dt.date(2026, 11, 8))
    assert (await world.notices()).count("price") == 1
    assert (await world.quote("Extra bot", 2)).amount == 3_000
    assert (await world.quote("Extra bot", 1)).next_cost == 4_000


async def test_a_second_rise_replaces_the_first_that_nobody_has_paid(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 9_000)
    world.turn(3)

    risen = await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 4_000)

    assert (risen.coming_price, risen.coming_from) == (4_000, dt.date(2026, 11, 10))
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


@pytest.mark.parametrize("price", [1_000, 6_000])
async def test_a_new_price_after_a_removal_changes_neither_its_undo_nor_what_the_cycle_costs(
    world: World, price: int
) -> None:
    """R6, R9: nobody has units any more, but the running cycle was sold at 30."""
    await world.give(20_000)
    await world.get("Extra bot", 1)
    world.turn(16)
    removed = await world.get("Extra bot", 0)
    assert removed.amount == -1_500

    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], price)

    undone = await world.do(addons.undo, world.workspace, world.addon["Extra bot"], removed.number)
    assert undone.amount == 1_500
    assert await world.balance() == 17_000
    world.turn(1, month=12)
    await world.get("Extra member", 0)
    assert (await world.quote("Extra bot", 2)).price == price


@pytest.mark.parametrize("price", [-1, 100_000_001, 10**30])
async def test_an_impossible_price_is_refused(world: World, price: int) -> None:
    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.set_price, world.addon["Extra bot"], price)

    assert (await card(world)).price == 3_000


async def test_an_addon_may_be_free(world: World) -> None:
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 0)

    assert (await world.get("Extra bot", 2)).amount == 0


async def test_an_addon_of_another_partner_or_none_is_gone(world: World) -> None:
    for use_case, arguments in (
        (catalogue.set_price, (999, 100)),
        (catalogue.set_label, (999, "Bot")),
    ):
        with pytest.raises(GoneError):
            await world.at_desk(use_case, *arguments)
        with pytest.raises(StrangerError):
            await world.do(use_case, *arguments)


async def test_suggested_prices_are_half_as_much_again_and_leave_set_ones_alone(world: World) -> None:
    """R6: cost 5 USD -> 7.5 points; features have no cost and get no price."""
    await without_catalogue(world)
    await world.at_desk(catalogue.set_price, world.addon["Extra member"], 1_234)

    assert await world.at_desk(catalogue.suggest_prices) == 5
    assert await world.at_desk(catalogue.suggest_prices) == 0

    assert (await card(world)).price == 750
    assert (await card(world, "+10,000 bot users")).price == 4_500
    assert (await card(world, "Extra member")).price == 1_234
    assert (await card(world, "Premium features")).price is None


@pytest.mark.parametrize(("currency", "cost", "points"), [("JPY", 500, 75_000), ("KWD", 5_000, 750)])
async def test_suggested_prices_know_how_many_decimals_a_cost_has(
    world: World, currency: str, cost: int, points: int
) -> None:
    await without_catalogue(world)

    def reprice(tx: Any) -> None:
        addon = rows.addon(tx, 1, world.addon["Extra bot"])
        assert addon is not None
        addon.cost_minor, addon.cost_currency = cost, currency

    await world.db.write(reprice)
    await world.at_desk(catalogue.suggest_prices)

    assert (await card(world)).price == points


async def test_whole_cycles_cannot_be_switched_under_somebody_who_has_units(world: World) -> None:
    """R7."""
    await world.give(10_000)
    await world.get("Extra bot", 1)

    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.set_whole_cycles, world.addon["Extra bot"], whole_cycles=True)


async def test_the_date_of_removal_is_charged_where_the_partner_says_so(world: World) -> None:
    """R8."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_charge_removal_date, on=True)
    world.turn(16)

    assert (await world.quote("Extra bot", 0)).amount == -1_400


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
