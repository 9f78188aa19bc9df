"""The rescue card and what follows from it, as text and buttons (R22)."""

import datetime as dt
import re
from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from billing.errors import GoneError
from billing.home import Home
from billing.mixes import MixBought, Wanted
from billing.orders import Fitting
from billing.rescue import Mix, PlanWay, Rescue, WayOut
from billing.standing import LimitStanding
from handlers.customer import buttons
from handlers.customer.phrases import menu, over_limit, points, units_of
from handlers.customer.ways_to_pay import too_far, ways_to_pay
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h

Rows = list[list[InlineKeyboardButton]]

_MOST_DATA = 64
"""Bytes that Telegram takes as a button's data."""
_WANTED = re.compile(r"(\d{1,15})x(\d{1,6})")


def paused_view(
    t: Tongue, facts: Home, rescue: Rescue, today: dt.date, rows: Sequence[Sequence[InlineKeyboardButton]]
) -> Screen:
    """Why it is paused and every way out, nothing above them. `rows`: the first screen's own."""
    limited = "limit" in facts.reasons
    over = facts.standing.over if limited else ()
    mix = rescue.mix if limited else None
    ways_out: list[str] = []
    if limited:
        ways_out += [_way_line(t, way) for way in mix.ways] if mix is not None else []
        ways_out += [_together_line(t, mix)] if mix is not None and len(mix.ways) > 1 else []
        ways_out += [_plan_line(t, plan, facts.partner) for plan in rescue.plans]
        ways_out += [_less_line(t, each, facts.renewal, today) for each in over]
    return Screen.of(
        f"<b>{h(facts.workspace)}</b>  ❚❚ {t('paused')}",
        *_why(t, facts),
        *[over_limit(t, each.label, each.used or 0, each.allowance) for each in over],
        *(["", f"<b>{t('Get going again')}</b>", *ways_out] if ways_out else []),
        t("It runs again when all of this is settled.") if len(facts.reasons) > 1 else None,
        "",
        _have_line(t, facts.balance, mix),
        t("To buy: {names}.", names=h(", ".join(rescue.buyers[:3]))) if rescue.buyers and ways_out else None,
        rows=[*_rescue_rows(t, facts, rescue, mix), *rows],
    )


def _why(t: Tongue, facts: Home) -> list[str | None]:
    return [
        t("{partner} paused it.", partner=h(facts.partner)) if "manual" in facts.reasons else None,
        h(facts.note) if "manual" in facts.reasons and facts.note else None,
        t("The plan isn't paid.") if "unpaid" in facts.reasons else None,
    ]


def _way_line(t: Tongue, way: WayOut) -> str:
    return t(
        "• {what}: {now} now, {then} a month ({left} of {of} days left)",
        what=h(units_of(t, way.units, way.label)),
        now=points(t, way.amount),
        then=t.points(way.next_cost),
        left=way.days_left,
        of=way.days_of,
    )


def _together_line(t: Tongue, mix: Mix) -> str:
    return t(
        "  Together: {now} now, {then} a month",
        now=points(t, mix.amount),
        then=t.points(sum(way.next_cost for way in mix.ways)),
    )


def _plan_line(t: Tongue, plan: PlanWay, partner: str) -> str:
    if plan.price is None:
        return t("• Plan {plan}: ask {partner}", plan=h(plan.name), partner=h(partner))
    return t("• Plan {plan}: {price} a month", plan=h(plan.name), price=t.money(plan.price))


def _less_line(t: Tongue, limit: LimitStanding, renewal: dt.date, today: dt.date) -> str:
    """What has to go; what has been counted can't, but starts again with the next cycle."""
    if limit.per_cycle:
        return t(
            "• Wait: {label} start again at zero on {day}",
            label=h(limit.label),
            day=t.near_day(renewal, today),
        )
    return t(
        "• Bring {label} back to {allowance}: delete {over}, free",
        label=h(limit.label),
        allowance=t.number(limit.allowance),
        over=t.number(limit.over),
    )


def _have_line(t: Tongue, balance: int, mix: Mix | None) -> str:
    have = points(t, balance)
    if mix is None or not mix.missing:
        return t("You have {points}.", points=have)
    return t("You have {points}: {missing} short.", points=have, missing=t.points(mix.missing))


