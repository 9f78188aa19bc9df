"""The outbox: notices as kind and parameters, written by use cases, sent by the one sender of a bot."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.inbox import Backlog
from storage.models import Chat, OutboxMessage, Partner
from storage.prepared import Prepared
from storage.sets import InsertSet
from storage.transaction import Tx

_CANDIDATES = 200
"""Due rows looked at to find chats that may be written to now."""
_HELD = select(Partner.id).where(Partner.behind_since.is_not(None))
"""Partners of a restored backup: what waits there may have been sent, or not be true any more (DESIGN 5.6)."""


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message marked as being sent. `attempts` counts this one."""

    id: int
    partner_id: int
    chat_id: int
    person_id: int | None
    kind: str
    params: dict[str, Any]
    edits_message_id: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up."""

    id: int
    chat_id: int
    person_id: int | None
    kind: str
    created_at: dt.datetime
    attempts: int
    error: str


class Notice(NamedTuple):
    """A notice to write. Its id is drawn from what caused it."""

    id: int
    partner_id: int
    chat_id: int
    person_id: int | None
    kind: str
    params: dict[str, Any]
    created_at: dt.datetime
    due_at: dt.datetime
    edits_message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unsent:
    """A notice that can't be sent, as its reader has blocked the bot."""

    partner_id: int
    kind: str
    params: dict[str, Any]


_GIVEN = (
    "bot_id",
    "id",
    "partner_id",
    "chat_id",
    "person_id",
    "kind",
    "params",
    "edits_message_id",
    "created_at",
    "due_at",
)
_given = attrgetter(*_GIVEN[1:])


def _put(dialect: Any, **more: Any) -> Prepared:
    columns = OutboxMessage.__table__.c
    given = {name: bindparam(name, type_=columns[name].type) for name in _GIVEN}
    new = {**given, "status": "due", "attempts": 0, "error": "", **more}
    return Prepared(dialect.insert(OutboxMessage).values(new).on_conflict_do_nothing())


# SQLite has no identity columns: the number is the one that the row itself will get.
_NEXT_NUMBER = "(SELECT coalesce(max(rowid), 0) + 1 FROM outbox)"
_PUT = {
    "sqlite": _put(sqlite, number=text(_NEXT_NUMBER)),
    "postgresql": _put(postgresql),
}
_PUT_MANY = InsertSet(
    OutboxMessage, (*_GIVEN, "status", "attempts", "error"), once=True, sqlite={"number": _NEXT_NUMBER}
)


def put(
    tx: Tx,
    bot_id: int,
    id: int,  # noqa: A002 (the column's name)
    partner_id: int,
    chat_id: int,
    person_id: int | None,
    kind: str,
    params: dict[str, Any],
    created_at: dt.datetime,
    due_at: dt.datetime,
    edits_message_id: int | None = None,
) -> None:
    """Write a notice; the same id again changes nothing."""
    notice = Notice(id, partner_id, chat_id, person_id, kind, params, created_at, due_at, edits_message_id)
    put_all(tx, bot_id, [notice])


def put_all(tx: Tx, bot_id: int, notices: Sequence[Notice]) -> None:
    """Write notices in this order; those whose ids are known change nothing."""
    if len(notices) > 1:
        _PUT_MANY.run(tx, [(bot_id, *_given(each), "due", 0, "") for each in notices])
        return
    for each in notices:
        _PUT[tx.dialect].run(
            tx,
            bot_id=bot_id,
            id=each.id,
            partner_id=each.partner_id,
            chat_id=each.chat_id,
            person_id=each.person_id,
            kind=each.kind,
            params=each.params,
            created_at=each.created_at,
            due_at=each.due_at,
            edits_message_id=each.edits_message_id,
        )


def has_due(tx: Tx, bot_id: int, now: dt.datetime) -> bool:
    return (
        tx.conn.execute(
            select(OutboxMessage.id)
            .where(
                OutboxMessage.bot_id == bot_id,
                OutboxMessage.status == "due",
                OutboxMessage.due_at <= now,
                OutboxMessage.partner_id.not_in(_HELD),
            )
            .limit(1)
        ).first()
        is not None
    )


def claim_due(
    tx: Tx, bot_id: int, now: dt.datetime, limit: int, *, resting: Collection[int] = ()
) -> list[DueMessage]:
    """Mark due messages as being sent, one a chat, none to the `resting` chats.

    Longest due first; of one instant in the order they were made. Nothing of a partner whose books are behind.

    Messages to chats that don't want to hear from us become 'blocked'.
    """
    candidates = tx.conn.execute(
        select(OutboxMessage.id, OutboxMessage.chat_id, Chat.blocked_at)
        .outerjoin(Chat, (Chat.bot_id == OutboxMessage.bot_id) & (Chat.chat_id == OutboxMessage.chat_id))
        .where(
            OutboxMessage.bot_id == bot_id,
            OutboxMessage.status == "due",
            OutboxMessage.due_at <= now,
            OutboxMessage.chat_id.not_in(resting),
            OutboxMessage.partner_id.not_in(_HELD),
        )
        .order_by(OutboxMessage.due_at, OutboxMessage.number)
        .limit(_CANDIDATES)
    ).all()
    blocked = [row.id for row in candidates if row.blocked_at is not None]
    if blocked:
        _set(tx, bot_id, blocked, status="blocked", error="the chat is blocked")
    first_of_chat: dict[int, int] = {}
    for row in candidates:
        if row.blocked_at is None:
            first_of_chat.setdefault(row.chat_id, row.id)
    chosen = list(first_of_chat.values())[:limit]
    if not chosen:
        return []
    _set(tx, bot_id, chosen, status="sending", attempts=OutboxMessage.attempts + 1)
    rows = tx.conn.execute(
        select(
            OutboxMessage.id,
            OutboxMessage.partner_id,
            OutboxMessage.chat_id,
            OutboxMessage.person_id,
            OutboxMessage.kind,
            OutboxMessage.params,
            OutboxMessage.edits_message_id,
            OutboxMessage.attempts,
        )
        .where(OutboxMessage.bot_id == bot_id, OutboxMessage.id.in_(chosen))
        .order_by(OutboxMessage.due_at, OutboxMessage.number)
    )
    return [DueMessage(*row) for row in rows]


