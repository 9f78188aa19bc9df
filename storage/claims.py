"""Rows that are due, taken by whoever comes first: others skip what is locked, and find the rest later."""

import datetime as dt
from typing import TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from storage.models import Base
from storage.transaction import Tx

Row = TypeVar("Row", bound=Base)


def claim(
    tx: Tx,
    rows: Select[Row],
    due: InstrumentedAttribute[dt.datetime] | InstrumentedAttribute[dt.datetime | None],
    now: dt.datetime,
    until: dt.datetime,
    limit: int,
) -> list[Row]:
    """At most so many of `rows` whose `due` has come, the earliest first; others may take them again from `until` on."""
    taken = list(
        tx.session.scalars(
            rows.where(due <= now).order_by(due).limit(limit).with_for_update(skip_locked=True)
        )
    )
    for row in taken:
        setattr(row, due.key, until)
    return taken
