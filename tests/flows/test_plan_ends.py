"""A plan that ends with a cycle and is followed by none: nothing is paid for the cycle after it (R14, R25)."""

import datetime as dt

import pytest

from billing import renewal, workspaces
from storage import catalogue, subscriptions
from storage import workspaces as rows
from storage.transaction import Tx
from tests.flows.automatic import set_partner
from tests.flows.conftest import World
from tests.flows.plans import PARTNER, Shop, open_shop
from tests.flows.test_sweep import sweep


@pytest.fixture
async def shop(world: World) -> Shop:
    """Paid from 1 November, 13:00, to 1 December, when the cycle ends too; one unit for 30 points, 70 are left."""
    opened = await open_shop(world)
    world.turn(1, hour=13)
    opened.gateway.clock.at = world.now
    await opened.running()
    await world.give(10_000)
    await world.get("Extra bot", 1)
    return opened


async def next_costs(shop: Shop) -> int:
    world = shop.world

    def cost(tx: Tx) -> int:
        partner, workspace = catalogue.partner(tx, PARTNER), rows.find(tx, world.workspace)
        assert partner is not None
        assert workspace is not None
        return renewal.need(tx, partner, workspace, world.now).cost

    return await world.db.read(cost)


async def december(shop: Shop, how: str) -> tuple[int, int]:
    """Units and balance once the boundary is worked off, hours before the plan's end."""
    world = shop.world
    world.turn(1, month=12, hour=1)
    shop.gateway.clock.at = world.now
    if how == "swept":
        await sweep(world.db, world.now)
    else:
        await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    ((units,),) = await world.sql("SELECT sum(units) FROM addon_states")
    return int(units), await world.balance()


@pytest.mark.parametrize("how", ["swept", "by a tap"])
async def test_nothing_renews_for_a_cycle_that_the_plan_does_not_reach(shop: Shop, how: str) -> None:
    assert await shop.flow.end_with_period(shop.world.call(shop.world.owner), shop.world.workspace)

    assert await next_costs(shop) == 0, "nothing is announced, and no card is charged for it"
    assert await december(shop, how) == (0, 7_000)


async def test_an_end_that_stripe_does_not_know_of_yet_counts(shop: Shop) -> None:
    shop.gateway.down = True
    assert not await shop.flow.end_with_period(shop.world.call(shop.world.owner), shop.world.workspace)

    assert await next_costs(shop) == 0
    assert await december(shop, "swept") == (0, 7_000)


@pytest.mark.parametrize("how", ["swept", "by a tap"])
async def test_all_renews_where_another_plan_follows(shop: Shop, how: str) -> None:
    await shop.world.db.write(set_partner(fallback_plan_id=shop.plan["Business"]))
    await shop.flow.end_with_period(shop.world.call(shop.world.owner), shop.world.workspace)

    assert await next_costs(shop) == 3_000
    assert await december(shop, how) == (1, 4_000)


async def test_all_renews_where_the_owner_stays_after_all(shop: Shop) -> None:
    call = shop.world.call(shop.world.owner)
    await shop.flow.end_with_period(call, shop.world.workspace)
    await shop.flow.keep(call, shop.world.workspace)

    assert await next_costs(shop) == 3_000
    assert await december(shop, "swept") == (1, 4_000)


async def test_a_plan_that_goes_on_into_the_cycle_carries_it(shop: Shop) -> None:
    world = shop.world
    await shop.flow.end_with_period(world.call(world.owner), world.workspace)

    def paid_a_day_longer(tx: Tx) -> None:
        row = subscriptions.running(tx, PARTNER, world.workspace)
        assert row is not None
        assert row.period_end is not None
        row.period_end += dt.timedelta(days=1)

    await world.db.write(paid_a_day_longer)

    assert await december(shop, "by a tap") == (1, 4_000)
