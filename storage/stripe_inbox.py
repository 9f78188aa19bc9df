"""The inbox of Stripe's events: stored by unique id, worked off by storage.orders' claims."""

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.inbox import Backlog
from storage.models import StripeEvent
from storage.transaction import Tx


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
