"""A sandbox over HTTP, a real aiogram Bot that talks to it, and one person who has pressed Start."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from sandbox.app import serve
from sandbox.state import Sandbox
from sandbox.telegram import Backoff

Connect = Callable[[str], Awaitable[Bot]]


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox.create(query_lifetime=1.0, backoff=Backoff(first=0.02, cap=0.05))


@pytest.fixture
async def base_url(sandbox: Sandbox) -> AsyncIterator[str]:
    async with serve(sandbox) as url:
        yield url


@pytest.fixture
async def connect(base_url: str) -> AsyncIterator[Connect]:
    """Makes a bot of a token."""
    sessions: list[AiohttpSession] = []

    async def connect(token: str) -> Bot:
        session = AiohttpSession(api=TelegramAPIServer.from_base(base_url))
        sessions.append(session)
        return Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))

    yield connect
    for session in sessions:
        # aiogram's own close() sleeps for TLS that isn't there.
        if session._session is not None:
            await session._session.close()


@pytest.fixture
async def bot(connect: Connect) -> Bot:
    bot = await connect("42:sandbox-token")
    await bot.get_me()
    return bot


@pytest.fixture
def anna(sandbox: Sandbox, bot: Bot) -> int:
    """A customer who has started the bot; her chat's id."""
    user = sandbox.telegram.people.add("Anna", last_name="Berg", language_code="de", role="customer")
    sandbox.telegram.people.write(user.id, "/start")
    return user.id


@pytest.fixture
async def http(base_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url) as session:
        yield session
