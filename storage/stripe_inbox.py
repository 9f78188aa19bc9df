"""The inbox of Stripe's events: stored by unique id, worked off by storage.orders' claims."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from storage.inbox import Backlog
from storage.models import StripeEvent
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """An event that could not be worked off. `given_up`: it isn't tried any more."""

    id: str
    type: str
    given_up: bool
    error: str


def put(
    tx: Tx,
    *,
    partner_id: int,
    id: str,  # noqa: A002 (the column's name)
    type: str,  # noqa: A002 (the column's name)
    object_id: str,
    live: bool,
    body: str,
    received_at: dt.datetime,
) -> None:
    """Store a verified event; one that was stored before is left as it is."""
    insert = postgresql.insert(StripeEvent) if tx.dialect == "postgresql" else sqlite.insert(StripeEvent)
    tx.conn.execute(
        insert.values(
            partner_id=partner_id,
            id=id,
            type=type,
            object_id=object_id,
            live=live,
            body=body,
            received_at=received_at,
            next_at=received_at,
            attempts=0,
            error="",
        ).on_conflict_do_nothing()
    )


def backlog(tx: Tx) -> Backlog:
    """Stripe events that are not worked off."""
    row = tx.conn.execute(
        select(func.count(), func.min(StripeEvent.received_at)).where(StripeEvent.done_at.is_(None))
    ).one()
    return Backlog(row[0], row[1])


def failed(tx: Tx, limit: int = 50) -> list[FailedEvent]:
    """Events that failed and wait for another try, or were given up and not swept yet; newest first."""
    found = tx.conn.execute(
        select(StripeEvent.id, StripeEvent.type, StripeEvent.done_at, StripeEvent.error)
        .where(StripeEvent.error != "")
        .order_by(StripeEvent.received_at.desc())
        .limit(limit)
    )
    return [FailedEvent(row.id, row.type, row.done_at is not None, row.error) for row in found]


def sweep(tx: Tx, done_before: dt.datetime, limit: int = 5_000) -> int:
    """Delete events that are done with; answers how many, at most `limit`.

    One that Stripe sends again after that is worked off a second time, which changes nothing.
    """
    key = tuple_(StripeEvent.partner_id, StripeEvent.id)
    old = [
        tuple(row)
        for row in tx.conn.execute(
            select(StripeEvent.partner_id, StripeEvent.id)
            .where(StripeEvent.done_at < done_before)
            .limit(limit)
        )
    ]
    if old:
        tx.conn.execute(delete(StripeEvent).where(key.in_(old)))
    return len(old)
