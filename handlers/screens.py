"""A screen: text and buttons. One way to show it, which edits in place or sends anew."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters.callback_data import CallbackData
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
)


def button(text: str, target: CallbackData, style: str | None = None) -> InlineKeyboardButton:
    """A button that opens a screen or does what its data names (R13)."""
    return InlineKeyboardButton(text=text, callback_data=target.pack(), style=style)


def link(text: str, url: str, style: str | None = None) -> InlineKeyboardButton:
    """A button that opens an address."""
    return InlineKeyboardButton(text=text, url=url, style=style)


def copy(text: str, what: str) -> InlineKeyboardButton:
    """A button that copies up to 256 characters."""
    return InlineKeyboardButton(text=text, copy_text=CopyTextButton(text=what[:256]))


@dataclass(frozen=True, slots=True)
class Screen:
    """HTML text and rows of buttons."""

    text: str
    rows: tuple[tuple[InlineKeyboardButton, ...], ...] = ()
    document: tuple[str, bytes] | None = field(default=None, repr=False)
    """A file to send: name and content. Such a screen is always sent anew."""

    @classmethod
    def of(cls, *lines: str | None, rows: Sequence[Sequence[InlineKeyboardButton] | None] = ()) -> "Screen":
        """A screen from its lines (None: left out) and rows (None or empty: left out)."""
        text = "\n".join(line for line in lines if line is not None)
        return cls(text, tuple(tuple(row) for row in rows if row))

    @property
    def markup(self) -> InlineKeyboardMarkup | None:
        if not self.rows:
            return None
        return InlineKeyboardMarkup(inline_keyboard=[list(row) for row in self.rows])


class _JustShown:
    """What messages were changed to within the last seconds.

    A second tap carries the message as it was before the first, and Telegram refuses an edit that changes
    nothing. Only seconds, as another process may change a message too.
    """

    SECONDS = 3.0
    MOST = 1_000

    def __init__(self) -> None:
        self._shown: dict[tuple[int, int], tuple[float, Screen]] = {}

    def note(self, chat_id: int, message_id: int, screen: Screen) -> None:
        key = (chat_id, message_id)
        self._shown.pop(key, None)
        while len(self._shown) >= self.MOST:
            del self._shown[next(iter(self._shown))]
        self._shown[key] = (asyncio.get_running_loop().time() + self.SECONDS, screen)

    def shows(self, chat_id: int, message_id: int, screen: Screen) -> bool:
        until, shown = self._shown.get((chat_id, message_id), (0.0, None))
        return shown == screen and asyncio.get_running_loop().time() < until


_just_shown: WeakKeyDictionary[BaseSession, _JustShown] = WeakKeyDictionary()
"""By the bot's session: a bot is equal to any other with its token."""
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def _just_shown_by(bot: Bot) -> _JustShown:
    return _just_shown.setdefault(bot.session, _JustShown())


async def send(bot: Bot, chat_id: int, screen: Screen, edits_message_id: int | None = None) -> int:
    """Put a screen into a chat, in place of a message where that can be done; answers the message's id.

    Raises what Telegram raises, except that a message can't be edited or is the same already.
    """
    if screen.document is not None:
        name, content = screen.document
        sent = await bot.send_document(
            chat_id,
            BufferedInputFile(content, name),
            caption=screen.text,
            parse_mode=ParseMode.HTML,
            reply_markup=screen.markup,
        )
        return sent.message_id
    if edits_message_id is not None and await _edit(bot, chat_id, edits_message_id, screen):
        _just_shown_by(bot).note(chat_id, edits_message_id, screen)
        return edits_message_id
    sent = await bot.send_message(
        chat_id,
        screen.text,
        parse_mode=ParseMode.HTML,
        reply_markup=screen.markup,
        link_preview_options=_NO_PREVIEW,
    )
    return sent.message_id


async def _edit(bot: Bot, chat_id: int, message_id: int, screen: Screen) -> bool:
    try:
        await bot.edit_message_text(
            screen.text,
            chat_id=chat_id,
            message_id=message_id,
            parse_mode=ParseMode.HTML,
            reply_markup=screen.markup,
            link_preview_options=_NO_PREVIEW,
        )
    except TelegramBadRequest as error:
        reason = error.message.lower()
        if "message is not modified" in reason:
            return True
        if "message to edit not found" in reason or "can't be edited" in reason or "no text" in reason:
            return False
        raise
    return True


async def put(bot: Bot, event: Message | CallbackQuery, screen: Screen) -> int:
    """Show a screen: a tap changes the message it was on, a message gets a new one. Answers the message's id."""
    if isinstance(event, Message):
        return await send(bot, event.chat.id, screen)
    message = event.message
    if message is None:
        return await send(bot, event.from_user.id, screen)
    if screen.document is None and (
        (isinstance(message, Message) and _shows(message, screen))
        or _just_shown_by(bot).shows(message.chat.id, message.message_id, screen)
    ):
        return message.message_id
    return await send(bot, message.chat.id, screen, message.message_id)


def _shows(message: Message, screen: Screen) -> bool:
    """Whether the message shows the screen already; Telegram refuses an edit that changes nothing."""
    return message.html_text == screen.text and _keys(message.reply_markup) == _keys(screen.markup)


def _keys(markup: InlineKeyboardMarkup | None) -> dict[str, Any] | None:
    """What can be compared: models that came with a bot never equal those that were made without one."""
    return markup.model_dump(exclude_none=True) if markup is not None else None


async def show(bot: Bot, event: Message | CallbackQuery, screen: Screen, toast: str | None = None) -> int:
    """Put a screen and, if it was a tap, answer it; a toast is at most 200 characters."""
    message_id = await put(bot, event, screen)
    if isinstance(event, CallbackQuery):
        await event.answer(toast)
    return message_id


async def alert(event: Message | CallbackQuery, text: str) -> None:
    """Say something without changing the screen: a pop-up for a tap, a reply for a message."""
    if isinstance(event, CallbackQuery):
        await event.answer(text[:200], show_alert=True)
    else:
        await event.answer(text)
