"""The methods that tell about a bot and set it up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiogram.methods import (
    DeleteMyCommands,
    DeleteWebhook,
    GetChat,
    GetChatMenuButton,
    GetFile,
    GetMe,
    GetMyCommands,
    GetMyDescription,
    GetMyName,
    GetMyShortDescription,
    GetWebhookInfo,
    SetChatMenuButton,
    SetMyCommands,
    SetMyDescription,
    SetMyName,
    SetMyShortDescription,
    SetWebhook,
)

from sandbox.hub import Hub
from sandbox.telegram.account import BotAccount, CommandKey
from sandbox.telegram.body import Upload
from sandbox.telegram.files import FileStore
from sandbox.telegram.keyboard import Json
from sandbox.telegram.links import https_problem
from sandbox.telegram.refusal import bad_request
from sandbox.telegram.updates import WEBHOOK_SET
from sandbox.telegram.webhook import Webhook

Files = Mapping[str, Upload]

_COMMAND = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
_MOST_COMMANDS = 100
_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})
_LARGEST_DOWNLOAD = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SettingMethods:
    """Each method takes the bot, the checked call and its files, and returns the `result` of the answer."""

    hub: Hub
    files: FileStore

    def get_me(self, bot: BotAccount, _call: GetMe, _files: Files) -> Json:
        return {
            **bot.as_user(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def get_chat(self, bot: BotAccount, call: GetChat, _files: Files) -> Json:
        return {
            **bot.chat(call.chat_id).user.as_chat(),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": True,
                "limited_gifts": True,
                "unique_gifts": True,
                "premium_subscription": True,
                "gifts_from_channels": True,
            },
        }

    def get_file(self, _bot: BotAccount, call: GetFile, _files: Files) -> Json:
        file = self.files.get(call.file_id)
        if file is None:
            raise bad_request("invalid file_id")
        if len(file.upload.content) > _LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        return file.as_file()

    def set_my_commands(self, bot: BotAccount, call: SetMyCommands, _files: Files) -> bool:
        key = _command_key(bot, call)
        if len(call.commands) > _MOST_COMMANDS:
            raise bad_request("too many commands specified")
        kept: list[Json] = []
        for command in call.commands:
            name = command.command.removeprefix("/")
            if not _COMMAND.fullmatch(name):
                raise bad_request("BOT_COMMAND_INVALID")
            kept.append({"command": name, "description": command.description})
        bot.commands[key] = kept
        self._changed(bot)
        return True

    def get_my_commands(self, bot: BotAccount, call: GetMyCommands, _files: Files) -> list[Json]:
        return bot.commands.get(_command_key(bot, call), [])

    def delete_my_commands(self, bot: BotAccount, call: DeleteMyCommands, _files: Files) -> bool:
        bot.commands.pop(_command_key(bot, call), None)
        self._changed(bot)
        return True

    def set_chat_menu_button(self, bot: BotAccount, call: SetChatMenuButton, _files: Files) -> bool:
        button = call.menu_button
        kept: Json = {"type": "default"} if button is None else button.model_dump(exclude_none=True)
        if kept["type"] == "web_app" and (problem := https_problem(kept["web_app"]["url"])):
            raise bad_request(f"menu button Web App URL '{kept['web_app']['url']}' is invalid: {problem}")
        if call.chat_id is None:
            bot.menu_button = {"type": "commands"} if kept["type"] == "default" else kept
        else:
            bot.chat(call.chat_id).menu_button = None if kept["type"] == "default" else kept
        self._changed(bot)
        return True

    def get_chat_menu_button(self, bot: BotAccount, call: GetChatMenuButton, _files: Files) -> Json:
        if call.chat_id is None:
            return bot.menu_button
        return bot.chat(call.chat_id).menu_button or {"type": "default"}

    def set_my_name(self, bot: BotAccount, call: SetMyName, _files: Files) -> bool:
        return self._set_text(bot, "name", call.name, call.language_code)

    def get_my_name(self, bot: BotAccount, call: GetMyName, _files: Files) -> Json:
        return {"name": _text(bot, "name", call.language_code) or bot.name}

    def set_my_description(self, bot: BotAccount, call: SetMyDescription, _files: Files) -> bool:
        return self._set_text(bot, "description", call.description, call.language_code)

    def get_my_description(self, bot: BotAccount, call: GetMyDescription, _files: Files) -> Json:
        return {"description": _text(bot, "description", call.language_code)}

    def set_my_short_description(self, bot: BotAccount, call: SetMyShortDescription, _files: Files) -> bool:
        return self._set_text(bot, "short_description", call.short_description, call.language_code)

    def get_my_short_description(self, bot: BotAccount, call: GetMyShortDescription, _files: Files) -> Json:
        return {"short_description": _text(bot, "short_description", call.language_code)}

    def set_webhook(self, bot: BotAccount, call: SetWebhook, _files: Files) -> bool:
        """An empty address removes the webhook, as deleteWebhook does."""
        webhook = Webhook.checked(call.url, call.secret_token, call.max_connections) if call.url else None
        if call.drop_pending_updates:
            bot.updates.drop()
        bot.updates.allow(call.allowed_updates)
        if webhook is None:
            bot.delivery.stop()
        else:
            bot.updates.end_poll(WEBHOOK_SET)
            bot.delivery.start(webhook)
        self._changed(bot)
        return True

    def delete_webhook(self, bot: BotAccount, call: DeleteWebhook, _files: Files) -> bool:
        bot.delivery.stop()
        if call.drop_pending_updates:
            bot.updates.drop()
        self._changed(bot)
        return True

    def get_webhook_info(self, bot: BotAccount, _call: GetWebhookInfo, _files: Files) -> Json:
        webhook, error = bot.delivery.webhook, bot.delivery.last_error
        info: Json = {
            "url": webhook.url if webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(bot.updates.pending()),
        }
        if webhook:
            info |= {"max_connections": webhook.max_connections, "ip_address": "127.0.0.1"}
        if webhook and error:
            info |= {"last_error_date": error[0], "last_error_message": error[1]}
        if bot.updates.allowed is not None:
            info["allowed_updates"] = bot.updates.allowed
        return info

    def _set_text(self, bot: BotAccount, which: str, text: str | None, language: str | None) -> bool:
        """No text takes the one of this language away."""
        bot.texts.pop((which, _language(language)), None)
        if text:
            bot.texts[which, _language(language)] = text
        self._changed(bot)
        return True

    def _changed(self, bot: BotAccount) -> None:
        self.hub.publish("bot", bot=bot.id)


def _text(bot: BotAccount, which: str, language: str | None) -> str:
    return bot.texts.get((which, _language(language))) or bot.texts.get((which, ""), "")


def _language(code: str | None) -> str:
    if not _LANGUAGE.fullmatch(code or ""):
        raise bad_request("invalid language code specified")
    return code or ""


def _command_key(bot: BotAccount, call: SetMyCommands | GetMyCommands | DeleteMyCommands) -> CommandKey:
    scope: Any = call.scope
    kind = scope.type if scope is not None else "default"
    chat_id = bot.chat(scope.chat_id).user.id if kind in _CHAT_SCOPES else None
    return kind, chat_id, _language(call.language_code)
