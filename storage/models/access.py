"""People, what they may do, and how they get in (R34)."""

import datetime as dt

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Person(Base):
    """Somebody who spoke to the bot. Erased people keep their row without name and Telegram id (R37)."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    telegram_id: Mapped[int | None] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    username: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="en")
    seen_at: Mapped[dt.datetime]
    workspace_id: Mapped[int | None]
    """The workspace this person looked at last; a hint for /start, never a right."""
    quiet_from: Mapped[int | None] = mapped_column(default=22)
    quiet_to: Mapped[int | None] = mapped_column(default=8)
    """Hours of the workspace's day between which only money and pauses are told (R36); None: at any hour."""
    muted: Mapped[list[str]] = mapped_column(default=list)
    """Topics of notices (billing.notices) that this person doesn't want; never money or pauses."""


class PartnerAdmin(Base):
    """A person of the partner's: owner, admin (all but owners and Stripe) or support (look)."""

    __tablename__ = "partner_admins"
    __table_args__ = (Index(None, "person_id"),)

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    since: Mapped[dt.datetime]


class Member(Base):
    """A person's role in a workspace: owner, billing or viewer. Ended memberships keep their row."""

    __tablename__ = "members"
    __table_args__ = (Index(None, "person_id"),)

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    since: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class Invite(Base):
    """A one-time link that expires. Only the hash of its code is kept."""

    __tablename__ = "invites"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    partner_id: Mapped[int]
    workspace_id: Mapped[int | None]
    """None: an invite to the partner's own desk."""
    role: Mapped[str]
    replaces_owners: Mapped[bool] = mapped_column(default=False)
    """R34: made by the partner for an owner who lost the account; old owners' rights end when it is used."""
    made_by: Mapped[int]
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_by: Mapped[int | None]
    used_at: Mapped[dt.datetime | None]
