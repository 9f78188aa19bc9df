"""Who is over a limit is paused for it, and nobody else is: read from the rows themselves (R21)."""

import pytest
from sqlalchemy import text

from billing import usage, workspaces
from billing.invariants import invariants_at
from storage.database import Tx
from tests.flows.conftest import World


async def broken(world: World) -> list[str]:
    return [name for name, query in invariants_at(world.now) if await world.db.scan(query)]


async def spoil(world: World, statement: str) -> None:
    def run(tx: Tx) -> None:
        tx.conn.execute(text(statement))

    await world.db.write(run)


async def uses(world: World, **used: int) -> None:
    await world.db.write(usage.report_usage, world.call(), world.workspace, used, world.now)


async def test_plans_addons_and_overrides_all_count(world: World) -> None:
    """2,000 bot users by plan and add-on, five members, one request too many and none any more in December."""
    await world.give(20_000)
    await world.get("+1,000 bot users", 1)
    await uses(world, bot_users=2_000, members=5, webhook_requests=1)
    assert await broken(world) == []

    world.turn(1, month=12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    assert await world.sql("SELECT paused_limit FROM workspaces") == [(False,)]
    assert await broken(world) == []


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE workspaces SET paused_limit = true", "pauses"),
        ("UPDATE usage SET used = 1001", "limits"),
        ("UPDATE plan_allowances SET value = 999", "limits"),
        ("INSERT INTO overrides SELECT partner_id, id, 'bot_users', 5 FROM workspaces", "limits"),
    ],
)
async def test_a_row_that_nobody_settled_is_found(world: World, statement: str, name: str) -> None:
    await uses(world, bot_users=1_000)

    await spoil(world, statement)

    assert await broken(world) == [name]
