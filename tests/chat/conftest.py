"""Fixtures of chat tests: a partner, one who sells, and the people around them."""

import datetime as dt

import pytest
from sqlalchemy import delete

from billing import catalogue
from billing.access import Role
from billing.call import Call
from billing.checkout import keep_account
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
LONG_AGO = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
PRICES = {
    "Extra bot": 500,
    "Extra member": 500,
    "+1,000 bot users": 500,
    "+10,000 bot users": 3_000,
}


@pytest.fixture
async def world(database: Database) -> World:
    """A partner who has just started the bot: defaults, nothing priced, no Stripe. Nora owns the desk."""
    await database.write(_create_tables)
    await database.write(catalogue.first_partner, Call(LONG_AGO, "setup", BOT_ID), "Northwind Chat", [NORA])
    world = World(database, TurnableClock(NOW))
    await world.person_id(Person(world, NORA, "Nora"))
    return world


def _create_tables(tx: Tx) -> None:
    Base.metadata.create_all(tx.conn)


@pytest.fixture
async def market(world: World) -> World:
    """The partner sells, and Acme Support (Business Lite, 142.50 points, renews 1 December) is a customer."""
    owner = await world.person_id(Person(world, NORA, "Nora"))
    setup = Call(LONG_AGO, "setup", BOT_ID, owner)
    facts = ("acct_1", "Northwind", True, True, "USD")
    await world.db.write(keep_account, PARTNER, facts, LONG_AGO, test_payments=False)
    await world.db.write(catalogue.set_credit_billing, setup.part("billing"), on=True)
    await world.db.write(catalogue.starter_packs, setup.part("packs"))
    await world.db.write(catalogue.set_point_price, setup.part("exact"), "USD", "1")
    for label, price in PRICES.items():
        await world.db.write(catalogue.set_price, setup.part(label), await world.addon(label), price)
    world.acme = await world.workspace("Acme Support", "Business Lite", 14_250)
    await world.join(Person(world, DANA, "Dana"), world.acme, Role.OWNER)
    await world.db.write(_forget_notices)
    return world


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
