"""The methods that write into a chat."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    DeleteMessages,
    EditMessageCaption,
    EditMessageReplyMarkup,
    EditMessageText,
    SendChatAction,
    SendDocument,
    SendMessage,
    SendPhoto,
)
from aiogram.types import MessageEntity, ReplyParameters

from sandbox.clock import SandboxClock
from sandbox.hub import Hub
from sandbox.telegram.account import BotAccount
from sandbox.telegram.body import Upload
from sandbox.telegram.chats import Chat, ChatMessage
from sandbox.telegram.files import FileStore, StoredFile
from sandbox.telegram.formatted import FormattedText, with_entities
from sandbox.telegram.html import parse_html
from sandbox.telegram.keyboard import Json, ReplyMarkup, checked_markup
from sandbox.telegram.limits import LIMITS
from sandbox.telegram.refusal import NOT_MODIFIED, bad_request, forbidden

Files = Mapping[str, Upload]

_TYPING_SECONDS = 5.0
_DELETABLE_SECONDS = 48 * 3600
_MOST_DELETED = 100
_ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)


@dataclass(frozen=True, slots=True)
class MessageMethods:
    """Each method takes the bot, the checked call and its files, and returns the `result` of the answer."""

    clock: SandboxClock
    hub: Hub
    files: FileStore

    def send_message(self, bot: BotAccount, call: SendMessage, _files: Files) -> Json:
        chat = _writable(bot, call.chat_id)
        text = _formatted(call.text, call.parse_mode, call.entities)
        _check_text(text)
        return self._send(bot, chat, call, ChatMessage(0, True, 0, text))

    def send_document(self, bot: BotAccount, call: SendDocument, files: Files) -> Json:
        chat = _writable(bot, call.chat_id)
        caption = _caption(call.caption, call.parse_mode, call.caption_entities)
        upload = _attached(call.document, "document", files)
        document = self.files.add_document(upload) if upload else self._stored(call.document)
        return self._send(bot, chat, call, ChatMessage(0, True, 0, caption, document=document))

    def send_photo(self, bot: BotAccount, call: SendPhoto, files: Files) -> Json:
        chat = _writable(bot, call.chat_id)
        caption = _caption(call.caption, call.parse_mode, call.caption_entities)
        upload = _attached(call.photo, "photo", files)
        photo = self.files.add_photo(upload) if upload else self._stored(call.photo)
        if photo.size is None:
            raise bad_request("type of file mismatch")
        return self._send(bot, chat, call, ChatMessage(0, True, 0, caption, photo=photo))

    def edit_message_text(self, bot: BotAccount, call: EditMessageText, _files: Files) -> Json:
        chat, message = self._editable(bot, call.chat_id, call.message_id, call.inline_message_id)
        if call.text is None:
            raise bad_request("message text is empty")
        text = _formatted(call.text, call.parse_mode, call.entities)
        _check_text(text)
        if message.has_media:
            raise bad_request("there is no text in the message to edit")
        return self._edit(bot, chat, message, text, call.reply_markup)

    def edit_message_caption(self, bot: BotAccount, call: EditMessageCaption, _files: Files) -> Json:
        chat, message = self._editable(bot, call.chat_id, call.message_id, call.inline_message_id)
        caption = _caption(call.caption, call.parse_mode, call.caption_entities)
        if not message.has_media:
            raise bad_request("there is no caption in the message to edit")
        return self._edit(bot, chat, message, caption, call.reply_markup)

    def edit_message_reply_markup(self, bot: BotAccount, call: EditMessageReplyMarkup, _files: Files) -> Json:
        chat, message = self._editable(bot, call.chat_id, call.message_id, call.inline_message_id)
        return self._edit(bot, chat, message, message.text, call.reply_markup)

    def delete_message(self, bot: BotAccount, call: DeleteMessage, _files: Files) -> bool:
        chat = bot.chat(call.chat_id)
        message = chat.message(call.message_id)
        if message is None:
            raise bad_request("message to delete not found")
        if not self._is_deletable(message):
            raise bad_request("message can't be deleted")
        self._delete(chat, message)
        return True

    def delete_messages(self, bot: BotAccount, call: DeleteMessages, _files: Files) -> bool:
        """Messages that can't be found or are too old are passed over."""
        chat = bot.chat(call.chat_id)
        if not call.message_ids:
            raise bad_request("message identifiers are not specified")
        if len(call.message_ids) > _MOST_DELETED:
            raise bad_request("too many message identifiers specified")
        for message in filter(None, map(chat.message, call.message_ids)):
            if self._is_deletable(message):
                self._delete(chat, message)
        return True

    def send_chat_action(self, bot: BotAccount, call: SendChatAction, _files: Files) -> bool:
        chat = _writable(bot, call.chat_id)
        if call.action not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat.typing_until = self.clock.monotonic() + _TYPING_SECONDS
        self.hub.publish("chat", user=chat.user.id)
        return True

    def answer_callback_query(self, bot: BotAccount, call: AnswerCallbackQuery, _files: Files) -> bool:
        if call.url and not call.url.startswith((f"https://t.me/{bot.username}?", f"t.me/{bot.username}?")):
            raise bad_request("URL_INVALID")
        query = bot.queries.answer(call.callback_query_id, call.text or "", show_alert=bool(call.show_alert))
        self.hub.publish("query", user=query.user_id, query=query.query_id)
        return True

    def _send(
        self,
        bot: BotAccount,
        chat: Chat,
        call: SendMessage | SendDocument | SendPhoto,
        draft: ChatMessage,
    ) -> Json:
        reply_to = _replied(chat, call.reply_parameters, call.reply_to_message_id)
        markup = checked_markup(call.reply_markup)
        message = replace(
            draft,
            message_id=bot.next_message_id(),
            date=int(self.clock.now().timestamp()),
            reply_markup=markup,
            reply_to=reply_to,
            silent=bool(call.disable_notification),
            effect=call.message_effect_id,
        )
        chat.messages[message.message_id] = message
        chat.typing_until = 0.0
        self.hub.publish("chat", user=chat.user.id, message=message.message_id)
        return message.as_message(bot.as_user(), chat.user)

    def _edit(
        self,
        bot: BotAccount,
        chat: Chat,
        message: ChatMessage,
        text: FormattedText,
        reply_markup: ReplyMarkup | None,
    ) -> Json:
        markup = checked_markup(reply_markup)
        if text == message.text and markup == message.reply_markup:
            raise bad_request(NOT_MODIFIED)
        message.text = text
        message.reply_markup = markup
        message.edit_date = int(self.clock.now().timestamp())
        self.hub.publish("chat", user=chat.user.id, message=message.message_id)
        return message.as_message(bot.as_user(), chat.user)

    def _editable(
        self, bot: BotAccount, chat_id: int | str | None, message_id: int | None, inline_id: str | None
    ) -> tuple[Chat, ChatMessage]:
        if inline_id:
            raise bad_request("MESSAGE_ID_INVALID")
        chat = _writable(bot, chat_id)
        if message_id is None:
            raise bad_request("message identifier is not specified")
        message = chat.message(message_id)
        if message is None:
            raise bad_request("message to edit not found")
        if not message.from_bot:
            raise bad_request("message can't be edited")
        return chat, message

    def _is_deletable(self, message: ChatMessage) -> bool:
        return self.clock.now().timestamp() - message.date < _DELETABLE_SECONDS

    def _delete(self, chat: Chat, message: ChatMessage) -> None:
        message.deleted = True
        self.hub.publish("chat", user=chat.user.id, message=message.message_id)

    def _stored(self, file_id: Any) -> StoredFile:
        """A file that was sent before; a web address is refused, since the sandbox calls nobody."""
        found = self.files.get(str(file_id))
        if found is None:
            reason = "failed to get HTTP URL content" if "://" in str(file_id) else None
            raise bad_request(reason or "wrong file identifier/HTTP URL specified")
        return found


