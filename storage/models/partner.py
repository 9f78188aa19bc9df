"""The partner: tenant of the deployment, its switches, its audit log."""

import datetime as dt
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Counter(Base):
    """Hands out the short numbers that people type: workspaces, packs, add-ons, plans."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class Partner(Base):
    """Owns prices, packs, plans and a Stripe account. The switches are the rules' partner settings."""

    __tablename__ = "partners"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    point_name: Mapped[str] = mapped_column(default="points")
    created_at: Mapped[dt.datetime]
    credit_billing: Mapped[bool] = mapped_column(default=False)
    """R26: the master switch of selling add-ons for points."""
    stripe_account: Mapped[str | None]
    stripe_name: Mapped[str | None]
    stripe_live: Mapped[bool] = mapped_column(default=False)
    stripe_charges: Mapped[bool] = mapped_column(default=False)
    stripe_checked_at: Mapped[dt.datetime | None]
    other_account: Mapped[str | None]
    """The account that the key opens, where the books are about `stripe_account` and nobody has moved them (R25)."""
    other_account_name: Mapped[str | None]
    known_until: Mapped[dt.datetime | None]
    """Until then every object that this bot made at Stripe has its row here."""
    behind_since: Mapped[dt.datetime | None]
    """From about then on Stripe has objects of this bot's without a row: a restored backup (DESIGN 5.6). None: none."""
    test_payments: Mapped[bool] = mapped_column(default=False)
    """ALLOW_TEST_PAYMENTS: sells in Stripe's test mode (R26)."""
    currency: Mapped[str] = mapped_column(default="USD")
    """The currency of cost prices and the first choice for packs."""
    host: Mapped[str] = mapped_column(default="none")
    customers_may_remove: Mapped[bool] = mapped_column(default=True)
    """R10."""
    charge_removal_date: Mapped[bool] = mapped_column(default=False)
    """R8: the date of removal is charged every time."""
    price_notice_days: Mapped[int] = mapped_column(default=7)
    """R6: days between telling a rise and the first cycle that pays it."""
    grace_days: Mapped[int] = mapped_column(default=0)
    """R15: days that units not covered by points stay before they lapse."""
    lead_hours: Mapped[int] = mapped_column(default=24)
    """R17: hours before a cycle's end at which an automatic charge is first tried."""
    fallback_plan_id: Mapped[int | None]
    """R25: what an ended plan falls back to; None: no plan."""
    stripe_invoices: Mapped[bool] = mapped_column(default=False)
    """R30: whoever pays on a page gets an invoice."""
    stripe_tax: Mapped[bool] = mapped_column(default=False)
    """R30: Stripe Tax adds tax to what pages with invoices ask for."""


class BillingSwitch(Base):
    """When credit billing went on or off. Dates on which it was off are not counted (R7, R26)."""

    __tablename__ = "billing_switches"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    on: Mapped[bool]


class AuditEntry(Base):
    """Who did what, what was before, what is after, when (R33)."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "partner_id", "at"),
        Index(None, "partner_id", "workspace_id", "at"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    person_id: Mapped[int | None]
    action: Mapped[str]
    workspace_id: Mapped[int | None]
    subject: Mapped[str] = mapped_column(default="")
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
