"""The inbox of Telegram's updates, and the chats' leases that keep their order.

An update is committed by `accept` before Telegram is told that we have it. A chat is worked on by one process at
a time, the one whose lease stands in its `chats` row, and always its oldest update first. `settle` marks what
was done and lets go of chats. Whoever looks at a chat's undone updates has its row locked, always in order of
chat ids: so an update that another process commits meanwhile is either seen by the holder who is about to let
go, or its committer finds the lease free.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.fsm import StateAndData
from storage.models import Chat, FsmState, TelegramUpdate
from storage.prepared import Among, Prepared
from storage.transaction import Tx

CLAIM_LIMIT = 500
"""Updates taken from the table at once at most; the rest is found when these are done."""


@dataclass(frozen=True, slots=True)
class NewUpdate:
    """An update as it came in. `tap` is random; `from_person`: somebody wrote or pressed, so the chat can hear us."""

    update_id: int
    chat_id: int
    tap: str
    body: str
    from_person: bool


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """An undone update that the caller may handle now.

    `fresh`: committed by this very call, so nobody can have begun it. `fsm`: state and data of a private chat.
    """

    update_id: int
    chat_id: int
    tap: str
    body: str
    attempts: int
    fresh: bool
    fsm: StateAndData | None


@dataclass(frozen=True, slots=True)
class Done:
    """An update that was handled, or given up (then with the error)."""

    update_id: int
    chat_id: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: how many rows, and since when the oldest."""

    count: int
    oldest: dt.datetime | None


@dataclass(frozen=True, slots=True)
class DeadUpdate:
    update_id: int
    chat_id: int
    received_at: dt.datetime
    error: str


def _insert_updates(dialect: Any) -> Prepared:
    return Prepared(
        dialect.insert(TelegramUpdate).on_conflict_do_nothing().returning(TelegramUpdate.update_id)
    )


def _lease_chats(dialect: Any) -> Prepared:
    insert = dialect.insert(Chat)
    lease = insert.on_conflict_do_update(
        index_elements=["bot_id", "chat_id"],
        set_={"lease_owner": insert.excluded.lease_owner, "lease_until": insert.excluded.lease_until},
        where=or_(
            Chat.lease_until.is_(None),
            Chat.lease_until <= bindparam("now", type_=Chat.lease_until.type),
            Chat.lease_owner == insert.excluded.lease_owner,
        ),
    )
    return Prepared(lease.returning(Chat.chat_id, Chat.blocked_at))


_INSERT_UPDATES = {"sqlite": _insert_updates(sqlite), "postgresql": _insert_updates(postgresql)}
_LEASE_CHATS = {"sqlite": _lease_chats(sqlite), "postgresql": _lease_chats(postgresql)}

_UNDONE = Prepared(
    select(
        TelegramUpdate.update_id,
        TelegramUpdate.chat_id,
        TelegramUpdate.tap,
        TelegramUpdate.body,
        TelegramUpdate.attempts,
        FsmState.state,
        FsmState.data,
    )
    .outerjoin(
        FsmState,
        and_(
            FsmState.bot_id == TelegramUpdate.bot_id,
            FsmState.chat_id == TelegramUpdate.chat_id,
            FsmState.user_id == TelegramUpdate.chat_id,
        ),
    )
    .where(
        TelegramUpdate.bot_id == bindparam("bot"),
        TelegramUpdate.done_at.is_(None),
        Among(TelegramUpdate.chat_id, "chats"),
        not_(Among(TelegramUpdate.update_id, "known")),
    )
    # As its index has them: by update_id, SQLite would walk through all of the bot's updates, done ones too.
    .order_by(TelegramUpdate.chat_id, TelegramUpdate.update_id)
    .limit(CLAIM_LIMIT)
)
_LOCK_CHATS = Prepared(
    select(Chat.chat_id, Chat.lease_owner)
    .where(Chat.bot_id == bindparam("bot"), Among(Chat.chat_id, "chats"))
    .order_by(Chat.chat_id)
    .with_for_update()
)
_SET_LEASE = Prepared(
    update(Chat)
    .where(Chat.bot_id == bindparam("bot"), Among(Chat.chat_id, "chats"))
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
)
_SET_DONE = Prepared(
    update(TelegramUpdate)
    .where(TelegramUpdate.bot_id == bindparam("bot"), Among(TelegramUpdate.update_id, "ids"))
    .values(done_at=bindparam("now"))
)


