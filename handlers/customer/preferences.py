"""Language and notices: what one is told, and when not (R36). For customers and the partner's people alike."""

import re

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing import preferences
from billing.notices import Topic
from billing.preferences import Preferences
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import menu
from handlers.customer.prompts import Ask
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, languages, tongue

_USUAL = ((22, 8), (21, 9))
_HOURS = re.compile(r"\s*(\d{1,2})(?:[:.]00)?\s*(?:-|–|—|to|\s)\s*(\d{1,2})(?:[:.]00)?\s*")


def router() -> Router:
    router = Router(name="customer.preferences")
    router.message.register(on_command, Command("notices"))
    router.message.register(on_quiet_typed, Answers(Ask.quiet), flags=KEEPS_QUESTION)
    router.callback_query.register(on_preferences, buttons.Preferences.filter())
    router.callback_query.register(on_set_topic, buttons.SetTopic.filter())
    router.callback_query.register(on_set_quiet, buttons.SetQuiet.filter())
    router.callback_query.register(on_ask_quiet, buttons.AskQuiet.filter(), flags=KEEPS_QUESTION)
    return router


async def on_command(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/notices"""
    await show(bot, message, await preferences_screen(services, speaker))


async def on_preferences(query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker) -> None:
    await show(bot, query, await preferences_screen(services, speaker))


async def on_set_topic(
    query: CallbackQuery, callback_data: buttons.SetTopic, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await services.db.write(preferences.set_topic, speaker.call, callback_data.topic, on=callback_data.on)
    await show(bot, query, await preferences_screen(services, speaker))


async def on_set_quiet(
    query: CallbackQuery, callback_data: buttons.SetQuiet, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await services.db.write(preferences.set_quiet, speaker.call, callback_data.start, callback_data.end)
    await show(bot, query, await preferences_screen(services, speaker))


async def on_ask_quiet(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    await services.db.read(preferences.preferences, speaker.person_id)
    await state.set_state(Ask.quiet)
    await show(bot, query, ask_quiet_view(speaker.t))


async def on_quiet_typed(
    message: Message, bot: Bot, services: Services, speaker: Speaker, state: FSMContext, typed: str
) -> None:
    """Takes two hours, or says what is missing and keeps asking."""
    hours = typed_hours(typed)
    if hours is None:
        await show(bot, message, ask_quiet_view(speaker.t, wrong=True))
        return
    await state.clear()
    await services.db.write(preferences.set_quiet, speaker.call, *hours)
    await show(bot, message, await preferences_screen(services, speaker))


async def preferences_screen(services: Services, speaker: Speaker) -> Screen:
    """Language and notices of whoever asks. Raises StrangerError."""
    found = await services.db.read(preferences.preferences, speaker.person_id)
    return preferences_view(speaker.t, found)


def typed_hours(text: str) -> tuple[int, int] | None:
    """Two hours of the day as people write them: "22-8", "22:00 to 8:00"; None for anything else."""
    found = _HOURS.fullmatch(text)
    if found is None:
        return None
    start, end = (int(hour) % 24 if int(hour) <= 24 else -1 for hour in found.groups())
    return (start, end) if start >= 0 and end >= 0 and start != end else None


def preferences_view(t: Tongue, found: Preferences) -> Screen:
    """What is told and when; a button a topic, and the quiet hours."""
    return Screen.of(
        f"<b>{t('Language and notices')}</b>",
        *_language_lines(t),
        "",
        t("Money and pauses: always, at any hour, to every owner and billing person."),
        t("You look on, so nothing else is sent to you.") if not (found.pays or found.desk) else None,
        _quiet_line(t, found.quiet),
        rows=[
            *([_topic_button(t, topic, on=on)] for topic, on in found.topics),
            [
                *(_quiet_button(t, hours, chosen=found.quiet == hours) for hours in _USUAL),
                button(
                    _marked(t("No quiet hours"), chosen=found.quiet is None), buttons.SetQuiet(start=0, end=0)
                ),
            ],
            [button(t("Other quiet hours"), buttons.AskQuiet())],
            [menu(t)],
        ],
    )


def ask_quiet_view(t: Tongue, *, wrong: bool = False) -> Screen:
    return Screen.of(
        f"<b>{t('Quiet hours')}</b>",
        t("That isn't two different hours of the day.") if wrong else None,
        t("From which hour to which? Send both, such as 23-7."),
        rows=[[button(t("Cancel"), buttons.Preferences()), menu(t)]],
    )


def _language_lines(t: Tongue) -> list[str]:
    """The language is the one of the reader's Telegram, where the bot speaks it."""
    spoken = [name(code) for code in languages()]
    current = t("Language  {language}", language=name(t.code))
    if len(spoken) == 1:
        return [current, t("It is the only one so far. Numbers and dates follow your Telegram's language.")]
    return [current, t("It follows your Telegram's. Spoken here: {languages}.", languages=", ".join(spoken))]


def name(code: str) -> str:
    """A language in its own words."""
    locale = tongue(code).locale
    return (locale.get_language_name(locale) or code).capitalize()


def _quiet_line(t: Tongue, quiet: tuple[int, int] | None) -> str:
    if quiet is None:
        return t("Quiet hours  none")
    return t(
        "Quiet hours  {start} to {end} by the workspace's clock. What isn't about money or pauses waits.",
        start=f"{quiet[0]}:00",
        end=f"{quiet[1]}:00",
    )


def _quiet_button(t: Tongue, hours: tuple[int, int], *, chosen: bool) -> InlineKeyboardButton:
    start, end = hours
    text = f"{t.number(start)}\u2013{t.number(end)}"
    return button(_marked(text, chosen=chosen), buttons.SetQuiet(start=start, end=end))


def _topic_button(t: Tongue, topic: Topic, *, on: bool) -> InlineKeyboardButton:
    text = f"{'✓' if on else '○'} {_topic_name(t, topic)}"
    return button(text, buttons.SetTopic(topic=topic.value, on=not on))


def _topic_name(t: Tongue, topic: Topic) -> str:
    match topic:
        case Topic.COVERED:
            return t("Renewals that your points cover")
        case Topic.USAGE:
            return t("Limits that are nearly full")
        case Topic.PEOPLE:
            return t("Who joins")
        case Topic.REQUESTS:
            return t("Customers' requests to remove")
        case Topic.PAYMENTS:
            return t("Customers' payments")
        case _:
            return t("Customers' pauses, lapses and owners")


def _marked(text: str, *, chosen: bool) -> str:
    return f"{text} ✓" if chosen else text
