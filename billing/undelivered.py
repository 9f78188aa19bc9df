"""What a silent host platform does to a sale: the partner is told, and after a day the charge goes back (R35)."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from billing import notices, renewal, standing
from billing.addons.undoing import cycles_since, lines_to_target, load_sales
from billing.call import Call
from billing.charging import today_of
from billing.clock import Clock
from billing.ledger import Kind, Operation, Posted, post
from storage import catalogue, hosts, ledger, workspaces
from storage.database import Database
from storage.models import AddonChange, AddonState, Delivery, Partner, Wallet, Workspace
from storage.transaction import Tx

TOLD_AFTER = dt.timedelta(hours=1)
TAKEN_BACK_AFTER = dt.timedelta(days=1)
_NAMED = 5
"""Workspaces that a notice names."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Units that never reached the host, and the hundredths that came back for them."""

    label: str
    units: int
    amount: int


def tell_of_silence(tx: Tx, call: Call) -> int:
    """Tell partners of what their host has not confirmed for an hour; answers how many workspaces that is.

    Each workspace is told of once, and a partner hears of it once an hour at most, as one platform that is away
    silences all of its workspaces.
    """
    told = 0
    for partner_id, waiting in groupby(hosts.silent(tx, call.at - TOLD_AFTER), itemgetter(0)):
        newest = hosts.newest_alert(tx, partner_id)
        if newest is not None and call.at - newest < TOLD_AFTER:
            continue
        rows = [row for _, number in waiting if (row := _silent(tx, call, partner_id, number)) is not None]
        if not rows:
            continue
        for row in rows:
            row.alerted_at = call.at
        told += len(rows)
        since = min(row.waiting_since for row in rows if row.waiting_since is not None)
        notices.tell_desk(
            tx,
            call.part(str(partner_id)),
            partner_id,
            "desk_host_silent",
            {
                "workspaces": [row.workspace_id for row in rows[:_NAMED]],
                "count": len(rows),
                "since": since.isoformat(),
                "error": rows[0].error,
            },
        )
    return told


def _silent(tx: Tx, call: Call, partner_id: int, workspace_id: int) -> Delivery | None:
    """The delivery, locked, if it is still as it was found."""
    row = workspaces.lock_delivery(tx, partner_id, workspace_id)
    if row is None or row.waiting_since is None or row.alerted_at is not None:
        return None
    return row if row.waiting_since <= call.at - TOLD_AFTER else None


def take_back(tx: Tx, call: Call, workspace_id: int) -> tuple[TakenBack, ...]:
    """Units that were paid a day ago and that the host confirmed in no version: they go, their charge comes back.

    Nothing is taken back twice: what is gone isn't there to be found again. Units that somebody has removed or
    that lapsed since are gone already; what the host confirms later is told anew as it stands by then.
    """
    found = workspaces.lock(tx, workspace_id)
    if found is None:
        return ()
    workspace, wallet = found
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None
    renewal.catch_up(tx, call, partner, workspace, wallet)
    row = workspaces.lock_delivery(tx, partner.id, workspace.id)
    if row is None or row.waiting_since is None or row.waiting_since > call.at - TAKEN_BACK_AFTER:
        return ()
    taken = []
    for state in workspaces.addon_states(tx, partner.id, workspace.id):
        # What waits for points itself has charges that are not posted yet (R15): it is looked at when that is over.
        if not state.unpaid:
            taken += _take_back_addon(tx, call, partner, workspace, state, row)
    if not taken:
        return ()
    tx.session.expire(wallet)
    standing.settle(tx, call, partner, workspace)
    _tell(tx, call, partner, workspace, wallet, taken)
    return tuple(taken)


