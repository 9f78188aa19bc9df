"""How a workspace stands: allowance and usage of every limit (R20), and the reasons it is paused for (R21)."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from billing import limits, notices
from billing.call import Call
from billing.cycle import start_instant, zone_named
from storage import catalogue, workspaces
from storage.models import Addon, Delivery, Limit, Partner, Usage, Workspace
from storage.sweep import AddonRow, DeliveryRow, LimitRow, UsageRow
from storage.transaction import Tx

OVER: Final = 101
"""Remembered among the warning percentages: usage above the allowance, of which the pause tells."""


@dataclass(frozen=True, slots=True)
class LimitStanding:
    """One limit. `used` None: never reported, or only granted."""

    code: str
    label: str
    counted: bool
    per_cycle: bool
    """Usage starts again at zero with each cycle."""
    allowance: int
    used: int | None
    warned: int
    """The warning percentage that was crossed last and held then, or OVER (R22)."""

    @property
    def over(self) -> int:
        """By how much usage is above the allowance."""
        return limits.over(self.used or 0, self.allowance) if self.counted else 0

    @property
    def warning_level(self) -> int:
        """The highest warning percentage that usage has reached now, 0 for none, OVER above the allowance (R22)."""
        if self.over:
            return OVER
        return limits.warning_level(self.used or 0, self.allowance) if self.counted else 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Every limit of a workspace, in the partner's order, and the features that its add-ons switch on."""

    limits: tuple[LimitStanding, ...]
    features: tuple[str, ...]
    reported_at: dt.datetime | None

    @property
    def over(self) -> tuple[LimitStanding, ...]:
        return tuple(each for each in self.limits if each.over)


def standing(
    tx: Tx,
    workspace: Workspace,
    units: Mapping[int, int] | None = None,
    *,
    plan: Mapping[str, int] | None = None,
) -> Standing:
    """The standing now, or with other units (add-on id -> units) or another plan (limit code -> value).

    So it is asked what a change would do before it is made (R23); overrides hold whatever the plan.
    """
    partner_id = workspace.partner_id
    if plan is None:
        plan = {}
        if workspace.plan_id is not None:
            plan = catalogue.plan_allowances(tx, partner_id, [workspace.plan_id])[workspace.plan_id]
    overrides = workspaces.overrides(tx, partner_id, workspace.id)
    if units is None:
        units = {
            state.addon_id: state.units for state in workspaces.addon_states(tx, partner_id, workspace.id)
        }
    return worked_out(
        workspace.began_at or start_instant(workspace.cycle_start, zone_named(workspace.zone)),
        catalogue.limits(tx, partner_id),
        catalogue.addons(tx, partner_id) if units else (),
        units,
        plan,
        overrides,
        workspaces.usage(tx, partner_id, workspace.id),
    )


def worked_out(
    began_at: dt.datetime,
    all_limits: Iterable[Limit | LimitRow],
    addons: Iterable[Addon | AddonRow],
    units: Mapping[int, int],
    plan: Mapping[str, int],
    overrides: Mapping[str, int],
    usage: Mapping[str, Usage | UsageRow],
) -> Standing:
    """The standing, from what was read. Limits and add-ons in the partner's order.

    `began_at`: what is counted per cycle counts from then on, by the reports' own time (R20).
    """
    granted: dict[str, list[tuple[int, int]]] = {}
    features: dict[str, None] = {}
    for addon in addons:
        if not units.get(addon.id):
            continue
        if addon.limit_code is not None:
            granted.setdefault(addon.limit_code, []).append((units[addon.id], addon.grant))
        if addon.feature is not None:
            features[addon.feature] = None
    found = []
    for limit in all_limits:
        row = usage.get(limit.code)
        used = row.used if row is not None and limit.counted else None
        if row is not None and limit.per_cycle and row.at < began_at:
            used = 0
        found.append(
            LimitStanding(
                limit.code,
                limit.label,
                limit.counted,
                limit.per_cycle,
                limits.allowance(
                    plan.get(limit.code, 0), overrides.get(limit.code), granted.get(limit.code, [])
                ),
                used,
                row.warned if row is not None else 0,
            )
        )
    return Standing(tuple(found), tuple(features), max((row.at for row in usage.values()), default=None))


def reasons(workspace: Workspace) -> frozenset[str]:
    """Why the workspace is paused; empty while it runs."""
    return frozenset(
        name
        for name, holds in (
            ("limit", workspace.paused_limit),
            ("unpaid", workspace.paused_unpaid),
            ("manual", workspace.paused_manual),
        )
        if holds
    )


def is_over(workspace: Workspace) -> bool:
    """Closed, and the cycle in which it was closed has ended, with its plan (R37)."""
    return workspace.closed_at is not None and workspace.plan_id is None


def settle(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    *,
    told: bool = False,
    before: frozenset[str] | None = None,
) -> None:
    """Let the limit reason come or go with what this transaction changed, and queue what must be told.

    That is the host's new state, what a pause holds by now or its end, and usage that crossed a warning percentage
    (R22). `told`: the screen of whoever caused it says so already. `before`: the reasons before the caller moved one.
    """
    tx.session.flush()
    if before is None:
        before = reasons(workspace)
    units = {state.addon_id: state.units for state in workspaces.addon_states(tx, partner.id, workspace.id)}
    stands = standing(tx, workspace, units)
    workspace.paused_limit = bool(stands.over)
    _deliver(tx, call, partner, workspace, stands, units, paused=bool(reasons(workspace)))
    if is_over(workspace):
        # It was told: nothing is allowed any more, and nobody has to mend that.
        return
    _tell_customer(tx, call, workspace, stands, before, told=told)
    _tell_desk(tx, call, workspace, stands, before)
    _warn(tx, call, workspace, stands)


