"""Notices: kind and parameters in the outbox, in the transaction that caused them; words are handlers/'s."""

from collections.abc import Iterable
from typing import Any

from billing.access import DeskRole, Role, desk_role_of, role_of
from billing.call import Call
from storage import outbox, people
from storage.models import Person
from storage.transaction import Tx


def tell(tx: Tx, call: Call, partner_id: int, kind: str, params: dict[str, Any], to: Iterable[Person]) -> int:
    """Queue a notice for each of these people who has a chat; answers how many of them can be reached now (R36)."""
    told = 0
    to = list(to)
    blocked = outbox.blocked_chats(tx, call.bot_id, [each.telegram_id for each in to if each.telegram_id])
    for person in to:
        if person.telegram_id is None:
            continue
        outbox.put(
            tx,
            bot_id=call.bot_id,
            id=call.id_for("notice", kind, person.telegram_id),
            partner_id=partner_id,
            chat_id=person.telegram_id,
            person_id=person.id,
            kind=kind,
            params=params,
            created_at=call.at,
            due_at=call.at,
        )
        told += person.telegram_id not in blocked
    return told


def tell_workspace(
    tx: Tx,
    call: Call,
    partner_id: int,
    workspace_id: int,
    kind: str,
    params: dict[str, Any],
    *,
    least: Role = Role.BILLING,
    but: int | None = None,
) -> int:
    """Tell every member with at least this role (R36: owners and billing people), but not one who just did it."""
    members = people.members(tx, partner_id, workspace_id)
    return tell(
        tx,
        call,
        partner_id,
        kind,
        {"workspace_id": workspace_id, **params},
        [person for member, person in members if role_of(member.role) >= least and person.id != but],
    )


def tell_desk(
    tx: Tx,
    call: Call,
    partner_id: int,
    kind: str,
    params: dict[str, Any],
    *,
    least: DeskRole = DeskRole.ADMIN,
    but: int | None = None,
) -> int:
    """Tell the partner's people."""
    admins = people.admins(tx, partner_id)
    return tell(
        tx,
        call,
        partner_id,
        kind,
        params,
        [person for admin, person in admins if desk_role_of(admin.role) >= least and person.id != but],
    )
