"""The ways out of a pause by a limit, with today's price (R22)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from billing import limits, standing
from billing.access import Role, Seat, role_of, seat
from billing.addons import MOST_UNITS, AddonOffer, is_selling, load_offers, quote
from billing.errors import GoneError
from billing.limits import Offer
from billing.money import Money
from billing.standing import Standing
from storage import catalogue, people, workspaces
from storage.models import Plan, Workspace
from storage.transaction import Tx

_PLANS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class WayOut:
    """An add-on to bring to `units_after`; hundredths of points, for this cycle and for each that follows."""

    addon_id: int
    label: str
    units: int
    units_after: int
    amount: int
    next_cost: int
    days_left: int
    days_of: int


@dataclass(frozen=True, slots=True)
class Mix:
    """Add-ons that are bought together, and what stands in their way. Hundredths of points."""

    ways: tuple[WayOut, ...]
    balance: int
    resumes: bool
    """Nothing but the limits stops the workspace: with these it runs again."""

    @property
    def amount(self) -> int:
        return sum(way.amount for way in self.ways)

    @property
    def missing(self) -> int:
        """Points that have to be bought first; a debt is part of it (R29)."""
        return max(0, self.amount - self.balance) if self.amount > 0 else 0

    @property
    def wanted(self) -> tuple[tuple[int, int], ...]:
        """Add-on and units in all: what a button names (R13)."""
        return tuple((way.addon_id, way.units_after) for way in self.ways)


@dataclass(frozen=True, slots=True)
class PlanWay:
    """A plan on sale within whose limits the workspace would be. `price`: of a month, None where it isn't said."""

    plan_id: int
    name: str
    price: Money | None


@dataclass(frozen=True, slots=True)
class Rescue:
    """Every way out for the reader."""

    mix: Mix | None
    """The cheapest add-ons that bring every limit back into its allowance; None where none do."""
    plans: tuple[PlanWay, ...]
    buyers: tuple[str, ...]
    """Who may buy, by name; empty where the reader may."""


def rescue(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> Rescue:
    """For any member of a paused workspace. Raises StrangerError, CycleDueError."""
    place = seat(tx, person_id, workspace_id)
    stands = standing.standing(tx, place.workspace)
    return Rescue(
        _cheapest(tx, place, person_id, stands, now) if is_selling(place.partner) and stands.over else None,
        _plans(tx, place.workspace) if stands.over else (),
        () if place.role >= Role.BILLING else _buyers(tx, place.workspace),
    )


def _cheapest(tx: Tx, place: Seat, person_id: int, stands: Standing, now: dt.datetime) -> Mix | None:
    """Cheapest by what it costs until the renewal."""
    workspace = place.workspace
    shortage = {each.code: each.over for each in stands.over}
    have = {row.addon_id: row.units for row in workspaces.addon_states(tx, place.partner.id, workspace.id)}
    offers: list[Offer[int]] = []
    for addon in catalogue.addons(tx, place.partner.id):
        if addon.on_sale and addon.limit_code in shortage and addon.grant > 0:
            units = have.get(addon.id, 0) + 1
            if units > MOST_UNITS:
                continue
            try:
                one_more = quote(tx, person_id, workspace.id, addon.id, units, now)
            except GoneError:
                continue
            price = one_more.amount
            if one_more.unpaid and units < MOST_UNITS:
                # The first pays what waits for points too, however many there are (R15).
                price = quote(tx, person_id, workspace.id, addon.id, units + 1, now).amount - price
            once = max(0, one_more.amount - price)
            offers.append(Offer(addon.id, addon.limit_code, addon.grant, max(0, price), once))
    mix = limits.cheapest_mix(shortage, offers)
    if mix is None or any(have.get(addon_id, 0) + units > MOST_UNITS for addon_id, units in mix.units):
        return None
    wanted = {addon_id: have.get(addon_id, 0) + units for addon_id, units in mix.units}
    return mix_of(tx, place, person_id, wanted, now)


def mix_of(tx: Tx, place: Seat, person_id: int, wanted: Mapping[int, int], now: dt.datetime) -> Mix:
    """What getting to these units costs by their real quotes; what is there already is left out.

    A unit's price may differ within one cycle (R8), so the quotes of all units together decide.
    """
    ways = []
    for addon_id, units in wanted.items():
        quoted = quote(tx, person_id, place.workspace.id, addon_id, units, now)
        more = units - quoted.units_before
        if more > 0:
            ways.append(
                WayOut(
                    addon_id,
                    quoted.label,
                    more,
                    units,
                    quoted.amount,
                    quoted.next_cost // units * more,
                    quoted.days_left,
                    quoted.days_of,
                )
            )
    balance = workspaces.wallet(tx, place.partner.id, place.workspace.id).balance
    return Mix(tuple(ways), balance, standing.reasons(place.workspace) == {"limit"})


def _plans(tx: Tx, workspace: Workspace) -> tuple[PlanWay, ...]:
    """Other plans on sale that the usage fits into, the cheapest first."""
    others = [
        plan
        for plan in catalogue.plans(tx, workspace.partner_id)
        if plan.on_sale and plan.id != workspace.plan_id
    ]
    allowances = catalogue.plan_allowances(tx, workspace.partner_id, [plan.id for plan in others])
    fitting = [plan for plan in others if not standing.standing(tx, workspace, plan=allowances[plan.id]).over]
    return tuple(
        PlanWay(plan.id, plan.name, _price(plan)) for plan in sorted(fitting, key=_cost)[:_PLANS_SHOWN]
    )


def _price(plan: Plan) -> Money | None:
    if plan.amount_minor is None or plan.currency is None:
        return None
    return Money(plan.amount_minor, plan.currency)


def _cost(plan: Plan) -> tuple[bool, int, int]:
    """Plans without a price last, otherwise in the partner's order."""
    return plan.amount_minor is None, plan.amount_minor or 0, plan.position


def _buyers(tx: Tx, workspace: Workspace) -> tuple[str, ...]:
    members = people.members(tx, workspace.partner_id, workspace.id)
    return tuple(person.name for member, person in members if role_of(member.role) >= Role.BILLING)


def cheapest_raise(tx: Tx, person_id: int, workspace_id: int, limit_code: str) -> AddonOffer | None:
    """The add-on on sale that raises a limit for the fewest points a month, for a warning (R22).

    Raises StrangerError.
    """
    place = seat(tx, person_id, workspace_id)
    if not is_selling(place.partner):
        return None
    raising = {
        addon.id
        for addon in catalogue.addons(tx, place.partner.id)
        if addon.limit_code == limit_code and addon.grant > 0
    }
    offers = [
        offer
        for offer in load_offers(tx, place.partner, place.workspace)
        if offer.on_sale and offer.id in raising and offer.units < MOST_UNITS
    ]
    return min(offers, key=lambda offer: offer.price, default=None)
