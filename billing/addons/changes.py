"""Changing the units of an add-on, at the sum that was quoted (R7, R8, R13)."""

from dataclasses import replace

from billing import audit, renewal, standing
from billing.access import DeskRole, LockedSeat, Role, desk_locked, locked_seat, seat
from billing.addons.making import UNDO_TIME, Changed, along_reference, is_delivered, make_change
from billing.addons.offers import is_selling
from billing.addons.quotes import Planned, over_after_renewal
from billing.addons.undoing import tell_of_units
from billing.call import Call
from billing.errors import (
    GoneError,
    NotAllowedError,
    NotEnoughPointsError,
    NotSellingError,
    OverLimitError,
    QuoteChangedError,
)
from storage import catalogue, ledger, workspaces
from storage.models import (
    AddonChange,
    Partner,
    Wallet,
    Workspace,
)
from storage.transaction import Tx


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
    accept_over: bool = False,
) -> Changed:
    """The partner removes units, with or without refund (R10); with credit billing off also adds them, free (R26).

    Raises GoneError, QuoteChangedError where a sum was `quoted` that holds no more (R11), OverLimitError (R23),
    NotEnoughPointsError where points would be needed.
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
    if seen.over and not accept_over:
        raise OverLimitError(seen)
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
        tell_of_units(tx, call, place.partner, changed)
    return changed


def set_renews(
    tx: Tx, call: Call, workspace_id: int, addon_id: int, *, renews: bool, accept_over: bool = False
) -> None:
    """Let an add-on end with its cycle, or renew again (R14). Nothing is charged or paid back.

    Raises OverLimitError where the next cycle would begin over a limit without it (R23).
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    state = workspaces.addon_state(tx, place.partner.id, workspace_id, addon_id)
    if state is None or state.units == 0:
        raise GoneError
    if state.renews and not renews and not accept_over:
        over = over_after_renewal(tx, place.workspace, addon_id)
        if over:
            planned = Planned.load(tx, place.partner, place.workspace, addon_id, 0, call.at)
            raise OverLimitError(replace(planned.quote(tx, place.wallet.balance, place.role), over=over))
    state.renews = renews


def delivered(tx: Tx, person_id: int, workspace_id: int) -> bool:
    """For any member: whether the host platform has confirmed what was sold last (R35)."""
    return is_delivered(tx, seat(tx, person_id, workspace_id).partner.id, workspace_id)


def _changed_before(
    tx: Tx, partner: Partner, workspace: Workspace, wallet: Wallet, done: AddonChange
) -> Changed:
    """The stored result of a call that comes again."""
    addon = catalogue.addon(tx, partner.id, done.addon_id)
    assert addon is not None
    along = workspaces.change_by_reference(tx, partner.id, along_reference(done.reference), done.addon_id)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        (along or done).units_before,
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
