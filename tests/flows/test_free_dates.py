"""Dates on which credit billing was off cost nothing (R7, R26): what was posted for them goes back at the cycle's end."""

from billing import catalogue, workspaces
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World


async def _off(world: World, first: int, last: int) -> None:
    world.turn(first)
    await world.at_desk(catalogue.set_credit_billing, on=False)
    world.turn(last)
    await world.at_desk(catalogue.set_credit_billing, on=True)


async def test_three_dates_without_billing_come_back_with_the_next_cycle(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    await _off(world, 14, 17)

    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    # 2 × 30 × 3 / 30 for the 14th, 15th and 16th; off when they ended.
    assert await world.amounts() == [10_000, -6_000, 600, -3_000]
    await assert_books_balance(world)


async def test_what_was_removed_before_the_cycle_ended_gets_its_dates_back_once(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await _off(world, 5, 7)
    world.turn(16)
    await world.get("Extra bot", 0)

    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    # The removal settled it: 13 dates of 30, charged, the other 17 are back; nothing more at the boundary.
    assert await world.amounts() == [10_000, -3_000, 1_700]


async def test_dates_off_after_a_removal_change_nothing(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(11)
    await world.get("Extra bot", 0)
    await _off(world, 14, 17)

    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert await world.amounts() == [10_000, -3_000, 2_000]
