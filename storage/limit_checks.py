"""What must hold between usage, allowances and pauses (R21), as queries that answer what breaks it."""

from sqlalchemy import ColumnElement, and_, exists, func, select

from storage.models import Addon, AddonState, Limit, Override, PlanAllowance, Usage, Workspace
from storage.transaction import Tx

_MOST = 20
"""Lines of an answer: enough to see what is wrong."""

_granted = (
    select(
        AddonState.partner_id,
        AddonState.workspace_id,
        Addon.limit_code,
        func.sum(AddonState.units * Addon.grant).label("units"),
    )
    .join(Addon, and_(Addon.partner_id == AddonState.partner_id, Addon.id == AddonState.addon_id))
    .where(Addon.limit_code.is_not(None))
    .group_by(AddonState.partner_id, AddonState.workspace_id, Addon.limit_code)
    .subquery()
)


def over_a_limit_is_paused(tx: Tx) -> list[str]:
    """Who uses more than is allowed is paused for it.

    Limits that start again with each cycle are left out: whether a report is of this cycle is the zone's to say.
    """
    wrong = tx.conn.execute(
        select(Workspace.id)
        .where(Workspace.paused_limit.is_(False), _over(Limit.per_cycle.is_(False)))
        .order_by(Workspace.id)
        .limit(_MOST)
    )
    return [f"workspace {row[0]}: over a limit, and not paused for it" for row in wrong]


def paused_for_a_limit_is_over_one(tx: Tx) -> list[str]:
    """Who is paused for a limit uses more than is allowed of one, by the newest report of whatever cycle."""
    wrong = tx.conn.execute(
        select(Workspace.id).where(Workspace.paused_limit, ~_over()).order_by(Workspace.id).limit(_MOST)
    )
    return [f"workspace {row[0]}: paused for a limit, and over none" for row in wrong]


def _over(*of: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the workspace of the outer query is over a counted limit, of those that are meant."""
    same_limit = Usage.limit_code
    allowance = func.coalesce(Override.value, PlanAllowance.value, 0) + func.coalesce(_granted.c.units, 0)
    return exists(
        select(Usage.limit_code)
        .join(Limit, and_(Limit.partner_id == Usage.partner_id, Limit.code == same_limit))
        .outerjoin(
            Override,
            and_(
                Override.partner_id == Usage.partner_id,
                Override.workspace_id == Usage.workspace_id,
                Override.limit_code == same_limit,
            ),
        )
        .outerjoin(
            PlanAllowance,
            and_(
                PlanAllowance.partner_id == Usage.partner_id,
                PlanAllowance.plan_id == Workspace.plan_id,
                PlanAllowance.limit_code == same_limit,
            ),
        )
        .outerjoin(
            _granted,
            and_(
                _granted.c.partner_id == Usage.partner_id,
                _granted.c.workspace_id == Usage.workspace_id,
                _granted.c.limit_code == same_limit,
            ),
        )
        .where(
            Usage.partner_id == Workspace.partner_id,
            Usage.workspace_id == Workspace.id,
            Limit.counted,
            Usage.used > allowance,
            *of,
        )
        .correlate(Workspace)
    )
