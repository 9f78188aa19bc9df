"""Orders are paid, wait or fail; credited exactly once, whoever brings the news (R27, R28). No network here."""

import datetime as dt

import structlog

from billing import mode, notices, renewal
from billing.arrival import points_arrived
from billing.automatic import cards
from billing.call import Call
from billing.gateway import SessionFacts, metadata_number
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.marks import SAVES_CARD, is_marked
from billing.money import Money
from billing.orders.placing import SESSION_LIFE
from billing.orders.telling import tell
from storage import catalogue, orders, workspaces
from storage.models import TEST_OVER, Order, OrderStatus, Workspace
from storage.transaction import Tx

log = structlog.get_logger()

_FIRST_LOOK = dt.timedelta(seconds=5)


def settle(tx: Tx, call: Call, partner_id: int, facts: SessionFacts) -> OrderStatus | None:
    """Bring an order to what the gateway says, whoever brought the news, any number of times (R27, R28).

    An order that is not known is rebuilt from the metadata of a page that bears our mark. None: the page is none of
    ours.
    """
    number = metadata_number(facts.metadata, "order")
    order = orders.by_session(tx, partner_id, facts.id) or orders.order(tx, partner_id, number)
    if order is None and not is_marked(facts.metadata, call.bot_id, partner_id):
        if number:
            log.info("page of another bot left alone", page=facts.id)
        return None
    workspace_id = order.workspace_id if order is not None else metadata_number(facts.metadata, "workspace")
    found = workspaces.lock(tx, workspace_id)
    if found is None or found[0].partner_id != partner_id:
        return None
    workspace, wallet = found
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None
    if order is None and mode.is_over(partner, live=facts.live):
        return None
    order = _locked_order(tx, call, workspace, facts, order.id if order is not None else number)
    if order is None:
        return None
    if order.reason == TEST_OVER or mode.is_over(partner, live=order.live):
        return OrderStatus(order.status)
    if order.status == OrderStatus.PAID:
        # The invoice may be made out after the receipt (R30).
        order.receipt_url = facts.receipt_url or order.receipt_url
        return OrderStatus.PAID
    if facts.paid:
        if not _is_as_ordered(order, facts):
            return _mismatch(tx, call, order)
        waited = order.status == OrderStatus.WAITING
        renewal.catch_up(tx, call, partner, workspace, wallet)
        assert facts.payment_intent is not None, "it is as ordered"
        credit(tx, call, order, facts.payment_intent, facts.charge, facts.receipt_url)
        order.paid_minor = facts.total.amount_minor if facts.total is not None else None
        if order.saves_card:
            cards.expect_card(tx, call, order)
        arrival = points_arrived(tx, call, partner, workspace, wallet)
        tell(tx, call, order, arrival, anew=waited)
        return OrderStatus.PAID
    before = (order.status, order.reason)
    _move(call, order, facts)
    if (order.status, order.reason) != before:
        tell(tx, call, order, anew=before[0] == OrderStatus.WAITING)
    return OrderStatus(order.status)


def _locked_order(
    tx: Tx, call: Call, workspace: Workspace, facts: SessionFacts, order_id: int
) -> Order | None:
    """The order of a page, or rebuilt from its metadata; None for a page we can't read."""
    order = orders.lock(tx, workspace.partner_id, order_id)
    if order is not None:
        if order.session_id is None:
            order.session_id, order.session_url = facts.id, facts.url
        return order if order.session_id == facts.id else None
    points = metadata_number(facts.metadata, "points")
    if not order_id or points <= 0:
        return None
    order = Order(
        partner_id=workspace.partner_id,
        id=order_id,
        workspace_id=workspace.id,
        points=points,
        bonus=metadata_number(facts.metadata, "bonus"),
        amount_minor=facts.subtotal.amount_minor,
        currency=facts.subtotal.currency,
        live=facts.live,
        saves_card=SAVES_CARD in facts.metadata,
        status=OrderStatus.OPEN,
        session_id=facts.id,
        session_url=facts.url,
        created_at=facts.created,
        expires_at=facts.created + SESSION_LIFE,
        next_look_at=call.at,
    )
    tx.session.add(order)
    tx.session.flush()
    return order


def _is_as_ordered(order: Order, facts: SessionFacts) -> bool:
    """Right amount before tax, right currency, right mode (R27)."""
    return (
        facts.subtotal == Money(order.amount_minor, order.currency)
        and facts.live == order.live
        and facts.payment_intent is not None
    )


def _mismatch(tx: Tx, call: Call, order: Order) -> OrderStatus:
    """Paid, but not what was ordered: not credited by itself, and the partner must look."""
    if order.reason != "mismatch":
        order.status, order.reason = OrderStatus.FAILED, "mismatch"
        notices.tell_desk(
            tx, call, order.partner_id, "mismatch", {"workspace_id": order.workspace_id, "order_id": order.id}
        )
    return OrderStatus.FAILED


def credit(
    tx: Tx, call: Call, order: Order, payment_intent: str, charge: str | None, receipt_url: str | None
) -> None:
    """Post what a payment bought, once however often it is told (R27). The workspace is locked."""
    lines = [Line(Kind.TOPUP, order.points, order_id=order.id)]
    if order.bonus:
        lines.append(Line(Kind.BONUS, order.bonus, order_id=order.id))
    operation = Operation(
        order.partner_id,
        order.workspace_id,
        f"pay:{payment_intent}",
        tuple(lines),
        call.at,
        order.person_id,
        forced=True,
    )
    (posted,) = post(tx, [operation])
    assert isinstance(posted, Posted), "a credit passes the floor"
    order.status, order.reason = OrderStatus.PAID, ""
    order.paid_at = call.at
    order.payment_intent, order.charge, order.receipt_url = payment_intent, charge, receipt_url


def _move(call: Call, order: Order, facts: SessionFacts) -> None:
    """Where an unpaid order goes next, and when to look again."""
    if facts.on_its_way:
        order.status, order.reason = OrderStatus.WAITING, ""
        order.payment_intent = facts.payment_intent
    elif facts.bank_refused:
        order.status, order.reason = OrderStatus.FAILED, facts.decline or "declined"
    elif facts.status == "expired":
        if order.status == OrderStatus.OPEN:
            order.status, order.reason = OrderStatus.EXPIRED, ""
        elif order.status == OrderStatus.CANCELLED:
            order.next_look_at = orders.NEVER
    elif order.status == OrderStatus.OPEN and facts.decline is not None:
        order.reason = facts.decline
    if order.status != OrderStatus.CANCELLED:
        order.looks += 1
        order.next_look_at = call.at + _patience(order)


def _patience(order: Order) -> dt.timedelta:
    """Often while the customer is likely at the page, seldom for a bank that takes days."""
    if order.status == OrderStatus.WAITING:
        return dt.timedelta(minutes=10)
    return dt.timedelta(seconds=min(60, 5 + 2 * order.looks))
