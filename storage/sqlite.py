"""SQLite: one writer thread with group commit, two reader threads.

A commit of SQLite costs a disk flush, and a statement through aiosqlite costs two thread switches. So the
writer takes whatever is waiting (64 use cases at most), runs it in one transaction with a savepoint each,
commits once, and only then answers the callers. The driver is in autocommit (it would begin transactions of
its own, deferred ones that fail as soon as they are raised to writing), so BEGIN IMMEDIATE is ours.
"""

import asyncio
import contextvars
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, NullPool, RootTransaction, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

from storage.transaction import (
    DatabaseClosedError,
    TransactionMisuseError,
    Tx,
    UseCaseConnection,
    bind,
    connected,
    report_abandoned,
)

P = ParamSpec("P")
R = TypeVar("R")

BATCH: Final = 64
"""Use cases per commit at most."""
READERS: Final = 2
"""Reader threads: with four, readers starve the writer."""
BUSY_TIMEOUT: Final = 30
"""Seconds to wait for another process that writes."""


@dataclass(slots=True, eq=False)
class _Call:
    """A use case on its way through a thread and back."""

    use_case: Callable[[Tx], Any]
    context: contextvars.Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def run(self, tx: Tx) -> None:
        self.result = self.error = None
        try:
            self.result = self.context.copy().run(tx.run, self.use_case)
        except BaseException as error:  # noqa: BLE001 (the caller's to handle, not the thread's to die of)
            self.error = error

    def answer(self) -> None:
        """Tell the caller; in the caller's event loop."""
        if self.future.cancelled():
            if self.error is not None:
                report_abandoned(self.error)
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _answer(calls: list[_Call]) -> None:
    for call in calls:
        call.answer()


class _TransactionLostError(Exception):
    """The transaction ended under a use case and nothing of it was committed."""


class _Worker(threading.Thread):
    """A thread with a connection of its own that works off a queue; None in the queue is its end."""

    batch_size = 1

    def __init__(self, name: str, engine: Engine, calls: queue.SimpleQueue[_Call | None]) -> None:
        # A daemon: a process that dies without close() must not hang, and what was not answered may be lost.
        super().__init__(name=name, daemon=True)
        self._engine = engine
        self._calls = calls
        self._conn: UseCaseConnection | None = None

    def run(self) -> None:
        while self._serve():
            pass
        if self._conn is not None:
            Connection.close(self._conn)

    def _serve(self) -> bool:
        """Wait for calls, work them off, answer them. False after the last."""
        taken = [self._calls.get()]
        while taken[-1] is not None and len(taken) < self.batch_size:
            try:
                taken.append(self._calls.get_nowait())
            except queue.Empty:
                break
        # A call whose caller was cancelled while it waited is never run.
        calls = [call for call in taken if call is not None and not call.future.cancelled()]
        if calls:
            self.work(calls)
        for loop, answered in groupby(calls, key=attrgetter("loop")):
            # One wake-up of the loop for the whole batch. A loop that was closed has nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_answer, list(answered))
        return taken[-1] is not None

    def work(self, calls: list[_Call]) -> None:
        """Give every call its result or its error. Never raises."""
        raise NotImplementedError

    def connection(self) -> tuple[UseCaseConnection, sqlite3.Connection]:
        if self._conn is None:
            self._conn = UseCaseConnection(self._engine)
        return self._conn, cast("sqlite3.Connection", self._conn.connection.dbapi_connection)

    def drop_connection(self) -> None:
        """Never use the connection again: a cursor that somebody kept open makes its every COMMIT fail."""
        conn, self._conn = self._conn, None
        if conn is None:
            return
        if not conn.invalidated:
            # The cursor kept open also keeps a closed connection's lock; a rollback takes that away. Where the
            # driver refuses, the use case closed the connection itself.
            with suppress(sqlite3.Error):
                cast("sqlite3.Connection", conn.connection.dbapi_connection).rollback()
        Connection.invalidate(conn)
        Connection.close(conn)


class _Writer(_Worker):
    batch_size = BATCH

    def work(self, calls: list[_Call]) -> None:
        try:
            self._commit_together(calls)
        except _TransactionLostError as lost:
            # Nothing was committed, so each may run again, alone: then only the culprit fails.
            if len(calls) > 1:
                for call in calls:
                    self.work([call])
            else:
                calls[0].error = calls[0].error or lost.__cause__ or TransactionMisuseError(str(lost))
        except BaseException as error:  # noqa: BLE001 (the callers' to handle)
            for call in calls:
                call.error = error

    def _commit_together(self, calls: list[_Call]) -> None:
        try:
            conn, driver = self.connection()
            root = Connection.begin(conn)
            driver.execute("BEGIN IMMEDIATE")
            for call in calls:
                _run_in_savepoint(call, conn, driver, root)
            # Explicit: `with conn.begin()` leaves without COMMIT, and without a word, when the root transaction
            # is no longer active.
            try:
                root.commit()
            except Exception as error:
                if driver.in_transaction:  # refused (a deferred foreign key), not half done
                    raise _TransactionLostError from error
                raise
        except BaseException:
            self.drop_connection()
            raise


