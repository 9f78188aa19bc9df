"""What a use case is given, and how it is kept from harming the transaction that it runs in.

One transaction may hold many use cases (SQLite's group commit), and one use case may run several times
(PostgreSQL's retries). So a use case never ends a transaction, never hands out something that still reads
from it, and never carries on after a database error: SQLite would let it, PostgreSQL would answer its COMMIT
with a silent ROLLBACK. All three are refused here, alike on both databases.
"""

import logging
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, NoReturn, TypeVar

from sqlalchemy import Connection, Engine, NestedTransaction, Result, TextClause
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Query, Session, SessionTransaction

Dialect = Literal["sqlite", "postgresql"]
R = TypeVar("R")

_log = logging.getLogger(__name__)

_ENDS_TRANSACTION: Final = re.compile(
    r"\s*(?:BEGIN|START|COMMIT|END|ABORT|ROLLBACK(?!\s+(?:(?:TRANSACTION|WORK)\s+)?TO\b))\b", re.IGNORECASE
)


class DatabaseClosedError(RuntimeError):
    """The database was closed before the call; nothing of the call ran."""


class TransactionMisuseError(RuntimeError):
    """A use case touched the transaction around it, or left a savepoint open. Nothing of it is written."""


def _refuse(*_args: object, **_kwargs: object) -> NoReturn:
    raise TransactionMisuseError(
        "the transaction is the database layer's; use begin_nested() for a savepoint"
    )


def _watched(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, refusing SQL that ends the transaction, and telling the Tx of a database error."""

    def execute(self: "UseCaseConnection", statement: Any, /, *args: Any, **kwargs: Any) -> Any:
        sql = statement.text if isinstance(statement, TextClause) else statement
        if isinstance(sql, str) and _ENDS_TRANSACTION.match(sql):
            _refuse()
        try:
            return method(self, statement, *args, **kwargs)
        except DBAPIError as error:
            if self.tx is not None:
                self.tx.note_failure(error)
            raise

    return execute


class UseCaseConnection(Connection):
    """A connection that can execute and open savepoints, and cannot end anything.

    The database layer itself calls Connection.begin(conn) and the like. Neither an engine's event hooks nor
    methods shadowed on the instance would do: a "commit" hook leaves the transaction half closed, and either
    costs every statement more than this class does.
    """

    tx: "Tx | None" = None

    begin = begin_twophase = close = commit = detach = execution_options = rollback = _refuse

    def run_prepared(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Run SQL at the driver's own cursor (storage.prepared); its errors are those of execute()."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []
        except Exception as error:  # noqa: BLE001 (told apart, and raised again, by SQLAlchemy)
            self._raise_known(error, sql, values, cursor)
        finally:
            cursor.close()

    def run_prepared_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """The same for many rows of values, one after the other."""
        cursor = self.connection.cursor()
        try:
            cursor.executemany(sql, rows)
        except Exception as error:  # noqa: BLE001 (told apart, and raised again, by SQLAlchemy)
            self._raise_known(error, sql, None, cursor)
        finally:
            cursor.close()

    def _raise_known(
        self, error: Exception, sql: str, values: tuple[Any, ...] | None, cursor: DBAPICursor
    ) -> NoReturn:
        try:
            self._handle_dbapi_exception(error, sql, values, cursor, None)
        except DBAPIError as known:
            if self.tx is not None:
                self.tx.note_failure(known)
            raise

    def invalidate(self, exception: BaseException | None = None) -> None:
        # SQLAlchemy itself calls this, with the reason, when the server has gone away.
        if exception is None:
            _refuse()
        super().invalidate(exception)


for _name in ("execute", "exec_driver_sql", "scalar", "scalars"):
    setattr(UseCaseConnection, _name, _watched(getattr(Connection, _name)))


class _UseCaseSession(Session):
    """A session that can flush and open savepoints, and cannot end anything."""

    def begin(self, nested: bool = False) -> SessionTransaction:  # noqa: FBT001, FBT002 (SQLAlchemy's signature)
        return super().begin(nested) if nested else _refuse()

    close = commit = invalidate = prepare = reset = rollback = _refuse


class Tx:
    """An open transaction, for the time of one use case or query.

    `conn` executes statements and opens savepoints. `session` is an ORM session on the same connection, made
    when first asked for and flushed after the use case has returned. With the session, use its own
    begin_nested(): a savepoint of `conn` around a flush is unknown to it.
    """

    __slots__ = ("_base", "_join", "_session", "conn", "dialect", "failure")

    def __init__(
        self, conn: UseCaseConnection, dialect: Dialect, join: Literal["create_savepoint", "rollback_only"]
    ) -> None:
        self.conn = conn
        self.dialect: Dialect = dialect
        self.failure: BaseException | None = None
        """The first database error that was raised outside any savepoint of the use case's own."""
        self._join: Literal["create_savepoint", "rollback_only"] = join
        self._session: _UseCaseSession | None = None
        self._base: NestedTransaction | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            if self.conn.in_nested_transaction():
                raise TransactionMisuseError("ask for tx.session before opening a savepoint of tx.conn")
            self._session = _UseCaseSession(
                bind=self.conn, join_transaction_mode=self._join, autoflush=True, expire_on_commit=False
            )
            # Joined now, at the use case's own level: a later join could fall into a savepoint that ends earlier.
            self._session.connection()
            self._base = self.conn.get_nested_transaction()
        return self._session

    def run(self, use_case: Callable[["Tx"], R]) -> R:
        """The use case's result, with its session flushed. After an error the caller takes everything back."""
        self.conn.tx = self
        try:
            result = use_case(self)
            _refuse_lazy(result)
            self._finish()
        except StopIteration as error:
            # A future refuses to carry a StopIteration and its caller would wait for ever.
            raise RuntimeError("the use case raised StopIteration") from error
        finally:
            self.conn.tx = None
            if self._session is not None:
                self._session.expunge_all()
        return result

    def _finish(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self._session is not None:
            Session.commit(self._session)
            Session.close(self._session)
        if self.conn.in_nested_transaction():
            raise TransactionMisuseError("the use case left a savepoint open")

    def note_failure(self, error: BaseException) -> None:
        if self.failure is None and self.conn.get_nested_transaction() is self._base:
            self.failure = error


def _refuse_lazy(result: object) -> None:
    """A Result or an iterator would read from the connection after the commit, in another thread."""
    if isinstance(result, Coroutine):
        result.close()
        raise TypeError("a use case is a plain function: it cannot await")
    if isinstance(result, Result | Query | Iterator):
        raise TypeError(f"a use case returns plain data, not a {type(result).__name__}")


@contextmanager
def connected(engine: Engine) -> Iterator[UseCaseConnection]:
    """A connection of the engine's; what is not committed in it is rolled back."""
    conn = UseCaseConnection(engine)
    try:
        yield conn
    finally:
        Connection.close(conn)


def report_abandoned(error: BaseException) -> None:
    """A write failed whose caller had been cancelled: nobody else will ever hear of it."""
    _log.error("a write failed after its caller was cancelled", exc_info=error)


def bind(use_case: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[Tx], R]:
    return lambda tx: use_case(tx, *args, **kwargs)
