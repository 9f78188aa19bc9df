"""Warnings at 80 and 95 percent, once per crossing (R22)."""

import datetime as dt
from typing import Any

import pytest

from billing import usage, workspaces
from billing.access import Role
from tests.flows.conftest import World

HOUR = dt.timedelta(hours=1)


async def uses(world: World, **used: int) -> None:
    world.now += HOUR
    await world.db.write(usage.report_usage, world.call(), world.workspace, used, world.now)


async def warnings(world: World) -> list[list[tuple[str, int]]]:
    """Of each warning, in their order: label and percentage of each limit."""

    def read(tx: Any) -> list[dict[str, Any]]:
        from sqlalchemy import select

        from storage.models import OutboxMessage

        return list(
            tx.session.scalars(
                select(OutboxMessage.params)
                .where(OutboxMessage.kind == "usage_warning")
                .order_by(OutboxMessage.created_at)
            )
        )

    return [
        [(label, level) for _, label, _, _, level in params["limits"]] for params in await world.db.read(read)
    ]


async def test_each_percentage_is_warned_of_once(world: World) -> None:
    for used in (799, 800, 810, 949, 950, 990):
        await uses(world, bot_users=used)

    assert await warnings(world) == [[("Bot users", 80)], [("Bot users", 95)]]


async def test_a_leap_over_both_is_one_warning(world: World) -> None:
    await uses(world, bot_users=960)

    assert await warnings(world) == [[("Bot users", 95)]]


async def test_what_fell_and_rose_again_is_warned_of_again(world: World) -> None:
    for used in (850, 700, 850):
        await uses(world, bot_users=used)

    assert await warnings(world) == [[("Bot users", 80)], [("Bot users", 80)]]


async def test_falling_from_95_to_85_and_rising_warns_of_95_alone(world: World) -> None:
    for used in (960, 850, 960):
        await uses(world, bot_users=used)

    assert await warnings(world) == [[("Bot users", 95)], [("Bot users", 95)]]


@pytest.mark.parametrize("used", [1_000, 1_001])
async def test_who_uses_all_of_it_or_more_is_not_warned(world: World, used: int) -> None:
    """The pause says it; back at 96 percent nobody has crossed anything upwards."""
    await uses(world, bot_users=used)
    await uses(world, bot_users=960)

    assert await warnings(world) == []


async def test_a_smaller_allowance_warns_too(world: World) -> None:
    await world.give(10_000)
    await world.get("+1,000 bot users", 1)
    await uses(world, bot_users=900)
    assert await warnings(world) == []

    await world.get("+1,000 bot users", 0)

    assert await warnings(world) == [[("Bot users", 80)]]


async def test_a_larger_allowance_forgets_the_warning(world: World) -> None:
    await world.give(10_000)
    await uses(world, bot_users=900)
    await world.get("+1,000 bot users", 1)

    await uses(world, bot_users=1_700)

    assert await warnings(world) == [[("Bot users", 80)], [("Bot users", 80)]]


async def test_a_new_cycle_forgets_what_was_counted_and_warned_of(world: World) -> None:
    """R20: webhook requests start again at zero."""
    await world.give(20_000)
    await world.get("+1,000 webhook requests", 1)
    await uses(world, webhook_requests=900)
    world.turn(1, month=12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    assert await world.sql("SELECT warned FROM usage") == [(0,)]

    await uses(world, webhook_requests=850)

    assert await warnings(world) == [[("Webhook requests", 80)]] * 2


async def test_several_limits_at_once_are_one_warning_to_those_who_can_buy(world: World) -> None:
    await world.member(300, "Bill", Role.BILLING)
    await world.member(400, "Vic", Role.VIEWER)

    await uses(world, bot_users=850, members=4)

    assert await warnings(world) == [[("Members", 80), ("Bot users", 80)]] * 2
    rows = await world.sql("SELECT chat_id FROM outbox WHERE kind = 'usage_warning' ORDER BY chat_id")
    assert rows == [(200,), (300,)]


async def test_a_report_from_a_clock_that_runs_ahead_blocks_no_later_one(world: World) -> None:
    """R20."""
    ahead = world.now + 5 * HOUR
    await world.db.write(usage.report_usage, world.call(), world.workspace, {"bot_users": 1}, ahead)

    await uses(world, bot_users=2)

    assert await world.sql("SELECT used FROM usage") == [(2,)]
