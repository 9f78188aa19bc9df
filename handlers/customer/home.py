"""A workspace's first screen, running or paused, and the choice among several."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing import home, people, rescue
from billing.access import Role
from billing.addons import AddonOffer
from billing.cycle import local_date, zone_named
from billing.limits import usage_tenths
from billing.people import Visitor
from billing.renewal import Forecast
from billing.standing import LimitStanding
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import here, menu, points, units_of
from handlers.customer.rescue_view import paused_view
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h

_FULL, _EMPTY = "█", "░"
_ADDONS_NAMED = 4
"""Lines that a phone shows beside the rest without scrolling."""


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
    if not facts.reasons or facts.closed:
        return home_view(speaker.t, facts, now, several=several)
    ways = await services.db.read(rescue.rescue, speaker.person_id, workspace_id, now)
    today = local_date(now, zone_named(facts.zone))
    return paused_view(speaker.t, facts, ways, today, _rows(speaker.t, facts, several=several))


def home_view(t: Tongue, facts: home.Home, now: dt.datetime, *, several: bool = False) -> Screen:
    """A workspace that runs. `several`: the reader has other workspaces too."""
    today = local_date(now, zone_named(facts.zone))
    return Screen.of(
        f"<b>{h(facts.workspace)}</b>  {_state(t, facts)}",
        _points_line(t, facts, today),
        "",
        _closed_line(t, facts, today) if facts.closed else _plan_line(t, facts, today),
        *_waiting_lines(t, facts),
        *_forecast_lines(t, facts, today),
        *_usage_lines(t, facts, now),
        *_addon_lines(t, facts),
        _costs_quote(t, facts, today),
        rows=_rows(t, facts, several=several),
    )


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


def _state(t: Tongue, facts: home.Home) -> str:
    return f"○ {t('closed')}" if facts.closed else f"● {t('active')}"


def _closed_line(t: Tongue, facts: home.Home, today: dt.date) -> str:
    if facts.plan is None:
        return t("Closed. Your points stay.")
    return t("Closed: everything ends on {day}, your points stay.", day=t.near_day(facts.renewal, today))


def _waiting_lines(t: Tongue, facts: home.Home) -> list[str]:
    """Units that work on while they wait for points (R15)."""
    if facts.waiting is None or facts.waits_until is None:
        return []
    what = ", ".join(units_of(t, each.units, each.label) for each in facts.waiting.units)
    missing = points(t, facts.waiting.missing)
    return [
        t("⚠ Not paid yet: {what}.", what=h(what)),
        t(
            "{missing} missing; they end {when}.",
            missing=missing,
            when=t.when(facts.waits_until),
        ),
    ]


def _forecast_lines(t: Tongue, facts: home.Home, today: dt.date) -> list[str]:
    """What the next renewals cost, and whether the points cover them."""
    if not any(each.cost for each in facts.forecast):
        return []
    return [
        t("Add-ons renew:"),
        *(_forecast_line(t, each, today, with_debt=place == 0) for place, each in enumerate(facts.forecast)),
    ]


def _forecast_line(t: Tongue, coming: Forecast, today: dt.date, *, with_debt: bool) -> str:
    """`with_debt`: what is missing includes what the wallet owes (R29); later renewals expect it to be paid by then."""
    day, cost = t.near_day(coming.date, today), points(t, coming.cost)
    if coming.covered:
        return t("{day}  {cost} ✓", day=day, cost=cost)
    missing = -coming.balance_after if with_debt else min(coming.cost, -coming.balance_after)
    return t("{day}  {cost} ⚠ {missing} missing", day=day, cost=cost, missing=t.points(missing))


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
    lines = ["", *(_addon_line(t, offer) for offer in facts.active[:_ADDONS_NAMED])]
    more = len(facts.active) - _ADDONS_NAMED
    if more > 0:
        lines.append(t.n("and {count} add-on more", "and {count} add-ons more", more))
    labels = {offer.label for offer in facts.active}
    features = [feature for feature in facts.standing.features if feature not in labels]
    if features:
        lines.append(t("Switched on: {features}", features=h(", ".join(features))))
    if not facts.delivered:
        lines.append(t("Waiting for your platform to confirm the latest change."))
    return lines


def _addon_line(t: Tongue, offer: AddonOffer) -> str:
    """Extra bot ×2 · 10 a month, by the price of the next month where it goes on."""
    what = h(f"{offer.label} ×{t.number(offer.units)}")
    if not offer.renews or offer.request is not None:
        return t("{what} · doesn't renew", what=what)
    return t("{what} · {cost} a month", what=what, cost=t.points(offer.next_price * offer.units))


def _costs_quote(t: Tongue, facts: home.Home, today: dt.date) -> str | None:
    """What was charged for the running cycle, by days; folded away, as only some want it."""
    if not facts.costs:
        return None
    total = points(t, sum(cost for _, cost in facts.costs))
    lines = [
        t("Add-ons since {day}: {cost}", day=t.near_day(facts.cycle_start, today), cost=total),
        *(f"{h(label)}: {t.points(cost)}" for label, cost in facts.costs),
    ]
    return f"<blockquote expandable>{chr(10).join(lines)}</blockquote>"


def _rows(t: Tongue, facts: home.Home, *, several: bool) -> list[list[InlineKeyboardButton]]:
    ws = facts.workspace_id
    automatic = {
        "on": t("Auto top-up: on"),
        "ask": t("Auto top-up: asks"),
        "suspended": t("Auto top-up: stopped"),
    }.get(facts.automatic, t("Auto top-up: off"))
    last = [button(t("Plan"), buttons.Plan(workspace=ws)), button(t("More"), buttons.More(workspace=ws))]
    if several:
        last.insert(0, button(t("Other workspaces"), buttons.Workspaces()))
    if facts.closed:
        owner = facts.role is Role.OWNER
        return [
            [button(t("Open it again"), buttons.Closing(workspace=ws), "success")] if owner else [],
            [
                button(t("History"), buttons.History(workspace=ws)),
                button(t("More"), buttons.More(workspace=ws)),
            ],
            [button(t("Other workspaces"), buttons.Workspaces())] if several else [],
        ]
    return [
        [
            button(t("Top up"), buttons.TopUp(workspace=ws)),
            button(t("Add-ons"), buttons.Addons(workspace=ws)),
        ],
        [
            button(automatic, buttons.AutoTopUp(workspace=ws)),
            button(t("History"), buttons.History(workspace=ws)),
        ],
        last,
    ]


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
