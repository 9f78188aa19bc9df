"""Pages on which a workspace's first subscription is bought: committed, made, expired (R25, R27). No network here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing.access import Role, locked_seat, seat
from billing.addons import stripe_ready
from billing.call import Call
from billing.errors import GoneError, NotSellingError, PlanOverLimitError, SubscriptionRunsError
from billing.gateway import Invoicing, SessionFacts, SubscriptionRequest
from billing.invoicing import invoicing_of
from billing.money import Money
from billing.orders import SESSION_LIFE
from billing.plans.moving import over_on
from billing.plans.settling import GIVEN_UP
from billing.plans.telling import change_message
from billing.stripe_params import adds_tax
from storage import catalogue, subscriptions, workspaces
from storage.models import Plan, PlanCheckout, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class PlanPrice:
    """Money per so many intervals (day, week, month, year)."""

    amount: Money
    interval: str
    count: int


def price_of(plan: Plan) -> PlanPrice | None:
    """What a plan costs; None where it shows no price."""
    if plan.amount_minor is None or plan.currency is None:
        return None
    return PlanPrice(Money(plan.amount_minor, plan.currency), plan.interval, plan.interval_count)


@dataclass(frozen=True, slots=True)
class PageView:
    """A page as its message shows it."""

    id: int
    workspace_id: int
    workspace: str
    plan_id: int
    plan: str
    price: PlanPrice | None
    status: str
    reason: str
    url: str | None
    paused: bool
    """The workspace is paused all the same."""
    taxed: bool
    """The page adds tax to the price."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A committed page that can be taken to the gateway."""

    view: PageView
    params: dict[str, Any]
    session_id: str | None


@dataclass(frozen=True, slots=True)
class PageTerms:
    """What a page is made with besides the plan."""

    customer: str
    live: bool
    return_url: Callable[[int], str]
    language: str
    build: Callable[[SubscriptionRequest], dict[str, Any]]


def key_of(page_id: int) -> str:
    """The idempotency key under which the page is made, however often it is asked for."""
    return f"plan-page-{page_id}"


def owner(tx: Tx, person_id: int, workspace_id: int) -> int:
    """The partner of a workspace, for its owner. Raises StrangerError, NotAllowedError."""
    return seat(tx, person_id, workspace_id, Role.OWNER).partner.id


