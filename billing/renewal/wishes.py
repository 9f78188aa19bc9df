"""Keep-order (R15): which of the units that should renew are kept with the points there are. Nothing here writes."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from billing import standing
from storage import catalogue
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
    since: dt.datetime
    limit: str | None
    """The limit that a unit raises, and by how much."""
    grant: int


@dataclass(frozen=True, slots=True)
class Kept:
    """How many units of a wish are kept and what they cost, hundredths."""

    wish: Wish
    units: int
    cost: int
    needed: int
    """How many of the wished units keep the workspace within its limits."""


def wish_for(
    state: AddonState | StateRow, addon: Addon | AddonRow, units: int, cost: Callable[[int], int]
) -> Wish:
    return Wish(
        addon.id, addon.label, units, cost, state.keep_rank, state.since, addon.limit_code, addon.grant
    )


def keep(wishes: Sequence[Wish], points: int, shortage: Mapping[str, int]) -> list[Kept]:
    """The units that so many hundredths keep, in keep-order; what doesn't fit is passed over.

    First what the customer ranked; then, unit by unit and oldest first, what keeps the workspace within its limits;
    then the rest, oldest first. A debt keeps what is free. `shortage`: usage above the allowance, by limit, if none
    of the wishes renewed.
    """
    purse = max(0, points)
    short = dict(shortage)
    kept = dict.fromkeys((wish.addon_id for wish in wishes), 0)

    def take(wish: Wish, most: int) -> None:
        nonlocal purse
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
    unranked = sorted((wish for wish in wishes if wish.rank is None), key=_age)
    for wish in unranked:
        # Anew for each: where one was passed over, another of the same limit may step in for it.
        take(wish, min(wish.units, _to_cover(wish, short)))
    for wish in unranked:
        take(wish, wish.units - kept[wish.addon_id])
    return [
        Kept(wish, units, wish.cost(units) - wish.cost(0), needed[wish.addon_id])
        for wish, units in ((wish, kept[wish.addon_id]) for wish in ordered)
    ]


def in_order(wishes: Sequence[Wish], needed: Mapping[int, int]) -> list[Wish]:
    """Ranked ones by rank, then those with needed units, then the others, oldest first."""
    return sorted(
        wishes,
        key=lambda wish: (
            wish.rank is None,
            wish.rank or 0,
            wish.rank is None and not needed[wish.addon_id],
            *_age(wish),
        ),
    )


def _needed(wishes: Sequence[Wish], shortage: Mapping[str, int]) -> dict[int, int]:
    """Units of each add-on that usage stays within the allowance by, oldest first."""
    short = dict(shortage)
    needed = {}
    for wish in sorted(wishes, key=_age):
        units = min(wish.units, _to_cover(wish, short))
        needed[wish.addon_id] = units
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


def _age(wish: Wish) -> tuple[dt.datetime, int]:
    return wish.since, wish.addon_id


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
