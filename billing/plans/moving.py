"""How a workspace gets onto a plan, and whether what it uses fits there (R21, R23). The workspace is locked."""

from dataclasses import dataclass

from billing import standing
from storage import catalogue, subscriptions, workspaces
from storage.models import Plan, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Fit:
    """One limit of a workspace, on its plan and on another. `used` None: never reported, or only granted."""

    label: str
    used: int | None
    now: int
    then: int

    @property
    def over(self) -> bool:
        """Usage is above what the other plan would allow."""
        return self.used is not None and self.used > self.then


def fit(tx: Tx, workspace: Workspace, plan_id: int | None) -> tuple[Fit, ...]:
    """Every limit now and on the other plan, with the workspace's overrides and add-ons on top of both."""
    ids = [each for each in {plan_id, workspace.plan_id} if each is not None]
    granted = catalogue.plan_allowances(tx, workspace.partner_id, ids)
    before = granted.get(workspace.plan_id or 0, {})
    after = granted.get(plan_id or 0, {})
    overridden = workspaces.overrides(tx, workspace.partner_id, workspace.id)
    return tuple(
        Fit(
            each.label,
            each.used if each.counted else None,
            each.allowance,
            each.allowance
            + (0 if each.code in overridden else after.get(each.code, 0) - before.get(each.code, 0)),
        )
        for each in standing.standing(tx, workspace).limits
    )


def over_on(tx: Tx, workspace: Workspace, plan_id: int | None) -> tuple[Fit, ...]:
    """What would be over its limit on another plan; what is over as much already doesn't count (R23)."""
    return tuple(each for each in fit(tx, workspace, plan_id) if each.over and each.then < each.now)


def put_on(tx: Tx, workspace: Workspace, plan_id: int | None) -> Plan | None:
    """Put a workspace on a plan; the caller settles its standing.

    The plan is locked to read: allowances that are being edited are either seen here, or their editor finds the
    workspace on the plan.
    """
    plan = None
    if plan_id is not None:
        plan = subscriptions.lock_plan(tx, workspace.partner_id, plan_id, to_read=True)
    workspace.plan_id = plan.id if plan is not None else None
    return plan
