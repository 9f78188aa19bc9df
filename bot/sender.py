"""Sends the outbox: one leased sender per bot, within Telegram's limits, until each notice is sent or given up."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import structlog
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from billing import notices
from billing.call import Call
from billing.clock import Clock
from bot.lease import Lease
from bot.metrics import Metrics
from bot.tasks import happens
from storage import outbox
from storage.database import Database
from storage.outbox import DueMessage

logger = structlog.get_logger(__name__)

Deliver: TypeAlias = Callable[[DueMessage], Awaitable[object]]
"""Writes the notice in the reader's language and sends it, or edits its message; raises aiogram's errors."""

PER_SECOND: Final = 20.0
"""Over all chats. Telegram allows about thirty: the rest is for replies, which go first."""
PER_CHAT: Final = 1.0
"""Seconds between two notices to one chat."""
AT_ONCE: Final = 8
"""Calls under way at the same time."""
POLL_EVERY: Final = 1.0
PROBE_EVERY: Final = 0.05
"""Seconds between two looks for due messages at least, however often `wake` is called."""
MAX_ATTEMPTS: Final = 10
LONGEST_PAUSE: Final = 600.0


class Sender:
    """Runs until `stop`. `pause` holds everything back, `wake` says that something was committed."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bot_id: int,
        lease: Lease,
        deliver: Deliver,
        *,
        metrics: Metrics | None = None,
        per_second: float = PER_SECOND,
        per_chat: float = PER_CHAT,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bot_id = bot_id
        self._lease = lease
        self._deliver = deliver
        self._metrics = metrics or Metrics()
        self._gap = 1 / per_second
        self._per_chat = per_chat
        self._next_at = 0.0
        self._resting: dict[int, float] = {}
        self._in_flight: set[int] = set()
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()

    def wake(self) -> None:
        """Something may be due: look now instead of within a second."""
        self._woken.set()

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: Telegram asked for it, whichever call it was."""
        until = asyncio.get_running_loop().time() + seconds
        self._next_at = max(self._next_at, until)

    async def run(self) -> None:
        try:
            await self._lease.hold(self._send_forever, self._stopping)
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Finish the calls under way and send no more."""
        self._stopping.set()
        self._woken.set()
        await self._ended.wait()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    async def _send_forever(self) -> None:
        loop = asyncio.get_running_loop()
        # Ours alone now: what a sender before us was sending when it died may not have arrived.
        recovered = False
        async with asyncio.TaskGroup() as calls:
            while not self._stopping.is_set():
                looked_at = loop.time()
                try:
                    if not recovered:
                        await self._db.write(outbox.recover, self._bot_id)
                        recovered = True
                    claimed = await self._claim()
                except Exception:
                    logger.exception("outbox not read")
                    await happens(self._stopping, POLL_EVERY)
                    continue
                for message in claimed:
                    if not await self._turn():
                        return
                    calls.create_task(self._send(message))
                if not claimed:
                    await happens(self._woken, self._idle_for())
                    self._woken.clear()
                    await happens(self._stopping, looked_at + PROBE_EVERY - loop.time())

    async def _claim(self) -> list[DueMessage]:
        loop_now = asyncio.get_running_loop().time()
        self._resting = {chat: until for chat, until in self._resting.items() if until > loop_now}
        room = AT_ONCE - len(self._in_flight)
        if loop_now + self._gap < self._next_at or room <= 0:
            return []
        now = self._clock.now()
        if not await self._db.read(outbox.has_due, self._bot_id, now):
            return []
        busy = sorted(self._resting.keys() | self._in_flight)
        claimed = await self._db.write(outbox.claim_due, self._bot_id, now, room, resting=busy)
        self._in_flight.update(message.chat_id for message in claimed)
        return claimed

    def _idle_for(self) -> float:
        """Until the next look: at the latest when a chat that rests may be written to again."""
        now = asyncio.get_running_loop().time()
        soonest = min((until - now for until in self._resting.values()), default=POLL_EVERY)
        return min(max(soonest, PROBE_EVERY), POLL_EVERY)

    async def _turn(self) -> bool:
        """Wait until a message may leave; False at stop."""
        loop = asyncio.get_running_loop()
        while (wait := self._next_at - loop.time()) > 0:
            if await happens(self._stopping, wait):
                return False
        self._next_at = loop.time() + self._gap
        return True

    async def _send(self, message: DueMessage) -> None:
        try:
            error = await self._try(message)
            await self._note(message, error)
        except Exception:
            # Stays 'sending': the next holder of the lease sends it again.
            logger.exception("outcome of a notice not written", message=message.id)
        finally:
            self._resting[message.chat_id] = asyncio.get_running_loop().time() + self._per_chat
            self._in_flight.discard(message.chat_id)
            self._woken.set()

    async def _try(self, message: DueMessage) -> Exception | None:
        try:
            await self._deliver(message)
        except Exception as error:  # noqa: BLE001 (told apart by _note)
            return error
        return None

    async def _note(self, message: DueMessage, error: Exception | None) -> None:
        """Write what became of the message."""
        now = self._clock.now()
        match error:
            case None:
                outcome = "sent"
                await self._db.write(outbox.mark_sent, self._bot_id, message.id, now)
            case TelegramRetryAfter():
                outcome = "put_off"
                self.pause(error.retry_after)
                await self._put_off(message, float(error.retry_after), error, counts=False)
            case TelegramUnauthorizedError():
                outcome = "put_off"
                logger.error("telegram refuses the token", error=str(error))
                self.pause(POLL_EVERY * 30)
                await self._put_off(message, POLL_EVERY * 30, error, counts=False)
            case TelegramForbiddenError():
                outcome = "blocked"
                call = Call(now, f"blocked:{message.id}", self._bot_id)
                await self._db.write(notices.chat_blocked, call, message.chat_id)
            case TelegramBadRequest() | TelegramMigrateToChat() | TelegramEntityTooLarge():
                outcome = "dead"
            case _:
                outcome = "dead" if message.attempts >= MAX_ATTEMPTS else "put_off"
                if outcome == "put_off":
                    wait = min(2.0**message.attempts, LONGEST_PAUSE)
                    await self._put_off(message, wait, error, counts=True)
        if outcome == "dead":
            await self._db.write(outbox.mark_dead, self._bot_id, message.id, _short(error))
        if error is not None:
            logger.warning("notice not sent", message=message.id, outcome=outcome, exc_info=error)
        self._metrics.outbox_messages.labels(outcome).inc()

    async def _put_off(self, message: DueMessage, seconds: float, error: Exception, *, counts: bool) -> None:
        due_at = self._clock.now() + dt.timedelta(seconds=seconds)
        await self._db.write(outbox.put_off, self._bot_id, message.id, due_at, _short(error), counts=counts)


class PauseSender(BaseRequestMiddleware):
    """Tells the sender when Telegram asks any call of the bot's, a reply for instance, to wait."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            self._sender.pause(error.retry_after)
            raise


def _short(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"[:500]
