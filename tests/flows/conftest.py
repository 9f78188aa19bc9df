"""A small world for use cases: a partner that sells, a workspace on its 30-day cycle, its people."""

import asyncio
import datetime as dt
import itertools
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from billing import addons, adjust, catalogue, people, workspaces
from billing.access import Role
from billing.addons import Changed, Quote
from billing.call import Call
from billing.errors import CycleDueError
from billing.money import Money
from storage import catalogue as catalogue_rows
from storage.database import Database, Tx, open_database
from storage.models import Partner
from tests.conftest import address, administer, pg_copy

BOT = 4242
PARTNER_TELEGRAM, OWNER_TELEGRAM = 100, 200
START = dt.datetime(2026, 11, 1, 12, 0, tzinfo=dt.UTC)
"""The first date of the workspace's cycle of 30 dates."""

_taps = itertools.count(1)


@dataclass
class World:
    """What tests act through; `now` is turned by hand."""

    db: Database
    now: dt.datetime = START
    partner_person: int = 0
    owner: int = 0
    workspace: int = 0
    addon: dict[str, int] = field(default_factory=dict)

    def call(self, person_id: int | None = None, reference: str | None = None) -> Call:
        return Call(self.now, reference or f"tap:{next(_taps)}", BOT, person_id)

    async def do(self, use_case: Callable[..., Any], *args: Any, by: int | None = None, **kwargs: Any) -> Any:
        """Run a writing use case as a person (the workspace's owner unless told)."""
        return await self.db.write(use_case, self.call(by or self.owner), *args, **kwargs)

    async def at_desk(self, use_case: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await self.do(use_case, *args, by=self.partner_person, **kwargs)

    async def give(self, hundredths: int) -> None:
        await self.at_desk(adjust.adjust, self.workspace, hundredths, "for the test")

    async def quote(self, label: str, units: int) -> Quote:
        """What a person is shown; due cycles are worked off first, as the chat does."""
        asked = (self.owner, self.workspace, self.addon[label], units, self.now)
        try:
            return await self.db.read(addons.quote, *asked)
        except CycleDueError:
            await self.db.write(workspaces.catch_up, self.call(), self.workspace)
            return await self.db.read(addons.quote, *asked)

    async def get(self, label: str, units: int, **kwargs: Any) -> Changed:
        """Quote and confirm."""
        quoted = (await self.quote(label, units)).amount
        result = await self.do(addons.set_units, self.workspace, self.addon[label], units, quoted, **kwargs)
        assert isinstance(result, Changed)
        return result

    def turn(self, day: int, month: int = 11, hour: int = 12) -> None:
        """Stand at a date of 2026."""
        self.now = dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)

    async def sql(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows by a statement of the test's own, on another connection than the writer's."""

        def run(tx: Tx) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in tx.conn.execute(text(query), values)]

        return await self.db.read(run)

    async def balance(self) -> int:
        ((balance,),) = await self.sql(
            "SELECT balance FROM wallets WHERE workspace_id = :w", w=self.workspace
        )
        return int(balance)

    async def amounts(self) -> list[int]:
        """Every posting's amount, oldest first."""
        rows = await self.sql(
            "SELECT amount FROM postings WHERE workspace_id = :w ORDER BY number", w=self.workspace
        )
        return [int(row[0]) for row in rows]

    async def notices(self) -> list[str]:
        """Kinds of all notices, in the order of their making."""
        return [row[0] for row in await self.sql("SELECT kind FROM outbox ORDER BY created_at, kind")]

    async def newcomer(self, telegram_id: int, name: str) -> int:
        visitor = await self.db.write(people.meet, self.call(), telegram_id, name, None, "en")
        return visitor.person_id

    async def member(self, telegram_id: int, name: str, role: Role) -> int:
        """Somebody with a role in the workspace."""
        person = await self.newcomer(telegram_id, name)
        code = f"code-{telegram_id}"
        await self.at_desk(people.invite_from_desk, self.workspace, role, code)
        await self.do(people.accept_invite, code, by=person)
        return person


def connect_stripe(tx: Tx, partner_id: int) -> None:
    partner: Partner = catalogue_rows.lock_partner(tx, partner_id)
    partner.stripe_account, partner.stripe_charges, partner.stripe_live = "acct_1", True, True


async def build_world(db: Database) -> World:
    """A selling partner with all add-ons at 30 points, packs of 10 and 50, a workspace anchored on the 1st."""
    world = World(db, dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC))
    partner_id = await db.write(catalogue.first_partner, world.call(), "Northwind Chat", [PARTNER_TELEGRAM])
    world.partner_person = await world.newcomer(PARTNER_TELEGRAM, "Pat")
    await db.write(connect_stripe, partner_id)
    await world.at_desk(catalogue.set_credit_billing, on=True)

    def ids(tx: Tx) -> dict[str, int]:
        return {row.label: row.id for row in catalogue_rows.addons(tx, partner_id)}

    world.addon = await db.read(ids)
    for addon_id in world.addon.values():
        await world.at_desk(catalogue.set_price, addon_id, 3_000)
    await world.at_desk(catalogue.save_pack, None, 1_000, 0, Money(900, "USD"))
    await world.at_desk(catalogue.save_pack, None, 5_000, 500, Money(4_000, "USD"))
    await world.at_desk(catalogue.set_point_price, "USD", "1")
    world.now = START
    plans = await db.read(workspaces.plans, world.partner_person)
    made = await world.at_desk(workspaces.create, "Acme Support", plans[0][0].id, "UTC", START.date())
    world.workspace = made.id
    world.owner = await world.member(OWNER_TELEGRAM, "Dana", Role.OWNER)
    return world


