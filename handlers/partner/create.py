"""A new workspace: name, plan, time zone, renewal date; then the link for its owner at once."""

import datetime as dt
from typing import Any

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import workspaces
from billing.cycle import UnknownZoneError, local_date, zone_named
from billing.errors import BadValueError, GoneError
from billing.text import required
from billing.workspaces import WorkspaceCard
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.invites import invited_view, owner_link
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.typed import day, zones
from handlers.partner.wrong import why
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage.models import Plan

_ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
)
_BACK = buttons.Workspaces()


def router() -> Router:
    router = Router(name="partner.create")
    router.callback_query.register(on_new, buttons.NewWorkspace.filter())
    router.message.register(on_name, Answers(Ask.workspace_name))
    router.message.register(on_plan_typed, Answers(Ask.workspace_plan))
    router.callback_query.register(on_plan, buttons.NewPlan.filter(), flags=KEEPS_QUESTION)
    router.message.register(on_zone_typed, Answers(Ask.workspace_zone))
    router.callback_query.register(on_zone, buttons.NewZone.filter(), flags=KEEPS_QUESTION)
    router.message.register(on_day_typed, Answers(Ask.workspace_renewal))
    router.callback_query.register(on_day, buttons.NewRenewal.filter(), flags=KEEPS_QUESTION)
    return router


