"""Queries: what was tried out in Stripe's test mode and still counts, of partners that went live (R26)."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, union

from storage.models import (
    TEST_OVER,
    AuditEntry,
    CardSetup,
    Order,
    OrderStatus,
    PlanCheckout,
    Refund,
    SavedCard,
    Subscription,
)
from storage.orders import LOOKING
from storage.transaction import Tx

OPEN_PAGE = ("open", "closing")
_ORDER: ColumnElement[bool] = and_(
    ~Order.live,
    or_(Order.status.in_(LOOKING), and_(Order.status == OrderStatus.PAID, Order.reason != TEST_OVER)),
)
# Also one that was removed and that Stripe was to be told of: nobody can ask about it any more.
_CARD: ColumnElement[bool] = and_(
    ~SavedCard.live, or_(SavedCard.removed_at.is_(None), SavedCard.detach_at.is_not(None))
)
_SETUP: ColumnElement[bool] = and_(CardSetup.status == "open", ~CardSetup.live)
_PAGE: ColumnElement[bool] = and_(PlanCheckout.status.in_(OPEN_PAGE), ~PlanCheckout.live)
_SUBSCRIPTION: ColumnElement[bool] = and_(
    ~Subscription.live, or_(Subscription.running, Subscription.next_look_at.is_not(None))
)


def workspaces(tx: Tx, partner_id: int, after: int, limit: int) -> list[int]:
    """Workspaces numbered above `after` in which something of test mode still counts, in their order."""
    found = union(
        *(
            select(model.workspace_id).where(
                model.partner_id == partner_id, model.workspace_id > after, counts
            )
            for model, counts in (
                (Order, _ORDER),
                (SavedCard, _CARD),
                (CardSetup, _SETUP),
                (PlanCheckout, _PAGE),
                (Subscription, _SUBSCRIPTION),
            )
        )
    ).subquery()
    return list(tx.session.scalars(select(found.c.workspace_id).order_by(found.c.workspace_id).limit(limit)))


def orders(tx: Tx, partner_id: int, workspace_id: int) -> list[Order]:
    """Orders that may be paid still, or that were paid and count; locked, in the order of their numbers."""
    return list(
        tx.session.scalars(
            select(Order)
            .where(Order.partner_id == partner_id, Order.workspace_id == workspace_id, _ORDER)
            .order_by(Order.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def refunds(tx: Tx, partner_id: int, order_ids: Sequence[int]) -> list[Refund]:
    """Refunds of these orders that are looked at still."""
    return list(
        tx.session.scalars(
            select(Refund)
            .where(
                Refund.partner_id == partner_id,
                Refund.order_id.in_(order_ids),
                Refund.next_look_at.is_not(None),
            )
            .with_for_update()
        )
    )


def cards(tx: Tx, partner_id: int, workspace_id: int) -> list[SavedCard]:
    """Saved cards, and removed ones that Stripe was to forget."""
    return list(
        tx.session.scalars(
            select(SavedCard).where(
                SavedCard.partner_id == partner_id, SavedCard.workspace_id == workspace_id, _CARD
            )
        )
    )


def setups(tx: Tx, partner_id: int, workspace_id: int) -> list[CardSetup]:
    """Pages on which a card could still be saved, locked."""
    return list(
        tx.session.scalars(
            select(CardSetup)
            .where(CardSetup.partner_id == partner_id, CardSetup.workspace_id == workspace_id, _SETUP)
            .order_by(CardSetup.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def plan_pages(tx: Tx, partner_id: int, workspace_id: int) -> list[int]:
    """Pages on which a plan could still be subscribed to."""
    return list(
        tx.session.scalars(
            select(PlanCheckout.id)
            .where(PlanCheckout.partner_id == partner_id, PlanCheckout.workspace_id == workspace_id, _PAGE)
            .order_by(PlanCheckout.id)
        )
    )


def subscriptions(tx: Tx, partner_id: int, workspace_id: int) -> list[str]:
    """Subscriptions that stand for the workspace or are looked at."""
    return list(
        tx.session.scalars(
            select(Subscription.id)
            .where(
                Subscription.partner_id == partner_id,
                Subscription.workspace_id == workspace_id,
                _SUBSCRIPTION,
            )
            .order_by(Subscription.id)
        )
    )


def entries_since(
    tx: Tx, partner_id: int, action: str, summary: str
) -> list[tuple[dt.datetime, dict[str, Any]]]:
    """When, and what was after, of audit entries of an action that are newer than the newest one of `summary`."""
    newest = (
        select(func.max(AuditEntry.at))
        .where(AuditEntry.partner_id == partner_id, AuditEntry.action == summary)
        .scalar_subquery()
    )
    found = tx.session.execute(
        select(AuditEntry.at, AuditEntry.after)
        .where(
            AuditEntry.partner_id == partner_id,
            AuditEntry.action == action,
            or_(newest.is_(None), AuditEntry.at > newest),
        )
        .order_by(AuditEntry.at)
    )
    return [(row[0], row[1]) for row in found]
