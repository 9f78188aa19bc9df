"""What attempts and their outcomes are decided on: the locked workspace with its setting."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from billing import notices
from billing.call import Call
from storage import automatic, catalogue, workspaces
from storage import orders as rows
from storage.models import AutoTopUp, Order, Partner, Wallet, Workspace
from storage.transaction import Tx

UNREACHABLE: Final = "unreachable"
"""The reason of an attempt that the gateway never answered and that nothing became of: no decline."""
KEYS_LIVE: Final = dt.timedelta(hours=23)
"""How long Stripe surely remembers an idempotency key."""
FIRST_LOOK: Final = dt.timedelta(minutes=2)
"""Longer than a call to the gateway with all its retries takes."""
WAITING_LOOK: Final = dt.timedelta(minutes=10)
SLOWEST_LOOK: Final = dt.timedelta(minutes=15)


@dataclass(slots=True)
class Ground:
    """The workspace is locked."""

    partner: Partner
    workspace: Workspace
    wallet: Wallet
    setting: AutoTopUp

    @classmethod
    def lock(cls, tx: Tx, workspace_id: int) -> "Ground | None":
        """None: there is no such workspace."""
        found = workspaces.lock(tx, workspace_id)
        if found is None:
            return None
        workspace, wallet = found
        partner = catalogue.partner(tx, workspace.partner_id)
        assert partner is not None, "a workspace has a partner"
        return cls(partner, workspace, wallet, automatic.lock_setting(tx, partner.id, workspace_id))

    def tell(self, tx: Tx, call: Call, kind: str, params: dict[str, Any]) -> None:
        """Queue a notice for the people who look after the money."""
        notices.tell_workspace(tx, call, self.partner.id, self.workspace.id, kind, params)


def lock_attempt(tx: Tx, partner_id: int, order_id: int) -> tuple[Ground, Order] | None:
    """An automatic order and its workspace, locked; None: there is none."""
    known = rows.order(tx, partner_id, order_id)
    ground = Ground.lock(tx, known.workspace_id) if known is not None else None
    order = rows.lock(tx, partner_id, order_id)
    if ground is None or order is None or not order.automatic:
        return None
    return ground, order
