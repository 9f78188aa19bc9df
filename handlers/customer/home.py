"""A workspace's first screen, running or paused, and the choice among several."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing import home, people, rescue
from billing.cycle import local_date, zone_named
from billing.limits import usage_tenths
from billing.people import Visitor
from billing.rescue import WayOut
from billing.standing import LimitStanding
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import here, menu, over_limit, points, units_of
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h

_FULL, _EMPTY = "█", "░"


def router() -> Router:
    router = Router(name="customer.home")
    router.message.register(on_points, Command("points"))
    router.callback_query.register(on_home, buttons.Home.filter())
    router.callback_query.register(on_workspaces, buttons.Workspaces.filter())
    return router


async def on_points(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/points of a customer: the workspace with its points."""
    await show(bot, message, await home_screen(services, speaker, here(speaker)))


async def on_home(
    query: CallbackQuery, callback_data: buttons.Home, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Opened by its own button: the workspace that /start shows from now on."""
    if callback_data.workspace != speaker.visitor.current:
        await services.db.write(people.look_at, speaker.call, callback_data.workspace)
    await show(bot, query, await home_screen(services, speaker, callback_data.workspace))


async def on_workspaces(query: CallbackQuery, bot: Bot, speaker: Speaker) -> None:
    here(speaker)
    await show(bot, query, workspaces_view(speaker.t, speaker.visitor))


async def home_screen(services: Services, speaker: Speaker, workspace_id: int) -> Screen:
    """The first screen of a workspace. Raises StrangerError, CycleDueError."""
    now = speaker.call.at
    facts = await services.db.read(home.home, speaker.person_id, workspace_id, now)
    several = len(speaker.visitor.workspaces) > 1
    if not facts.reasons:
        return home_view(speaker.t, facts, now, several=several)
    ways: tuple[WayOut, ...] = ()
    if "limit" in facts.reasons and facts.selling:
        ways = await services.db.read(rescue.ways_out, speaker.person_id, workspace_id, now)
    return paused_view(speaker.t, facts, ways, several=several)


def home_view(t: Tongue, facts: home.Home, now: dt.datetime, *, several: bool = False) -> Screen:
    """A workspace that runs. `several`: the reader has other workspaces too."""
    today = local_date(now, zone_named(facts.zone))
    return Screen.of(
        f"<b>{h(facts.workspace)}</b>  ● {t('active')}",
        _points_line(t, facts, today),
        "",
        _plan_line(t, facts, today),
        _renewal_line(t, facts),
        *_usage_lines(t, facts, now),
        *_addon_lines(t, facts),
        rows=_rows(t, facts, several=several),
    )


def paused_view(t: Tongue, facts: home.Home, ways: tuple[WayOut, ...], *, several: bool = False) -> Screen:
    """The rescue card: why it is paused and every way out, nothing above them (R22)."""
    lines: list[str | None] = [f"<b>{h(facts.workspace)}</b>  ❚❚ {t('paused')}"]
    rescue_rows: list[list[InlineKeyboardButton]] = []
    if "manual" in facts.reasons:
        lines.append(t("{partner} paused it.", partner=h(facts.partner)))
        lines.append(h(facts.note) if facts.note else None)
    if "unpaid" in facts.reasons:
        lines.append(t("The plan isn't paid."))
    if "limit" in facts.reasons:
        over = facts.standing.over
        lines += [over_limit(t, each.label, each.used or 0, each.allowance) for each in over]
        lines += ["", f"<b>{t('Get going again')}</b>"]
        lines += [_way_line(t, way) for way in ways]
        lines += [_delete_line(t, each) for each in over]
        for number, way in enumerate(ways):
            rescue_rows.append([_way_button(t, facts.workspace_id, way, first=number == 0)])
        rescue_rows.append(
            [button(t("I deleted some: check again"), buttons.Home(workspace=facts.workspace_id))]
        )
    lines += ["", t("You have {points}.", points=points(t, facts.balance))]
    return Screen.of(*lines, rows=[*rescue_rows, *_rows(t, facts, several=several)])


def _points_line(t: Tongue, facts: home.Home, today: dt.date) -> str:
    have = points(t, facts.balance)
    if facts.balance < 0:
        return t("{points}: below zero, so nothing can be bought with points.", points=have)
    if facts.lasts_until is None:
        return have
    return t("{points} · last until about {day}", points=have, day=t.near_day(facts.lasts_until, today))


def _plan_line(t: Tongue, facts: home.Home, today: dt.date) -> str:
    plan = h(facts.plan) if facts.plan is not None else t("none")
    return t(
        "Plan  {plan} · renews {day}, {in_days}",
        plan=plan,
        day=t.near_day(facts.renewal, today),
        in_days=t.n("in {count} day", "in {count} days", facts.days_left),
    )


def _renewal_line(t: Tongue, facts: home.Home) -> str | None:
    if not facts.next_cost:
        return None
    cost = points(t, facts.next_cost)
    if facts.covered:
        return t("Add-ons renew for {cost} ✓ covered", cost=cost)
    missing = points(t, facts.next_cost - facts.balance)
    return t("Add-ons renew for {cost} ⚠ {missing} missing", cost=cost, missing=missing)


def _usage_lines(t: Tongue, facts: home.Home, now: dt.datetime) -> list[str]:
    lines = [line for each in facts.standing.limits if (line := _usage_line(t, each)) is not None]
    if not lines:
        return []
    at = facts.standing.reported_at
    if at is not None:
        lines.append(t("as of {time}", time=t.when(at, "t" if at.date() == now.date() else "dt")))
    return ["", *lines]


def _usage_line(t: Tongue, limit: LimitStanding) -> str | None:
    label, allowance = h(limit.label), t.number(limit.allowance)
    if limit.used is None:
        return (
            None
            if limit.allowance == 0
            else t("{label}: up to {allowance}", label=label, allowance=allowance)
        )
    if limit.used == 0 and limit.allowance == 0:
        return None
    tenths = usage_tenths(limit.used, limit.allowance)
    return t(
        "<code>{bar}</code> {label} {used} of {allowance}{mark}",
        bar=_FULL * tenths + _EMPTY * (10 - tenths),
        label=label,
        used=t.number(limit.used),
        allowance=allowance,
        mark=_mark(t, limit.used, limit.allowance),
    )


def _mark(t: Tongue, used: int, allowance: int) -> str:
    if used >= allowance:
        return f" · {t('full')}"
    percent = used * 100 // allowance
    return f" · ⚠ {percent} %" if percent >= 80 else ""


def _addon_lines(t: Tongue, facts: home.Home) -> list[str]:
    if not facts.active:
        return []
    named = ", ".join(h(f"{offer.label} ×{t.number(offer.units)}") for offer in facts.active)
    lines = ["", t.n("{count} add-on: {named}", "{count} add-ons: {named}", len(facts.active), named=named)]
    if not facts.delivered:
        lines.append(t("Waiting for your platform to confirm the latest change."))
    return lines


def _way_line(t: Tongue, way: WayOut) -> str:
    return t(
        "• {what}: {now} now, {then} a month ({left} of {of} days left)",
        what=h(units_of(t, way.units, way.label)),
        now=points(t, way.amount),
        then=t.points(way.next_cost),
        left=way.days_left,
        of=way.days_of,
    )


def _delete_line(t: Tongue, limit: LimitStanding) -> str:
    return t(
        "• Bring {label} back to {allowance} yourself: free",
        label=h(limit.label),
        allowance=t.number(limit.allowance),
    )


def _way_button(t: Tongue, workspace_id: int, way: WayOut, *, first: bool) -> InlineKeyboardButton:
    target = buttons.SetUnits(
        workspace=workspace_id, addon=way.addon_id, units=way.units_after, quoted=way.amount
    )
    text = t("Buy {what} · {cost}", what=units_of(t, way.units, way.label), cost=points(t, way.amount))
    return button(text, target, "success" if first else None)


def _rows(t: Tongue, facts: home.Home, *, several: bool) -> list[list[InlineKeyboardButton]]:
    ws = facts.workspace_id
    rows = [
        [
            button(t("Top up"), buttons.TopUp(workspace=ws)),
            button(t("Add-ons"), buttons.Addons(workspace=ws)),
        ],
        [
            button(t("History"), buttons.History(workspace=ws)),
            button(t("People"), buttons.People(workspace=ws)),
        ],
        [button(t("Help"), buttons.About(page="help"))],
    ]
    if several:
        rows[-1].insert(0, button(t("Other workspaces"), buttons.Workspaces()))
    return rows


def workspaces_view(t: Tongue, visitor: Visitor) -> Screen:
    """One's workspaces, a button each."""
    return Screen.of(
        f"<b>{t('Your workspaces')}</b>",
        t("Which one?"),
        rows=[
            *(
                [button(name + (" ✓" if number == visitor.current else ""), buttons.Home(workspace=number))]
                for number, name, _ in visitor.workspaces[:90]
            ),
            [menu(t)],
        ],
    )
