"""What the partner's people are told of customers' cards."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from billing import workspaces
from billing.errors import BillingError
from handlers.partner import buttons
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import h

if TYPE_CHECKING:
    from handlers.notices import Reader, Writer


async def _desk_card(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """A card fails for good: nothing more is tried by itself (R18)."""
    t, now = reader.t, services.clock.now()
    try:
        card = await services.db.read(workspaces.card, reader.person_id, params["workspace_id"], now)
    except BillingError:
        return None
    return Screen.of(
        t("⚠ The card of {workspace} fails: auto top-up has stopped.", workspace=h(card.name)),
        t("They have been told and can pay by hand or save another card."),
        rows=[[button(t("Open {name}", name=card.name), buttons.WorkspaceCard(id=card.id))]],
    )


WRITERS: "Mapping[str, Writer]" = {"desk_card": _desk_card}
