"""People at their phones: they write, and tap what they can read."""

import itertools
from typing import TYPE_CHECKING

from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message, Update, User

from .telegram import Answer, Shown

if TYPE_CHECKING:
    from .world import World

_updates = itertools.count(1)


class Person:
    """Somebody with a private chat with the bot."""

    def __init__(self, world: "World", telegram_id: int, name: str, language: str = "en") -> None:
        self._world = world
        self._telegram = world.telegram
        self.id = telegram_id
        self.name = name
        self.language = language
        self._tap: str | None = None
        self._telegram.open_room(telegram_id)

    async def sends(self, text: str, *, in_group: int | None = None) -> None:
        """Write to the bot, in private or in a group."""
        self._tap = None
        chat_id = self.id if in_group is None else in_group
        if in_group is not None:
            self._telegram.open_room(in_group, "supergroup")
        message = Message(
            message_id=self._telegram.next_message_id(),
            date=self._world.clock.now(),
            chat=self._telegram.chat(chat_id),
            from_user=self._user(),
            text=text,
        )
        await self._world.feed(Update(update_id=next(_updates), message=message))

    async def opens(self, link: str) -> None:
        """Follow a t.me link to the bot and press Start."""
        await self.sends(f"/start {link.partition('start=')[2]}")

    async def taps(self, text: str, *, on: Shown | None = None) -> None:
        """Press the button that reads so (a part will do), on the newest screen or on one kept from before."""
        shown = on or self.shown
        button = shown.button(text)
        assert button.callback_data is not None, f"{text!r} can't be pressed: {button!r}"
        await self.presses(button.callback_data, on=shown)

    async def presses(self, data: str | CallbackData, *, on: Shown | None = None) -> None:
        """Press a button with this data, whether it was ever shown or not."""
        self._tap = f"tap-{next(_updates)}"
        query = CallbackQuery(
            id=self._tap,
            from_user=self._user(),
            chat_instance="1",
            message=(on or self.shown).message,
            data=data if isinstance(data, str) else data.pack(),
        )
        await self._world.feed(Update(update_id=next(_updates), callback_query=query))
        assert self._tap in self._telegram.answers, "the tap was left spinning"

    @property
    def shown(self) -> Shown:
        """The message that was sent or changed last; keep it to press its buttons later."""
        return self._telegram.last_shown(self.id)

    @property
    def screen(self) -> str:
        """What stands there: text, then rows of [ buttons ]."""
        return str(self.shown)

    @property
    def screens(self) -> list[str]:
        """All messages as they stand now, oldest first."""
        return self._telegram.all_shown(self.id)

    @property
    def html(self) -> str:
        return self.shown.html

    @property
    def buttons(self) -> list[str]:
        return [button.text for button in self.shown.buttons]

    def button(self, text: str) -> InlineKeyboardButton:
        return self.shown.button(text)

    def url(self, text: str) -> str:
        """Where a link button leads."""
        address = self.shown.button(text).url
        assert address is not None, f"{text!r} is no link"
        return address

    @property
    def answer(self) -> Answer | None:
        return self._telegram.answers.get(self._tap) if self._tap is not None else None

    @property
    def toast(self) -> str:
        """What popped up on the last tap; empty where nothing did."""
        return self.answer.text if self.answer is not None else ""

    @property
    def messages(self) -> int:
        """How many messages the bot has sent so far."""
        return self._telegram.count(self.id)

    def _user(self) -> User:
        return User(id=self.id, is_bot=False, first_name=self.name, language_code=self.language)
