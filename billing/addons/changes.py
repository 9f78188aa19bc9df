"""Changing the units of an add-on, at the sum that was quoted (R7, R8, R13)."""

import datetime as dt
from dataclasses import dataclass

from billing import audit, notices, renewal, standing
from billing.access import DeskRole, LockedSeat, Role, desk_locked, locked_seat, seat
from billing.addons.offers import is_selling
from billing.addons.quotes import Planned
from billing.call import Call
from billing.errors import (
    GoneError,
    NotAllowedError,
    NotEnoughPointsError,
    NotSellingError,
    OverLimitError,
    QuoteChangedError,
)
from billing.explain import pack
from billing.ledger import Kind, Line, Operation, Posted, post
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

UNDO_TIME = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did."""

    workspace_id: int
    addon_id: int
    label: str
    units_before: int
    units: int
    amount: int
    """Charged; below zero paid back."""
    balance: int
    number: int | None
    """What Undo names; None where nothing was changed."""
    undo_until: dt.datetime | None
    paid_until: dt.date
    delivered: bool
    """Whether the host platform has confirmed it (R35)."""
    paused: bool
    repeated: bool = False
    resumed: bool = False
    """Whether it ended a pause by a limit."""


def set_units(
    tx: Tx,
    call: Call,
    workspace_id: int,
    addon_id: int,
    units: int,
    quoted: int,
    *,
    accept_over: bool = False,
) -> Changed:
    """A customer gets an add-on to `units`, at the sum that was quoted (R11, R13).

    Raises NotSellingError, NotAllowedError (removal where it must be asked for), QuoteChangedError,
    OverLimitError, NotEnoughPointsError; then nothing is changed.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    done = workspaces.change_by_reference(tx, place.partner.id, call.reference, addon_id)
    if done is not None:
        return _changed_before(tx, place.partner, place.workspace, place.wallet, done)
    planned = Planned.load(tx, place.partner, place.workspace, addon_id, units, call.at)
    if units < planned.units_before and not place.partner.customers_may_remove:
        raise NotAllowedError("remove", (place.partner.name,))
    if units > planned.units_before and not is_selling(place.partner):
        raise NotSellingError
    return _confirm(tx, call, place, planned, quoted, accept_over=accept_over)


def _confirm(
    tx: Tx, call: Call, place: LockedSeat, planned: Planned, quoted: int, *, accept_over: bool
) -> Changed:
    seen = planned.quote(tx, place.wallet.balance, place.role)
    if planned.units_after != planned.units_before:
        if seen.amount != quoted:
            raise QuoteChangedError(seen)
        if seen.over and not accept_over:
            raise OverLimitError(seen)
        if seen.missing:
            raise NotEnoughPointsError(seen)
    return make_change(tx, call, planned, place.wallet)