def _writable(bot: BotAccount, chat_id: int | str | None) -> Chat:
    chat = bot.chat(chat_id)
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
    return chat


def _formatted(text: str, parse_mode: Any, entities: list[MessageEntity] | None) -> FormattedText:
    """The text with its entities. `parse_mode` is text, or aiogram's own mark for "not given"."""
    mode = parse_mode.lower() if isinstance(parse_mode, str) else ""
    if mode == "html":
        return parse_html(text)
    if mode:
        raise bad_request("unsupported parse_mode")
    return with_entities(text, entities or [])


def _check_text(text: FormattedText) -> None:
    limit = LIMITS["sendMessage", "text"]
    if not text.text:
        raise bad_request("message text is empty")
    if not limit.allows(text.text):
        raise bad_request(limit.refusal)


def _caption(caption: str | None, parse_mode: Any, entities: list[MessageEntity] | None) -> FormattedText:
    text = _formatted(caption or "", parse_mode, entities)
    limit = LIMITS["sendDocument", "caption"]
    if not limit.allows(text.text):
        raise bad_request(limit.refusal)
    return text


def _attached(value: Any, name: str, files: Files) -> Upload | None:
    """The upload that a parameter names by attach://, or the one that came under the parameter's own name."""
    reference = str(value)
    if not reference.startswith("attach://"):
        return None
    upload = files.get(reference.removeprefix("attach://"))
    if upload is None:
        raise bad_request(f"there is no {name} in the request")
    return upload


def _replied(chat: Chat, parameters: ReplyParameters | None, message_id: int | None) -> int | None:
    wanted = parameters.message_id if parameters else message_id
    if wanted is None:
        return None
    if chat.message(wanted) is not None:
        return wanted
    if parameters and parameters.allow_sending_without_reply is True:
        return None
    raise bad_request("message to be replied not found")
