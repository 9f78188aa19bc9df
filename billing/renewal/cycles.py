"""Standing in a cycle: the columns that follow from it, and whether the next one has begun (R4)."""

import datetime as dt
from typing import Any

from billing.charging import today_of
from billing.cycle import Cycle, start_instant, zone_named
from billing.errors import CycleDueError
from storage.models import Workspace, WorkspaceCycle
from storage.transaction import Tx

EARLIEST_REMINDER = dt.timedelta(days=15)
"""When looking for reminders begins: the seven dates of R36, the longest lead of an automatic charge, a week, and a date
for either zone's midnight."""


def cycle_values(cycle: Cycle, zone: str, left: str) -> dict[str, Any]:
    """The workspace's columns by name while it stands in a cycle that it has just entered.

    The cycle begins at a midnight of the zone that was `left` for its own `zone`; mostly they are one.
    """
    renews_at = start_instant(cycle.end, zone_named(zone))
    return {
        "cycle_start": cycle.start,
        "cycle_end": cycle.end,
        "whole_start": cycle.whole_start,
        "whole_end": cycle.whole_end,
        "began_at": start_instant(cycle.start, zone_named(left)),
        "zone": zone,
        "next_zone": None,
        "renews_at": renews_at,
        "claimed_until": None,
        "lapses_at": None,
        "graced_until": None,
        "remind_at": renews_at - EARLIEST_REMINDER,
        "reminded": None,
    }


def boundary_reference(workspace_id: int, start: dt.date) -> str:
    """One for a boundary, whoever happens to work it off."""
    return f"renewal:{workspace_id}:{start.isoformat()}"


def renewal_reference(workspace_id: int, addon_id: int, start: dt.date) -> str:
    """Of an add-on's posting at a boundary: once per workspace, add-on and cycle (R14)."""
    return f"renew:{workspace_id}:{addon_id}:{start.isoformat()}"


def enter_cycle(tx: Tx, workspace: Workspace, cycle: Cycle) -> None:
    """Stand the workspace in a cycle and note it among those it lived. A new zone counts from here on (R4)."""
    zone = workspace.next_zone or workspace.zone
    for name, value in cycle_values(cycle, zone, workspace.zone).items():
        setattr(workspace, name, value)
    tx.session.add(
        WorkspaceCycle(
            partner_id=workspace.partner_id,
            workspace_id=workspace.id,
            start=cycle.start,
            end=cycle.end,
            whole_start=cycle.whole_start,
            whole_end=cycle.whole_end,
        )
    )


def is_due(workspace: Workspace, now: dt.datetime) -> bool:
    """Whether a new cycle has begun that was not worked off."""
    return today_of(workspace, now) >= workspace.cycle_end


def expect_current(workspace: Workspace, now: dt.datetime) -> None:
    """For readers, who can't work off cycles themselves. Raises CycleDueError."""
    if is_due(workspace, now):
        raise CycleDueError(workspace.id)
