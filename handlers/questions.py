"""Questions that are answered by typing. A question is pending only until it is answered or left."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Message, TelegramObject

KEEPS_QUESTION = {"keeps_question": True}
"""Flags of a button that belongs to the pending question."""


class Answers(Filter):
    """Typed text while this question is pending. A command is never an answer."""

    def __init__(self, question: State) -> None:
        self._question = question.state

    async def __call__(self, message: Message, raw_state: str | None = None) -> bool | dict[str, Any]:
        text = message.text or ""
        if raw_state != self._question or not text or text.startswith("/"):
            return False
        return {"typed": text}


class ForgetQuestion(BaseMiddleware):
    """A command or a tap wins over a pending question, except a button that belongs to it."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        answers = isinstance(event, Message) and not (event.text or "").startswith("/")
        if data.get("raw_state") is not None and not answers and not get_flag(data, "keeps_question"):
            state: FSMContext = data["state"]
            await state.clear()
        return await handler(event, data)
