"""Rows of which there may be one: whoever comes second finds the first one's, on both databases."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from storage.models import Base
from storage.transaction import Tx


def insert_new(tx: Tx, model: type[Base], **values: Any) -> bool:
    """Insert a row unless one of its keys is taken. Waits for a rival that is inserting it; answers whether it is ours."""
    insert = postgresql.insert(model) if tx.dialect == "postgresql" else sqlite.insert(model)
    key = model.__table__.primary_key
    inserted = tx.session.execute(insert.values(**values).on_conflict_do_nothing().returning(*key)).first()
    return inserted is not None
