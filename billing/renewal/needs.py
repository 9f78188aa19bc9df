"""What coming renewals cost and whether the points cover them (R15, R17, R36). Pure reading."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from billing.catalogue import price_at
from billing.charging import running_cycle
from billing.cycle import Cycle, next_cycle
from billing.points import round_half_up
from billing.renewal.halting import halted, plan_ends
from billing.renewal.paying import lacking, waiting_units
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
from storage.models import Addon, AddonPrice, AddonState, Partner, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class NeededUnits:
    """Units of an add-on that should renew and what they cost, hundredths."""

    addon_id: int
    label: str
    units: int
    cost: int


@dataclass(frozen=True, slots=True)
class Need:
    """What the next renewal costs; while units wait for points, what these cost for the running cycle."""

    cycle_start: dt.date
    """The first date of the cycle that is to be paid."""
    waiting: bool
    """Whether it is for units that wait for points in the running cycle."""
    balance: int
    units: tuple[NeededUnits, ...]
    """In keep-order."""
    wishes: tuple[Wish, ...] = field(repr=False)
    shortage: Mapping[str, int] = field(repr=False)

    @property
    def cost(self) -> int:
        return sum(each.cost for each in self.units)

    @property
    def missing(self) -> int:
        """Hundredths that have to come first; a debt is part of it (R29). 0: covered, or nothing to pay."""
        return max(0, self.cost - self.balance) if self.cost else 0

    def kept(self, more: int = 0) -> list[Kept]:
        """What renews, in keep-order, with so many hundredths more than there are."""
        return keep(self.wishes, self.balance + more, self.shortage)

    def units_kept(self, more: int = 0) -> int:
        """How many units renew with so many hundredths more (R17: no charge that renews no further unit)."""
        return sum(each.units for each in self.kept(more))


@dataclass(frozen=True, slots=True)
class Forecast:
    """A coming renewal if nothing changes and no points come. Hundredths."""

    date: dt.date
    until: dt.date
    cost: int
    balance_before: int

    @property
    def balance_after(self) -> int:
        """Below zero: so much is missing by then."""
        return self.balance_before - self.cost

    @property
    def covered(self) -> bool:
        return self.cost == 0 or self.balance_after >= 0


@dataclass(frozen=True, slots=True)
class Upcoming:
    """All that the cost of cycles to come is worked out from."""

    workspace: Workspace
    credit_billing: bool
    addons: dict[int, Addon]
    states: tuple[AddonState, ...]
    wanted: dict[int, int]
    """Units by add-on that should renew (R10, R14)."""
    prices: dict[int, list[AddonPrice]]
    plan_ends: dt.date | None
    """Nothing renews for a cycle that starts then or later: no plan follows."""

    @classmethod
    def load(cls, tx: Tx, partner: Partner, workspace: Workspace) -> "Upcoming":
        """Of a workspace whose due cycles are worked off."""
        states = workspaces.addon_states(tx, partner.id, workspace.id)
        requests = workspaces.removal_requests(tx, partner.id, workspace.id) if states else []
        asked = {request.addon_id: request.units for request in requests}
        return cls(
            workspace,
            partner.credit_billing,
            {addon.id: addon for addon in catalogue.addons(tx, partner.id)},
            tuple(states),
            {state.addon_id: wanted_units(state, asked, state.units)[0] for state in states},
            catalogue.addon_prices(tx, partner.id) if states else {},
            plan_ends(tx, partner, workspace) if states else None,
        )

    @property
    def next_cycle(self) -> Cycle:
        return next_cycle(running_cycle(self.workspace), self.workspace.anchor)

    def price(self, addon_id: int, cycle: Cycle) -> int | None:
        """Of a unit in a cycle to come, by today's knowledge (R6)."""
        zone = self.workspace.next_zone or self.workspace.zone
        return price_at(self.prices.get(addon_id, []), cycle.start, zone)

    def wishes(self, cycle: Cycle) -> list[Wish]:
        """What should renew for a cycle to come; nothing while nothing renews (R14)."""
        if halted(self.workspace, self.plan_ends, cycle.start) is not None:
            return []
        found = []
        for state in self.states:
            units, price = self.wanted[state.addon_id], self.price(state.addon_id, cycle)
            if not units or price is None:
                continue
            # Dates on which credit billing is off are not counted (R7), and it is off till somebody switches it on.
            days = cycle.days if self.credit_billing else 0
            cost = partial(_cost, price, days, cycle.whole_days)
            found.append(wish_for(state, self.addons[state.addon_id], units, cost))
        return found


def _cost(price: int, days: int, whole_days: int, units: int) -> int:
    """Units that are on all cycle (R7)."""
    return round_half_up(units * days * price, whole_days)


def need(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> Need:
    """What the next renewal needs, or what waits for points does; of a workspace whose due cycles are worked off."""
    waiting = waiting_units(tx, partner, workspace, at)
    if not waiting:
        return next_need(tx, partner, workspace)
    wishes = [each.wish for each in waiting.values()]
    return _need(tx, workspace, workspace.cycle_start, wishes, lacking(tx, workspace), waiting=True)


def next_need(tx: Tx, partner: Partner, workspace: Workspace) -> Need:
    """What the next renewal needs, whatever waits for points till then."""
    upcoming = Upcoming.load(tx, partner, workspace)
    wishes = upcoming.wishes(upcoming.next_cycle)
    missing = shortage(tx, workspace, {}, next_cycle=True) if wishes else {}
    return _need(tx, workspace, workspace.cycle_end, wishes, missing, waiting=False)


def _need(
    tx: Tx,
    workspace: Workspace,
    start: dt.date,
    wishes: Sequence[Wish],
    missing: Mapping[str, int],
    *,
    waiting: bool,
) -> Need:
    balance = workspaces.wallet(tx, workspace.partner_id, workspace.id).balance
    wishes = aged_where_it_tells(tx, workspace, wishes, balance)
    units = tuple(
        NeededUnits(wish.addon_id, wish.label, wish.units, wish.cost(wish.units))
        for wish in (each.wish for each in keep(wishes, 0, missing))
    )
    return Need(start, waiting, balance, units, tuple(wishes), missing)


def forecast(
    tx: Tx, partner: Partner, workspace: Workspace, balance: int, renewals: int
) -> tuple[Forecast, ...]:
    """The next renewals, by the prices that are announced; of a workspace whose due cycles are worked off."""
    upcoming = Upcoming.load(tx, partner, workspace)
    cycle, found = upcoming.next_cycle, []
    for _ in range(renewals):
        cost = sum(wish.cost(wish.units) for wish in upcoming.wishes(cycle))
        found.append(Forecast(cycle.start, cycle.end, cost, balance))
        balance -= cost
        cycle = next_cycle(cycle, workspace.anchor)
    return tuple(found)