def accept(
    tx: Tx,
    bot_id: int,
    updates: Sequence[NewUpdate],
    *,
    owner: str,
    now: dt.datetime,
    lease_until: dt.datetime,
    held: Mapping[int, Collection[int]],
    store_only: bool = False,
) -> list[StoredUpdate]:
    """Store updates; what is stored already is left as it is. Take these chats' leases where they are free.

    `held`: the updates that the caller knows of, by chat that it works on. Answers what it may handle now besides
    them, oldest first. With `store_only` nothing is taken.
    """
    inserted = {
        update_id
        for (update_id,) in _INSERT_UPDATES[tx.dialect].run_many(
            tx,
            [
                {
                    "bot_id": bot_id,
                    "update_id": new.update_id,
                    "chat_id": new.chat_id,
                    "tap": new.tap,
                    "body": new.body,
                    "received_at": now,
                    "attempts": 0,
                    "done_at": None,
                    "error": "",
                }
                for new in sorted(updates, key=lambda new: new.update_id)
            ],
        )
    }
    chats = sorted({new.chat_id for new in updates})
    leased = _LEASE_CHATS[tx.dialect].run_many(
        tx,
        [
            {
                "bot_id": bot_id,
                "chat_id": chat_id,
                "lease_owner": None if store_only else owner,
                "lease_until": None if store_only else lease_until,
                "blocked_at": None,
                "now": now,
            }
            for chat_id in chats
        ],
    )
    talking = {new.chat_id for new in updates if new.from_person}
    unblocked = [chat_id for chat_id, blocked_at in leased if blocked_at is not None and chat_id in talking]
    if unblocked:
        tx.conn.execute(
            update(Chat).where(Chat.bot_id == bot_id, Chat.chat_id.in_(unblocked)).values(blocked_at=None)
        )
    if store_only:
        return []
    known = [update_id for chat_id in chats for update_id in held.get(chat_id, ())]
    ours = [chat_id for chat_id, _ in leased]
    found = _undone(tx, bot_id, ours, known, inserted)
    # An update repeated by Telegram after it was done: nobody will settle this chat, so the lease ends here.
    _release(tx, bot_id, set(ours) - held.keys() - {one.chat_id for one in found})
    return found


def claim(
    tx: Tx,
    bot_id: int,
    *,
    owner: str,
    now: dt.datetime,
    lease_until: dt.datetime,
    held: Collection[int] = (),
    chats: int = 100,
) -> list[StoredUpdate]:
    """Take chats with undone updates that nobody works on: left by a process that died, or stored only.

    `held` are chats that the caller works on anyway. Answers their updates, oldest first.
    """
    waiting = select(TelegramUpdate.chat_id).where(
        TelegramUpdate.bot_id == bot_id, TelegramUpdate.done_at.is_(None)
    )
    free = tx.conn.scalars(
        select(Chat.chat_id)
        .where(
            Chat.bot_id == bot_id,
            Chat.chat_id.in_(waiting),
            Chat.chat_id.not_in(held),
            or_(Chat.lease_until.is_(None), Chat.lease_until <= now, Chat.lease_owner == owner),
        )
        .order_by(Chat.chat_id)
        .limit(chats)
        .with_for_update(skip_locked=True)
    ).all()
    if not free:
        return []
    _SET_LEASE.run(tx, bot=bot_id, chats=free, owner=owner, until=lease_until)
    found = _undone(tx, bot_id, free, (), ())
    _release(tx, bot_id, set(free) - {one.chat_id for one in found})
    return found


