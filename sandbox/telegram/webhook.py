"""Delivers updates to a bot's webhook."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from sandbox.clock import SandboxClock
from sandbox.telegram.body import Parameters, read_response
from sandbox.telegram.refusal import RefusalError, bad_request
from sandbox.telegram.updates import Update, UpdateQueue

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=60)
_LONGEST_RETRY_AFTER = 3_600.0

OnReply = Callable[[Parameters], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Backoff:
    """After a failure the first retry follows at once, then after `first` seconds, doubling up to `cap`."""

    first: float = 1.0
    cap: float = 60.0

    def pause(self, failures: int, retry_after: float | None) -> float:
        if retry_after is not None:
            return min(retry_after, _LONGEST_RETRY_AFTER)
        return 0.0 if failures <= 1 else min(self.first * 2.0 ** (failures - 2), self.cap)


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: str | None
    max_connections: int

    @classmethod
    def checked(cls, url: str, secret: str | None, max_connections: int | None) -> "Webhook":
        """RefusalError if Telegram refuses the secret, or if the address isn't on this machine."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise bad_request("bad webhook: invalid URL specified")
        if parts.hostname not in _LOCAL:
            raise bad_request("bad webhook: the sandbox calls only this machine")
        if secret is not None and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        return cls(url, secret, min(max(max_connections or 40, 1), 100))


@dataclass(slots=True)
class _Failure:
    message: str
    at: int
    retry_after: float | None = None


class WebhookDelivery:
    """One bot's webhook. Updates of one chat go one after another; different chats go at the same time.

    An update is repeated, under the same id, until the bot answers 2xx. A 2xx answer may carry a call, which is made.
    """

    def __init__(
        self, updates: UpdateQueue, clock: SandboxClock, on_reply: OnReply, backoff: Backoff
    ) -> None:
        self._updates = updates
        self._clock = clock
        self._on_reply = on_reply
        self._backoff = backoff
        self._pumps: dict[int, asyncio.Future[None]] = {}
        self._connections = asyncio.Semaphore(1)
        self.webhook: Webhook | None = None
        self.last_error: tuple[int, str] | None = None

    def start(self, webhook: Webhook) -> None:
        """Delivers what waits and what comes from now on."""
        self.stop()
        self.webhook = webhook
        self.last_error = None
        self._connections = asyncio.Semaphore(webhook.max_connections)
        for update in self._updates.pending():
            self.push(update)

    def stop(self) -> None:
        """Stops delivering; what wasn't confirmed stays in the queue."""
        self.webhook = None
        for pump in self._pumps.values():
            pump.cancel()
        self._pumps.clear()

    async def close(self) -> None:
        pumps = list(self._pumps.values())
        self.stop()
        await asyncio.gather(*pumps, return_exceptions=True)

    def push(self, update: Update) -> None:
        """Sees that the update's chat is being delivered."""
        webhook = self.webhook
        running = self._pumps.get(update.chat)
        if webhook is None or (running is not None and not running.done()):
            return
        # A pump outlives the call that woke it; stop() and close() own it through self._pumps.
        self._pumps[update.chat] = asyncio.ensure_future(self._pump(webhook, update.chat))

    async def _pump(self, webhook: Webhook, chat: int) -> None:
        async with aiohttp.ClientSession(timeout=_ANSWER_TIMEOUT) as session:
            while (update := self._updates.first_of(chat)) is not None:
                failures = 0
                while (failure := await self._deliver(session, webhook, update)) is not None:
                    failures += 1
                    self.last_error = (failure.at, failure.message)
                    await asyncio.sleep(self._backoff.pause(failures, failure.retry_after))
                self._updates.confirm(update.update_id)

    async def _deliver(
        self, session: aiohttp.ClientSession, webhook: Webhook, update: Update
    ) -> _Failure | None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        try:
            async with (
                self._connections,
                session.post(
                    webhook.url, json=update.as_json(), headers=headers, allow_redirects=False
                ) as response,
            ):
                if not 200 <= response.status < 300:
                    reason = f"Wrong response from the webhook: {response.status} {response.reason}"
                    return self._failure(reason, _seconds(response.headers.get("Retry-After")))
                reply = await read_response(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return self._failure(f"Connection failed: {type(error).__name__}")
        except (RefusalError, ValueError):
            # The update is confirmed by the status alone; an answer that isn't a call is nothing to repeat it for.
            return None
        if reply.values.get("method"):
            await self._on_reply(reply)
        return None

    def _failure(self, message: str, retry_after: float | None = None) -> _Failure:
        return _Failure(message, int(self._clock.now().timestamp()), retry_after)


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdigit() else None