def _built(url: str) -> World:
    """The world that a database holds, built in it; to be copied with the database."""

    async def build() -> World:
        db = open_database(url)
        try:
            return await build_world(db)
        finally:
            await db.close()

    # In a thread: pytest sets fixtures up from inside a running loop too.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, build()).result()


@pytest.fixture(scope="session")
def sqlite_world(sqlite_template: Path) -> tuple[Path, World]:
    """An SQLite file that holds the world, to copy."""
    path = sqlite_template.with_name("world.db")
    shutil.copy(sqlite_template, path)
    built = _built(f"sqlite+aiosqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path, built


@pytest.fixture(scope="session")
def pg_built_world(pg_server: str, pg_template: str) -> tuple[str, World]:
    """The name of a PostgreSQL database that holds the world, to copy."""
    administer(pg_server, f"CREATE DATABASE world_template TEMPLATE {pg_template}")
    return "world_template", _built(address(pg_server, "world_template"))


@pytest.fixture(params=["sqlite", "postgresql"])
def world_copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, World]]:
    """The URL of a database that holds the world, once of each kind."""
    if request.param == "sqlite":
        template, built = request.getfixturevalue("sqlite_world")
        path = tmp_path / "world.db"
        shutil.copy(template, path)
        yield f"sqlite+aiosqlite:///{path}", built
    else:
        name, built = request.getfixturevalue("pg_built_world")
        with contextmanager(pg_copy)(request.getfixturevalue("pg_server"), name) as url:
            yield url, built


@pytest.fixture
async def world(world_copy: tuple[str, World]) -> AsyncIterator[World]:
    url, built = world_copy
    world = replace(built, db=open_database(url), addon=dict(built.addon))
    yield world
    await world.db.close()


@pytest.fixture
def pg_world_copy(pg_server: str, pg_built_world: tuple[str, World]) -> Iterator[tuple[str, World]]:
    name, built = pg_built_world
    with contextmanager(pg_copy)(pg_server, name) as url:
        yield url, built


@pytest.fixture
async def pg_world(pg_world_copy: tuple[str, World]) -> AsyncIterator[World]:
    """The world on PostgreSQL, where twenty at once really are at once."""
    url, built = pg_world_copy
    world = replace(built, db=open_database(url), addon=dict(built.addon))
    yield world
    await world.db.close()
