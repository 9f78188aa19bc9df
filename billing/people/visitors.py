"""Who writes to the bot, and what they are to us."""

from dataclasses import dataclass

from billing.access import seat
from billing.call import Call
from billing.text import clean
from storage import people
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who writes to the bot: what they are to us."""

    person_id: int
    name: str
    language: str
    workspaces: tuple[tuple[int, str, str], ...]
    """id, name, role code"""
    current: int | None
    """The workspace they looked at last, or the only one."""
    desk: bool


def meet(tx: Tx, call: Call, telegram_id: int, name: str, username: str | None, language: str) -> Visitor:
    """Note who writes; answers what they are to us. The row's id is drawn once and kept."""
    person = people.person_of(tx, telegram_id, call.id_for("person", telegram_id), call.at)
    person.name = shown_name(name)
    person.username = username
    person.language = language
    person.seen_at = call.at
    tx.session.flush()
    visitor = known(tx, telegram_id)
    assert visitor is not None, "just written"
    return visitor


def shown_name(name: str) -> str:
    """A person's name as we keep and show it."""
    return clean(name) or "?"


def known(tx: Tx, telegram_id: int) -> Visitor | None:
    """The visitor, if we met before."""
    rows = people.visitor(tx, telegram_id)
    if not rows:
        return None
    me = rows[0]
    mine = tuple(
        (row.workspace_id, row.workspace, row.role)
        for row in rows
        if row.workspace_id is not None and row.workspace is not None and row.role is not None
    )
    ids = [row[0] for row in mine]
    current = me.last_workspace_id if me.last_workspace_id in ids else (ids[0] if ids else None)
    return Visitor(me.person_id, me.name, me.language, mine, current, me.desk)


def look_at(tx: Tx, call: Call, workspace_id: int) -> None:
    """Remember which workspace /start should open next time."""
    place = seat(tx, call.person_id, workspace_id)
    person = people.person(tx, call.person_id or 0)
    assert person is not None
    person.workspace_id = place.workspace.id
