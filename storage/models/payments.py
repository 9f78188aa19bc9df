"""Orders, Stripe's customers and the inbox of its events."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
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


class Order(Base):
    """One intended payment; at most one Stripe payment counts for it (R27).

    Points and bonus in hundredths, money in the currency's Stripe minor units.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "id"),
        UniqueConstraint("partner_id", "session_id"),
        UniqueConstraint("partner_id", "payment_intent"),
        Index(None, "partner_id", "workspace_id", "created_at"),
        Index(None, "status", "next_look_at"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    person_id: Mapped[int | None]
    pack_id: Mapped[int | None]
    """None: an exact amount (R3), or a payment that was found at Stripe."""
    points: Mapped[int]
    bonus: Mapped[int] = mapped_column(default=0)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    live: Mapped[bool]
    status: Mapped[str] = mapped_column(default=OrderStatus.OPEN)
    reason: Mapped[str] = mapped_column(default="")
    """Why it failed or ended, as a message key."""
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
    refunded_minor: Mapped[int] = mapped_column(default=0)
    """Cumulative, refunds and lost disputes together (R29)."""
    reversed_points: Mapped[int] = mapped_column(default=0)
    reversed_bonus: Mapped[int] = mapped_column(default=0)
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
