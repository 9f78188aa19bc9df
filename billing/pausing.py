"""The partner's own pause (R21)."""

from billing import audit, renewal, standing
from billing.access import desk_locked
from billing.call import Call
from billing.text import NOTE_LENGTH, whole
from storage.transaction import Tx


def set_manual_pause(tx: Tx, call: Call, workspace_id: int, *, paused: bool, note: str = "") -> None:
    """The partner pauses or lets run; only the partner moves this reason (R21). Raises TooLongError."""
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id)
    reason = whole(note, NOTE_LENGTH)
    # A pause that comes after a boundary must not keep that boundary from renewing (R14).
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    if workspace.paused_manual == paused:
        return
    before = standing.reasons(workspace)
    workspace.paused_manual = paused
    workspace.pause_note = reason if paused else ""
    audit.record(
        tx,
        call,
        place.partner.id,
        "pause" if paused else "resume",
        workspace_id=workspace.id,
        after={"note": workspace.pause_note},
    )
    standing.settle(tx, call, place.partner, workspace, before=before)
