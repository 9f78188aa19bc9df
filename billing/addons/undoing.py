"""Taking back the latest change of an add-on (R9)."""

import datetime as dt
from collections.abc import Sequence

from billing import audit, notices, renewal, standing
from billing.access import DeskRole, Role, desk_locked, locked_seat, seat
from billing.addons.making import UNDO_TIME, Changed, along_reference, is_delivered, unchanged
from billing.addons.quotes import Planned
from billing.call import Call
from billing.charging import Sale, load_sale, today_of
from billing.cycle import Cycle
from billing.errors import (
    NotEnoughPointsError,
    UndoOverError,
)
from billing.explain import pack, waited_units
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.proration import formula
from storage import catalogue, ledger, workspaces
from storage.models import (
    Addon,
    AddonChange,
    AddonState,
    Partner,
    Wallet,
    Workspace,
)
from storage.transaction import Tx

_AT_DESK = ("units", "approve_removal")
"""Actions in the audit log by which the partner changes units."""


def undoable(
    tx: Tx, person_id: int, workspace_id: int, addon_id: int, now: dt.datetime, *, adding: bool = False
) -> int | None:
    """The change of an add-on that a member could take back now (R9), if there is one; `adding`: one that added."""
    partner = seat(tx, person_id, workspace_id).partner
    state = workspaces.addon_state(tx, partner.id, workspace_id, addon_id)
    if state is None:
        return None
    latest = workspaces.addon_change(tx, partner.id, workspace_id, addon_id, state.changes)
    if latest is None or latest.undone_at is not None or not _is_undoable(latest, now):
        return None
    if (adding and latest.units_after < latest.units_before) or _made_at_desk(tx, latest):
        return None
    return latest.number


def undo(tx: Tx, call: Call, workspace_id: int, addon_id: int, number: int) -> Changed:
    """Take back the latest change of an add-on within ten minutes, in every cycle it touched (R9).

    The partner's changes are the partner's to take back. Raises UndoOverError; NotEnoughPointsError where a removal's refund is spent already.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    latest = workspaces.addon_change(tx, place.partner.id, workspace_id, addon_id, number)
    if latest is not None and _made_at_desk(tx, latest):
        raise UndoOverError
    return _undo(tx, call, place.partner, place.workspace, place.wallet, addon_id, number, place.role)


def undo_from_desk(tx: Tx, call: Call, workspace_id: int, addon_id: int, number: int) -> Changed:
    """The partner takes back the latest change of an add-on, and the customer is told. Raises as undo."""
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    changed = _undo(tx, call, place.partner, workspace, wallet, addon_id, number, Role.OWNER)
    if changed.repeated:
        return changed
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
    tell_of_units(tx, call, place.partner, changed, undone=True)
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
    if state.changes != number or not _is_undoable(latest, call.at):
        raise UndoOverError
    today = today_of(workspace, call.at)
    cycles = cycles_since(tx, workspace, latest.on_date)
    before, unpaid_before = state.units, state.unpaid
    sales = load_sales(tx, partner, workspace, addon, cycles, today)
    _take_back(tx, call, partner, workspace, state, latest)
    lines = lines_to_target(tx, partner, workspace, sales, today, Kind.UNDO, (before, state.units))
    amount = -sum(line.amount for line in lines)
    operation = Operation(
        partner.id, workspace.id, call.reference, tuple(lines), call.at, call.person_id, forced=amount <= 0
    )
    (posted,) = post(tx, [operation])
    if not isinstance(posted, Posted):
        units, latest.undone_at = state.units, None
        state.units, state.unpaid = before, unpaid_before
        tx.session.flush()
        planned = Planned.load(tx, partner, workspace, addon_id, units, call.at)
        raise NotEnoughPointsError(planned.quote(tx, wallet.balance, role))
    tx.session.expire(wallet)
    renewal.end_wait(tx, workspace)
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


def _is_undoable(latest: AddonChange, now: dt.datetime) -> bool:
    """A person's change of the last ten minutes; what ended with time has ended."""
    return latest.person_id is not None and now <= latest.at + UNDO_TIME


