"""Keep-order as the customer sees and sets it (R15)."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.access import Role, locked_seat
from billing.call import Call
from billing.errors import GoneError
from billing.renewal.boundaries import catch_up
from billing.renewal.needs import Upcoming
from billing.renewal.wishes import aged, keep, shortage
from storage import workspaces
from storage.models import AddonState, Partner, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class KeepEntry:
    """An active add-on in keep-order."""

    addon_id: int
    label: str
    units: int
    price: int
    """Hundredths a unit in the next cycle."""
    renews: bool
    """False: set not to renew, asked to be removed, or nothing of the workspace renews."""
    needed: int
    """How many of the units keep the workspace within its limits."""
    ranked: bool
    """Whether the customer gave it its place."""


def keep_order(tx: Tx, partner: Partner, workspace: Workspace) -> list[KeepEntry]:
    """The active add-ons, first kept first; those that don't renew come last."""
    upcoming = Upcoming.load(tx, partner, workspace)
    cycle = upcoming.next_cycle
    states = {state.addon_id: state for state in upcoming.states}

    def entry(state: AddonState, needed: int, *, renews: bool) -> KeepEntry:
        return KeepEntry(
            state.addon_id,
            upcoming.addons[state.addon_id].label,
            state.units,
            upcoming.price(state.addon_id, cycle) or 0,
            renews,
            needed,
            state.keep_rank is not None,
        )

    wishes = aged(tx, workspace, upcoming.wishes(cycle))
    kept = keep(wishes, 0, shortage(tx, workspace, {}, next_cycle=True))
    renewing = [entry(states.pop(each.wish.addon_id), each.needed, renews=True) for each in kept]
    return [*renewing, *(entry(state, 0, renews=False) for state in states.values())]


def set_keep_order(tx: Tx, call: Call, workspace_id: int, addon_ids: Sequence[int]) -> list[KeepEntry]:
    """A customer says what is kept first; add-ons not named follow in the default order.

    Raises GoneError for one that the workspace has no units of.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    catch_up(tx, call, place.partner, place.workspace, place.wallet)
    found = workspaces.addon_states(tx, place.partner.id, workspace_id)
    states = {state.addon_id: state for state in found}
    if not states.keys() >= set(addon_ids):
        raise GoneError
    ranks = {addon_id: rank for rank, addon_id in enumerate(dict.fromkeys(addon_ids))}
    for state in states.values():
        state.keep_rank = ranks.get(state.addon_id)
    tx.session.flush()
    return keep_order(tx, place.partner, place.workspace)


def reset_keep_order(tx: Tx, call: Call, workspace_id: int) -> list[KeepEntry]:
    """Back to the default order."""
    return set_keep_order(tx, call, workspace_id, ())
