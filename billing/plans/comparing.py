"""What a workspace's plan screen shows: what runs, what else there is, and whether what is used fits (R24, R25)."""

import datetime as dt
from dataclasses import dataclass

from billing import renewal
from billing.access import Role, seat
from billing.addons import stripe_ready
from billing.plans.moving import Fit, fit
from billing.plans.pages import PlanPrice, price_of
from billing.plans.settling import GIVEN_UP, PAYING
from billing.plans.telling import plan_name
from storage import catalogue, subscriptions
from storage.models import Partner
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class PlanOption:
    """A plan as a customer sees it. `payable`: by a subscription; otherwise the partner is asked."""

    id: int
    name: str
    price: PlanPrice | None
    payable: bool
    current: bool
    fits: tuple[Fit, ...]

    @property
    def over(self) -> tuple[Fit, ...]:
        """What is used and would be too much."""
        return tuple(each for each in self.fits if each.over)


@dataclass(frozen=True, slots=True)
class Paying:
    """The subscription that pays for the plan."""

    status: str
    period_end: dt.datetime | None
    ends: bool
    """With its period, by what Stripe knows or what was asked for just now."""
    after: str | None
    """The plan that comes then; None: none."""

    @property
    def failing(self) -> bool:
        return self.status == "past_due"

    @property
    def given_up(self) -> bool:
        return self.status in GIVEN_UP


@dataclass(frozen=True, slots=True)
class PlanScreen:
    """All of it."""

    partner_id: int
    workspace_id: int
    workspace: str
    partner: str
    role: Role
    plan_id: int | None
    plan: str | None
    price: PlanPrice | None
    unpaid: bool
    paying: Paying | None
    options: tuple[PlanOption, ...]
    asked_for: str | None
    """The plan that waits for the partner's word."""
    changing_to: str | None
    """A change that waits for its payment."""
    page_id: int | None
    """An open page to pay on."""
    selling: bool

    def option(self, plan_id: int) -> PlanOption | None:
        return next((each for each in self.options if each.id == plan_id), None)


def plan_screen(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> PlanScreen:
    """The plan of a workspace, for any member. Raises StrangerError, CycleDueError."""
    place = seat(tx, person_id, workspace_id)
    workspace, partner = place.workspace, place.partner
    renewal.expect_current(workspace, now)
    plans = catalogue.plans(tx, partner.id)
    names = {plan.id: plan.name for plan in plans}
    mine = next((plan for plan in plans if plan.id == workspace.plan_id), None)
    request = subscriptions.request(tx, partner.id, workspace_id)
    change = subscriptions.open_change(tx, partner.id, workspace_id)
    page = subscriptions.open_page(tx, partner.id, workspace_id)
    return PlanScreen(
        partner.id,
        workspace_id,
        workspace.name,
        partner.name,
        place.role,
        workspace.plan_id,
        mine.name if mine is not None else None,
        price_of(mine) if mine is not None else None,
        workspace.paused_unpaid,
        paying_of(tx, partner, workspace_id),
        tuple(
            PlanOption(
                plan.id,
                plan.name,
                price_of(plan),
                plan.stripe_price is not None,
                plan.id == workspace.plan_id,
                fit(tx, workspace, plan.id),
            )
            for plan in plans
            if plan.on_sale or plan.id == workspace.plan_id
        ),
        names.get(request.plan_id) if request is not None else None,
        names.get(change.plan_id) if change is not None else None,
        page.id if page is not None and page.session_id is not None else None,
        stripe_ready(partner),
    )


def paying_of(tx: Tx, partner: Partner, workspace_id: int) -> Paying | None:
    """The subscription that stands for a workspace, given up on or not."""
    row = subscriptions.running(tx, partner.id, workspace_id)
    if row is None:
        return None
    return Paying(
        row.status,
        row.period_end,
        row.ends_with_period,
        plan_name(tx, partner.id, row.after_plan_id or partner.fallback_plan_id),
    )


def payable(tx: Tx, person_id: int, workspace_id: int) -> tuple[int, str | None]:
    """Partner, and the subscription whose invoice can be paid, for who may pay. Raises StrangerError, NotAllowedError."""
    partner_id = seat(tx, person_id, workspace_id, Role.BILLING).partner.id
    row = subscriptions.running(tx, partner_id, workspace_id)
    return partner_id, row.id if row is not None and row.status in PAYING | GIVEN_UP else None
