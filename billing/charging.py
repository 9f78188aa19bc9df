"""From what a workspace did to what it owes: history, terms and target of an add-on in a cycle (R6-R8)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing.catalogue import price_at
from billing.cycle import Cycle, local_date, start_instant, zone_named
from billing.proration import Change, Formula, History, SaleTerms, formula, target
from storage import catalogue, ledger, workspaces
from storage.models import Addon, AddonChange, AddonPrice, BillingSwitch, Partner, Workspace
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
    given: bool = False
    """Added while credit billing was off (R26)."""
    date_charged: bool = False
    """Removed where the partner charges the date of removal (R8)."""


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
    began_free: bool = False
    """Credit billing was off when the cycle began (R26)."""

    @property
    def units(self) -> int:
        """At the end of the history, those that wait for points too."""
        return self.steps[-1].after if self.steps else 0

    def history(self, *more: Step, unpaid: int = 0) -> History:
        """The history, with further steps: what a quote compares with. `unpaid` units at its end cost nothing."""
        steps = (*self.steps, *more)
        if unpaid:
            units = steps[-1].after
            # As if they had lapsed already: a lapse leaves the dates before it free.
            steps = (*steps, Step(self.cycle.start, units, units - unpaid, lapsed=True))
        return History(charged_changes(steps), self.free_dates, self.earlier_starts, self.began_free)

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
    price = price_at(prices, cycle.start, workspace.zone)
    if price is None:
        return None
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon.id)
    changes = workspaces.addon_changes(tx, partner.id, workspace.id, addon.id, cycle.end)
    starts: tuple[dt.date, ...] = ()
    if changes and changes[0].on_date < cycle.start:
        lived = workspaces.cycles(tx, partner.id, workspace.id, changes[0].on_date)
        starts = tuple(row.start for row in lived if row.start < cycle.start)
    switches = catalogue.billing_switches(tx, partner.id)
    began_free = begins_free(switches, workspace.zone, cycle)
    return Sale(
        addon,
        cycle,
        tuple(_step(row, began_free=began_free) for row in changes),
        free_dates(switches, workspace.zone, cycle, today),
        starts,
        SaleTerms(price, addon.whole_cycles),
        ledger.posted_for(tx, partner.id, workspace.id, addon.id, cycle.start),
        state.unpaid if state is not None and cycle.start == workspace.cycle_start else 0,
        began_free,
    )


def _step(row: AddonChange, *, began_free: bool) -> Step:
    # What comes back by itself does so as a cycle begins (R16).
    back = row.person_id is None and row.units_after > row.units_before
    return Step(
        row.on_date,
        row.units_before,
        row.units_after,
        row.lapsed,
        row.paid_until,
        given=row.given or (back and began_free),
        date_charged=row.date_charged,
    )


def next_price(prices: Sequence[AddonPrice], workspace: Workspace) -> int | None:
    """The price of the cycle after the running one."""
    return price_at(prices, workspace.cycle_end, workspace.next_zone or workspace.zone)


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
        charged.append(
            Change(
                step.on,
                units + sum(each for _, each in kept),
                lapsed=step.lapsed,
                given=step.given,
                date_charged=step.date_charged,
            )
        )
    let_go(dt.date.max, units)
    return tuple(charged)


def free_dates(
    switches: Sequence[BillingSwitch | SwitchRow], zone_name: str, cycle: Cycle, today: dt.date
) -> frozenset[dt.date]:
    """Dates of the cycle that are over and on which credit billing was off when they ended (R7)."""
    zone = zone_named(zone_name)
    flips = [(local_date(row.at, zone), row.on) for row in switches]
    if flips and all(on for _, on in flips) and flips[0][0] <= cycle.start:
        return frozenset()
    free: set[dt.date] = set()
    for day in cycle.dates():
        if day >= today:
            break
        on = False
        for flipped, state in flips:
            if flipped <= day:
                on = state
        if not on:
            free.add(day)
    return frozenset(free)


def begins_free(switches: Sequence[BillingSwitch | SwitchRow], zone_name: str, cycle: Cycle) -> bool:
    """Whether credit billing was off at the cycle's first instant: what renews then is free to its end (R26)."""
    start = start_instant(cycle.start, zone_named(zone_name))
    so_far = [row.on for row in switches if row.at <= start]
    return not (so_far and so_far[-1])
