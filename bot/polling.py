"""Long polling: one leased poller per bot. A batch is confirmed to Telegram only after it was committed."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.methods.base import TelegramMethod

from bot.intake import Intake
from bot.lease import Lease
from bot.tasks import happens

logger = structlog.get_logger(__name__)

POLL_SECONDS: Final = 25
BATCH: Final = 100
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
QUIET: Final = 24 * 3_600.0
"""Telegram keeps updates for a day and draws ids anew after a quiet week: then an old offset would skip new updates."""


class GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates, answered as it came: what isn't understood must not be lost either."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = BATCH
    timeout: int = POLL_SECONDS
    allowed_updates: list[str]


class Poller:
    """Runs until `stop`; no answer of Telegram's and no error of the database ends it."""

    def __init__(self, bot: Bot, intake: Intake, lease: Lease, allowed_updates: Sequence[str]) -> None:
        self._bot = bot
        self._intake = intake
        self._lease = lease
        self._allowed_updates = list(allowed_updates)
        self._stopping = asyncio.Event()
        self._request: asyncio.Task[list[dict[str, Any]]] | None = None
        self._ended = asyncio.Event()

    async def run(self) -> None:
        try:
            await self._lease.hold(self._poll, self._stopping)
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """End the held request; a batch that has arrived is committed first."""
        self._stopping.set()
        if self._request is not None:
            self._request.cancel()
        await self._ended.wait()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        offset: int | None = None
        heard_at = loop.time()
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                updates = await self._get(offset)
                await self._intake.accept(updates)
            except asyncio.CancelledError:
                if self._stopping.is_set():
                    return
                raise
            except Exception as error:  # noqa: BLE001 (told apart below; polling must go on)
                await happens(self._stopping, _pause_for(error, pause))
                if not isinstance(error, TelegramRetryAfter):
                    pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            if updates:
                offset = max(update["update_id"] for update in updates) + 1
                heard_at = loop.time()
            elif loop.time() - heard_at > QUIET:
                offset = None

    async def _get(self, offset: int | None) -> list[dict[str, Any]]:
        request = GetRawUpdates(offset=offset, allowed_updates=self._allowed_updates)
        # A task of its own, so that stopping ends the request and never the commit after it.
        self._request = asyncio.ensure_future(self._bot(request, request_timeout=POLL_SECONDS + 10))
        try:
            return await self._request
        finally:
            self._request.cancel()
            self._request = None


def _pause_for(error: Exception, pause: float) -> float:
    """Log the error and answer how many seconds to wait."""
    match error:
        case TelegramRetryAfter():
            pause = float(error.retry_after)
            logger.warning("telegram asks to wait", seconds=pause)
        case TelegramConflictError():
            logger.error("another program receives this bot's updates", error=str(error), pause=pause)
        case TelegramUnauthorizedError():
            pause = LONGEST_PAUSE
            logger.error("telegram refuses the token", error=str(error), pause=pause)
        case _:
            logger.warning("updates not received", error=f"{type(error).__name__}: {error}", pause=pause)
    return pause
