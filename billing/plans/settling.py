"""A subscription as fetched, brought into the books, whoever brought the news, any number of times (R25)."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from billing import mode, renewal, standing
from billing.call import Call
from billing.gateway import SubscriptionFacts, metadata_number
from billing.plans.belonging import workspace_of
from billing.plans.moving import put_on
from billing.plans.telling import change_message, plan_name, tell_desk, tell_people
from storage import catalogue, subscriptions, workspaces
from storage.models import Partner, PlanChange, PlanCheckout, Subscription, Workspace
from storage.transaction import Tx

PAYING = frozenset({"trialing", "active", "past_due"})
"""Paid, or Stripe still tries."""
GIVEN_UP = frozenset({"unpaid", "paused"})
"""Stripe tries no more, but it can be paid again."""
ENDED = frozenset({"canceled", "incomplete_expired"})
_DAY = dt.timedelta(days=1)
_KEPT_BY = dt.timedelta(minutes=15)
"""When one that has ended is looked at once more, in case its last payment could not be fetched."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a subscription stands after its facts were taken."""

    workspace_id: int
    plan_id: int | None
    running: bool
    dropped: str
    unkept: str | None = None
    """Its newest invoice and that one's status, where payments may have been made that are not kept."""


@dataclass(frozen=True, slots=True)
class _Before:
    """What was known of a subscription before a look. `began`: it stands for its workspace since this one."""

    status: str
    plan_id: int | None
    price: str
    cancels: bool
    began: bool = False


def settle_subscription(tx: Tx, call: Call, partner_id: int, facts: SubscriptionFacts) -> Settled | None:
    """Bring the books to a subscription; `call.at` is when the look began. None: it is none of ours.

    Older facts than are known change nothing, so the order in which looks come back doesn't matter.
    """
    workspace_id = workspace_of(tx, call.bot_id, partner_id, facts)
    found = workspaces.lock(tx, workspace_id) if workspace_id is not None else None
    if found is None or found[0].partner_id != partner_id:
        return None
    workspace, wallet = found
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None
    if mode.is_over(partner, live=facts.live):
        return None
    row = subscriptions.lock_subscription(tx, partner_id, facts.id)
    if row is None:
        row = _new_row(tx, call, workspace, facts)
    elif row.looked_at > call.at or (row.status in ENDED and facts.status not in ENDED):
        return Settled(workspace.id, row.plan_id, row.running, row.dropped)
    renewal.catch_up(tx, call, partner, workspace, wallet)
    if row.dropped:
        row.status, row.looked_at = facts.status, call.at
        unkept = _unkept(row, facts)
        return Settled(workspace.id, row.plan_id, running=False, dropped=row.dropped, unkept=unkept)
    before = standing.reasons(workspace)
    _take(tx, call, partner, workspace, row, facts)
    tx.session.flush()
    standing.settle(tx, call, partner, workspace, before=before)
    unkept = _unkept(row, facts)
    if unkept is not None and row.next_look_at is None:
        row.next_look_at = call.at + _KEPT_BY
    return Settled(workspace.id, row.plan_id, row.running, row.dropped, unkept)


def _unkept(row: Subscription, facts: SubscriptionFacts) -> str | None:
    """What payments are to be kept until; None: they are."""
    if facts.latest_invoice is None:
        return None
    newest = f"{facts.latest_invoice}:{facts.latest_invoice_status}"
    return newest if newest != row.payments_until else None


