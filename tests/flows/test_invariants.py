"""The books are checked by queries that find what is wrong, and only that (DESIGN 5.7)."""

import datetime as dt

import pytest
from sqlalchemy import text

from billing.invariants import invariants_at
from storage.database import Tx
from tests.flows.conftest import World


async def broken(world: World) -> dict[str, list[str]]:
    found = {}
    for name, query in invariants_at(world.now):
        if lines := await world.db.scan(query):
            found[name] = list(lines)
    return found


async def spoil(world: World, statement: str) -> None:
    def run(tx: Tx) -> None:
        tx.conn.execute(text(statement))

    await world.db.write(run)


async def test_sound_books_break_nothing(world: World) -> None:
    await world.give(20_000)
    await world.get("Extra bot", 2)
    world.turn(2, month=12)
    await world.get("Extra member", 1)

    assert await broken(world) == {}


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE wallets SET balance = balance + 1", "balances"),
        ("UPDATE wallets SET posted = posted + 1", "balances"),
        ("UPDATE postings SET amount = amount - 1 WHERE number = 1", "balances"),
        (
            (
                "INSERT INTO orders (partner_id, id, workspace_id, points, bonus, amount_minor, currency, live, status,"
                " reason, created_at, expires_at, next_look_at, looks, refunded_minor, reversed_points, reversed_bonus,"
                " reversals, packs, automatic, saves_card)"
                " SELECT 1, 5, id, 100, 0, 100, 'USD', true, 'paid', '', created_at, created_at, created_at, 0, 0, 0, 0,"
                " 0, 1, false, false FROM workspaces"
            ),
            "payments",
        ),
    ],
)
async def test_a_spoilt_row_is_found(world: World, statement: str, name: str) -> None:
    await world.give(10_000)

    await spoil(world, statement)

    assert name in await broken(world)


async def test_a_cycle_that_nobody_worked_off_is_found(world: World) -> None:
    world.now += dt.timedelta(days=60)

    assert list(await broken(world)) == ["cycles"]


async def test_units_that_wait_without_an_end_and_units_renewed_twice_are_found(world: World) -> None:
    """R14, R15."""
    await world.give(10_000)
    await world.get("Extra bot", 2)
    world.turn(2, month=12)
    await world.get("Extra bot", 1)
    assert await broken(world) == {}

    await spoil(world, "UPDATE addon_states SET unpaid = 1")
    assert list(await broken(world)) == ["waiting"]
    await spoil(world, "UPDATE addon_states SET unpaid = 0")
    await spoil(
        world,
        "INSERT INTO postings (partner_id, workspace_id, number, reference, line, kind, amount, balance_after, floor,"
        " forced, at, addon_id, cycle_start, note, explained)"
        " SELECT partner_id, workspace_id, 99, 'again', 0, kind, amount, balance_after, floor, forced, at, addon_id,"
        " cycle_start, note, explained FROM postings WHERE kind = 'renewal'",
    )
    assert "renewals" in await broken(world)
