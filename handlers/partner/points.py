"""Adding and taking points by hand (R31): by command, or workspace, amount, reason."""

from dataclasses import replace

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing import adjust
from billing.adjust import Adjusted
from billing.errors import BadValueError, BelowZeroError, GoneError
from billing.points import AmountFormatError
from billing.text import clean
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.typed import points as typed_points
from handlers.partner.workspaces import current_card, list_screen, sample, workspace_number
from handlers.partner.wrong import why
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.points")
    router.message.register(on_points, Command("points"))
    router.message.register(on_amount_typed, Answers(Ask.points))
    router.message.register(on_reason_typed, Answers(Ask.reason))
    router.callback_query.register(on_ask_points, buttons.Points.filter())
    router.callback_query.register(on_take, buttons.TakePoints.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(opens(_undo), buttons.UndoPoints.filter())
    router.callback_query.register(opens(_undo_into_debt), buttons.UndoIntoDebt.filter())
    return router


async def on_points(
    message: Message,
    command: CommandObject,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """/points ID ±N reason; with less than that it asks on, without anything it lists the workspaces."""
    await show(bot, message, await _command(services, speaker, state, command.args or ""))


async def _command(services: Services, speaker: Speaker, state: FSMContext, args: str) -> Screen:
    words = args.split(maxsplit=2)
    if not words:
        usage = await _usage(services, speaker, None)
        choose = await list_screen(services, speaker, buttons.Workspaces(purpose="points"))
        return Screen(f"{usage.text}\n\n{choose.text}", choose.rows)
    if len(words) == 1:
        return await _usage(services, speaker, None)
    try:
        amount = typed_points(words[1], speaker.t)
        number = workspace_number(words[0])
        await current_card(services, speaker, number)
    except AmountFormatError as error:
        return await _usage(services, speaker, why(error, speaker.t, "+50"))
    except GoneError:
        said = speaker.t("There is no workspace {typed} here.", typed=h(clean(words[0])))
        return await _usage(services, speaker, said)
    return await _adjust(services, speaker, state, number, amount, words[2] if len(words) > 2 else "")


async def _usage(services: Services, speaker: Speaker, said: str | None) -> Screen:
    number, name = await sample(services, speaker)
    return usage_view(speaker.t, number, name, said)


def usage_view(t: Tongue, number: int, name: str, said: str | None) -> Screen:
    """How /points is used, with a workspace of the reader's own."""
    return Screen.of(
        said,
        t("Adds or takes points."),
        t(
            "<code>/points {number} +50 welcome bonus</code> gives {name} 50 points.",
            number=number,
            name=h(name),
        ),
        t("<code>/points {number} -20 double credit</code> takes 20.", number=number),
        rows=[
            [button(t("Choose a workspace"), buttons.Workspaces(purpose="points"))],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


async def on_ask_points(
    query: CallbackQuery,
    callback_data: buttons.Points,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    await show(bot, query, await _ask_amount(services, speaker, state, callback_data.id))


async def _ask_amount(
    services: Services, speaker: Speaker, state: FSMContext, workspace_id: int, said: str | None = None
) -> Screen:
    card = await current_card(services, speaker, workspace_id)
    await ask(services, speaker, state, Ask.points, workspace_id=workspace_id)
    t = speaker.t
    return question_screen(
        t,
        f"<b>{h(card.name)}</b> · {t('{points} points', points=t.points(card.balance))}",
        t("How many points? <code>+50</code> adds, <code>-20</code> takes."),
        t("With the reason behind it: <code>+50 welcome bonus</code>"),
        back=buttons.WorkspaceCard(id=workspace_id),
        why=said,
    )


async def on_amount_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    workspace_id = (await state.get_data())["workspace_id"]
    amount_text, _, reason = typed.strip().partition(" ")
    try:
        amount = typed_points(amount_text, speaker.t)
    except AmountFormatError as error:
        screen = await _ask_amount(services, speaker, state, workspace_id, why(error, speaker.t, "+50"))
    else:
        screen = await _adjust(services, speaker, state, workspace_id, amount, reason)
    await show(bot, message, screen)


async def on_reason_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    screen = await _adjust(services, speaker, state, data["workspace_id"], data["amount"], typed)
    await show(bot, message, screen)


async def _adjust(
    services: Services,
    speaker: Speaker,
    state: FSMContext,
    workspace_id: int,
    amount: int,
    reason: str,
    *,
    debt: bool = False,
) -> Screen:
    """Adjust, or ask for what is missing: another amount, a reason, a second tap before a debt."""
    t = speaker.t
    try:
        done = await services.db.write(
            adjust.adjust, speaker.call, workspace_id, amount, reason, accept_debt=debt
        )
    except BadValueError as error:
        if error.field == "reason":
            return await _ask_reason(services, speaker, state, workspace_id, amount)
        if error.field == "length":
            return await _ask_reason(services, speaker, state, workspace_id, amount, why(error, t))
        return await _ask_amount(services, speaker, state, workspace_id, why(error, t))
    except BelowZeroError as error:
        card = await current_card(services, speaker, workspace_id)
        await ask(services, speaker, state, Ask.debt, reason=reason)
        return below_zero_view(t, workspace_id, card.name, error)
    await state.clear()
    services.wake()
    return adjusted_view(t, done)


async def _ask_reason(
    services: Services,
    speaker: Speaker,
    state: FSMContext,
    workspace_id: int,
    amount: int,
    said: str | None = None,
) -> Screen:
    card = await current_card(services, speaker, workspace_id)
    await ask(services, speaker, state, Ask.reason, workspace_id=workspace_id, amount=amount)
    t = speaker.t
    return question_screen(
        t,
        f"<b>{h(card.name)}</b> · {t('{points} points', points=t.points(amount, sign=True))}",
        said or t("A reason is missing. The customer reads it."),
        t("Type it now, or all at once next time:"),
        f"<code>/points {workspace_id} {t.points(amount, sign=True)} {t('welcome bonus')}</code>",
        back=buttons.WorkspaceCard(id=workspace_id),
    )


async def on_take(
    query: CallbackQuery,
    callback_data: buttons.TakePoints,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """The second tap. Its reason is kept with the question, so a tap on an old one finds nothing."""
    reason = (await state.get_data()).get("reason")
    if reason is None:
        raise GoneError
    tap = callback_data
    screen = await _adjust(services, speaker, state, tap.id, tap.amount, reason, debt=tap.debt)
    await show(bot, query, screen)


async def _undo(services: Services, speaker: Speaker, tap: buttons.UndoPoints) -> Screen:
    try:
        done = await services.db.write(adjust.undo, speaker.call, tap.id, tap.number)
    except BelowZeroError as error:
        card = await current_card(services, speaker, tap.id)
        return undo_below_zero_view(speaker.t, tap, card.name, error)
    services.wake()
    return _undone_view(speaker.t, done)


async def _undo_into_debt(services: Services, speaker: Speaker, tap: buttons.UndoIntoDebt) -> Screen:
    done = await services.db.write(adjust.undo, speaker.call, tap.id, tap.number, accept_debt=True)
    services.wake()
    return _undone_view(speaker.t, done)


def undo_below_zero_view(t: Tongue, tap: buttons.UndoPoints, name: str, error: BelowZeroError) -> Screen:
    """The question before an undo of points that are spent (R31)."""
    sure = buttons.UndoIntoDebt(id=tap.id, number=tap.number)
    return Screen.of(
        f"<b>{h(name)}</b>",
        _leaves_line(t, name, error),
        rows=[[_all_the_same(t, error, sure)], [button(t("Cancel"), buttons.WorkspaceCard(id=tap.id))]],
    )


def _leaves_line(t: Tongue, name: str, error: BelowZeroError) -> str:
    return t(
        "{name} has {balance}; taking {amount} leaves {left} and stops buying.",
        name=h(name),
        balance=t.points(error.balance),
        amount=t.points(-error.amount),
        left=t.points(error.balance + error.amount),
    )


def _all_the_same(t: Tongue, error: BelowZeroError, target: CallbackData) -> InlineKeyboardButton:
    return button(t("Take {amount} all the same", amount=t.points(-error.amount)), target, "danger")


def below_zero_view(t: Tongue, workspace_id: int, name: str, error: BelowZeroError) -> Screen:
    """The question before a debt (R31)."""
    sure = buttons.TakePoints(id=workspace_id, amount=error.amount, debt=True)
    return Screen.of(
        f"<b>{h(name)}</b>",
        _leaves_line(t, name, error),
        rows=[
            [
                button(
                    t("Take {amount}", amount=t.points(error.balance)),
                    buttons.TakePoints(id=workspace_id, amount=-error.balance, debt=False),
                )
            ]
            if error.balance > 0
            else None,
            [_all_the_same(t, error, sure)],
            [button(t("Cancel"), buttons.WorkspaceCard(id=workspace_id))],
        ],
    )


def _undone_view(t: Tongue, done: Adjusted) -> Screen:
    return adjusted_view(t, replace(done, note=t("taken back: {note}", note=done.note)))


def adjusted_view(t: Tongue, done: Adjusted) -> Screen:
    """What was done, who knows, and the way to take it back."""
    told = (
        t("They have been told.")
        if done.told
        else t("Nobody could be told yet: the workspace has no people.")
    )
    renewed = [
        t(
            "Renewed with it: {units} × {addon}, for {points} points.",
            units=t.number(units),
            addon=h(label),
            points=t.points(cost),
        )
        for label, units, cost in done.renewed
    ]
    bought = [
        t("Bought with it: {units} × {addon}.", units=t.number(each.units), addon=h(each.label))
        for each in done.bought
        if each.outcome == "bought"
    ]
    undo = button(t("Undo (10 min)"), buttons.UndoPoints(id=done.workspace_id, number=done.number))
    return Screen.of(
        t(
            "<b>{name}</b>: {points} points, {note}",
            name=h(done.workspace),
            points=t.points(done.amount, sign=True),
            note=h(done.note),
        ),
        f"{t.points(done.balance_before)} → {t.points(done.balance)}. {told}",
        *renewed,
        *bought,
        rows=[
            [
                *([undo] if done.undo_until is not None else []),
                button(t("Open {name}", name=done.workspace), buttons.WorkspaceCard(id=done.workspace_id)),
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )
