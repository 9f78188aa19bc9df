"""Points arrived: units that wait for them renew for the whole cycle (R15)."""

import datetime as dt
from dataclasses import dataclass

from billing.call import Call
from billing.charging import Sale, load_sale, running_cycle, today_of
from billing.explain import pack
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.proration import formula
from billing.renewal.wishes import (
    Kept,
    Wish,
    aged_where_it_tells,
    keep,
    shortage,
    stopped,
    wanted_units,
    wish_for,
)
from storage import catalogue, workspaces
from storage.models import Addon, AddonState, Partner, Wallet, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Waiting:
    """Units of an add-on that wait for points in the running cycle."""

    state: AddonState
    addon: Addon
    sale: Sale
    units: int
    """Those that should be paid: not what is set not to renew or asked to be removed."""

    def cost(self, units: int) -> int:
        return self.sale.target(unpaid=self.state.unpaid - units) - self.sale.posted

    @property
    def wish(self) -> Wish:
        paid = self.state.units - self.state.unpaid
        return wish_for(self.state, self.addon, self.units, self.cost, after=paid)


def waiting_units(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> dict[int, Waiting]:
    """By add-on; nothing while nothing renews (R14)."""
    if workspace.lapses_at is None or stopped(workspace) is not None:
        return {}
    requests = workspaces.removal_requests(tx, partner.id, workspace.id)
    asked = {request.addon_id: request.units for request in requests}
    found = {}
    for state in workspaces.addon_states(tx, partner.id, workspace.id):
        wanted, _ = wanted_units(state, asked, state.units)
        units = wanted - (state.units - state.unpaid)
        addon = catalogue.addon(tx, partner.id, state.addon_id)
        if units <= 0 or addon is None:
            continue
        sale = load_sale(tx, partner, workspace, addon, running_cycle(workspace), today_of(workspace, at))
        if sale is not None:
            found[addon.id] = Waiting(state, addon, sale, units)
    return found


def lacking(tx: Tx, workspace: Workspace) -> dict[str, int]:
    """Usage above the allowance by limit if none of the waiting units went on."""
    states = workspaces.addon_states(tx, workspace.partner_id, workspace.id)
    return shortage(tx, workspace, {state.addon_id: state.units - state.unpaid for state in states})


def pay_unpaid(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet
) -> tuple[tuple[str, int, int], ...]:
    """Pay as many waiting units as the points cover, in keep-order: (label, units, hundredths) of each add-on.

    The workspace is locked. The caller settles limits.
    """
    waiting = waiting_units(tx, partner, workspace, call.at)
    if not waiting:
        return ()
    wishes = aged_where_it_tells(tx, workspace, [each.wish for each in waiting.values()], wallet.balance)
    kept = [each for each in keep(wishes, wallet.balance, lacking(tx, workspace)) if each.units]
    answers = post(tx, [_operation(call, workspace, waiting[each.wish.addon_id], each) for each in kept])
    assert all(isinstance(answer, Posted) for answer in answers), "only what the points cover is paid"
    tx.session.expire(wallet)
    for each in kept:
        waiting[each.wish.addon_id].state.unpaid -= each.units
    end_wait(tx, workspace)
    return tuple((each.wish.label, each.units, each.cost) for each in kept)


def end_wait(tx: Tx, workspace: Workspace) -> None:
    """Nothing lapses where nothing waits."""
    states = workspaces.addon_states(tx, workspace.partner_id, workspace.id)
    if not any(state.unpaid for state in states):
        workspace.lapses_at = None


def _operation(call: Call, workspace: Workspace, each: Waiting, kept: Kept) -> Operation:
    state, sale = each.state, each.sale
    paid = state.units - state.unpaid
    worked_out = formula(
        sale.cycle,
        sale.history(unpaid=state.unpaid),
        sale.history(unpaid=state.unpaid - kept.units),
        sale.terms,
        sale.posted,
    )
    line = Line(
        Kind.RENEWAL,
        -worked_out.amount,
        addon_id=each.addon.id,
        cycle_start=sale.cycle.start,
        explained=pack(worked_out, paid, paid + kept.units),
    )
    reference = call.part(f"renew-{each.addon.id}").reference
    return Operation(workspace.partner_id, workspace.id, reference, (line,), call.at)
