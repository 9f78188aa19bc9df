"""Statements at the driver's own cursor keep what SQLAlchemy guarantees."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, not_, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.ledger import Kind, Line, Operation, Posted, ReferenceReusedError, post
from storage.database import Database, Tx, open_database
from storage.models import Posting, Wallet
from storage.prepared import Among, Prepared

AT = dt.datetime(2026, 11, 1, 14, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
_WALLETS = Wallet.__table__.c
_OPEN = Prepared(insert(Wallet))
_BALANCE = Prepared(select(_WALLETS.balance).where(_WALLETS.workspace_id == bindparam("workspace")))
_POSTED = Prepared(
    select(Posting.at, Posting.cycle_start, Posting.explained, Posting.forced)
    .where(Posting.workspace_id == bindparam("workspace"), Posting.note == "für Anna")
    .limit(10)
)
_OTHERS = Prepared(
    select(_WALLETS.workspace_id)
    .where(Among(_WALLETS.workspace_id, "some"), not_(Among(_WALLETS.workspace_id, "but")))
    .order_by(_WALLETS.workspace_id)
)


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    database = open_database(migrated_url)
    await database.write(open_wallet, 7)
    yield database
    await database.close()


def open_wallet(tx: Tx, workspace_id: int) -> None:
    _OPEN.run(tx, partner_id=1, workspace_id=workspace_id, balance=0, posted=0)


def balance(tx: Tx, workspace_id: int) -> list[tuple[Any, ...]]:
    return _BALANCE.run(tx, workspace=workspace_id)


async def test_what_the_orm_reads_is_what_was_posted(db: Database) -> None:
    """Instants, dates and JSON go through their column's type."""
    line = Line(Kind.ADDON, 500, 3, dt.date(2026, 11, 1), None, "für Anna", {"steps": [1, 2]})

    await db.write(post, [Operation(1, 7, "tap:1", (line,), AT)])

    def read(tx: Tx) -> tuple[Any, ...]:
        row = tx.session.scalars(select(Posting)).one()
        return row.at, row.cycle_start, row.explained, row.note, row.forced, row.balance_after

    assert await db.read(read) == (
        *(dt.datetime(2026, 11, 1, 12, 0, tzinfo=dt.UTC), dt.date(2026, 11, 1)),
        *({"steps": [1, 2]}, "für Anna", False, 500),
    )


async def test_what_is_read_has_its_columns_types(db: Database) -> None:
    line = Line(Kind.ADDON, 500, 3, dt.date(2026, 11, 1), None, "für Anna", {"steps": [1, 2]})
    await db.write(post, [Operation(1, 7, "tap:1", (line,), AT)])

    def read(tx: Tx) -> list[tuple[Any, ...]]:
        return _POSTED.run(tx, workspace=7)

    ((at, cycle_start, explained, forced),) = await db.read(read)

    assert (at, at.tzinfo) == (AT, dt.UTC)
    assert (cycle_start, explained) == (dt.date(2026, 11, 1), {"steps": [1, 2]})
    assert forced is False


@pytest.mark.parametrize(
    ("some", "but", "found"),
    [
        ([], [], []),
        ([7], [], [7]),
        ([2**62, 8, 7, 99], [], [7, 8, 2**62]),
        ([7, 8, 2**62], [8, 99], [7, 2**62]),
    ],
)
async def test_any_number_of_numbers_is_one_value(
    db: Database, some: list[int], but: list[int], found: list[int]
) -> None:
    for workspace_id in (8, 2**62):
        await db.write(open_wallet, workspace_id)

    def others(tx: Tx) -> list[int]:
        return [workspace_id for (workspace_id,) in _OTHERS.run(tx, some=some, but=but)]

    assert await db.read(others) == found


async def test_a_violation_is_sqlalchemys_error_and_nothing_is_written(db: Database) -> None:
    def twice(tx: Tx) -> None:
        open_wallet(tx, 8)
        open_wallet(tx, 8)

    with pytest.raises(IntegrityError):
        await db.write(twice)

    assert await db.read(balance, 8) == []
    await db.write(open_wallet, 8)
    assert await db.read(balance, 8) == [(0,)]


async def test_a_swallowed_error_still_fails_the_use_case(db: Database) -> None:
    """PostgreSQL would answer the COMMIT with a silent ROLLBACK."""

    def carries_on(tx: Tx) -> None:
        open_wallet(tx, 8)
        with suppress(DBAPIError):
            open_wallet(tx, 7)

    with pytest.raises(IntegrityError):
        await db.write(carries_on)

    assert await db.read(balance, 8) == []


async def test_the_same_statements_run_any_number_of_times(db: Database) -> None:
    await db.write(open_wallet, 8)
    for _ in range(3):
        assert await db.read(balance, 7) == [(0,)]
        (posted,) = await db.write(post, [Operation(1, 8, "tap:2", (Line(Kind.TOPUP, 100),), AT)])
        assert isinstance(posted, Posted)

    assert await db.read(balance, 8) == [(100,)]


async def test_one_reference_for_two_workspaces_is_a_defect_not_a_repeat(db: Database) -> None:
    await db.write(open_wallet, 8)
    await db.write(post, [Operation(1, 7, "tap:3", (Line(Kind.TOPUP, 100),), AT)])

    with pytest.raises(ReferenceReusedError):
        await db.write(post, [Operation(1, 8, "tap:3", (Line(Kind.TOPUP, 100),), AT)])

    assert await db.read(balance, 8) == [(0,)]
