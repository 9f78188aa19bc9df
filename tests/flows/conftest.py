"""A small world for use cases: a partner that sells, a workspace on its 30-day cycle, its people."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
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


@pytest.fixture
async def world(migrated_url: str) -> AsyncIterator[World]:
    db = open_database(migrated_url)
    yield await build_world(db)
    await db.close()


@pytest.fixture
async def pg_world(migrated_pg_url: str) -> AsyncIterator[World]:
    """The world on PostgreSQL, where twenty at once really are at once."""
    db = open_database(migrated_pg_url)
    yield await build_world(db)
    await db.close()
