"""What the partner's people are told without asking."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiogram.types import InlineKeyboardButton

from billing import workspaces
from billing.errors import BillingError
from billing.workspaces import WorkspaceCard
from handlers.partner import buttons, notices_automatic, notices_hosts, notices_plan, notices_refunds
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h

if TYPE_CHECKING:
    from handlers.notices import Reader, Writer


async def _card(services: Services, reader: "Reader", workspace_id: int) -> WorkspaceCard | None:
    """The workspace, while the reader still works here."""
    try:
        return await services.db.read(workspaces.card, reader.person_id, workspace_id, services.clock.now())
    except BillingError:
        return None


async def _desk_joined(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(
        t("{name} opened the link and owns {workspace} now.", name=h(params["name"]), workspace=h(card.name)),
        rows=[_opens(t, card)],
    )


async def _desk_closed(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """A customer closes the workspace, with the cycle's end (R37)."""
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    until = t.near_day(dt.date.fromisoformat(params["until"]), services.clock.now().date())
    return Screen.of(
        t(
            "{name} closes {workspace}: it ends on {day}.",
            name=h(params["by"]),
            workspace=h(card.name),
            day=until,
        ),
        t("{points} points stay.", points=t.points(card.balance)) if card.balance else None,
        rows=[_opens(t, card)],
    )


async def _desk_reopened(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(
        t("{name} opened {workspace} again.", name=h(params["by"]), workspace=h(card.name)),
        t("It has no plan yet.") if card.plan is None else None,
        rows=[_opens(t, card)],
    )


async def _desk_topup(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    paid = await services.db.read(workspaces.payment, reader.person_id, params["order_id"])
    return Screen.of(
        t(
            "{workspace} paid {price}: {points} points.",
            workspace=h(card.name),
            price=t.money(paid.price),
            points=t.points(paid.points),
        ),
        rows=[_opens(t, card)],
    )


async def _removal_request(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    card = await _card(services, reader, params["workspace_id"])
    if card is None or not any(each.addon_id == params["addon_id"] for each in card.requests):
        return None
    t = reader.t
    return Screen.of(
        t("<b>{workspace}</b> asks to remove an add-on.", workspace=h(card.name)),
        t(
            "{addon}: {before} → {units}",
            addon=h(params["addon"]),
            before=t.number(params["before"]),
            units=t.number(params["units"]),
        ),
        t("Approved, it counts from the day it was asked."),
        rows=[
            [
                button(
                    t("Approve"),
                    buttons.AnswerRequest(id=card.id, addon_id=params["addon_id"], approve=True),
                    "success",
                ),
                button(
                    t("Decline"),
                    buttons.AnswerRequest(id=card.id, addon_id=params["addon_id"], approve=False),
                ),
            ],
            _opens(t, card),
        ],
    )


async def _mismatch(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(
        t("⚠ A payment of {workspace} doesn't fit its order.", workspace=h(card.name)),
        t("Stripe's amount, currency or mode is another one than was asked for. Nothing was credited."),
        t("Look at order {order} in Stripe and refund it or adjust the points.", order=params["order_id"]),
        rows=[
            [
                button(t("Open {name}", name=card.name), buttons.WorkspaceCard(id=card.id)),
                button(t("± Points"), buttons.Points(id=card.id)),
            ]
        ],
    )


async def _desk_lapsed(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """Points that ran short at a renewal: the partner may want to talk to the customer."""
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(
        t("⚠ The points of {workspace} didn't cover its renewal.", workspace=h(card.name)),
        *[
            t("Ended: {units} × {addon}.", units=t.number(units), addon=h(label))
            for label, units in params["lapsed"]
        ],
        t("{points} points are left.", points=t.points(params["balance"])),
        rows=[_opens(t, card)],
    )


async def _desk_paused(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """A customer went over a limit, or a colleague paused it (R21)."""
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t, name = reader.t, h(card.name)
    limited = "limit" in params.get("reasons", ("limit",))
    by_hand = "manual" in params.get("reasons", ())
    return Screen.of(
        t("❚❚ {workspace} is over a limit and paused.", workspace=name) if limited else None,
        *[
            t(
                "{label}: {used} of {allowed}",
                label=h(label),
                used=t.number(used),
                allowed=t.number(allowance),
            )
            for label, used, allowance in (params["over"] if limited else ())
        ],
        t("❚❚ {workspace} was paused by hand.", workspace=name) if by_hand else None,
        h(params["note"]) if by_hand and params["note"] else None,
        rows=[_opens(t, card)],
    )


async def _desk_resumed(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """The last reason of a pause has gone (R21)."""
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(t("● {workspace} is running again.", workspace=h(card.name)), rows=[_opens(t, card)])


async def _desk_owner(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """The owner handed over (R34)."""
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(
        t(
            "{workspace} was handed over: {name} owns it now.",
            workspace=h(card.name),
            name=h(params["name"]),
        ),
        rows=[_opens(t, card)],
    )


async def _desk_unreachable(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """Money or a pause of which nobody could be told (R36)."""
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(
        t("⚠ Nobody of {workspace} can be reached here.", workspace=h(card.name)),
        t("There was news about their points or a pause, and no owner or billing person has this bot open."),
        t("Tell them another way, or invite somebody."),
        rows=[_opens(t, card)],
    )


async def _desk_tax(_services: Services, reader: "Reader", _params: dict[str, Any]) -> Screen | None:
    """Pages with tax are refused: nobody can pay until somebody of the desk acts (R30)."""
    t = reader.t
    return Screen.of(
        t("⚠ Nobody can pay: Stripe can't work out tax."),
        t(
            "Stripe Tax isn't set up in your account, or a plan's price in Stripe doesn't say whether it includes tax. "
            "Set it up in Stripe under Settings, Tax, or go on without tax for now."
        ),
        rows=[[button(t("Invoices and tax"), buttons.Invoices())]],
    )


def _opens(t: Tongue, card: WorkspaceCard) -> list[InlineKeyboardButton]:
    return [button(t("Open {name}", name=card.name), buttons.WorkspaceCard(id=card.id))]


WRITERS: "Mapping[str, Writer]" = {
    "desk_joined": _desk_joined,
    "desk_closed": _desk_closed,
    "desk_reopened": _desk_reopened,
    "desk_topup": _desk_topup,
    "desk_lapsed": _desk_lapsed,
    "desk_paused": _desk_paused,
    "desk_resumed": _desk_resumed,
    "desk_owner": _desk_owner,
    "removal_request": _removal_request,
    "mismatch": _mismatch,
    "desk_unreachable": _desk_unreachable,
    "desk_tax": _desk_tax,
    **notices_automatic.WRITERS,
    **notices_plan.WRITERS,
    **notices_refunds.WRITERS,
    **notices_hosts.WRITERS,
}
