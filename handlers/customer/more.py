"""What a workspace's first screen has no room for, and closing it (R37)."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from billing import closing, home
from billing.access import Role
from billing.closing import Closing
from billing.cycle import local_date, zone_named
from billing.home import Home
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import menu, points, units_of
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="customer.more")
    router.callback_query.register(on_more, buttons.More.filter())
    router.callback_query.register(on_closing, buttons.Closing.filter())
    router.callback_query.register(on_set_closed, buttons.SetClosed.filter())
    return router


async def on_more(
    query: CallbackQuery, callback_data: buttons.More, bot: Bot, services: Services, speaker: Speaker
) -> None:
    now = speaker.call.at
    facts = await services.db.read(home.home, speaker.person_id, callback_data.workspace, now)
    await show(bot, query, more_view(speaker.t, facts))


def more_view(t: Tongue, facts: Home) -> Screen:
    """A button for each; closing only for who can."""
    ws = facts.workspace_id
    owner = facts.role is Role.OWNER
    closes = t("Open it again") if facts.closed else t("Close workspace")
    return Screen.of(
        f"<b>{h(facts.workspace)}</b>",
        t("What do you want to see?"),
        rows=[
            [
                button(t("People with access"), buttons.People(workspace=ws)),
                button(t("Language and notices"), buttons.Preferences()),
            ],
            [
                button(t("How this works"), buttons.About(page="help")),
                button(t("Help with a payment"), buttons.About(page="paysupport")),
            ],
            [button(t("What is kept about you"), buttons.About(page="privacy"))],
            [button(closes, buttons.Closing(workspace=ws))] if owner else None,
            [menu(t)],
        ],
    )


async def on_closing(
    query: CallbackQuery, callback_data: buttons.Closing, bot: Bot, services: Services, speaker: Speaker
) -> None:
    facts = await services.db.read(
        closing.closing, speaker.person_id, callback_data.workspace, speaker.call.at
    )
    await show(bot, query, closing_view(speaker.t, facts, _today(speaker.call.at, facts)))


async def on_set_closed(
    query: CallbackQuery, callback_data: buttons.SetClosed, bot: Bot, services: Services, speaker: Speaker
) -> None:
    change = closing.close if callback_data.closed else closing.reopen
    facts = await services.db.write(change, speaker.call, callback_data.workspace)
    services.wake()
    await show(bot, query, closing_view(speaker.t, facts, _today(speaker.call.at, facts)))


def _today(now: dt.datetime, facts: Closing) -> dt.date:
    return local_date(now, zone_named(facts.zone))


def closing_view(t: Tongue, facts: Closing, today: dt.date) -> Screen:
    """What closing does, or did, and the one button that changes it."""
    day = t.near_day(facts.ends, today)
    ends = [f"• {h(units_of(t, units, label))}" for label, units in facts.active]
    stay = t("Your {points} stay.", points=points(t, facts.balance))
    if facts.closed and facts.over:
        lines = [
            t("Closed."),
            stay,
            t("Opened again it needs a plan: {partner} sets it.", partner=h(facts.partner)),
        ]
    elif facts.closed:
        lines = [
            t("Closed. Until {day} everything goes on, then these end:", day=day)
            if ends
            else t("Closed. Until {day} everything goes on.", day=day),
            *ends,
            stay,
        ]
    else:
        lines = [
            t("Close it? Until {day} everything goes on.", day=day),
            t("Then the plan ends, and so do:") if ends else t("Then the plan ends."),
            *ends,
            t("Auto top-up ends at once and the saved card is removed."),
            stay,
        ]
    change = (
        button(t("Open it again"), buttons.SetClosed(workspace=facts.workspace_id, closed=False), "success")
        if facts.closed
        else button(t("Close it"), buttons.SetClosed(workspace=facts.workspace_id, closed=True), "danger")
    )
    return Screen.of(
        f"<b>{h(facts.workspace)}</b>",
        *lines,
        rows=[[change], [button(t("More"), buttons.More(workspace=facts.workspace_id)), menu(t)]],
    )
