"""Working off the boundaries that have passed, in order (R14-R16)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from billing import standing
from billing.call import Call
from billing.charging import Sale, Step, load_sale, running_cycle
from billing.cycle import Cycle, next_cycle
from billing.explain import pack
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.proration import formula
from billing.renewal.cycles import boundary_reference, enter_cycle, is_due, renewal_reference
from billing.renewal.freed import give_free_dates_back
from billing.renewal.halting import halted, plan_ends
from billing.renewal.lapsing import begin_grace, is_charge_coming, lapse_due, note_end, wait_ends
from billing.renewal.telling import Boundary, tell_boundary
from billing.renewal.wishes import (
    Kept,
    Wish,
    aged_where_it_tells,
    keep,
    shortage,
    wanted_units,
    wish_for,
)
from storage import catalogue, workspaces
from storage.models import Addon, AddonState, Partner, Wallet, Workspace
from storage.transaction import Tx


def catch_up(tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet) -> None:
    """Work off what is due: units whose wait for points is over, then every boundary, with the points as they are.

    The workspace is locked. One notice tells what the newest boundary renewed, what waits, what ended at any of them
    and why. What points didn't cover in a cycle that is over already is forgiven: it has ended for that cycle and is
    wished for again in the next (R16). So is what still waits when its cycle ends, and it waits no longer for that (R15).
    """
    graced_until = workspace.graced_until
    forgiven = lapse_due(tx, call, partner, workspace, wallet)
    waited = _Waited(forgiven, graced_until)
    told = Boundary()
    while is_due(workspace, call.at):
        crossing = _Crossing(tx, call, partner, workspace, wallet, forgiven, waited)
        crossing.renew(told)
        forgiven = crossing.forgiven
        told.crossed = True
    if not told.crossed:
        return
    by = replace(call, reference=boundary_reference(workspace.id, workspace.cycle_start), person_id=None)
    tell_boundary(tx, by, partner, workspace, wallet, told)
    standing.settle(tx, by, partner, workspace)


@dataclass(frozen=True, slots=True)
class _Waited:
    """What waited when its cycle ended, units by add-on, and when its grace is over."""

    units: dict[int, int]
    graced_until: dt.datetime | None

    def all_of(self, short: Sequence[Kept]) -> bool:
        """Whether all that points don't cover has waited before."""
        return all(each.wish.units - each.units <= self.units.get(each.wish.addon_id, 0) for each in short)


@dataclass(slots=True)
class _Renewing:
    """One add-on at a boundary."""

    state: AddonState
    addon: Addon
    sale: Sale
    had: int
    """Units on the eve, those forgiven not counted."""
    wanted: int

    def step(self, units: int) -> tuple[Step, ...]:
        """To so many paid units at the cycle's start."""
        if units == self.had:
            return ()
        return (Step(self.sale.cycle.start, self.had, units, lapsed=units < self.had),)

    def cost(self, units: int) -> int:
        return self.sale.target(*self.step(units)) - self.sale.posted


