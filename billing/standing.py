"""How a workspace stands: allowance and usage of every limit (R20), and the reasons it is paused for (R21)."""

import datetime as dt
import json
from dataclasses import dataclass

from billing import audit, limits, notices
from billing.access import desk_locked
from billing.call import Call
from billing.cycle import local_date, zone_named
from billing.errors import BadValueError
from billing.text import NOTE_LENGTH, whole
from storage import catalogue, workspaces
from storage.models import Delivery, Partner, Usage, Workspace
from storage.transaction import Tx

MOST_USED = 1_000_000_000_000
"""What may be reported of one limit."""


@dataclass(frozen=True, slots=True)
class LimitStanding:
    """One limit. `used` None: never reported, or only granted."""

    code: str
    label: str
    counted: bool
    allowance: int
    used: int | None

    @property
    def over(self) -> int:
        """By how much usage is above the allowance."""
        return limits.over(self.used or 0, self.allowance) if self.counted else 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Every limit of a workspace, in the partner's order."""

    limits: tuple[LimitStanding, ...]
    reported_at: dt.datetime | None

    @property
    def over(self) -> tuple[LimitStanding, ...]:
        return tuple(each for each in self.limits if each.over)


def standing(tx: Tx, workspace: Workspace, units: dict[int, int] | None = None) -> Standing:
    """The standing now, or with other units (add-on id -> units) to see what a change would do."""
    partner_id = workspace.partner_id
    plan: dict[str, int] = {}
    if workspace.plan_id is not None:
        plan = catalogue.plan_allowances(tx, partner_id, [workspace.plan_id])[workspace.plan_id]
    overrides = workspaces.overrides(tx, partner_id, workspace.id)
    if units is None:
        units = {
            state.addon_id: state.units for state in workspaces.addon_states(tx, partner_id, workspace.id)
        }
    granted: dict[str, list[tuple[int, int]]] = {}
    if units:
        for addon in catalogue.addons(tx, partner_id):
            if addon.limit_code is not None and units.get(addon.id):
                granted.setdefault(addon.limit_code, []).append((units[addon.id], addon.grant))
    usage = workspaces.usage(tx, partner_id, workspace.id)
    found = []
    for limit in catalogue.limits(tx, partner_id):
        row = usage.get(limit.code)
        used = row.used if row is not None and limit.counted else None
        if row is not None and limit.per_cycle and _day(row.at, workspace) < workspace.cycle_start:
            used = 0
        found.append(
            LimitStanding(
                limit.code,
                limit.label,
                limit.counted,
                limits.allowance(
                    plan.get(limit.code, 0), overrides.get(limit.code), granted.get(limit.code, [])
                ),
                used,
            )
        )
    return Standing(tuple(found), max((row.at for row in usage.values()), default=None))


def _day(at: dt.datetime, workspace: Workspace) -> dt.date:
    return local_date(at, zone_named(workspace.zone))


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


def settle(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    *,
    told: bool = False,
    was_paused: bool | None = None,
) -> None:
    """Let the limit reason come or go with what this transaction changed, and queue what the host must know.

    `told`: the screen of whoever caused it says so already. `was_paused`: before the caller moved a reason itself.
    """
    tx.session.flush()
    if was_paused is None:
        was_paused = bool(reasons(workspace))
    was_over = workspace.paused_limit
    units = {state.addon_id: state.units for state in workspaces.addon_states(tx, partner.id, workspace.id)}
    stands = standing(tx, workspace, units)
    over = stands.over
    workspace.paused_limit = bool(over)
    paused = bool(reasons(workspace))
    granted = {each.code: each.allowance for each in stands.limits}
    _deliver(tx, call, partner, workspace, granted, units, paused=paused)
    if paused != was_paused:
        notices.tell_workspace(
            tx,
            call,
            partner.id,
            workspace.id,
            "paused" if paused else "resumed",
            {
                "reasons": sorted(reasons(workspace)),
                "over": [[each.label, each.used, each.allowance] for each in over],
                "note": workspace.pause_note,
            },
            but=call.person_id if told else None,
        )
    if over and not was_over:
        notices.tell_desk(
            tx,
            call,
            partner.id,
            "desk_paused",
            {
                "workspace_id": workspace.id,
                "over": [[each.label, each.used, each.allowance] for each in over],
            },
            but=call.person_id,
        )


