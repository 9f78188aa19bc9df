"""Removals that the partner has to approve (R10)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing import audit, notices, renewal, standing
from billing.access import DeskRole, Role, desk_locked, locked_seat
from billing.addons.making import UNDO_TIME, Changed, is_delivered, note_steps, unchanged
from billing.addons.quotes import Planned
from billing.addons.undoing import cycles_since, lines_to_target, load_sales
from billing.call import Call
from billing.charging import Step, today_of
from billing.cycle import Cycle
from billing.errors import (
    BadValueError,
    GoneError,
    OverLimitError,
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A removal that the partner declined."""

    label: str
    units: int
    """What there is now."""
    ended: bool
    """The renewal date came before the answer, and nothing renews while its removal is asked for."""


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
    """The customer keeps the add-on after all; what a boundary has ended by then stays ended."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    request = workspaces.removal_request(tx, place.partner.id, workspace_id, addon_id)
    if request is not None:
        tx.session.delete(request)


def answer_request(
    tx: Tx, call: Call, workspace_id: int, addon_id: int, *, approve: bool, accept_over: bool = False
) -> Changed | Kept:
    """The partner approves a removal, which counts from the day it was asked, or declines it (R10).

    Raises GoneError where nothing waits, OverLimitError where it would pause the workspace (R23).
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    partner = place.partner
    renewal.catch_up(tx, call, partner, workspace, wallet)
    request = workspaces.removal_request(tx, partner.id, workspace_id, addon_id)
    addon = catalogue.addon(tx, partner.id, addon_id)
    if request is None or addon is None:
        raise GoneError
    units, asked_on, asked_at = request.units, request.asked_on, request.asked_at
    if approve and not accept_over:
        planned = Planned.load(
            tx, partner, workspace, addon_id, min(units, _units(tx, workspace, addon_id)), call.at
        )
        seen = planned.quote(tx, wallet.balance, Role.OWNER)
        if seen.over:
            raise OverLimitError(seen)
    tx.session.delete(request)
    if not approve:
        return _decline(tx, call, workspace, addon, units)
    changed = _remove_as_of(tx, call, partner, workspace, wallet, addon, units, asked_on, asked_at)
    audit.record(
        tx,
        call,
        partner.id,
        "approve_removal",
        workspace_id=workspace_id,
        subject=addon.label,
        before={"units": changed.units_before},
        after={"units": changed.units, "points": -changed.amount},
    )
    told = {"addon": addon.label, "units": changed.units, "approved": True, "amount": -changed.amount}
    notices.tell_workspace(tx, call, partner.id, workspace_id, "removal_answer", told)
    return changed


def _decline(tx: Tx, call: Call, workspace: Workspace, addon: Addon, asked: int) -> Kept:
    """It stays as it is, unless a boundary has brought it down to what was `asked` for already."""
    units = _units(tx, workspace, addon.id)
    kept = Kept(addon.label, units, ended=units <= asked)
    audit.record(
        tx,
        call,
        workspace.partner_id,
        "decline_removal",
        workspace_id=workspace.id,
        subject=addon.label,
        before={"units": units},
        after={"units": asked},
    )
    told = {
        "addon": addon.label,
        "addon_id": addon.id,
        "units": units,
        "approved": False,
        "ended": kept.ended,
        "amount": 0,
    }
    notices.tell_workspace(tx, call, workspace.partner_id, workspace.id, "removal_answer", told)
    return kept


def _units(tx: Tx, workspace: Workspace, addon_id: int) -> int:
    state = workspaces.addon_state(tx, workspace.partner_id, workspace.id, addon_id)
    return state.units if state is not None else 0


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
    # What ended with time since then, as the request kept it from renewing or for want of points.
    later = [
        change
        for change in workspaces.addon_changes(tx, partner.id, workspace.id, addon.id, dt.date.max)
        if change.person_id is None and change.at > asked_at
    ]
    before = later[0].units_before if later else state.units
    if before <= units:
        return unchanged(tx, partner, workspace, wallet, addon, state.units)
    cycles = cycles_since(tx, workspace, asked_on)
    paid = before - min(before - units, _unpaid_then(state, later, cycles))
    still_waiting = state.unpaid - (before - paid if len(cycles) == 1 else 0)
    removal = Step(asked_on, paid, units, date_charged=partner.charge_removal_date)
    steps = [Step(asked_on, before, paid, lapsed=True), removal]
    today = today_of(workspace, call.at)
    sales = load_sales(tx, partner, workspace, addon, cycles, today)
    note_steps(tx, call, state, [step for step in steps if step.before != step.after])
    number = state.changes
    for change in later:
        change.undone_at = call.at
        # The history is told anew, in the order of its dates: by then more may have ended than was asked for.
        if min(change.units_after, units) != state.units:
            _tell_anew(tx, call, state, change, min(change.units_after, units))
    state.unpaid = max(0, min(still_waiting, state.units))
    renewal.end_wait(tx, workspace)
    tx.session.flush()
    lines = lines_to_target(tx, partner, workspace, sales, today, Kind.REFUND, (before, units))
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
        number if number == state.changes else None,
        call.at + UNDO_TIME if number == state.changes else None,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
    )


def _unpaid_then(state: AddonState, later: Sequence[AddonChange], cycles: Sequence[Cycle]) -> int:
    """Units that waited for points when the removal was asked: they have lapsed in that cycle or still wait in it."""
    lapsed = sum(each.units_before - each.units_after for each in later if each.on_date < cycles[0].end)
    return lapsed + (state.unpaid if len(cycles) == 1 else 0)


def _tell_anew(tx: Tx, call: Call, state: AddonState, change: AddonChange, units: int) -> None:
    state.changes += 1
    tx.session.add(
        AddonChange(
            partner_id=state.partner_id,
            workspace_id=state.workspace_id,
            addon_id=state.addon_id,
            number=state.changes,
            on_date=change.on_date,
            units_before=state.units,
            units_after=units,
            reference=f"{call.reference}/{change.number}",
            lapsed=units < state.units,
            at=call.at,
        )
    )
    state.units = units
