"""The ways out of a pause by a limit, with today's price (R22)."""

import datetime as dt
from dataclasses import dataclass

from billing import limits, standing
from billing.access import seat
from billing.addons import quote
from billing.errors import GoneError
from billing.limits import Offer
from storage import catalogue, workspaces
from storage.transaction import Tx


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


def ways_out(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> tuple[WayOut, ...]:
    """The cheapest mix of add-ons that brings every limit back into its allowance; empty where none does.

    Cheapest by what it costs until the renewal. Raises StrangerError.
    """
    place = seat(tx, person_id, workspace_id)
    shortage = {each.code: each.over for each in standing.standing(tx, place.workspace).over}
    offers: list[Offer[int]] = []
    for addon in catalogue.addons(tx, place.partner.id):
        if addon.on_sale and addon.limit_code in shortage and addon.grant > 0:
            state = workspaces.addon_state(tx, place.partner.id, workspace_id, addon.id)
            before = state.units if state is not None else 0
            try:
                one_more = quote(tx, person_id, workspace_id, addon.id, before + 1, now)
            except GoneError:
                continue
            offers.append(Offer(addon.id, addon.limit_code, addon.grant, max(0, one_more.amount)))
    mix = limits.cheapest_mix(shortage, offers)
    if mix is None:
        return ()
    found = []
    for addon_id, units in mix.units:
        state = workspaces.addon_state(tx, place.partner.id, workspace_id, addon_id)
        before = state.units if state is not None else 0
        quoted = quote(tx, person_id, workspace_id, addon_id, before + units, now)
        per_unit = quoted.next_cost // quoted.units_after
        found.append(
            WayOut(
                addon_id,
                quoted.label,
                units,
                before + units,
                quoted.amount,
                per_unit * units,
                quoted.days_left,
                quoted.days_of,
            )
        )
    return tuple(found)
