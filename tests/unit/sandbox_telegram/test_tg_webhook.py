"""How updates reach a webhook: with the secret, again after a failure, in order within a chat."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiogram import Bot, Dispatcher, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from sandbox.state import Sandbox


@dataclass
class Receiver:
    """A bot's web server: answers with the statuses in `script`, then 200; keeps what came."""

    url: str = ""
    script: list[int] = field(default_factory=list)
    came: list[tuple[int, str]] = field(default_factory=list)
    secrets: set[str | None] = field(default_factory=set)
    reply: dict[str, Any] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.came.append((update["update_id"], update["message"]["text"]))
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        status = self.script.pop(0) if self.script else 200
        return web.json_response(self.reply or {}, status=status)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(3):
            while len(self.came) < count:
                await asyncio.sleep(0.01)


async def started(app: web.Application) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner, receiver.url = await started(app)
    yield receiver
    await runner.cleanup()


async def idle(http: aiohttp.ClientSession) -> dict[str, Any]:
    answer = await http.post("/sim/wait", json={"for": "idle", "timeout": 3})
    assert answer.status == 200
    state: dict[str, Any] = await answer.json()
    return state


async def test_what_waited_is_delivered_with_the_secret(
    sandbox: Sandbox, bot: Bot, anna: int, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    await bot.set_webhook(receiver.url, secret_token="s3cret_-")
    await receiver.until(1)
    assert receiver.came[0][1] == "/start"
    assert receiver.secrets == {"s3cret_-"}
    assert (await idle(http))["telegram_mode"] == "webhook"
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_a_failed_update_comes_again_under_its_id_before_the_next(
    sandbox: Sandbox, bot: Bot, anna: int, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    receiver.script = [500, 502, 500]
    await bot.set_webhook(receiver.url)
    sandbox.telegram.people.write(anna, "second")
    await receiver.until(5)
    await idle(http)
    assert [text for _, text in receiver.came] == ["/start"] * 4 + ["second"]
    assert len({update_id for update_id, _ in receiver.came}) == 2
    assert (await bot.get_webhook_info()).last_error_message == (
        "Wrong response from the webhook: 500 Internal Server Error"
    )


async def test_one_chats_trouble_does_not_hold_up_another(
    sandbox: Sandbox, bot: Bot, anna: int, receiver: Receiver
) -> None:
    boris = sandbox.telegram.people.add("Boris")
    receiver.script = [500] * 20
    await bot.set_webhook(receiver.url)
    await receiver.until(2)
    sandbox.telegram.people.write(boris.id, "mine")
    await receiver.until(6)
    assert "mine" in [text for _, text in receiver.came]


async def test_a_call_in_the_answer_is_made(
    sandbox: Sandbox, bot: Bot, anna: int, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    receiver.reply = {"method": "sendMessage", "chat_id": anna, "text": "By return"}
    await bot.set_webhook(receiver.url)
    await idle(http)
    assert sandbox.telegram.people.view(anna)["messages"][-1]["text"] == "By return"
    receiver.reply = {"method": "getMe"}
    sandbox.telegram.people.write(anna, "x")
    await idle(http)
    assert [call.method for call in sandbox.calls.refusals] == ["getMe"]


async def test_aiograms_own_handler_with_a_secret(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    router = Router()

    @router.message()
    async def greet(message: Message) -> SendMessage:
        return message.answer("<b>Hello</b>")

    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    app = web.Application()
    handler = SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token="right")
    handler.register(app, path="/hook")
    runner, url = await started(app)
    try:
        await bot.set_webhook(url, secret_token="right")
        await idle(http)
        assert sandbox.telegram.people.view(anna)["messages"][-1]["text"] == "Hello"
    finally:
        await bot.delete_webhook()
        await runner.cleanup()


async def test_without_the_webhook_updates_wait_for_a_poll(
    sandbox: Sandbox, bot: Bot, anna: int, receiver: Receiver
) -> None:
    receiver.script = [500] * 100
    await bot.set_webhook(receiver.url)
    await receiver.until(2)
    await bot.delete_webhook()
    (update,) = await bot.get_updates()
    assert update.update_id == receiver.came[0][0]
    await bot.set_webhook(receiver.url, drop_pending_updates=True)
    assert (await bot.get_webhook_info()).pending_update_count == 0


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("https://example.org/hook", None, "bad webhook"),
        ("127.0.0.1/hook", None, "bad webhook"),
        ("http://127.0.0.1/hook", "not allowed!", "secret token contains unallowed characters"),
        ("http://127.0.0.1/hook", "x" * 257, "secret token is too long"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused(
    bot: Bot, url: str, secret: str | None, words: str
) -> None:
    with pytest.raises(TelegramBadRequest, match=words):
        await bot.set_webhook(url, secret_token=secret)
