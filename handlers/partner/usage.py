"""What a workspace uses, typed by the partner: /usage and the same by menu (R20)."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import usage
from billing.errors import BadValueError, GoneError
from billing.points import AmountFormatError
from billing.standing import LimitStanding
from billing.text import clean
from billing.workspaces import WorkspaceCard
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.typed import count
from handlers.partner.workspaces import current_card, sample, workspace_number
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.usage")
    router.message.register(on_usage_command, Command("usage"))
    router.callback_query.register(opens(_usage), buttons.Usage.filter())
    router.callback_query.register(on_usage_of, buttons.UsageOf.filter())
    router.message.register(on_usage_typed, Answers(Ask.usage))
    return router


async def on_usage_command(
    message: Message, command: CommandObject, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """/usage ID [limit number]"""
    await show(bot, message, await _by_command(services, speaker, clean(command.args or "", 200)))


async def _by_command(services: Services, speaker: Speaker, typed: str) -> Screen:
    t = speaker.t
    number, _, rest = typed.partition(" ")
    try:
        card = await current_card(services, speaker, workspace_number(number))
    except GoneError:
        return await _how(services, speaker)
    if not rest:
        return usage_view(t, card)
    named, _, value = rest.strip().rpartition(" ")
    limit = _limit(card, named)
    if limit is None:
        known = ", ".join(f"<code>{h(each.code)}</code>" for each in card.standing.limits if each.counted)
        return usage_view(t, card, t("Name one of its limits: {known}.", known=known))
    try:
        used = count(value, t)
        await services.db.write(usage.report_by_hand, speaker.call, card.id, limit.code, used)
    except (AmountFormatError, BadValueError) as error:
        return usage_view(t, card, why(error, t, "12"))
    services.wake()
    return usage_view(t, await current_card(services, speaker, card.id), _taken(t, limit, used))


def _limit(card: WorkspaceCard, named: str) -> LimitStanding | None:
    """By its code, its label or the beginning of either, where that is one alone."""
    wanted = named.casefold()
    counted = [each for each in card.standing.limits if each.counted]
    for each in counted:
        if wanted in {each.code.casefold(), each.label.casefold()}:
            return each
    begun = [
        each
        for each in counted
        if wanted and (each.code.casefold().startswith(wanted) or each.label.casefold().startswith(wanted))
    ]
    return begun[0] if len(begun) == 1 else None


def _taken(t: Tongue, limit: LimitStanding, used: int) -> str:
    return t("Noted: {label} {used}.", label=h(limit.label), used=t.number(used))


async def _how(services: Services, speaker: Speaker) -> Screen:
    t = speaker.t
    number, name = await sample(services, speaker)
    return Screen.of(
        t("Notes what a workspace uses, for platforms that don't report by themselves."),
        t("<code>/usage {number} bots 2</code> says that {name} uses 2 bots.", number=number, name=h(name)),
        t("<code>/usage {number}</code> shows its limits.", number=number),
        rows=[[button(t("Workspaces"), buttons.Workspaces())], [button(t("‹ Desk"), buttons.Desk())]],
    )


async def _usage(services: Services, speaker: Speaker, tap: buttons.Usage) -> Screen:
    return usage_view(speaker.t, await current_card(services, speaker, tap.id))


def usage_view(t: Tongue, card: WorkspaceCard, news: str | None = None) -> Screen:
    """Which limit to report."""
    rows = [
        [
            button(
                t(
                    "{label}: {used} of {allowed}",
                    label=each.label,
                    used=t.number(each.used) if each.used is not None else "?",
                    allowed=t.number(each.allowance),
                ),
                buttons.UsageOf(id=card.id, code=each.code),
            )
        ]
        for each in card.standing.limits
        if each.counted
    ]
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{h(card.name)}</b> · {t('usage by hand')}",
        t("❚❚ Paused: over a limit.") if card.standing.over else None,
        t("For platforms that don't report by themselves. Which one?"),
        rows=[*rows, [button(t("‹ {name}", name=card.name), buttons.WorkspaceCard(id=card.id))]],
    )


async def on_usage_of(
    query: CallbackQuery,
    callback_data: buttons.UsageOf,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    tap = callback_data
    card = await current_card(services, speaker, tap.id)
    await ask(services, speaker, state, Ask.usage, workspace_id=tap.id, code=tap.code)
    await show(bot, query, _used_question(speaker.t, card, tap.code))


def _used_question(t: Tongue, card: WorkspaceCard, code: str, said: str | None = None) -> Screen:
    limit = next((each for each in card.standing.limits if each.code == code), None)
    if limit is None:
        raise GoneError
    return question_screen(
        t,
        f"<b>{h(card.name)}</b> · {h(limit.label)}",
        t(
            "How many does it use now? Type a number, for example <code>{number}</code>.",
            number=t.number(limit.allowance),
        ),
        back=buttons.Usage(id=card.id),
        why=said,
    )


async def on_usage_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    workspace_id, code = data["workspace_id"], data["code"]
    try:
        used = count(typed, speaker.t)
        await services.db.write(usage.report_by_hand, speaker.call, workspace_id, code, used)
    except (AmountFormatError, BadValueError) as error:
        card = await current_card(services, speaker, workspace_id)
        screen = _used_question(speaker.t, card, code, why(error, speaker.t, "12"))
    else:
        await state.clear()
        services.wake()
        screen = usage_view(speaker.t, await current_card(services, speaker, workspace_id))
    await show(bot, message, screen)
