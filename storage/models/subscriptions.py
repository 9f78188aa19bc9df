"""Plans paid by Stripe subscriptions, and plans that are asked for (R24, R25)."""

import datetime as dt
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Subscription(Base):
    """A subscription at Stripe, as it was fetched last."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        # One live subscription per workspace (R25).
        Index(
            "uq_subscriptions_running",
            "partner_id",
            "workspace_id",
            unique=True,
            sqlite_where=text("running"),
            postgresql_where=text("running"),
        ),
        Index(None, "next_look_at"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    """Stripe's."""
    workspace_id: Mapped[int]
    plan_id: Mapped[int | None]
    """The plan whose price it carries."""
    live: Mapped[bool]
    status: Mapped[str]
    running: Mapped[bool] = mapped_column(default=False)
    """It stands for this workspace: begun, not ended, not dropped."""
    dropped: Mapped[str] = mapped_column(default="")
    """Why we end it ourselves: duplicate, unwanted (both refunded), replaced; empty: we don't."""
    item: Mapped[str]
    price: Mapped[str]
    period_end: Mapped[dt.datetime | None]
    cancels_at_end: Mapped[bool] = mapped_column(default=False)
    end_wish: Mapped[bool | None]
    """Asked for and not confirmed by Stripe: end with the paid period (True), go on after all (False)."""
    after_plan_id: Mapped[int | None]
    """What the partner chose for after its end; None: the fallback plan."""
    invoice_paid: Mapped[str | None]
    """The newest invoice that is known to be paid, and told."""
    invoice_failed: Mapped[str | None]
    """The newest invoice whose failure was told."""
    payments_until: Mapped[str | None]
    """The newest invoice and its status at which the subscription's payments were kept last."""
    created_at: Mapped[dt.datetime]
    looked_at: Mapped[dt.datetime]
    """When the look began that brought the newest facts: older facts change nothing."""
    next_look_at: Mapped[dt.datetime | None]
    """When the poller looks again; None: it has ended and nothing is left to do."""

    @property
    def ends_with_period(self) -> bool:
        """As was wished last, whether Stripe knows of it yet or not."""
        return self.cancels_at_end if self.end_wish is None else self.end_wish


class PlanCheckout(Base):
    """A page of Stripe's on which the first subscription of a workspace is bought."""

    __tablename__ = "plan_checkouts"
    __table_args__ = (
        UniqueConstraint("partner_id", "session_id"),
        Index(None, "id"),
        Index(None, "status", "next_look_at"),
        # Two people who choose at once are led to one page.
        Index(
            "uq_plan_checkouts_open",
            "partner_id",
            "workspace_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    plan_id: Mapped[int]
    person_id: Mapped[int]
    live: Mapped[bool]
    status: Mapped[str] = mapped_column(default="open")
    """open, closing (to be expired at Stripe), done, duplicate, expired, cancelled, failed."""
    reason: Mapped[str] = mapped_column(default="")
    """Why it failed: a code of the gateway's, or "unreachable"."""
    price: Mapped[str]
    session_params: Mapped[dict[str, Any]]
    session_id: Mapped[str | None]
    session_url: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    next_look_at: Mapped[dt.datetime]
    looks: Mapped[int] = mapped_column(default=0)
    chat_id: Mapped[int | None]
    message_id: Mapped[int | None]


class PlanChange(Base):
    """A change of a running subscription's price: committed before Stripe is asked, repeated under one key."""

    __tablename__ = "plan_changes"
    __table_args__ = (
        Index(None, "status", "next_look_at"),
        Index(
            "uq_plan_changes_open",
            "partner_id",
            "workspace_id",
            unique=True,
            sqlite_where=text("status IN ('asked', 'waiting')"),
            postgresql_where=text("status IN ('asked', 'waiting')"),
        ),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    subscription: Mapped[str]
    plan_id: Mapped[int]
    price: Mapped[str]
    as_of: Mapped[dt.datetime]
    """The instant that the sum shown was computed for."""
    person_id: Mapped[int]
    status: Mapped[str] = mapped_column(default="asked")
    """asked, waiting (its invoice is not paid), done, failed."""
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime]
    next_look_at: Mapped[dt.datetime]


class PlanPrice(Base):
    """A Stripe price that a plan has or had: subscriptions keep the price that they began with."""

    __tablename__ = "plan_prices"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[str] = mapped_column(primary_key=True)
    plan_id: Mapped[int]
    since: Mapped[dt.datetime]


class PlanRequest(Base):
    """A customer's wish for a plan that only the partner can give (R24). One per workspace."""

    __tablename__ = "plan_requests"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int]
    person_id: Mapped[int]
    asked_at: Mapped[dt.datetime]
