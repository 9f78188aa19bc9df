"""PostgreSQL: asyncpg, a pool, and another try where the database asks for one.

READ COMMITTED with rows locked by the use cases (serializable gave up on a hundred of three hundred). A use
case runs in the event loop's thread, its statements awaited underneath it.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, NullPool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from storage.transaction import (
    DatabaseClosedError,
    TransactionMisuseError,
    Tx,
    bind,
    connected,
    report_abandoned,
)

P = ParamSpec("P")
R = TypeVar("R")

POOL: Final = 16
TRIES: Final = 5
BACKOFF: Final = 0.02
"""Seconds; the wait before try n is a random part of 2^n of them."""


class _TryAgainError(Exception):
    """Nothing was committed and the cause may not come again."""


class PostgresDatabase:
    """One database on a server, through a pool of connections."""

    dialect: Final = "postgresql"

    def __init__(self, url: URL, *, behind_pooler: bool) -> None:
        url = url.set(drivername="postgresql+asyncpg")
        connect_args: dict[str, Any] = {}
        if behind_pooler:
            # The next transaction may run on another server connection, where the statement is not prepared.
            connect_args = {
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": lambda: f"addondesk_{uuid4().hex}",
            }
        self._writes = create_async_engine(
            url,
            pool_size=POOL,
            max_overflow=0,
            connect_args=connect_args,
            isolation_level="READ COMMITTED",
        )
        # REPEATABLE READ gives all statements of a query one snapshot, as on SQLite; read-only, it cannot fail.
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reads = self._writes.execution_options(**snapshot)
        self._scans = create_async_engine(
            url,
            poolclass=NullPool,
            connect_args=connect_args,
            execution_options={**snapshot, "stream_results": True},
        )
        self._closed = False
        self._running: set[asyncio.Future[Any]] = set()

    async def write(
        self, use_case: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        task = self._start(_transact(self._writes, bind(use_case, args, kwargs), commit=True))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_report_failure)
            raise

    async def read(self, query: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._start(_transact(self._reads, bind(query, args, kwargs), commit=False))

    async def scan(self, query: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._start(_transact(self._scans, bind(query, args, kwargs), commit=False))

    async def close(self) -> None:
        self._closed = True
        while self._running:
            await asyncio.wait(self._running)
        await self._writes.dispose()

    def _start(self, call: Coroutine[Any, Any, R]) -> asyncio.Future[R]:
        if self._closed:
            call.close()
            raise DatabaseClosedError
        # A task of its own, known here: it outlives a caller that is cancelled, and close() waits for it.
        task = asyncio.ensure_future(call)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


async def _transact(engine: AsyncEngine, use_case: Callable[[Tx], R], *, commit: bool) -> R:
    attempt = 1
    while True:
        try:
            # One greenlet from the checkout to the return; AsyncConnection takes three and a task.
            return await greenlet_spawn(_run, engine.sync_engine, use_case, commit)
        except _TryAgainError as again:
            if attempt == TRIES:
                raise (again.__cause__ or again) from None
        await asyncio.sleep(random.uniform(0, BACKOFF * 2**attempt))  # noqa: S311 (no secret)
        attempt += 1


def _run(engine: Engine, use_case: Callable[[Tx], R], commit: bool) -> R:  # noqa: FBT001 (greenlet_spawn)
    with connected(engine) as conn:
        root = Connection.begin(conn)
        try:
            result = Tx(conn, "postgresql", "rollback_only").run(use_case)
        except DBAPIError as error:
            # A connection that was lost before COMMIT was sent has written nothing.
            if error.connection_invalidated or _is_conflict(error):
                raise _TryAgainError from error
            raise
        if not root.is_active:
            raise TransactionMisuseError("the use case ended the transaction")
        if not commit:
            return result
        try:
            root.commit()
        except DBAPIError as error:
            if _is_conflict(error):
                raise _TryAgainError from error
            raise
        return result


def _is_conflict(error: DBAPIError) -> bool:
    """Whether another transaction was in the way and a new try would see its outcome.

    Of unique violations only those of a reference index: the new try finds the stored result, or a reference
    used for something else, and answers with that.
    """
    driver_error = error.driver_exception
    match getattr(driver_error, "sqlstate", None):
        case "40001" | "40P01":
            return True
        case "23505":
            return "reference" in (getattr(driver_error, "constraint_name", None) or "")
        case _:
            return False


def _report_failure(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        report_abandoned(error)
