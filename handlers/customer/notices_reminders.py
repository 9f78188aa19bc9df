"""Renewals announced before they come, with every way to prepare (R36)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from aiogram.types import InlineKeyboardButton

from billing import orders
from billing.money import Money
from billing.orders import Fitting
from handlers.customer import buttons
from handlers.customer.phrases import menu, points, units_of
from handlers.customer.telling import Params, about_workspace, told
from handlers.customer.ways_to_pay import ways_to_pay
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage import workspaces

_LINES = 12
"""Add-ons named one by one."""


async def covered(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Nothing has to be done; something can be."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None or not await _still_to_come(services, params):
        return None
    ws = about.workspace_id
    return told(
        t,
        about,
        _renews_line(
            t,
            params,
            services.clock.now().date(),
            t("You have {points}.", points=points(t, params["balance"])),
        ),
        *_lines(t, params),
        rows=[
            [_let_end(t, params) or button(t("Don't renew some"), buttons.Addons(workspace=ws))],
            [menu(t)],
        ],
    )


async def short(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What is missing, until when the points last, what is charged by itself, and every other way."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None or not await _still_to_come(services, params):
        return None
    ws, missing = about.workspace_id, params["missing"]
    fit = await services.db.read(orders.fitting, reader.person_id, ws, missing)
    have = t(
        "You have {balance}: {missing} short.",
        balance=points(t, params["balance"]),
        missing=points(t, missing),
    )
    today = services.clock.now().date()
    return told(
        t,
        about,
        _renews_line(t, params, today, have),
        *_lines(t, params),
        _held_line(t, params["held"]),
        _charge_line(t, params["charge"], today) if params["charge"] else _end_line(t, params, today),
        rows=[
            *_ways_to_pay(t, ws, fit),
            [
                button(t("Auto top-up"), buttons.AutoTopUp(workspace=ws)),
                _let_end(t, params) or button(t("Choose what to keep"), buttons.Keep(workspace=ws)),
            ],
            [menu(t)],
        ],
    )


WRITERS: Mapping[str, Writer] = {"renewal_covered": covered, "renewal_short": short}


async def _still_to_come(services: Services, params: Params) -> bool:
    """Not after a day on which nothing could be sent."""
    workspace = await services.db.read(workspaces.find, params["workspace_id"])
    return (
        workspace is not None
        and workspace.cycle_end.isoformat() == params["day"]
        and services.clock.now() < workspace.renews_at
    )


def _let_end(t: Tongue, params: Params) -> InlineKeyboardButton | None:
    """Where a single add-on renews there is nothing to choose: one tap, and its card says how to renew it again."""
    addon = params.get("addon_id")
    if addon is None:
        return None
    ((label, _, _),) = params["renews"]
    target = buttons.Renews(workspace=params["workspace_id"], addon=addon, renews=False)
    return button(t("Don't renew {label}", label=label), target)


def _renews_line(t: Tongue, params: Params, today: dt.date, have: str) -> str:
    line = t.n(
        "On {day} {count} add-on renews for {cost}.",
        "On {day} {count} add-ons renew for {cost}.",
        len(params["renews"]),
        day=_day(t, params, today),
        cost=points(t, params["cost"]),
    )
    return f"{line} {have}"


def _lines(t: Tongue, params: Params) -> list[str]:
    """What renews, a line each, in the order in which it is kept."""
    lines = [
        t("• {what}: {cost}", what=h(units_of(t, units, label)), cost=points(t, cost))
        for label, units, cost in params["renews"][:_LINES]
    ]
    more = len(params["renews"]) - _LINES
    return [*lines, t("and {count} more", count=t.number(more))] if more > 0 else lines


def _charge_line(t: Tongue, charge: dict[str, Any], today: dt.date) -> str:
    return t(
        "Auto top-up charges {brand} ···· {last4} {price} on {day}, if they are still missing then.",
        brand=h(charge["brand"]).capitalize(),
        last4=h(charge["last4"]),
        price=t.money(Money(charge["amount_minor"], charge["currency"])),
        day=t.near_day(dt.date.fromisoformat(charge["on"]), today),
    )


def _held_line(t: Tongue, held: str) -> str | None:
    """Why auto top-up, though on, charges nothing."""
    match held:
        case "pack":
            return t("Auto top-up waits: its pack isn't sold any more. Choose another.")
        case "cap":
            return t("Auto top-up won't charge: your limit for the month doesn't reach.")
        case _:
            return None


def _end_line(t: Tongue, params: Params, today: dt.date) -> str:
    """Until when the points last, and what becomes of what they don't cover (R15)."""
    if not params["grace"]:
        return t("Your points last until {day}. What they don't cover ends then.", day=_day(t, params, today))
    return t.n(
        "Your points last until {day}. What they don't cover ends {count} day later.",
        "Your points last until {day}. What they don't cover ends {count} days later.",
        params["grace"],
        day=_day(t, params, today),
    )


def _day(t: Tongue, params: Params, today: dt.date) -> str:
    return t.near_day(dt.date.fromisoformat(params["day"]), today)


def _ways_to_pay(t: Tongue, workspace_id: int, fit: Fitting) -> list[list[InlineKeyboardButton]]:
    """The pack that fits and the exact amount; each makes its page when it is pressed (R3, R13)."""
    rows = ways_to_pay(t, fit, workspace_id, by_points=True)
    return rows or [[button(t("Top up"), buttons.TopUp(workspace=workspace_id))]]
