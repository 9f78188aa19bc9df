"""When a workspace renews and where its days begin (R4): by the partner, the date with its effect shown first."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import dating
from billing.cycle import UnknownZoneError, local_date, zone_named
from billing.dating import Redating
from billing.errors import BadValueError, GoneError
from billing.workspaces import WorkspaceCard
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.typed import day, zones
from handlers.partner.workspaces import card_screen, current_card
from handlers.partner.wrong import why
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.dating")
    router.callback_query.register(opens(_dates), buttons.Dates.filter())
    router.callback_query.register(on_type_renewal, buttons.TypeRenewal.filter())
    router.message.register(on_renewal_typed, Answers(Ask.renewal_date))
    router.callback_query.register(opens(_set_renewal), buttons.SetRenewal.filter())
    router.callback_query.register(on_type_zone, buttons.TypeZone.filter())
    router.message.register(on_zone_typed, Answers(Ask.zone))
    router.callback_query.register(opens(_set_zone), buttons.SetZone.filter(), flags=KEEPS_QUESTION)
    return router


async def _dates(services: Services, speaker: Speaker, tap: buttons.Dates) -> Screen:
    card = await current_card(services, speaker, tap.id)
    return dates_view(speaker.t, card, services.clock.now())


def dates_view(t: Tongue, card: WorkspaceCard, now: dt.datetime) -> Screen:
    """The renewal date and the zone as they are, and the ways to change them."""
    today = local_date(now, zone_named(card.zone))
    return Screen.of(
        f"<b>{h(card.name)}</b> · {t('renewal date')}",
        t("Renews on {day}, in the time of {zone}.", day=t.near_day(card.renewal, today), zone=h(card.zone)),
        t("From that day on in the time of {zone}.", zone=h(card.next_zone)) if card.next_zone else None,
        rows=[
            [button(t("Other renewal date"), buttons.TypeRenewal(id=card.id))],
            [button(t("Other time zone"), buttons.TypeZone(id=card.id))],
            [button(t("‹ Workspace"), buttons.WorkspaceCard(id=card.id))],
        ],
    )


async def on_type_renewal(
    query: CallbackQuery,
    callback_data: buttons.TypeRenewal,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await current_card(services, speaker, callback_data.id)
    await ask(services, speaker, state, Ask.renewal_date, workspace_id=card.id)
    await show(bot, query, _renewal_question(speaker.t, card))


def _renewal_question(t: Tongue, card: WorkspaceCard, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{h(card.name)}</b>",
        t("From which day does it renew each month? Type a date: <i>15 Dec</i>"),
        t("What it does is shown before anything changes."),
        back=buttons.Dates(id=card.id),
        why=said,
    )


async def on_renewal_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    workspace_id = (await state.get_data())["workspace_id"]
    card = await current_card(services, speaker, workspace_id)
    now = services.clock.now()
    today = local_date(now, zone_named(card.zone))
    try:
        anchor = day(typed, speaker.t, today)
        planned = await services.db.read(
            dating.preview_renewal_date, speaker.person_id, workspace_id, anchor, now
        )
    except BadValueError as error:
        await show(bot, message, _renewal_question(speaker.t, card, why(error, speaker.t)))
        return
    await state.clear()
    await show(bot, message, redating_view(speaker.t, planned, anchor, today))


def redating_view(t: Tongue, planned: Redating, anchor: dt.date, today: dt.date) -> Screen:
    """What a new date does to the running cycle and to the one after it."""
    lines = [f"<b>{h(planned.workspace)}</b>"]
    if planned.renewal == planned.renewal_before:
        lines.append(t("Renews on {day}, as planned.", day=t.near_day(planned.renewal, today)))
    else:
        lines.append(
            t(
                "Renews on {day} instead of {before}.",
                day=t.near_day(planned.renewal, today),
                before=t.near_day(planned.renewal_before, today),
            )
        )
    if not planned.after.is_whole:
        lines.append(
            t(
                "Then a short cycle of {days}, at the same price for a day, and from {day} on each month.",
                days=t.n("{count} day", "{count} days", planned.after.days),
                day=t.near_day(planned.after.end, today),
            )
        )
    lines += [
        t("Goes back: {points} for {addon}.", points=t.points(amount), addon=h(label))
        for label, amount in planned.back
    ]
    return Screen.of(
        *lines,
        rows=[
            [
                button(
                    t("Set it"),
                    buttons.SetRenewal(id=planned.workspace_id, day=anchor.isoformat()),
                    "success",
                )
            ],
            [button(t("Other date"), buttons.TypeRenewal(id=planned.workspace_id))],
            [button(t("‹ Workspace"), buttons.WorkspaceCard(id=planned.workspace_id))],
        ],
    )


async def _set_renewal(services: Services, speaker: Speaker, tap: buttons.SetRenewal) -> Screen:
    try:
        anchor = dt.date.fromisoformat(tap.day)
    except ValueError:
        raise GoneError from None
    done = await services.db.write(dating.set_renewal_date, speaker.call, tap.id, anchor)
    services.wake()
    t = speaker.t
    today = speaker.call.at.date()
    news = t("Renews on {day} now. They have been told.", day=t.near_day(done.renewal, today))
    return await card_screen(services, speaker, tap.id, news)


async def on_type_zone(
    query: CallbackQuery,
    callback_data: buttons.TypeZone,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await current_card(services, speaker, callback_data.id)
    await ask(services, speaker, state, Ask.zone, workspace_id=card.id)
    await show(bot, query, _zone_question(speaker.t, card.id, card.name))


def _zone_question(
    t: Tongue, workspace_id: int, name: str, said: str | None = None, found: tuple[str, ...] = ()
) -> Screen:
    return question_screen(
        t,
        f"<b>{h(name)}</b>",
        t("Where is it? Type a zone's city: <i>Lisbon</i>, <i>Chicago</i>"),
        t("It counts from the next renewal on."),
        back=buttons.Dates(id=workspace_id),
        why=said,
        choices=[
            [button(zone.replace("_", " "), buttons.SetZone(id=workspace_id, zone=zone))] for zone in found
        ],
    )


async def on_zone_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    workspace_id = (await state.get_data())["workspace_id"]
    t = speaker.t
    card = await current_card(services, speaker, workspace_id)
    try:
        found = zones(typed)
    except UnknownZoneError as error:
        screen = _zone_question(t, card.id, card.name, why(error, t))
    else:
        if len(found) == 1:
            await state.clear()
            screen = await _zone_known(services, speaker, workspace_id, found[0])
        else:
            screen = _zone_question(t, card.id, card.name, t("Which of these?"), tuple(found))
    await show(bot, message, screen)


async def _set_zone(services: Services, speaker: Speaker, tap: buttons.SetZone) -> Screen:
    return await _zone_known(services, speaker, tap.id, tap.zone)


async def _zone_known(services: Services, speaker: Speaker, workspace_id: int, zone: str) -> Screen:
    await services.db.write(dating.set_zone, speaker.call, workspace_id, zone)
    card = await current_card(services, speaker, workspace_id)
    return dates_view(speaker.t, card, services.clock.now())