def settle(
    tx: Tx,
    bot_id: int,
    done: Sequence[Done],
    *,
    owner: str,
    now: dt.datetime,
    idle: Collection[int],
    known: Collection[int] = (),
    closing: bool = False,
) -> list[StoredUpdate]:
    """Mark updates done and let go of the `idle` chats.

    A chat in which something came in meanwhile is kept, and that is answered, without the `known`. With `closing`
    every idle chat is let go.
    """
    chats = sorted({one.chat_id for one in done} | set(idle))
    locked = _LOCK_CHATS.run(tx, bot=bot_id, chats=chats)
    if done:
        well = [one.update_id for one in done if not one.error]
        if well:
            _SET_DONE.run(tx, bot=bot_id, ids=well, now=now)
        for one in done:
            if one.error:
                tx.conn.execute(
                    update(TelegramUpdate)
                    .where(TelegramUpdate.bot_id == bot_id, TelegramUpdate.update_id == one.update_id)
                    .values(done_at=now, error=one.error)
                )
    ours = [chat_id for chat_id, holder in locked if holder == owner and chat_id in idle]
    if not ours:
        return []
    more = [] if closing else _undone(tx, bot_id, ours, known, ())
    _release(tx, bot_id, set(ours) - {one.chat_id for one in more})
    return more


def renew(tx: Tx, bot_id: int, chats: Iterable[int], *, owner: str, until: dt.datetime) -> set[int]:
    """Keep these chats until `until`. Answers those that are still ours."""
    locked = _LOCK_CHATS.run(tx, bot=bot_id, chats=list(chats))
    ours = [chat_id for chat_id, holder in locked if holder == owner]
    if ours:
        _SET_LEASE.run(tx, bot=bot_id, chats=ours, owner=owner, until=until)
    return set(ours)


def begin_again(tx: Tx, bot_id: int, update_id: int) -> int:
    """Count an attempt before it is made: the last one may have killed its process. Answers the attempts so far."""
    row = TelegramUpdate.bot_id == bot_id, TelegramUpdate.update_id == update_id
    tx.conn.execute(update(TelegramUpdate).where(*row).values(attempts=TelegramUpdate.attempts + 1))
    return tx.conn.execute(select(TelegramUpdate.attempts).where(*row)).scalar_one()


def backlog(tx: Tx, bot_id: int) -> Backlog:
    """Undone updates."""
    row = tx.conn.execute(
        select(func.count(), func.min(TelegramUpdate.received_at)).where(
            TelegramUpdate.bot_id == bot_id, TelegramUpdate.done_at.is_(None)
        )
    ).one()
    return Backlog(row[0], row[1])


def dead_updates(tx: Tx, bot_id: int, limit: int = 50) -> list[DeadUpdate]:
    """Updates that were given up and not swept yet, newest first."""
    rows = tx.conn.execute(
        select(
            TelegramUpdate.update_id, TelegramUpdate.chat_id, TelegramUpdate.received_at, TelegramUpdate.error
        )
        .where(
            TelegramUpdate.bot_id == bot_id, TelegramUpdate.done_at.is_not(None), TelegramUpdate.error != ""
        )
        .order_by(TelegramUpdate.done_at.desc())
        .limit(limit)
    )
    return [DeadUpdate(row.update_id, row.chat_id, row.received_at, row.error) for row in rows]


def sweep(tx: Tx, bot_id: int, done_before: dt.datetime, limit: int = 5_000) -> int:
    """Delete done updates; answers how many, at most `limit`.

    Telegram draws update ids anew after a quiet week: an old id must not mute a new tap.
    """
    old = tx.conn.scalars(
        select(TelegramUpdate.update_id)
        .where(TelegramUpdate.bot_id == bot_id, TelegramUpdate.done_at < done_before)
        .limit(limit)
    ).all()
    if old:
        tx.conn.execute(
            delete(TelegramUpdate).where(TelegramUpdate.bot_id == bot_id, TelegramUpdate.update_id.in_(old))
        )
    return len(old)


def _release(tx: Tx, bot_id: int, chats: Collection[int]) -> None:
    """Let go of chats whose rows this transaction has locked."""
    if chats:
        _SET_LEASE.run(tx, bot=bot_id, chats=chats, owner=None, until=None)


def _undone(
    tx: Tx, bot_id: int, chats: Sequence[int], known: Collection[int], inserted: Collection[int]
) -> list[StoredUpdate]:
    if not chats:
        return []
    rows = _UNDONE.run(tx, bot=bot_id, chats=chats, known=known)
    return [
        StoredUpdate(
            update_id=update_id,
            chat_id=chat_id,
            tap=tap,
            body=body,
            attempts=attempts,
            fresh=update_id in inserted,
            fsm=(state, data or {}) if chat_id > 0 else None,
        )
        for update_id, chat_id, tap, body, attempts, state, data in sorted(rows, key=itemgetter(0))
    ]
