"""Keep-order as its screen shows and changes it (R15)."""

import datetime as dt
from dataclasses import dataclass

from billing import renewal
from billing.access import Role, locked_seat, seat
from billing.call import Call
from storage import workspaces
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class KeptAddon:
    """An active add-on at the coming renewal; hundredths of points."""

    addon_id: int
    label: str
    units: int
    cost: int
    """Of all the units, in the next cycle."""
    kept: int
    """How many of them today's points would renew."""
    renews: bool
    may_renew: bool
    """False: it ends for another reason than being set so."""
    needed: bool
    """Whether it keeps the workspace within its limits."""
    ranked: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """What would renew, first kept first."""

    workspace_id: int
    workspace: str
    renewal: dt.date
    zone: str
    balance: int
    cost: int
    addons: tuple[KeptAddon, ...]
    may_change: bool


def keeping(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> Keeping:
    """For any member. Raises StrangerError, CycleDueError."""
    place = seat(tx, person_id, workspace_id)
    workspace, partner = place.workspace, place.partner
    renewal.expect_current(workspace, now)
    need = renewal.next_need(tx, partner, workspace)
    kept = {each.wish.addon_id: each for each in need.kept()}
    set_so = {
        state.addon_id for state in workspaces.addon_states(tx, partner.id, workspace_id) if not state.renews
    }
    return Keeping(
        workspace_id,
        workspace.name,
        workspace.cycle_end,
        workspace.zone,
        need.balance,
        need.cost,
        tuple(
            KeptAddon(
                each.addon_id,
                each.label,
                each.units,
                kept[each.addon_id].wish.cost(each.units) if each.addon_id in kept else 0,
                kept[each.addon_id].units if each.addon_id in kept else 0,
                each.renews,
                each.addon_id in set_so,
                each.needed > 0,
                each.ranked,
            )
            for each in renewal.keep_order(tx, partner, workspace)
        ),
        place.role >= Role.BILLING and workspace.closed_at is None,
    )


def put_at(tx: Tx, call: Call, workspace_id: int, addon_id: int, place: int) -> None:
    """Give an add-on its place among those that renew, counted from 0. Raises GoneError, NotAllowedError."""
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, held.partner, held.workspace, held.wallet)
    entries = renewal.keep_order(tx, held.partner, held.workspace)
    order = [each.addon_id for each in entries if each.renews and each.addon_id != addon_id]
    order.insert(min(place, len(order)), addon_id)
    renewal.set_keep_order(tx, call, workspace_id, order)


def by_default(tx: Tx, call: Call, workspace_id: int) -> None:
    """Back to the default order. Raises NotAllowedError."""
    renewal.reset_keep_order(tx, call, workspace_id)
