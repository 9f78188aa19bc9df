"""People, and what stands in their private chats with a bot."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram.files import StoredFile
from sandbox.telegram.formatted import FormattedText
from sandbox.telegram.keyboard import Json


@dataclass(frozen=True, slots=True)
class User:
    """A person. `role` is the sandbox's own word for whose chat it is (customer, partner …); bots never see it."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    role: str | None = None

    def as_user(self) -> Json:
        return {"id": self.id, "is_bot": False, **self._names(), **_given(language_code=self.language_code)}

    def as_chat(self) -> Json:
        return {"id": self.id, "type": "private", **self._names()}

    def _names(self) -> Json:
        return {
            "first_name": self.first_name,
            **_given(last_name=self.last_name, username=self.username),
        }


@dataclass(slots=True)
class ChatMessage:
    """One message. `date` and `edit_date` are Unix seconds of the sandbox's clock.

    `text` is the caption if there is a document or a photo. `reply_markup` is JSON as Telegram keeps it.
    """

    message_id: int
    from_bot: bool
    date: int
    text: FormattedText
    reply_markup: Json | None = None
    document: StoredFile | None = None
    photo: StoredFile | None = None
    reply_to: int | None = None
    silent: bool = False
    effect: str | None = None
    edit_date: int | None = None
    deleted: bool = False

    @property
    def has_media(self) -> bool:
        return self.document is not None or self.photo is not None

    @property
    def inline_keyboard(self) -> list[list[Json]]:
        rows: list[list[Json]] = (self.reply_markup or {}).get("inline_keyboard", [])
        return rows

    def as_message(self, bot: Json, user: User) -> Json:
        """The Message object that the Bot API sends."""
        name, entities = ("caption", "caption_entities") if self.has_media else ("text", "entities")
        message: Json = {
            "message_id": self.message_id,
            "from": bot if self.from_bot else user.as_user(),
            "chat": user.as_chat(),
            "date": self.date,
            **_given(edit_date=self.edit_date, effect_id=self.effect),
        }
        if self.text.text or not self.has_media:
            message[name] = self.text.text
        if self.text.entities:
            message[entities] = self.text.entities_json()
        message.update(self._media())
        if self.inline_keyboard:
            message["reply_markup"] = self.reply_markup
        return message

    def as_sim(self) -> Json:
        """The message as the page and the tests see it: what a person has on the screen."""
        return {
            "message_id": self.message_id,
            "from": "bot" if self.from_bot else "user",
            "text": self.text.text,
            "entities": self.text.entities_json(),
            "reply_markup": self.reply_markup,
            **self._media(),
            "date": self.date,
            **_given(edit_date=self.edit_date, reply_to=self.reply_to, effect=self.effect),
            "silent": self.silent,
            "deleted": self.deleted,
        }

    def _media(self) -> Json:
        return _given(
            document=self.document.as_document() if self.document else None,
            photo=self.photo.as_photo() if self.photo else None,
        )


@dataclass(slots=True)
class Chat:
    """A private chat; it exists once the person has written. `typing_until` is in the clock's monotonic seconds."""

    user: User
    messages: dict[int, ChatMessage] = field(default_factory=dict)
    blocked: bool = False
    typing_until: float = 0.0
    menu_button: Json | None = None

    def message(self, message_id: int) -> ChatMessage | None:
        """The message if it stands in the chat, None if it never did or was deleted."""
        message = self.messages.get(message_id)
        return None if message is None or message.deleted else message


def _given(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
