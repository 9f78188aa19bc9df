"""What keeps a workspace running or stops it: pause by hand (R21), removals asked for (R10)."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import addons, closing, pausing, workspaces
from billing.addons import Changed, Kept, Quote
from billing.errors import GoneError, OverLimitError, TooLongError
from billing.workspaces import Request, WorkspaceCard
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.units import over_lines
from handlers.partner.workspaces import card_screen, current_card, sample, workspace_number
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.running")
    router.message.register(on_pause_command, Command("pause", "resume"))
    router.callback_query.register(on_pause, buttons.Pause.filter())
    router.message.register(on_note_typed, Answers(Ask.pause_note))
    router.callback_query.register(opens(_set_pause), buttons.SetPause.filter())
    router.callback_query.register(opens(_reopen), buttons.Reopen.filter())
    router.callback_query.register(opens(_requests), buttons.Requests.filter())
    router.callback_query.register(opens(_answer), buttons.AnswerRequest.filter())
    return router


async def on_pause_command(
    message: Message, command: CommandObject, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """/pause ID [note], /resume ID"""
    first, _, note = (command.args or "").strip().partition(" ")
    paused = command.command == "pause"
    try:
        screen = await _paused(services, speaker, workspace_number(first), note, paused=paused)
    except GoneError:
        screen = await _pause_usage(services, speaker)
    await show(bot, message, screen)


async def _pause_usage(services: Services, speaker: Speaker) -> Screen:
    t = speaker.t
    number, name = await sample(services, speaker)
    return Screen.of(
        t("Stops a workspace, or lets it run again."),
        t("<code>/pause {number} unpaid invoice</code> stops {name}.", number=number, name=h(name)),
        t("<code>/resume {number}</code> lets it run.", number=number),
        rows=[[button(t("Workspaces"), buttons.Workspaces())], [button(t("‹ Desk"), buttons.Desk())]],
    )


async def on_pause(
    query: CallbackQuery,
    callback_data: buttons.Pause,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await current_card(services, speaker, callback_data.id)
    await ask(services, speaker, state, Ask.pause_note, workspace_id=card.id)
    await show(bot, query, _note_question(speaker.t, card))


def _note_question(t: Tongue, card: WorkspaceCard, said: str | None = None) -> Screen:
    return question_screen(
        t,
        t("<b>{name}</b>: pause?", name=h(card.name)),
        t("Its bots stop until you let it run again. Nothing of the customer's is deleted."),
        t("Type why; the customer reads it."),
        back=buttons.WorkspaceCard(id=card.id),
        why=said,
        choices=[[button(t("Pause without a note"), buttons.SetPause(id=card.id, paused=True), "danger")]],
    )


async def on_note_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    workspace_id = (await state.get_data())["workspace_id"]
    try:
        screen = await _paused(services, speaker, workspace_id, typed, paused=True)
    except TooLongError as error:
        card = await current_card(services, speaker, workspace_id)
        screen = _note_question(speaker.t, card, why(error, speaker.t))
    else:
        await state.clear()
    await show(bot, message, screen)


async def _reopen(services: Services, speaker: Speaker, tap: buttons.Reopen) -> Screen:
    await services.db.write(closing.reopen_from_desk, speaker.call, tap.id)
    services.wake()
    return await card_screen(services, speaker, tap.id, speaker.t("Open again. They have been told."))


async def _set_pause(services: Services, speaker: Speaker, tap: buttons.SetPause) -> Screen:
    return await _paused(services, speaker, tap.id, "", paused=tap.paused)


async def _paused(
    services: Services, speaker: Speaker, workspace_id: int, note: str, *, paused: bool
) -> Screen:
    await services.db.write(pausing.set_manual_pause, speaker.call, workspace_id, paused=paused, note=note)
    services.wake()
    return await card_screen(services, speaker, workspace_id)


async def _requests(services: Services, speaker: Speaker, _: buttons.Requests) -> Screen:
    waiting = await services.db.read(workspaces.requests, speaker.person_id)
    return requests_view(speaker.t, waiting)


def requests_view(t: Tongue, waiting: list[Request], news: str | None = None) -> Screen:
    """Removals that customers asked for, oldest first."""
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{t('Removal requests')}</b>",
        *[
            t(
                "{place}. {name}: {addon} down to {units}, asked on {day}",
                place=place,
                name=h(each.workspace),
                addon=h(each.addon),
                units=t.number(each.units),
                day=t.day(each.asked_on),
            )
            for place, each in enumerate(waiting[:_SHOWN], start=1)
        ],
        t("Approved ones count from the day they were asked.") if waiting else t("None wait."),
        rows=[
            *[
                [
                    button(
                        t("{place}. Approve", place=place),
                        buttons.AnswerRequest(id=each.workspace_id, addon_id=each.addon_id, approve=True),
                    ),
                    button(
                        t("{place}. Decline", place=place),
                        buttons.AnswerRequest(id=each.workspace_id, addon_id=each.addon_id, approve=False),
                    ),
                ]
                for place, each in enumerate(waiting[:_SHOWN], start=1)
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


_SHOWN = 10


async def _answer(services: Services, speaker: Speaker, tap: buttons.AnswerRequest) -> Screen:
    t = speaker.t
    try:
        answered = await services.db.write(
            addons.answer_request,
            speaker.call,
            tap.id,
            tap.addon_id,
            approve=tap.approve,
            accept_over=tap.over,
        )
    except OverLimitError as error:
        return approve_over_view(t, error.quote, tap)
    except GoneError:
        said = t("That request is answered already.")
    else:
        services.wake()
        said = _answered(t, answered)
        if isinstance(answered, Changed) and answered.number is not None:
            undo = buttons.UndoUnits(id=tap.id, addon_id=tap.addon_id, number=answered.number)
            screen = await card_screen(services, speaker, tap.id, said)
            return Screen(screen.text, ((button(t("Undo (10 min)"), undo),), *screen.rows))
    return await card_screen(services, speaker, tap.id, said)


def _answered(t: Tongue, answered: Changed | Kept) -> str:
    if isinstance(answered, Changed):
        return t(
            "{addon}: {before} → {units}. {points} points went back, counted from the day it was asked.",
            addon=h(answered.label),
            before=t.number(answered.units_before),
            units=t.number(answered.units),
            points=t.points(-answered.amount),
        )
    if answered.ended:
        return t(
            "Declined, but the renewal date came first: {addon} is down to {units}. The customer is told.",
            addon=h(answered.label),
            units=t.number(answered.units),
        )
    return t("Declined. The customer keeps it and is told.")


def approve_over_view(t: Tongue, quote: Quote, tap: buttons.AnswerRequest) -> Screen:
    """The second tap of a removal that pauses the workspace (R23)."""
    return Screen.of(
        f"<b>{t('This pauses {workspace}', workspace=h(quote.workspace))}</b>",
        *over_lines(t, quote),
        rows=[
            [button(t("Approve all the same"), tap.model_copy(update={"over": True}), "danger")],
            [button(t("Decline"), buttons.AnswerRequest(id=tap.id, addon_id=tap.addon_id, approve=False))],
            [button(t("‹ {name}", name=quote.workspace), buttons.WorkspaceCard(id=tap.id))],
        ],
    )
