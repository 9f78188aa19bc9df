"""What must hold of the books, as queries that answer what breaks it (DESIGN 5.7). An empty answer is a good one."""

import datetime as dt

from sqlalchemy import and_, func, or_, select

from storage.models import Delivery, Order, OrderStatus, Posting, Wallet, Workspace
from storage.transaction import Tx

_MOST = 20
"""Lines of an answer: enough to see what is wrong."""


def wallets_are_their_postings(tx: Tx) -> list[str]:
    """Balance and number of each wallet are what its postings add up to."""
    sums = (
        select(
            Posting.partner_id,
            Posting.workspace_id,
            func.sum(Posting.amount).label("amount"),
            func.count().label("number"),
            func.max(Posting.number).label("newest"),
        )
        .group_by(Posting.partner_id, Posting.workspace_id)
        .subquery()
    )
    amount, number, newest = (
        func.coalesce(column, 0) for column in (sums.c.amount, sums.c.number, sums.c.newest)
    )
    wrong = tx.conn.execute(
        select(Wallet.workspace_id, Wallet.balance, amount, Wallet.posted, number)
        .outerjoin(
            sums,
            and_(sums.c.partner_id == Wallet.partner_id, sums.c.workspace_id == Wallet.workspace_id),
        )
        .where(or_(Wallet.balance != amount, Wallet.posted != number, Wallet.posted != newest))
        .limit(_MOST)
    )
    return [
        f"workspace {row[0]}: balance {row[1]}, postings add up to {row[2]}; number {row[3]}, postings {row[4]}"
        for row in wrong
    ]


def paid_orders_are_credited(tx: Tx) -> list[str]:
    """A paid order has its points in the ledger, and nothing else has."""
    credited = (
        select(Posting.partner_id, Posting.order_id, func.sum(Posting.amount).label("amount"))
        .where(Posting.kind.in_(("topup", "bonus")))
        .group_by(Posting.partner_id, Posting.order_id)
        .subquery()
    )
    amount = func.coalesce(credited.c.amount, 0)
    wrong = tx.conn.execute(
        select(Order.id, Order.status, Order.points + Order.bonus, amount)
        .outerjoin(credited, and_(credited.c.partner_id == Order.partner_id, credited.c.order_id == Order.id))
        .where(
            or_(
                and_(Order.status == OrderStatus.PAID, amount != Order.points + Order.bonus),
                and_(Order.status != OrderStatus.PAID, amount != 0),
            )
        )
        .limit(_MOST)
    )
    return [f"order {row[0]} ({row[1]}): {row[2]} points, {row[3]} credited" for row in wrong]


def reversals_follow_the_money(tx: Tx) -> list[str]:
    """Of every payment as many points are taken back as of its money is gone, never more than were credited (R29)."""
    taken = (
        select(Posting.partner_id, Posting.order_id, func.sum(-Posting.amount).label("amount"))
        .where(Posting.kind == "payback")
        .group_by(Posting.partner_id, Posting.order_id)
        .subquery()
    )
    amount = func.coalesce(taken.c.amount, 0)
    wrong = tx.conn.execute(
        select(
            Order.id,
            Order.refunded_minor,
            Order.amount_minor,
            Order.reversed_points + Order.reversed_bonus,
            Order.points + Order.bonus,
            amount,
        )
        .outerjoin(taken, and_(taken.c.partner_id == Order.partner_id, taken.c.order_id == Order.id))
        .where(
            or_(
                Order.refunded_minor < 0,
                Order.refunded_minor > Order.amount_minor,
                and_(Order.refunded_minor != 0, Order.status != OrderStatus.PAID),
                Order.reversed_points != Order.points * Order.refunded_minor // Order.amount_minor,
                Order.reversed_bonus != Order.bonus * Order.refunded_minor // Order.amount_minor,
                amount != Order.reversed_points + Order.reversed_bonus,
            )
        )
        .limit(_MOST)
    )
    return [
        f"order {row[0]}: {row[1]} of {row[2]} gone, {row[3]} of {row[4]} points reversed, {row[5]} taken"
        for row in wrong
    ]


def no_cycle_is_late(tx: Tx, now: dt.datetime) -> list[str]:
    """Every cycle that ended over a day ago was worked off."""
    wrong = tx.conn.execute(
        select(Workspace.id, Workspace.cycle_end)
        .where(Workspace.renews_at < now - dt.timedelta(days=1))
        .order_by(Workspace.renews_at)
        .limit(_MOST)
    )
    return [f"workspace {row[0]}: its cycle ended on {row[1]}" for row in wrong]


def no_order_is_forgotten(tx: Tx, now: dt.datetime) -> list[str]:
    """An order that can be paid no more is open no more."""
    wrong = tx.conn.execute(
        select(Order.id, Order.expires_at)
        .where(Order.status == OrderStatus.OPEN, Order.expires_at < now - dt.timedelta(hours=2))
        .order_by(Order.expires_at)
        .limit(_MOST)
    )
    return [f"order {row[0]}: open, though its page ended {row[1]:%Y-%m-%d %H:%M}" for row in wrong]


def hosts_answer(tx: Tx, now: dt.datetime) -> list[str]:
    """What was sold an hour ago is delivered (R35)."""
    wrong = tx.conn.execute(
        select(Delivery.workspace_id, Delivery.waiting_since, Delivery.error)
        .where(Delivery.waiting_since < now - dt.timedelta(hours=1))
        .order_by(Delivery.waiting_since)
        .limit(_MOST)
    )
    return [f"workspace {row[0]}: not delivered since {row[1]:%Y-%m-%d %H:%M}: {row[2]}" for row in wrong]