@dataclass(slots=True)
class _Crossing:
    """One boundary of a workspace."""

    tx: Tx
    call: Call
    partner: Partner
    workspace: Workspace
    wallet: Wallet
    before: dict[int, int]
    """Units by add-on that were forgiven in the cycle before."""
    waited: _Waited
    forgiven: dict[int, int] = field(default_factory=dict)
    """Units by add-on that this cycle forgives."""

    def renew(self, told: Boundary) -> None:
        """Enter the next cycle and renew in it what should and can."""
        freed = give_free_dates_back(self.tx, self.call, self.partner, self.workspace)
        if freed:
            told.freed += freed
            self.tx.session.expire(self.wallet)
        cycle = next_cycle(running_cycle(self.workspace), self.workspace.anchor)
        enter_cycle(self.tx, self.workspace, cycle)
        if self.workspace.closed_at is not None:
            # A closed workspace's plan ends with its cycle (R37).
            self.workspace.plan_id = None
        told.renewed, told.unpaid = [], []
        renewing = self._sort(cycle, told)
        points = self.wallet.balance
        wishes = aged_where_it_tells(
            self.tx, self.workspace, [self._wish(each) for each in renewing.values()], points
        )
        kept = keep(wishes, points, shortage(self.tx, self.workspace, {}))
        self._post(cycle, renewing, kept)
        told.renewed = [(each.wish.label, each.units, each.cost) for each in kept if each.units]
        short = [each for each in kept if each.units < each.wish.units]
        if is_due(self.workspace, self.call.at):
            self.forgiven = {each.wish.addon_id: each.wish.units - each.units for each in short}
            for each in kept:
                self._stand(renewing[each.wish.addon_id], each.units)
            return
        for each in kept:
            self._stand(renewing[each.wish.addon_id], each.wish.units, unpaid=each.wish.units - each.units)
        self._wait_or_end(renewing, short, told)

    def _sort(self, cycle: Cycle, told: Boundary) -> dict[int, _Renewing]:
        """What should renew, by add-on; all else ends here."""
        tx, workspace = self.tx, self.workspace
        halt = halted(workspace, plan_ends(tx, self.partner, workspace), cycle.start)
        addons = {addon.id: addon for addon in catalogue.addons(tx, workspace.partner_id)}
        requests = workspaces.removal_requests(tx, workspace.partner_id, workspace.id)
        asked = {request.addon_id: request.units for request in requests}
        renewing = {}
        for state in self._states():
            addon = addons[state.addon_id]
            units = state.units + self.before.get(addon.id, 0)
            wanted, why = wanted_units(state, asked, units)
            if halt is not None:
                wanted, why = 0, halt
            sale = load_sale(tx, self.partner, workspace, addon, cycle, cycle.start) if wanted else None
            if wanted and sale is None:
                wanted, why = 0, "unsold"
            if wanted < units:
                told.end(addon, units - wanted, why)
            if sale is None:
                self._end(state, cycle)
            else:
                renewing[addon.id] = _Renewing(state, addon, sale, state.units, wanted)
        return renewing

    def _states(self) -> list[AddonState]:
        tx, workspace = self.tx, self.workspace
        states = workspaces.addon_states(tx, workspace.partner_id, workspace.id)
        active = {state.addon_id for state in states}
        for addon_id in self.before.keys() - active:
            state = workspaces.addon_state(tx, workspace.partner_id, workspace.id, addon_id)
            assert state is not None, "it had units before"
            states.append(state)
        return sorted(states, key=lambda state: (state.since, state.addon_id))

    def _wish(self, each: _Renewing) -> Wish:
        return wish_for(each.state, each.addon, each.wanted, each.cost)

    def _post(self, cycle: Cycle, renewing: dict[int, _Renewing], kept: list[Kept]) -> None:
        """One operation for each add-on of which units renew, free ones too."""
        operations = []
        for each in kept:
            if not each.units:
                continue
            one = renewing[each.wish.addon_id]
            worked_out = formula(
                cycle,
                one.sale.history(*one.step(0)),
                one.sale.history(*one.step(each.units)),
                one.sale.terms,
                one.sale.posted,
            )
            line = Line(
                Kind.RENEWAL,
                -worked_out.amount,
                addon_id=each.wish.addon_id,
                cycle_start=cycle.start,
                explained=pack(worked_out, 0, each.units),
            )
            reference = renewal_reference(self.workspace.id, each.wish.addon_id, cycle.start)
            operations.append(Operation(self.partner.id, self.workspace.id, reference, (line,), self.call.at))
        for answer in post(self.tx, operations):
            assert isinstance(answer, Posted), "only what the points cover is kept"
        self.tx.session.expire(self.wallet)

    def _stand(self, each: _Renewing, units: int, *, unpaid: int = 0) -> None:
        """The add-on has so many units from the cycle's start on."""
        state = each.state
        if units != state.units:
            note_end(self.tx, self.call, state, each.sale.cycle.start, units, "cycle")
        state.unpaid = unpaid

    def _end(self, state: AddonState, cycle: Cycle) -> None:
        if state.units:
            note_end(self.tx, self.call, state, cycle.start, 0, "cycle")
        state.unpaid = 0

    def _wait_or_end(self, renewing: dict[int, _Renewing], short: list[Kept], told: Boundary) -> None:
        """What the points don't cover waits for grace or a charge; without either it ends at once (R15)."""
        if not short:
            return
        self.tx.session.flush()
        begin_grace(self.partner, self.workspace, self.call.at)
        if self.waited.all_of(short):
            self.workspace.graced_until = self.waited.graced_until
        until = wait_ends(self.tx, self.partner, self.workspace, self.call.at)
        self.workspace.lapses_at = until
        told.charging = until is not None and is_charge_coming(
            self.tx, self.partner, self.workspace, self.call.at
        )
        for each in short:
            one, units = renewing[each.wish.addon_id], each.wish.units - each.units
            if until is not None:
                told.unpaid.append((each.wish.label, units, one.cost(each.wish.units) - one.cost(each.units)))
                continue
            told.end(one.addon, units, "points")
            one.state.unpaid = 0
            note_end(self.tx, self.call, one.state, one.sale.cycle.start, each.units, "lapse")
