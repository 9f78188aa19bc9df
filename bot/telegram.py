"""The bot at Telegram: its client, its commands, and how updates come."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import DeleteWebhook, SetMyCommands, SetWebhook, TelegramMethod
from aiogram.types import BotCommand

from bot.settings import Settings

logger = structlog.get_logger(__name__)

WEBHOOK_PATH: Final = "/telegram/webhook"
TRIES: Final = 5


def make_bot(settings: Settings) -> Bot:
    """A client for the settings' token and server. Raises TokenValidationError for an ill-formed token."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    return Bot(settings.bot_token.get_secret_value(), session=session)


def webhook_secret(settings: Settings) -> str:
    """What Telegram sends with every update: only who knows SECRET_KEY can make it."""
    key = settings.secret_key.get_secret_value().encode()
    bot_id = settings.bot_token.get_secret_value().partition(":")[0]
    return hmac.new(key, f"telegram-webhook:{bot_id}".encode(), hashlib.sha256).hexdigest()


async def receive_by_webhook(bot: Bot, settings: Settings, allowed_updates: Sequence[str]) -> None:
    """Raises TelegramAPIError when Telegram won't have it."""
    await _insist(
        bot,
        SetWebhook(
            url=settings.public_url + WEBHOOK_PATH,
            secret_token=webhook_secret(settings),
            allowed_updates=list(allowed_updates),
            max_connections=40,
        ),
    )


async def receive_by_polling(bot: Bot) -> None:
    """What waits at Telegram stays there and is polled. Raises TelegramAPIError."""
    await _insist(bot, DeleteWebhook(drop_pending_updates=False))


async def set_commands(bot: Bot, commands: Sequence[tuple[str, str]]) -> None:
    """The menu beside the input field. Without it everything works, so a failure is only logged."""
    if not commands:
        return
    named = [BotCommand(command=name, description=description) for name, description in commands]
    try:
        await _insist(bot, SetMyCommands(commands=named))
    except TelegramAPIError as error:
        logger.warning("commands not set", error=str(error))


async def _insist(bot: Bot, method: TelegramMethod[bool]) -> None:
    """Call, again when Telegram asks to wait: setWebhook may be called once a second, and processes start together."""
    for _ in range(TRIES - 1):
        try:
            await bot(method)
        except TelegramRetryAfter as error:
            await asyncio.sleep(error.retry_after)
        except TelegramNetworkError as error:
            logger.warning("telegram not reached", error=str(error))
            await asyncio.sleep(1)
        else:
            return
    await bot(method)
