"""The schema's versions: bring a database to the newest, ask which it has. Alembic does the work."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

R = TypeVar("R")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def head() -> str:
    """The newest version that this code knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def current(url: str) -> str | None:
    """The version of a database; None where it has no schema yet."""
    return on_connection(
        url, lambda connection: MigrationContext.configure(connection).get_current_revision()
    )


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database to a version."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Bring a database back to a version."""
    _run(url, lambda config: command.downgrade(config, revision))


def _run(url: str, step: Callable[[Config], None]) -> None:
    def with_connection(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        step(config)
        connection.commit()

    on_connection(url, with_connection)


def on_connection(url: str, work: Callable[[Connection], R]) -> R:
    """Run plain synchronous work on a connection of its own, whichever database it is."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed.set(drivername="sqlite"), poolclass=NullPool)
        with engine.connect() as connection:
            return work(connection)

    async def on_postgres() -> R:
        async_engine = create_async_engine(parsed.set(drivername="postgresql+asyncpg"), poolclass=NullPool)
        async with async_engine.connect() as async_connection:
            return await async_connection.run_sync(work)

    # A loop may be running in this thread already; the driver gets one of its own in another.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, on_postgres()).result()
