"""The sandbox's own API, as the page and the end-to-end tests use it."""

import asyncio
import json
import sys
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.types import CopyTextButton, DisabledButton, InlineKeyboardButton, InlineKeyboardMarkup

from sandbox.app import serve
from sandbox.state import Sandbox


async def got(http: aiohttp.ClientSession, path: str) -> Any:
    answer = await http.get(path)
    assert answer.status == 200
    return await answer.json()


async def posted(http: aiohttp.ClientSession, path: str, **body: Any) -> tuple[int, Any]:
    answer = await http.post(path, json=body)
    return answer.status, await answer.json()


async def test_before_a_bot_calls_nobody_can_be_written_to(http: aiohttp.ClientSession) -> None:
    state = await got(http, "/sim/state")
    assert (state["bot"], state["telegram_mode"]) == (None, "none")
    _, user = await posted(http, "/sim/users", first_name="Anna", role="customer")
    status, answer = await posted(http, "/sim/message", user_id=user["id"], text="/start")
    assert (status, answer["error"]) == (404, "no bot has called the sandbox yet")
    assert (await posted(http, "/sim/wait", **{"for": "ready", "timeout": 0.05}))[0] == 504


async def test_people_write_and_everything_shows(http: aiohttp.ClientSession, bot: Bot) -> None:
    _, user = await posted(http, "/sim/users", first_name="Paul", role="partner", id=77, username="paul")
    assert user == {
        "id": 77,
        "first_name": "Paul",
        "last_name": None,
        "username": "paul",
        "language_code": None,
        "role": "partner",
        "blocked": False,
    }
    status, answer = await posted(http, "/sim/message", user_id=77, text="/start ref_1")
    assert status == 200
    (update,) = await bot.get_updates()
    assert answer == {"update_id": update.update_id}
    await posted(http, "/sim/block", user_id=77, blocked=True)
    state = await got(http, "/sim/state")
    assert state["bot"] == {"id": 42, "username": "addondesk_demo_bot", "name": "Addondesk"}
    assert state["users"][0]["blocked"] is True
    chat = await got(http, "/sim/chat/77")
    assert chat["messages"][0]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert chat["menu_button"] == {"type": "commands"}


async def test_buttons_that_the_bot_is_not_told_of(http: aiohttp.ClientSession, bot: Bot, anna: int) -> None:
    row = [
        InlineKeyboardButton(text="Pay", url="http://127.0.0.1:8000/pay"),
        InlineKeyboardButton(text="Copy", copy_text=CopyTextButton(text="ref_1")),
        InlineKeyboardButton(text="Now", disabled=DisabledButton()),
    ]
    sent = await bot.send_message(anna, "Menu", reply_markup=InlineKeyboardMarkup(inline_keyboard=[row]))
    tap = {"user_id": anna, "message_id": sent.message_id}
    assert (await posted(http, "/sim/tap", **tap, button="Pay"))[1] == {"url": "http://127.0.0.1:8000/pay"}
    assert (await posted(http, "/sim/tap", **tap, button="Copy"))[1] == {"copy": "ref_1"}
    assert (await posted(http, "/sim/tap", **tap, button="Now"))[1] == {"disabled": True}
    status, answer = await posted(http, "/sim/tap", **tap, button="Buy")
    assert (status, answer["error"]) == (404, "there is no button 'Buy'; buttons: Pay, Copy, Now")
    await bot.delete_message(anna, sent.message_id)
    assert (await posted(http, "/sim/tap", **tap, button="Pay"))[0] == 404


async def test_an_unanswered_tap_is_not_idle(http: aiohttp.ClientSession, bot: Bot, anna: int) -> None:
    key = InlineKeyboardButton(text="Buy", callback_data="buy")
    sent = await bot.send_message(anna, "Menu", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[key]]))
    await posted(http, "/sim/tap", user_id=anna, message_id=sent.message_id, button="Buy")
    updates = await bot.get_updates()
    await bot.get_updates(offset=updates[-1].update_id + 1)
    status, answer = await posted(http, "/sim/wait", **{"for": "idle", "timeout": 0.2})
    assert (status, answer["undelivered"], answer["unanswered"]) == (504, 0, 1)


