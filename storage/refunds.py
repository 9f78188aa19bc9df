"""Queries: what of payments went back or is fought over, and what was asked for (R29)."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from storage.claims import claim
from storage.insertion import insert_new
from storage.models import TEST_OVER, Dispute, Order, OrderStatus, Refund, RefundRequest
from storage.transaction import Tx


def refund(tx: Tx, partner_id: int, refund_id: int) -> Refund | None:
    return tx.session.get(Refund, (partner_id, refund_id))


def refunds(tx: Tx, partner_id: int, order_id: int) -> list[Refund]:
    """All refunds of a payment, oldest first; read anew, as their order's lock may have been waited for."""
    return list(
        tx.session.scalars(
            select(Refund)
            .where(Refund.partner_id == partner_id, Refund.order_id == order_id)
            .order_by(Refund.created_at, Refund.id)
            .execution_options(populate_existing=True)
        )
    )


def disputes(tx: Tx, partner_id: int, order_id: int) -> list[Dispute]:
    """All disputes of a payment, read anew."""
    return list(
        tx.session.scalars(
            select(Dispute)
            .where(Dispute.partner_id == partner_id, Dispute.order_id == order_id)
            .order_by(Dispute.id)
            .execution_options(populate_existing=True)
        )
    )


def claim_asked(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Take refunds whose end is unknown; (partner_id, refund_id)."""
    return _claim(tx, ("asked",), now, until, limit)


def claim_taken(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Take refunds that Stripe took and whose next look is due; (partner_id, refund_id)."""
    return _claim(tx, ("pending", "succeeded"), now, until, limit)


def _claim(
    tx: Tx, statuses: Sequence[str], now: dt.datetime, until: dt.datetime, limit: int
) -> list[tuple[int, int]]:
    which = select(Refund).where(Refund.status.in_(statuses))
    return [(row.partner_id, row.id) for row in claim(tx, which, Refund.next_look_at, now, until, limit)]


def claim_disputes(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, str]]:
    """Take disputes that may have ended; (partner_id, payment intent)."""
    taken = tx.session.execute(
        select(Dispute, Order.payment_intent)
        .join(Order, (Order.partner_id == Dispute.partner_id) & (Order.id == Dispute.order_id))
        .where(Dispute.next_look_at <= now)
        .order_by(Dispute.next_look_at)
        .limit(limit)
        .with_for_update(of=Dispute, skip_locked=True)
    ).all()
    for row, _ in taken:
        row.next_look_at = until
    return [(row.partner_id, payment) for row, payment in taken if payment is not None]


def paid_orders(tx: Tx, partner_id: int, workspace_id: int, limit: int, after: int = 0) -> list[Order]:
    """The newest payments that were credited and count, or those that come after so many of them."""
    return list(
        tx.session.scalars(
            select(Order)
            .where(
                Order.partner_id == partner_id,
                Order.workspace_id == workspace_id,
                Order.status == OrderStatus.PAID,
                Order.reason != TEST_OVER,
            )
            .order_by(Order.paid_at.desc(), Order.id)
            .offset(after)
            .limit(limit)
        )
    )


def keep_request(tx: Tx, **values: Any) -> bool:
    """A wish to have a payment back, unless there is one of that day; answers whether it is new."""
    return insert_new(tx, RefundRequest, **values)


def request(tx: Tx, request_id: int) -> RefundRequest | None:
    """By id alone; no right."""
    return tx.session.scalars(select(RefundRequest).where(RefundRequest.id == request_id)).one_or_none()


def requests(tx: Tx, partner_id: int, order_id: int) -> Sequence[RefundRequest]:
    """All wishes to have a payment back, newest first."""
    return tx.session.scalars(
        select(RefundRequest)
        .where(RefundRequest.partner_id == partner_id, RefundRequest.order_id == order_id)
        .order_by(RefundRequest.asked_at.desc(), RefundRequest.id)
        .execution_options(populate_existing=True)
    ).all()
