"""From what a workspace did to what it owes: history, terms and target of an add-on in a cycle (R6-R8)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing.catalogue import price_at
from billing.cycle import Cycle, local_date, zone_named
from billing.proration import Change, Formula, History, SaleTerms, formula, target
from storage import catalogue, ledger, workspaces
from storage.models import Addon, AddonPrice, BillingSwitch, Partner, Workspace
from storage.sweep import SwitchRow
from storage.transaction import Tx


def running_cycle(workspace: Workspace) -> Cycle:
    """The cycle the workspace's row stands in."""
    return Cycle(workspace.cycle_start, workspace.cycle_end, workspace.whole_start, workspace.whole_end)


def today_of(workspace: Workspace, now: dt.datetime) -> dt.date:
    """The date in the workspace's zone (R5)."""
    return local_date(now, zone_named(workspace.zone))


@dataclass(frozen=True, slots=True)
class Step:
    """One change of units as it is stored."""

    on: dt.date
    before: int
    after: int
    lapsed: bool = False
    paid_until: dt.date | None = None
    """Removed without refund: charged up to this date all the same."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One add-on in one cycle of one workspace: all that its charge is worked out from."""

    addon: Addon
    cycle: Cycle
    steps: tuple[Step, ...]
    free_dates: frozenset[dt.date]
    earlier_starts: tuple[dt.date, ...]
    terms: SaleTerms
    posted: int
    unpaid: int = 0
    """Units that wait for points in this cycle (R15): the last ones, nothing is posted for them."""

    def history(self, *more: Step, unpaid: int = 0) -> History:
        """The history, with further steps: what a quote compares with. `unpaid` units at its end cost nothing."""
        steps = (*self.steps, *more)
        if unpaid:
            units = steps[-1].after
            # As if they had lapsed already: a lapse leaves the dates before it free.
            steps = (*steps, Step(self.cycle.start, units, units - unpaid, lapsed=True))
        return History(charged_changes(steps), self.free_dates, self.earlier_starts)

    def target(self, *more: Step, unpaid: int = 0) -> int:
        """What the cycle should cost, hundredths (R7), while so many units wait for points."""
        return target(self.cycle, self.history(*more, unpaid=unpaid), self.terms)

    def formula(self, *more: Step, unpaid: int = 0) -> Formula:
        """How the charge for further steps comes about, after which so many units wait for points."""
        return formula(
            self.cycle,
            self.history(unpaid=self.unpaid),
            self.history(*more, unpaid=unpaid),
            self.terms,
            self.posted,
        )


def load_sale(
    tx: Tx, partner: Partner, workspace: Workspace, addon: Addon, cycle: Cycle, today: dt.date
) -> Sale | None:
    """The sale of an add-on in a cycle; None while it has no price."""
    prices = catalogue.addon_prices(tx, partner.id, addon.id).get(addon.id, [])
    price = price_at(prices, cycle.start)
    if price is None:
        return None
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon.id)
    changes = workspaces.addon_changes(tx, partner.id, workspace.id, addon.id, cycle.end)
    starts: tuple[dt.date, ...] = ()
    if changes and changes[0].on_date < cycle.start:
        lived = workspaces.cycles(tx, partner.id, workspace.id, changes[0].on_date)
        starts = tuple(row.start for row in lived if row.start < cycle.start)
    return Sale(
        addon,
        cycle,
        tuple(
            Step(row.on_date, row.units_before, row.units_after, row.lapsed, row.paid_until)
            for row in changes
        ),
        free_dates(catalogue.billing_switches(tx, partner.id), workspace.zone, cycle, today),
        starts,
        SaleTerms(price, addon.whole_cycles, partner.charge_removal_date),
        ledger.posted_for(tx, partner.id, workspace.id, addon.id, cycle.start),
        state.unpaid if state is not None and cycle.start == workspace.cycle_start else 0,
    )


def next_price(prices: Sequence[AddonPrice], cycle: Cycle) -> int | None:
    """The price of the cycle after this one."""
    return price_at(prices, cycle.end)


def charged_changes(steps: Sequence[Step]) -> tuple[Change, ...]:
    """The steps as they are charged: a removal without refund counts only when what was paid is over."""
    charged: list[Change] = []
    kept: list[tuple[dt.date, int]] = []

    def let_go(until: dt.date, units: int) -> None:
        for end in sorted({end for end, _ in kept if end <= until}):
            kept[:] = [entry for entry in kept if entry[0] != end]
            charged.append(Change(end, units + sum(each for _, each in kept), lapsed=True))

    units = 0
    for step in steps:
        let_go(step.on, units)
        units = step.after
        if step.paid_until is not None:
            kept.append((step.paid_until, step.before - step.after))
        charged.append(Change(step.on, units + sum(each for _, each in kept), lapsed=step.lapsed))
    let_go(dt.date.max, units)
    return tuple(charged)


def free_dates(
    switches: Sequence[BillingSwitch | SwitchRow], zone_name: str, cycle: Cycle, today: dt.date
) -> frozenset[dt.date]:
    """Dates of the cycle on which credit billing was off when they ended; from today on, if it is off now."""
    zone = zone_named(zone_name)
    free: set[dt.date] = set()
    flips = [(local_date(row.at, zone), row.on) for row in switches]
    if not flips or (all(on for _, on in flips) and flips[0][0] <= cycle.start):
        return frozenset() if flips else frozenset(cycle.dates())
    for day in cycle.dates():
        on = False
        for flipped, state in flips:
            if flipped <= min(day, max(today, cycle.start)):
                on = state
        if not on:
            free.add(day)
    return frozenset(free)
