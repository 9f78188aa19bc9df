"""Notices of what renewed, what waits for points and what ended: told once for each cause (R36)."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from billing import notices
from billing.call import Call
from billing.charging import today_of
from billing.renewal.wishes import Ending
from storage.models import Addon, Partner, Wallet, Workspace
from storage.transaction import Tx


@dataclass(slots=True)
class Boundary:
    """What boundaries or the end of a wait did to a workspace."""

    crossed: bool = False
    renewed: list[tuple[str, int, int]] = field(default_factory=list)
    """Label, units, hundredths; of the newest boundary."""
    unpaid: list[tuple[str, int, int]] = field(default_factory=list)
    """What waits for points: label, units, hundredths missing for them."""
    ended: list[tuple[str, int, Ending]] = field(default_factory=list)
    """Label, units, why; at any of the boundaries."""
    again: list[tuple[int, str]] = field(default_factory=list)
    """Add-on and label of what ended for want of points: it is offered again."""

    charging: bool = False
    """Whether what waits is charged to the saved card."""
    freed: int = 0
    """Hundredths that went back for dates on which credit billing was off."""

    def end(self, addon: Addon, units: int, why: Ending) -> None:
        """Note an end."""
        self.ended.append((addon.label, units, why))
        if why == "points":
            self.again.append((addon.id, addon.label))


def tell_boundary(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet, told: Boundary
) -> None:
    """Tell who looks after the money, and the desk of units that the points didn't cover."""
    if told.renewed or told.unpaid or told.ended or told.freed:
        notices.tell_workspace(
            tx,
            call,
            partner.id,
            workspace.id,
            "renewal",
            boundary_params(
                told,
                wallet.balance,
                workspace.cycle_end,
                _last_date(workspace) if told.unpaid else None,
            ),
        )
    lapsed = [(label, units) for label, units, why in told.ended if why == "points"]
    if lapsed:
        notices.tell_desk(
            tx,
            call,
            partner.id,
            "desk_lapsed",
            {"workspace_id": workspace.id, "lapsed": lapsed, "balance": wallet.balance},
        )


def boundary_params(
    told: Boundary, balance: int, until: dt.date, waits_until: dt.date | None = None
) -> dict[str, Any]:
    """What the notice says. `until`: the cycle's end; `waits_until`: the last date of what waits for points."""
    return {
        "renewed": told.renewed,
        "unpaid": told.unpaid,
        "ended": told.ended,
        "again": told.again,
        "freed": told.freed,
        "charging": told.charging,
        "balance": balance,
        "until": until.isoformat(),
        "waits_until": waits_until.isoformat() if waits_until is not None else None,
    }


def _last_date(workspace: Workspace) -> dt.date:
    """The last date on which units that wait for points still work."""
    assert workspace.lapses_at is not None, "something waits"
    return today_of(workspace, workspace.lapses_at - dt.timedelta(microseconds=1))
