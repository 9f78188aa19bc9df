"""Refunds and disputes take points back, in proportion to what of the payment is gone (R29). No network here."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from billing import mode, notices, renewal, standing
from billing.arrival import NOTHING_ARRIVED, points_arrived
from billing.automatic import stopping
from billing.call import Call
from billing.gateway import DisputeFacts, RefundFacts, ReversalFacts
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.money import Money, proportional
from billing.plans.telling import plan_name
from billing.refund_looks import next_look
from storage import catalogue, orders, refunds, subscriptions, workspaces
from storage.models import TEST_OVER, Dispute, Order, OrderStatus, Partner, Refund, Wallet, Workspace
from storage.transaction import Tx

DISPUTE_LOOK = dt.timedelta(hours=6)
"""How often a running dispute is asked about, in case no webhook tells of its end."""

ChangeKind = Literal["refunded", "refund_failed", "disputed", "won", "lost", "inquiry", "moved"]
"""What happened to a payment; "moved": the sum changed, and no refund or dispute says why."""

_TOLD_TO_CUSTOMERS = frozenset({"refunded", "refund_failed", "disputed", "won", "moved"})


class Outcome(StrEnum):
    """What became of facts: STALE and UNSETTLED want something done first, then the facts fetched anew."""

    APPLIED = "applied"
    SAME = "same"
    STALE = "stale"
    UNSETTLED = "unsettled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """A payment as the books know it. `version` counts what was learned of its refunds and disputes."""

    order_id: int
    credited: bool
    live: bool
    automatic: bool
    plan: bool
    """It paid an invoice of a plan, and brought no points."""
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a payment; `here`: it was asked for at the desk, not at Stripe."""

    kind: ChangeKind
    amount_minor: int
    here: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """What belongs to a part of a payment: minor units before tax, hundredths of points and of bonus."""

    minor: int
    points: int
    bonus: int


def known(tx: Tx, partner_id: int, payment_intent: str) -> Known | None:
    """What the books know of a payment; None: nothing."""
    order = orders.by_payment(tx, partner_id, payment_intent)
    if order is None:
        return None
    credited, plan = order.status == OrderStatus.PAID, order.invoice is not None
    return Known(order.id, credited, order.live, order.automatic, plan, order.reversals)


def paid_sum(order: Order) -> Money:
    """What a payment was, tax included as far as it is known."""
    return Money(order.paid_minor or order.amount_minor, order.currency)


def gone_sum(tx: Tx, order: Order) -> Money:
    """What of it went back or is fought over, tax included: the whole payment at most."""
    whole = paid_sum(order)
    back = sum(
        row.amount_minor
        for row in refunds.refunds(tx, order.partner_id, order.id)
        if row.status in {"pending", "succeeded"}
    )
    fought = sum(
        row.amount_minor for row in refunds.disputes(tx, order.partner_id, order.id) if row.takes_money
    )
    return Money(min(whole.amount_minor, back + fought), order.currency)


def share(order: Order, gone_minor: int, paid_minor: int) -> Share:
    """What is to be taken in all once `gone_minor` of `paid_minor` (both with tax) is gone."""
    minor = proportional(order.amount_minor, gone_minor, paid_minor)
    return Share(
        minor,
        proportional(order.points, minor, order.amount_minor),
        proportional(order.bonus, minor, order.amount_minor),
    )


def reverse(tx: Tx, call: Call, partner_id: int, facts: ReversalFacts, version: int | None = None) -> Outcome:
    """Bring a payment's points to what of it is gone, whoever brought the news, any number of times.

    `version`: what was known before the facts were fetched; if something was learned meanwhile they may be the
    older ones, so nothing is done (STALE). UNSETTLED: the payment itself is not credited yet.
    """
    found = orders.by_payment(tx, partner_id, facts.payment_intent)
    if found is None:
        return Outcome.UNKNOWN
    held = workspaces.lock(tx, found.workspace_id)
    assert held is not None, "an order has a workspace"
    workspace, wallet = held
    order = orders.lock(tx, partner_id, found.id)
    assert order is not None
    if order.status != OrderStatus.PAID:
        return Outcome.UNSETTLED
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None
    if order.reason == TEST_OVER or mode.is_over(partner, live=order.live):
        # Its points are gone, or go with all that test payments brought (R26).
        return Outcome.SAME
    if version is not None and version != order.reversals:
        return Outcome.STALE
    order.paid_minor = facts.amount.amount_minor
    changes, learned = _learn(tx, call, order, facts)
    target = share(order, facts.gone_minor, facts.amount.amount_minor)
    gone = target.minor - order.refunded_minor
    if not (learned or gone):
        return Outcome.SAME
    if gone and not changes:
        changes = [Change("moved", abs(facts.gone_minor - _gone_with_tax(order)))]
    order.reversals += 1
    _take(tx, call, partner, workspace, wallet, order, target, facts, changes)
    return Outcome.APPLIED


