"""Every partner action: who, what, before, after, when (R33)."""

from typing import Any

from billing.call import Call
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
    """Write one entry in the transaction of what it tells about."""
    tx.session.add(
        AuditEntry(
            partner_id=partner_id,
            id=call.id_for("audit", action, workspace_id, subject),
            at=call.at,
            person_id=call.person_id,
            action=action,
            workspace_id=workspace_id,
            subject=subject,
            before=before or {},
            after=after or {},
        )
    )
