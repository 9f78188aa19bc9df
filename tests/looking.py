"""Which workspaces a sweep would find, by a statement of the tests' own."""

import datetime as dt

from sqlalchemy import or_, select

from storage.models import Workspace
from storage.transaction import Tx


def all_due(tx: Tx, now: dt.datetime) -> list[int]:
    """Ids of workspaces whose next cycle has begun or whose units wait for points no longer."""
    wanted = or_(Workspace.renews_at <= now, Workspace.lapses_at <= now)
    return list(tx.session.scalars(select(Workspace.id).where(wanted).order_by(Workspace.id)))