def begin(
    tx: Tx,
    call: Call,
    workspace_id: int,
    plan_id: int,
    terms: PageTerms,
    chat_id: int | None,
    message_id: int | None,
    *,
    over: bool,
) -> Begun:
    """Commit a page for a plan; the workspace's open page for it is answered again, one for another is closed.

    Raises NotSellingError, GoneError (off sale, or without a Stripe price), SubscriptionRunsError, PlanOverLimitError
    unless `over` (R23).
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    partner, workspace = held.partner, held.workspace
    known = subscriptions.page(tx, partner.id, call.id_for("plan-page"))
    if known is not None:
        return Begun(_view(tx, workspace, known), known.session_params, known.session_id)
    if not stripe_ready(partner) or terms.live != partner.stripe_live:
        raise NotSellingError
    plan = catalogue.plan(tx, partner.id, plan_id)
    if plan is None or not plan.on_sale or plan.stripe_price is None:
        raise GoneError
    running = subscriptions.running(tx, partner.id, workspace_id)
    if running is not None and running.status not in GIVEN_UP:
        raise SubscriptionRunsError
    too_much = over_on(tx, workspace, plan_id)
    if too_much and not over:
        raise PlanOverLimitError(too_much)
    page = subscriptions.open_page(tx, partner.id, workspace_id)
    if page is not None and not _is_for(page, plan, terms, call):
        page.status, page.next_look_at = "closing", call.at
        change_message(tx, call, page)
        tx.session.flush()
        page = None
    if page is None:
        page = _new_page(tx, call, workspace, plan, plan.stripe_price, terms, invoicing_of(partner))
    if page.person_id == call.person_id:
        page.chat_id, page.message_id = chat_id, message_id
    tx.session.flush()
    return Begun(_view(tx, workspace, page), page.session_params, page.session_id)


def _is_for(page: PlanCheckout, plan: Plan, terms: PageTerms, call: Call) -> bool:
    """Whether an open page sells just this, with time enough left."""
    return (
        page.plan_id == plan.id
        and page.live == terms.live
        and page.price == plan.stripe_price
        and page.expires_at - call.at > dt.timedelta(hours=1)
    )


def _new_page(
    tx: Tx,
    call: Call,
    workspace: Workspace,
    plan: Plan,
    price: str,
    terms: PageTerms,
    invoicing: Invoicing,
) -> PlanCheckout:
    assert call.person_id is not None
    page_id = call.id_for("plan-page")
    expires_at = call.at + SESSION_LIFE
    link = terms.return_url(page_id)
    request = SubscriptionRequest(
        page_id,
        call.bot_id,
        workspace.partner_id,
        workspace.id,
        plan.id,
        price,
        terms.customer,
        expires_at,
        link,
        link,
        terms.language,
        invoicing,
    )
    page = PlanCheckout(
        partner_id=workspace.partner_id,
        id=page_id,
        workspace_id=workspace.id,
        plan_id=plan.id,
        person_id=call.person_id,
        live=terms.live,
        status="open",
        reason="",
        price=price,
        session_params=terms.build(request),
        created_at=call.at,
        expires_at=expires_at,
        next_look_at=call.at + dt.timedelta(minutes=1),
        looks=0,
    )
    tx.session.add(page)
    return page


def attach(tx: Tx, call: Call, partner_id: int, page_id: int, facts: SessionFacts) -> PageView:
    """The gateway made the page: keep its id and address."""
    page, workspace = _locked(tx, partner_id, page_id)
    page.session_id, page.session_url = facts.id, facts.url
    page.next_look_at = call.at + dt.timedelta(seconds=5) if page.status == "open" else call.at
    return _view(tx, workspace, page)


def refuse(
    tx: Tx, call: Call, partner_id: int, page_id: int, reason: str, *, silent: bool = False
) -> PageView:
    """The gateway would not make the page, or can't be asked for it any more; nothing can be paid.

    `silent`: another takes its place in its message.
    """
    page, workspace = _locked(tx, partner_id, page_id)
    if page.session_id is None and page.status in {"open", "closing"}:
        page.status = "failed" if page.status == "open" else "cancelled"
        page.reason = reason
        if not silent:
            change_message(tx, call, page)
    return _view(tx, workspace, page)


def outlive(tx: Tx, call: Call, partner_id: int, page_id: int) -> None:
    """A page of test mode, after going live: nobody can ask for it any more (R26)."""
    page, _ = _locked(tx, partner_id, page_id)
    if page.status in {"open", "closing"}:
        page.status = "expired" if page.status == "open" else "cancelled"
        change_message(tx, call, page)


def settle_page(tx: Tx, call: Call, partner_id: int, page_id: int, facts: SessionFacts) -> None:
    """A page on which nothing was bought yet: open, or closed by now."""
    page, _ = _locked(tx, partner_id, page_id)
    if page.status not in {"open", "closing"}:
        return
    page.session_id = page.session_id or facts.id
    page.looks += 1
    page.next_look_at = call.at + dt.timedelta(seconds=min(60, 5 + 2 * page.looks))
    if facts.status == "expired":
        page.status = "expired" if page.status == "open" else "cancelled"
        change_message(tx, call, page)


def cancel(tx: Tx, call: Call, page_id: int) -> PageView:
    """The owner calls it off; the poller closes the page at Stripe. Raises GoneError."""
    page = subscriptions.find_page(tx, page_id)
    if page is None:
        raise GoneError
    held = locked_seat(tx, call.person_id, page.workspace_id, Role.OWNER)
    page = subscriptions.page(tx, held.partner.id, page_id)
    assert page is not None
    if page.status == "open":
        page.status, page.next_look_at = "closing", call.at
    return _view(tx, held.workspace, page)


def view(tx: Tx, person_id: int, page_id: int) -> PageView:
    """A page for a member of its workspace. Raises GoneError, StrangerError."""
    page = subscriptions.find_page(tx, page_id)
    if page is None:
        raise GoneError
    return _view(tx, seat(tx, person_id, page.workspace_id).workspace, page)


def _locked(tx: Tx, partner_id: int, page_id: int) -> tuple[PlanCheckout, Workspace]:
    page = subscriptions.page(tx, partner_id, page_id)
    assert page is not None, "pages keep their row"
    found = workspaces.lock(tx, page.workspace_id)
    assert found is not None
    tx.session.refresh(page)
    return page, found[0]


def _view(tx: Tx, workspace: Workspace, page: PlanCheckout) -> PageView:
    plan = catalogue.plan(tx, page.partner_id, page.plan_id)
    assert plan is not None, "plans keep their row"
    return PageView(
        page.id,
        page.workspace_id,
        workspace.name,
        page.plan_id,
        plan.name,
        price_of(plan),
        page.status,
        page.reason,
        page.session_url,
        workspace.paused_limit or workspace.paused_manual,
        adds_tax(page.session_params),
    )
