"""The append-only ledger and the wallets it moves."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Wallet(Base):
    """A workspace's balance in hundredths of a point. Its row is also the lock of its workspace (DESIGN 4)."""

    __tablename__ = "wallets"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)
    posted: Mapped[int] = mapped_column(default=0)
    """How many postings it has: the number of the newest one."""


class Posting(Base):
    """One row of the ledger; hundredths of a point. Never updated, never deleted."""

    __tablename__ = "postings"
    __table_args__ = (
        UniqueConstraint("partner_id", "reference", "line", name="uq_postings_reference"),
        CheckConstraint("amount >= 0 OR forced OR balance_after >= floor", name="floor"),
        Index("ix_postings_target", "partner_id", "workspace_id", "addon_id", "cycle_start"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """1, 2, 3 … in the wallet: the history's page key."""
    reference: Mapped[str]
    line: Mapped[int]
    kind: Mapped[str]
    amount: Mapped[int]
    balance_after: Mapped[int]
    floor: Mapped[int] = mapped_column(default=0)
    forced: Mapped[bool] = mapped_column(default=False)
    at: Mapped[dt.datetime]
    person_id: Mapped[int | None]
    addon_id: Mapped[int | None]
    cycle_start: Mapped[dt.date | None]
    order_id: Mapped[int | None]
    note: Mapped[str] = mapped_column(default="")
    explained: Mapped[dict[str, Any] | None]
    """How the amount was worked out (billing.explain), for the history."""
