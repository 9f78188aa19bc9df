"""A workspace's auto top-up as its partner sees it: how it stands and what came of it last (R19)."""

from dataclasses import dataclass

from billing.automatic.agreement import LastCharge, last_charge
from storage import automatic
from storage.models import TEST_OVER, Partner
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class WatchedAutoTopUp:
    """No more of the card than names it."""

    state: str
    """off, on, ask, suspended."""
    reason: str
    """Why it was switched off or suspended; empty: it wasn't, or its people did it."""
    card: tuple[str, str] | None
    """Brand and last four digits of the card that is charged."""
    last: LastCharge | None


def watched(tx: Tx, partner: Partner, workspace_id: int) -> WatchedAutoTopUp:
    """For the desk; whoever asks may look."""
    setting = automatic.setting(tx, partner.id, workspace_id)
    if setting is None:
        return WatchedAutoTopUp("off", "", None, None)
    card = automatic.card(tx, partner.id, setting.card_id) if setting.card_id is not None else None
    charged = card is not None and card.removed_at is None and card.live == partner.stripe_live
    order = automatic.newest_charge(tx, partner.id, workspace_id)
    return WatchedAutoTopUp(
        setting.state,
        setting.reason,
        (card.brand, card.last4) if card is not None and charged else None,
        last_charge(tx, order) if order is not None and order.reason != TEST_OVER else None,
    )
