"""The real process over HTTP against the sandbox, with a product of one handler."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogram import Dispatcher
from aiogram.types import Message
from pydantic import SecretStr

from bot import preflight
from bot.process import Running, run
from bot.product import Product, Tools
from bot.server import bind
from bot.settings import Settings
from bot.ticks import Tick
from sandbox.app import serve
from sandbox.faults import Fault, FaultKind
from sandbox.state import Sandbox
from storage import migrate, outbox
from storage.outbox import DueMessage


@pytest.fixture
async def sandbox() -> AsyncIterator[tuple[Sandbox, str]]:
    sandbox = Sandbox.create(bot_username="test_bot")
    async with serve(sandbox) as url:
        yield sandbox, url


def settings_for(tmp_path: Path, url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "bot_token": SecretStr("123456:abcdefghijklmnop"),
        "secret_key": SecretStr("k" * 32),
        "telegram_api_url": url,
        "database_url": f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}",
        "listen_port": 0,
        **changes,
    }
    return Settings(_env_file=None, **values)


class Echo:
    """Answers every message, and sends a notice about it."""

    def __init__(self) -> None:
        self.taps: list[str] = []
        self.ticked = 0
        self.seconds = 0.0

    async def assemble(self, tools: Tools) -> Product:
        async def echo(message: Message, tap: str) -> None:
            self.taps.append(tap)
            await asyncio.sleep(self.seconds)
            await message.answer(f"you said {message.text}")
            now = tools.clock.now()
            number = message.message_id
            await tools.db.write(
                outbox.put, tools.bot.id, number, 1, message.chat.id, None, "told", {}, now, now
            )

        async def deliver(due: DueMessage) -> None:
            await tools.bot.send_message(due.chat_id, f"notice {due.id}")

        async def tick() -> None:
            self.ticked += 1

        async def close() -> None:
            """Nothing to close."""

        dispatcher = Dispatcher(storage=tools.fsm)
        dispatcher.message.register(echo)
        return Product(
            dispatcher, deliver, close, ticks=[Tick("count", 60, tick)], commands=[("menu", "Your workspace")]
        )


@asynccontextmanager
async def running(settings: Settings, sandbox: Sandbox, echo: Echo) -> AsyncIterator[Running]:
    ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        process = group.create_task(
            run(
                settings,
                sandbox.clock,
                echo.assemble,
                stop=stop,
                on_ready=ready.set_result,
                catch_signals=False,
            )
        )
        async with asyncio.timeout(10):
            started = await ready
        yield started
        stop.set()
        assert await process == 0


async def texts(url: str, person: int) -> list[str]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/sim/chat/{person}") as answer:
        chat = await answer.json()
    return [message["text"] for message in chat["messages"] if message["from"] == "bot"]


async def until_told(url: str, person: int, count: int) -> list[str]:
    async with asyncio.timeout(8):
        while len(found := await texts(url, person)) < count:
            await asyncio.sleep(0.05)
    return found


@pytest.mark.parametrize("by_webhook", [False, True])
async def test_messages_are_answered_and_notices_sent(
    tmp_path: Path, sandbox: tuple[Sandbox, str], by_webhook: bool
) -> None:
    world, url = sandbox
    changes: dict[str, Any] = {}
    if by_webhook:
        with bind("127.0.0.1", 0) as probe:
            port = probe.getsockname()[1]
        changes = {"listen_port": port, "public_url": f"http://127.0.0.1:{port}"}
    settings = settings_for(tmp_path, url, **changes)
    migrate.upgrade(settings.database_url)
    echo = Echo()
    async with running(settings, world, echo) as process:
        person = world.telegram.people.add("Dana")
        for word in ("one", "two"):
            world.telegram.people.write(person.id, word)
        told = await until_told(url, person.id, 4)
        assert world.telegram.mode == ("webhook" if by_webhook else "polling")
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{process.port}/readyz") as answer,
        ):
            assert await answer.json() == {
                "database": True,
                "intake": True,
                "sender": True,
                "books_up_to_date": True,
            }
        before = echo.ticked
        process.look_again()
        await asyncio.sleep(0.1)
        assert echo.ticked == before + 1
    assert [text for text in told if text.startswith("you")] == ["you said one", "you said two"]
    assert len([text for text in told if text.startswith("notice")]) == 2
    assert len(set(echo.taps)) == 2


async def test_a_stop_in_mid_load_loses_and_repeats_nothing(
    tmp_path: Path, sandbox: tuple[Sandbox, str]
) -> None:
    world, url = sandbox
    settings = settings_for(tmp_path, url)
    migrate.upgrade(settings.database_url)
    echo = Echo()
    echo.seconds = 0.02
    person = None
    async with running(settings, world, echo):
        person = world.telegram.people.add("Dana")
        for number in range(30):
            world.telegram.people.write(person.id, str(number))
        await until_told(url, person.id, 5)
    assert 0 < len(echo.taps) < 30
    async with running(settings, world, echo):
        async with asyncio.timeout(8):
            while len(echo.taps) < 30:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
    answers = [text for text in await texts(url, person.id) if text.startswith("you")]
    assert answers == [f"you said {number}" for number in range(30)]
    assert len(set(echo.taps)) == 30


async def test_a_telegram_that_fails_costs_time_and_no_message(
    tmp_path: Path, sandbox: tuple[Sandbox, str]
) -> None:
    world, url = sandbox
    settings = settings_for(tmp_path, url)
    await asyncio.to_thread(migrate.upgrade, settings.database_url)
    echo = Echo()
    async with running(settings, world, echo):
        person = world.telegram.people.add("Dana")
        kinds: tuple[FaultKind, ...] = ("500", "lost", "429", "truncated")
        for kind in kinds:
            world.faults.add(Fault("telegram", "getUpdates", kind))
        for number in range(3):
            world.telegram.people.write(person.id, str(number))
        async with asyncio.timeout(20):
            while len(echo.taps) < 3:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
    assert len(echo.taps) == len(set(echo.taps)) == 3


async def test_what_is_in_the_way_is_told_before_anything_starts(
    tmp_path: Path, sandbox: tuple[Sandbox, str]
) -> None:
    _, url = sandbox
    good = settings_for(tmp_path, url)
    assert await preflight.check(good) == ["The database has no tables yet: run `addondesk migrate`"]
    await asyncio.to_thread(migrate.upgrade, good.database_url)
    assert await preflight.check(good) == []
    # The sandbox knows one token a bot: another of the same bot is refused as a revoked one is.
    other = settings_for(tmp_path, url, bot_token=SecretStr("123456:otherotherother"))
    (problem,) = await preflight.check(other)
    assert problem.startswith("BOT_TOKEN is refused")
    assert "otherother" not in problem
    nowhere = settings_for(tmp_path, "http://127.0.0.1:9")
    (problem,) = await preflight.check(nowhere)
    assert problem.startswith("Telegram can't be reached")
    no_database = settings_for(tmp_path, url, database_url="postgresql+asyncpg://u:hunter2@127.0.0.1:9/none")
    (problem,) = await preflight.check(no_database)
    assert problem.startswith("DATABASE_URL")
    assert "hunter2" not in problem


async def test_a_part_that_fails_stops_the_process_loudly(
    tmp_path: Path, sandbox: tuple[Sandbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor can start it anew; a process that looks alive and does nothing can't be told from a good one."""
    from bot import worker

    world, url = sandbox
    settings = settings_for(tmp_path, url)
    await asyncio.to_thread(migrate.upgrade, settings.database_url)

    async def broken(_self: worker.Worker) -> None:
        await asyncio.sleep(0.2)
        raise MemoryError("no more")

    monkeypatch.setattr(worker.Worker, "_scan_forever", broken)
    async with asyncio.timeout(20):
        assert await run(settings, world.clock, Echo().assemble, catch_signals=False) == 1


async def test_a_turned_clock_doesnt_cost_the_process_its_leases(
    tmp_path: Path, sandbox: tuple[Sandbox, str]
) -> None:
    world, url = sandbox
    settings = settings_for(tmp_path, url)
    await asyncio.to_thread(migrate.upgrade, settings.database_url)
    async with running(settings, world, Echo()) as process:
        person = world.telegram.people.add("Dana")
        for month in range(3):
            world.telegram.people.write(person.id, f"month {month}")
            await until_told(url, person.id, 2 * (month + 1))
            world.clock.turn(dt.timedelta(days=30))
            process.look_again()