def _made_at_desk(tx: Tx, change: AddonChange) -> bool:
    """Whether the partner made it. Who did says nothing: one person may be of the desk and of the workspace."""
    return any(
        audit.recorded_under(tx, change.reference, change.partner_id, action, change.workspace_id) is not None
        for action in _AT_DESK
    )


def tell_of_units(tx: Tx, call: Call, partner: Partner, changed: Changed, *, undone: bool = False) -> None:
    """The customer hears what the partner changed and what it cost; `undone`: took a change of his back."""
    params = {
        "addon": changed.label,
        "before": changed.units_before,
        "units": changed.units,
        "amount": -changed.amount,
        "balance": changed.balance,
    }
    if undone:
        params["undo"] = True
    notices.tell_workspace(tx, call, partner.id, changed.workspace_id, "units_by_partner", params)


def _take_back(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, state: AddonState, latest: AddonChange
) -> None:
    """The history without the change, and the units that follow from it.

    Units that waited for points wait again, if waiting is not over: otherwise those that a removal let go have
    lapsed, and those that an addition paid stay paid. What had ended with time before an approved removal stood in
    for it (R10) has ended again. Raises UndoOverError where nothing is left to take back.
    """
    let_go = _let_go(tx, latest)
    waited = let_go.units_before - let_go.units_after if let_go is not None else _paid_too(tx, latest)
    until = renewal.wait_ends(tx, partner, workspace, call.at) if waited else None
    waits_again = until is not None and latest.on_date >= workspace.cycle_start
    if latest is let_go and not waits_again:
        raise UndoOverError
    latest.undone_at = call.at
    if let_go is not None and waits_again:
        let_go.undone_at = call.at
    for ended in workspaces.changes_stood_in_for(tx, latest):
        ended.undone_at = None
    changes = workspaces.addon_changes(tx, partner.id, workspace.id, latest.addon_id, dt.date.max)
    state.units = changes[-1].units_after if changes else 0
    state.unpaid = min(state.units, state.unpaid + (waited if waits_again else 0))
    if waits_again:
        workspace.lapses_at = until
    tx.session.flush()


def _let_go(tx: Tx, change: AddonChange) -> AddonChange | None:
    """The row by which units that waited for points went: the change itself, or one that went along with it."""
    if change.lapsed:
        return change
    reference = along_reference(change.reference)
    return workspaces.change_by_reference(tx, change.partner_id, reference, change.addon_id)


def _paid_too(tx: Tx, change: AddonChange) -> int:
    """Units that waited for points and that an addition paid too."""
    lines = ledger.operation_lines(tx, change.partner_id, change.reference)
    return sum(waited_units(line.explained) for line in lines if line.addon_id == change.addon_id)


def cycles_since(tx: Tx, workspace: Workspace, day: dt.date) -> list[Cycle]:
    return [
        Cycle(row.start, row.end, row.whole_start, row.whole_end)
        for row in workspaces.cycles(tx, workspace.partner_id, workspace.id, day)
    ]


def load_sales(
    tx: Tx, partner: Partner, workspace: Workspace, addon: Addon, cycles: Sequence[Cycle], today: dt.date
) -> list[Sale]:
    """The sale of an add-on in every cycle in which it has a price, as it stands now."""
    sales = [load_sale(tx, partner, workspace, addon, cycle, today) for cycle in cycles]
    return [sale for sale in sales if sale is not None]


def lines_to_target(
    tx: Tx,
    partner: Partner,
    workspace: Workspace,
    sales: Sequence[Sale],
    today: dt.date,
    kind: Kind,
    units: tuple[int, int],
) -> list[Line]:
    """One line for every cycle, from what is posted to what the stored history makes due.

    `sales`: as they stood before the history was changed, which is what each line's formula explains.
    """
    lines = []
    for before in sales:
        sale = load_sale(tx, partner, workspace, before.addon, before.cycle, today)
        assert sale is not None, "the cycle's price stands"
        worked_out = formula(
            sale.cycle,
            before.history(unpaid=before.unpaid),
            sale.history(unpaid=sale.unpaid),
            sale.terms,
            sale.posted,
        )
        lines.append(
            Line(
                kind,
                -worked_out.amount,
                addon_id=sale.addon.id,
                cycle_start=sale.cycle.start,
                explained=pack(worked_out, *units),
            )
        )
    return lines
