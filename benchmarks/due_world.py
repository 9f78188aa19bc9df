"""Partners' worlds with many workspaces whose cycle is over: what a renewal sweep is measured on."""

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.market import BOT_ID, PARTNER
from billing import catalogue, people, standing
from billing.call import Call
from billing.cycle import Cycle
from billing.ledger import Kind, Line, Operation, post
from billing.renewal import cycle_values
from storage import catalogue as catalogue_rows
from storage.database import Database
from storage.models import (
    AddonChange,
    AddonState,
    Delivery,
    Member,
    Person,
    Wallet,
    Workspace,
    WorkspaceCycle,
)
from storage.sets import InsertSet
from storage.transaction import Tx

START: Final = dt.date(2027, 1, 1)
"""The running cycle's first date in every workspace."""
FIRST_ID: Final = 1_000_000
DESK: Final = 100
"""The Telegram id of the partner's owner, as in benchmarks.market."""
GIFT: Final = 1_000_000_00
ADDONS: Final = 2
_BATCH = 2_000
_SOLD_AT = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)


def due_at(month: int) -> dt.datetime:
    """An instant in the hour after the cycle of the month has ended; months count from 0."""
    months = START.month - 1 + month + 1
    return dt.datetime(START.year + months // 12, months % 12 + 1, 1, 0, 30, tzinfo=dt.UTC)


async def open_shop(db: Database) -> None:
    """A partner that sells every add-on, to be filled."""
    await db.write(catalogue.first_partner, _call("first"), "Northwind Chat", [DESK])
    desk = (await db.write(people.meet, _call("desk"), DESK, "Pat", None, "en")).person_id
    await db.write(catalogue.set_credit_billing, _call("on", desk), on=True)
    await price_all(db)


async def price_all(db: Database) -> None:
    """Every add-on of the partner's gets a price."""
    desk = (await db.write(people.meet, _call("desk"), DESK, "Pat", None, "en")).person_id
    for number, addon_id in enumerate(await db.read(_addon_ids)):
        call = _call(f"price-{number}", desk)
        await db.write(catalogue.set_price, call, addon_id, 500 + 300 * number)


def _call(reference: str, person_id: int | None = None) -> Call:
    return Call(_SOLD_AT - dt.timedelta(days=60), reference, BOT_ID, person_id)


def _addon_ids(tx: Tx) -> list[int]:
    return [addon.id for addon in catalogue_rows.addons(tx, PARTNER)]


def look_up_statistics(tx: Tx) -> None:
    """What PostgreSQL does by itself within a minute. SQLite is left without, as it runs."""
    if tx.dialect == "postgresql":
        tx.conn.exec_driver_sql("ANALYZE")


async def fill(db: Database, count: int) -> None:
    """So many workspaces with two add-ons, one owner each and points for years."""
    numbers = iter(range(count))
    while batch := list(itertools.islice(numbers, _BATCH)):
        await db.write(_put, batch)


def _put(tx: Tx, numbers: list[int]) -> None:
    addons = catalogue_rows.addons(tx, PARTNER)
    plans = catalogue_rows.plans(tx, PARTNER)
    limits = catalogue_rows.limits(tx, PARTNER)
    allowed = catalogue_rows.plan_allowances(tx, PARTNER, [plan.id for plan in plans])
    end = due_at(0).date()
    values = cycle_values(Cycle(START, end, START, end), "UTC", "UTC")
    rows: dict[type[Any], list[dict[str, Any]]] = {}

    def put(model: type[Any], **row: Any) -> None:
        rows.setdefault(model, []).append(row)

    for number in numbers:
        workspace, person = FIRST_ID + number, FIRST_ID + number
        plan = plans[number % len(plans)]
        mine = {addons[(number + n) % len(addons)].id: 1 + number % 3 for n in range(ADDONS)}
        stands = standing.worked_out(values["began_at"], limits, addons, mine, allowed[plan.id], {}, {})
        granted = standing.what_is_granted(stands, mine, START)
        told = standing.what_host_knows(f"Customer {number}", granted, paused=False)
        put(
            Workspace,
            partner_id=PARTNER,
            id=workspace,
            name=f"Customer {number}",
            plan_id=plan.id,
            anchor=START,
            created_at=_SOLD_AT,
            origin=f"bench:{number}",
            host_version=1,
            pause_note="",
            paused_limit=False,
            paused_unpaid=False,
            paused_manual=False,
            closed_at=None,
            **values,
        )
        key = {"partner_id": PARTNER, "workspace_id": workspace}
        put(Wallet, **key, balance=0, posted=0)
        put(WorkspaceCycle, **key, start=START, end=end, whole_start=START, whole_end=end)
        put(
            Person,
            id=person,
            telegram_id=person,
            name="Dana",
            username=None,
            language="en",
            seen_at=_SOLD_AT,
            workspace_id=workspace,
            quiet_from=22,
            quiet_to=8,
            muted=[],
        )
        put(Member, **key, person_id=person, role="owner", since=_SOLD_AT, ended_at=None)
        put(
            Delivery,
            **key,
            version=1,
            told=told,
            paused=False,
            asked_at=_SOLD_AT,
            waiting_since=None,
            confirmed_through=_SOLD_AT,
            alerted_at=None,
            next_at=_SOLD_AT,
            confirmed_at=_SOLD_AT,
            attempts=0,
            error="",
        )
        for addon_id, units in mine.items():
            put(
                AddonState,
                **key,
                addon_id=addon_id,
                units=units,
                unpaid=0,
                renews=True,
                keep_rank=None,
                since=_SOLD_AT,
                changes=1,
            )
            put(
                AddonChange,
                **key,
                addon_id=addon_id,
                number=1,
                on_date=START,
                units_before=0,
                units_after=units,
                reference=f"bench:{number}",
                lapsed=False,
                paid_until=None,
                at=_SOLD_AT,
                person_id=person,
                undone_at=None,
            )
    for model, several in rows.items():
        names = tuple(several[0])
        InsertSet(model, names).run(tx, [tuple(row.values()) for row in several])
    post(
        tx,
        [
            Operation(PARTNER, FIRST_ID + number, f"gift:{number}", (Line(Kind.TOPUP, GIFT),), _SOLD_AT)
            for number in numbers
        ],
    )


def months() -> Iterator[dt.datetime]:
    """Instants at which everything is due again, one after the other."""
    return (due_at(month) for month in itertools.count())
