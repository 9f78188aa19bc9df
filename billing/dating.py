"""A new renewal date or time zone for a workspace (R4): set by its partner, told to its customers."""

import datetime as dt
from dataclasses import dataclass

from billing import audit, notices, renewal, standing
from billing.access import desk_locked, desk_workspace
from billing.call import Call
from billing.charging import Step, load_sale, running_cycle, today_of
from billing.cycle import Cycle, rebase, start_instant, zone_named
from billing.errors import BadValueError
from billing.explain import pack
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.proration import charged_units, difference
from storage import catalogue, ledger, workspaces
from storage.models import Partner, Workspace
from storage.transaction import Tx

FARTHEST = dt.timedelta(days=366)
"""How far from today a new anchor may be."""


@dataclass(frozen=True, slots=True)
class Redating:
    """What a new renewal date does. Hundredths of points go back for dates that the running cycle loses."""

    workspace_id: int
    workspace: str
    renewal_before: dt.date
    renewal: dt.date
    after: Cycle
    """The cycle that follows: whole, or a short one that leads up to the new date."""
    back: tuple[tuple[str, int], ...]
    """Label and hundredths, of add-ons that had paid for dates which are cut off."""
    balance: int

    @property
    def total_back(self) -> int:
        return sum(amount for _, amount in self.back)


def preview_renewal_date(
    tx: Tx, person_id: int, workspace_id: int, anchor: dt.date, now: dt.datetime
) -> Redating:
    """What the new date would do, before it is set. Raises GoneError, BadValueError, CycleDueError."""
    place, workspace = desk_workspace(tx, person_id, workspace_id)
    renewal.expect_current(workspace, now)
    kept, after = _rebased(workspace, anchor, now)
    balance = workspaces.wallet(tx, place.partner.id, workspace_id).balance
    lines = _settled(tx, place.partner, workspace, kept, today_of(workspace, now))
    return _redating(workspace, workspace.cycle_end, kept, after, lines, balance)


def set_renewal_date(tx: Tx, call: Call, workspace_id: int, anchor: dt.date) -> Redating:
    """Cycles follow `anchor` from now on; what was paid for dates that are cut off goes back at once (R4, R7).

    Raises GoneError, BadValueError (a date over a year away).
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id)
    partner = place.partner
    renewal.catch_up(tx, call, partner, workspace, wallet)
    done = audit.recorded(tx, call, partner.id, "renewal_date", workspace_id)
    before, old_anchor = workspace.cycle_end, workspace.anchor
    kept, after = _rebased(workspace, anchor, call.at)
    if done is not None:
        return _redating(
            workspace, dt.date.fromisoformat(done.before["renewal"]), kept, after, (), wallet.balance
        )
    lines = _settled(tx, partner, workspace, kept, today_of(workspace, call.at))
    if lines:
        operation = Operation(
            partner.id,
            workspace_id,
            call.part("renewal-date").reference,
            tuple(line for _, line in lines),
            call.at,
            call.person_id,
            forced=True,
        )
        (posted,) = post(tx, [operation])
        assert isinstance(posted, Posted), "dates that are cut off give points back"
        tx.session.expire(wallet)
    workspace.anchor = anchor
    if kept.end != workspace.cycle_end:
        workspaces.cut_cycle(tx, partner.id, workspace_id, kept.start, kept.end)
        workspace.cycle_end = kept.end
        workspace.renews_at = start_instant(kept.end, zone_named(workspace.zone))
        workspace.remind_at, workspace.reminded = workspace.renews_at - renewal.EARLIEST_REMINDER, None
    result = _redating(workspace, before, kept, after, lines, wallet.balance)
    audit.record(
        tx,
        call,
        partner.id,
        "renewal_date",
        workspace_id=workspace_id,
        subject=workspace.name,
        before={"renewal": before.isoformat(), "anchor": old_anchor.isoformat()},
        after={"renewal": kept.end.isoformat(), "anchor": anchor.isoformat(), "points": result.total_back},
    )
    notices.tell_workspace(
        tx,
        call,
        partner.id,
        workspace_id,
        "renewal_date",
        {
            "renewal": kept.end.isoformat(),
            "then": after.end.isoformat(),
            "back": result.total_back,
            "balance": wallet.balance,
        },
    )
    # A boundary that is today ends the running cycle now.
    renewal.catch_up(tx, call.part("redated"), partner, workspace, wallet)
    standing.settle(tx, call.part("redated"), partner, workspace)
    return result


def set_zone(tx: Tx, call: Call, workspace_id: int, zone: str) -> Workspace:
    """A new time zone; it counts from the next cycle (R4). Raises GoneError, UnknownZoneError."""
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id)
    key = zone_named(zone).key
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    planned = key if key != workspace.zone else None
    if workspace.next_zone != planned:
        audit.record(
            tx,
            call,
            place.partner.id,
            "zone",
            workspace_id=workspace_id,
            subject=workspace.name,
            before={"zone": workspace.next_zone or workspace.zone},
            after={"zone": key, "from": workspace.cycle_end.isoformat()},
        )
        workspace.next_zone = planned
    return workspace


def _rebased(workspace: Workspace, anchor: dt.date, now: dt.datetime) -> tuple[Cycle, Cycle]:
    today = today_of(workspace, now)
    if abs(anchor - today) > FARTHEST:
        raise BadValueError("date", anchor.isoformat())
    return rebase(running_cycle(workspace), anchor, today)


def _settled(
    tx: Tx, partner: Partner, workspace: Workspace, kept: Cycle, today: dt.date
) -> tuple[tuple[str, Line], ...]:
    """What goes back for every add-on that has cost something in the running cycle."""
    running = running_cycle(workspace)
    if kept.end == running.end:
        return ()
    lines = []
    for addon in catalogue.addons(tx, partner.id):
        posted = ledger.posted_for(tx, partner.id, workspace.id, addon.id, kept.start)
        sale = load_sale(tx, partner, workspace, addon, kept, today) if posted else None
        if sale is None:
            continue
        state = workspaces.addon_state(tx, partner.id, workspace.id, addon.id)
        waiting = state.unpaid if state is not None else 0
        # Units that wait for points have posted nothing, so nothing of them goes back.
        paid = (Step(today, state.units, state.units - waiting, lapsed=True),) if state and waiting else ()
        history = sale.history(*paid)
        worked_out = difference(
            running,
            charged_units(running, history, sale.terms),
            charged_units(kept, history, sale.terms),
            history,
            sale.terms,
            posted,
        )
        if worked_out.amount < 0:
            line = Line(
                Kind.REDATED,
                -worked_out.amount,
                addon_id=addon.id,
                cycle_start=kept.start,
                explained=pack(worked_out, sale.units, sale.units),
            )
            lines.append((addon.label, line))
    return tuple(lines)


def _redating(
    workspace: Workspace,
    before: dt.date,
    kept: Cycle,
    after: Cycle,
    lines: tuple[tuple[str, Line], ...],
    balance: int,
) -> Redating:
    return Redating(
        workspace.id,
        workspace.name,
        before,
        kept.end,
        after,
        tuple((label, line.amount) for label, line in lines),
        balance,
    )