def _gone_with_tax(order: Order) -> int:
    assert order.paid_minor is not None
    return proportional(order.paid_minor, order.refunded_minor, order.amount_minor)


def _learn(tx: Tx, call: Call, order: Order, facts: ReversalFacts) -> tuple[list[Change], bool]:
    """Note every refund and dispute as it stands; what happened, and whether anything was news."""
    changes: list[Change] = []
    learned = False
    refund_rows = refunds.refunds(tx, order.partner_id, order.id)
    for refund in facts.refunds:
        before = _row_of(refund, refund_rows)
        row = before or _found_refund(tx, call, order, refund)
        was, row.status = (row.status if before is not None else "", _status(refund))
        learned |= row.status != was or row.stripe_refund != refund.id
        if row.status != was:
            row.next_look_at = next_look(row.created_at, row.status, call.at)
        row.stripe_refund, row.error = refund.id, refund.failure or row.error
        here = row.person_id is not None
        if was not in {"pending", "succeeded"} and row.status in {"pending", "succeeded"}:
            changes.append(Change("refunded", refund.amount_minor, here))
        elif row.status == "failed" and was in {"asked", "pending", "succeeded"}:
            changes.append(Change("refund_failed", refund.amount_minor, here))
    if any(change.kind == "refunded" for change in changes):
        for request in refunds.requests(tx, order.partner_id, order.id):
            if request.status == "asked":
                request.status = "refunded"
    dispute_rows = {row.id: row for row in refunds.disputes(tx, order.partner_id, order.id)}
    for dispute in facts.disputes:
        change, news = _learn_dispute(tx, call, order, dispute, dispute_rows.get(dispute.id))
        changes += [Change(change, dispute.amount_minor)] if change is not None else []
        learned |= news
    return changes, learned


def _row_of(refund: RefundFacts, rows: list[Refund]) -> Refund | None:
    """The row of a refund: by Stripe's id, or the one that asked for it and has not heard its id."""
    asked_for = refund.metadata.get("refund", "")
    return next(
        (row for row in rows if row.stripe_refund == refund.id or str(row.id) == asked_for),
        None,
    )


def _status(refund: RefundFacts) -> str:
    match refund.status:
        case "pending" | "requires_action":
            return "pending"
        case "failed" | "canceled":
            return "failed"
        case _:
            return "succeeded"


def _found_refund(tx: Tx, call: Call, order: Order, refund: RefundFacts) -> Refund:
    row = Refund(
        partner_id=order.partner_id,
        id=Call(call.at, f"refund:{refund.id}", call.bot_id).id_for("refund"),
        order_id=order.id,
        workspace_id=order.workspace_id,
        amount_minor=refund.amount_minor,
        stripe_refund=refund.id,
        created_at=call.at,
        next_look_at=call.at,
    )
    tx.session.add(row)
    return row


def _learn_dispute(
    tx: Tx, call: Call, order: Order, dispute: DisputeFacts, row: Dispute | None
) -> tuple[ChangeKind | None, bool]:
    took, was = (row.takes_money, row.status) if row is not None else (False, "")
    over = dispute.status in {"won", "lost", "warning_closed", "prevented"}
    if row is None:
        row = Dispute(partner_id=order.partner_id, id=dispute.id, order_id=order.id, seen_at=call.at)
        tx.session.add(row)
    learned = (was, took, row.amount_minor) != (dispute.status, dispute.takes_money, dispute.amount_minor)
    row.status, row.takes_money, row.amount_minor = dispute.status, dispute.takes_money, dispute.amount_minor
    row.next_look_at = None if over else call.at + DISPUTE_LOOK
    change: ChangeKind | None = None
    if dispute.status == "lost" and was != "lost":
        change = "lost"
    elif took != dispute.takes_money:
        change = "disputed" if dispute.takes_money else "won"
    elif not was and dispute.status.startswith("warning_") and not over:
        change = "inquiry"
    return change, learned


