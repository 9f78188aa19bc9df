"""Replies that Telegram didn't take at once: said again, so that what a tap did isn't done without a word."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import structlog
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

logger = structlog.get_logger(__name__)

PAUSES: Final = (0.3, 1.0, 3.0)
"""Seconds before each further try, where Telegram doesn't name them."""
LONGEST: Final = 60.0
"""Longer than this nobody waits inside a handler: the update is handled again later."""

_replying: ContextVar[bool] = ContextVar("replying", default=False)


@contextmanager
def replying() -> Iterator[None]:
    """Calls within the block answer somebody; notices and polls have their own ways to try again."""
    token = _replying.set(True)
    try:
        yield
    finally:
        _replying.reset(token)


class Insist(BaseRequestMiddleware):
    """Makes a reply's call again when Telegram asks to wait, fails, or isn't reached.

    A call whose answer was lost is made twice: better a message twice than none.
    """

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if not _replying.get():
            return await make_request(bot, method)
        for pause in PAUSES:
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                if error.retry_after > LONGEST:
                    raise
                wait = float(error.retry_after)
            except (TelegramNetworkError, TelegramServerError) as error:
                logger.warning("reply not taken", method=method.__api_method__, error=str(error))
                wait = pause
            await asyncio.sleep(wait)
        return await make_request(bot, method)
