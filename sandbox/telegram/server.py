"""Answers the Bot API over HTTP."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiogram.methods import GetUpdates
from aiohttp import web

from sandbox.calls import CallLog
from sandbox.clock import SandboxClock
from sandbox.faults import Fault, Faults, cut, hang, truncated
from sandbox.hub import Hub
from sandbox.telegram import spec
from sandbox.telegram.account import TOKEN, BotAccount
from sandbox.telegram.body import Parameters, Upload, read_request
from sandbox.telegram.files import FileStore
from sandbox.telegram.keyboard import Json
from sandbox.telegram.messages import MessageMethods
from sandbox.telegram.people import People
from sandbox.telegram.queries import CallbackQueries
from sandbox.telegram.refusal import RefusalError, bad_request, conflict
from sandbox.telegram.settings import SettingMethods
from sandbox.telegram.updates import WEBHOOK_ACTIVE, UpdateQueue
from sandbox.telegram.webhook import Backoff, WebhookDelivery

Method = Callable[[BotAccount, Any, Mapping[str, Upload]], Any]

_NOT_IN_REPLIES = frozenset({"setwebhook", "deletewebhook", "logout", "close"})


class TelegramStandIn:
    """Telegram for any number of bots: the Bot API on one side, `people` on the other.

    `query_lifetime` is how long a callback query may wait, in real seconds. The first bot that calls is the one that
    people write to, and is named `bot_username`.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        calls: CallLog,
        hub: Hub,
        faults: Faults,
        bot_username: str = "addondesk_demo_bot",
        bot_name: str = "Addondesk",
        query_lifetime: float = 15.0,
        backoff: Backoff | None = None,
    ) -> None:
        self._clock = clock
        self._calls = calls
        self._hub = hub
        self._faults = faults
        self._bot_username = bot_username
        self._bot_name = bot_name
        self._query_lifetime = query_lifetime
        self._backoff = backoff or Backoff()
        self.files = FileStore()
        self.bots: dict[str, BotAccount] = {}
        self.people = People(clock, hub, lambda: self.bot)
        self._methods = _methods(MessageMethods(clock, hub, self.files), SettingMethods(hub, self.files))

    @property
    def bot(self) -> BotAccount | None:
        """The bot that people write to: the first that called."""
        return next(iter(self.bots.values()), None)

    @property
    def mode(self) -> str:
        return self.bot.mode if self.bot else "none"

    def undelivered(self) -> int:
        """How many updates no bot has confirmed."""
        return sum(len(bot.updates.pending()) for bot in self.bots.values())

    def unanswered(self) -> int:
        """How many callback queries wait for an answer."""
        return sum(len(bot.queries.unanswered()) for bot in self.bots.values())

    def add_routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._serve_file)

    def end_polls(self) -> None:
        """Ends every held poll, so that the server can stop."""
        for bot in self.bots.values():
            bot.updates.close()

    async def close(self) -> None:
        for bot in self.bots.values():
            await bot.delivery.close()

    def account(self, token: str) -> BotAccount:
        """The bot of a token, made when it first calls. RefusalError for a malformed token, or another one for a known bot."""
        known = self.bots.get(token)
        if known is not None:
            return known
        match = TOKEN.fullmatch(token)
        if match is None:
            raise RefusalError(401, "Unauthorized: invalid token specified")
        bot_id = int(match[1])
        if any(bot.id == bot_id for bot in self.bots.values()):
            raise RefusalError(401, "Unauthorized")
        updates = UpdateQueue(self._clock)

        async def on_reply(reply: Parameters) -> None:
            await self._call_from_reply(account, reply)

        account = BotAccount(
            id=bot_id,
            token=token,
            username=f"sandbox_{bot_id}_bot" if self.bots else self._bot_username,
            name=self._bot_name,
            updates=updates,
            delivery=WebhookDelivery(updates, self._clock, on_reply, self._backoff),
            queries=CallbackQueries(self._clock, self._query_lifetime),
        )
        updates.on_add = account.delivery.push
        self.bots[token] = account
        self._hub.publish("bot", bot=bot_id)
        return account

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        name = spec.api_name(method) or method
        parameters, fault = Parameters(), None
        try:
            parameters = await read_request(request)
            fault = self._faults.take("telegram", name, parameters.values.values())
            if fault is not None and fault.kind in ("429", "500", "drop", "hang"):
                return await self._fail_before(request, name, parameters, fault)
            status, answer = 200, await self._answered(request.match_info["token"], name, parameters)
        except RefusalError as refusal:
            status, answer = refusal.status, _refused(refusal)
            if _is_gone(request):
                return cut(request)
            self._calls.record(
                "telegram",
                name,
                parameters.as_log(),
                status,
                error=refusal.description,
                refused=status < 500,
            )
        body = json.dumps(answer, ensure_ascii=False).encode()
        if fault is not None and fault.kind == "lost":
            return cut(request)
        if fault is not None and fault.kind == "truncated":
            return await truncated(request, status, body, "application/json")
        return web.Response(status=status, body=body, content_type="application/json")

    async def _fail_before(
        self, request: web.Request, name: str, parameters: Parameters, fault: Fault
    ) -> web.Response:
        if fault.kind in ("drop", "hang"):
            self._calls.record("telegram", name, parameters.as_log(), 0, error=f"fault: {fault.kind}")
            return cut(request) if fault.kind == "drop" else await hang(request, fault)
        if fault.kind == "429":
            words = f"Too Many Requests: retry after {fault.retry_after}"
            refusal = RefusalError(429, words, retry_after=fault.retry_after)
        else:
            refusal = RefusalError(500, "Internal Server Error")
        self._calls.record("telegram", name, parameters.as_log(), refusal.status, error=refusal.description)
        return web.json_response(_refused(refusal), status=refusal.status)

    async def _answered(self, token: str, name: str, parameters: Parameters) -> Json:
        """The answer of a call that succeeds; it is logged here."""
        bot = self.account(token)
        if spec.api_name(name) is None:
            self._calls.violation("telegram", name, "unknown method")
            raise RefusalError(404, "Not Found")
        checked = spec.check(name, parameters)
        for path in checked.unknown:
            self._calls.violation("telegram", name, f"unknown parameter {path}")
        if isinstance(checked.method, GetUpdates):
            result: Any = await self._get_updates(bot, checked.method)
        elif name in self._methods:
            result = self._methods[name](bot, checked.method, parameters.files)
        else:
            self._calls.violation("telegram", name, "the sandbox has no such method")
            raise bad_request(f"the sandbox has no {name}")
        if name != "getUpdates" or result or checked.unknown:
            self._calls.record(
                "telegram",
                name,
                parameters.as_log(),
                200,
                error=f"unknown parameters: {', '.join(checked.unknown)}" if checked.unknown else None,
                refused=bool(checked.unknown),
            )
        return {"ok": True, "result": result}

    async def _get_updates(self, bot: BotAccount, call: GetUpdates) -> list[Json]:
        if bot.delivery.webhook is not None:
            raise conflict(WEBHOOK_ACTIVE)
        bot.updates.allow(call.allowed_updates)
        if not bot.updates.is_polled:
            bot.updates.note_poll()
            self._hub.publish("bot", bot=bot.id)
        limit = 100 if call.limit is None else call.limit
        updates = await bot.updates.poll(call.offset or 0, limit, call.timeout or 0)
        return [update.as_json() for update in updates]

    async def _call_from_reply(self, bot: BotAccount, reply: Parameters) -> None:
        """Makes the call that the bot put into its answer to a webhook; nobody learns how it went but the log."""
        values = dict(reply.values)
        method = str(values.pop("method"))
        name = spec.api_name(method) or method
        parameters = Parameters(values, reply.files)
        try:
            if name.lower().startswith("get") or name.lower() in _NOT_IN_REPLIES:
                raise bad_request(f"{name} can't be called in an answer to a webhook")
            await self._answered(bot.token, name, parameters)
        except RefusalError as refusal:
            self._calls.record(
                "telegram", name, parameters.as_log(), refusal.status, error=refusal.description, refused=True
            )

    async def _serve_file(self, request: web.Request) -> web.Response:
        file = self.files.at(request.match_info["path"])
        if file is None or request.match_info["token"] not in self.bots:
            return web.json_response(_refused(RefusalError(404, "Not Found")), status=404)
        return web.Response(body=file.upload.content, content_type="application/octet-stream")


