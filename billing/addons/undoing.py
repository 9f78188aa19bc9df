"""Taking back the latest change of an add-on (R9)."""

import datetime as dt
from collections.abc import Sequence

from billing import audit, renewal, standing
from billing.access import DeskRole, Role, desk_locked, locked_seat, seat
from billing.addons.changes import UNDO_TIME, Changed, is_delivered, unchanged
from billing.addons.quotes import Planned
from billing.call import Call
from billing.charging import load_sale, today_of
from billing.cycle import Cycle
from billing.errors import (
    NotEnoughPointsError,
    UndoOverError,
)
from billing.ledger import Kind, Line, Operation, Posted, post
from storage import catalogue, workspaces
from storage.models import (
    Addon,
    Partner,
    Wallet,
    Workspace,
)
from storage.transaction import Tx


def undoable(
    tx: Tx, person_id: int, workspace_id: int, addon_id: int, now: dt.datetime, *, adding: bool = False
) -> int | None:
    """The change of an add-on that Undo would take back now (R9), if there is one; `adding`: one that added."""
    partner = seat(tx, person_id, workspace_id).partner
    state = workspaces.addon_state(tx, partner.id, workspace_id, addon_id)
    if state is None:
        return None
    latest = workspaces.addon_change(tx, partner.id, workspace_id, addon_id, state.changes)
    if latest is None or latest.lapsed or latest.undone_at is not None or now > latest.at + UNDO_TIME:
        return None
    if adding and latest.units_after < latest.units_before:
        return None
    return latest.number


def undo(tx: Tx, call: Call, workspace_id: int, addon_id: int, number: int) -> Changed:
    """Take back the latest change of an add-on within ten minutes, in every cycle it touched (R9).

    Raises UndoOverError; NotEnoughPointsError where a removal's refund is spent already.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    return _undo(tx, call, place.partner, place.workspace, place.wallet, addon_id, number, place.role)


def undo_from_desk(tx: Tx, call: Call, workspace_id: int, addon_id: int, number: int) -> Changed:
    """The partner takes back the latest change of an add-on. Raises as undo."""
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    changed = _undo(tx, call, place.partner, workspace, wallet, addon_id, number, Role.OWNER)
    audit.record(
        tx,
        call,
        place.partner.id,
        "undo",
        workspace_id=workspace_id,
        subject=changed.label,
        before={"units": changed.units_before},
        after={"units": changed.units, "points": -changed.amount},
    )
    return changed


def _undo(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    wallet: Wallet,
    addon_id: int,
    number: int,
    role: Role,
) -> Changed:
    addon = catalogue.addon(tx, partner.id, addon_id)
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon_id)
    latest = workspaces.addon_change(tx, partner.id, workspace.id, addon_id, number)
    if addon is None or state is None or latest is None:
        raise UndoOverError
    if latest.undone_at is not None:
        return unchanged(tx, partner, workspace, wallet, addon, state.units)
    if state.changes != number or latest.lapsed or call.at > latest.at + UNDO_TIME:
        raise UndoOverError
    today = today_of(workspace, call.at)
    cycles = cycles_since(tx, workspace, latest.on_date)
    latest.undone_at = call.at
    tx.session.flush()
    lines = lines_to_target(
        tx, partner, workspace, addon, cycles, today, Kind.UNDO, (state.units, latest.units_before)
    )
    amount = -sum(line.amount for line in lines)
    operation = Operation(
        partner.id, workspace.id, call.reference, tuple(lines), call.at, call.person_id, forced=amount <= 0
    )
    (posted,) = post(tx, [operation])
    if not isinstance(posted, Posted):
        latest.undone_at = None
        tx.session.flush()
        planned = Planned.load(tx, partner, workspace, addon_id, latest.units_before, call.at)
        raise NotEnoughPointsError(planned.quote(tx, wallet.balance, role))
    tx.session.expire(wallet)
    before = state.units
    state.units = latest.units_before
    standing.settle(tx, call, partner, workspace, told=True)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        before,
        state.units,
        amount,
        posted.balance_after,
        None,
        None,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
    )


def cycles_since(tx: Tx, workspace: Workspace, day: dt.date) -> list[Cycle]:
    return [
        Cycle(row.start, row.end, row.whole_start, row.whole_end)
        for row in workspaces.cycles(tx, workspace.partner_id, workspace.id, day)
    ]


def lines_to_target(
    tx: Tx,
    partner: Partner,
    workspace: Workspace,
    addon: Addon,
    cycles: Sequence[Cycle],
    today: dt.date,
    kind: Kind,
    units: tuple[int, int],
) -> list[Line]:
    """One line for every cycle, from what is posted to what the stored history makes due."""
    lines = []
    for cycle in cycles:
        sale = load_sale(tx, partner, workspace, addon, cycle, today)
        if sale is None:
            continue
        due = sale.target() - sale.posted
        lines.append(
            Line(
                kind,
                -due,
                addon_id=addon.id,
                cycle_start=cycle.start,
                explained={
                    "price": sale.terms.price,
                    "of_days": cycle.whole_days,
                    "parts": [],
                    "amount": due,
                    "rounding": 0,
                    "before": units[0],
                    "after": units[1],
                },
            )
        )
    return lines
