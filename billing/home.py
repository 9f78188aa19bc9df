"""A customer's home: everything about the workspace at a glance."""

import datetime as dt
from dataclasses import dataclass

from billing import renewal, standing
from billing.access import Role, seat
from billing.addons import AddonOffer, is_delivered, is_selling, load_offers
from billing.charging import running_cycle, today_of
from billing.cycle import boundary, cycle_number
from billing.standing import Standing
from storage import catalogue, workspaces
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Home:
    """Points in hundredths."""

    workspace_id: int
    workspace: str
    partner: str
    point_name: str
    role: Role
    plan: str | None
    reasons: frozenset[str]
    note: str
    balance: int
    standing: Standing
    active: tuple[AddonOffer, ...]
    renewal: dt.date
    days_left: int
    next_cost: int
    """What the add-ons that renew cost in the next cycle."""
    lasts_until: dt.date | None
    """The first renewal date that the points won't cover; None: nothing renews, or more than two years."""
    selling: bool
    delivered: bool
    zone: str

    @property
    def covered(self) -> bool:
        return self.balance >= self.next_cost


def home(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> Home:
    """For any member. Raises StrangerError, CycleDueError."""
    place = seat(tx, person_id, workspace_id)
    renewal.expect_current(place.workspace, now)
    workspace, partner = place.workspace, place.partner
    balance = workspaces.wallet(tx, partner.id, workspace_id).balance
    active = tuple(offer for offer in load_offers(tx, partner, workspace) if offer.units)
    next_cost = sum(
        offer.next_price * (offer.request if offer.request is not None else offer.units)
        for offer in active
        if offer.renews
    )
    plan = catalogue.plan(tx, partner.id, workspace.plan_id) if workspace.plan_id is not None else None
    today = today_of(workspace, now)
    return Home(
        workspace_id,
        workspace.name,
        partner.name,
        partner.point_name,
        place.role,
        plan.name if plan is not None else None,
        standing.reasons(workspace),
        workspace.pause_note,
        balance,
        standing.standing(tx, workspace),
        active,
        workspace.cycle_end,
        running_cycle(workspace).days_left(today),
        next_cost,
        _lasts_until(balance, next_cost, workspace.anchor, workspace.cycle_end),
        is_selling(partner),
        is_delivered(tx, partner.id, workspace_id),
        workspace.zone,
    )


def _lasts_until(balance: int, cost: int, anchor: dt.date, end: dt.date) -> dt.date | None:
    if cost <= 0:
        return None
    renewals = max(0, balance // cost)
    if renewals > 24:
        return None
    return end if renewals == 0 else boundary(anchor, cycle_number(anchor, end) + renewals)
