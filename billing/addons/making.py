"""Making a change of units: posted, noted, settled (R7, R10, R15)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing import renewal, standing
from billing.addons.quotes import Planned
from billing.call import Call
from billing.charging import Step
from billing.explain import pack, pack_kept
from billing.ledger import Kind, Line, Operation, Posted, post
from storage import workspaces
from storage.models import Addon, AddonChange, AddonState, Partner, Wallet, Workspace
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


def make_change(
    tx: Tx,
    call: Call,
    planned: Planned,
    wallet: Wallet,
    *,
    refund: bool = True,
    told: bool = True,
    settles: bool = True,
) -> Changed:
    """Post the difference, note the change, settle limits and the host; the workspace is locked.

    `refund` False: units go, what was paid for them stays paid (R10). `told`: the screen of whoever made it says
    what became of a pause. `settles` False: more follows in the same transaction, and only what all of it does to a
    pause is told, by whoever settles last. The caller has checked the balance.
    """
    partner, workspace, addon = planned.partner, planned.workspace, planned.addon
    if planned.units_after == planned.units_before:
        return unchanged(tx, partner, workspace, wallet, addon, planned.units_before)
    was_paused = bool(standing.reasons(workspace))
    adding = planned.units_after > planned.units_before
    keeps_paid = not refund and not adding
    line = Line(
        Kind.ADDON if adding else Kind.REFUND,
        0 if keeps_paid else -planned.formula.amount,
        addon_id=addon.id,
        cycle_start=planned.sale.cycle.start,
        explained=_explained(planned, keeps_paid=keeps_paid),
    )
    operation = Operation(
        partner.id, workspace.id, call.reference, (line,), call.at, call.person_id, forced=line.amount >= 0
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
    note_steps(tx, call, state, planned.steps, paid_until=planned.sale.cycle.end if keeps_paid else None)
    state.unpaid = planned.unpaid_after
    renewal.end_wait(tx, workspace)
    _forget(tx, partner.id, workspace.id, addon.id)
    if settles:
        standing.settle(tx, call, partner, workspace, told=told)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        planned.units_before,
        planned.units_after,
        -line.amount,
        posted.balance_after,
        state.changes,
        call.at + UNDO_TIME,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
        resumed=was_paused and not standing.reasons(workspace),
    )


def _explained(planned: Planned, *, keeps_paid: bool) -> dict[str, Any]:
    formula, before, after = planned.formula, planned.units_before, planned.units_after
    if keeps_paid:
        return pack_kept(formula.price, formula.of_days, before, after, planned.sale.cycle.end)
    return pack(formula, before, after, planned.paid_too)


def note_steps(
    tx: Tx, call: Call, state: AddonState, steps: Sequence[Step], *, paid_until: dt.date | None = None
) -> None:
    """A person's change on the add-on's history. Units that waited for points and go along with others have a row and
    a reference of their own, as they lapse (R15). `paid_until`: up to there what is removed stays paid.
    """
    for step in steps:
        goes_along = step.lapsed and len(steps) > 1
        state.changes += 1
        state.units = step.after
        tx.session.add(
            AddonChange(
                partner_id=state.partner_id,
                workspace_id=state.workspace_id,
                addon_id=state.addon_id,
                number=state.changes,
                on_date=step.on,
                units_before=step.before,
                units_after=step.after,
                reference=along_reference(call.reference) if goes_along else call.reference,
                lapsed=step.lapsed,
                paid_until=None if step.lapsed else paid_until,
                given=step.given,
                date_charged=step.date_charged,
                at=call.at,
                person_id=call.person_id,
            )
        )


def along_reference(reference: str) -> str:
    """Of the row by which units that waited for points went along with a removal."""
    return f"{reference}/waiting"


def is_delivered(tx: Tx, partner_id: int, workspace_id: int) -> bool:
    """Whether the host has confirmed the newest entitlements."""
    row = workspaces.delivery(tx, partner_id, workspace_id)
    return row is None or row.confirmed_at is not None


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


def _forget(tx: Tx, partner_id: int, workspace_id: int, addon_id: int) -> None:
    """A change answers what was remembered or asked about the add-on."""
    intent = workspaces.intent(tx, partner_id, workspace_id, addon_id)
    if intent is not None:
        tx.session.delete(intent)
    request = workspaces.removal_request(tx, partner_id, workspace_id, addon_id)
    if request is not None:
        tx.session.delete(request)
