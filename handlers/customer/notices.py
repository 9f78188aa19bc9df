"""What customers are told without having asked: kinds and parameters as billing/ queues them."""

import datetime as dt
from typing import Any

from billing import orders, people
from billing.access import role_of
from billing.addons import Completed
from billing.errors import BillingError, StrangerError
from handlers.customer import buttons
from handlers.customer.orders import order_name, order_screen
from handlers.customer.phrases import menu, outcomes, over_limit, points, role_name, units_of
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage import workspaces

Params = dict[str, Any]


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
    t, amount = reader.t, params["amount"]
    if params.get("undo"):
        change = t("Your partner took a change of points back: {amount}.", amount=t.points(amount, sign=True))
    elif amount > 0:
        change = t("Your partner added {points}.", points=points(t, amount))
    else:
        change = t("Your partner took {points}.", points=points(t, -amount))
    return await _told(
        services,
        reader,
        params,
        change,
        h(params["note"]),
        *outcomes(t, _bought(params)),
        t("You have {points}.", points=points(t, params["balance"])),
    )


async def paused(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Paused, why, and the way to the rescue card (R22)."""
    t = reader.t
    lines = [f"❚❚ {t('Paused. Nothing of yours is deleted.')}"]
    if "limit" in params["reasons"]:
        lines += [over_limit(t, label, used, allowance) for label, used, allowance in params["over"]]
    if "unpaid" in params["reasons"]:
        lines.append(t("The plan isn't paid."))
    if "manual" in params["reasons"]:
        lines.append(t("Your partner paused it."))
        if params["note"]:
            lines.append(h(params["note"]))
    return await _told(services, reader, params, *lines, opens=t("Get going again"))


async def resumed(services: Services, reader: Reader, params: Params) -> Screen | None:
    return await _told(services, reader, params, f"● {reader.t('Running again.')}")


async def renewal(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What the renewal date charged, and what ended (R14, R15)."""
    t = reader.t
    until = t.day(dt.date.fromisoformat(params["until"]))
    lines = [
        t("Renewed until {day}: {what}, for {cost}.", day=until, what=what, cost=points(t, cost))
        for what, cost in ((h(units_of(t, units, label)), cost) for label, units, cost in params["renewed"])
    ]
    lines += [t("Ended: {what}.", what=h(units_of(t, units, label))) for label, units in params["ended"]]
    lines.append(t("You have {points}.", points=points(t, params["balance"])))
    return await _told(services, reader, params, *lines)


async def price(services: Services, reader: Reader, params: Params) -> Screen | None:
    """A new price, before it is charged (R6)."""
    t = reader.t
    return await _told(
        services,
        reader,
        params,
        t(
            "{addon} costs {price} a month instead of {before}, from your first renewal on {day} or later.",
            addon=h(params["addon"]),
            price=points(t, params["price"]),
            before=t.points(params["before"]),
            day=t.day(dt.date.fromisoformat(params["from"])),
        ),
    )


async def joined(services: Services, reader: Reader, params: Params) -> Screen | None:
    t = reader.t
    role = role_name(t, role_of(params["role"]))
    return await _told(
        services, reader, params, t("{name} has joined as {role}.", name=h(params["name"]), role=role)
    )


async def role(services: Services, reader: Reader, params: Params) -> Screen | None:
    t = reader.t
    return await _told(
        services, reader, params, t("Your role is {role} now.", role=role_name(t, role_of(params["role"])))
    )


async def removed(services: Services, reader: Reader, params: Params) -> Screen | None:
    return await _farewell(services, reader, params, reader.t("You have no access any more."))


async def replaced(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner has put a new owner in (R34)."""
    text = reader.t("Your partner has given it a new owner, so your access has ended.")
    return await _farewell(services, reader, params, text)


async def removal_answer(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What the partner says to a request to remove (R10)."""
    t = reader.t
    if not params["approved"]:
        text = t("Your partner keeps {addon} as it is.", addon=h(params["addon"]))
        return await _told(services, reader, params, text)
    return await _told(
        services,
        reader,
        params,
        t("Your partner removed {addon} as you asked.", addon=h(params["addon"])),
        t("You have {units} of it now.", units=t.number(params["units"])),
        _moved(t, params["amount"]),
    )


async def units_by_partner(services: Services, reader: Reader, params: Params) -> Screen | None:
    t = reader.t
    return await _told(
        services,
        reader,
        params,
        t(
            "Your partner changed {addon} from {before} to {units}.",
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


async def _told(
    services: Services, reader: Reader, params: Params, *lines: str | None, opens: str | None = None
) -> Screen | None:
    """Lines under the workspace's name, for who is a member still."""
    workspace_id = params["workspace_id"]
    try:
        found = await services.db.read(people.access, reader.person_id, workspace_id)
    except StrangerError:
        return None
    return Screen.of(f"<b>{h(found.workspace)}</b>", *lines, rows=[_open(reader.t, workspace_id, opens)])


async def _farewell(services: Services, reader: Reader, params: Params, text: str) -> Screen | None:
    """For who isn't a member any more."""
    workspace = await services.db.read(workspaces.find, params["workspace_id"])
    if workspace is None:
        return None
    return Screen.of(f"<b>{h(workspace.name)}</b>", text, rows=[[menu(reader.t)]])


def _open(t: Tongue, workspace_id: int, text: str | None = None) -> list[Any]:
    return [button(text or t("Open"), buttons.Home(workspace=workspace_id))]


def _moved(t: Tongue, amount: int) -> str | None:
    """Points that a partner's change gave back or took; None for none."""
    if amount > 0:
        return t("{points} are back.", points=points(t, amount))
    return t("It took {points}.", points=points(t, -amount)) if amount < 0 else None


def _bought(params: Params) -> list[Completed]:
    return [Completed(*each) for each in params["bought"]]
