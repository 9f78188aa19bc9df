"""Processes that sweep one PostgreSQL at the same time: each workspace renews once (R14), also where one is killed."""

import asyncio
import datetime as dt
import multiprocessing
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from benchmarks import due_world
from benchmarks.market import BOT_ID
from bot.sweeping import Sweep
from storage.database import open_database

COUNT: Final = 5_000
BATCH: Final = 100
NOW: Final = due_world.due_at(0)
_fork = multiprocessing.get_context("fork")

EACH_ONCE = """
SELECT count(*) FILTER (WHERE renews_at > $1), count(*) FILTER (WHERE claimed_until IS NULL),
  (SELECT count(*) FROM postings WHERE kind = 'renewal'),
  (SELECT count(DISTINCT (workspace_id, addon_id)) FROM postings WHERE kind = 'renewal'),
  (SELECT count(*) FROM cycles),
  (SELECT count(*) FROM outbox WHERE kind = 'renewal'),
  (SELECT count(*) FROM deliveries WHERE version = 2)
FROM workspaces
"""
WRONG_WALLETS = """
SELECT count(*) FROM wallets w JOIN
  (SELECT workspace_id, sum(amount) AS sum, count(*) AS n FROM postings GROUP BY workspace_id) p USING (workspace_id)
WHERE w.balance <> p.sum OR w.posted <> p.n
"""


class _Then:
    def now(self) -> dt.datetime:
        return NOW


def _process(url: str, done: Any) -> None:
    """A process of its own, with its own pool."""

    async def work() -> int:
        db = open_database(url)
        try:
            return await Sweep(db, _Then(), BOT_ID, lambda: None, most=BATCH).run()
        finally:
            await db.close()

    done.put(asyncio.run(work()))


@pytest.fixture
def due_url(migrated_pg_url: str) -> str:
    """A database with five thousand due workspaces, of two add-ons each."""

    async def build() -> None:
        db = open_database(migrated_pg_url)
        await due_world.open_shop(db)
        await due_world.fill(db, COUNT)
        await db.close()

    asyncio.run(build())
    return migrated_pg_url


@pytest.fixture
def started() -> Iterator[list[BaseProcess]]:
    """Processes that are ended after the test."""
    running: list[BaseProcess] = []
    yield running
    for process in running:
        with suppress(ValueError):
            process.kill()
            process.join()


def _start(url: str, into: list[BaseProcess]) -> Any:
    done = _fork.Queue()
    process = _fork.Process(target=_process, args=(url, done))
    process.start()
    into.append(process)
    return done


async def _ask(url: str, query: str, *values: Any) -> tuple[int, ...]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    conn = await asyncpg.connect(plain)
    try:
        return tuple(await conn.fetchrow(query, *values))
    finally:
        await conn.close()


async def _each_once(url: str) -> None:
    twice = 2 * COUNT
    assert await _ask(url, EACH_ONCE, NOW) == (COUNT, COUNT, twice, twice, twice, COUNT, COUNT)
    assert await _ask(url, WRONG_WALLETS) == (0,)


def test_two_processes_share_the_work(due_url: str, started: list[BaseProcess]) -> None:
    shares = [_start(due_url, started) for _ in range(2)]
    swept = [share.get(timeout=120) for share in shares]

    assert sum(swept) == COUNT
    assert min(swept) > 0, "both had their share"
    asyncio.run(_each_once(due_url))


def test_the_other_finishes_what_a_killed_one_left(due_url: str, started: list[BaseProcess]) -> None:
    async def renewed() -> int:
        return (await _ask(due_url, "SELECT count(*) FROM workspaces WHERE renews_at > $1", NOW))[0]

    async def midway() -> None:
        async with asyncio.timeout(60):
            while await renewed() < COUNT // 10:
                await asyncio.sleep(0.005)

    _start(due_url, started)
    asyncio.run(midway())
    started[0].kill()
    started[0].join()
    assert asyncio.run(renewed()) < COUNT, "killed too late to tell"

    swept = _start(due_url, started).get(timeout=120)

    assert 0 < swept < COUNT
    asyncio.run(_each_once(due_url))
