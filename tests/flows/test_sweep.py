"""The renewal sweep (R14): in sets it does exactly what is done one by one, and nothing holds it up."""

import asyncio
import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from billing import catalogue, renewal, workspaces
from billing.call import Call
from bot.sweeping import LEASE, Sweep
from storage import workspaces as rows
from storage.database import Database, Tx, open_database
from storage.models import Base
from tests.conftest import pg_copy
from tests.flows import due
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import BOT, World
from tests.looking import all_due

NOON_OF_DECEMBER = dt.datetime(2026, 12, 2, 12, tzinfo=dt.UTC)


@dataclass
class Hands:
    """A clock that is turned by hand."""

    at: dt.datetime

    def now(self) -> dt.datetime:
        return self.at


async def sweep(db: Database, at: dt.datetime) -> None:
    await Sweep(db, Hands(at), BOT, lambda: None).run()


async def one_by_one(db: Database, at: dt.datetime) -> None:
    """The way of every use case, and of nothing else."""
    while ids := await db.read(all_due, at):
        for workspace_id in ids:
            call = Call(at, f"tick:{workspace_id}:{at.isoformat()}", BOT)
            await db.write(workspaces.catch_up, call, workspace_id)


def everything(tx: Tx) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables. In which order the notices of different chats were made tells nothing."""
    found = {}
    for table in Base.metadata.sorted_tables:
        key = [*table.primary_key.columns]
        columns = [column for column in table.columns if (table.name, column.name) != ("outbox", "number")]
        found[table.name] = [dict(row) for row in tx.conn.execute(select(*columns).order_by(*key)).mappings()]
    return found


@pytest.fixture
def copies(world_copy: tuple[str, World], request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Answers the URL of a copy of the world's database, to which nobody is connected."""
    url, _ = world_copy

    @contextmanager
    def copy() -> Iterator[str]:
        parsed = make_url(url)
        assert parsed.database is not None
        if parsed.get_backend_name() == "sqlite":
            with closing(sqlite3.connect(parsed.database)) as conn:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            yield f"sqlite+aiosqlite:///{shutil.copy(parsed.database, tmp_path / 'copy.db')}"
        else:
            server = request.getfixturevalue("pg_server")
            with contextmanager(pg_copy)(server, parsed.database) as copied:
                yield copied

    return copy


@pytest.mark.parametrize(("seed", "grace"), [(1, 0), (2, 3)])
async def test_in_sets_and_one_by_one_end_in_the_same_rows(
    world_copy: tuple[str, World], copies: Any, seed: int, grace: int
) -> None:
    """R4, R7, R14-R16, R21, R35, R36: every table, to the byte."""
    url, built = world_copy
    world = replace(built, db=open_database(url), addon=dict(built.addon))
    await world.at_desk(catalogue.set_grace_days, grace)
    await due.fill(world, 40, seed)
    await world.db.close()
    with copies() as other:
        swept, plain = open_database(url), open_database(other)
        for days in (0, 1, 30, 62):
            at = NOON_OF_DECEMBER + dt.timedelta(days=days)
            await sweep(swept, at)
            await one_by_one(plain, at)
            ours, theirs = await swept.read(everything), await plain.read(everything)
            for table, expected in theirs.items():
                assert [each for each in zip(ours[table], expected, strict=True) if each[0] != each[1]][
                    :2
                ] == [], table
        await plain.close()
        world.db = swept
        await assert_books_balance(world)
        await swept.close()


async def test_most_of_a_varied_desk_goes_in_sets(world: World) -> None:
    """Or the comparison above would compare one way with itself."""
    await due.fill(world, 60, seed=3)
    call = Call(NOON_OF_DECEMBER, "sweep", BOT)
    swept = await world.db.write(renewal.sweep_batch, call, 1_000, NOON_OF_DECEMBER + LEASE)
    assert swept.moved > 15
    assert len(swept.left) > 10
    renewed = await world.sql("SELECT count(*) FROM postings WHERE kind = 'renewal' AND amount < 0")
    assert renewed[0][0] > 10


@pytest.fixture
async def broken(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """Forty due workspaces, of which one can't be renewed by any way; its number."""
    await due.fill(world, 40, seed=4)
    ((unlucky,),) = await world.sql(
        "SELECT id FROM workspaces WHERE renews_at <= :now ORDER BY renews_at LIMIT 1", now=NOON_OF_DECEMBER
    )
    locking = rows.lock

    def lock(tx: Tx, workspace_id: int) -> Any:
        if workspace_id == unlucky:
            raise LookupError(unlucky)
        return locking(tx, workspace_id)

    def batch(*_: Any) -> None:
        raise LookupError(unlucky)

    monkeypatch.setattr(rows, "lock", lock)
    monkeypatch.setattr(renewal, "sweep_batch", batch)
    return int(unlucky)


async def due_now(world: World, at: dt.datetime) -> list[int]:
    return [row[0] for row in await world.sql("SELECT id FROM workspaces WHERE renews_at <= :now", now=at)]


async def test_one_that_fails_holds_up_nobody_else(world: World, broken: int) -> None:
    async with asyncio.timeout(60):
        await sweep(world.db, NOON_OF_DECEMBER)

    assert await due_now(world, NOON_OF_DECEMBER) == [broken]
    (lease,) = await world.sql("SELECT claimed_until FROM workspaces WHERE id = :w", w=broken)
    assert lease[0] is not None
    await assert_books_balance(world)


async def test_what_failed_is_tried_again_when_its_lease_is_over(
    world: World, broken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sweep(world.db, NOON_OF_DECEMBER)
    monkeypatch.undo()
    await sweep(world.db, NOON_OF_DECEMBER + LEASE / 2)
    assert await due_now(world, NOON_OF_DECEMBER) == [broken]

    await sweep(world.db, NOON_OF_DECEMBER + LEASE)

    assert await due_now(world, NOON_OF_DECEMBER) == []


async def test_a_workspace_that_somebody_decides_about_is_passed_over(pg_world: World) -> None:
    """No sweep waits for a tap, and no tap for long."""
    await due.fill(pg_world, 40, seed=5)
    begun, go_on = asyncio.Event(), asyncio.Event()
    held = (await due_now(pg_world, NOON_OF_DECEMBER))[0]
    url = make_url(pg_world.db._writes.url)  # type: ignore[attr-defined]  # a rival of this database

    async def rival() -> None:
        import asyncpg

        conn = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        async with conn.transaction():
            await conn.fetch("SELECT * FROM wallets WHERE workspace_id = $1 FOR UPDATE", held)
            begun.set()
            await go_on.wait()
        await conn.close()

    holding = asyncio.ensure_future(rival())
    try:
        await begun.wait()
        async with asyncio.timeout(30):
            await sweep(pg_world.db, NOON_OF_DECEMBER)
        assert await due_now(pg_world, NOON_OF_DECEMBER) == [held]
    finally:
        go_on.set()
        with suppress(asyncio.CancelledError):
            await holding
    await sweep(pg_world.db, NOON_OF_DECEMBER)
    assert await due_now(pg_world, NOON_OF_DECEMBER) == []