def _tell_customer(
    tx: Tx, call: Call, workspace: Workspace, stands: Standing, before: frozenset[str], *, told: bool
) -> None:
    """Each change of what holds the workspace is told once, with all that holds it now (R21, R36).

    An unpaid plan that comes is told by billing.plans, with the way to pay it.
    """
    now = reasons(workspace)
    came = [each for each in stands.limits if each.over and each.warned != OVER]
    went = [each.label for each in stands.limits if each.warned == OVER and not each.over]
    added = now - before
    params: dict[str, Any] = {"reasons": sorted(now), **_holding(workspace, stands)}
    if before and not now:
        kind = "resumed"
    elif added - {"unpaid"} or came:
        kind = "paused"
        params["more"] = bool(now & before)
    elif now and not added and (before - now or went):
        kind = "still_paused"
        params |= {"gone": sorted(before - now), "within": went if "limit" in now else []}
    else:
        return
    notices.tell_workspace(
        tx,
        call,
        workspace.partner_id,
        workspace.id,
        kind,
        params,
        but=call.person_id if told else None,
    )


def _tell_desk(tx: Tx, call: Call, workspace: Workspace, stands: Standing, before: frozenset[str]) -> None:
    """The partner's people learn of a pause, of a reason that comes on top, and when it runs again."""
    now = reasons(workspace)
    added = now - before - {"unpaid"}
    params: dict[str, Any] = {"workspace_id": workspace.id}
    if before and not now:
        kind = "desk_resumed"
    elif added:
        kind = "desk_paused"
        params |= {"reasons": sorted(added), **_holding(workspace, stands)}
    else:
        return
    notices.tell_desk(tx, call, workspace.partner_id, kind, params, but=call.person_id)


def _holding(workspace: Workspace, stands: Standing) -> dict[str, Any]:
    """What a notice says of a pause: each limit that is exceeded, and what the partner wrote to its own."""
    return {
        "over": [[each.label, each.used, each.allowance] for each in stands.over],
        "note": workspace.pause_note,
    }


def _warn(tx: Tx, call: Call, workspace: Workspace, stands: Standing) -> None:
    """Once per crossing: what fell below a percentage is warned of again (R22).

    Who uses all of it or more is not warned: the pause is told, and with exactly the allowance nothing is wrong.
    """
    moved = [each for each in stands.limits if each.warning_level != each.warned]
    if not moved:
        return
    rows = workspaces.usage(tx, workspace.partner_id, workspace.id)
    crossed = []
    for each in moved:
        if each.warning_level > each.warned and (each.used or 0) < each.allowance:
            crossed.append([each.code, each.label, each.used, each.allowance, each.warning_level])
        rows[each.code].warned = each.warning_level
    if crossed:
        notices.tell_workspace(
            tx, call, workspace.partner_id, workspace.id, "usage_warning", {"limits": crossed}
        )


def _deliver(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    stands: Standing,
    units: Mapping[int, int],
    *,
    paused: bool,
) -> None:
    """Queue what the host should know, if it differs from what it was told last."""
    granted = what_is_granted(stands, units, workspace.cycle_start)
    told = what_host_knows(workspace.name, granted, paused=paused)
    row = workspaces.lock_delivery(tx, partner.id, workspace.id)
    if row is not None and row.told == told:
        return
    workspace.host_version += 1
    if row is None:
        row = Delivery(partner_id=partner.id, workspace_id=workspace.id)
        tx.session.add(row)
    put_version(row, partner.host, told, workspace.host_version, call.at, paused=paused)


def what_host_knows(name: str, granted: str, *, paused: bool) -> str:
    """All that a version for the host says. `granted`: see what_is_granted."""
    return f"[{json.dumps(name)}, {'true' if paused else 'false'}, {granted}]"


def what_is_granted(stands: Standing, units: Mapping[int, int], cycle_start: dt.date) -> str:
    """The part that workspaces of one plan with the same add-ons share."""
    granted = sorted((each.code, each.allowance) for each in stands.limits)
    counts_from = cycle_start.isoformat() if any(each.per_cycle for each in stands.limits) else None
    said = (granted, sorted(units.items()), sorted(stands.features), counts_from)
    return ", ".join(json.dumps(each) for each in said)


def put_version(
    row: Delivery | DeliveryRow, host: str, told: str, version: int, at: dt.datetime, *, paused: bool
) -> None:
    """The host should know a new version; "none" does at once (R35)."""
    row.told = told
    row.version = version
    row.paused = paused
    row.asked_at = row.next_at = at
    row.attempts, row.error = 0, ""
    if host == "none":
        row.waiting_since, row.alerted_at = None, None
        row.confirmed_at = row.confirmed_through = at
    else:
        row.waiting_since = row.waiting_since or at
        row.confirmed_at = None
