"""The renewal sweep against its own statements by the bare driver.

Both sweep the same world, batch by batch in turn. What the bare side runs was recorded from ours a moment before: the same
statements with every value at hand, in one transaction a batch. It fetches what it reads and decides nothing.
"""

import datetime as dt
import itertools
import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import asyncpg

from benchmarks import due_world
from benchmarks.market import BOT_ID
from benchmarks.measure import Comparison
from benchmarks.postgres import copy_database, create_database
from billing import renewal
from billing.call import Call
from bot.memory import settle_memory
from bot.sweeping import BATCH, LEASE
from storage import migrate
from storage.database import Database, Tx, open_database

SMALL, MIDDLE, LARGE = 1_000, 10_000, 100_000
ROUNDS: Final = 4
"""Months in which the small world is swept, middle worlds, parts in which the large one is swept."""

Statement = tuple[str, Any]
"""SQL and a row of values; a list of rows where it runs for each."""
Replay = Callable[[Sequence[Statement]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class World:
    """Two copies of one world."""

    db: Database
    replay: Replay

    async def sweep(self, now: dt.datetime, most: int | None = None) -> "Swept":
        """All that is due, or at most so many, by both ways."""
        swept, size = Swept(), BATCH[self.db.dialect]
        while most is None or swept.count < most:
            recorded: list[Statement] = []
            begin = perf_counter()
            batch = await self.db.write(_recorded, recorded, now, size)
            if not batch.count:
                break
            swept.ours += perf_counter() - begin
            assert not batch.left, "nothing is special about any of them"
            begin = perf_counter()
            await self.replay(recorded)
            swept.bare += perf_counter() - begin
            swept.count += batch.count
            swept.resident.append(_resident())
        return swept


@dataclass(slots=True)
class Swept:
    """What was swept, and what it cost both ways, in seconds."""

    count: int = 0
    ours: float = 0
    bare: float = 0
    resident: list[int] = field(default_factory=list)
    """Bytes of memory that the process held after each batch."""


def _recorded(tx: Tx, into: list[Statement], now: dt.datetime, most: int) -> renewal.Swept:
    """A batch, and its statements."""
    run, run_many = tx.conn.run_prepared, tx.conn.run_prepared_many

    def spy(sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        into.append((sql, values))
        return run(sql, values)

    def spy_many(sql: str, rows: list[tuple[Any, ...]]) -> None:
        into.append((sql, rows))
        run_many(sql, rows)

    tx.conn.__dict__.update(run_prepared=spy, run_prepared_many=spy_many)
    try:
        return renewal.sweep_batch(tx, Call(now, "benchmark", BOT_ID), most, now + LEASE)
    finally:
        del tx.conn.__dict__["run_prepared"], tx.conn.__dict__["run_prepared_many"]


def _resident() -> int:
    with Path("/proc/self/statm").open() as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


async def on_sqlite(folder: Path) -> list[Comparison]:
    """Ours through the writer thread; bare: sqlite3."""
    numbers = itertools.count(1)

    @asynccontextmanager
    async def world(size: int) -> AsyncIterator[World]:
        path = folder / f"due-{next(numbers)}.db"
        await _build(f"sqlite:///{path}", size)
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = shutil.copy(path, path.with_suffix(".bare.db"))
        db = open_database(f"sqlite:///{path}")
        with closing(sqlite3.connect(copy, isolation_level=None)) as conn:
            conn.execute("PRAGMA synchronous=FULL")
            conn.execute("PRAGMA foreign_keys=ON")

            async def replay(statements: Sequence[Statement]) -> None:
                _by_sqlite3(conn, statements)

            yield World(db, replay)
        await db.close()

    return await _compare("SQLite", "sqlite3", world)


async def on_postgres(server_url: str) -> list[Comparison]:
    """Ours through the pool; bare: one connection of asyncpg."""

    @asynccontextmanager
    async def world(size: int) -> AsyncIterator[World]:
        url = create_database(server_url)
        await _build(url, size)
        bare_url = copy_database(server_url, url)
        db = open_database(url)
        conn = await asyncpg.connect(bare_url)

        async def replay(statements: Sequence[Statement]) -> None:
            async with conn.transaction():
                for sql, values in statements:
                    await conn.fetch(sql, *values)

        yield World(db, replay)
        await conn.close()
        await db.close()

    return await _compare("PostgreSQL", "asyncpg", world)


def _by_sqlite3(conn: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    conn.execute("BEGIN IMMEDIATE")
    for sql, values in statements:
        if isinstance(values, list):
            conn.executemany(sql, values)
        else:
            conn.execute(sql, values).fetchall()
    conn.execute("COMMIT")


async def _build(url: str, size: int) -> None:
    migrate.upgrade(url)
    db = open_database(url)
    try:
        await due_world.open_shop(db)
        await due_world.fill(db, size)
        await db.write(due_world.look_up_statistics)
    finally:
        await db.close()


async def _compare(
    name: str, driver: str, world: Callable[[int], AbstractAsyncContextManager[World]]
) -> list[Comparison]:
    async with AsyncExitStack() as stack:
        small, large = [await stack.enter_async_context(world(size)) for size in (SMALL, LARGE)]
        # A new one for each round, as the large one is new: a second month would find its pages in memory.
        middles = [await stack.enter_async_context(world(MIDDLE)) for _ in range(ROUNDS)]
        settle_memory()
        months = due_world.months()
        now = next(months)
        await small.sweep(now)
        sizes: dict[int, list[Swept]] = {SMALL: [], MIDDLE: [], LARGE: []}
        for middle, month in zip(middles, months, strict=False):
            sizes[SMALL].append(await small.sweep(month))
            sizes[MIDDLE].append(await middle.sweep(now))
            sizes[LARGE].append(await large.sweep(now, LARGE // ROUNDS))
        for size, swept in sizes.items():
            assert sum(each.count for each in swept) == size * (1 if size == LARGE else ROUNDS)
    found = [
        Comparison(
            f"Renewals on {name}, {size:,} due; bare: {driver}",
            "workspaces/s",
            tuple(each.count / each.ours for each in swept),
            tuple(each.count / each.bare for each in swept),
            least=0.5,
        )
        for size, swept in sizes.items()
    ]
    each_of_large, each_of_middle = (
        tuple(each.ours / each.count * 1e6 for each in sizes[size]) for size in (LARGE, MIDDLE)
    )
    linear = f"A renewal of {LARGE:,} on {name}; bare: of {MIDDLE:,}"
    resident = [memory / 2**20 for each in sizes[LARGE] for memory in each.resident]
    tenth = len(resident) // 10
    flat = f"Memory of the process after {LARGE:,} renewals on {name}; bare: after {MIDDLE:,}"
    return [
        *found,
        Comparison(linear, "µs", each_of_large, each_of_middle, most=1.25),
        Comparison(flat, "MiB", (resident[-1],), (resident[tenth],), most=1.25),
    ]
