"""What a change of units would cost or give back, before anything is charged (R11)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from billing import renewal, standing
from billing.access import Role, desk_workspace, seat
from billing.charging import Sale, Step, load_sale, next_price, running_cycle, today_of
from billing.errors import (
    BadValueError,
    GoneError,
)
from billing.proration import Formula
from storage import catalogue, workspaces
from storage.models import (
    Addon,
    Partner,
    Workspace,
)
from storage.transaction import Tx

MOST_UNITS = 1_000

Over = tuple[str, int, int]
"""A limit that would be exceeded: label, used, allowance after."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a change of units would mean (R11). Hundredths of points throughout."""

    workspace_id: int
    workspace: str
    addon_id: int
    label: str
    units_before: int
    units_after: int
    price: int
    """Of a unit, in the running cycle."""
    formula: Formula
    days_left: int
    days_of: int
    balance: int
    renewal: dt.date
    next_cost: int
    """Of the units after, in the cycle that follows."""
    over: tuple[Over, ...]
    """Limits that the change would newly exceed (R23)."""
    role: Role
    may_remove: bool
    """False: a removal is a request to the partner (R10)."""
    whole_cycles: bool
    renews: bool
    partner: str
    unpaid: int
    """How many of the units before wait for points (R15): an addition pays them too, a removal lets them go first."""

    @property
    def amount(self) -> int:
        """What is charged; below zero it is paid back."""
        return self.formula.amount

    @property
    def balance_after(self) -> int:
        return self.balance - self.amount

    @property
    def missing(self) -> int:
        """Points that have to be bought first, where units are added; a debt is part of it (R29)."""
        adding = self.units_after > self.units_before
        return max(0, -self.balance_after) if adding and self.amount > 0 else 0


def quote(tx: Tx, person_id: int, workspace_id: int, addon_id: int, units: int, now: dt.datetime) -> Quote:
    """What getting to `units` would cost or give back, for any member to see (R11).

    Raises GoneError, BadValueError, CycleDueError.
    """
    place = seat(tx, person_id, workspace_id)
    renewal.expect_current(place.workspace, now)
    balance = workspaces.wallet(tx, place.partner.id, workspace_id).balance
    return Planned.load(tx, place.partner, place.workspace, addon_id, units, now).quote(
        tx, balance, place.role
    )


def quote_from_desk(
    tx: Tx, person_id: int, workspace_id: int, addon_id: int, units: int, now: dt.datetime
) -> Quote:
    """The same quote for the partner's people. Raises GoneError, BadValueError."""
    place, workspace = desk_workspace(tx, person_id, workspace_id)
    balance = workspaces.wallet(tx, place.partner.id, workspace_id).balance
    return Planned.load(tx, place.partner, workspace, addon_id, units, now).quote(tx, balance, Role.OWNER)


