"""How it works and what is kept: for everybody who writes."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing.errors import GoneError
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.paysupport import support_screen
from handlers.customer.phrases import menu
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage import catalogue

_PAGES = ("help", "privacy", "paysupport")


def router() -> Router:
    router = Router(name="customer.about")
    router.message.register(on_help, Command("help"))
    router.message.register(on_privacy, Command("privacy"))
    router.callback_query.register(on_about, buttons.About.filter())
    return router


async def on_help(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/help"""
    await show(bot, message, await _page(services, speaker, "help"))


async def on_privacy(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/privacy"""
    await show(bot, message, await _page(services, speaker, "privacy"))


async def on_about(
    query: CallbackQuery, callback_data: buttons.About, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await _page(services, speaker, callback_data.page))


async def _page(services: Services, speaker: Speaker, page: str) -> Screen:
    partner = await services.db.read(catalogue.first_partner)
    name = partner.name if partner is not None else ""
    match page:
        case "help":
            return help_view(speaker.t)
        case "privacy":
            return privacy_view(speaker.t, name)
        case "paysupport":
            return await support_screen(services, speaker)
        case _:
            raise GoneError


def help_view(t: Tongue) -> Screen:
    """All of it in eight lines."""
    return Screen.of(
        f"<b>{t('How this works')}</b>",
        t("1. You buy points. They belong to your workspace and never expire."),
        t("2. Points buy add-ons: more bots, members, bot users."),
        t("3. An add-on bought in mid-month costs only the days that are left, today counted."),
        t("4. Removed, the unused days come back as points at once."),
        t("5. On the renewal date active add-ons are paid for the next month, as far as the points go."),
        t("6. Above a limit the workspace pauses; nothing of yours is deleted."),
        t("7. Nothing is charged before you have seen the sum. Undo works for ten minutes."),
        t("8. Every point that came or went stands in the history."),
        rows=_rows(t, "help"),
    )


def privacy_view(t: Tongue, partner: str) -> Screen:
    """What is kept of a person, and whom to ask about it."""
    return Screen.of(
        f"<b>{t('What is kept about you')}</b>",
        t("• Your Telegram id, name, username and language, to know and answer you."),
        t("• Your roles in workspaces, and since when."),
        t("• What you bought, removed and changed, with the time: the books need it."),
        t("• What this bot sent you, while it is being delivered."),
        t("Cards are typed on Stripe's page. This bot never sees them."),
        t("{partner} runs this bot: ask there to see or erase what is kept of you.", partner=h(partner)),
        rows=_rows(t, "privacy"),
    )


def _rows(t: Tongue, shown: str) -> list[list[InlineKeyboardButton]]:
    names = {
        "help": t("How this works"),
        "privacy": t("What is kept"),
        "paysupport": t("Help with a payment"),
    }
    others = [button(names[page], buttons.About(page=page)) for page in _PAGES if page != shown]
    return [others, [menu(t)]]
