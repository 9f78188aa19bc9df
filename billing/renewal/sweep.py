"""The renewal sweep: hundreds of due workspaces in one transaction (R14).

Those of which all that should renew is covered, and nothing else is special, are decided in memory and written in sets:
the rows that `catch_up` would have written. The others are leased, for `catch_up` to work them off one by one.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from billing import notices, standing
from billing.call import Call
from billing.catalogue import price_at
from billing.charging import begins_free, free_dates
from billing.cycle import Cycle, next_cycle
from billing.explain import pack
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.notices import Telling
from billing.proration import Change, Formula, History, SaleTerms, formula
from billing.renewal.boundaries import catch_up
from billing.renewal.cycles import boundary_reference, cycle_values, renewal_reference
from billing.renewal.telling import Boundary, boundary_params
from billing.renewal.wishes import keep, stopped, wish_for
from billing.standing import Standing
from storage import catalogue, workspaces
from storage import sweep as rows
from storage.people import Reader
from storage.sweep import DeliveryRow, DueWorkspace, Entry, StateRow, Surroundings, Terms
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of a batch."""

    moved: int
    """Workspaces that entered their next cycle."""
    left: tuple[int, ...] = ()
    """Leased to the caller, to be worked off one by one, earliest first."""

    @property
    def count(self) -> int:
        return self.moved + len(self.left)


def sweep_batch(tx: Tx, call: Call, most: int, leased_until: dt.datetime) -> Swept:
    """Renew at most so many due workspaces, earliest first; what others hold locked or leased is left to them."""
    due, wallets = rows.claim_due(tx, call.at, most)
    partners = {
        partner_id: _PartnerSweep.load(tx, call, partner_id, numbers)
        for partner_id, numbers in rows.ids_by_partner(due).items()
    }
    batch, left = _Batch(), []
    for each in due:
        if not partners[each.partner_id].renew(each, wallets[each.partner_id, each.id].balance, batch):
            left.append(each.id)  # noqa: PERF401 (what is not left was noted in the batch)
    answers = post(tx, batch.operations, wallets)
    assert all(isinstance(answer, Posted) for answer in answers), "the points cover what is renewed here"
    rows.move_on(tx, batch.entered, batch.deliveries)
    notices.tell_each(tx, call, "renewal", batch.tellings)
    rows.lease(tx, left, leased_until)
    return Swept(len(batch.entered), tuple(left))


def set_aside(tx: Tx, call: Call, most: int, leased_until: dt.datetime) -> Swept:
    """Lease the batch as a whole: one of its workspaces has a defect by which the others must not be kept waiting."""
    due, _ = rows.claim_due(tx, call.at, most)
    left = tuple(each.id for each in due)
    rows.lease(tx, left, leased_until)
    return Swept(0, left)


def lease_lapses(tx: Tx, call: Call, most: int, leased_until: dt.datetime) -> Swept:
    """Workspaces in which units wait for points no longer (R15)."""
    left = tuple(rows.lapses_due(tx, call.at, most))
    rows.lease(tx, left, leased_until)
    return Swept(0, left)


def work_off(tx: Tx, call: Call, workspace_id: int) -> None:
    """Work off what is due of a leased workspace, and end its lease; nothing to do is fine."""
    found = workspaces.lock(tx, workspace_id)
    if found is None:
        return
    workspace, wallet = found
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None, "a workspace has a partner"
    catch_up(tx, call, partner, workspace, wallet)
    workspace.claimed_until = None


@dataclass(slots=True)
class _Batch:
    """What is to be written."""

    operations: list[Operation] = field(default_factory=list)
    entered: list[tuple[DueWorkspace, Entry, int]] = field(default_factory=list)
    deliveries: list[DeliveryRow] = field(default_factory=list)
    tellings: list[Telling] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Charge:
    """What units of an add-on cost for a cycle that they are in from its first date."""

    addon_id: int
    units: int
    amount: int
    """Hundredths."""
    lines: tuple[Line, ...]
    told: tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The cycle that follows, of all workspaces that end theirs on the same date in the same zone."""

    cycle: Cycle
    zone: str
    began_at: dt.datetime
    renews_at: dt.datetime
    entry: Entry
    mixes: "dict[tuple[tuple[int, int], ...], _Mix | None]" = field(default_factory=dict)
    """By add-ons with their units; None: one of them has no price to renew at."""


@dataclass(frozen=True, slots=True)
class _Mix:
    """The same units of the same add-ons, and what they cost together for the cycle ahead."""

    units: dict[int, int]
    charges: tuple[_Charge, ...]
    cost: int
    told: Boundary
    """In the default order."""
    known: "dict[int | None, _Known]" = field(default_factory=dict)
    """By plan, where a workspace has neither overrides nor usage."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Where workspaces stand in the next cycle, and what the host is told of that."""

    stands: Standing
    granted: str
    within: bool
    """Nothing is paused for a limit, and nothing warned of."""