def _take(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    wallet: Wallet,
    order: Order,
    target: Share,
    facts: ReversalFacts,
    changes: list[Change],
) -> None:
    """Post the difference to what was taken before, stop what has to stop, tell everybody."""
    renewal.catch_up(tx, call, partner, workspace, wallet)
    tx.session.expire(wallet)
    reference = f"back:{order.id}:{order.reversals}"
    told = Call(call.at, reference, call.bot_id, call.person_id)
    disputed = min(facts.gone_minor, sum(each.amount_minor for each in facts.disputes if each.takes_money))
    explained = {
        "paid": facts.amount.amount_minor,
        "gone": facts.gone_minor,
        "disputed": disputed,
        "why": sorted({change.kind for change in changes}),
    }
    lines = [
        Line(
            Kind.PAYBACK,
            taken - due,
            order_id=order.id,
            explained={**explained, "credited": credited, "taken": due, "bonus": bonus},
        )
        for bonus, credited, taken, due in (
            (False, order.points, order.reversed_points, target.points),
            (True, order.bonus, order.reversed_bonus, target.bonus),
        )
        if taken != due
    ]
    moved = sum(line.amount for line in lines)
    if lines:
        operation = Operation(
            partner.id, workspace.id, reference, tuple(lines), call.at, call.person_id, forced=True
        )
        (posted,) = post(tx, [operation])
        assert isinstance(posted, Posted), "a payback passes the floor"
        assert not posted.repeated, "each change has a number of its own"
        tx.session.expire(wallet)
    order.refunded_minor = target.minor
    order.reversed_points, order.reversed_bonus = target.points, target.bonus
    indebted = moved < 0 and wallet.balance < 0
    arrival = NOTHING_ARRIVED
    if moved > 0:
        arrival = points_arrived(tx, told, partner, workspace, wallet)
    elif moved < 0:
        standing.settle(tx, told, partner, workspace)
    stopped = _stop(tx, told, workspace, changes, indebted=indebted)
    tx.session.expire(wallet)
    params: dict[str, Any] = {
        "order_id": order.id,
        "workspace_id": workspace.id,
        "changes": [[change.kind, change.amount_minor, change.here] for change in changes],
        "paid": facts.amount.amount_minor,
        "currency": facts.amount.currency,
        "moved": moved,
        "balance": wallet.balance,
        "stopped": stopped,
        "plan": plan_paid(tx, order),
        **arrival.params(),
    }
    if not _told_before(tx, order, changes):
        _tell(tx, told, partner, workspace, changes, params)


def plan_paid(tx: Tx, order: Order) -> str | None:
    """The plan whose invoice a payment paid, empty where its price was unknown; None: it bought points."""
    if order.invoice is None:
        return None
    return plan_name(tx, order.partner_id, order.plan_id) or ""


def _told_before(tx: Tx, order: Order, changes: list[Change]) -> bool:
    """Whether it is the refund of a subscription that we ended: everybody is told of that by itself (R25)."""
    if order.subscription is None or any(change.kind != "refunded" or change.here for change in changes):
        return False
    row = subscriptions.subscription(tx, order.partner_id, order.subscription)
    return row is not None and row.dropped in {"duplicate", "unwanted"}


def _stop(tx: Tx, call: Call, workspace: Workspace, changes: list[Change], *, indebted: bool) -> bool:
    """End auto top-up where R29 wants it; answers whether it was on."""
    if any(change.kind in {"disputed", "lost"} for change in changes):
        return stopping.stop(tx, call, workspace, "dispute")
    return indebted and stopping.stop(tx, call, workspace, "debt")


def _tell(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, changes: list[Change], params: dict[str, Any]
) -> None:
    if params["moved"] or any(change.kind in _TOLD_TO_CUSTOMERS for change in changes):
        notices.tell_workspace(tx, call, partner.id, workspace.id, "reversal", params)
    # Who refunds at the desk sees it done; the others read it in the audit log.
    for_desk = [
        change for change in changes if not (change.kind == "refunded" and change.here and call.person_id)
    ]
    if for_desk:
        notices.tell_desk(tx, call, partner.id, "desk_reversal", params)
