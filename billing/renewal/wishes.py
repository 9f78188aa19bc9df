"""Keep-order (R15): which of the units that should renew are kept with the points there are. Nothing here writes."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import itemgetter
from typing import Literal

from billing import standing
from billing.renewal.ages import Batch, batches
from storage import catalogue, workspaces
from storage.models import Addon, AddonState, Workspace
from storage.sweep import AddonRow, DueWorkspace, StateRow
from storage.transaction import Tx

Ending = Literal["points", "set", "asked", "manual", "unpaid", "plan", "closed", "unsold"]
"""Why units end: not covered, set not to renew, asked to be removed; paused by the partner, plan not paid, no plan,
workspace closed; no price to renew at."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Units of an add-on that should renew for one cycle."""

    addon_id: int
    label: str
    units: int
    cost: Callable[[int], int]
    """Hundredths that so many of the units cost; more units never cost less."""
    rank: int | None
    """The place that the customer gave it; None: by the default order."""
    batches: tuple[Batch, ...]
    """The units by age, oldest first."""
    limit: str | None
    """The limit that a unit raises, and by how much."""
    grant: int
    after: int = 0
    """Units of the add-on that come before these: they are paid for the cycle already."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many units of a wish are kept and what they cost, hundredths."""

    wish: Wish
    units: int
    cost: int
    needed: int
    """How many of the wished units keep the workspace within its limits."""


def wish_for(
    state: AddonState | StateRow,
    addon: Addon | AddonRow,
    units: int,
    cost: Callable[[int], int],
    *,
    after: int = 0,
) -> Wish:
    """All units as old as the add-on: enough wherever the points cover everything. See `aged`."""
    age = (Batch(state.since, units),)
    return Wish(
        addon.id, addon.label, units, cost, state.keep_rank, age, addon.limit_code, addon.grant, after
    )


def aged(tx: Tx, workspace: Workspace, wishes: Sequence[Wish]) -> list[Wish]:
    """The wishes with each unit as old as it is."""
    if len(wishes) < 2:
        return list(wishes)
    histories = workspaces.addon_histories(tx, workspace.partner_id, workspace.id)
    return [
        replace(wish, batches=batches(histories[wish.addon_id], wish.after, wish.units)) for wish in wishes
    ]


def aged_where_it_tells(tx: Tx, workspace: Workspace, wishes: Sequence[Wish], points: int) -> list[Wish]:
    """The same, where so many hundredths don't cover all; otherwise no history is read."""
    cost = sum(wish.cost(wish.units) - wish.cost(0) for wish in wishes)
    return aged(tx, workspace, wishes) if cost > max(0, points) else list(wishes)


def keep(wishes: Sequence[Wish], points: int, shortage: Mapping[str, int]) -> list[Kept]:
    """The units that so many hundredths keep, in keep-order; what doesn't fit is passed over.

    First what the customer ranked; then, unit by unit and oldest first, what keeps the workspace within its limits;
    then the rest, unit by unit and oldest first. A debt keeps what is free. `shortage`: usage above the allowance,
    by limit, if none of the wishes renewed.
    """
    purse = max(0, points)
    short = dict(shortage)
    kept = dict.fromkeys((wish.addon_id for wish in wishes), 0)

    def take(wish: Wish, most: int) -> None:
        nonlocal purse
        if most <= 0:
            return
        before = kept[wish.addon_id]
        units = _fitting(wish, before, most, purse)
        purse -= wish.cost(before + units) - wish.cost(before)
        kept[wish.addon_id] += units
        if wish.limit is not None and wish.limit in short:
            short[wish.limit] -= units * wish.grant

    needed = _needed(wishes, shortage)
    ordered = in_order(wishes, needed)
    for wish in ordered:
        if wish.rank is not None:
            take(wish, wish.units)
    # Units of one add-on stand for each other: where one doesn't fit, no younger one does.
    unranked = _by_age(wish for wish in wishes if wish.rank is None)
    for wish, through in unranked:
        # Anew for each: where one was passed over, another of the same limit may step in for it.
        take(wish, min(through - kept[wish.addon_id], _to_cover(wish, short)))
    for wish, through in unranked:
        take(wish, through - kept[wish.addon_id])
    return [
        Kept(wish, units, wish.cost(units) - wish.cost(0), needed[wish.addon_id])
        for wish, units in ((wish, kept[wish.addon_id]) for wish in ordered)
    ]


def in_order(wishes: Sequence[Wish], needed: Mapping[int, int]) -> list[Wish]:
    """Ranked ones by rank, then those with needed units, then the others, by the age of their oldest unit."""
    return sorted(
        wishes,
        key=lambda wish: (
            wish.rank is None,
            wish.rank or 0,
            wish.rank is None and not needed[wish.addon_id],
            wish.batches[0].since,
            wish.addon_id,
        ),
    )


def _by_age(wishes: Iterable[Wish]) -> list[tuple[Wish, int]]:
    """All units, oldest first: whose turn it is, and up to how many of its units."""
    turns = [
        (batch.since, wish.addon_id, through, wish)
        for wish in wishes
        for batch, through in zip(wish.batches, accumulate(each.units for each in wish.batches), strict=True)
    ]
    turns.sort(key=itemgetter(0, 1, 2))
    return [(wish, through) for _, _, through, wish in turns]


def _needed(wishes: Sequence[Wish], shortage: Mapping[str, int]) -> dict[int, int]:
    """Units of each add-on that usage stays within the allowance by, unit by unit and oldest first."""
    short = dict(shortage)
    needed = dict.fromkeys((wish.addon_id for wish in wishes), 0)
    for wish, through in _by_age(wishes):
        units = min(through - needed[wish.addon_id], _to_cover(wish, short))
        needed[wish.addon_id] += units
        if units and wish.limit is not None:
            short[wish.limit] -= units * wish.grant
    return needed


def _to_cover(wish: Wish, short: Mapping[str, int]) -> int:
    missing = short.get(wish.limit, 0) if wish.limit is not None else 0
    return -(-missing // wish.grant) if missing > 0 and wish.grant > 0 else 0


def _fitting(wish: Wish, before: int, most: int, purse: int) -> int:
    """How many of at most `most` units beyond `before` the purse covers."""
    covered = purse + wish.cost(before)
    if wish.cost(before + most) <= covered:
        return most
    return bisect_right(range(before + 1, before + most), covered, key=wish.cost)


def stopped(workspace: Workspace | DueWorkspace) -> Ending | None:
    """Why nothing of the workspace renews (R14); None: it renews."""
    if workspace.closed_at is not None:
        return "closed"
    if workspace.paused_manual:
        return "manual"
    if workspace.paused_unpaid:
        return "unpaid"
    return "plan" if workspace.plan_id is None else None


def wanted_units(state: AddonState, asked: Mapping[int, int], units: int) -> tuple[int, Ending]:
    """How many of an add-on's units should renew, and why the others don't. `asked`: waiting removals (R10)."""
    if not state.renews:
        return 0, "set"
    # Units may have gone since the request was made.
    return min(asked.get(state.addon_id, units), units), "asked"


def shortage(
    tx: Tx, workspace: Workspace, units: dict[int, int], *, next_cycle: bool = False
) -> dict[str, int]:
    """Usage above the allowance by limit if only these units (by add-on) went on.

    `next_cycle`: what is counted per cycle starts again at zero.
    """
    anew = {limit.code for limit in catalogue.limits(tx, workspace.partner_id) if limit.per_cycle}
    return {
        each.code: each.over
        for each in standing.standing(tx, workspace, units).limits
        if each.over and not (next_cycle and each.code in anew)
    }
