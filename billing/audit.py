"""Every partner action: who, what, before, after, when (R33)."""

from typing import Any

from billing.call import Call, drawn_id
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
        id=_entry_id(call.reference, action, workspace_id),
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
    return recorded_under(tx, call.reference, partner_id, action, workspace_id)


def recorded_under(
    tx: Tx, reference: str, partner_id: int, action: str, workspace_id: int | None = None
) -> AuditEntry | None:
    """The entry that a call of this reference has written."""
    return tx.session.get(AuditEntry, (partner_id, _entry_id(reference, action, workspace_id)))


def _entry_id(reference: str, action: str, workspace_id: int | None) -> int:
    return drawn_id(reference, "audit", action, workspace_id)
