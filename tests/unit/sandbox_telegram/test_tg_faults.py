"""Ordered failures: what the bot sees, and what has happened all the same."""

import asyncio

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from sandbox.state import Sandbox


def texts(sandbox: Sandbox, user_id: int) -> list[str]:
    return [m["text"] for m in sandbox.telegram.people.view(user_id)["messages"] if m["from"] == "bot"]


@pytest.mark.parametrize(
    ("kind", "error", "happened"),
    [
        ("429", TelegramRetryAfter, False),
        ("500", TelegramServerError, False),
        ("drop", TelegramNetworkError, False),
        ("hang", TelegramNetworkError, False),
        ("lost", TelegramNetworkError, True),
        ("truncated", TelegramNetworkError, True),
    ],
)
async def test_a_fault_strikes_once_and_is_no_refusal(
    sandbox: Sandbox,
    bot: Bot,
    anna: int,
    http: aiohttp.ClientSession,
    kind: str,
    error: type[Exception],
    happened: bool,
) -> None:
    fault = {"api": "telegram", "method": "sendMessage", "kind": kind, "retry_after": 7, "seconds": 0.05}
    await http.post("/sim/faults", json=fault)
    with pytest.raises(error) as failed:
        await bot.send_message(anna, "first")
    if isinstance(failed.value, TelegramRetryAfter):
        assert failed.value.retry_after == 7
    assert texts(sandbox, anna) == (["first"] if happened else [])
    await bot.send_message(anna, "second")
    assert texts(sandbox, anna)[-1] == "second"
    assert sandbox.calls.refusals == []


async def test_faults_meet_their_method_only_and_can_be_taken_back(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    fault = {"api": "telegram", "method": "editMessageText", "kind": "500", "times": 3}
    answer = await http.post("/sim/faults", json=fault)
    assert (await answer.json())["faults"][0]["times"] == 3
    sent = await bot.send_message(anna, "Menu")
    with pytest.raises(TelegramServerError):
        await bot.edit_message_text("x", chat_id=anna, message_id=sent.message_id)
    assert (await (await http.get("/sim/faults")).json())["faults"][0]["times"] == 2
    assert (await (await http.delete("/sim/faults")).json())["faults"] == []
    await bot.edit_message_text("x", chat_id=anna, message_id=sent.message_id)
    assert (await http.post("/sim/faults", json={"api": "telegram", "kind": "fire"})).status == 400


async def test_a_lost_batch_of_updates_comes_again(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    await http.post("/sim/faults", json={"api": "telegram", "method": "getUpdates", "kind": "lost"})
    with pytest.raises(TelegramNetworkError):
        await bot.get_updates()
    assert len(await asyncio.wait_for(bot.get_updates(), 2)) == 1


async def test_a_fault_for_some_calls_lets_the_others_pass(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    fault = {"api": "telegram", "method": "sendMessage", "kind": "500", "containing": "paid"}
    await http.post("/sim/faults", json=fault)
    await bot.send_message(anna, "Bob joined")
    with pytest.raises(TelegramServerError):
        await bot.send_message(anna, "Bob paid 9 USD")
    await bot.send_message(anna, "Bob paid 9 USD")
    assert texts(sandbox, anna) == ["Bob joined", "Bob paid 9 USD"]
