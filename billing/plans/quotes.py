"""A change of a running subscription: quoted with the sum now and then, asked for once, done when paid (R11, R25)."""

import datetime as dt
from dataclasses import dataclass

from billing import renewal
from billing.access import Role, locked_seat, seat
from billing.call import Call
from billing.errors import (
    ChangeRunsError,
    GoneError,
    NoSubscriptionError,
    PlanOverLimitError,
)
from billing.gateway import SubscriptionFacts
from billing.money import Money
from billing.plans.moving import Fit, fit, over_on
from billing.plans.pages import PlanPrice, price_of
from billing.plans.settling import PAYING
from billing.plans.telling import plan_name, tell_people
from storage import catalogue, subscriptions, workspaces
from storage.models import PlanChange
from storage.transaction import Tx

_SOONEST_LOOK, _LATEST_LOOK = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription and the plan that it should move to."""

    partner_id: int
    workspace_id: int
    workspace: str
    subscription: str
    plan_id: int
    plan: str
    before: str | None
    price: str
    then: PlanPrice
    fits: tuple[Fit, ...]
    over: tuple[Fit, ...]


@dataclass(frozen=True, slots=True)
class ChangeQuote:
    """What a change costs: `due_now` (below zero: credit towards coming invoices), then the plan's price."""

    wanted: Wanted
    due_now: Money
    as_of: dt.datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A committed change that can be taken to the gateway."""

    id: int
    partner_id: int
    workspace_id: int
    subscription: str
    price: str
    as_of: dt.datetime
    created_at: dt.datetime

    @property
    def key(self) -> str:
        return f"plan-change-{self.id}"


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change as its screen shows it: asked, waiting, done, failed."""

    id: int
    workspace_id: int
    workspace: str
    plan: str
    status: str
    reason: str


def wanted(tx: Tx, person_id: int, workspace_id: int, plan_id: int) -> Wanted:
    """What would be changed, for an owner.

    Raises StrangerError, NotAllowedError, NoSubscriptionError, GoneError (the plan it has, off sale, no price),
    ChangeRunsError.
    """
    place = seat(tx, person_id, workspace_id, Role.OWNER)
    partner_id, workspace = place.partner.id, place.workspace
    row = subscriptions.running(tx, partner_id, workspace_id)
    if row is None or row.status not in PAYING:
        raise NoSubscriptionError
    plan = catalogue.plan(tx, partner_id, plan_id)
    price = price_of(plan) if plan is not None else None
    if plan is None or not plan.on_sale or plan.stripe_price is None or price is None:
        raise GoneError
    if plan.stripe_price == row.price or row.cancels_at_end:
        raise GoneError
    if subscriptions.open_change(tx, partner_id, workspace_id) is not None:
        raise ChangeRunsError
    before = catalogue.plan(tx, partner_id, row.plan_id) if row.plan_id is not None else None
    return Wanted(
        partner_id,
        workspace_id,
        workspace.name,
        row.id,
        plan.id,
        plan.name,
        before.name if before is not None else None,
        plan.stripe_price,
        price,
        fit(tx, workspace, plan.id),
        over_on(tx, workspace, plan.id),
    )


def ask(
    tx: Tx, call: Call, workspace_id: int, plan_id: int, price: str, as_of: dt.datetime, *, over: bool
) -> Asked:
    """Commit a change whose sum was shown and holds. The same call, and the same change again, answer the first.

    Raises as wanted, and PlanOverLimitError unless `over` (R23).
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    assert call.person_id is not None
    partner_id = held.partner.id
    renewal.catch_up(tx, call, held.partner, held.workspace, held.wallet)
    known = subscriptions.change(tx, partner_id, call.id_for("plan-change"))
    known = known or subscriptions.open_change(tx, partner_id, workspace_id)
    if known is not None:
        if known.plan_id != plan_id:
            raise ChangeRunsError
        return _asked(known)
    found = wanted(tx, call.person_id, workspace_id, plan_id)
    if found.price != price:
        raise GoneError
    if found.over and not over:
        raise PlanOverLimitError(found.over)
    change = PlanChange(
        partner_id=partner_id,
        id=call.id_for("plan-change"),
        workspace_id=workspace_id,
        subscription=found.subscription,
        plan_id=plan_id,
        price=price,
        as_of=as_of,
        person_id=call.person_id,
        status="asked",
        reason="",
        created_at=call.at,
        next_look_at=call.at + dt.timedelta(minutes=1),
    )
    tx.session.add(change)
    tx.session.flush()
    return _asked(change)


def asked(tx: Tx, partner_id: int, change_id: int) -> Asked | None:
    """A change that still has to be asked for, or None: it waits for its invoice, or is over."""
    change = subscriptions.change(tx, partner_id, change_id)
    return _asked(change) if change is not None and change.status == "asked" else None


def _asked(change: PlanChange) -> Asked:
    return Asked(
        change.id,
        change.partner_id,
        change.workspace_id,
        change.subscription,
        change.price,
        change.as_of,
        change.created_at,
    )


def fail(tx: Tx, call: Call, partner_id: int, change_id: int, reason: str) -> None:
    """The gateway would not change it; nothing was charged. Without a person in `call` nobody looks, and it is told."""
    change = _locked(tx, partner_id, change_id)
    if change is None or change.status != "asked":
        return
    change.status, change.reason = "failed", reason
    if call.person_id is None:
        plan = plan_name(tx, partner_id, change.plan_id)
        tell_people(tx, call, partner_id, change.workspace_id, "not_made", plan=plan)


def look_later(tx: Tx, call: Call, partner_id: int, change_id: int) -> None:
    """Nobody knows yet whether the gateway made it: looks come more seldom the older it is."""
    change = _locked(tx, partner_id, change_id)
    if change is not None and change.status == "asked":
        age = call.at - change.created_at
        change.next_look_at = call.at + min(max(age, _SOONEST_LOOK), _LATEST_LOOK)


def _locked(tx: Tx, partner_id: int, change_id: int) -> PlanChange | None:
    known = subscriptions.change(tx, partner_id, change_id)
    if known is None or workspaces.lock(tx, known.workspace_id) is None:
        return None
    return subscriptions.change(tx, partner_id, change_id)


def view(tx: Tx, person_id: int, workspace_id: int, change_id: int) -> ChangeView:
    """A change for a member of its workspace. Raises GoneError, StrangerError."""
    place = seat(tx, person_id, workspace_id)
    change = subscriptions.change(tx, place.partner.id, change_id)
    plan = catalogue.plan(tx, place.partner.id, change.plan_id) if change is not None else None
    if change is None or plan is None or change.workspace_id != workspace_id:
        raise GoneError
    return ChangeView(change.id, workspace_id, place.workspace.name, plan.name, change.status, change.reason)


def still_holds(facts: SubscriptionFacts, quote: Wanted) -> bool:
    """Whether the subscription is one that can be changed, as fetched just now."""
    return facts.status in PAYING and not facts.pending_change and facts.price != quote.price
