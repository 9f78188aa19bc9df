"""Fixtures of chat tests: a partner, one who sells, and the people around them."""

import datetime as dt
from typing import cast

import pytest
from sqlalchemy import delete

from billing import adjust, catalogue, people, workspaces
from billing.access import Role
from billing.account import keep_account
from billing.call import Call
from storage import catalogue as rows
from storage.database import Database
from storage.models import Base, OutboxMessage
from storage.transaction import Tx

from .fakes import TurnableClock
from .people import Person
from .world import BOT_ID, PARTNER, World

NORA = 501
DANA = 601
NOW = dt.datetime(2026, 11, 16, 9, 12, tzinfo=dt.UTC)
"""Day 16 of the 30 of November's cycle: 15 days are left, today counted."""
ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
"""Runs a test, or as `pytestmark` a module's tests, on both databases."""
LONG_AGO = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
PRICES = {
    "Extra bot": 500,
    "Extra member": 500,
    "+1,000 bot users": 500,
    "+10,000 bot users": 3_000,
}


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh SQLite database, which is quick to make; modules about money ask for both kinds (ON_BOTH)."""
    return cast("str", request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "pg_url"))


@pytest.fixture
async def world(database: Database) -> World:
    """A partner who has just started the bot: defaults, nothing priced, no Stripe. Nora owns the desk."""
    await database.write(_move_in)
    return World(database, TurnableClock(NOW))


@pytest.fixture
async def market(world: World) -> World:
    """The partner sells, and Acme Support (Business Lite, 142.50 points, renews 1 December) is a customer."""
    world.acme = await world.db.write(_open_market)
    return world


def _move_in(tx: Tx) -> None:
    Base.metadata.create_all(tx.conn)
    catalogue.first_partner(tx, Call(LONG_AGO, "setup", BOT_ID), "Northwind Chat", [NORA])
    people.meet(tx, Call(NOW, "nora", BOT_ID), NORA, "Nora", None, "en")


def _open_market(tx: Tx) -> int:
    """Everything in one transaction, for speed."""
    nora = people.meet(tx, Call(NOW, "nora", BOT_ID), NORA, "Nora", None, "en").person_id
    setup = Call(LONG_AGO, "setup", BOT_ID, nora)
    keep_account(tx, PARTNER, ("acct_1", "Northwind", True, True, "USD"), LONG_AGO, test_payments=False)
    catalogue.set_credit_billing(tx, setup.part("billing"), on=True)
    catalogue.starter_packs(tx, setup.part("packs"))
    catalogue.set_point_price(tx, setup.part("exact"), "USD", "1")
    numbers = {addon.label: addon.id for addon in rows.addons(tx, PARTNER)}
    for label, price in PRICES.items():
        catalogue.set_price(tx, setup.part(label), numbers[label], price)

    now = Call(NOW, "acme", BOT_ID, nora)
    plan = next(row.id for row, _ in workspaces.plans(tx, nora) if row.name == "Business Lite")
    acme = workspaces.create(tx, now, "Acme Support", plan, "UTC", dt.date(2026, 12, 1)).id
    adjust.adjust(tx, now.part("welcome"), acme, 14_250, "welcome")
    dana = people.meet(tx, Call(NOW, "dana", BOT_ID), DANA, "Dana", None, "en").person_id
    people.invite_from_desk(tx, now.part("invite"), acme, Role.OWNER, "dana")
    tx.session.flush()
    people.accept_invite(tx, Call(NOW, "join", BOT_ID, dana), "dana")
    tx.session.flush()
    _forget_notices(tx)
    return acme


def _forget_notices(tx: Tx) -> None:
    tx.session.execute(delete(OutboxMessage))


@pytest.fixture
def nora(world: World) -> Person:
    """Owns the partner's desk."""
    return Person(world, NORA, "Nora")


@pytest.fixture
def dana(market: World) -> Person:
    """Owns Acme Support."""
    return Person(market, DANA, "Dana")


@pytest.fixture
async def vic(market: World) -> Person:
    """Looks at Acme Support, no more."""
    vic = market.person("Vic")
    await market.join(vic, market.acme, Role.VIEWER)
    await market.db.write(_forget_notices)
    return vic


@pytest.fixture
def stranger(world: World) -> Person:
    """Somebody whom nobody invited."""
    return world.person("Sam")
