"""Removals that the partner has to approve (R10)."""

import datetime as dt

from billing import audit, notices, renewal, standing
from billing.access import DeskRole, Role, desk_locked, locked_seat
from billing.addons.changes import Changed, is_delivered, unchanged
from billing.addons.quotes import Planned
from billing.addons.undoing import cycles_since, lines_to_target
from billing.call import Call
from billing.charging import today_of
from billing.errors import (
    BadValueError,
    GoneError,
)
from billing.ledger import Kind, Operation, Posted, post
from storage import catalogue, workspaces
from storage.models import (
    Addon,
    AddonChange,
    AddonState,
    Partner,
    RemovalRequest,
    Wallet,
    Workspace,
)
from storage.transaction import Tx


def request_removal(tx: Tx, call: Call, workspace_id: int, addon_id: int, units: int) -> None:
    """A customer asks the partner to bring an add-on down to `units`; it counts from today (R10)."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    planned = Planned.load(tx, place.partner, place.workspace, addon_id, units, call.at)
    if units >= planned.units_before:
        raise BadValueError("units", str(units))
    request = workspaces.removal_request(tx, place.partner.id, workspace_id, addon_id)
    if request is not None and request.units == units:
        return
    if request is None:
        request = RemovalRequest(partner_id=place.partner.id, workspace_id=workspace_id, addon_id=addon_id)
        tx.session.add(request)
    assert call.person_id is not None
    request.units, request.asked_on, request.asked_at = units, planned.today, call.at
    request.person_id = call.person_id
    notices.tell_desk(
        tx,
        call,
        place.partner.id,
        "removal_request",
        {
            "workspace_id": workspace_id,
            "workspace": place.workspace.name,
            "addon_id": addon_id,
            "addon": planned.addon.label,
            "before": planned.units_before,
            "units": units,
        },
    )


def withdraw_request(tx: Tx, call: Call, workspace_id: int, addon_id: int) -> None:
    """The customer keeps the add-on after all."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    request = workspaces.removal_request(tx, place.partner.id, workspace_id, addon_id)
    if request is not None:
        tx.session.delete(request)


def answer_request(tx: Tx, call: Call, workspace_id: int, addon_id: int, *, approve: bool) -> Changed | None:
    """The partner approves a removal, which counts from the day it was asked, or declines it (R10).

    None: declined. Raises GoneError where nothing waits.
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    partner = place.partner
    renewal.catch_up(tx, call, partner, workspace, wallet)
    request = workspaces.removal_request(tx, partner.id, workspace_id, addon_id)
    addon = catalogue.addon(tx, partner.id, addon_id)
    if request is None or addon is None:
        raise GoneError
    units, asked_on, asked_at = request.units, request.asked_on, request.asked_at
    tx.session.delete(request)
    audit.record(
        tx,
        call,
        partner.id,
        "approve_removal" if approve else "decline_removal",
        workspace_id=workspace_id,
        subject=addon.label,
        after={"units": units},
    )
    told = {"addon": addon.label, "units": units, "approved": approve}
    if not approve:
        notices.tell_workspace(tx, call, partner.id, workspace_id, "removal_answer", {**told, "amount": 0})
        return None
    changed = _remove_as_of(tx, call, partner, workspace, wallet, addon, units, asked_on, asked_at)
    notices.tell_workspace(
        tx, call, partner.id, workspace_id, "removal_answer", {**told, "amount": -changed.amount}
    )
    return changed


def _remove_as_of(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    wallet: Wallet,
    addon: Addon,
    units: int,
    asked_on: dt.date,
    asked_at: dt.datetime,
) -> Changed:
    """Remove as if it had been done when it was asked, in every cycle since."""
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon.id)
    assert state is not None
    # The units that the waiting request kept from renewing are gone by this removal instead.
    lapses = [
        change
        for change in workspaces.addon_changes(tx, partner.id, workspace.id, addon.id, dt.date.max)
        if change.lapsed and change.at > asked_at
    ]
    before = lapses[0].units_before if lapses else state.units
    if before <= units:
        return unchanged(tx, partner, workspace, wallet, addon, state.units)
    _note(tx, call, state, asked_on, before, units)
    for lapse in lapses:
        lapse.undone_at = call.at
        if lapse.units_after < units:
            # More had ended by then than was asked for; the history is told anew, in the order of its dates.
            _note(tx, call, state, lapse.on_date, state.units, lapse.units_after, lapsed=True)
    tx.session.flush()
    lines = lines_to_target(
        tx,
        partner,
        workspace,
        addon,
        cycles_since(tx, workspace, asked_on),
        today_of(workspace, call.at),
        Kind.REFUND,
        (before, units),
    )
    operation = Operation(
        partner.id, workspace.id, call.reference, tuple(lines), call.at, call.person_id, forced=True
    )
    (posted,) = post(tx, [operation])
    assert isinstance(posted, Posted)
    tx.session.expire(wallet)
    standing.settle(tx, call, partner, workspace)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        before,
        state.units,
        -posted.amount,
        posted.balance_after,
        None,
        None,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
    )


def _note(
    tx: Tx,
    call: Call,
    state: AddonState,
    on: dt.date,
    before: int,
    after: int,
    *,
    lapsed: bool = False,
) -> None:
    state.changes += 1
    state.units = after
    tx.session.add(
        AddonChange(
            partner_id=state.partner_id,
            workspace_id=state.workspace_id,
            addon_id=state.addon_id,
            number=state.changes,
            on_date=on,
            units_before=before,
            units_after=after,
            reference=f"{call.reference}/lapse" if lapsed else call.reference,
            lapsed=lapsed,
            at=call.at,
            person_id=None if lapsed else call.person_id,
        )
    )
