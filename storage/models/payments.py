"""Orders, Stripe's customers and the inbox of its events."""

import datetime as dt
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class OrderStatus(StrEnum):
    """Where an order stands. open -> waiting -> paid; open -> cancelled/expired; waiting -> failed."""

    OPEN = "open"
    WAITING = "waiting"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


TEST_OVER: Final = "test_over"
"""The reason of an order of test mode that counts for nothing since the partner went live (R26)."""


class Order(Base):
    """One intended payment; at most one Stripe payment counts for it (R27).

    Points and bonus in hundredths, money in the currency's Stripe minor units. A payment of a plan's invoice is kept
    as an order that is paid and brings no points (R30).
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "id"),
        UniqueConstraint("partner_id", "session_id"),
        UniqueConstraint("partner_id", "payment_intent"),
        Index(None, "partner_id", "workspace_id", "created_at"),
        Index(None, "status", "next_look_at"),
        # What was tried out in test mode is few of all that was ever paid.
        Index(
            "ix_orders_test",
            "partner_id",
            "workspace_id",
            sqlite_where=text("live = 0"),
            postgresql_where=text("NOT live"),
        ),
        # At most one automatic order is open per workspace (R18).
        Index(
            "uq_orders_automatic",
            "partner_id",
            "workspace_id",
            unique=True,
            sqlite_where=text("automatic AND status IN ('open', 'waiting')"),
            postgresql_where=text("automatic AND status IN ('open', 'waiting')"),
        ),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    person_id: Mapped[int | None]
    pack_id: Mapped[int | None]
    """None: an exact amount (R3), or a payment that was found at Stripe."""
    packs: Mapped[int] = mapped_column(default=1)
    """How many of the pack; points, bonus and amount are of all of them."""
    automatic: Mapped[bool] = mapped_column(default=False)
    """Charged to a saved card with nobody present: one attempt is one order (R17)."""
    card_id: Mapped[int | None]
    """The saved card that it was charged to."""
    saves_card: Mapped[bool] = mapped_column(default=False)
    """Paying it saves the card and switches auto top-up on (R17)."""
    recovers_id: Mapped[int | None]
    """The automatic order that failed and that this one makes good by hand (R18)."""
    invoice: Mapped[str | None]
    """Stripe's invoice of a subscription that it paid; None: it buys points."""
    subscription: Mapped[str | None]
    plan_id: Mapped[int | None]
    """The plan that the invoice was for, as far as its price was known."""
    points: Mapped[int]
    bonus: Mapped[int] = mapped_column(default=0)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    live: Mapped[bool]
    status: Mapped[str] = mapped_column(default=OrderStatus.OPEN)
    reason: Mapped[str] = mapped_column(default="")
    """Why it failed or ended, as a message key; of a paid one TEST_OVER, or empty."""
    session_params: Mapped[dict[str, Any] | None]
    """Stored before the first call to Stripe and repeated unchanged."""
    session_id: Mapped[str | None]
    session_url: Mapped[str | None]
    payment_intent: Mapped[str | None]
    charge: Mapped[str | None]
    receipt_url: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    paid_at: Mapped[dt.datetime | None]
    next_look_at: Mapped[dt.datetime]
    """When the poller looks at Stripe again; also the lease of who is looking."""
    looks: Mapped[int] = mapped_column(default=0)
    paid_minor: Mapped[int | None]
    """What was paid, tax included; None of old payments that nobody has asked Stripe about since."""
    refunded_minor: Mapped[int] = mapped_column(default=0)
    """The share of amount_minor that is gone: cumulative, refunds and disputes that took money together (R29)."""
    reversed_points: Mapped[int] = mapped_column(default=0)
    reversed_bonus: Mapped[int] = mapped_column(default=0)
    reversals: Mapped[int] = mapped_column(default=0)
    """How often what is known of its refunds and disputes has changed: the number in the reference of what was taken."""
    chat_id: Mapped[int | None]
    message_id: Mapped[int | None]
    """The chat message that shows this order and changes by itself."""


class StripeCustomer(Base):
    """The customer object of a workspace in the partner's Stripe account."""

    __tablename__ = "stripe_customers"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    live: Mapped[bool] = mapped_column(primary_key=True)
    customer: Mapped[str]


class StripeEvent(Base):
    """Inbox of webhooks: stored by unique id, answered 2xx, then worked off by fetching the object."""

    __tablename__ = "stripe_events"
    __table_args__ = (Index(None, "done_at", "next_at"),)

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    object_id: Mapped[str]
    live: Mapped[bool]
    body: Mapped[str]
    received_at: Mapped[dt.datetime]
    next_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[dt.datetime | None]
    error: Mapped[str] = mapped_column(default="")