def set_units_from_desk(
    tx: Tx,
    call: Call,
    workspace_id: int,
    addon_id: int,
    units: int,
    *,
    refund: bool,
    quoted: int | None = None,
) -> Changed:
    """The partner removes units, with or without refund (R10); with credit billing off also adds them, free (R26).

    Raises GoneError, QuoteChangedError where a sum was `quoted` that holds no more (R11), NotEnoughPointsError
    where points would be needed.
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    done = workspaces.change_by_reference(tx, place.partner.id, call.reference, addon_id)
    if done is not None:
        return _changed_before(tx, place.partner, workspace, wallet, done)
    planned = Planned.load(tx, place.partner, workspace, addon_id, units, call.at)
    seen = planned.quote(tx, wallet.balance, Role.OWNER)
    if quoted is not None and refund and seen.amount != quoted:
        raise QuoteChangedError(seen)
    if seen.missing:
        raise NotEnoughPointsError(seen)
    changed = make_change(tx, call, planned, wallet, refund=refund)
    if not changed.repeated:
        audit.record(
            tx,
            call,
            place.partner.id,
            "units",
            workspace_id=workspace_id,
            subject=changed.label,
            before={"units": changed.units_before},
            after={"units": changed.units, "points": -changed.amount},
        )
        notices.tell_workspace(
            tx,
            call,
            place.partner.id,
            workspace_id,
            "units_by_partner",
            {
                "addon": changed.label,
                "before": changed.units_before,
                "units": changed.units,
                "amount": -changed.amount,
                "balance": changed.balance,
            },
        )
    return changed


def make_change(
    tx: Tx,
    call: Call,
    planned: Planned,
    wallet: Wallet,
    *,
    refund: bool = True,
) -> Changed:
    """Post the difference, note the change, settle limits and the host; the workspace is locked.

    `refund` False: units go, what was paid for them stays paid (R10). The caller has checked the balance.
    """
    partner, workspace, addon = planned.partner, planned.workspace, planned.addon
    if planned.units_after == planned.units_before:
        return unchanged(tx, partner, workspace, wallet, addon, planned.units_before)
    was_paused = bool(standing.reasons(workspace))
    formula = planned.formula
    amount = formula.amount
    paid_until = None
    if not refund and planned.units_after < planned.units_before:
        amount, paid_until = 0, planned.sale.cycle.end
    line = Line(
        Kind.ADDON if planned.units_after > planned.units_before else Kind.REFUND,
        -amount,
        addon_id=addon.id,
        cycle_start=planned.sale.cycle.start,
        explained=pack(formula, planned.units_before, planned.units_after) if paid_until is None else None,
    )
    operation = Operation(
        partner.id, workspace.id, call.reference, (line,), call.at, call.person_id, forced=amount <= 0
    )
    (posted,) = post(tx, [operation])
    assert isinstance(posted, Posted), "the balance was checked under the lock"
    tx.session.expire(wallet)
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon.id)
    if state is None:
        state = AddonState(
            partner_id=partner.id,
            workspace_id=workspace.id,
            addon_id=addon.id,
            units=0,
            renews=True,
            since=call.at,
            changes=0,
        )
        tx.session.add(state)
    if state.units == 0:
        state.renews, state.keep_rank, state.since = True, None, call.at
    state.changes += 1
    state.units = planned.units_after
    tx.session.add(
        AddonChange(
            partner_id=partner.id,
            workspace_id=workspace.id,
            addon_id=addon.id,
            number=state.changes,
            on_date=planned.today,
            units_before=planned.units_before,
            units_after=planned.units_after,
            reference=call.reference,
            paid_until=paid_until,
            at=call.at,
            person_id=call.person_id,
        )
    )
    _forget(tx, partner.id, workspace.id, addon.id)
    standing.settle(tx, call, partner, workspace, told=True)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        planned.units_before,
        planned.units_after,
        amount,
        posted.balance_after,
        state.changes,
        call.at + UNDO_TIME,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
        resumed=was_paused and not standing.reasons(workspace),
    )


def set_renews(tx: Tx, call: Call, workspace_id: int, addon_id: int, *, renews: bool) -> None:
    """Let an add-on end with its cycle, or renew again (R14). Nothing is charged or paid back."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    state = workspaces.addon_state(tx, place.partner.id, workspace_id, addon_id)
    if state is None or state.units == 0:
        raise GoneError
    state.renews = renews


def delivered(tx: Tx, person_id: int, workspace_id: int) -> bool:
    """For any member: whether the host platform has confirmed what was sold last (R35)."""
    return is_delivered(tx, seat(tx, person_id, workspace_id).partner.id, workspace_id)


def is_delivered(tx: Tx, partner_id: int, workspace_id: int) -> bool:
    """Whether the host has confirmed the newest entitlements."""
    row = workspaces.delivery(tx, partner_id, workspace_id)
    return row is None or row.confirmed_at is not None


def _forget(tx: Tx, partner_id: int, workspace_id: int, addon_id: int) -> None:
    """A change answers what was remembered or asked about the add-on."""
    intent = workspaces.intent(tx, partner_id, workspace_id, addon_id)
    if intent is not None:
        tx.session.delete(intent)
    request = workspaces.removal_request(tx, partner_id, workspace_id, addon_id)
    if request is not None:
        tx.session.delete(request)


def unchanged(
    tx: Tx, partner: Partner, workspace: Workspace, wallet: Wallet, addon: Addon, units: int
) -> Changed:
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        units,
        units,
        0,
        wallet.balance,
        None,
        None,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
        repeated=True,
    )


def _changed_before(
    tx: Tx, partner: Partner, workspace: Workspace, wallet: Wallet, done: AddonChange
) -> Changed:
    """The stored result of a call that comes again."""
    addon = catalogue.addon(tx, partner.id, done.addon_id)
    assert addon is not None
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        done.units_before,
        done.units_after,
        -posted_sum(tx, partner.id, done.reference, done.addon_id),
        wallet.balance,
        done.number if done.undone_at is None else None,
        done.at + UNDO_TIME,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
        repeated=True,
    )


def posted_sum(tx: Tx, partner_id: int, reference: str, addon_id: int) -> int:
    """What an operation did to one add-on, hundredths into the wallet."""
    lines = ledger.operation_lines(tx, partner_id, reference)
    return sum(line.amount for line in lines if line.addon_id == addon_id)