def _run_in_savepoint(
    call: _Call, conn: UseCaseConnection, driver: sqlite3.Connection, root: RootTransaction
) -> None:
    """Run one use case of many; its error takes back its own work only.

    Savepoints are the driver's own statements: SQLAlchemy's begin_nested() costs more than either and hides a
    transaction lost in mid-batch (disk full) behind "no such savepoint".
    """
    driver.execute("SAVEPOINT use_case")
    call.run(Tx(conn, "sqlite", "create_savepoint"))
    try:
        if not (root.is_active and driver.in_transaction):
            raise _TransactionLostError("the use case ended the transaction")
        if call.error is not None:
            while (left_open := conn.get_nested_transaction()) is not None:
                left_open.rollback()
            driver.execute("ROLLBACK TO use_case")
        driver.execute("RELEASE use_case")
    except (sqlite3.Error, DBAPIError) as error:
        # The savepoint is gone (a transaction of the use case's own), or one of its cursors is still writing.
        raise _TransactionLostError("the use case broke the transaction") from error


class _Reader(_Worker):
    def work(self, calls: list[_Call]) -> None:
        for call in calls:
            try:
                conn, driver = self.connection()
                root = Connection.begin(conn)
                driver.execute("BEGIN")
                call.run(Tx(conn, "sqlite", "rollback_only"))
                root.rollback()
            except BaseException as error:  # noqa: BLE001 (the caller's to handle)
                call.error = call.error or error
                self.drop_connection()


class SqliteDatabase:
    """One file in WAL mode. Its directory is made when it is missing."""

    dialect: Final = "sqlite"

    def __init__(self, url: URL) -> None:
        path = Path(cast("str", url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as conn:
            # Here and once: two connections that switch a new file at the same time fail as "locked".
            mode = conn.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise ValueError(f"{path} is on a file system that SQLite cannot share: {mode}, not wal")
        self._closed = False
        self._scans = create_async_engine(
            url.set(drivername="sqlite+aiosqlite"),
            poolclass=NullPool,
            connect_args={"isolation_level": None},
            execution_options={"stream_results": True},
        )
        _configure(self._scans.sync_engine, read_only=True)
        sync_url = url.set(drivername="sqlite")
        self._writes: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._writer = _Writer("sqlite-writer", _engine(sync_url, read_only=False), self._writes)
        reading = _engine(sync_url, read_only=True)
        self._readers = [_Reader(f"sqlite-reader-{n}", reading, self._reads) for n in range(READERS)]
        for worker in (self._writer, *self._readers):
            worker.start()

    async def write(
        self, use_case: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await self._through(self._writes, bind(use_case, args, kwargs))

    async def read(self, query: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._through(self._reads, bind(query, args, kwargs))

    async def scan(self, query: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._closed:
            raise DatabaseClosedError

        def in_transaction() -> R:
            with connected(self._scans.sync_engine) as conn:
                root = Connection.begin(conn)
                Connection.exec_driver_sql(conn, "BEGIN", execution_options={"stream_results": False})
                result = Tx(conn, "sqlite", "rollback_only").run(bind(query, args, kwargs))
                root.rollback()
                return result

        return await greenlet_spawn(in_transaction)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._writes.put(None)
        for _ in self._readers:
            self._reads.put(None)
        for worker in (self._writer, *self._readers):
            await asyncio.to_thread(worker.join)

    async def _through(self, calls: queue.SimpleQueue[_Call | None], use_case: Callable[[Tx], R]) -> R:
        if self._closed:
            raise DatabaseClosedError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        calls.put(_Call(use_case, contextvars.copy_context(), loop, future))
        return await future


def _engine(url: URL, *, read_only: bool) -> Engine:
    # NullPool: a thread opens its connection, keeps it and closes it.
    engine = create_engine(url, poolclass=NullPool, connect_args={"isolation_level": None})
    _configure(engine, read_only=read_only)
    return engine


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _configure(engine: Engine, *, read_only: bool) -> None:
    def set_up(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT * 1000}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()
        # SQLite's own knows ASCII alone, PostgreSQL's every letter: names must be found on both alike.
        connection.create_function("lower", 1, _lower, deterministic=True)

    event.listen(engine, "connect", set_up)