async def on_new(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    await ask(services, speaker, state, Ask.workspace_name)
    await show(bot, query, _name_question(speaker.t))


def _name_question(t: Tongue, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{t('New workspace')}</b>",
        t("What is it called? The customer's name, for example <i>Acme Support</i>."),
        back=_BACK,
        why=said,
    )


async def on_name(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    try:
        name = required(typed, "name")
    except BadValueError as error:
        await show(bot, message, _name_question(speaker.t, why(error, speaker.t)))
        return
    await ask(services, speaker, state, Ask.workspace_plan, name=name)
    await show(bot, message, await _plan_question(services, speaker, name))


async def on_plan_typed(
    message: Message, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    """Plans are chosen, not typed: the question again, with the way to another name."""
    name = (await state.get_data())["name"]
    said = speaker.t("The plan is one of the buttons below. Other name starts over.")
    await show(bot, message, await _plan_question(services, speaker, name, said))


async def _plan_question(services: Services, speaker: Speaker, name: str, said: str | None = None) -> Screen:
    plans = await services.db.read(workspaces.plans, speaker.person_id)
    return plan_question(speaker.t, name, plans, said)


def plan_question(
    t: Tongue, name: str, plans: list[tuple[Plan, dict[str, int]]], said: str | None = None
) -> Screen:
    """The plans with what they allow."""
    described = [
        t(
            "<b>{plan}</b>: Bots {bots} · Bot users {users} · Members {members}",
            plan=h(plan.name),
            bots=t.number(allowed.get("bots", 0)),
            users=t.number(allowed.get("bot_users", 0)),
            members=t.number(allowed.get("members", 0)),
        )
        for plan, allowed in plans
    ]
    return question_screen(
        t,
        f"<b>{h(name)}</b>",
        t("Which plan?"),
        "",
        *described,
        back=_BACK,
        why=said,
        choices=[
            *([button(plan.name, buttons.NewPlan(plan_id=plan.id))] for plan, _ in plans),
            [button(t("Other name"), buttons.NewWorkspace())],
        ],
    )


async def _known(state: FSMContext, *names: str) -> dict[str, Any]:
    """What was answered so far. Raises GoneError where the question is not pending any more."""
    data = await state.get_data()
    if not all(name in data for name in names):
        raise GoneError
    return data


async def on_plan(
    query: CallbackQuery,
    callback_data: buttons.NewPlan,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    data = await _known(state, "name")
    await ask(services, speaker, state, Ask.workspace_zone, name=data["name"], plan_id=callback_data.plan_id)
    await show(bot, query, zone_question(speaker.t, data["name"], _ZONES))


def zone_question(t: Tongue, name: str, zones: tuple[str, ...], said: str | None = None) -> Screen:
    """In which zone its days begin (R4, R5)."""
    found = [button(_city(zone), buttons.NewZone(zone=zone)) for zone in zones]
    return question_screen(
        t,
        f"<b>{h(name)}</b>",
        t(
            "Where is it? Its days begin there. Choose one, or type a zone's city:"
            " <i>Lisbon</i>, <i>Chicago</i>"
        ),
        back=_BACK,
        why=said,
        choices=[
            *(found[start : start + 3] for start in range(0, len(found), 3)),
            [button(t("Start over"), buttons.NewWorkspace())],
        ],
    )


def _city(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


async def on_zone_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await _known(state, "name", "plan_id")
    t = speaker.t
    try:
        found = zones(typed)
    except UnknownZoneError as error:
        screen = zone_question(t, data["name"], _ZONES, why(error, t))
    else:
        if len(found) == 1:
            screen = await _zone_known(services, speaker, state, data, found[0])
        else:
            screen = zone_question(t, data["name"], tuple(found), t("Which of these?"))
    await show(bot, message, screen)


async def on_zone(
    query: CallbackQuery,
    callback_data: buttons.NewZone,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    data = await _known(state, "name", "plan_id")
    await show(bot, query, await _zone_known(services, speaker, state, data, callback_data.zone))


async def _zone_known(
    services: Services, speaker: Speaker, state: FSMContext, data: dict[str, Any], zone: str
) -> Screen:
    zone = zone_named(zone).key
    await ask(
        services,
        speaker,
        state,
        Ask.workspace_renewal,
        name=data["name"],
        plan_id=data["plan_id"],
        zone=zone,
    )
    return renewal_question(speaker.t, data["name"], _today(services, zone))


def _today(services: Services, zone: str) -> dt.date:
    return local_date(services.clock.now(), zone_named(zone))


def renewal_question(t: Tongue, name: str, today: dt.date, said: str | None = None) -> Screen:
    """From which date its cycles count (R4)."""
    first = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return question_screen(
        t,
        f"<b>{h(name)}</b>",
        t("From which day does it renew each month? Choose one, or type a date: <i>15 Dec</i>"),
        back=_BACK,
        why=said,
        choices=[
            [
                button(
                    t("Today, {day}", day=t.near_day(today, today)),
                    buttons.NewRenewal(day=today.isoformat()),
                ),
                button(t.near_day(first, today), buttons.NewRenewal(day=first.isoformat())),
            ],
            [button(t("Start over"), buttons.NewWorkspace())],
        ],
    )


async def on_day_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await _known(state, "name", "plan_id", "zone")
    today = _today(services, data["zone"])
    try:
        screen = await _create(services, speaker, state, data, day(typed, speaker.t, today))
    except BadValueError as error:
        screen = renewal_question(speaker.t, data["name"], today, why(error, speaker.t))
    await show(bot, message, screen)


async def on_day(
    query: CallbackQuery,
    callback_data: buttons.NewRenewal,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    data = await _known(state, "name", "plan_id", "zone")
    try:
        renewal = dt.date.fromisoformat(callback_data.day)
    except ValueError:
        raise GoneError from None
    await show(bot, query, await _create(services, speaker, state, data, renewal))


async def _create(
    services: Services, speaker: Speaker, state: FSMContext, data: dict[str, Any], renewal: dt.date
) -> Screen:
    made = await services.db.write(
        workspaces.create, speaker.call, data["name"], data["plan_id"], data["zone"], renewal
    )
    link = await owner_link(services, speaker, made.id)
    await state.clear()
    services.wake()
    t = speaker.t
    card = await services.db.read(workspaces.card, speaker.person_id, made.id, services.clock.now())
    return invited_view(t, made.id, made.name, link, news=made_text(t, card, _today(services, made.zone)))


def made_text(t: Tongue, card: WorkspaceCard, today: dt.date) -> str:
    """All that was chosen, together."""
    lines = [
        t("<b>{name}</b> is set up: number {number}.", name=h(card.name), number=card.id),
        t("Plan  {plan}", plan=h(card.plan) if card.plan is not None else t("none")),
        t("Zone  {zone}", zone=h(card.zone)),
        t("Renews  {day}", day=t.near_day(card.renewal, today)),
    ]
    return "\n".join(lines)
