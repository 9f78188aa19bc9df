"""Every partner action: who, what, before, after, when (R33)."""

from typing import Any

from billing.call import Call
from storage.insertion import insert_new
from storage.models import AuditEntry
from storage.transaction import Tx


def record(
    tx: Tx,
    call: Call,
    partner_id: int,
    action: str,
    *,
    workspace_id: int | None = None,
    subject: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write one entry in the transaction of what it tells about. A call that is handled again writes no second one."""
    insert_new(
        tx,
        AuditEntry,
        partner_id=partner_id,
        id=_entry_id(call, action, workspace_id),
        at=call.at,
        person_id=call.person_id,
        action=action,
        workspace_id=workspace_id,
        subject=subject,
        before=before or {},
        after=after or {},
    )


def recorded(
    tx: Tx, call: Call, partner_id: int, action: str, workspace_id: int | None = None
) -> AuditEntry | None:
    """The entry that this very call has written before, if it is handled again."""
    return tx.session.get(AuditEntry, (partner_id, _entry_id(call, action, workspace_id)))


def _entry_id(call: Call, action: str, workspace_id: int | None) -> int:
    return call.id_for("audit", action, workspace_id)
