"""Auto top-up: what a customer agreed to, and the cards saved for it (R17-R19)."""

import datetime as dt
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class SavedCard(Base):
    """A card that a customer saved on Stripe's page. Removed cards keep their row."""

    __tablename__ = "saved_cards"
    __table_args__ = (
        UniqueConstraint("partner_id", "payment_method"),
        Index(None, "partner_id", "workspace_id"),
        Index(None, "detach_at"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    live: Mapped[bool]
    payment_method: Mapped[str]
    brand: Mapped[str]
    last4: Mapped[str]
    exp_month: Mapped[int]
    exp_year: Mapped[int]
    saved_by: Mapped[int | None]
    saved_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]
    detach_at: Mapped[dt.datetime | None]
    """When to ask Stripe (again) to forget it; also the lease of who asks. None: nothing to ask."""
    detached_at: Mapped[dt.datetime | None]
    """When Stripe confirmed that a removed card can't be charged any more."""


class AutoTopUp(Base):
    """What a workspace's auto top-up is set to, and how its attempts went."""

    __tablename__ = "auto_topups"
    __table_args__ = (Index(None, "next_at"),)

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="off")
    """off, on, ask (a notice with one button instead of a charge), suspended."""
    reason: Mapped[str] = mapped_column(default="")
    """Why it stands still, as a message key: the decline, "pack" (retired), "low" (asked), "dispute", "debt" …"""
    pack_id: Mapped[int | None]
    """What was agreed to. Packs never change; a repriced one is another, so a retired one waits for consent."""
    card_id: Mapped[int | None]
    cap_minor: Mapped[int | None]
    """At most this much in a calendar month of the workspace's zone, in the pack's currency; None: no cap."""
    low_balance: Mapped[int | None]
    """Hundredths: also buys when the balance falls below; None: only for renewals."""
    agreed_by: Mapped[int | None]
    agreed_at: Mapped[dt.datetime | None]
    """None: nobody has agreed, or it was turned off since. A card that is saved switches on only what was agreed to."""
    soft_declines: Mapped[int] = mapped_column(default=0)
    """In a row; the fourth suspends (R18)."""
    last_order_id: Mapped[int | None]
    next_at: Mapped[dt.datetime | None]
    """When to see whether an attempt is due; also the lease of who does."""
    tried_for: Mapped[dt.date | None]
    """The start of the cycle that `tries` counts for."""
    tries: Mapped[int] = mapped_column(default=0)
    """How many of that cycle's dates for an attempt are over and done with (billing.automatic.needs)."""


class CardSetup(Base):
    """A page of Stripe's on which a card is saved without paying anything."""

    __tablename__ = "card_setups"
    __table_args__ = (
        UniqueConstraint("partner_id", "session_id"),
        Index(None, "status", "next_look_at"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int]
    person_id: Mapped[int]
    live: Mapped[bool]
    status: Mapped[str] = mapped_column(default="open")
    """open, done, expired, cancelled, failed."""
    session_params: Mapped[dict[str, Any]]
    session_id: Mapped[str | None]
    session_url: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    next_look_at: Mapped[dt.datetime]
    looks: Mapped[int] = mapped_column(default=0)
    chat_id: Mapped[int | None]
    message_id: Mapped[int | None]