def _methods(messages: MessageMethods, settings: SettingMethods) -> dict[str, Method]:
    return {
        "getMe": settings.get_me,
        "getChat": settings.get_chat,
        "getFile": settings.get_file,
        "setMyCommands": settings.set_my_commands,
        "getMyCommands": settings.get_my_commands,
        "deleteMyCommands": settings.delete_my_commands,
        "setChatMenuButton": settings.set_chat_menu_button,
        "getChatMenuButton": settings.get_chat_menu_button,
        "setMyName": settings.set_my_name,
        "getMyName": settings.get_my_name,
        "setMyDescription": settings.set_my_description,
        "getMyDescription": settings.get_my_description,
        "setMyShortDescription": settings.set_my_short_description,
        "getMyShortDescription": settings.get_my_short_description,
        "setWebhook": settings.set_webhook,
        "deleteWebhook": settings.delete_webhook,
        "getWebhookInfo": settings.get_webhook_info,
        "sendMessage": messages.send_message,
        "sendDocument": messages.send_document,
        "sendPhoto": messages.send_photo,
        "sendChatAction": messages.send_chat_action,
        "editMessageText": messages.edit_message_text,
        "editMessageCaption": messages.edit_message_caption,
        "editMessageReplyMarkup": messages.edit_message_reply_markup,
        "deleteMessage": messages.delete_message,
        "deleteMessages": messages.delete_messages,
        "answerCallbackQuery": messages.answer_callback_query,
    }


def _refused(refusal: RefusalError) -> Json:
    answer: Json = {"ok": False, "error_code": refusal.status, "description": refusal.description}
    if refusal.retry_after is not None:
        answer["parameters"] = {"retry_after": refusal.retry_after}
    return answer


def _is_gone(request: web.Request) -> bool:
    """Whether the client hung up: a poll that nobody waits for any more isn't refused to anybody."""
    return request.transport is None or request.transport.is_closing()