def _new_row(tx: Tx, call: Call, workspace: Workspace, facts: SubscriptionFacts) -> Subscription:
    row = Subscription(
        partner_id=workspace.partner_id,
        id=facts.id,
        workspace_id=workspace.id,
        plan_id=None,
        live=facts.live,
        status="incomplete",
        running=False,
        dropped="",
        item=facts.item,
        price="",
        cancels_at_end=False,
        created_at=facts.created,
        looked_at=call.at,
        next_look_at=call.at,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def _take(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, row: Subscription, facts: SubscriptionFacts
) -> None:
    """All that the facts mean for a subscription that we don't end ourselves."""
    plan_id = _plan_of(tx, row, facts)
    page = subscriptions.page(tx, partner.id, metadata_number(facts.metadata, "checkout"))
    if page is not None and page.workspace_id != workspace.id:
        page = None
    before = _Before(row.status, row.plan_id, row.price, row.cancels_at_end)
    if facts.status in PAYING | GIVEN_UP and not row.running:
        before = replace(before, began=_stand(tx, call, workspace, row, facts))
    gave_up = _gave_up(row, facts)
    row.status, row.plan_id = facts.status, plan_id
    row.item, row.price, row.period_end = facts.item, facts.price, facts.period_end
    row.cancels_at_end = facts.cancels_at_end
    if row.end_wish == facts.cancels_at_end:
        row.end_wish = None
    row.looked_at = call.at
    row.next_look_at = _next_look(row, call.at)
    if row.running and facts.status in ENDED:
        _end(tx, call, workspace, row, gave_up=gave_up, told=before.status in GIVEN_UP)
    elif row.running:
        _run(tx, call, workspace, row, facts, before, page)
    _settle_change(tx, call, row, facts)
    if page is not None:
        _settle_page(tx, call, row, page)


def _plan_of(tx: Tx, row: Subscription, facts: SubscriptionFacts) -> int | None:
    """The plan that has or had this price; for a price that nobody knows, what it was before or began as."""
    price = subscriptions.price(tx, row.partner_id, facts.price)
    if price is not None:
        return price.plan_id
    if row.plan_id is not None:
        return row.plan_id
    plan = catalogue.plan(tx, row.partner_id, metadata_number(facts.metadata, "plan"))
    return plan.id if plan is not None else None


def _priceless(tx: Tx, row: Subscription) -> bool:
    """Whether it was moved to a price at Stripe that no plan has or had."""
    return subscriptions.price(tx, row.partner_id, row.price) is None


def _stand(tx: Tx, call: Call, workspace: Workspace, row: Subscription, facts: SubscriptionFacts) -> bool:
    """It stands for the workspace, or there is one that does and this one is dropped. Answers which."""
    rival = subscriptions.running(tx, row.partner_id, workspace.id)
    if workspace.closed_at is not None:
        row.dropped = "unwanted"
        return False
    if rival is not None:
        if rival.status not in GIVEN_UP or facts.status not in PAYING:
            row.dropped = "duplicate"
            return False
        drop(call, rival, "replaced")
        tx.session.flush()
    row.running = True
    for page in _open_pages(tx, workspace):
        if page.id != metadata_number(facts.metadata, "checkout"):
            page.status, page.next_look_at = "closing", call.at
    request = subscriptions.request(tx, row.partner_id, workspace.id)
    if request is not None:
        tx.session.delete(request)
    return True


def _open_pages(tx: Tx, workspace: Workspace) -> list[PlanCheckout]:
    page = subscriptions.open_page(tx, workspace.partner_id, workspace.id)
    return [page] if page is not None else []


def drop(call: Call, row: Subscription, why: str) -> None:
    """From now on it counts for nothing, and the poller ends it at Stripe."""
    row.running, row.dropped, row.next_look_at = False, why, call.at


def _gave_up(row: Subscription, facts: SubscriptionFacts) -> bool:
    """Whether it ended because nobody paid, not because somebody ended it."""
    tried = row.status in {"past_due", "unpaid"} and facts.latest_invoice_status != "paid"
    owes = facts.latest_invoice_status in {"open", "uncollectible"}
    return (owes or tried) and not (facts.cancels_at_end or row.cancels_at_end)


def _next_look(row: Subscription, at: dt.datetime) -> dt.datetime | None:
    if row.status in ENDED and not row.dropped:
        return None
    if row.dropped or row.end_wish is not None:
        return at
    if row.status in {"past_due", "incomplete"}:
        return at + dt.timedelta(minutes=15)
    if row.status in GIVEN_UP:
        # Who stands still and pays waits for this look, where no webhook comes.
        return at + dt.timedelta(minutes=5)
    if row.period_end is not None and at < row.period_end < at + _DAY:
        return row.period_end + dt.timedelta(minutes=10)
    return at + _DAY


def _run(
    tx: Tx,
    call: Call,
    workspace: Workspace,
    row: Subscription,
    facts: SubscriptionFacts,
    before: _Before,
    page: PlanCheckout | None,
) -> None:
    """The plan of its price, unpaid or not, and what is told of it.

    What runs on to its paid end in a workspace that is closed and over gives it no plan back, and pauses nothing.
    """
    over = standing.is_over(workspace)
    if row.plan_id is not None and workspace.plan_id != row.plan_id and not over:
        put_on(tx, workspace, row.plan_id)
    workspace.paused_unpaid = facts.status in GIVEN_UP
    about: dict[str, Any] = {
        "plan": plan_name(tx, row.partner_id, row.plan_id),
        "until": row.period_end.isoformat() if row.period_end is not None else None,
    }
    moved = not before.began and before.plan_id != row.plan_id
    here = (row.partner_id, workspace.id)
    if before.began and facts.status in PAYING:
        buyer = page.person_id if page is not None and page.message_id is not None else None
        tell_people(tx, call, *here, "started", buyer, **about)
        tell_desk(tx, call, *here, "started", **about)
    if moved:
        about["before"] = plan_name(tx, row.partner_id, before.plan_id)
        tell_people(tx, call, *here, "changed", call.person_id, **about)
        tell_desk(tx, call, *here, "changed", **about)
    if (before.began or before.price != row.price) and _priceless(tx, row):
        tell_desk(tx, call, *here, "priceless", price=row.price, **about)
    if not before.began and before.cancels != row.cancels_at_end:
        if not row.cancels_at_end:
            row.after_plan_id = None
        tell_people(tx, call, *here, "ending" if row.cancels_at_end else "kept", call.person_id, **about)
        tell_desk(tx, call, *here, "ending" if row.cancels_at_end else "kept", **about)
    if facts.latest_invoice_status == "paid" and row.invoice_paid != facts.latest_invoice:
        if (row.invoice_paid or row.invoice_failed) and not moved:
            tell_people(tx, call, *here, "paid", call.person_id, **about)
        row.invoice_paid = facts.latest_invoice
    if facts.status == "past_due" and row.invoice_failed != facts.latest_invoice and not over:
        row.invoice_failed = facts.latest_invoice
        tell_people(tx, call, *here, "failed", **about)
        tell_desk(tx, call, *here, "failed", **about)
    if facts.status in GIVEN_UP and before.status not in GIVEN_UP and not over:
        tell_people(tx, call, *here, "unpaid", **about)
        tell_desk(tx, call, *here, "unpaid", **about)


def _end(tx: Tx, call: Call, workspace: Workspace, row: Subscription, *, gave_up: bool, told: bool) -> None:
    """Unpaid where nobody paid; otherwise the plan that comes after (R25): none where it is closed and over (R37)."""
    row.running, row.end_wish = False, None
    over = standing.is_over(workspace)
    number, plan = workspace.id, plan_name(tx, row.partner_id, row.plan_id)
    if gave_up and not over:
        workspace.paused_unpaid = True
        if not told:
            tell_people(tx, call, row.partner_id, number, "unpaid", plan=plan, until=None)
            tell_desk(tx, call, row.partner_id, number, "unpaid", plan=plan, until=None)
        return
    partner = catalogue.partner(tx, row.partner_id)
    assert partner is not None
    workspace.paused_unpaid = False
    after_plan_id = row.after_plan_id or partner.fallback_plan_id
    now_on = put_on(tx, workspace, after_plan_id if not over else None)
    after = now_on.name if now_on is not None else None
    tell_people(tx, call, row.partner_id, number, "ended", plan=plan, after=after)
    tell_desk(tx, call, row.partner_id, number, "ended", plan=plan, after=after)


def _settle_change(tx: Tx, call: Call, row: Subscription, facts: SubscriptionFacts) -> None:
    """A change under way is done when its price is the subscription's and nothing of it is left to pay."""
    change = subscriptions.open_change(tx, row.partner_id, row.workspace_id)
    if change is None or change.subscription != row.id:
        return
    if row.status in ENDED:
        _fail(tx, call, change, "ended")
    elif facts.pending_change:
        change.status, change.next_look_at = "waiting", call.at + dt.timedelta(minutes=5)
    elif facts.price == change.price:
        change.status = "done"
    elif change.status == "waiting":
        _fail(tx, call, change, "unpaid")


def _fail(tx: Tx, call: Call, change: PlanChange, reason: str) -> None:
    change.status, change.reason = "failed", reason
    if reason == "unpaid":
        plan = plan_name(tx, change.partner_id, change.plan_id)
        tell_people(tx, call, change.partner_id, change.workspace_id, "not_changed", plan=plan)


def _settle_page(tx: Tx, call: Call, row: Subscription, page: PlanCheckout) -> None:
    """The page that it was bought on, and the message that shows it."""
    before = page.status
    if row.dropped:
        page.status = "duplicate"
    elif row.running:
        page.status = "done"
    elif row.status == "incomplete_expired" and page.status == "open":
        page.status, page.reason = "failed", "unpaid"
    if page.status == "done" and page.message_id is None:
        # There is no message to change, and "started" told its buyer.
        return
    if page.status != before:
        change_message(tx, call, page)


def finish_drop(tx: Tx, call: Call, partner_id: int, facts: SubscriptionFacts) -> None:
    """Stripe has ended, and where it was to be refunded refunded, what we dropped: everybody is told, once."""
    known = subscriptions.subscription(tx, partner_id, facts.id)
    if known is None or workspaces.lock(tx, known.workspace_id) is None:
        return
    row = subscriptions.lock_subscription(tx, partner_id, facts.id)
    if row is None or not row.dropped or row.next_look_at is None:
        return
    row.status, row.next_look_at = facts.status, None
    plan = plan_name(tx, partner_id, row.plan_id)
    if row.dropped == "duplicate":
        tell_people(tx, call, partner_id, row.workspace_id, "duplicate", plan=plan)
        tell_desk(tx, call, partner_id, row.workspace_id, "duplicate", plan=plan)
    elif row.dropped == "unwanted":
        tell_people(tx, call, partner_id, row.workspace_id, "unwanted", plan=plan)
        tell_desk(tx, call, partner_id, row.workspace_id, "unwanted", plan=plan)


def end_gone(tx: Tx, call: Call, partner_id: int, subscription_id: str) -> None:
    """One that Stripe doesn't know, or that was only tried out in test mode before going live (R26): it falls back."""
    known = subscriptions.subscription(tx, partner_id, subscription_id)
    found = workspaces.lock(tx, known.workspace_id) if known is not None else None
    row = subscriptions.lock_subscription(tx, partner_id, subscription_id)
    if found is None or row is None:
        return
    workspace, wallet = found
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None
    renewal.catch_up(tx, call, partner, workspace, wallet)
    before = standing.reasons(workspace)
    row.status, row.next_look_at = "canceled", None
    change = subscriptions.open_change(tx, partner_id, workspace.id)
    if change is not None and change.subscription == row.id:
        _fail(tx, call, change, "ended")
    if row.running:
        _end(tx, call, workspace, row, gave_up=False, told=True)
    tx.session.flush()
    standing.settle(tx, call, partner, workspace, before=before)