async def test_the_clock_turns_forward_only(http: aiohttp.ClientSession) -> None:
    before = datetime.fromisoformat((await got(http, "/sim/clock"))["now"])
    _, answer = await posted(http, "/sim/clock", days=1, hours=2)
    now = datetime.fromisoformat(answer["now"])
    assert timedelta(days=1, hours=2) <= now - before < timedelta(days=1, hours=2, seconds=5)
    target = now + timedelta(days=30)
    _, answer = await posted(http, "/sim/clock", to=target.isoformat())
    assert timedelta() <= datetime.fromisoformat(answer["now"]) - target < timedelta(seconds=5)
    assert (await posted(http, "/sim/clock", to=before.isoformat()))[0] == 400


async def test_messages_carry_the_sandboxs_time(http: aiohttp.ClientSession, bot: Bot, anna: int) -> None:
    await posted(http, "/sim/clock", days=40)
    now = datetime.fromisoformat((await got(http, "/sim/clock"))["now"])
    sent = await bot.send_message(anna, "Renewed")
    assert abs(sent.date - now) < timedelta(seconds=5)


async def test_usage_reaches_who_listens(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    heard: list[tuple[int, str, int]] = []

    async def listen(workspace: int, limit: str, value: int) -> None:
        heard.append((workspace, limit, value))

    sandbox.host.on_usage.append(listen)
    limits = {"bot_users": {"label": "Bot users", "allowance": 1000}}
    await posted(http, "/sim/host/workspaces", workspace=1, name="Acme", limits=limits)
    status, answer = await posted(http, "/sim/host/usage", workspace=1, limit="bot_users", value=990)
    assert status == 200
    assert heard == [(1, "bot_users", 990)]
    assert answer["workspaces"] == [
        {
            "id": 1,
            "name": "Acme",
            "paused": False,
            "limits": [{"code": "bot_users", "label": "Bot users", "used": 990, "allowance": 1000}],
        }
    ]
    sandbox.host.pause(1)
    assert (await got(http, "/sim/host"))["workspaces"][0]["paused"] is True
    assert [call.method for call in sandbox.calls.after(0)] == ["pause"]
    assert (await posted(http, "/sim/host/usage", workspace=2, limit="bot_users", value=1))[0] == 400


async def test_the_stream_tells_what_changed(
    sandbox: Sandbox, bot: Bot, anna: int, http: aiohttp.ClientSession
) -> None:
    async with http.get("/sim/stream") as stream:
        await bot.send_message(anna, "Menu")
        kinds: set[str] = set()
        async with asyncio.timeout(2):
            while kinds < {"chat", "calls"}:
                line = (await stream.content.readline()).decode()
                if line.startswith("data: "):
                    kinds.add(json.loads(line[6:])["kind"])


async def test_the_log_goes_on_from_a_number(http: aiohttp.ClientSession, bot: Bot, anna: int) -> None:
    await bot.send_message(anna, "x" * 1000)
    log = await got(http, "/sim/calls")
    assert [call["method"] for call in log["calls"]] == ["getMe", "sendMessage"]
    assert len(log["calls"][1]["params"]["text"]) < 400
    assert (await got(http, f"/sim/calls?after={log['calls'][-1]['n']}"))["calls"] == []


async def test_nobody_else_can_reach_it() -> None:
    with pytest.raises(ValueError, match="this machine only"):
        async with serve(Sandbox.create(), host="0.0.0.0"):
            pass


async def test_the_page_is_served_when_asked_for(http: aiohttp.ClientSession) -> None:
    assert (await http.get("/")).status == 404
    async with serve(Sandbox.create(), page=True) as base_url, aiohttp.ClientSession(base_url) as session:
        index = await session.get("/")
        assert index.content_type == "text/html"
        assert "/page/" in await index.text()
        assert (await session.get("/page/main.js")).status == 200


async def test_it_runs_alone_and_stops_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--bot-username", "demo_bot", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    base_url = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    async with aiohttp.ClientSession(base_url) as session, session.get("/bot7:token/getMe") as answer:
        assert (await answer.json())["result"]["username"] == "demo_bot"
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0
