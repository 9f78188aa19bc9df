"""How a polling bot gets its updates, and how taps are answered."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiogram import Bot, Dispatcher, Router
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update

from sandbox.state import Sandbox

MENU = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text="2 units", callback_data="set:2")],
        [InlineKeyboardButton(text="Pay", url="http://127.0.0.1:8000/pay")],
    ]
)


def texts(updates: list[Update]) -> list[str | None]:
    return [update.message.text for update in updates if update.message is not None]


def write(sandbox: Sandbox, user_id: int, *texts: str) -> list[int | None]:
    return [sandbox.telegram.people.write(user_id, text) for text in texts]


async def test_a_message_comes_once_confirmed_never_again(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    (start,) = await bot.get_updates()
    assert start.message is not None
    assert start.message.text == "/start"
    assert start.message.entities is not None
    assert start.message.entities[0].type == "bot_command"
    assert start.message.from_user is not None
    assert start.message.from_user.language_code == "de"
    assert [u.update_id for u in await bot.get_updates()] == [start.update_id]
    assert await bot.get_updates(offset=start.update_id + 1) == []
    assert sandbox.telegram.undelivered() == 0


async def test_limit_and_negative_offset(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    write(sandbox, anna, "1", "2", "3")
    assert texts(await bot.get_updates(limit=2)) == ["/start", "1"]
    assert texts(await bot.get_updates(offset=-2)) == ["2", "3"]
    assert texts(await bot.get_updates()) == ["2", "3"]


async def test_a_held_poll_wakes_when_something_comes(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    (start,) = await bot.get_updates()
    poll = asyncio.ensure_future(bot.get_updates(offset=start.update_id + 1, timeout=30))
    await asyncio.sleep(0.05)
    assert not poll.done()
    write(sandbox, anna, "/points")
    assert texts(await asyncio.wait_for(poll, 2)) == ["/points"]


async def test_of_two_pollers_the_older_is_sent_away(sandbox: Sandbox, bot: Bot) -> None:
    older = asyncio.ensure_future(bot.get_updates(timeout=30))
    await asyncio.sleep(0.05)
    newer = asyncio.ensure_future(bot.get_updates(timeout=1))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await asyncio.wait_for(older, 2)
    assert await newer == []


async def test_a_poll_whose_client_is_gone_is_no_refusal(
    sandbox: Sandbox, bot: Bot, connect: Callable[[str], Awaitable[Bot]]
) -> None:
    lost = await connect("42:sandbox-token")
    poll = asyncio.ensure_future(lost.get_updates(timeout=30))
    await asyncio.sleep(0.05)
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
    await asyncio.sleep(0.05)
    assert await bot.get_updates() == []
    assert sandbox.calls.refusals == []


async def test_allowed_kinds_are_remembered(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    await bot.get_updates(offset=-1, allowed_updates=["callback_query"])
    await bot.get_updates()
    assert write(sandbox, anna, "unheard") == [None]
    await bot.get_updates(allowed_updates=[])
    assert write(sandbox, anna, "heard") != [None]


async def test_a_block_is_told(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    (start,) = await bot.get_updates()
    sandbox.telegram.people.block(anna, blocked=True)
    (update,) = await bot.get_updates(offset=start.update_id + 1)
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"


async def test_no_polling_beside_a_webhook(bot: Bot) -> None:
    held = asyncio.ensure_future(bot.get_updates(timeout=30))
    await asyncio.sleep(0.05)
    await bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(TelegramConflictError, match="terminated by setWebhook request"):
        await asyncio.wait_for(held, 2)
    with pytest.raises(TelegramConflictError, match="while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == []


async def test_a_real_dispatcher_runs_on_it(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    router = Router()

    @router.message()
    async def greet(message: Message) -> None:
        await message.answer("<b>Menu</b>", reply_markup=MENU)

    @router.callback_query()
    async def chosen(query: CallbackQuery) -> None:
        assert isinstance(query.message, Message)
        await query.message.edit_text(f"Chosen {query.data}")
        await query.answer("Saved", show_alert=True)

    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    running = asyncio.ensure_future(dispatcher.start_polling(bot, handle_signals=False))
    try:
        answer = await http.post("/sim/wait", json={"for": "reply", "user_id": anna})
        assert answer.status == 200
        menu = sandbox.telegram.people.view(anna)["messages"][-1]
        answer = await http.post(
            "/sim/tap", json={"user_id": anna, "message_id": menu["message_id"], "button": "2 units"}
        )
        assert answer.status == 200
        answer = await http.post("/sim/wait", json={"for": "idle", "timeout": 5})
        assert answer.status == 200
        view = sandbox.telegram.people.view(anna)
        assert view["messages"][-1]["text"] == "Chosen set:2"
        assert [(n["text"], n["show_alert"]) for n in view["notices"]] == [("Saved", True)]
        assert view["queries"] == []
        assert sandbox.telegram.mode == "polling"
    finally:
        await dispatcher.stop_polling()
        await running
    assert sandbox.calls.refusals == []


async def test_a_tap_is_answered_once(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    sent = await bot.send_message(anna, "Menu", reply_markup=MENU)
    tapped = sandbox.telegram.people.tap(anna, sent.message_id, data="set:2")
    assert sandbox.telegram.people.view(anna)["queries"] == [
        {"query_id": tapped["query_id"], "message_id": sent.message_id}
    ]
    with pytest.raises(TelegramBadRequest, match="MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(tapped["query_id"], text="x" * 201)
    assert await bot.answer_callback_query(tapped["query_id"])
    with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
        await bot.answer_callback_query(tapped["query_id"])


async def test_a_late_answer_is_refused(sandbox: Sandbox, bot: Bot, anna: int) -> None:
    sent = await bot.send_message(anna, "Menu", reply_markup=MENU)
    tapped = sandbox.telegram.people.tap(anna, sent.message_id, text="2 units")
    await asyncio.sleep(1.05)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(tapped["query_id"])
