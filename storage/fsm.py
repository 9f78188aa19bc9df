"""What somebody is being asked right now. A row exists only while there is something to remember."""

from typing import Any, TypeAlias

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.models import FsmState
from storage.transaction import Tx

StateAndData: TypeAlias = tuple[str | None, dict[str, Any]]

NOTHING: StateAndData = (None, {})


def get(tx: Tx, bot_id: int, chat_id: int, user_id: int) -> StateAndData:
    row = tx.conn.execute(
        select(FsmState.state, FsmState.data).where(
            FsmState.bot_id == bot_id, FsmState.chat_id == chat_id, FsmState.user_id == user_id
        )
    ).first()
    return NOTHING if row is None else (row.state, row.data)


def put(tx: Tx, bot_id: int, chat_id: int, user_id: int, state: str | None, data: dict[str, Any]) -> None:
    """Remember; no state and no data forget the row."""
    if state is None and not data:
        tx.conn.execute(
            delete(FsmState).where(
                FsmState.bot_id == bot_id, FsmState.chat_id == chat_id, FsmState.user_id == user_id
            )
        )
        return
    insert = postgresql.insert(FsmState) if tx.dialect == "postgresql" else sqlite.insert(FsmState)
    tx.conn.execute(
        insert.values(
            bot_id=bot_id, chat_id=chat_id, user_id=user_id, state=state, data=data
        ).on_conflict_do_update(
            index_elements=["bot_id", "chat_id", "user_id"],
            set_={"state": insert.excluded.state, "data": insert.excluded.data},
        )
    )
