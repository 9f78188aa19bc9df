"""What the partner's people are told of a host platform that doesn't answer (R35)."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from billing import workspaces
from billing.errors import BillingError
from billing.workspaces import WorkspaceCard
from handlers.partner import buttons
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import h

if TYPE_CHECKING:
    from handlers.notices import Reader, Writer


async def _card(services: Services, reader: "Reader", workspace_id: int) -> WorkspaceCard | None:
    """The workspace, while the reader still works here."""
    try:
        return await services.db.read(workspaces.card, reader.person_id, workspace_id, services.clock.now())
    except BillingError:
        return None


async def _silent(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """An hour without an answer: which workspaces wait, since when, and what the platform said last."""
    t = reader.t
    cards = [
        card for number in params["workspaces"] if (card := await _card(services, reader, number)) is not None
    ]
    if not cards:
        return None
    more = params["count"] - len(cards)
    names = h(", ".join(card.name for card in cards))
    return Screen.of(
        t("⚠ Your platform hasn't confirmed changes for an hour."),
        t("{names} and {more} more wait.", names=names, more=t.number(more))
        if more
        else t("Waiting: {names}.", names=names),
        t("Since {when}.", when=t.when(dt.datetime.fromisoformat(params["since"]))),
        t("It said last: {error}", error=f"<code>{h(params['error'])}</code>") if params["error"] else None,
        t("After a day add-ons that it never took are undone and their points go back."),
        rows=[
            *[
                [button(t("Open {name}", name=card.name), buttons.WorkspaceCard(id=card.id))]
                for card in cards
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


async def _undelivered(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """A day without an answer: the charge went back."""
    card = await _card(services, reader, params["workspace_id"])
    if card is None:
        return None
    t = reader.t
    return Screen.of(
        t("⚠ Your platform didn't take what {workspace} bought within a day.", workspace=h(card.name)),
        *[
            t(
                "Undone: {units} × {addon}, {points} points went back.",
                units=t.number(units),
                addon=h(label),
                points=t.points(amount),
            )
            for label, units, amount in params["taken"]
        ],
        t("The customer has been told."),
        rows=[[button(t("Open {name}", name=card.name), buttons.WorkspaceCard(id=card.id))]],
    )


WRITERS: "Mapping[str, Writer]" = {"desk_host_silent": _silent, "desk_undelivered": _undelivered}
