"""Telegram's inbox and outbox, the chats between them, and who holds which lease."""

import datetime as dt
from typing import Any

from sqlalchemy import Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class TelegramUpdate(Base):
    """An update, committed before it is confirmed to Telegram (DESIGN 5.4)."""

    __tablename__ = "telegram_updates"
    __table_args__ = (
        Index(None, "bot_id", "done_at", "chat_id", "update_id"),
        Index(None, "bot_id", "received_at"),
    )

    bot_id: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int]
    tap: Mapped[str]
    """Random: the reference of whatever this update causes, the same when it is handled again."""
    body: Mapped[str]
    received_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[dt.datetime | None]
    error: Mapped[str] = mapped_column(default="")


class Chat(Base):
    """A chat: the lease that keeps its updates in order, and whether it still wants to hear from us."""

    __tablename__ = "chats"

    bot_id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(primary_key=True)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[dt.datetime | None]
    blocked_at: Mapped[dt.datetime | None]


class OutboxMessage(Base):
    """A notice as kind and parameters, written in the reader's language when it is sent."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "bot_id", "status", "due_at", "number"),
        Index(None, "partner_id", "status", "created_at"),
    )

    bot_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    """Drawn from the reference, kind and chat: the same notice is written once."""
    number: Mapped[int] = mapped_column(Identity())
    """Grows with every notice: those due at one instant leave in the order they were made."""
    partner_id: Mapped[int]
    chat_id: Mapped[int]
    person_id: Mapped[int | None]
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    edits_message_id: Mapped[int | None]
    """The message to change in place; sent anew when that can't be done."""
    created_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]
    status: Mapped[str] = mapped_column(default="due")
    """due, sending, sent, blocked (the chat is gone), dead (given up, visible to the partner)."""
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[dt.datetime | None]
    error: Mapped[str] = mapped_column(default="")


class Lease(Base):
    """Who may do a thing of which there is one: poll Telegram, send, tick. Expires by itself."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    until: Mapped[dt.datetime]


class FsmState(Base):
    """What somebody is being asked right now (aiogram's FSM, kept over restarts)."""

    __tablename__ = "fsm_states"

    bot_id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str | None]
    data: Mapped[dict[str, Any]]
