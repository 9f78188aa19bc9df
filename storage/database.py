"""The way to the database: `await db.write(use_case, …)` and `await db.read(query, …)`.

A use case is a plain synchronous function of a `Tx`. It runs in one transaction, whose commit is durable when
`write` returns; its exception undoes it, alone, and reaches the caller. It may run more than once, so ids and
times come in as arguments and nothing outside the transaction is touched. A write whose caller was cancelled
may have happened. How calls are scheduled is the business of the two implementations.
"""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.engine import make_url

from storage.postgres import PostgresDatabase
from storage.sqlite import SqliteDatabase
from storage.transaction import DatabaseClosedError, Dialect, TransactionMisuseError, Tx

__all__ = ["Database", "DatabaseClosedError", "Dialect", "TransactionMisuseError", "Tx", "open_database"]

P = ParamSpec("P")
R = TypeVar("R")


class Database(Protocol):
    """One database. Calls raise DatabaseClosedError once it was closed."""

    @property
    def dialect(self) -> Dialect: ...

    async def write(
        self, use_case: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run the use case in a transaction and commit it."""
        ...

    async def read(self, query: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the query on one snapshot that holds every write that returned before. It cannot write."""
        ...

    async def scan(self, query: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """The same for a query of seconds or minutes: on a connection of its own, rows fetched in pieces."""
        ...

    async def close(self) -> None:
        """Let every call that was accepted finish, then let go of the connections."""
        ...


def open_database(url: str, *, behind_pooler: bool = False) -> Database:
    """Open `sqlite:///path` or `postgresql://…`, with or without the driver's name in it.

    `behind_pooler` is for a pooler in transaction mode without support for prepared statements; it halves the
    speed. Raises ValueError for any other kind of database, and for an SQLite database that is not a file.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            if parsed.database in {None, "", ":memory:"}:
                raise ValueError("an SQLite database has to be a file")
            return SqliteDatabase(parsed)
        case "postgresql":
            return PostgresDatabase(parsed, behind_pooler=behind_pooler)
        case other:
            raise ValueError(f"cannot open a {other} database, only sqlite and postgresql")
