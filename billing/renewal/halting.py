"""Whether anything of a workspace renews for a cycle to come (R14)."""

import datetime as dt

from billing.cycle import local_date, zone_named
from billing.renewal.wishes import Ending, stopped
from storage import subscriptions
from storage.models import Partner, Workspace
from storage.transaction import Tx


def plan_ends(tx: Tx, partner: Partner, workspace: Workspace) -> dt.date | None:
    """The date on which the workspace's plan ends with nothing to follow (R25); None: no such date is known."""
    if workspace.plan_id is None or partner.fallback_plan_id is not None:
        return None
    row = subscriptions.running(tx, partner.id, workspace.id)
    if row is None or not row.ends_with_period or row.period_end is None or row.after_plan_id is not None:
        return None
    return local_date(row.period_end, zone_named(workspace.zone))


def halted(workspace: Workspace, ends: dt.date | None, start: dt.date) -> Ending | None:
    """Why nothing of the workspace renews for a cycle that starts then; None: it renews.

    A plan that `ends` on that date is over for the cycle: it would be paid for a workspace that stands still.
    """
    return stopped(workspace) or ("plan" if ends is not None and ends <= start else None)
