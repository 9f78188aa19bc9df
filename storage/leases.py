"""Who may do a thing of which there is one: a row with an owner and an expiry, taken over when it expired."""

import datetime as dt

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.models import Lease
from storage.transaction import Tx


def take(tx: Tx, name: str, owner: str, now: dt.datetime, until: dt.datetime) -> bool:
    """Take the lease or renew it until `until`. False: somebody else holds it."""
    insert = postgresql.insert(Lease) if tx.dialect == "postgresql" else sqlite.insert(Lease)
    taken = tx.conn.execute(
        insert.values(name=name, owner=owner, until=until)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": insert.excluded.owner, "until": insert.excluded.until},
            where=or_(Lease.owner == owner, Lease.until <= now),
        )
        .returning(Lease.name)
    ).all()
    return bool(taken)


def release(tx: Tx, name: str, owner: str) -> None:
    """Let go, so that the next one needn't wait for the expiry. Nothing happens if it is not ours any more."""
    tx.conn.execute(delete(Lease).where(Lease.name == name, Lease.owner == owner))


def holder(tx: Tx, name: str, now: dt.datetime) -> str | None:
    """Who holds it now."""
    return tx.conn.execute(
        select(Lease.owner).where(Lease.name == name, Lease.until > now)
    ).scalar_one_or_none()
