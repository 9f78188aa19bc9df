"""A posting through the ledger's door, against the same statements by the bare driver.

One posting: its wallet locked, its reference looked up, its row inserted with every column, its wallet
written back, in one durable commit. Every posting goes to another wallet than the ones around it.
"""

import datetime as dt
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
from sqlalchemy import insert

from benchmarks.measure import Comparison, Round, rate, take_turns
from benchmarks.postgres import create_database
from billing.clock import SystemClock
from billing.ledger import Kind, Line, Operation, Posted, post
from storage import migrate
from storage.database import Database, open_database
from storage.models import Wallet
from storage.transaction import Tx

PARTNER = 1
WALLETS = 20_000
AMOUNT = 1_000
ROUNDS = 6
SQLITE_CALLERS, POSTGRES_CLIENTS = 64, 16
SQLITE_COUNT, POSTGRES_COUNT = 2_000, 1_000
"""Postings in a round of each way."""

# In the order of their appearance: SQLite numbers $-parameters so, whatever stands behind the sign.
_LOCK = "SELECT balance, posted FROM wallets WHERE partner_id = $1 AND workspace_id = $2"
_LOOK_UP = (
    "SELECT reference, workspace_id, number, amount, balance_after FROM postings "
    "WHERE partner_id = $1 AND reference = $2 ORDER BY reference, line"
)
_INSERT = (
    "INSERT INTO postings (partner_id, workspace_id, number, reference, line, kind, amount, balance_after, "
    "floor, forced, at, person_id, addon_id, cycle_start, order_id, note, explained) VALUES "
    "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
)
_UPDATE = "UPDATE wallets SET balance = $1, posted = $2 WHERE partner_id = $3 AND workspace_id = $4"
_WRITE = (
    "WITH moved AS (UPDATE wallets SET balance = $18, posted = $19 WHERE partner_id = $20 AND workspace_id = $21) "
    + _INSERT
)


async def on_sqlite(folder: Path) -> Comparison:
    """64 callers of the use case against one of sqlite3."""
    async with _database(f"sqlite:///{folder / 'ours.db'}") as ours, _database(_bare_url(folder)):
        with closing(_connect(folder / "bare.db")) as conn:

            async def bare(number: int) -> None:
                _post_by_sqlite3(conn, number)

            figures = await take_turns(
                _ours(ours, SQLITE_CALLERS, SQLITE_COUNT), rate(bare, callers=1, count=SQLITE_COUNT), ROUNDS
            )
    name = f"Postings on SQLite, {SQLITE_CALLERS} callers; bare: sqlite3, one caller"
    return Comparison(name, "postings/s", *figures, least=0.6)


async def on_postgres(server_url: str) -> Comparison:
    """16 callers of the use case against 16 connections of asyncpg."""
    bare_url = create_database(server_url)
    async with _database(create_database(server_url)) as ours, _database(bare_url):
        conns = [await asyncpg.connect(bare_url) for _ in range(POSTGRES_CLIENTS)]
        free = deque(conns)

        async def bare(number: int) -> None:
            conn = free.popleft()
            async with conn.transaction():
                await _post_by_asyncpg(conn, number)
            free.append(conn)

        figures = await take_turns(
            _ours(ours, POSTGRES_CLIENTS, POSTGRES_COUNT),
            rate(bare, callers=POSTGRES_CLIENTS, count=POSTGRES_COUNT),
            ROUNDS,
        )
        for conn in conns:
            await conn.close()
    name = (
        f"Postings on PostgreSQL, {POSTGRES_CLIENTS} clients; bare: asyncpg, {POSTGRES_CLIENTS} connections"
    )
    return Comparison(name, "postings/s", *figures, least=0.5)


def _bare_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'bare.db'}"


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    """The newest schema and its wallets."""
    migrate.upgrade(url)
    db = open_database(url)
    try:
        await db.write(_open_wallets)
        yield db
    finally:
        await db.close()


def _open_wallets(tx: Tx) -> None:
    empty = [
        {"partner_id": PARTNER, "workspace_id": number, "balance": 0, "posted": 0}
        for number in range(WALLETS)
    ]
    tx.conn.execute(insert(Wallet), empty)


def _ours(db: Database, callers: int, count: int) -> Round:
    clock = SystemClock()

    async def ours(number: int) -> None:
        operation = Operation(
            PARTNER, number % WALLETS, f"bench:{number}", (Line(Kind.TOPUP, AMOUNT),), clock.now()
        )
        (posted,) = await db.write(post, [operation])
        assert isinstance(posted, Posted)
        assert not posted.repeated

    return rate(ours, callers=callers, count=count)


def _connect(file: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(file, isolation_level=None)
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("PRAGMA foreign_keys=ON")
    return conn


def _row(number: int, posted: int, balance: int, at: object) -> tuple[object, ...]:
    """A posting's values, in the order of the table's columns."""
    return (
        *(PARTNER, number % WALLETS, posted, f"bench:{number}", 0, "topup", AMOUNT, balance, 0, False, at),
        *(None, None, None, None, "", None),
    )


def _post_by_sqlite3(conn: sqlite3.Connection, number: int) -> None:
    wallet = PARTNER, number % WALLETS
    conn.execute("BEGIN IMMEDIATE")
    balance, posted = conn.execute(_LOCK, wallet).fetchone()
    assert conn.execute(_LOOK_UP, (PARTNER, f"bench:{number}")).fetchone() is None
    at = SystemClock().now().isoformat(" ")
    conn.execute(_INSERT, _row(number, posted + 1, balance + AMOUNT, at))
    conn.execute(_UPDATE, (balance + AMOUNT, posted + 1, *wallet))
    conn.execute("COMMIT")


async def _post_by_asyncpg(conn: asyncpg.Connection, number: int) -> None:
    wallet = PARTNER, number % WALLETS
    balance, posted = await conn.fetchrow(f"{_LOCK} FOR UPDATE", *wallet)
    assert await conn.fetchrow(_LOOK_UP, PARTNER, f"bench:{number}") is None
    at: dt.datetime = SystemClock().now()
    row = _row(number, posted + 1, balance + AMOUNT, at)
    await conn.execute(_WRITE, *row, balance + AMOUNT, posted + 1, *wallet)
