"""A partner who sells, with workspaces and an owner in each: what taps and pages are read from."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from billing import adjust, catalogue, people, workspaces
from billing.access import Role
from billing.account import keep_account
from billing.call import Call
from billing.clock import SystemClock
from billing.money import Money
from storage import migrate
from storage.database import Database, open_database

PARTNER = 1
BOT_ID = 42
_DESK = 100
_FIRST_OWNER = 1_000


@dataclass(frozen=True, slots=True)
class Market:
    """`owners`: the Telegram id of each workspace's owner, with the workspace's number."""

    url: str
    db: Database
    owners: tuple[tuple[int, int], ...]


@asynccontextmanager
async def open_market(url: str, size: int) -> AsyncIterator[Market]:
    """A new database with `size` workspaces, closed afterwards."""
    migrate.upgrade(url)
    db = open_database(url)
    try:
        owners = await _set_up(db, SystemClock().now(), size)
        yield Market(url, db, owners)
    finally:
        await db.close()


async def _set_up(db: Database, now: dt.datetime, size: int) -> tuple[tuple[int, int], ...]:
    def call(reference: str, person_id: int | None = None) -> Call:
        return Call(now, reference, BOT_ID, person_id)

    await db.write(catalogue.first_partner, call("first"), "Northwind Chat", [_DESK])
    desk = (await db.write(people.meet, call("desk"), _DESK, "Pat", None, "en")).person_id
    await db.write(
        keep_account, PARTNER, ("acct_1", "Northwind", True, True, "USD"), now, test_payments=False
    )
    await db.write(catalogue.set_credit_billing, call("on", desk), on=True)
    for points, minor in ((1_000, 900), (5_000, 4_000), (10_000, 7_500)):
        await db.write(catalogue.save_pack, call(f"pack{points}", desk), None, points, 0, Money(minor, "USD"))
    await db.write(catalogue.set_point_price, call("exact", desk), "USD", "1")
    plan = (await db.read(workspaces.plans, desk))[0][0]
    owners = []
    for number in range(size):
        made = await db.write(
            workspaces.create, call(f"make{number}", desk), f"Acme {number}", plan.id, "UTC", now.date()
        )
        await db.write(adjust.adjust, call(f"gift{number}", desk), made.id, 10_000, "welcome")
        code, telegram_id = f"code-{number}", _FIRST_OWNER + number
        await db.write(people.invite_from_desk, call(code, desk), made.id, Role.OWNER, code)
        owner = await db.write(people.meet, call(f"meet{number}"), telegram_id, "Dana", None, "en")
        await db.write(people.accept_invite, call(f"join{number}", owner.person_id), code)
        owners.append((telegram_id, made.id))
    return tuple(owners)
