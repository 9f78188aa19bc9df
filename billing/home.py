"""A customer's home: everything about the workspace at a glance."""

import datetime as dt
from dataclasses import dataclass

from billing import renewal, standing
from billing.access import Role, seat
from billing.addons import AddonOffer, is_delivered, is_selling, load_offers
from billing.charging import running_cycle, today_of
from billing.renewal import Forecast, Need
from billing.standing import Standing
from storage import automatic, catalogue, ledger, workspaces
from storage.transaction import Tx

RENEWALS_SHOWN, RENEWALS_LOOKED_AT = 3, 25


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
    costs: tuple[tuple[str, int], ...]
    """What add-ons have cost in the running cycle so far, by the dates they were there (R7); ended ones too."""
    cycle_start: dt.date
    renewal: dt.date
    days_left: int
    forecast: tuple[Forecast, ...]
    """The next three renewals."""
    lasts_until: dt.date | None
    """The first renewal date that the points won't cover; None: nothing renews, or more than two years."""
    waiting: Need | None
    """Units that wait for points in the running cycle (R15)."""
    waits_until: dt.datetime | None
    automatic: str
    """Auto top-up: off, on, ask, suspended."""
    selling: bool
    delivered: bool
    closed: bool
    zone: str

    @property
    def next_cost(self) -> int:
        """What the add-ons that renew cost in the next cycle."""
        return self.forecast[0].cost

    @property
    def covered(self) -> bool:
        return self.forecast[0].covered


def home(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> Home:
    """For any member. Raises StrangerError, CycleDueError."""
    place = seat(tx, person_id, workspace_id)
    renewal.expect_current(place.workspace, now)
    workspace, partner = place.workspace, place.partner
    balance = workspaces.wallet(tx, partner.id, workspace_id).balance
    offers = load_offers(tx, partner, workspace)
    posted = ledger.posted_by_addon(
        tx, partner.id, workspace_id, [offer.id for offer in offers], workspace.cycle_start
    )
    coming = renewal.forecast(tx, partner, workspace, balance, RENEWALS_LOOKED_AT)
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
        tuple(offer for offer in offers if offer.units),
        tuple((offer.label, posted[offer.id]) for offer in offers if posted.get(offer.id)),
        workspace.cycle_start,
        workspace.cycle_end,
        running_cycle(workspace).days_left(today),
        coming[:RENEWALS_SHOWN],
        next((each.date for each in coming if not each.covered), None),
        renewal.need(tx, partner, workspace, now) if workspace.lapses_at is not None else None,
        workspace.lapses_at,
        automatic.state(tx, partner.id, workspace_id),
        is_selling(partner),
        is_delivered(tx, partner.id, workspace_id),
        workspace.closed_at is not None,
        workspace.zone,
    )