def _rescue_rows(t: Tongue, facts: Home, rescue: Rescue, mix: Mix | None) -> Rows:
    ws = facts.workspace_id
    rows: Rows = []
    if not rescue.buyers:
        if mix is not None:
            rows += _buy_rows(t, ws, mix)
        if "unpaid" in facts.reasons:
            rows.append([button(t("Pay the plan"), buttons.Plan(workspace=ws), None if rows else "success")])
        elif rescue.plans:
            text = t("See plan {plan}", plan=rescue.plans[0].name)
            rows.append([button(text, buttons.Plan(workspace=ws))])
    if "limit" in facts.reasons:
        rows.append([button(t("I deleted some: check again"), buttons.CheckUsage(workspace=ws))])
    return rows


def _buy_rows(t: Tongue, workspace_id: int, mix: Mix) -> Rows:
    """One button for all of it; one for each where a button can't name them all."""
    target = buttons.BuyMix(workspace=workspace_id, wanted=as_text(mix.wanted), quoted=mix.amount)
    if len(_data(target)) <= _MOST_DATA:
        (first, *more) = mix.ways
        text = t(
            "Buy {what} · {cost}", what=units_of(t, first.units, first.label), cost=points(t, mix.amount)
        )
        if more:
            text = t("Buy all of it · {cost}", cost=points(t, mix.amount))
        return [[button(text, target, "success")]]
    return [
        [
            button(
                t("Buy {what} · {cost}", what=units_of(t, way.units, way.label), cost=points(t, way.amount)),
                buttons.QuoteUnits(workspace=workspace_id, addon=way.addon_id, units=way.units_after),
            )
        ]
        for way in mix.ways
    ]


def _data(target: buttons.BuyMix) -> bytes:
    """As pack() makes it, which refuses what is too long."""
    return f"{target.__prefix__}:{target.workspace}:{target.wanted}:{target.quoted}".encode()


def as_text(wanted: Wanted) -> str:
    """Add-ons and units, short enough for a button."""
    return "-".join(f"{addon_id}x{units}" for addon_id, units in wanted)


def as_wanted(text: str) -> Wanted:
    """Back from a button. Raises GoneError for what none of ours says."""
    found = [_WANTED.fullmatch(part) for part in text.split("-")]
    if not all(found):
        raise GoneError
    return tuple((int(match[1]), int(match[2])) for match in found if match is not None)


def bought_view(t: Tongue, bought: MixBought, today: dt.date, *, delivered: bool) -> Screen:
    """All of it is there, with the way to take each back (R9)."""
    ws = bought.workspace_id
    several = len(bought.changes) > 1
    return Screen.of(
        f"<b>{t('Added for {cost}.', cost=points(t, bought.amount))}</b>",
        *[
            t(
                "You have {what}, paid until {day}.",
                what=h(units_of(t, change.units, change.label)),
                day=t.near_day(change.paid_until, today),
            )
            for change in bought.changes
        ],
        t("{points} left.", points=points(t, bought.balance)),
        None if delivered else t("Waiting for your platform to confirm it."),
        t("The workspace runs again.") if bought.resumed else None,
        t("The workspace is paused.") if bought.paused else None,
        rows=[
            *[
                [
                    button(
                        t("Undo {label} (10 min)", label=change.label) if several else t("Undo (10 min)"),
                        buttons.UndoChange(workspace=ws, addon=change.addon_id, number=change.number),
                    )
                ]
                for change in bought.changes
                if change.number is not None
            ],
            [button(t("Add-ons"), buttons.Addons(workspace=ws)), menu(t)],
        ],
    )


def short_view(t: Tongue, workspace_id: int, mix: Mix, fit: Fitting) -> Screen:
    """Not enough points for all of it: how many are missing and how to get them (R12)."""
    what = h(", ".join(units_of(t, way.units, way.label) for way in mix.ways))
    return Screen.of(
        f"<b>{t('You are {missing} short.', missing=points(t, mix.missing))}</b>",
        t(
            "{what}: {cost}. You have {balance}.",
            what=what,
            cost=points(t, mix.amount),
            balance=points(t, mix.balance),
        ),
        _paying_line(t, what, mix, fit),
        rows=[
            *ways_to_pay(t, fit, workspace_id),
            [
                button(t("Other packs"), buttons.TopUp(workspace=workspace_id)),
                button(t("Don't buy"), buttons.ForgetAll(workspace=workspace_id)),
            ],
            [menu(t)],
        ],
    )


def _paying_line(t: Tongue, what: str, mix: Mix, fit: Fitting) -> str:
    if not fit.reaches:
        return too_far(t, what)
    if mix.resumes:
        return t("Paying buys {what} and starts your workspace again.", what=what)
    return t("Paying buys {what} by itself.", what=what)
