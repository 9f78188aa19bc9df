"""Units that waited for points in vain end (R15)."""

import datetime as dt
from dataclasses import replace
from typing import Literal

from billing import standing
from billing.call import Call
from billing.charging import today_of
from billing.cycle import start_instant, zone_named
from billing.renewal.cycles import is_due
from billing.renewal.paying import pay_unpaid
from billing.renewal.telling import Boundary, tell_boundary
from billing.renewal.wishes import Ending, stopped
from storage import catalogue, workspaces
from storage.models import AddonChange, AddonState, Partner, Wallet, Workspace
from storage.transaction import Tx

Cause = Literal["cycle", "lapse", "grace"]
"""Where time changed units: at a boundary by what renews there, at a boundary for want of points, after a wait."""


def lapse_due(tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet) -> dict[int, int]:
    """End the units whose wait is over; the workspace is locked. Nothing to do is fine.

    Points that came in another way than by an arrival (a refund, say) pay first. While a charge is tried or its
    result is unknown the wait is extended. Where the cycle is over first, as a short one may be, units that would go on
    waiting are answered by add-on: they have ended for that cycle, and are to be wished for again in the next.
    """
    lapses_at, cycle_is_over = workspace.lapses_at, is_due(workspace, call.at)
    if lapses_at is None or (call.at < lapses_at and not cycle_is_over):
        return {}
    until = max(lapses_at, _charge_until(tx, partner, workspace, call.at))
    goes_on = call.at < until
    if goes_on and not cycle_is_over:
        workspace.lapses_at = until
        return {}
    told = Boundary()
    told.renewed = list(pay_unpaid(tx, call, partner, workspace, wallet))
    workspace.lapses_at = None
    waiting: dict[int, int] = {}
    on = max(
        workspace.cycle_start, min(today_of(workspace, call.at), workspace.cycle_end - dt.timedelta(days=1))
    )
    addons = {addon.id: addon for addon in catalogue.addons(tx, partner.id)}
    for state in workspaces.addon_states(tx, partner.id, workspace.id):
        if state.unpaid:
            if goes_on:
                waiting[state.addon_id] = state.unpaid
            else:
                why: Ending = "points" if state.renews else "set"
                told.end(addons[state.addon_id], state.unpaid, stopped(workspace) or why)
            paid, state.unpaid = state.units - state.unpaid, 0
            note_end(tx, call, state, on, paid, "grace", cycle_start=workspace.cycle_start)
    by = replace(call, reference=f"lapse:{workspace.id}:{workspace.cycle_start.isoformat()}", person_id=None)
    tell_boundary(tx, by, partner, workspace, wallet, told)
    if not waiting:
        standing.settle(tx, by, partner, workspace)
    return waiting


def begin_grace(partner: Partner, workspace: Workspace, at: dt.datetime) -> None:
    """Grace counts whole dates, from today on (R16)."""
    begins = max(today_of(workspace, at), workspace.cycle_start)
    ends = begins + dt.timedelta(days=partner.grace_days)
    workspace.graced_until = start_instant(ends, zone_named(workspace.zone))


def wait_ends(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> dt.datetime | None:
    """When units of the running cycle that the points don't cover lapse: after grace, and not while a charge may come.

    None: at once. May lie beyond the cycle's end.
    """
    until = max(workspace.graced_until or at, _charge_until(tx, partner, workspace, at))
    return until if until > at else None


def is_charge_coming(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> bool:
    """Whether what waits is, or will be, charged to a saved card."""
    return _charge_until(tx, partner, workspace, at) > at


def charge_given_up(workspace: Workspace, at: dt.datetime) -> None:
    """No automatic charge will come any more: units wait only as long as grace lets them.

    The next look for due lapses ends what has no grace left.
    """
    if workspace.lapses_at is not None:
        workspace.lapses_at = min(workspace.lapses_at, max(at, workspace.graced_until or at))


def _charge_until(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> dt.datetime:
    from billing.automatic import needs  # which asks billing.addons whether anything is sold

    return needs.waits_for_charge(tx, partner, workspace, at) or at


def note_end(
    tx: Tx,
    call: Call,
    state: AddonState,
    on: dt.date,
    units: int,
    cause: Cause,
    *,
    cycle_start: dt.date | None = None,
) -> None:
    """Units end with time, or what was forgiven is back (R16), on the add-on's history."""
    state.changes += 1
    tx.session.add(
        AddonChange(
            partner_id=state.partner_id,
            workspace_id=state.workspace_id,
            addon_id=state.addon_id,
            number=state.changes,
            on_date=on,
            units_before=state.units,
            units_after=units,
            reference=f"{cause}:{state.workspace_id}:{state.addon_id}:{(cycle_start or on).isoformat()}",
            lapsed=units < state.units,
            at=call.at,
        )
    )
    state.units = units