@dataclass(slots=True)
class _PartnerSweep:
    """One partner's workspaces of a batch."""

    call: Call
    terms: Terms
    around: Surroundings
    readers: dict[int, list[Reader]]
    _ahead: dict[tuple[Any, ...], _Ahead] = field(default_factory=dict)
    _free: dict[tuple[Any, ...], bool] = field(default_factory=dict)

    @classmethod
    def load(cls, tx: Tx, call: Call, partner_id: int, workspace_ids: Sequence[int]) -> "_PartnerSweep":
        around = rows.surroundings(tx, partner_id, workspace_ids)
        readers = notices.reachable(tx, call.bot_id, partner_id, list(around.states))
        return cls(call, rows.terms(tx, partner_id), around, readers)

    def renew(self, workspace: DueWorkspace, balance: int, batch: _Batch) -> bool:
        """Decide about a workspace. False: it is not for here, and nothing is noted of it."""
        states = self.around.states.get(workspace.id, [])
        delivery = self.around.deliveries.get(workspace.id)
        if self._is_special(workspace, states) or delivery is None:
            return False
        ahead = self._cycle_ahead(workspace)
        if ahead.renews_at <= self.call.at:
            return False
        mix = self._mix(states, ahead)
        if mix is None or mix.cost > max(0, balance):
            return False
        known = self._standing(workspace, ahead, mix)
        if not known.within:
            return False
        version = self._tell_host(workspace, known, delivery, batch)
        batch.entered.append((workspace, ahead.entry, version))
        if states:
            self._post(workspace, ahead, states, mix, balance - mix.cost, batch)
        return True

    def _is_special(self, workspace: DueWorkspace, states: Sequence[StateRow]) -> bool:
        if workspace.closed_at is not None or workspace.paused_limit or workspace.lapses_at is not None:
            return True
        if workspace.id in self.around.ending:
            return True
        if workspace.id in self.around.requests or workspace.cycle_end != workspace.whole_end:
            # A cycle that was cut may have been paid beyond its end.
            return True
        if self._has_free_dates(workspace):
            return True
        if not states:
            return False
        for state in states:
            if state.unpaid or not state.renews:
                return True
        return stopped(workspace) is not None or workspace.id not in self.readers

    def _has_free_dates(self, workspace: DueWorkspace) -> bool:
        """Whether something of the ending cycle may have to go back."""
        key = (workspace.zone, workspace.cycle_start, workspace.cycle_end)
        if key not in self._free:
            cycle = Cycle(
                workspace.cycle_start, workspace.cycle_end, workspace.whole_start, workspace.whole_end
            )
            self._free[key] = bool(free_dates(self.terms.switches, workspace.zone, cycle, cycle.end))
        return self._free[key]

    def _cycle_ahead(self, workspace: DueWorkspace) -> _Ahead:
        # The whole months of the running cycle don't tell in the next one.
        key = (workspace.cycle_end, workspace.anchor, workspace.zone, workspace.next_zone)
        found = self._ahead.get(key)
        if found is None:
            running = Cycle(
                workspace.cycle_start, workspace.cycle_end, workspace.whole_start, workspace.whole_end
            )
            cycle = next_cycle(running, workspace.anchor)
            zone = workspace.next_zone or workspace.zone
            values = cycle_values(cycle, zone, workspace.zone)
            found = self._ahead[key] = _Ahead(
                cycle, zone, values["began_at"], values["renews_at"], Entry.of(values)
            )
        return found

    def _mix(self, states: Sequence[StateRow], ahead: _Ahead) -> _Mix | None:
        """None: one of them has no price to renew at."""
        key = tuple([(state.addon_id, state.units) for state in states])
        if key not in ahead.mixes:
            charges = [self._charge(ahead, addon_id, units) for addon_id, units in key]
            priced = tuple(charge for charge in charges if charge is not None)
            ahead.mixes[key] = (
                _Mix(dict(key), priced, sum(each.amount for each in priced), _told(priced))
                if len(priced) == len(key)
                else None
            )
        return ahead.mixes[key]

    def _charge(self, ahead: _Ahead, addon_id: int, units: int) -> _Charge | None:
        cycle, addon = ahead.cycle, self.terms.addons[addon_id]
        price = price_at(self.terms.prices.get(addon_id, []), cycle.start, ahead.zone)
        if price is None:
            return None
        is_free = begins_free(self.terms.switches, ahead.zone, cycle)
        worked_out = _goes_on(cycle, units, SaleTerms(price, addon.whole_cycles), is_free=is_free)
        line = Line(
            Kind.RENEWAL,
            -worked_out.amount,
            addon_id=addon_id,
            cycle_start=cycle.start,
            explained=pack(worked_out, 0, units),
        )
        told = addon.label, units, worked_out.amount
        return _Charge(addon_id, units, worked_out.amount, (line,), told)

    def _standing(self, workspace: DueWorkspace, ahead: _Ahead, mix: _Mix) -> _Known:
        if workspace.id in self.around.usage or workspace.id in self.around.overrides:
            return self._stand(workspace, ahead, mix.units)
        known = mix.known.get(workspace.plan_id)
        if known is None:
            known = mix.known[workspace.plan_id] = self._stand(workspace, ahead, mix.units)
        return known

    def _stand(self, workspace: DueWorkspace, ahead: _Ahead, units: Mapping[int, int]) -> _Known:
        stands = standing.worked_out(
            ahead.began_at,
            self.terms.limits,
            self.terms.addons.values(),
            units,
            self.terms.plans.get(workspace.plan_id, {}) if workspace.plan_id is not None else {},
            self.around.overrides.get(workspace.id, {}),
            self.around.usage.get(workspace.id, {}),
        )
        warned = any(each.warning_level != each.warned for each in stands.limits)
        granted = standing.what_is_granted(stands, units, ahead.cycle.start)
        return _Known(stands, granted, not stands.over and not warned)

    def _in_keep_order(
        self, workspace: DueWorkspace, ahead: _Ahead, states: Sequence[StateRow], mix: _Mix
    ) -> Sequence[_Charge]:
        """As catch_up posts and tells them."""
        missing = {}
        if workspace.id in self.around.usage and len(states) > 1:
            without = self._stand(workspace, ahead, {}).stands
            missing = {each.code: each.over for each in without.over}
        if not missing and all(state.keep_rank is None for state in states):
            return mix.charges
        wishes = [
            wish_for(state, self.terms.addons[state.addon_id], state.units, partial(_part, charge))
            for state, charge in zip(states, mix.charges, strict=True)
        ]
        by_addon = {each.addon_id: each for each in mix.charges}
        return [by_addon[each.wish.addon_id] for each in keep(wishes, mix.cost, missing)]

    def _tell_host(self, workspace: DueWorkspace, known: _Known, delivery: DeliveryRow, batch: _Batch) -> int:
        """The version of what the host knows."""
        paused = workspace.paused_manual or workspace.paused_unpaid
        told = standing.what_host_knows(workspace.name, known.granted, paused=paused)
        if told == delivery.told:
            return workspace.host_version
        version = workspace.host_version + 1
        standing.put_version(delivery, self.terms.partner.host, told, version, self.call.at, paused=paused)
        batch.deliveries.append(delivery)
        return version

    def _post(
        self,
        workspace: DueWorkspace,
        ahead: _Ahead,
        states: Sequence[StateRow],
        mix: _Mix,
        balance: int,
        batch: _Batch,
    ) -> None:
        at, partner_id, number, cycle = self.call.at, workspace.partner_id, workspace.id, ahead.cycle
        charges = self._in_keep_order(workspace, ahead, states, mix)
        for each in charges:
            reference = renewal_reference(number, each.addon_id, cycle.start)
            batch.operations.append(Operation(partner_id, number, reference, each.lines, at))
        told = mix.told if charges is mix.charges else _told(charges)
        params = {"workspace_id": number, **boundary_params(told, balance, cycle.end)}
        reference = boundary_reference(number, cycle.start)
        batch.tellings.append(Telling(reference, partner_id, params, self.readers[number]))


def _told(charges: Iterable[_Charge]) -> Boundary:
    return Boundary(renewed=[each.told for each in charges])


@lru_cache(maxsize=4_096)
def _goes_on(cycle: Cycle, units: int, terms: SaleTerms, *, is_free: bool) -> Formula:
    """The charge of units that go on over the boundary. How they came about doesn't tell: only dates from the cycle's
    start on are charged, and on each of them there are all.
    """
    before_start = cycle.start - dt.timedelta(days=1)
    history = History((Change(before_start, units),), began_free=is_free)
    return formula(cycle, history.then(Change(cycle.start, 0, lapsed=True)), history, terms, 0)


def _part(charge: _Charge, units: int) -> int:
    """What some of the units cost: all are covered, so that only more must not cost less."""
    return charge.amount * units // charge.units
