"""The worked month of docs/billing-rules.md, played as it is told there."""

import datetime as dt

from billing import catalogue, workspaces
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World


async def test_the_worked_month_of_the_documentation(world: World) -> None:
    bots, users = "Extra bot", "+1,000 bot users"
    world.now = dt.datetime(2026, 10, 21, tzinfo=dt.UTC)
    for label in (bots, users):
        await world.at_desk(catalogue.set_price, world.addon[label], 500)
    await world.at_desk(catalogue.set_grace_days, 3)
    world.turn(1)
    await world.give(2_000)

    await world.get(bots, 2)
    assert await world.balance() == 1_000
    world.turn(16)
    await world.get(users, 1)
    assert await world.balance() == 750
    world.turn(21)
    await world.get(bots, 1)
    assert await world.balance() == 917

    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    assert await world.balance() == 417
    world.turn(2, 12)
    await world.give(1_000)
    assert await world.balance() == 917

    assert await world.amounts() == [2_000, -1_000, -250, 167, -500, 1_000, -500]
    world.turn(4, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    still = await world.sql(
        "SELECT units, unpaid FROM addon_states WHERE addon_id = :a", a=world.addon[users]
    )
    assert still == [(1, 0)]
    await assert_books_balance(world)
