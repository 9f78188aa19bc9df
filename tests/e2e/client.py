"""A typed client of the sandbox's own API: what people, banks and networks do, and what they see of the bot."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import aiohttp

Json: TypeAlias = dict[str, Any]

PATIENCE = 10.0
"""Seconds that something may take on a busy machine before a test calls it missing."""
_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    data: str | None = None
    url: str | None = None
    copies: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a person has it on the screen."""

    id: int
    text: str
    buttons: tuple[Button, ...]

    def button(self, text: str) -> Button | None:
        """The button that reads so, or the only one that contains it."""
        exact = [each for each in self.buttons if each.text == text]
        found = exact or [each for each in self.buttons if text in each.text]
        return found[0] if len(found) == 1 else None

    def url(self, text: str) -> str:
        """Where the link button leads."""
        found = self.button(text)
        assert found is not None, f"no button {text!r} on:\n{self}"
        assert found.url is not None, f"{text!r} leads nowhere on:\n{self}"
        return found.url

    def __str__(self) -> str:
        return f"{self.text}\n[{'] ['.join(each.text for each in self.buttons)}]"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the bot made."""

    n: int
    api: str
    method: str
    status: int
    params: Json
    error: str | None
    refused: bool


class NotPossibleError(Exception):
    """The sandbox says that nobody could do this."""


class Sim:
    """The sandbox at `base_url`."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self.base_url = base_url
        self._session = session

    async def get(self, path: str) -> Json:
        async with self._session.get(self.base_url + path) as response:
            return await _content(response)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        async with self._session.post(self.base_url + path, json=dict(body or {})) as response:
            return await _content(response)

    async def person(self, name: str, *, language: str = "en", user_id: int | None = None) -> "Person":
        """Somebody new, or somebody known by id."""
        body: Json = {"first_name": name, "language_code": language}
        if user_id is not None:
            body["id"] = user_id
        user = await self.post("/sim/users", body)
        return Person(self, int(user["id"]), name)

    async def calls(self, after: int = 0) -> list[Call]:
        """The bot's calls with a number above `after`, oldest first; the last 2,000 are kept."""
        found = await self.get(f"/sim/calls?after={after}")
        return [
            Call(
                one["n"],
                one["api"],
                one["method"],
                one["status"],
                one["params"],
                one["error"],
                one["refused"],
            )
            for one in found["calls"]
        ]

    async def last_call(self) -> int:
        return max((one.n for one in await self.calls()), default=0)

    async def violations(self) -> list[Json]:
        return list((await self.get("/sim/violations"))["violations"])

    async def unanswered(self) -> int:
        """Waits for quiet; how many taps still spin after that."""
        return int((await self.post("/sim/wait", {"for": "idle", "timeout": PATIENCE}))["unanswered"])

    async def ready(self) -> None:
        """Until a bot takes updates."""
        state = await self.post("/sim/wait", {"for": "ready", "timeout": 60})
        assert state["done"], state

    async def fails(self, api: str, method: str, kind: str, **how: Any) -> None:
        """The next call of the method (or `times` of them) fails: 429, 500, lost, drop, hang or truncated.

        `containing` says which calls are meant where notices to others may still be on their way.
        """
        await self.post("/sim/faults", {"api": api, "method": method, "kind": kind, **how})

    async def no_more_failures(self) -> None:
        async with self._session.delete(f"{self.base_url}/sim/faults") as response:
            await _content(response)

    async def faults(self) -> list[Json]:
        """What was ordered and has not happened yet."""
        return list((await self.get("/sim/faults"))["faults"])

    async def pay(self, order: Message | str, card: str = "4242424242424242", **how: Any) -> Json:
        """Type a card on the page behind an order's button. A decline answers Stripe's error."""
        body = {"session": session_of(order), "card": card, **how}
        async with self._session.post(f"{self.base_url}/sim/stripe/pay", json=body) as response:
            return dict(await response.json())

    async def bank(self, action: str, **body: Any) -> Json:
        """What Stripe or a bank does: refund, settle_delayed, expire, hold, drop, resend …"""
        return await self.post(f"/sim/stripe/{action}", body)

    async def payments(self) -> list[Json]:
        """Every payment there is at Stripe, newest first."""
        return list((await self.get("/sim/stripe/payments"))["payments"])

    async def stripe_list(self, kind: str, key: str) -> list[Json]:
        """The newest hundred objects of a kind, as their owner lists them."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self._session.get(f"{self.base_url}/v1/{kind}?limit=100", headers=headers) as response:
            return list((await _content(response))["data"])


@dataclass(slots=True)
class Person:
    """Somebody at a phone. Buttons are pressed by what can be read on them; a part will do."""

    sim: Sim
    id: int
    name: str

    async def messages(self) -> list[Message]:
        """What the bot wrote, oldest first."""
        chat = await self.sim.get(f"/sim/chat/{self.id}")
        return [_message(one) for one in chat["messages"] if one["from"] == "bot" and not one["deleted"]]

    async def notices(self) -> list[str]:
        """What popped up over the chat."""
        chat = await self.sim.get(f"/sim/chat/{self.id}")
        return [str(notice["text"]) for notice in chat["notices"]]

    async def sends(self, text: str) -> int:
        """Write to the bot; answers the update's id."""
        return int((await self.sim.post("/sim/message", {"user_id": self.id, "text": text}))["update_id"])

    async def writes(self, text: str, *, shows: str = "") -> Message:
        """Write to the bot and wait for what it answers: a new message with `shows` in its text or on a button."""
        before = max((one.id for one in await self.messages()), default=0)
        await self.sends(text)
        return await self._until(
            lambda one: one.id > before and shows in str(one), f"an answer to {text!r} with {shows!r}"
        )

    async def opens(self, link: str) -> Message:
        """Follow a t.me link to the bot and press Start."""
        return await self.writes(start_of(link))

    async def taps(self, text: str, *, on: int | None = None) -> Message:
        """Press the button, on the newest message that has it or on the message `on`; wait for the answer.

        Answers the message as it stands then.
        """
        message, found = await self._find(text, on)
        assert found.data is not None, f"{text!r} can't be pressed on:\n{message}"
        return await self.presses(message.id, found.data)

    async def orders(self, pack: str, *, on: int | None = None) -> Message:
        """Press a pack's button and wait for the page to pay on; answers the message with its link."""
        shop = await self.taps(pack, on=on)
        return await self.sees("Pay on Stripe's page", on=shop.id)

    async def presses(self, message_id: int, data: str) -> Message:
        """Press the button with this data, and wait until it stops spinning."""
        query_id = await self.taps_only(message_id, data)

        async def answered() -> bool:
            chat = await self.sim.get(f"/sim/chat/{self.id}")
            return all(query["query_id"] != query_id for query in chat["queries"])

        await eventually(answered, f"an answer to the tap {data!r}")
        return await self.message(message_id)

    async def taps_only(self, message_id: int, data: str) -> str:
        """Press and look away; answers the query's id."""
        body = {"user_id": self.id, "message_id": message_id, "data": data}
        return str((await self.sim.post("/sim/tap", body))["query_id"])

    async def message(self, message_id: int) -> Message:
        return next(one for one in await self.messages() if one.id == message_id)

    async def sees(self, text: str, *, on: int | None = None, within: float = PATIENCE) -> Message:
        """Wait until the text stands in a message, or in the message `on`."""
        return await self._until(
            lambda one: text in one.text and on in (None, one.id), f"{text!r}", within=within
        )

    async def _find(self, text: str, on: int | None) -> tuple[Message, Button]:
        found: list[tuple[Message, Button]] = []

        async def there() -> bool:
            for message in reversed(await self.messages()):
                button = message.button(text) if on in (None, message.id) else None
                if button is not None:
                    found.append((message, button))
                    return True
            return False

        await eventually(there, f"a button {text!r}", self._said)
        return found[0]

    async def _until(
        self, wanted: Callable[[Message], bool], what: str, *, within: float = PATIENCE
    ) -> Message:
        found: list[Message] = []

        async def there() -> bool:
            found.extend(one for one in reversed(await self.messages()) if wanted(one))
            return bool(found)

        await eventually(there, what, self._said, within=within)
        return found[0]

    async def _said(self) -> str:
        return f"{self.name} sees:\n" + "\n---\n".join(str(one) for one in (await self.messages())[-4:])


