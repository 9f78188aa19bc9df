"""Points arrived, whoever brought them: what waited for them happens now (R12, R15, R21, R31)."""

from dataclasses import dataclass
from typing import Any

from billing import renewal, standing
from billing.addons import Completed, complete_purchases
from billing.call import Call
from storage.models import Partner, Wallet, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the points did."""

    bought: tuple[Completed, ...] = ()
    """Remembered purchases, whatever became of them."""
    renewed: tuple[tuple[str, int, int], ...] = ()
    """Units that waited for points to renew: label, units, hundredths charged."""

    def params(self) -> dict[str, Any]:
        """As parameters of the notice that tells of the points."""
        return {
            "bought": [
                [each.addon_id, each.label, each.units, each.outcome, each.amount] for each in self.bought
            ],
            "renewed": [list(each) for each in self.renewed],
        }


NOTHING_ARRIVED = Arrival()


def points_arrived(tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet) -> Arrival:
    """Renew what is in grace, buy what was remembered, let the limit reason go.

    The workspace is locked, its due cycles are worked off, and the points are posted.
    """
    tx.session.expire(wallet)
    renewed = renewal.pay_unpaid(tx, call, partner, workspace, wallet)
    bought = complete_purchases(tx, call, partner, workspace, wallet)
    standing.settle(tx, call, partner, workspace)
    return Arrival(tuple(bought), renewed)
