"""What customers are told without having asked: kinds and parameters as billing/ queues them."""

import datetime as dt

from billing import orders
from billing.access import role_of
from billing.addons import Completed
from billing.errors import BillingError
from billing.people import People
from handlers.customer import (
    buttons,
    notices_automatic,
    notices_limits,
    notices_pauses,
    notices_plan,
    notices_refunds,
    notices_reminders,
    notices_workspace,
)
from handlers.customer.orders import order_name, order_screen
from handlers.customer.phrases import look_again, menu, outcomes, points, role_name, units_of
from handlers.customer.telling import Params, about_workspace, opens, told
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage import catalogue, workspaces


async def order(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The message with the link to pay becomes what came of it."""
    try:
        view, _ = await services.db.read(orders.view, reader.person_id, params["order_id"])
    except BillingError:
        return None
    return order_screen(reader.t, view, _bought(params), params["renewed"])


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
        *outcomes(t, _bought(params), params["renewed"]),
        rows=[*look_again(t, view.workspace_id, _bought(params)), opens(t, view.workspace_id)],
    )


async def adjusted(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner added or took points (R31)."""
    t, amount, about = reader.t, params["amount"], await about_workspace(services, reader, params)
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
    workspace = await services.db.read(workspaces.find, about.workspace_id)
    still_paused = amount > 0 and workspace is not None and workspace.paused_limit
    ws = about.workspace_id
    way_out = button(t("Get going again"), buttons.Home(workspace=ws), "success")
    last = [way_out] if still_paused else opens(t, ws)
    return told(
        t,
        about,
        change,
        h(params["note"]),
        *outcomes(t, _bought(params), params["renewed"]),
        t("You have {points}.", points=points(t, params["balance"])),
        t("Still paused: it is over a limit.") if still_paused else None,
        rows=[*look_again(t, ws, _bought(params)), last],
    )


async def renewal(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What the renewal date charged, what waits for points, what ended and why (R14, R15)."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    ws, today = about.workspace_id, services.clock.now().date()
    until = t.near_day(dt.date.fromisoformat(params["until"]), today)
    lines = [
        t("Renewed until {day}: {what}, for {cost}.", day=until, what=what, cost=points(t, cost))
        for what, cost in ((h(units_of(t, units, label)), cost) for label, units, cost in params["renewed"])
    ]
    if params["unpaid"]:
        last = t.near_day(dt.date.fromisoformat(params["waits_until"]), today)
        lines += [
            t("Waiting for {cost}: {what}.", cost=points(t, cost), what=h(units_of(t, units, label)))
            for label, units, cost in params["unpaid"]
        ]
        if params["charging"]:
            lines.append(t("Your saved card is charged for it. You hear what came of it."))
        else:
            lines.append(t("Unless points come it works until {day}, then it ends.", day=last))
    lines += [_ended(t, h(units_of(t, units, label)), why) for label, units, why in params["ended"]]
    if params["freed"]:
        freed = points(t, params["freed"])
        lines.append(t("{points} are back for days on which nothing was charged.", points=freed))
    lines.append(t("You have {points}.", points=points(t, params["balance"])))
    top_up = [button(t("Top up"), buttons.TopUp(workspace=ws), "success" if params["unpaid"] else None)]
    again = [
        button(t("Buy {label} again", label=label), buttons.AddonCard(workspace=ws, addon=addon_id))
        for addon_id, label in params["again"]
    ]
    rows = [
        top_up if params["unpaid"] else [],
        *([each] for each in again),
        top_up if again and not params["unpaid"] else [],
        opens(t, ws),
    ]
    return told(t, about, *lines, rows=rows)


def _ended(t: Tongue, what: str, why: str) -> str:
    match why:
        case "points":
            return t("Your points didn't cover {what}: they have ended.", what=what)
        case "set":
            return t("Ended, as it was set not to renew: {what}.", what=what)
        case "asked":
            return t("Ended, as you asked for its removal: {what}.", what=what)
        case "manual":
            return t("Ended, as nothing renews while the workspace is paused: {what}.", what=what)
        case "unpaid":
            return t("Ended, as nothing renews while the plan isn't paid: {what}.", what=what)
        case "plan":
            return t("Ended, as nothing renews without a plan: {what}.", what=what)
        case "closed":
            return t("Ended, as the workspace is closed: {what}.", what=what)
        case _:
            return t("Ended: {what}.", what=what)


async def price(services: Services, reader: Reader, params: Params) -> Screen | None:
    """A new price, before it is charged (R6)."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    change = t(
        "{addon} costs {price} a month instead of {before}, from your first renewal on {day} or later.",
        addon=h(params["addon"]),
        price=points(t, params["price"]),
        before=t.points(params["before"]),
        day=t.near_day(dt.date.fromisoformat(params["from"]), services.clock.now().date()),
    )
    return told(t, about, change)


async def price_stays(services: Services, reader: Reader, params: Params) -> Screen | None:
    """A new price that was told is called off before it was charged (R6)."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    stays = t(
        "{addon} stays at {price} a month: the change to {called_off} is called off.",
        addon=h(params["addon"]),
        price=points(t, params["price"]),
        called_off=t.points(params["called_off"]),
    )
    return told(t, about, stays)


async def joined(services: Services, reader: Reader, params: Params) -> Screen | None:
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    role = role_name(t, role_of(params["role"]))
    return told(t, about, t("{name} has joined as {role}.", name=h(params["name"]), role=role))


async def role(services: Services, reader: Reader, params: Params) -> Screen | None:
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    return told(t, about, t("Your role is {role} now.", role=role_name(t, role_of(params["role"]))))


async def removed(services: Services, reader: Reader, params: Params) -> Screen | None:
    return await _farewell(services, reader, params, reader.t("You have no access any more."))


async def replaced(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner has put a new owner in (R34)."""
    text = reader.t("{partner} has given it a new owner, so your access has ended.")
    return await _farewell(services, reader, params, text)


async def removal_answer(services: Services, reader: Reader, params: Params) -> Screen | None:
    """What the partner says to a request to remove (R10)."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    named = {"partner": h(about.partner), "addon": h(params["addon"])}
    if not params["approved"]:
        if params.get("ended"):
            return _ended_meanwhile(t, about, params)
        return told(t, about, t("{partner} keeps {addon} as it is.", **named))
    return told(
        t,
        about,
        t("{partner} removed {addon} as you asked.", **named),
        t("You have {units} of it now.", units=t.number(params["units"])),
        _moved(t, params["amount"]),
    )


def _ended_meanwhile(t: Tongue, about: People, params: Params) -> Screen:
    """The partner would have kept what the renewal date ended before."""
    ws, label, left = about.workspace_id, params["addon"], params["units"]
    again = button(
        t("Buy {label} again", label=label), buttons.AddonCard(workspace=ws, addon=params["addon_id"])
    )
    return told(
        t,
        about,
        t("{partner} declined to remove {addon}.", partner=h(about.partner), addon=h(label)),
        t("The renewal date came first: nothing renews while its removal is asked for."),
        t("You have {units} of it now.", units=t.number(left)) if left else t("It has ended."),
        rows=[[again], opens(t, ws)],
    )


async def units_by_partner(services: Services, reader: Reader, params: Params) -> Screen | None:
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    return told(
        t,
        about,
        t(
            "{partner} changed {addon} from {before} to {units}.",
            partner=h(about.partner),
            addon=h(params["addon"]),
            before=t.number(params["before"]),
            units=t.number(params["units"]),
        )
        if not params.get("undo")
        else t(
            "{partner} took a change of {addon} back: from {before} to {units}.",
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
    "renewal": renewal,
    "price": price,
    "price_stays": price_stays,
    "joined": joined,
    "role": role,
    "removed": removed,
    "replaced": replaced,
    "removal_answer": removal_answer,
    "units_by_partner": units_by_partner,
    **notices_automatic.WRITERS,
    **notices_plan.WRITERS,
    **notices_workspace.WRITERS,
    **notices_limits.WRITERS,
    **notices_pauses.WRITERS,
    **notices_reminders.WRITERS,
    **notices_refunds.WRITERS,
}


async def _farewell(services: Services, reader: Reader, params: Params, text: str) -> Screen | None:
    """For who isn't a member any more; `text` may name the {partner}."""
    workspace = await services.db.read(workspaces.find, params["workspace_id"])
    if workspace is None:
        return None
    partner = await services.db.read(catalogue.partner, workspace.partner_id)
    name = partner.name if partner is not None else ""
    return Screen.of(f"<b>{h(workspace.name)}</b>", text.format(partner=h(name)), rows=[[menu(reader.t)]])


def _moved(t: Tongue, amount: int) -> str | None:
    """Points that a partner's change gave back or took; None for none."""
    if amount > 0:
        return t("{points} are back.", points=points(t, amount))
    return t("It took {points}.", points=points(t, -amount)) if amount < 0 else None


def _bought(params: Params) -> list[Completed]:
    return [Completed(*each) for each in params["bought"]]