async def eventually(
    holds: Callable[[], Any],
    what: str,
    otherwise: Callable[[], Any] | None = None,
    *,
    within: float = PATIENCE,
) -> None:
    """Wait until an async condition holds. AssertionError with what was there instead."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    while not await holds():
        if loop.time() > until:
            instead = await otherwise() if otherwise is not None else ""
            raise AssertionError(f"{what} didn't come within {within} s. {instead}")
        await asyncio.sleep(_STEP)


@asynccontextmanager
async def open_sim(base_url: str) -> AsyncIterator[Sim]:
    async with aiohttp.ClientSession() as session:
        yield Sim(base_url, session)


def start_of(link: str) -> str:
    """What a t.me link makes its reader send."""
    return f"/start {link.partition('start=')[2]}"


def session_of(order: Message | str) -> str:
    """The id of the Stripe session behind an order's Pay button."""
    url = (
        order
        if isinstance(order, str)
        else next(one.url for one in order.buttons if "/pay/cs_" in (one.url or ""))
    )
    assert url is not None
    return url.rpartition("/")[2].partition("#")[0]


def _message(one: Json) -> Message:
    rows = (one["reply_markup"] or {}).get("inline_keyboard", [])
    return Message(
        one["message_id"],
        _plain(one["text"]),
        tuple(
            Button(
                _plain(key["text"]),
                key.get("callback_data"),
                key.get("url"),
                key["copy_text"]["text"] if "copy_text" in key else None,
            )
            for row in rows
            for key in row
        ),
    )


def _plain(text: str) -> str:
    """As somebody would type it: sums of money are held together by spaces that don't break."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


async def _content(response: aiohttp.ClientResponse) -> Json:
    content = dict(await response.json())
    if response.status >= 400 and "done" not in content:
        raise NotPossibleError(f"{response.status} {content.get('error')}")
    return content
