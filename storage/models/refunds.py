"""What of a payment went back or is fought over, and what customers and partners asked for (R29)."""

import datetime as dt

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Refund(Base):
    """A refund: asked for here and committed before Stripe is called, or found at Stripe."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("partner_id", "stripe_refund"),
        Index(None, "partner_id", "order_id"),
        Index(None, "status", "next_look_at"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    workspace_id: Mapped[int]
    person_id: Mapped[int | None]
    """Who asked for it here; None: it was made at Stripe."""
    amount_minor: Mapped[int]
    """Of what was paid, tax included."""
    status: Mapped[str] = mapped_column(default="asked")
    """asked, pending, succeeded, failed, refused (Stripe would not)."""
    stripe_refund: Mapped[str | None]
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime]
    next_look_at: Mapped[dt.datetime | None]
    """When an asked one is sent again or one that Stripe took is looked at; also the lease of who does.

    None: it has failed, or is too old to fail any more.
    """


class Dispute(Base):
    """A payment that its payer's bank fights over, with Stripe's own status."""

    __tablename__ = "disputes"
    __table_args__ = (
        Index(None, "partner_id", "order_id"),
        Index(None, "next_look_at"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    """Stripe's."""
    order_id: Mapped[int]
    amount_minor: Mapped[int]
    status: Mapped[str]
    takes_money: Mapped[bool]
    seen_at: Mapped[dt.datetime]
    next_look_at: Mapped[dt.datetime | None]
    """When to ask how it stands; None: it is over."""


class RefundRequest(Base):
    """A customer's wish to have a payment back, once per payment and day."""

    __tablename__ = "refund_requests"
    __table_args__ = (UniqueConstraint("partner_id", "order_id", "asked_on"),)

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    workspace_id: Mapped[int]
    person_id: Mapped[int]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(default="asked")
    """asked, refunded, declined."""
    note: Mapped[str] = mapped_column(default="")
    """What the partner says to a declined one."""
    asked_on: Mapped[dt.date]
    """In the workspace's zone."""
    asked_at: Mapped[dt.datetime]
