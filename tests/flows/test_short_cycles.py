"""A cycle that ends before a wait for points does: what waits goes on in the next one, as long as it would have (R15)."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from billing import addons, dating, usage, workspaces
from billing.invariants import invariants_at
from storage.models import OutboxMessage
from storage.transaction import Tx
from tests.chat.fakes import PAID, PROCESSING, declined
from tests.flows.automatic import BIG, Auto, set_partner
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World

SOFT = declined("insufficient_funds", "try_again_later")


async def redated(world: World, start: dt.date) -> None:
    await world.at_desk(dating.set_renewal_date, world.workspace, start)


async def waits(world: World) -> tuple[int, int]:
    """Bots, and how many of them wait for points."""
    ((units, unpaid),) = await world.sql(
        "SELECT units, unpaid FROM addon_states WHERE units > 0 OR changes > 0"
    )
    return units, unpaid


async def spent(world: World, cycle: str) -> int:
    """Hundredths, in the cycle that starts then."""
    ((total,),) = await world.sql(
        f"SELECT -coalesce(sum(amount), 0) FROM postings WHERE cycle_start = '{cycle}'"
    )
    return int(total)


async def told(world: World) -> list[dict[str, Any]]:
    """What the renewal's notices say, in order."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        found = select(OutboxMessage.params).where(OutboxMessage.kind == "renewal")
        return list(tx.conn.scalars(found.order_by(OutboxMessage.created_at)))

    return await world.db.read(read)


async def sound(world: World) -> None:
    await assert_books_balance(world)
    for name, query in invariants_at(world.now):
        assert not await world.db.scan(query), name


async def two_bots_no_points(world: World) -> None:
    """On 1 December two bots are due, with three days of grace; the next renewal date is set to the 2nd."""
    await world.db.write(set_partner(grace_days=3))
    await world.give(6_000)
    await world.get("Extra bot", 2)
    world.turn(1, month=12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    await redated(world, dt.date(2026, 12, 2))


async def test_a_cycle_that_is_cut_short_cuts_no_grace(world: World) -> None:
    """R4, R15: what waits from the 1st works through the 3rd, as it was told."""
    await two_bots_no_points(world)
    for day in (2, 3):
        world.turn(day, month=12)
        await world.db.write(workspaces.catch_up, world.call(), world.workspace)
        assert await waits(world) == (2, 2)
        assert (await told(world))[-1]["waits_until"] == "2026-12-03"
    assert [ended for notice in await told(world) for ended in notice["ended"]] == []
    await sound(world)

    world.turn(4, month=12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert await waits(world) == (0, 0)
    assert (await told(world))[-1]["ended"] == [["Extra bot", 2, "points"]]
    await sound(world)


async def test_points_that_arrive_after_a_short_cycle_pay_the_one_that_runs(world: World) -> None:
    await two_bots_no_points(world)
    world.turn(3, month=12)
    await world.give(3_000)

    assert await waits(world) == (2, 1)
    assert (await spent(world, "2026-12-01"), await spent(world, "2026-12-02")) == (0, 3_000)
    await sound(world)


async def test_a_new_renewal_date_each_day_gives_no_second_grace(world: World) -> None:
    await two_bots_no_points(world)
    for day in (2, 3, 4):
        world.turn(day, month=12)
        await redated(world, dt.date(2026, 12, day))

    assert await waits(world) == (0, 0)
    await sound(world)


async def test_what_is_set_to_end_ends_with_the_short_cycle(world: World) -> None:
    """R14: it waits for nothing any more."""
    await two_bots_no_points(world)
    await world.do(addons.set_renews, world.workspace, world.addon["Extra bot"], renews=False)
    world.turn(2, month=12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert await waits(world) == (0, 0)
    assert (await told(world))[-1]["ended"] == [["Extra bot", 2, "set"]]
    await sound(world)


async def test_a_short_cycle_pauses_nothing_that_still_waits(world: World) -> None:
    """R21: it works on, so its limit isn't exceeded for a moment either."""
    await world.db.write(usage.report_usage, world.call(), world.workspace, {"bots": 1}, world.now)
    await two_bots_no_points(world)
    await world.db.write(usage.report_usage, world.call(), world.workspace, {"bots": 3}, world.now)
    world.turn(2, month=12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert "paused" not in await world.notices()
    assert await world.sql("SELECT paused_limit FROM workspaces") == [(False,)]


@pytest.fixture
async def auto(world: World) -> Auto:
    """Auto top-up is on and has no points to start with: 30 are due on 1 December, and again on the 2nd."""
    found = await Auto.over(world)
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await found.turn_on()
    found.turn(20)
    await redated(world, dt.date(2026, 11, 2))
    return found


async def test_a_charge_whose_result_is_unknown_holds_what_it_pays_over_a_short_cycle(auto: Auto) -> None:
    """R15: nothing lapses on the 2nd; the money of the 3rd pays the cycle that runs by then, and no other."""
    auto.gateway.charging = PROCESSING
    auto.turn(30)
    await auto.tick()
    for day in (1, 2, 3):
        auto.turn(day, month=12)
        await auto.tick()
        assert await auto.units() == 1
    for payment in list(auto.gateway.payments):
        auto.gateway.finish(payment)
    await auto.tick(2, minutes=15)

    assert (await auto.units(), await auto.world.balance()) == (1, 5_500 - 3_000)
    assert await auto.orders() == [("paid", "", BIG)]
    assert await auto.told("desk_lapsed") == 0


async def test_a_declined_charge_is_tried_again_over_a_short_cycle(auto: Auto) -> None:
    """R15, R18: by the dates of the cycle that runs."""
    auto.gateway.charging = SOFT
    auto.turn(30)
    await auto.tick()
    for day in (1, 2):
        auto.turn(day, month=12)
        await auto.tick()
        assert await auto.units() == 1
    auto.gateway.charging = PAID
    auto.turn(3, month=12)
    await auto.tick(2, minutes=15)

    assert (await auto.units(), await auto.world.balance()) == (1, 5_500 - 3_000)
    assert [status for status, _, _ in await auto.orders()] == ["failed", "failed", "failed", "paid"]
    assert (await auto.told("auto_failed"), await auto.told("desk_lapsed")) == (1, 0)


async def test_over_a_short_cycle_it_holds_them_five_days_at_most(auto: Auto) -> None:
    """R15: from 1 December on, when they began to wait."""
    auto.gateway.charging = PROCESSING
    auto.turn(30)
    await auto.tick()
    for day in (1, 2, 3):
        auto.turn(day, month=12)
        await auto.tick()
        assert await auto.units() == 1

    auto.turn(6, month=12, hour=1)
    await auto.tick(2, minutes=5)

    assert await auto.units() == 0
    assert (await auto.world.notices()).count("desk_lapsed") == 1
