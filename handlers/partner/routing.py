"""How the desk's routes are found: only for the partner's people."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiogram import Bot
from aiogram.filters import Filter
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message, TelegramObject

from handlers.context import Speaker
from handlers.screens import Screen, show
from handlers.services import Services

Tap = TypeVar("Tap", bound=CallbackData)


class AtDesk(Filter):
    """Lets only the partner's people through; everybody else's update goes on to the customer's routes."""

    async def __call__(self, _event: TelegramObject, speaker: Speaker) -> bool:
        return speaker.visitor.desk


def opens(
    screen: Callable[[Services, Speaker, Tap], Awaitable[Screen]],
) -> Callable[[CallbackQuery, Tap, Bot, Services, Speaker], Awaitable[None]]:
    """The handler of a button that leads to a screen, whatever it does on the way."""

    async def handler(
        query: CallbackQuery, callback_data: Tap, bot: Bot, services: Services, speaker: Speaker
    ) -> None:
        await show(bot, query, await screen(services, speaker, callback_data))

    return handler


def says(
    screen: Callable[[Services, Speaker], Awaitable[Screen]],
) -> Callable[[Message, Bot, Services, Speaker], Awaitable[None]]:
    """The handler of a command without arguments."""

    async def handler(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
        await show(bot, message, await screen(services, speaker))

    return handler
