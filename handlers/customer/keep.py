"""What is kept first when points don't cover a renewal (R15): shown as the coming renewal would go."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, InlineKeyboardButton

from billing import keeping
from billing.cycle import local_date, zone_named
from billing.keeping import Keeping, KeptAddon
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import menu, points, units_of
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="customer.keep")
    router.callback_query.register(on_keep, buttons.Keep.filter())
    router.callback_query.register(on_set_keep, buttons.SetKeep.filter())
    router.callback_query.register(on_reset_keep, buttons.ResetKeep.filter())
    return router


async def on_keep(
    query: CallbackQuery, callback_data: buttons.Keep, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await keep_screen(services, speaker, callback_data.workspace))


async def on_set_keep(
    query: CallbackQuery, callback_data: buttons.SetKeep, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws, addon, place = callback_data.workspace, callback_data.addon, callback_data.place
    await services.db.write(keeping.put_at, speaker.call, ws, addon, place)
    await show(bot, query, await keep_screen(services, speaker, ws))


async def on_reset_keep(
    query: CallbackQuery, callback_data: buttons.ResetKeep, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await services.db.write(keeping.by_default, speaker.call, callback_data.workspace)
    await show(bot, query, await keep_screen(services, speaker, callback_data.workspace))


async def keep_screen(services: Services, speaker: Speaker, workspace_id: int) -> Screen:
    """Raises StrangerError, CycleDueError."""
    now = speaker.call.at
    facts = await services.db.read(keeping.keeping, speaker.person_id, workspace_id, now)
    return keep_view(speaker.t, facts, local_date(now, zone_named(facts.zone)))


def keep_view(t: Tongue, facts: Keeping, today: dt.date) -> Screen:
    """The add-ons in the order in which points are spent on them, each with what the points do for it."""
    ws = facts.workspace_id
    renewing = [each for each in facts.addons if each.renews]
    ending = [each for each in facts.addons if not each.renews]
    day = t.near_day(facts.renewal, today)
    lines = [f"<b>{t('What to keep')}</b>  {h(facts.workspace)}"]
    if renewing:
        lines += [
            _rule(t, renewing, day),
            "",
            *(_line(t, number, each) for number, each in enumerate(renewing, 1)),
            "",
            t(
                "You have {points}; all of it costs {cost}.",
                points=points(t, facts.balance),
                cost=t.points(facts.cost),
            ),
        ]
    else:
        lines.append(t("Nothing renews on {day}.", day=day))
    lines += [
        t("Ends on {day}: {what}", day=day, what=h(units_of(t, each.units, each.label))) for each in ending
    ]
    rows = [_row(t, ws, place, each) for place, each in enumerate(renewing)] if facts.may_change else []
    rows += [
        [
            button(
                t("Renew again: {label}", label=each.label),
                buttons.Renews(workspace=ws, addon=each.addon_id, renews=True),
            )
        ]
        for each in ending
        if facts.may_change and each.may_renew
    ]
    if facts.may_change and any(each.ranked for each in renewing):
        rows.append([button(t("Back to the usual order"), buttons.ResetKeep(workspace=ws))])
    return Screen.of(*lines, rows=[*rows, [button(t("Add-ons"), buttons.Addons(workspace=ws)), menu(t)]])


def _rule(t: Tongue, renewing: list[KeptAddon], day: str) -> str:
    """How points are spent: on one add-on after the other where the customer put them in order, otherwise unit by unit."""
    by_unit = [each for each in renewing if not each.ranked]
    if len(by_unit) < 2 or all(each.units == 1 for each in by_unit):
        return t("On {day} your points go to the first, then to the next, as far as they reach.", day=day)
    if len(by_unit) == len(renewing):
        return t(
            "On {day} your points go from unit to unit, as far as they reach: what keeps you within a limit first, "
            "then the oldest.",
            day=day,
        )
    return t(
        "On {day} your points go to what you put first, then from unit to unit, as far as they reach: what keeps you "
        "within a limit first, then the oldest.",
        day=day,
    )


def _line(t: Tongue, number: int, each: KeptAddon) -> str:
    what = h(units_of(t, each.units, each.label))
    if each.kept == each.units:
        state = "✓"
    elif each.kept:
        state = t("⚠ only {kept} of {units}", kept=t.number(each.kept), units=t.number(each.units))
    else:
        state = t("⚠ not covered")
    line = t(
        "{number}. {what} · {cost} {state}", number=number, what=what, cost=t.points(each.cost), state=state
    )
    if each.needed:
        return line + " · " + t("keeps you within a limit")
    return line


def _row(t: Tongue, workspace_id: int, place: int, each: KeptAddon) -> list[InlineKeyboardButton]:
    ends = button(t("Let it end"), buttons.Renews(workspace=workspace_id, addon=each.addon_id, renews=False))
    if place == 0:
        return [button(each.label, buttons.AddonCard(workspace=workspace_id, addon=each.addon_id)), ends]
    up = buttons.SetKeep(workspace=workspace_id, addon=each.addon_id, place=place - 1)
    return [button(t("↑ {label}", label=each.label), up), ends]
