"""What must hold of renewals and of units that wait for points (R14, R15), as queries that answer what breaks it."""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import Row, exists, func, select, tuple_

from storage.models import AddonState, Posting, Workspace
from storage.transaction import Tx

_MOST = 20
"""Lines of an answer: enough to see what is wrong."""

_OF_A_RENEWAL = (Posting.partner_id, Posting.workspace_id, Posting.addon_id, Posting.cycle_start)
_waits = exists().where(
    AddonState.partner_id == Workspace.partner_id,
    AddonState.workspace_id == Workspace.id,
    AddonState.unpaid > 0,
)


def no_unit_is_renewed_twice(tx: Tx) -> list[str]:
    """Once per workspace, add-on and cycle (R14): a renewal in parts never covers a unit again."""
    in_parts = (
        select(*_OF_A_RENEWAL)
        .where(Posting.kind == "renewal")
        .group_by(*_OF_A_RENEWAL)
        .having(func.count() > 1)
    )
    rows = tx.conn.execute(
        select(*_OF_A_RENEWAL, Posting.explained)
        .where(Posting.kind == "renewal", tuple_(*_OF_A_RENEWAL).in_(in_parts))
        .order_by(*_OF_A_RENEWAL, Posting.number)
    )
    found = []
    for (_, workspace_id, addon_id, cycle), parts in groupby(rows, lambda row: tuple(row[:4])):
        if any(later < earlier for earlier, later in _borders(parts)):
            found.append(f"workspace {workspace_id}: a unit of add-on {addon_id} renewed twice on {cycle}")
            if len(found) == _MOST:
                break
    return found


def _borders(parts: Iterator[Row[Any]]) -> Iterator[tuple[int, int]]:
    """Where a part ended and where the one posted after it began, in units."""
    spans = ((part.explained["before"], part.explained["after"]) for part in parts)
    return ((earlier[1], later[0]) for earlier, later in pairwise(spans))


def what_waits_has_an_end(tx: Tx) -> list[str]:
    """Units wait for points until an instant, and only where there are such units is there one."""
    wrong = tx.conn.execute(
        select(Workspace.id, Workspace.lapses_at)
        .where(Workspace.lapses_at.is_(None) == _waits)
        .order_by(Workspace.id)
        .limit(_MOST)
    )
    return [
        f"workspace {row[0]}: "
        + ("units wait for ever" if row[1] is None else f"nothing waits until {row[1]}")
        for row in wrong
    ]


def no_lapse_is_late(tx: Tx, now: dt.datetime) -> list[str]:
    """Units whose wait was over a day ago have ended."""
    wrong = tx.conn.execute(
        select(Workspace.id, Workspace.lapses_at)
        .where(Workspace.lapses_at < now - dt.timedelta(days=1))
        .order_by(Workspace.lapses_at)
        .limit(_MOST)
    )
    return [f"workspace {row[0]}: units should have ended on {row[1]:%Y-%m-%d %H:%M}" for row in wrong]
