"""Queries: orders, Stripe's customers, webhook events to work off."""

import datetime as dt
from typing import Final

from sqlalchemy import ColumnElement, bindparam, func, select

from storage.claims import claim
from storage.insertion import insert_new
from storage.models import TEST_OVER, Order, OrderStatus, StripeCustomer, StripeEvent
from storage.transaction import Tx

LOOKING = (OrderStatus.OPEN, OrderStatus.WAITING)
"""Of an order that may still be paid."""
NEVER: Final = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
"""When a cancelled order is looked at whose page is closed; so old ones lie outside of what the index is asked for."""
_CLOSING_PAUSE: Final = dt.timedelta(seconds=45)
"""Between the first two attempts to close a page; longer than a call to the gateway takes. Doubled each time."""
# Built once: screens read it at every tap.
_RUNNING = (
    select(Order)
    .where(
        Order.partner_id == bindparam("partner"),
        Order.workspace_id == bindparam("workspace"),
        Order.status.in_(LOOKING),
        Order.automatic.is_(False),
    )
    .order_by(Order.created_at.desc())
)


def order(tx: Tx, partner_id: int, order_id: int) -> Order | None:
    return tx.session.get(Order, (partner_id, order_id))


def find(tx: Tx, order_id: int) -> Order | None:
    """By id alone; no right."""
    return tx.session.scalars(select(Order).where(Order.id == order_id)).one_or_none()


def lock(tx: Tx, partner_id: int, order_id: int) -> Order | None:
    return tx.session.scalars(
        select(Order)
        .where(Order.partner_id == partner_id, Order.id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def by_session(tx: Tx, partner_id: int, session_id: str) -> Order | None:
    return tx.session.scalars(
        select(Order).where(Order.partner_id == partner_id, Order.session_id == session_id)
    ).one_or_none()


def by_payment(tx: Tx, partner_id: int, payment_intent: str) -> Order | None:
    return tx.session.scalars(
        select(Order).where(Order.partner_id == partner_id, Order.payment_intent == payment_intent)
    ).one_or_none()


def running(tx: Tx, partner_id: int, workspace_id: int) -> list[Order]:
    """Orders that may still be paid on a page, newest first."""
    return list(tx.session.scalars(_RUNNING, {"partner": partner_id, "workspace": workspace_id}))


def claim_due(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Take running orders whose look at Stripe is due; `until` is when somebody else may take them.

    Answers (partner_id, order_id).
    """
    return _claim(tx, now, until, limit, Order.status.in_(LOOKING), Order.session_id.is_not(None))


def claim_unsent(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Take orders committed without a session: the process died before Stripe answered."""
    # Automatic orders have no session ever; billing.automatic looks after them.
    unsent = (Order.session_id.is_(None), Order.automatic.is_(False))
    return _claim(tx, now, until, limit, Order.status == OrderStatus.OPEN, *unsent)


def claim_closing(tx: Tx, now: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Take cancelled orders whose page may still be open; each time one is taken the next is further off.

    An hour at most while the page could be paid, then a day.
    """
    taken = claim(
        tx, select(Order).where(Order.status == OrderStatus.CANCELLED), Order.next_look_at, now, now, limit
    )
    for row in taken:
        most = dt.timedelta(hours=1) if now < row.expires_at + dt.timedelta(days=1) else dt.timedelta(days=1)
        row.next_look_at = now + min(most, _CLOSING_PAUSE * 2 ** min(row.looks, 16))
        row.looks += 1
    return [(row.partner_id, row.id) for row in taken]


def call_off(row: Order, at: dt.datetime, reason: str = "") -> None:
    """Cancel an order that is locked; its page is to be closed, by the poller if by nobody else (R28)."""
    row.status, row.reason = OrderStatus.CANCELLED, reason
    row.looks, row.next_look_at = 0, at + _CLOSING_PAUSE


def _claim(
    tx: Tx, now: dt.datetime, until: dt.datetime, limit: int, *which: ColumnElement[bool]
) -> list[tuple[int, int]]:
    taken = claim(tx, select(Order).where(*which), Order.next_look_at, now, until, limit)
    return [(row.partner_id, row.id) for row in taken]


def customer(tx: Tx, partner_id: int, workspace_id: int, live: bool) -> StripeCustomer | None:  # noqa: FBT001
    return tx.session.get(StripeCustomer, (partner_id, workspace_id, live))


def customer_named(tx: Tx, partner_id: int, customer: str) -> StripeCustomer | None:
    """By Stripe's own id."""
    return tx.session.scalars(
        select(StripeCustomer).where(
            StripeCustomer.partner_id == partner_id, StripeCustomer.customer == customer
        )
    ).first()


def lock_customer(tx: Tx, partner_id: int, workspace_id: int, live: bool) -> StripeCustomer | None:  # noqa: FBT001
    return tx.session.scalars(
        select(StripeCustomer)
        .where(
            StripeCustomer.partner_id == partner_id,
            StripeCustomer.workspace_id == workspace_id,
            StripeCustomer.live == live,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def keep_customer(tx: Tx, partner_id: int, workspace_id: int, live: bool, customer: str) -> None:  # noqa: FBT001
    """The customer object, unless the workspace has one."""
    insert_new(
        tx, StripeCustomer, partner_id=partner_id, workspace_id=workspace_id, live=live, customer=customer
    )


def claim_events(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[StripeEvent]:
    """Take stored events that are not worked off."""
    taken = list(
        tx.session.scalars(
            select(StripeEvent)
            .where(StripeEvent.done_at.is_(None), StripeEvent.next_at <= now)
            .order_by(StripeEvent.next_at, StripeEvent.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    for row in taken:
        row.next_at = until
        row.attempts += 1
    return taken


def event(tx: Tx, partner_id: int, event_id: str) -> StripeEvent | None:
    return tx.session.get(StripeEvent, (partner_id, event_id))


def paid_since(tx: Tx, partner_id: int, since: dt.datetime) -> list[tuple[str, int, int]]:
    """(currency, payments, minor units) since an instant, less what was refunded; no tests that are over (R26)."""
    found = tx.session.execute(
        select(Order.currency, func.count(), func.sum(Order.amount_minor - Order.refunded_minor))
        .where(
            Order.partner_id == partner_id,
            Order.status == OrderStatus.PAID,
            Order.reason != TEST_OVER,
            Order.paid_at >= since,
        )
        .group_by(Order.currency)
        .order_by(Order.currency)
    ).all()
    return [(row[0], row[1], int(row[2])) for row in found]
