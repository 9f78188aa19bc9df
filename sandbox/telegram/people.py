"""What people do in the chat: write, tap, block."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.clock import SandboxClock
from sandbox.hub import Hub
from sandbox.telegram.account import BotAccount
from sandbox.telegram.chats import Chat, ChatMessage, User
from sandbox.telegram.formatted import finished
from sandbox.telegram.keyboard import Json

_FIRST_USER_ID = 1_000_001


class NotPossibleError(Exception):
    """Something that a person can't do: there is no such button, chat, user or bot."""


@dataclass(slots=True)
class People:
    """The users, shared by all bots. What they do goes to `bot`, which is found when it is needed."""

    clock: SandboxClock
    hub: Hub
    bot: Callable[[], BotAccount | None]
    users: dict[int, User] = field(default_factory=dict)

    def add(
        self,
        first_name: str,
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
        role: str | None = None,
        user_id: int | None = None,
    ) -> User:
        """A new user, or a known `user_id` brought up to date."""
        if user_id is None:
            user_id = next(number for number in itertools.count(_FIRST_USER_ID) if number not in self.users)
        user = User(user_id, first_name, last_name, username, language_code, role)
        self.users[user_id] = user
        bot = self.bot()
        if bot is not None and user_id in bot.chats:
            bot.chats[user_id].user = user
        self.hub.publish("bot", user=user_id)
        return user

    def write(self, user_id: int, text: str) -> int | None:
        """Sends a message; the update's id, None if the bot doesn't take messages."""
        bot = self._bot()
        chat = bot.chats.setdefault(user_id, Chat(self._user(user_id)))
        if chat.blocked:
            raise NotPossibleError("the user has blocked the bot")
        content = finished(text, ())
        if not content.text:
            raise NotPossibleError("the text is empty")
        message = ChatMessage(bot.next_message_id(), False, int(self.clock.now().timestamp()), content)
        chat.messages[message.message_id] = message
        update_id = bot.updates.add("message", message.as_message(bot.as_user(), chat.user), user_id)
        self.hub.publish("chat", user=user_id, message=message.message_id)
        return update_id

    def tap(self, user_id: int, message_id: int, *, text: str | None = None, data: str | None = None) -> Json:
        """Taps an inline button, found by its visible text or its data.

        {"query_id"} for a callback button; {"url"}, {"copy"} or {"disabled": true} for one that the bot isn't told of.
        """
        bot = self._bot()
        chat = self._chat(bot, user_id)
        message = chat.message(message_id)
        if message is None:
            raise NotPossibleError(f"there is no message {message_id}")
        buttons = list(itertools.chain.from_iterable(message.inline_keyboard))
        for button in buttons:
            if (text is not None and button["text"] == text) or (
                data is not None and button.get("callback_data") == data
            ):
                return self._press(bot, chat, message, button)
        shown = ", ".join(str(button["text"]) for button in buttons) or "none"
        raise NotPossibleError(f"there is no button {text or data!r}; buttons: {shown}")

    def block(self, user_id: int, *, blocked: bool) -> None:
        """Blocks or unblocks the bot, and tells it as my_chat_member."""
        bot = self._bot()
        chat = self._chat(bot, user_id)
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        user = bot.as_user()
        member: Json = {"user": user, "status": "member"}
        gone: Json = {"user": user, "status": "kicked", "until_date": 0}
        payload: Json = {
            "chat": chat.user.as_chat(),
            "from": chat.user.as_user(),
            "date": int(self.clock.now().timestamp()),
            "old_chat_member": member if blocked else gone,
            "new_chat_member": gone if blocked else member,
        }
        bot.updates.add("my_chat_member", payload, user_id)
        self.hub.publish("chat", user=user_id)

    def view(self, user_id: int) -> Json:
        """Everything that the person has on the screen."""
        user = self._user(user_id)
        bot = self.bot()
        chat = bot.chats.get(user_id) if bot else None
        return {
            "messages": [message.as_sim() for message in chat.messages.values()] if chat else [],
            "commands": bot.commands_for(user) if bot else [],
            "menu_button": (chat and chat.menu_button) or (bot.menu_button if bot else None),
            "queries": [query.as_json() for query in bot.queries.unanswered(user_id)] if bot else [],
            "notices": [notice.as_json() for notice in bot.queries.notices(user_id)] if bot else [],
            "typing": chat is not None and chat.typing_until > self.clock.monotonic(),
        }

    def listed(self) -> list[Json]:
        bot = self.bot()
        chats = bot.chats if bot else {}
        return [
            {
                "id": user.id,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "username": user.username,
                "language_code": user.language_code,
                "role": user.role,
                "blocked": user.id in chats and chats[user.id].blocked,
            }
            for user in self.users.values()
        ]

    def _press(self, bot: BotAccount, chat: Chat, message: ChatMessage, button: Json) -> Json:
        if "callback_data" not in button:
            return _shown(button)
        if chat.blocked:
            raise NotPossibleError("the user has blocked the bot")
        query_id = bot.queries.ask(chat.user.id, message.message_id)
        payload: Json = {
            "id": query_id,
            "from": chat.user.as_user(),
            "message": message.as_message(bot.as_user(), chat.user),
            "chat_instance": str(chat.user.id * 7919),
            "data": button["callback_data"],
        }
        if bot.updates.add("callback_query", payload, chat.user.id) is None:
            raise NotPossibleError("the bot doesn't take callback queries")
        self.hub.publish("query", user=chat.user.id, query=query_id)
        return {"query_id": query_id}

    def _bot(self) -> BotAccount:
        bot = self.bot()
        if bot is None:
            raise NotPossibleError("no bot has called the sandbox yet")
        return bot

    def _user(self, user_id: int) -> User:
        if user_id not in self.users:
            raise NotPossibleError(f"there is no user {user_id}")
        return self.users[user_id]

    def _chat(self, bot: BotAccount, user_id: int) -> Chat:
        self._user(user_id)
        if user_id not in bot.chats:
            raise NotPossibleError(f"user {user_id} has no chat with the bot")
        return bot.chats[user_id]


def _shown(button: Json) -> Json:
    """What a button does that the bot isn't told of."""
    if "url" in button:
        return {"url": button["url"]}
    if "web_app" in button:
        return {"url": button["web_app"]["url"]}
    if "login_url" in button:
        return {"url": button["login_url"]["url"]}
    if "copy_text" in button:
        return {"copy": button["copy_text"]["text"]}
    return {"disabled": True}
