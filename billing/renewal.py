"""A workspace's due cycles, worked off before anything else happens to it (R14-R16)."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from billing import notices, standing
from billing.call import Call
from billing.charging import Step, load_sale, running_cycle, today_of
from billing.cycle import Cycle, next_cycle
from billing.errors import CycleDueError
from billing.ledger import Kind, Line, Operation, Posted, post
from storage import catalogue, workspaces
from storage.models import AddonChange, AddonState, Partner, Wallet, Workspace, WorkspaceCycle
from storage.transaction import Tx

Ending = Literal["points", "set", "asked", "paused", "unsold"]
"""Why units end with their cycle: not covered, set not to renew, asked to be removed, no renewal while the workspace
is stopped, no price to renew at."""


@dataclass(slots=True)
class Renewed:
    """What a boundary did: (label, units, points) renewed, (label, units, why) that ended."""

    cycle: Cycle
    renewed: list[tuple[str, int, int]] = field(default_factory=list)
    ended: list[tuple[str, int, Ending]] = field(default_factory=list)


def enter_cycle(tx: Tx, workspace: Workspace, cycle: Cycle) -> None:
    """Stand the workspace in a cycle and note it among those it lived."""
    workspace.cycle_start, workspace.cycle_end = cycle.start, cycle.end
    workspace.whole_start, workspace.whole_end = cycle.whole_start, cycle.whole_end
    tx.session.add(
        WorkspaceCycle(
            partner_id=workspace.partner_id,
            workspace_id=workspace.id,
            start=cycle.start,
            end=cycle.end,
            whole_start=cycle.whole_start,
            whole_end=cycle.whole_end,
        )
    )


def is_due(workspace: Workspace, now: dt.datetime) -> bool:
    """Whether a new cycle has begun that was not worked off."""
    return today_of(workspace, now) >= workspace.cycle_end


def expect_current(workspace: Workspace, now: dt.datetime) -> None:
    """For readers, who can't work off cycles themselves. Raises CycleDueError."""
    if is_due(workspace, now):
        raise CycleDueError(workspace.id)


def catch_up(tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet) -> None:
    """Work off every due cycle in order, with the points as they are; the workspace is locked.

    One notice tells what the newest boundary renewed, and what ended at any of them and why; the desk is told of
    units that the points did not cover.
    """
    today = today_of(workspace, call.at)
    newest: Renewed | None = None
    ended: list[tuple[str, int, Ending]] = []
    while workspace.cycle_end <= today:
        newest = _renew(tx, call, partner, workspace, wallet)
        ended += newest.ended
    if newest is None:
        return
    told = call.part(f"cycle-{newest.cycle.start}")
    if newest.renewed or ended:
        notices.tell_workspace(
            tx,
            told,
            partner.id,
            workspace.id,
            "renewal",
            {
                "renewed": newest.renewed,
                "ended": ended,
                "balance": wallet.balance,
                "until": newest.cycle.end.isoformat(),
            },
        )
    lapsed = [(label, units) for label, units, why in ended if why == "points"]
    if lapsed:
        notices.tell_desk(
            tx,
            told,
            partner.id,
            "desk_lapsed",
            {"workspace_id": workspace.id, "lapsed": lapsed, "balance": wallet.balance},
        )
    standing.settle(tx, told, partner, workspace)


def _renew(tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet) -> Renewed:
    cycle = next_cycle(running_cycle(workspace), workspace.anchor)
    enter_cycle(tx, workspace, cycle)
    result = Renewed(cycle)
    stopped = workspace.paused_manual or workspace.paused_unpaid or workspace.plan_id is None
    addons = {addon.id: addon for addon in catalogue.addons(tx, partner.id)}
    states = workspaces.addon_states(tx, partner.id, workspace.id)
    for state in sorted(states, key=lambda state: (state.keep_rank is None, state.keep_rank, state.since)):
        request = workspaces.removal_request(tx, partner.id, workspace.id, state.addon_id)
        # Units may have gone since the request was made.
        wanted = min(request.units, state.units) if request is not None else state.units
        why: Ending = "asked"
        if stopped or workspace.closed_at is not None:
            wanted, why = 0, "paused"
        elif not state.renews:
            wanted, why = 0, "set"
        label = addons[state.addon_id].label
        before = state.units
        kept, cost, short = _renew_addon(tx, call, partner, workspace, state, cycle, wanted)
        tx.session.expire(wallet)
        if kept:
            result.renewed.append((label, kept, cost))
        if wanted < before:
            result.ended.append((label, before - wanted, why))
        if kept < wanted:
            result.ended.append((label, wanted - kept, short))
    return result


def _renew_addon(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    state: AddonState,
    cycle: Cycle,
    wanted: int,
) -> tuple[int, int, Ending]:
    """Renew as many of the wanted units as the points cover.

    (units kept, hundredths charged, why others of the wanted ended)
    """
    addon = catalogue.addon(tx, partner.id, state.addon_id)
    assert addon is not None
    sale = load_sale(tx, partner, workspace, addon, cycle, cycle.start)
    for units in range(wanted, 0, -1):
        if sale is None:
            break
        fewer = () if units == state.units else (Step(cycle.start, state.units, units, lapsed=True),)
        due = sale.target(*fewer) - sale.posted
        line = Line(
            Kind.RENEWAL,
            -due,
            addon_id=addon.id,
            cycle_start=cycle.start,
            explained={
                "price": sale.terms.price,
                "of_days": cycle.whole_days,
                "parts": [[units, cycle.days, due]],
                "amount": due,
                "rounding": 0,
                "before": units,
                "after": units,
            },
        )
        reference = f"renew:{workspace.id}:{addon.id}:{cycle.start.isoformat()}"
        operation = Operation(partner.id, workspace.id, reference, (line,), call.at)
        (answer,) = post(tx, [operation])
        if isinstance(answer, Posted):
            if units < state.units:
                lapse(tx, call, state, cycle.start, units)
            return units, due, "points"
    lapse(tx, call, state, cycle.start, 0)
    return 0, 0, "unsold" if sale is None else "points"


def lapse(tx: Tx, call: Call, state: AddonState, on: dt.date, units: int) -> None:
    """Units end with their cycle."""
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
            reference=f"lapse:{state.workspace_id}:{state.addon_id}:{on.isoformat()}",
            lapsed=True,
            at=call.at,
        )
    )
    state.units = units
    if units == 0:
        state.renews, state.keep_rank = True, None
