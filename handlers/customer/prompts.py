"""Questions that a customer answers by typing; pending only until they are answered or left."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import Message, TelegramObject

ASKS = {"asks": True}
"""Flags of a route that puts a question, or takes its answer."""


class Ask(StatesGroup):
    """What the customer is being asked."""

    points = State()
    units = State()


class Answers(Filter):
    """Text typed while this question is pending. A command is never an answer."""

    def __init__(self, question: State) -> None:
        self._question = question.state

    async def __call__(self, message: Message, raw_state: str | None = None) -> bool | dict[str, Any]:
        text = message.text or ""
        if raw_state != self._question or not text or text.startswith("/"):
            return False
        return {"typed": text}


class LeaveQuestion(BaseMiddleware):
    """Whatever else somebody does leaves the pending question."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if data.get("raw_state") is not None and not get_flag(data, "asks"):
            state: FSMContext = data["state"]
            await state.clear()
        return await handler(event, data)
