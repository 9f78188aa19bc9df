"""What a person reads when something is refused, and when the fault is ours."""

import secrets
from typing import Any

import structlog
from aiogram import Bot, Router
from aiogram.exceptions import (
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.filters import ExceptionTypeFilter
from aiogram.types import CallbackQuery, ErrorEvent, InlineKeyboardButton, Message

from billing.cycle import UnknownZoneError
from billing.errors import BillingError, GoneError, StrangerError
from billing.money import UnknownCurrencyError
from billing.points import AmountFormatError
from handlers.context import Speaker
from handlers.landing import landing
from handlers.refusals import plain, words
from handlers.screens import Screen, alert, show
from handlers.services import Services
from handlers.tongue import tongue

log = structlog.get_logger()
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def add_error_handlers(router: Router) -> None:
    """Most specific first."""
    router.errors.register(on_stranger, ExceptionTypeFilter(StrangerError))
    router.errors.register(on_gone, ExceptionTypeFilter(GoneError))
    router.errors.register(
        on_refusal,
        ExceptionTypeFilter(BillingError, AmountFormatError, UnknownZoneError, UnknownCurrencyError),
    )
    router.errors.register(on_blocked, ExceptionTypeFilter(TelegramForbiddenError))
    router.errors.register(
        on_trouble, ExceptionTypeFilter(TelegramNetworkError, TelegramRetryAfter, TelegramServerError)
    )
    router.errors.register(on_bug)


def _event(event: ErrorEvent) -> Message | CallbackQuery | None:
    return event.update.callback_query or event.update.message or event.update.edited_message


async def on_stranger(event: ErrorEvent, bot: Bot, services: Services, speaker: Speaker) -> None:
    """Not theirs, or not any more: they see what a stranger sees, or their own start."""
    source = _event(event)
    if source is not None:
        await show(bot, source, await landing(services, speaker))


async def on_gone(event: ErrorEvent, bot: Bot, services: Services, speaker: Speaker) -> None:
    """The button meant what isn't there any more: the fresh screen, with a word why."""
    source = _event(event)
    if source is not None:
        await show(
            bot,
            source,
            await landing(services, speaker),
            speaker.t("That has changed. Here is what is there now."),
        )


async def on_refusal(event: ErrorEvent, speaker: Speaker) -> None:
    """Said without changing the screen."""
    source = _event(event)
    if source is not None:
        text = words(event.exception, speaker.t)
        await alert(source, plain(text))


async def on_blocked(event: ErrorEvent) -> None:
    """They left between writing and being answered; nobody is there to read."""
    log.info("reply not wanted", error=str(event.exception))


async def on_trouble(event: ErrorEvent) -> None:
    """Telegram is away for longer than a reply waits: the update is handled again, its effects stand by its tap."""
    raise event.exception


async def on_bug(event: ErrorEvent, bot: Bot, **data: Any) -> None:
    """A defect: logged whole under a reference that the person can quote."""
    reference = "".join(secrets.choice(_ALPHABET) for _ in range(4))
    log.error("update failed", reference=reference, exc_info=event.exception)
    source = _event(event)
    if source is None:
        return
    speaker: Speaker | None = data.get("speaker")
    t = speaker.t if speaker is not None else tongue("en")
    rows: list[list[InlineKeyboardButton]] = []
    if isinstance(source, CallbackQuery) and source.data:
        rows.append([InlineKeyboardButton(text=t("Try again"), callback_data=source.data)])
    rows.append([InlineKeyboardButton(text=t("Menu"), callback_data="menu")])
    screen = Screen.of(
        t("That went wrong on our side. Reference {reference}.", reference=reference), rows=rows
    )
    await show(bot, source, screen)