def _take_back_addon(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, state: AddonState, row: Delivery
) -> list[TakenBack]:
    addon = catalogue.addon(tx, partner.id, state.addon_id)
    assert addon is not None
    changes = workspaces.addon_changes(tx, partner.id, workspace.id, addon.id, dt.date.max)
    through = row.confirmed_through
    confirmed = [each for each in changes if through is not None and each.at <= through]
    rest = changes[len(confirmed) :]
    kept = confirmed[-1].units_after if confirmed else 0
    units = _units_to_take(rest, kept, call.at - TAKEN_BACK_AFTER)
    if not units:
        return []
    cycles = cycles_since(tx, workspace, rest[0].on_date)
    if not any(ledger.posted_for(tx, partner.id, workspace.id, addon.id, each.start) for each in cycles):
        # Given for nothing (R26): there is no charge to go back.
        return []
    before = state.units
    today = today_of(workspace, call.at)
    sales = load_sales(tx, partner, workspace, addon, cycles, today)
    _tell_history_anew(tx, call, state, rest, kept, units)
    _reduce(tx, state, before - units)
    tx.session.flush()
    lines = lines_to_target(tx, partner, workspace, sales, today, Kind.UNDO, (before, state.units))
    reference = f"undelivered:{workspace.id}:{addon.id}:{row.version}"
    (posted,) = post(tx, [Operation(partner.id, workspace.id, reference, tuple(lines), call.at, forced=True)])
    assert isinstance(posted, Posted)
    return [TakenBack(addon.label, units, posted.amount)]


def _reduce(tx: Tx, state: AddonState, units: int) -> None:
    state.units = units
    if not units:
        state.renews, state.keep_rank = True, None
    request = workspaces.removal_request(tx, state.partner_id, state.workspace_id, state.addon_id)
    if request is not None and request.units >= units:
        tx.session.delete(request)


def _units_to_take(rest: list[AddonChange], kept: int, before: dt.datetime) -> int:
    """Units above the confirmed ones that were there a day ago and have been ever since."""
    old = [each.units_after for each in rest if each.at <= before]
    since = [each.units_after for each in rest if each.at > before]
    return max(0, min([*old[-1:], *since]) - kept) if old else 0


def _tell_history_anew(
    tx: Tx, call: Call, state: AddonState, rest: list[AddonChange], kept: int, units: int
) -> None:
    """Undo the changes since the confirmed state and note them again, as if those units had never been."""

    def without(level: int) -> int:
        return level - min(units, max(0, level - kept))

    for each in rest:
        each.undone_at = call.at
        before, after = without(each.units_before), without(each.units_after)
        if before == after:
            continue
        state.changes += 1
        tx.session.add(
            AddonChange(
                partner_id=each.partner_id,
                workspace_id=each.workspace_id,
                addon_id=each.addon_id,
                number=state.changes,
                on_date=each.on_date,
                units_before=before,
                units_after=after,
                reference=f"{each.reference}/without",
                lapsed=each.lapsed,
                paid_until=each.paid_until,
                given=each.given,
                date_charged=each.date_charged,
                at=each.at,
                person_id=each.person_id,
            )
        )


def _tell(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet, taken: list[TakenBack]
) -> None:
    facts = {
        "taken": [[each.label, each.units, each.amount] for each in taken],
        "balance": wallet.balance,
    }
    notices.tell_workspace(tx, call, partner.id, workspace.id, "undelivered", facts)
    notices.tell_desk(tx, call, partner.id, "desk_undelivered", {"workspace_id": workspace.id, **facts})


async def mind_silence(db: Database, clock: Clock, bot_id: int) -> int:
    """Tell partners of silent hosts and take back what a day of silence undoes; answers how much was told."""
    now = clock.now()
    told = 0
    if await db.read(hosts.silent, now - TOLD_AFTER):
        told += await db.write(tell_of_silence, Call(now, f"silence:{now.isoformat()}", bot_id))
    for workspace_id in await db.read(hosts.undelivered, now - TAKEN_BACK_AFTER):
        call = Call(now, f"undelivered:{workspace_id}:{now.isoformat()}", bot_id)
        told += bool(await db.write(take_back, call, workspace_id))
    return told