def recover(tx: Tx, bot_id: int) -> None:
    """Messages that were being sent are due again: for the sender that has just taken the lease."""
    tx.conn.execute(
        update(OutboxMessage)
        .where(OutboxMessage.bot_id == bot_id, OutboxMessage.status == "sending")
        .values(status="due")
    )


def mark_sent(tx: Tx, bot_id: int, message_id: int, now: dt.datetime) -> None:
    _set(tx, bot_id, [message_id], status="sent", sent_at=now, error="")


def mark_dead(tx: Tx, bot_id: int, message_id: int, error: str) -> None:
    _set(tx, bot_id, [message_id], status="dead", error=error)


def put_off(tx: Tx, bot_id: int, message_id: int, due_at: dt.datetime, error: str, *, counts: bool) -> None:
    """Try again later. `counts`: whether this attempt counts towards giving up."""
    less = 0 if counts else 1
    _set(
        tx,
        bot_id,
        [message_id],
        status="due",
        due_at=due_at,
        error=error,
        attempts=OutboxMessage.attempts - less,
    )


def block_chat(tx: Tx, bot_id: int, chat_id: int, now: dt.datetime) -> list[Unsent]:
    """The person blocked the bot: what waits for this chat will never be sent, and is answered."""
    insert = postgresql.insert(Chat) if tx.dialect == "postgresql" else sqlite.insert(Chat)
    tx.conn.execute(
        insert.values(bot_id=bot_id, chat_id=chat_id, blocked_at=now).on_conflict_do_update(
            index_elements=["bot_id", "chat_id"], set_={"blocked_at": insert.excluded.blocked_at}
        )
    )
    blocked = tx.conn.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.bot_id == bot_id,
            OutboxMessage.chat_id == chat_id,
            OutboxMessage.status.in_(("due", "sending")),
        )
        .values(status="blocked", error="the chat is blocked")
        .returning(OutboxMessage.partner_id, OutboxMessage.kind, OutboxMessage.params)
    )
    return [Unsent(*row) for row in blocked]


def blocked_chats(tx: Tx, bot_id: int, chat_ids: Collection[int]) -> set[int]:
    """Which of these chats can't be written to (R36)."""
    return set(
        tx.conn.scalars(
            select(Chat.chat_id).where(
                Chat.bot_id == bot_id, Chat.chat_id.in_(chat_ids), Chat.blocked_at.is_not(None)
            )
        )
    )


def dead_letters(tx: Tx, partner_id: int, limit: int = 50) -> list[DeadLetter]:
    """The partner's messages that were given up, newest first."""
    rows = tx.conn.execute(
        select(
            OutboxMessage.id,
            OutboxMessage.chat_id,
            OutboxMessage.person_id,
            OutboxMessage.kind,
            OutboxMessage.created_at,
            OutboxMessage.attempts,
            OutboxMessage.error,
        )
        .where(OutboxMessage.partner_id == partner_id, OutboxMessage.status == "dead")
        .order_by(OutboxMessage.created_at.desc())
        .limit(limit)
    )
    return [DeadLetter(*row) for row in rows]


def backlog(tx: Tx, bot_id: int, now: dt.datetime) -> Backlog:
    """Messages that are due."""
    row = tx.conn.execute(
        select(func.count(), func.min(OutboxMessage.due_at)).where(
            OutboxMessage.bot_id == bot_id, OutboxMessage.status == "due", OutboxMessage.due_at <= now
        )
    ).one()
    return Backlog(row[0], row[1])


def sweep(tx: Tx, bot_id: int, due_before: dt.datetime, limit: int = 5_000) -> int:
    """Delete messages that were sent, or could not be because the chat is blocked; answers how many."""
    old = tx.conn.scalars(
        select(OutboxMessage.id)
        .where(
            OutboxMessage.bot_id == bot_id,
            OutboxMessage.status.in_(("sent", "blocked")),
            OutboxMessage.due_at < due_before,
        )
        .limit(limit)
    ).all()
    if old:
        tx.conn.execute(
            delete(OutboxMessage).where(OutboxMessage.bot_id == bot_id, OutboxMessage.id.in_(old))
        )
    return len(old)


def _set(tx: Tx, bot_id: int, ids: Collection[int], **values: Any) -> None:
    tx.conn.execute(
        update(OutboxMessage)
        .where(OutboxMessage.bot_id == bot_id, OutboxMessage.id.in_(ids))
        .values(**values)
    )