def _deliver(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    granted: dict[str, int],
    units: dict[int, int],
    *,
    paused: bool,
) -> None:
    """Queue what the host should know, if it differs from what it was told last."""
    told = json.dumps([workspace.name, paused, sorted(granted.items()), sorted(units.items())])
    row = workspaces.lock_delivery(tx, partner.id, workspace.id)
    if row is not None and row.told == told:
        return
    workspace.host_version += 1
    if row is None:
        row = Delivery(partner_id=partner.id, workspace_id=workspace.id)
        tx.session.add(row)
    row.told = told
    row.version = workspace.host_version
    row.paused = paused
    row.asked_at = row.next_at = call.at
    row.attempts, row.error = 0, ""
    row.confirmed_at = call.at if partner.host == "none" else None


def report_usage(
    tx: Tx, call: Call, workspace_id: int, used: dict[str, int], measured_at: dt.datetime
) -> bool:
    """Take a usage report. An older one than is known is ignored (R20). Answers whether anything changed."""
    from billing import renewal  # which settles standings itself

    found = workspaces.lock(tx, workspace_id)
    if found is None:
        return False
    workspace, wallet = found
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None
    renewal.catch_up(tx, call, partner, workspace, wallet)
    known = workspaces.usage(tx, workspace.partner_id, workspace.id)
    counted = {limit.code for limit in catalogue.limits(tx, workspace.partner_id) if limit.counted}
    changed = False
    for code, value in used.items():
        if code not in counted or not 0 <= value <= MOST_USED:
            continue
        row = known.get(code)
        if row is None:
            row = Usage(partner_id=workspace.partner_id, workspace_id=workspace.id, limit_code=code)
            tx.session.add(row)
        elif row.at >= measured_at:
            continue
        row.used, row.at = value, measured_at
        changed = True
    if changed:
        settle(tx, call, partner, workspace)
    return changed


def report_by_hand(tx: Tx, call: Call, workspace_id: int, code: str, used: int) -> None:
    """The partner types what a workspace uses of a limit. Raises BadValueError for what can't be counted."""
    place, workspace, _ = desk_locked(tx, call.person_id, workspace_id)
    limit = next((each for each in catalogue.limits(tx, place.partner.id) if each.code == code), None)
    if limit is None or not limit.counted or not 0 <= used <= MOST_USED:
        raise BadValueError("usage", str(used))
    known = workspaces.usage(tx, place.partner.id, workspace.id).get(code)
    before = known.used if known is not None else None
    if report_usage(tx, call, workspace_id, {code: used}, call.at):
        audit.record(
            tx,
            call,
            place.partner.id,
            "usage",
            workspace_id=workspace.id,
            subject=limit.label,
            before={"used": before},
            after={"used": used},
        )


def set_manual_pause(tx: Tx, call: Call, workspace_id: int, *, paused: bool, note: str = "") -> None:
    """The partner pauses or lets run; only the partner moves this reason (R21). Raises TooLongError."""
    from billing import renewal  # which settles standings itself

    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id)
    reason = whole(note, NOTE_LENGTH)
    # A pause that comes after a boundary must not keep that boundary from renewing (R14).
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    if workspace.paused_manual == paused:
        return
    was_paused = bool(reasons(workspace))
    workspace.paused_manual = paused
    workspace.pause_note = reason if paused else ""
    audit.record(
        tx,
        call,
        place.partner.id,
        "pause" if paused else "resume",
        workspace_id=workspace.id,
        after={"note": workspace.pause_note},
    )
    settle(tx, call, place.partner, workspace, was_paused=was_paused)
