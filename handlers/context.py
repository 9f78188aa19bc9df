"""Who is speaking: looked up once per update, before any handler."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject, Update, User

from billing import people
from billing.call import Call
from billing.people import Visitor
from handlers.screens import Screen, link
from handlers.services import Services
from handlers.tongue import Tongue, tongue
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Speaker:
    """The person of an update, in their language, with the call that their update makes."""

    visitor: Visitor
    call: Call
    t: Tongue

    @property
    def person_id(self) -> int:
        return self.visitor.person_id


class SpeakerMiddleware(BaseMiddleware):
    """Gives handlers `speaker`. Writes only where the person is new or changed their name or language.

    Around whole updates, so that the handlers of errors are given it too.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        update: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        user: User | None = data.get("event_from_user")
        event = _event(update) if isinstance(update, Update) else None
        if user is None or user.is_bot or event is None:
            return None
        services = self._services
        call = Call(services.clock.now(), f"tap:{data['tap']}", services.bot_id)
        visitor = await _visitor(services.db, call, user)
        message = event if isinstance(event, Message) else event.message
        if message is not None and message.chat.type != "private":
            return await self._in_group(event, tongue(user.language_code or "en"))
        data["speaker"] = Speaker(
            visitor,
            Call(call.at, call.reference, call.bot_id, visitor.person_id),
            tongue(visitor.language),
        )
        return await handler(update, data)

    async def _in_group(self, event: Message | CallbackQuery, t: Tongue) -> None:
        """Groups see no balances: a command is answered with the way into private, the rest not at all (R36)."""
        if isinstance(event, CallbackQuery):
            await event.answer(t("I only talk about points in private."), show_alert=True)
        elif (event.text or "").startswith("/"):
            open_privately = link(t("Open privately"), self._services.start_link("menu"))
            screen = Screen.of(t("I only talk about points in private."), rows=[[open_privately]])
            await event.answer(screen.text, reply_markup=screen.markup)


def _event(update: Update) -> Message | CallbackQuery | None:
    """What somebody said or pressed; in groups a changed message is nobody's."""
    edited = update.edited_message
    if edited is not None and edited.chat.type == "private":
        return edited
    return update.message or update.callback_query


async def _visitor(db: Database, call: Call, user: User) -> Visitor:
    known = await db.read(people.known, user.id)
    language = user.language_code or "en"
    if known is not None and known.name == people.shown_name(user.full_name) and known.language == language:
        return known
    return await db.write(people.meet, call, user.id, user.full_name, user.username, language)
