"""Queries: what belongs to the Stripe account that the books are about, and stays behind when they are moved (R25)."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true, union, update

from storage.models import (
    CardSetup,
    Dispute,
    Order,
    OrderStatus,
    Plan,
    PlanCheckout,
    Refund,
    SavedCard,
    StripeCustomer,
    Subscription,
)
from storage.orders import LOOKING, NEVER
from storage.transaction import Tx

_CARD: Final[ColumnElement[bool]] = or_(SavedCard.removed_at.is_(None), SavedCard.detach_at.is_not(None))
_SUBSCRIPTION: Final[ColumnElement[bool]] = or_(Subscription.running, Subscription.next_look_at.is_not(None))
_HELD: Final = (
    (StripeCustomer, true()),
    (SavedCard, _CARD),
    (Subscription, _SUBSCRIPTION),
    (Order, Order.status.in_(LOOKING)),
    (CardSetup, CardSetup.status == "open"),
    (PlanCheckout, PlanCheckout.status.in_(("open", "closing"))),
)


@dataclass(frozen=True, slots=True)
class Left:
    """How much of it is in use."""

    cards: int
    subscriptions: int


def is_held(tx: Tx, partner_id: int, live: bool) -> bool:  # noqa: FBT001
    """Whether there are customers, cards or subscriptions that a key of another account could not reach.

    Those of live mode, and those of the key's own; what was tried out in test mode ends when a live key comes.
    """
    in_use = [
        exists().where(model.partner_id == partner_id, counts, or_(model.live == live, model.live == true()))
        for model, counts in ((StripeCustomer, true()), (SavedCard, _CARD), (Subscription, _SUBSCRIPTION))
    ]
    return bool(tx.session.scalar(select(or_(*in_use))))


def left(tx: Tx, partner_id: int) -> Left:
    """What customers lose when the books are moved to another account."""
    cards = select(func.count()).where(SavedCard.partner_id == partner_id, SavedCard.removed_at.is_(None))
    plans = select(func.count()).where(Subscription.partner_id == partner_id, Subscription.running)
    return Left(tx.session.scalars(cards).one(), tx.session.scalars(plans).one())


def workspaces(tx: Tx, partner_id: int, after: int, limit: int) -> list[int]:
    """Workspaces numbered above `after` that have something at the account, in their order."""
    found = union(
        *(
            select(model.workspace_id).where(
                model.partner_id == partner_id, model.workspace_id > after, counts
            )
            for model, counts in _HELD
        )
    ).subquery()
    return list(tx.session.scalars(select(found.c.workspace_id).order_by(found.c.workspace_id).limit(limit)))


def customers(tx: Tx, partner_id: int, workspace_id: int) -> list[str]:
    """Of both modes."""
    here = and_(StripeCustomer.partner_id == partner_id, StripeCustomer.workspace_id == workspace_id)
    return list(tx.session.scalars(select(StripeCustomer.customer).where(here)))


def cards(tx: Tx, partner_id: int, workspace_id: int) -> list[SavedCard]:
    here = and_(SavedCard.partner_id == partner_id, SavedCard.workspace_id == workspace_id)
    return list(tx.session.scalars(select(SavedCard).where(here, _CARD)))


def subscriptions(tx: Tx, partner_id: int, workspace_id: int) -> list[str]:
    here = and_(Subscription.partner_id == partner_id, Subscription.workspace_id == workspace_id)
    return list(tx.session.scalars(select(Subscription.id).where(here, _SUBSCRIPTION)))


def orders(tx: Tx, partner_id: int, workspace_id: int) -> list[Order]:
    """Orders whose end is not known."""
    here = and_(Order.partner_id == partner_id, Order.workspace_id == workspace_id)
    found = select(Order).where(here, Order.status.in_(LOOKING)).with_for_update()
    return list(tx.session.scalars(found.execution_options(populate_existing=True)))


def setups(tx: Tx, partner_id: int, workspace_id: int) -> list[CardSetup]:
    here = and_(CardSetup.partner_id == partner_id, CardSetup.workspace_id == workspace_id)
    return list(tx.session.scalars(select(CardSetup).where(here, CardSetup.status == "open")))


def plan_pages(tx: Tx, partner_id: int, workspace_id: int) -> list[int]:
    here = and_(PlanCheckout.partner_id == partner_id, PlanCheckout.workspace_id == workspace_id)
    return list(
        tx.session.scalars(select(PlanCheckout.id).where(here, PlanCheckout.status.in_(("open", "closing"))))
    )


def stop_looking(tx: Tx, partner_id: int) -> None:
    """Nobody asks about pages, refunds and disputes of the account any more; no plan has a price of it."""
    closing = and_(Order.partner_id == partner_id, Order.status == OrderStatus.CANCELLED)
    tx.session.execute(update(Order).where(closing).values(next_look_at=NEVER))
    asked = and_(Refund.partner_id == partner_id, Refund.status == "asked")
    tx.session.execute(update(Refund).where(asked).values(status="refused", error="unreachable"))
    tx.session.execute(update(Refund).where(Refund.partner_id == partner_id).values(next_look_at=None))
    tx.session.execute(update(Dispute).where(Dispute.partner_id == partner_id).values(next_look_at=None))
    tx.session.execute(update(Plan).where(Plan.partner_id == partner_id).values(stripe_price=None))
