"""A customer's workspace: its cycle, its add-ons, its usage, what it waits for."""

import datetime as dt

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Workspace(Base):
    """A customer's account on the host platform. The running cycle is stored, so that a cut one stays known (R4)."""

    __tablename__ = "workspaces"
    __table_args__ = (
        Index(None, "id"),
        Index(None, "renews_at"),
        Index(None, "lapses_at"),
        Index(None, "remind_at"),
        UniqueConstraint("partner_id", "origin"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    plan_id: Mapped[int | None]
    zone: Mapped[str]
    next_zone: Mapped[str | None]
    """The zone from the next cycle on, where it is another (R4)."""
    anchor: Mapped[dt.date]
    cycle_start: Mapped[dt.date]
    cycle_end: Mapped[dt.date]
    """Exclusive: the next renewal date."""
    whole_start: Mapped[dt.date]
    whole_end: Mapped[dt.date]
    """Whole cycle by which days are priced, wider than the cycle when this one is cut or short (R4)."""
    began_at: Mapped[dt.datetime | None]
    """The instant at which the running cycle was entered: a new zone's midnight is another one (R4, R20). None: it began
    before this was kept, at its own zone's midnight."""
    renews_at: Mapped[dt.datetime]
    """The instant at which `cycle_end` begins in the workspace's zone: what a sweep looks for."""
    claimed_until: Mapped[dt.datetime | None]
    """The lease of a sweep that works its due cycles off one by one."""
    lapses_at: Mapped[dt.datetime | None]
    """When units that are not paid yet for the running cycle end (R15); None: there are none."""
    graced_until: Mapped[dt.datetime | None]
    """When the grace of the running cycle is over, whatever charge may come; None: there was nothing to grace."""
    remind_at: Mapped[dt.datetime | None]
    """When to look whether the next renewal must be announced (R36)."""
    reminded: Mapped[int | None]
    """Days before the renewal of the newest announcement for it."""
    paused_limit: Mapped[bool] = mapped_column(default=False)
    paused_unpaid: Mapped[bool] = mapped_column(default=False)
    paused_manual: Mapped[bool] = mapped_column(default=False)
    """R21: reasons are kept apart; the workspace is paused while one of them holds."""
    pause_note: Mapped[str] = mapped_column(default="")
    host_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    origin: Mapped[str]
    """The reference of the call that made it: a replayed call makes no second one."""


class WorkspaceCycle(Base):
    """A cycle that this workspace lived or lives in, whole, cut or short (R4)."""

    __tablename__ = "cycles"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[dt.date] = mapped_column(primary_key=True)
    end: Mapped[dt.date]
    whole_start: Mapped[dt.date]
    whole_end: Mapped[dt.date]


class Override(Base):
    """What this workspace's plan grants of one limit, whatever the plan says (R24)."""

    __tablename__ = "overrides"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    limit_code: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class Usage(Base):
    """The newest report of one limit, by the report's own time (R20)."""

    __tablename__ = "usage"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    limit_code: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int]
    at: Mapped[dt.datetime]
    warned: Mapped[int] = mapped_column(default=0)
    """The warning percentage that was crossed last and still holds: 0, 80, 95 (R22)."""


class AddonState(Base):
    """Units of an add-on a workspace has now, whether they renew, and where they stand in keep-order."""

    __tablename__ = "addon_states"
    __table_args__ = (
        CheckConstraint("units >= 0", name="units"),
        CheckConstraint("unpaid >= 0 AND unpaid <= units", name="unpaid"),
    )

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    addon_id: Mapped[int] = mapped_column(primary_key=True)
    units: Mapped[int]
    unpaid: Mapped[int] = mapped_column(default=0)
    """How many of the units wait for points to renew, in grace or for an automatic charge (R15)."""
    renews: Mapped[bool] = mapped_column(default=True)
    keep_rank: Mapped[int | None]
    since: Mapped[dt.datetime]
    changes: Mapped[int] = mapped_column(default=0)


class AddonChange(Base):
    """One change of an add-on's units. Targets are computed from these (R7); an undone one counts no more (R9)."""

    __tablename__ = "addon_changes"
    __table_args__ = (UniqueConstraint("partner_id", "reference", "addon_id", "on_date"),)

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    addon_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    on_date: Mapped[dt.date]
    units_before: Mapped[int]
    units_after: Mapped[int]
    reference: Mapped[str]
    """Of the call that made it: a replayed call finds it here."""
    lapsed: Mapped[bool] = mapped_column(default=False)
    """Units that ended with their cycle, not by a person's removal (R14, R15)."""
    paid_until: Mapped[dt.date | None]
    """Removed without refund: what was paid is charged up to this date all the same."""
    given: Mapped[bool] = mapped_column(default=False)
    """Added while credit billing was off: free to the end of the cycle (R26)."""
    date_charged: Mapped[bool] = mapped_column(default=False)
    """Removed while the partner charged every date of removal (R8)."""
    at: Mapped[dt.datetime]
    person_id: Mapped[int | None]
    undone_at: Mapped[dt.datetime | None]


class PurchaseIntent(Base):
    """A purchase that lacked points and is completed when they arrive (R12). One per add-on."""

    __tablename__ = "purchase_intents"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    addon_id: Mapped[int] = mapped_column(primary_key=True)
    units: Mapped[int]
    price: Mapped[int]
    """The unit's price when it was asked for: a rise calls the purchase off."""
    person_id: Mapped[int]
    at: Mapped[dt.datetime]


class RemovalRequest(Base):
    """A customer's wish to remove where only the partner may (R10). Counts from the day it was asked."""

    __tablename__ = "removal_requests"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    addon_id: Mapped[int] = mapped_column(primary_key=True)
    units: Mapped[int]
    """The target: units that should stay."""
    asked_on: Mapped[dt.date]
    asked_at: Mapped[dt.datetime]
    person_id: Mapped[int]


class Delivery(Base):
    """What the host platform should be told, newest version wins (R35)."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "confirmed_at", "next_at"), Index(None, "waiting_since"))

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    told: Mapped[str]
    """All that the version says, to know whether a later state differs from it."""
    paused: Mapped[bool]
    asked_at: Mapped[dt.datetime]
    """When this version came about."""
    waiting_since: Mapped[dt.datetime | None]
    """When the oldest of the versions came about that the host has not confirmed; None: it has the newest."""
    confirmed_through: Mapped[dt.datetime | None]
    """Changes up to here are in a version that the host confirmed."""
    alerted_at: Mapped[dt.datetime | None]
    """When the partner was told that the host is silent."""
    next_at: Mapped[dt.datetime]
    confirmed_at: Mapped[dt.datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
