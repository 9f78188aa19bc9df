"""What customers are told without having asked: kinds and parameters as billing/ queues them."""

import datetime as dt
from typing import Any

from aiogram.types import InlineKeyboardButton

from billing import orders, people
from billing.access import role_of
from billing.addons import Completed
from billing.errors import BillingError, StrangerError
from billing.people import People
from handlers.customer import buttons
from handlers.customer.orders import order_name, order_screen
from handlers.customer.phrases import menu, outcomes, over_limit, points, role_name, units_of
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage import catalogue, workspaces

Params = dict[str, Any]
Rows = list[list[InlineKeyboardButton]]


async def order(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The message with the link to pay becomes what came of it."""
    try:
        view, _ = await services.db.read(orders.view, reader.person_id, params["order_id"])
    except BillingError:
        return None
    return order_screen(reader.t, view, _bought(params))


async def topup(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Somebody else of the workspace has bought points."""
    try:
        view, _ = await services.db.read(orders.view, reader.person_id, params["order_id"])
    except BillingError:
        return None
    t = reader.t
    return Screen.of(
        f"<b>{h(view.workspace)}</b>",
        t("{points} arrived!", points=points(t, view.points + view.bonus)),
        t("Bought: {what}.", what=order_name(t, view)),
        *outcomes(t, _bought(params)),
        rows=[_open(t, view.workspace_id)],
    )


async def adjusted(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner added or took points (R31)."""
    t, amount, about = reader.t, params["amount"], await _about(services, reader, params)
    if about is None:
        return None
    if params.get("undo"):
        change = t(
            "{partner} took a change of points back: {amount}.",
            partner=h(about.partner),
            amount=t.points(amount, sign=True),
        )
    elif amount > 0:
        change = t("{partner} added {points}.", partner=h(about.partner), points=points(t, amount))
    else:
        change = t("{partner} took {points}.", partner=h(about.partner), points=points(t, -amount))
    return _told(
        t,
        about,
        change,
        h(params["note"]),
        *outcomes(t, _bought(params)),
        t("You have {points}.", points=points(t, params["balance"])),
    )


async def paused(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Paused, why, and the way to the rescue card where there is one (R22)."""
    t, about = reader.t, await _about(services, reader, params)
    if about is None:
        return None
    lines = [f"❚❚ {t('Paused. Nothing of yours is deleted.')}"]
    if "limit" in params["reasons"]:
        lines += [over_limit(t, label, used, allowance) for label, used, allowance in params["over"]]
    if "unpaid" in params["reasons"]:
        lines.append(t("The plan isn't paid."))
    if "manual" in params["reasons"]:
        lines.append(t("{partner} paused it.", partner=h(about.partner)))
        if params["note"]:
            lines.append(h(params["note"]))
    opens = t("Get going again") if "limit" in params["reasons"] else t("Open")
    return _told(t, about, *lines, rows=[[button(opens, buttons.Home(workspace=about.workspace_id))]])


async def resumed(services: Services, reader: Reader, params: Params) -> Screen | None:
    about = await _about(services, reader, params)
    return _told(reader.t, about, f"● {reader.t('Running again.')}") if about is not None else None


async def renewal(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What the renewal date charged, what ended and why (R14, R15)."""
    t, about = reader.t, await _about(services, reader, params)
    if about is None:
        return None
    until = t.day(dt.date.fromisoformat(params["until"]))
    lines = [
        t("Renewed until {day}: {what}, for {cost}.", day=until, what=what, cost=points(t, cost))
        for what, cost in ((h(units_of(t, units, label)), cost) for label, units, cost in params["renewed"])
    ]
    lines += [_ended(t, h(units_of(t, units, label)), why) for label, units, why in params["ended"]]
    lines.append(t("You have {points}.", points=points(t, params["balance"])))
    ws = about.workspace_id
    again = [
        button(t("Add-ons"), buttons.Addons(workspace=ws)),
        button(t("Top up"), buttons.TopUp(workspace=ws)),
    ]
    short = any(why == "points" for _, _, why in params["ended"])
    return _told(t, about, *lines, rows=[again if short else [], _open(t, ws)])


def _ended(t: Tongue, what: str, why: str) -> str:
    match why:
        case "points":
            return t("Your points didn't cover {what}: they have ended.", what=what)
        case "set":
            return t("Ended, as it was set not to renew: {what}.", what=what)
        case "asked":
            return t("Ended, as you asked for its removal: {what}.", what=what)
        case "paused":
            return t("Ended, as nothing renews while the workspace is paused: {what}.", what=what)
        case _:
            return t("Ended: {what}.", what=what)


async def price(services: Services, reader: Reader, params: Params) -> Screen | None:
    """A new price, before it is charged (R6)."""
    t, about = reader.t, await _about(services, reader, params)
    if about is None:
        return None
    change = t(
        "{addon} costs {price} a month instead of {before}, from your first renewal on {day} or later.",
        addon=h(params["addon"]),
        price=points(t, params["price"]),
        before=t.points(params["before"]),
        day=t.day(dt.date.fromisoformat(params["from"])),
    )
    return _told(t, about, change)


async def joined(services: Services, reader: Reader, params: Params) -> Screen | None:
    t, about = reader.t, await _about(services, reader, params)
    if about is None:
        return None
    role = role_name(t, role_of(params["role"]))
    return _told(t, about, t("{name} has joined as {role}.", name=h(params["name"]), role=role))


async def role(services: Services, reader: Reader, params: Params) -> Screen | None:
    t, about = reader.t, await _about(services, reader, params)
    if about is None:
        return None
    return _told(t, about, t("Your role is {role} now.", role=role_name(t, role_of(params["role"]))))


async def removed(services: Services, reader: Reader, params: Params) -> Screen | None:
    return await _farewell(services, reader, params, reader.t("You have no access any more."))


async def replaced(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner has put a new owner in (R34)."""
    text = reader.t("{partner} has given it a new owner, so your access has ended.")
    return await _farewell(services, reader, params, text)


async def removal_answer(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What the partner says to a request to remove (R10)."""
    t, about = reader.t, await _about(services, reader, params)
    if about is None:
        return None
    named = {"partner": h(about.partner), "addon": h(params["addon"])}
    if not params["approved"]:
        return _told(t, about, t("{partner} keeps {addon} as it is.", **named))
    return _told(
        t,
        about,
        t("{partner} removed {addon} as you asked.", **named),
        t("You have {units} of it now.", units=t.number(params["units"])),
        _moved(t, params["amount"]),
    )


async def units_by_partner(services: Services, reader: Reader, params: Params) -> Screen | None:
    t, about = reader.t, await _about(services, reader, params)
    if about is None:
        return None
    return _told(
        t,
        about,
        t(
            "{partner} changed {addon} from {before} to {units}.",
            partner=h(about.partner),
            addon=h(params["addon"]),
            before=t.number(params["before"]),
            units=t.number(params["units"]),
        ),
        _moved(t, params["amount"]),
        t("You have {points}.", points=points(t, params["balance"])),
    )


WRITERS: dict[str, Writer] = {
    "order": order,
    "topup": topup,
    "adjusted": adjusted,
    "paused": paused,
    "resumed": resumed,
    "renewal": renewal,
    "price": price,
    "joined": joined,
    "role": role,
    "removed": removed,
    "replaced": replaced,
    "removal_answer": removal_answer,
    "units_by_partner": units_by_partner,
}


async def _about(services: Services, reader: Reader, params: Params) -> People | None:
    """The workspace that a notice is about, while its reader is a member."""
    try:
        return await services.db.read(people.access, reader.person_id, params["workspace_id"])
    except StrangerError:
        return None


def _told(t: Tongue, about: People, *lines: str | None, rows: Rows | None = None) -> Screen:
    """Lines under the workspace's name."""
    return Screen.of(f"<b>{h(about.workspace)}</b>", *lines, rows=rows or [_open(t, about.workspace_id)])


async def _farewell(services: Services, reader: Reader, params: Params, text: str) -> Screen | None:
    """For who isn't a member any more; `text` may name the {partner}."""
    workspace = await services.db.read(workspaces.find, params["workspace_id"])
    if workspace is None:
        return None
    partner = await services.db.read(catalogue.partner, workspace.partner_id)
    name = partner.name if partner is not None else ""
    return Screen.of(f"<b>{h(workspace.name)}</b>", text.format(partner=h(name)), rows=[[menu(reader.t)]])


def _open(t: Tongue, workspace_id: int) -> list[InlineKeyboardButton]:
    return [button(t("Open"), buttons.Home(workspace=workspace_id))]


def _moved(t: Tongue, amount: int) -> str | None:
    """Points that a partner's change gave back or took; None for none."""
    if amount > 0:
        return t("{points} are back.", points=points(t, amount))
    return t("It took {points}.", points=points(t, -amount)) if amount < 0 else None


def _bought(params: Params) -> list[Completed]:
    return [Completed(*each) for each in params["bought"]]
