"""Telegram's side of the chats: keeps what is shown, refuses what Telegram refuses."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    SendChatAction,
    SendDocument,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    Chat,
    Document,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from billing.clock import Clock
from sandbox.telegram.html import parse_html
from sandbox.telegram.keyboard import checked_markup
from sandbox.telegram.refusal import NOT_MODIFIED, QUERY_TOO_OLD, RefusalError

_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it stood at some moment."""

    message: Message
    html: str
    document: bytes | None = None

    @property
    def text(self) -> str:
        return self.message.text or self.message.caption or ""

    @property
    def rows(self) -> list[list[InlineKeyboardButton]]:
        markup = self.message.reply_markup
        return markup.inline_keyboard if markup is not None else []

    @property
    def buttons(self) -> list[InlineKeyboardButton]:
        return [button for row in self.rows for button in row]

    def button(self, text: str) -> InlineKeyboardButton:
        """The button that reads so, or the only one that contains it."""
        wanted = _typed(text)
        exact = [button for button in self.buttons if _typed(button.text) == wanted]
        found = exact or [button for button in self.buttons if wanted in _typed(button.text)]
        assert len(found) == 1, f"{len(found)} buttons for {text!r} on:\n{self}"
        return found[0]

    def __str__(self) -> str:
        rows = [" ".join(f"[ {button.text} ]" for button in row) for row in self.rows]
        return "\n".join([self.text, *rows])


def _typed(text: str) -> str:
    """As somebody would type it who sees no difference between spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@dataclass(slots=True)
class Answer:
    """What a tap was answered with."""

    text: str
    alert: bool


@dataclass(slots=True)
class _Room:
    kind: str
    messages: dict[int, Shown] = field(default_factory=dict)
    last: int | None = None


class Telegram(BaseSession):
    """Chats in memory. `answers` are kept by the tap's id; `calls` are all methods in order."""

    def __init__(self, now: Clock) -> None:
        super().__init__()
        self.rooms: dict[int, _Room] = {}
        self.answers: dict[str, Answer] = {}
        self.calls: list[TelegramMethod[Any]] = []
        self._now = now
        self._messages = 0

    def open_room(self, chat_id: int, kind: str = "private") -> None:
        self.rooms.setdefault(chat_id, _Room(kind))

    def chat(self, chat_id: int) -> Chat:
        return Chat(id=chat_id, type=self.rooms[chat_id].kind)

    def next_message_id(self) -> int:
        self._messages += 1
        return self._messages

    def last_shown(self, chat_id: int) -> Shown:
        """The message that was sent or changed last."""
        room = self.rooms[chat_id]
        assert room.last is not None, "nothing was shown in this chat"
        return room.messages[room.last]

    def all_shown(self, chat_id: int) -> list[str]:
        """Every message of the bot's in the chat, as it stands now."""
        return [str(shown) for _, shown in sorted(self.rooms[chat_id].messages.items())]

    def count(self, chat_id: int) -> int:
        """How many messages the bot has sent into the chat."""
        return len(self.rooms[chat_id].messages)

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        self.calls.append(method)
        try:
            match method:
                case SendMessage():
                    return self._send(bot, method)
                case EditMessageText():
                    return self._edit(bot, method)
                case SendDocument():
                    return self._send_document(bot, method)
                case AnswerCallbackQuery():
                    return self._answer(method)
                case SendChatAction():
                    return True
                case _:
                    raise NotImplementedError(type(method).__name__)
        except RefusalError as refusal:
            raise TelegramBadRequest(method=method, message=refusal.description) from None

    def _send(self, bot: Bot, method: SendMessage) -> Message:
        return self._keep(bot, int(method.chat_id), self.next_message_id(), method)

    def _edit(self, bot: Bot, method: EditMessageText) -> Message:
        assert method.chat_id is not None
        assert method.message_id is not None
        room = self.rooms[int(method.chat_id)]
        before = room.messages.get(method.message_id)
        if before is None:
            raise RefusalError(400, "Bad Request: message to edit not found")
        if before.document is not None:
            raise RefusalError(400, "Bad Request: there is no text in the message to edit")
        message = self._built(bot, int(method.chat_id), method.message_id, method)
        same = (message.text, message.entities, message.reply_markup)
        if same == (before.message.text, before.message.entities, before.message.reply_markup):
            raise RefusalError(400, f"Bad Request: {NOT_MODIFIED}")
        room.messages[method.message_id] = Shown(message, method.text or "")
        room.last = method.message_id
        return message

    def _keep(self, bot: Bot, chat_id: int, message_id: int, method: SendMessage) -> Message:
        message = self._built(bot, chat_id, message_id, method)
        room = self.rooms[chat_id]
        room.messages[message_id] = Shown(message, method.text)
        room.last = message_id
        return message

    def _built(
        self, bot: Bot, chat_id: int, message_id: int, method: SendMessage | EditMessageText
    ) -> Message:
        parsed = parse_html(method.text or "")
        if not parsed.text:
            raise RefusalError(400, "Bad Request: message text is empty")
        if len(parsed.text) > _LONGEST_TEXT:
            raise RefusalError(400, "Bad Request: message is too long")
        return Message.model_validate(
            {
                "message_id": message_id,
                "date": int(self._now.now().timestamp()),
                "chat": self.chat(chat_id).model_dump(exclude_none=True),
                "text": parsed.text,
                "entities": parsed.entities_json() or None,
                "reply_markup": self._markup(method.reply_markup),
            },
            context={"bot": bot},
        )

    @staticmethod
    def _markup(markup: Any) -> dict[str, Any] | None:
        if isinstance(markup, InlineKeyboardMarkup):
            for row in markup.inline_keyboard:
                for button in row:
                    if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= 64:
                        raise RefusalError(400, "Bad Request: BUTTON_DATA_INVALID")
        return checked_markup(markup)

    def _send_document(self, bot: Bot, method: SendDocument) -> Message:
        assert isinstance(method.document, BufferedInputFile)
        parsed = parse_html(method.caption or "")
        if len(parsed.text) > _LONGEST_CAPTION:
            raise RefusalError(400, "Bad Request: message caption is too long")
        message = Message.model_validate(
            {
                "message_id": self.next_message_id(),
                "date": int(self._now.now().timestamp()),
                "chat": self.chat(int(method.chat_id)).model_dump(exclude_none=True),
                "caption": parsed.text,
                "document": Document(
                    file_id="f", file_unique_id="f", file_name=method.document.filename
                ).model_dump(exclude_none=True),
                "reply_markup": self._markup(method.reply_markup),
            },
            context={"bot": bot},
        )
        room = self.rooms[int(method.chat_id)]
        room.messages[message.message_id] = Shown(message, method.caption or "", method.document.data)
        room.last = message.message_id
        return message

    def _answer(self, method: AnswerCallbackQuery) -> bool:
        if method.callback_query_id in self.answers:
            raise RefusalError(400, f"Bad Request: {QUERY_TOO_OLD}")
        assert len(method.text or "") <= 200, f"a pop-up of {len(method.text or '')} characters"
        self.answers[method.callback_query_id] = Answer(method.text or "", bool(method.show_alert))
        return True

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = 30,  # the base class's signature
        chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError
        yield b""

    async def close(self) -> None:
        """Nothing is held."""
