"""The list of workspaces, the search in it, and one workspace's card."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import workspaces
from billing.errors import GoneError
from billing.text import clean
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import Ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.workspace_view import card_view, list_view
from handlers.questions import Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import h


def router() -> Router:
    router = Router(name="partner.workspaces")
    router.message.register(on_workspaces, Command("workspaces"))
    router.message.register(on_ws, Command("ws"))
    router.message.register(on_search_typed, Answers(Ask.search))
    router.callback_query.register(opens(list_screen), buttons.Workspaces.filter())
    router.callback_query.register(on_search, buttons.SearchWorkspaces.filter())
    router.callback_query.register(opens(_card), buttons.WorkspaceCard.filter())
    return router


async def list_screen(services: Services, speaker: Speaker, wanted: buttons.Workspaces) -> Screen:
    """A page of workspaces, chosen for what the button says."""
    page = await services.db.read(workspaces.page, speaker.person_id, wanted.text, wanted.page)
    return list_view(speaker.t, page, wanted.purpose)


async def card_screen(
    services: Services, speaker: Speaker, workspace_id: int, news: str | None = None
) -> Screen:
    """One workspace as of now; `news` stands above it. Raises GoneError."""
    return card_view(
        speaker.t, await current_card(services, speaker, workspace_id), services.clock.now(), news
    )


async def current_card(services: Services, speaker: Speaker, workspace_id: int) -> workspaces.WorkspaceCard:
    """The card with every cycle worked off that is due (R14). Raises GoneError."""
    card = await services.db.read(workspaces.card, speaker.person_id, workspace_id, services.clock.now())
    if not card.due:
        return card
    await services.db.write(workspaces.catch_up, speaker.call.part("due"), workspace_id)
    services.wake()
    return await services.db.read(workspaces.card, speaker.person_id, workspace_id, services.clock.now())


async def _card(services: Services, speaker: Speaker, tap: buttons.WorkspaceCard) -> Screen:
    return await card_screen(services, speaker, tap.id)


async def on_workspaces(
    message: Message, command: CommandObject, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """/workspaces [text]"""
    wanted = buttons.Workspaces(text=search_text(command.args or ""))
    await show(bot, message, await list_screen(services, speaker, wanted))


async def on_ws(
    message: Message, command: CommandObject, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """/ws ID"""
    try:
        screen = await card_screen(services, speaker, workspace_number(command.args or ""))
    except GoneError:
        screen = await _ws_usage(services, speaker, command.args or "")
    await show(bot, message, screen)


async def _ws_usage(services: Services, speaker: Speaker, typed: str) -> Screen:
    t = speaker.t
    number, name = await sample(services, speaker)
    return Screen.of(
        t("There is no workspace {typed} here.", typed=h(clean(typed))) if typed else None,
        t("Shows one workspace by its number."),
        t("<code>/ws {number}</code> shows {name}.", number=number, name=h(name)),
        rows=[[button(t("Workspaces"), buttons.Workspaces())], [button(t("‹ Desk"), buttons.Desk())]],
    )


async def sample(services: Services, speaker: Speaker) -> tuple[int, str]:
    """A workspace of the partner's own for examples: number and name; made up while there is none."""
    page = await services.db.read(workspaces.page, speaker.person_id, "", 0)
    return (page.rows[0].id, page.rows[0].name) if page.rows else (17, "Acme Support")


def workspace_number(text: str) -> int:
    """The number of a workspace as it is typed. Raises GoneError for what is none."""
    bare = text.strip().removeprefix("#")
    if not bare.isdecimal() or len(bare) > 18:
        raise GoneError
    return int(bare)


def search_text(text: str) -> str:
    """A search short enough for a button."""
    plain = clean(text).replace("|", " ")
    return plain.encode()[: buttons.SEARCH_BYTES].decode(errors="ignore").strip()


async def on_search(
    query: CallbackQuery,
    callback_data: buttons.SearchWorkspaces,
    bot: Bot,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """Searching is looking: everybody at the desk may."""
    await state.set_state(Ask.search)
    await state.set_data({"purpose": callback_data.purpose})
    t = speaker.t
    screen = question_screen(
        t,
        f"<b>{t('Search')}</b>",
        t("Type a part of the workspace's name, or its number."),
        back=buttons.Workspaces(purpose=callback_data.purpose),
    )
    await show(bot, query, screen)


async def on_search_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    purpose = (await state.get_data())["purpose"]
    wanted = buttons.Workspaces(purpose=purpose, text=search_text(typed))
    await state.clear()
    await show(bot, message, await list_screen(services, speaker, wanted))
