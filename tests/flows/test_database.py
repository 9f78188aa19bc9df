"""The database layer: what was answered is durable, what failed left nothing, and nobody harms a neighbour."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ForeignKey, UniqueConstraint, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.database import Database, DatabaseClosedError, TransactionMisuseError, Tx, open_database

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Base(DeclarativeBase):
    pass


class Wallet(Base):
    __tablename__ = "wallet"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)


class Posting(Base):
    __tablename__ = "posting"
    __table_args__ = (UniqueConstraint("reference", name="uq_posting_reference"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    reference: Mapped[str]


class Promise(Base):
    """A row whose foreign key is looked at by COMMIT only."""

    __tablename__ = "promise"
    id: Mapped[int] = mapped_column(primary_key=True)
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallet.id", deferrable=True, initially="DEFERRED"))


@pytest.fixture
async def database(database: Database) -> Database:
    await database.write(create_tables)
    return database


def create_tables(tx: Tx) -> None:
    Base.metadata.create_all(tx.conn)
    tx.conn.execute(insert(Wallet).values(id=1, balance=0))


def post(tx: Tx, reference: str) -> str:
    tx.conn.execute(insert(Posting).values(reference=reference))
    return reference


def references(tx: Tx) -> list[str]:
    return list(tx.conn.scalars(select(Posting.reference).order_by(Posting.id)))


async def committed(url: str, query: str = "SELECT reference FROM posting ORDER BY id") -> list[Any]:
    """The first column, read by the bare driver on a connection of its own."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(parsed.database))) as conn:
            return [row[0] for row in conn.execute(query)]
    conn = await asyncpg.connect(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        return [row[0] for row in await conn.fetch(query)]
    finally:
        await conn.close()


class Gate:
    """Holds SQLite's writer, so that the calls made meanwhile end up in one batch."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def hold(self, tx: Tx) -> None:
        if tx.dialect == "sqlite":  # elsewhere it would stop the loop, and there are no batches
            assert self._open.wait(5)

    async def batch(self, database: Database, *use_cases: Any) -> list[Any]:
        held = asyncio.ensure_future(database.write(self.hold))
        await asyncio.sleep(0.05)
        calls = [asyncio.ensure_future(database.write(use_case)) for use_case in use_cases]
        await asyncio.sleep(0)
        self._open.set()
        await held
        return await asyncio.gather(*calls, return_exceptions=True)


async def test_a_write_is_committed_when_it_returns_and_the_next_read_sees_it(
    database: Database, database_url: str
) -> None:
    for n in range(20):
        assert await database.write(post, reference=f"r{n}") == f"r{n}"
        assert len(await database.read(references)) == n + 1
    assert await committed(database_url) == [f"r{n}" for n in range(20)]
    assert len(await database.scan(references)) == 20


async def test_twenty_increments_at_once_lose_none(database: Database, database_url: str) -> None:
    def increment(tx: Tx) -> int:
        balance = tx.conn.scalar(select(Wallet.balance).where(Wallet.id == 1).with_for_update())
        assert balance is not None
        tx.conn.execute(update(Wallet).where(Wallet.id == 1).values(balance=balance + 1))
        return balance + 1

    seen = await asyncio.gather(*(database.write(increment) for _ in range(20)))
    assert sorted(seen) == list(range(1, 21))
    assert await committed(database_url, "SELECT balance FROM wallet") == [20]


async def test_a_failing_use_case_takes_back_its_own_work_only(database: Database, database_url: str) -> None:
    class RefusedError(Exception):
        pass

    def fail(tx: Tx) -> None:
        post(tx, "never")
        tx.conn.begin_nested()
        post(tx, "nor this")
        raise RefusedError

    answers = await asyncio.gather(
        *(database.write(fail) if n % 3 == 0 else database.write(post, reference=f"r{n}") for n in range(30)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers[::3]] == [RefusedError] * 10
    assert sorted(await committed(database_url)) == sorted(f"r{n}" for n in range(30) if n % 3)


def commit_core(tx: Tx) -> None:
    tx.conn.commit()


def rollback_core(tx: Tx) -> None:
    tx.conn.rollback()


def begin_core(tx: Tx) -> None:
    tx.conn.begin()


def close_core(tx: Tx) -> None:
    tx.conn.close()


def invalidate_core(tx: Tx) -> None:
    tx.conn.invalidate()


def leave_core(tx: Tx) -> None:
    with tx.conn:
        pass


def commit_session(tx: Tx) -> None:
    tx.session.commit()


def rollback_session(tx: Tx) -> None:
    tx.session.rollback()


def leave_session(tx: Tx) -> None:
    with tx.session:
        pass


def begin_session(tx: Tx) -> None:
    with tx.session.begin():
        pass


def rollback_sql(tx: Tx) -> None:
    tx.conn.exec_driver_sql("ROLLBACK")


def commit_sql(tx: Tx) -> None:
    tx.conn.execute(text(" commit"))


def roll_back_the_root(tx: Tx) -> None:
    root = tx.conn.get_transaction()
    assert root is not None
    root.rollback()


def leave_a_savepoint_open(tx: Tx) -> None:
    tx.conn.begin_nested()


@pytest.mark.parametrize(
    "misuse",
    [
        commit_core,
        rollback_core,
        begin_core,
        close_core,
        invalidate_core,
        leave_core,
        commit_session,
        rollback_session,
        leave_session,
        begin_session,
        rollback_sql,
        commit_sql,
        roll_back_the_root,
        leave_a_savepoint_open,
    ],
    ids=lambda misuse: misuse.__name__,
)
async def test_ending_the_transaction_is_refused_and_costs_nobody_else(
    database: Database, database_url: str, misuse: Any
) -> None:
    def culprit(tx: Tx) -> None:
        post(tx, "never")
        misuse(tx)

    before, bad, after = await Gate().batch(
        database, lambda tx: post(tx, "before"), culprit, lambda tx: post(tx, "after")
    )
    assert (before, after) == ("before", "after")
    assert isinstance(bad, TransactionMisuseError)
    assert sorted(await committed(database_url)) == ["after", "before"]
    assert await database.write(post, "later") == "later"


def leak_cursor(kept: list[Any], tx: Tx) -> None:
    """What a raw cursor left in mid-RETURNING does to every later COMMIT of its connection."""
    driver = tx.conn.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    cursor = driver.execute("INSERT INTO posting (reference) VALUES ('x'), ('y') RETURNING id")
    cursor.fetchone()
    kept.append(cursor)


def lose_by_conflict_clause(_kept: list[Any], tx: Tx) -> None:
    tx.conn.exec_driver_sql("INSERT OR ROLLBACK INTO wallet (id, balance) VALUES (1, 0)")


def lose_by_full_disk(_kept: list[Any], tx: Tx) -> None:
    tx.conn.exec_driver_sql("PRAGMA max_page_count=1").close()
    for n in range(2000):
        post(tx, f"{n:>04000}")


def lose_by_driver(_kept: list[Any], tx: Tx) -> None:
    driver = tx.conn.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("ROLLBACK")


def lose_and_begin_anew(_kept: list[Any], tx: Tx) -> None:
    driver = tx.conn.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("ROLLBACK")
    driver.execute("BEGIN IMMEDIATE")


def close_driver(_kept: list[Any], tx: Tx) -> None:
    driver = tx.conn.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.close()


def lose_a_savepoint(_kept: list[Any], tx: Tx) -> None:
    tx.conn.begin_nested()
    tx.conn.exec_driver_sql("ROLLBACK TO use_case")
    raise ValueError


def break_a_deferred_key(_kept: list[Any], tx: Tx) -> None:
    tx.conn.execute(insert(Promise).values(id=1, wallet_id=404))


@on_sqlite
@pytest.mark.parametrize("swallowed", [False, True], ids=["raised", "swallowed"])
@pytest.mark.parametrize(
    "lose",
    [
        leak_cursor,
        lose_by_conflict_clause,
        lose_by_full_disk,
        lose_by_driver,
        lose_and_begin_anew,
        close_driver,
        lose_a_savepoint,
        break_a_deferred_key,
    ],
    ids=lambda lose: lose.__name__,
)
async def test_a_transaction_lost_in_mid_batch_is_run_again_without_the_culprit(
    database: Database, database_url: str, lose: Any, swallowed: bool
) -> None:
    kept: list[sqlite3.Cursor] = []

    def culprit(tx: Tx) -> None:
        try:
            lose(kept, tx)
        except DBAPIError:
            if not swallowed:
                raise

    before, bad, after = await Gate().batch(
        database, lambda tx: post(tx, "before"), culprit, lambda tx: post(tx, "after")
    )
    assert (before, after) == ("before", "after")
    assert isinstance(bad, Exception)
    assert await committed(database_url) == ["before", "after"]
    assert await database.write(post, "later") == "later"


async def test_a_swallowed_database_error_fails_the_use_case(database: Database, database_url: str) -> None:
    def swallow(tx: Tx) -> None:
        post(tx, "never")
        with suppress(IntegrityError):
            tx.conn.execute(insert(Wallet).values(id=1))

    def swallow_flush(tx: Tx) -> None:
        tx.session.add(Posting(reference="never"))
        tx.session.flush()
        tx.session.add(Wallet(id=1))
        with suppress(IntegrityError):
            tx.session.flush()

    for use_case in (swallow, swallow_flush):
        with pytest.raises(IntegrityError):
            await database.write(use_case)
    assert await committed(database_url) == []


async def test_an_error_inside_a_savepoint_may_be_handled(database: Database, database_url: str) -> None:
    def core(tx: Tx) -> None:
        post(tx, "core")
        with pytest.raises(IntegrityError), tx.conn.begin_nested():
            tx.conn.execute(insert(Wallet).values(id=1))

    def orm(tx: Tx) -> None:
        tx.session.add(Posting(reference="orm"))
        with pytest.raises(IntegrityError), tx.session.begin_nested():
            tx.session.add(Wallet(id=1))

    await database.write(core)
    await database.write(orm)
    assert await committed(database_url) == ["core", "orm"]


def a_result(tx: Tx) -> Any:
    return tx.conn.execute(select(Posting))


def a_query(tx: Tx) -> Any:
    return tx.session.query(Posting)


def a_generator(tx: Tx) -> Iterator[str]:
    yield post(tx, "never")


def an_iterator(tx: Tx) -> Any:
    return map(str, [1])


async def a_coroutine(tx: Tx) -> None:
    post(tx, "never")


@pytest.mark.parametrize("lazy", [a_result, a_query, a_generator, an_iterator, a_coroutine])
async def test_what_still_reads_from_the_transaction_is_not_handed_out(
    database: Database, database_url: str, lazy: Any
) -> None:
    for call in (database.write, database.read):
        with pytest.raises(TypeError):
            await call(lazy)
    assert await committed(database_url) == []


async def test_stop_iteration_reaches_the_caller(database: Database) -> None:
    def use_case(_tx: Tx) -> None:
        next(iter([]))

    for call in (database.write, database.read):
        async with asyncio.timeout(5):
            with pytest.raises(RuntimeError):
                await call(use_case)


async def test_objects_of_the_session_are_saved_and_readable_afterwards(
    database: Database, database_url: str
) -> None:
    def change(tx: Tx, mark: str) -> Wallet:
        wallet = tx.session.get_one(Wallet, 1, with_for_update=True)
        wallet.balance += 5
        tx.session.add(Posting(reference=f"orm {mark}"))
        post(tx, f"core {mark}")
        return wallet

    wallet = await database.write(change, "first")
    assert wallet.balance == 5
    assert await committed(database_url, "SELECT balance FROM wallet") == [5]
    assert sorted(await committed(database_url)) == ["core first", "orm first"]

    def change_and_fail(tx: Tx) -> None:
        change(tx, "second")
        tx.session.flush()
        raise ValueError

    with pytest.raises(ValueError):
        await database.write(change_and_fail)
    assert await committed(database_url, "SELECT balance FROM wallet") == [5]
    assert await database.read(lambda tx: tx.session.get_one(Wallet, 1).balance) == 5


async def test_a_flush_that_fails_at_the_end_fails_the_use_case(
    database: Database, database_url: str
) -> None:
    def use_case(tx: Tx) -> str:
        post(tx, "never")
        tx.session.add(Wallet(id=1))
        return "done"

    ran: list[str] = []

    def neighbour(tx: Tx) -> str:
        ran.append("before")
        return post(tx, "before")

    before, bad, after = await Gate().batch(database, neighbour, use_case, lambda tx: post(tx, "after"))
    assert ran == ["before"]  # a failed flush costs the batch nothing
    assert isinstance(bad, IntegrityError)
    assert (before, after) == ("before", "after")
    assert sorted(await committed(database_url)) == ["after", "before"]


async def test_a_read_cannot_write(database: Database, database_url: str) -> None:
    def add(tx: Tx) -> None:
        tx.session.add(Posting(reference="never"))

    for call in (database.read, database.scan):
        for query in (lambda tx: post(tx, "never"), add):
            # A server-side cursor of a scan lets the bare driver's error through.
            with pytest.raises((DBAPIError, asyncpg.ReadOnlySQLTransactionError)):
                await call(query)
        with pytest.raises(TransactionMisuseError):
            await call(commit_sql)
    assert await committed(database_url) == []
    assert await database.read(references) == []


async def test_a_read_sees_one_snapshot(database: Database) -> None:
    reading, written = threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def twice(tx: Tx) -> tuple[int, int]:
        first = len(references(tx))
        loop.call_soon_threadsafe(reading.set)
        if tx.dialect == "sqlite":
            assert written.wait(5)
        else:  # in the loop's own thread: let it turn while the server sleeps
            tx.conn.execute(text("SELECT pg_sleep(0.3)"))
            assert written.is_set()
        return first, len(references(tx))

    async def write_meanwhile() -> None:
        while not reading.is_set():
            await asyncio.sleep(0.01)
        await database.write(post, "meanwhile")
        written.set()

    counts, _ = await asyncio.gather(database.read(twice), write_meanwhile())
    assert counts == (0, 0)
    assert len(await database.read(references)) == 1


async def test_a_scan_fetches_in_pieces_and_leaves_reads_alone(database: Database) -> None:
    def many(tx: Tx) -> None:
        tx.conn.execute(insert(Posting), [{"reference": f"r{n}"} for n in range(5000)])

    def count(tx: Tx) -> int:
        return sum(1 for _ in tx.conn.scalars(select(Posting.reference)))

    await database.write(many)
    scan = asyncio.ensure_future(database.scan(count))
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        assert await database.read(lambda tx: tx.conn.scalar(select(Wallet.balance))) == 0
    assert await scan == 5000


async def test_a_cancelled_write_happens_whole_or_not_at_all(
    database: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    running = threading.Event()

    def slow(tx: Tx, *, fail: bool) -> None:
        post(tx, f"one {fail}")
        running.set()
        pause = "SELECT pg_sleep(0.2)" if tx.dialect == "postgresql" else "SELECT 1"
        tx.conn.execute(text(pause))
        if tx.dialect == "sqlite":
            threading.Event().wait(0.2)
        post(tx, f"two {fail}")
        if fail:
            raise ValueError("nobody listens")

    for fail in (False, True):
        running.clear()
        call = asyncio.ensure_future(database.write(slow, fail=fail))
        while not running.is_set():
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    await database.close()
    assert await committed(database_url) == ["one False", "two False"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_cancelled_reads_leave_the_connections_whole(database: Database) -> None:
    def read(tx: Tx) -> list[str]:
        if tx.dialect == "postgresql":
            tx.conn.execute(text("SELECT pg_sleep(0.01)"))
        return references(tx)

    reads = [asyncio.ensure_future(database.read(read)) for _ in range(40)]
    for call in reads:
        await asyncio.sleep(0.001)
        call.cancel()
    assert all(
        isinstance(answer, list | asyncio.CancelledError)
        for answer in await asyncio.gather(*reads, return_exceptions=True)
    )
    await asyncio.gather(*(database.write(post, f"r{n}") for n in range(20)))
    assert len(await database.read(read)) == 20


async def test_close_finishes_what_was_accepted_and_refuses_the_rest(
    database: Database, database_url: str
) -> None:
    writes = [asyncio.ensure_future(database.write(post, f"r{n}")) for n in range(300)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*writes) == [f"r{n}" for n in range(300)]
    assert len(await committed(database_url)) == 300
    for call in (database.write, database.read, database.scan):
        with pytest.raises(DatabaseClosedError):
            await call(references)
    await database.close()


@on_postgresql
async def test_a_reference_that_was_taken_meanwhile_is_looked_up_again(
    database: Database, database_url: str
) -> None:
    tried: list[int] = []

    def once(tx: Tx, number: int) -> str:
        tried.append(number)
        known = tx.conn.scalar(select(Posting.reference).where(Posting.reference == "pay:1"))
        while len(tried) < 10:  # until all have looked and found nothing
            tx.conn.execute(text("SELECT pg_sleep(0.01)"))
        return f"known {known}" if known else post(tx, "pay:1")

    answers = await asyncio.gather(*(database.write(once, n) for n in range(10)))
    assert sorted(answers) == ["known pay:1"] * 9 + ["pay:1"]
    assert len(tried) > 10
    assert await committed(database_url) == ["pay:1"]

    def duplicate_wallet(tx: Tx) -> None:
        tried.append(-1)
        tx.conn.execute(insert(Wallet).values(id=1))

    with pytest.raises(IntegrityError):
        await database.write(duplicate_wallet)
    assert tried.count(-1) == 1

    def always(tx: Tx) -> None:
        tried.append(-2)
        post(tx, "pay:1")

    with pytest.raises(IntegrityError):
        await database.write(always)
    assert tried.count(-2) == 5


@on_postgresql
async def test_deadlocks_are_tried_again(database: Database, database_url: str) -> None:
    def second_wallet(tx: Tx) -> None:
        tx.conn.execute(insert(Wallet).values(id=2, balance=0))

    await database.write(second_wallet)

    def both(tx: Tx, first: int, second: int) -> None:
        tx.conn.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
        for wallet in (first, second):
            tx.conn.execute(update(Wallet).where(Wallet.id == wallet).values(balance=Wallet.balance + 1))
            tx.conn.execute(text("SELECT pg_sleep(0.05)"))

    await asyncio.gather(database.write(both, 1, 2), database.write(both, 2, 1))
    assert await committed(database_url, "SELECT balance FROM wallet") == [2, 2]


@on_postgresql
async def test_a_server_that_dropped_the_connections_costs_no_write(
    database: Database, database_url: str
) -> None:
    await asyncio.gather(*(database.write(post, f"a{n}") for n in range(10)))
    drop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    await committed(database_url, f"{drop} AND pid <> pg_backend_pid()")
    assert await database.write(post, "after") == "after"
    assert "after" in await database.read(references)


async def test_behind_a_pooler_statements_are_not_kept(pg_url: str) -> None:
    database = open_database(pg_url, behind_pooler=True)
    await database.write(create_tables)
    kept = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%posting%'")

    def post_twice(tx: Tx) -> int:
        post(tx, "a")
        post(tx, "b")
        return int(tx.conn.execute(kept).scalar_one())

    assert await database.write(post_twice) <= 1
    assert await committed(pg_url) == ["a", "b"]
    await database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite+aiosqlite:///:memory:", "mysql://localhost/x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError):
        open_database(url)
