"""Bots at work: one that polls on SQLite, one that Telegram calls on PostgreSQL. Each has a partner who sells."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from .client import Call, Json, Person, Sim, open_sim
from .desk import Desk
from .processes import Installation, Process, sandbox, turnable

if TYPE_CHECKING:
    from .times import Timed

_numbers = itertools.count(1)


@dataclass(slots=True)
class Bench:
    """A running bot for one test. What was refused in it fails the test, unless it is in `expected`."""

    bot: Installation
    process: Process
    sim: Sim
    desk: Desk
    began_at: int
    expected: list[str] = field(default_factory=list)
    """Parts of the errors that this test provokes."""

    async def customer(self, name: str = "Dana", workspace: str | None = None) -> Person:
        """Somebody new, in a workspace of a new name."""
        return await self.desk.customer(name, workspace or f"Acme {next(_numbers)}")

    async def calls(self, method: str) -> list[Call]:
        """Calls of this test to one of Telegram's methods or Stripe's routes."""
        return [one for one in await self.sim.calls(self.began_at) if one.method == method]

    async def events(self) -> list[Json]:
        """The newest hundred of Stripe's events, newest first."""
        return await self.sim.stripe_list("events", self.bot.stripe_key)

    async def refused(self) -> list[Call]:
        return [
            one
            for one in await self.sim.calls(self.began_at)
            if one.refused and not any(part in (one.error or "") for part in self.expected)
        ]


@pytest.fixture(scope="session")
def polling_bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Process]]:
    folder = tmp_path_factory.mktemp("polling")
    with sandbox() as address:
        bot = Installation(folder, address, f"sqlite+aiosqlite:///{folder / 'bot.db'}")
        bot.connect_stripe()
        with _at_work(bot) as process:
            yield bot, process


@pytest.fixture(scope="session")
def webhook_bot(
    tmp_path_factory: pytest.TempPathFactory, pg_server: str
) -> Iterator[tuple[Installation, Process]]:
    _in_a_loop_of_its_own(_create_database(pg_server, "e2e"))
    url = make_url(pg_server).set(drivername="postgresql+asyncpg", database="e2e")
    with sandbox() as address:
        bot = Installation(
            tmp_path_factory.mktemp("webhook"),
            address,
            url.render_as_string(hide_password=False),
            webhook=True,
        )
        bot.connect_stripe()
        with _at_work(bot) as process:
            yield bot, process


@pytest.fixture(params=["polling_bot", "webhook_bot"], ids=["polling-sqlite", "webhook-postgresql"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Once for each bot."""
    async with _benched(*request.getfixturevalue(request.param)) as bench:
        yield bench


@pytest.fixture
async def polling(polling_bot: tuple[Installation, Process]) -> AsyncIterator[Bench]:
    async with _benched(*polling_bot) as bench:
        yield bench


@pytest.fixture
async def webhook(webhook_bot: tuple[Installation, Process]) -> AsyncIterator[Bench]:
    async with _benched(*webhook_bot) as bench:
        yield bench


@pytest.fixture
async def timed(turnable_polling_bot: tuple[Installation, Process]) -> AsyncIterator["Timed"]:
    async with _timed(*turnable_polling_bot) as timed:
        yield timed


@pytest.fixture(
    params=["turnable_polling_bot", "turnable_webhook_bot"], ids=["polling alone", "with webhooks"]
)
async def timed_both(request: pytest.FixtureRequest) -> AsyncIterator["Timed"]:
    """Once for each way in which news come from Stripe."""
    async with _timed(*request.getfixturevalue(request.param)) as timed:
        yield timed


@pytest.fixture
async def timed_told(turnable_webhook_bot: tuple[Installation, Process]) -> AsyncIterator["Timed"]:
    """For what only Stripe's webhooks, or `addondesk reconcile`, tell of."""
    async with _timed(*turnable_webhook_bot) as timed:
        yield timed


@asynccontextmanager
async def _timed(bot: Installation, process: Process) -> AsyncIterator["Timed"]:
    from .times import Timed  # which needs this file's Bench

    assert bot.ahead is not None
    async with _benched(bot, process) as bench:
        yield Timed(bench, bot.ahead)


@pytest.fixture(scope="module")
def turnable_polling_bot(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Installation, Process]]:
    """With a clock of its own; no webhook of Stripe's reaches it."""
    folder = tmp_path_factory.mktemp("turnable")
    with sandbox() as address:
        database = f"sqlite+aiosqlite:///{folder / 'bot.db'}"
        bot = Installation(folder, address, database, ahead=turnable())
        with _at_work(bot) as process:
            yield bot, process


@pytest.fixture(scope="module")
def turnable_webhook_bot(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Installation, Process]]:
    folder = tmp_path_factory.mktemp("turnable-webhook")
    with sandbox() as address:
        database = f"sqlite+aiosqlite:///{folder / 'bot.db'}"
        bot = Installation(folder, address, database, webhook=True, ahead=turnable())
        bot.connect_stripe()
        with _at_work(bot) as process:
            yield bot, process


@asynccontextmanager
async def _benched(bot: Installation, process: Process) -> AsyncIterator[Bench]:
    async with open_sim(bot.sandbox) as sim:
        bench = Bench(bot, process, sim, await Desk.opened(sim), await sim.last_call())
        try:
            yield bench
        finally:
            await sim.no_more_failures()
            await sim.bank("hold", hold=False)
        assert await sim.unanswered() == 0
        assert await bench.refused() == []
        assert await sim.violations() == []
        assert process.running, process.tail()
        assert process.defects() == []


@contextmanager
def _at_work(bot: Installation) -> Iterator[Process]:
    bot.migrate()
    with bot.running() as process:
        _in_a_loop_of_its_own(_begin_to_sell(bot))
        yield process


async def _begin_to_sell(bot: Installation) -> None:
    async with open_sim(bot.sandbox) as sim:
        await sim.ready()
        desk = await (await Desk.opened(sim)).starts_to_sell()
        assert "● selling" in desk.text


async def _create_database(server: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    finally:
        await connection.close()


def _in_a_loop_of_its_own(work: Coroutine[None, None, None]) -> None:
    """In a thread: pytest sets fixtures up from inside a running loop too."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