@dataclass(frozen=True, slots=True)
class Planned:
    """A change before it is made."""

    partner: Partner
    workspace: Workspace
    addon: Addon
    sale: Sale
    units_before: int
    units_after: int
    today: dt.date
    renews: bool
    next_price: int
    unpaid: int
    """How many of the units before wait for points (R15)."""

    @classmethod
    def load(
        cls,
        tx: Tx,
        partner: Partner,
        workspace: Workspace,
        addon_id: int,
        units: int,
        now: dt.datetime,
    ) -> "Planned":
        addon = catalogue.addon(tx, partner.id, addon_id)
        if addon is None:
            raise GoneError
        if not 0 <= units <= MOST_UNITS:
            raise BadValueError("units", str(units))
        today = today_of(workspace, now)
        cycle = running_cycle(workspace)
        sale = load_sale(tx, partner, workspace, addon, cycle, today)
        state = workspaces.addon_state(tx, partner.id, workspace.id, addon_id)
        before = state.units if state is not None else 0
        if sale is None or (units > before and not addon.on_sale):
            raise GoneError
        prices = catalogue.addon_prices(tx, partner.id, addon_id)[addon_id]
        return cls(
            partner,
            workspace,
            addon,
            sale,
            before,
            units,
            today,
            state.renews if state is not None and before else True,
            next_price(prices, workspace) or 0,
            sale.unpaid,
        )

    @property
    def formula(self) -> Formula:
        """A removal never costs anything, nor what is added while credit billing is off (R26)."""
        worked_out = self.sale.formula(*self.steps, unpaid=self.unpaid_after)
        free = worked_out.amount > 0 and not (self.is_adding and self.partner.credit_billing)
        if self.units_after == self.units_before or free:
            return Formula(self.sale.terms.price, self.sale.cycle.whole_days, (), 0, 0)
        return worked_out

    @property
    def dropped(self) -> int:
        """Units that wait for points and are let go: a lapse, which costs nothing and gives nothing back (R15). While
        credit billing is off an addition gives them anew.
        """
        if self.is_adding:
            return 0 if self.partner.credit_billing else self.unpaid
        return min(self.unpaid, self.units_before - self.units_after)

    @property
    def is_adding(self) -> bool:
        return self.units_after > self.units_before

    @property
    def paid_too(self) -> int:
        """Units that waited for points and that an addition pays too."""
        return self.unpaid - self.dropped if self.is_adding else 0

    @property
    def unpaid_after(self) -> int:
        return 0 if self.is_adding else self.unpaid - self.dropped

    @property
    def steps(self) -> tuple[Step, ...]:
        """The change as it is stored: a lapse first where units wait for points, then what is added or removed."""
        paid = self.units_before - self.dropped
        lapse = (Step(self.today, self.units_before, paid, lapsed=True),) if self.dropped else ()
        if self.units_after == paid:
            return lapse
        change = Step(
            self.today,
            paid,
            self.units_after,
            given=self.is_adding and not self.partner.credit_billing,
            date_charged=not self.is_adding and self.partner.charge_removal_date,
        )
        return (*lapse, change)

    def quote(self, tx: Tx, balance: int, role: Role) -> Quote:
        return Quote(
            self.workspace.id,
            self.workspace.name,
            self.addon.id,
            self.addon.label,
            self.units_before,
            self.units_after,
            self.sale.terms.price,
            self.formula,
            self.sale.cycle.days_left(self.today),
            self.sale.cycle.whole_days,
            balance,
            self.workspace.cycle_end,
            self.units_after * self.next_price,
            self._newly_over(tx),
            role,
            self.partner.customers_may_remove,
            self.addon.whole_cycles,
            self.renews,
            self.partner.name,
            self.unpaid,
        )

    def _newly_over(self, tx: Tx) -> tuple[Over, ...]:
        if self.units_after >= self.units_before:
            return ()
        units = {
            row.addon_id: row.units for row in workspaces.addon_states(tx, self.partner.id, self.workspace.id)
        }
        return _exceeded(tx, self.workspace, units, {**units, self.addon.id: self.units_after})


def over_after_renewal(tx: Tx, workspace: Workspace, addon_id: int) -> tuple[Over, ...]:
    """Limits that the next cycle would begin above, by today's usage, if this add-on ended too (R23).

    What is counted per cycle starts at zero then and exceeds nothing.
    """
    renewing = {
        row.addon_id: row.units
        for row in workspaces.addon_states(tx, workspace.partner_id, workspace.id)
        if row.renews
    }
    ending = {number: units for number, units in renewing.items() if number != addon_id}
    return _exceeded(tx, workspace, renewing, ending, per_cycle=False)


def _exceeded(
    tx: Tx,
    workspace: Workspace,
    before: Mapping[int, int],
    after: Mapping[int, int],
    *,
    per_cycle: bool = True,
) -> tuple[Over, ...]:
    """What is over with the units after, and is not with those before."""
    over_before = {each.code for each in standing.standing(tx, workspace, before).over}
    return tuple(
        (each.label, each.used or 0, each.allowance)
        for each in standing.standing(tx, workspace, after).over
        if each.code not in over_before and (per_cycle or not each.per_cycle)
    )
