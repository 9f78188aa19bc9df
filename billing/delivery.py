"""Telling the host platform, outside any transaction, until it confirms (R35)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from billing import standing
from billing.clock import Clock
from billing.host import Allowance, Entitlements, Host, HostError
from storage import catalogue, workspaces
from storage.database import Database
from storage.models import Delivery, Workspace
from storage.transaction import Tx

_LEASE = dt.timedelta(seconds=60)
_MOST_WAIT = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process works on: whom to tell, and what."""

    partner_id: int
    host: str
    asked_at: dt.datetime
    entitlements: Entitlements


def claim(tx: Tx, now: dt.datetime, limit: int = 50) -> list[Claimed]:
    """Take due deliveries; another process may take them again when the lease is over."""
    taken = []
    for row in workspaces.due_deliveries(tx, now, limit):
        workspace = workspaces.find(tx, row.workspace_id)
        partner = catalogue.partner(tx, row.partner_id)
        assert workspace is not None
        assert partner is not None
        row.attempts += 1
        row.next_at = now + _LEASE
        entitlements = _entitlements(tx, workspace, row)
        taken.append(Claimed(row.partner_id, partner.host, row.asked_at, entitlements))
    return taken


def _entitlements(tx: Tx, workspace: Workspace, row: Delivery) -> Entitlements:
    stands = standing.standing(tx, workspace)
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, row.partner_id)}
    return Entitlements(
        workspace.id,
        workspace.name,
        row.version,
        row.paused,
        tuple(
            Allowance(each.code, each.label, each.allowance, each.counted, each.per_cycle)
            for each in stands.limits
        ),
        {
            labels[state.addon_id]: state.units
            for state in workspaces.addon_states(tx, row.partner_id, workspace.id)
        },
        stands.features,
        workspace.cycle_start,
    )


def confirm(tx: Tx, claimed: Claimed, now: dt.datetime) -> None:
    """The host has this version; a newer one stays to be told."""
    row = workspaces.lock_delivery(tx, claimed.partner_id, claimed.entitlements.workspace_id)
    if row is None:
        return
    row.confirmed_through = max(row.confirmed_through or claimed.asked_at, claimed.asked_at)
    row.alerted_at = None
    if row.version == claimed.entitlements.version:
        row.confirmed_at, row.waiting_since, row.error = now, None, ""
    elif row.waiting_since is not None:
        row.waiting_since = max(row.waiting_since, row.asked_at)


def postpone(tx: Tx, claimed: Claimed, error: str, now: dt.datetime) -> None:
    """Not taken: again after twice as long each time, a quarter of an hour at most."""
    row = workspaces.lock_delivery(tx, claimed.partner_id, claimed.entitlements.workspace_id)
    if row is not None and row.version == claimed.entitlements.version:
        row.error = error[:200]
        row.next_at = now + min(dt.timedelta(seconds=2 ** min(row.attempts, 12)), _MOST_WAIT)


async def deliver_due(db: Database, hosts: Mapping[str, Host], clock: Clock) -> int:
    """Tell every due delivery to its host; answers how many were confirmed."""
    if not await db.read(workspaces.has_due_delivery, clock.now()):
        return 0
    done = 0
    for claimed in await db.write(claim, clock.now()):
        try:
            await _host(hosts, claimed.host).apply(claimed.entitlements)
        except HostError as error:
            await db.write(postpone, claimed, str(error), clock.now())
        else:
            await db.write(confirm, claimed, clock.now())
            done += 1
    return done


def _host(hosts: Mapping[str, Host], name: str) -> Host:
    """Raises HostError where this process has no such host: a setting is missing, and the partner is told."""
    host = hosts.get(name)
    if host is None:
        raise HostError(f"no host platform is called {name}")
    return host
