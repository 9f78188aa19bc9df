"""What has to be right before the bot runs: all that is wrong is told at once."""

import asyncio
import re
from typing import Final

from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)

from bot import telegram
from bot.logs import redacted
from bot.settings import Settings
from storage import migrate

_TOKEN: Final = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{8,}")
SHORTEST_KEY: Final = 32


def missing(settings: Settings) -> list[str]:
    """What `run` needs and isn't set, or contradicts itself."""
    problems = []
    token = settings.bot_token.get_secret_value()
    if not token:
        problems.append("BOT_TOKEN is missing: ask @BotFather for one")
    elif not _TOKEN.fullmatch(token):
        problems.append("BOT_TOKEN is ill-formed: it looks like 123456789:AbC…")
    key = settings.secret_key.get_secret_value()
    if not key:
        problems.append(f"SECRET_KEY is missing: at least {SHORTEST_KEY} random characters")
    elif len(key) < SHORTEST_KEY:
        problems.append(f"SECRET_KEY is too short: {len(key)} characters, at least {SHORTEST_KEY} are needed")
    stripe = bool(settings.stripe_secret_key.get_secret_value())
    signing = bool(settings.stripe_webhook_secret.get_secret_value())
    if stripe and settings.public_url and not signing:
        problems.append(
            "STRIPE_WEBHOOK_SECRET is missing: with PUBLIC_URL set, Stripe's events come by webhook"
        )
    if signing and not stripe:
        problems.append("STRIPE_SECRET_KEY is missing: STRIPE_WEBHOOK_SECRET is set without it")
    return problems


async def check_telegram(bot: Bot) -> list[str]:
    """Whether Telegram knows the token."""
    try:
        await bot.me()
    except (TelegramUnauthorizedError, TelegramNotFound):
        return ["BOT_TOKEN is refused by Telegram: revoked, or of another server than TELEGRAM_API_URL"]
    except TelegramNetworkError as error:
        return [f"Telegram can't be reached at TELEGRAM_API_URL: {redacted(error.message)}"]
    except TelegramAPIError as error:
        return [f"Telegram doesn't answer getMe: {redacted(str(error))}"]
    return []


async def check_schema(settings: Settings) -> list[str]:
    """Whether the database can be reached and has the schema that this version needs."""
    try:
        current = await asyncio.to_thread(migrate.current, settings.database_url)
    except Exception as error:  # noqa: BLE001 (drivers raise what they like; all of it means the same here)
        return [f"DATABASE_URL: the database can't be used: {redacted(_first_line(error))}"]
    head = migrate.head()
    if current == head:
        return []
    if current is None:
        return ["The database has no tables yet: run `addondesk migrate`"]
    return [f"The database is at version {current}, this program needs {head}: run `addondesk migrate`"]


async def check(settings: Settings) -> list[str]:
    """Everything that stands in the way of `run`, as sentences; empty when nothing does."""
    problems = missing(settings)
    if not any(problem.startswith("BOT_TOKEN") for problem in problems):
        bot = telegram.make_bot(settings)
        async with bot.session:
            problems += await check_telegram(bot)
    return problems + await check_schema(settings)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
