"""A bot as Telegram knows it."""

import re
from dataclasses import dataclass, field

from sandbox.telegram.chats import Chat, User
from sandbox.telegram.keyboard import Json
from sandbox.telegram.queries import CallbackQueries
from sandbox.telegram.refusal import CHAT_NOT_FOUND, bad_request
from sandbox.telegram.updates import UpdateQueue
from sandbox.telegram.webhook import WebhookDelivery

TOKEN = re.compile(r"(\d{1,16}):[A-Za-z0-9_-]+")

CommandKey = tuple[str, int | None, str]


@dataclass(slots=True)
class BotAccount:
    """Everything that belongs to one token.

    `commands` by (scope type, chat id of the scope, language code); `texts` (name, description, short_description) by
    (which, language code).
    """

    id: int
    token: str
    username: str
    name: str
    updates: UpdateQueue
    delivery: WebhookDelivery
    queries: CallbackQueries
    chats: dict[int, Chat] = field(default_factory=dict)
    commands: dict[CommandKey, list[Json]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_button: Json = field(default_factory=lambda: {"type": "commands"})
    last_message_id: int = 0

    def as_user(self) -> Json:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def next_message_id(self) -> int:
        self.last_message_id += 1
        return self.last_message_id

    def chat(self, chat_id: int | str | None) -> Chat:
        """RefusalError if the person has never written to the bot: a bot can't write first."""
        text = str(chat_id).strip() if chat_id is not None else ""
        if not text:
            raise bad_request("chat_id is empty")
        chat = self.chats.get(int(text)) if re.fullmatch(r"-?\d{1,18}", text) else None
        if chat is None:
            raise bad_request(CHAT_NOT_FOUND)
        return chat

    def commands_for(self, user: User) -> list[Json]:
        """The commands that the person's menu lists: the narrowest scope, then the person's language."""
        language = (user.language_code or "").split("-")[0]
        scopes: tuple[tuple[str, int | None], ...] = (
            ("chat", user.id),
            ("all_private_chats", None),
            ("default", None),
        )
        for kind, chat_id in scopes:
            for code in (language, ""):
                if found := self.commands.get((kind, chat_id, code)):
                    return found
        return []

    @property
    def mode(self) -> str:
        """How the bot takes updates: webhook, polling or none."""
        if self.delivery.webhook is not None:
            return "webhook"
        return "polling" if self.updates.is_polled else "none"
