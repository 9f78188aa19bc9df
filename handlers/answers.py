"""No tap is left spinning: each is answered once, whatever its handler did."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, cast

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import AnswerCallbackQuery, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import CallbackQuery, TelegramObject

log = structlog.get_logger()
_answered: ContextVar[set[str] | None] = ContextVar("answered", default=None)


class AnswerOnce(BaseRequestMiddleware):
    """On the bot's session: the first answer to a tap goes out, a second is dropped, a late one is only logged."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if not isinstance(method, AnswerCallbackQuery):
            return await make_request(bot, method)
        answered = _answered.get()
        if answered is not None:
            if method.callback_query_id in answered:
                return _true()
            answered.add(method.callback_query_id)
        try:
            return await make_request(bot, cast("TelegramMethod[TelegramType]", method))
        except TelegramBadRequest as error:
            if "query is too old" not in error.message:
                raise
            log.info("answered too late")
            return _true()


def _true() -> Response[Any]:
    """What Telegram says to an answer."""
    return Response(ok=True, result=True)


class AnswerEveryTap(BaseMiddleware):
    """Around taps: answers what the handler left unanswered. Where it raised, the error's handler answers."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        assert isinstance(event, CallbackQuery)
        token = _answered.set(set())
        try:
            result = await handler(event, data)
            answered = _answered.get()
            if answered is not None and event.id not in answered:
                await event.answer()
        finally:
            _answered.reset(token)
        return result
