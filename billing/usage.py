"""What a workspace uses: reports by the host platform, by hand, or asked for (R20)."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Literal

from billing import audit, renewal, standing
from billing.access import desk_locked
from billing.call import Call
from billing.clock import Clock
from billing.errors import BadValueError
from billing.host import Host, HostError
from storage import catalogue, hosts, workspaces
from storage.database import Database
from storage.models import Usage
from storage.transaction import Tx

MOST_USED = 1_000_000_000_000
"""What may be reported of one limit."""
_AT_ONCE = 20
"""Workspaces a host is asked for at the same time."""

Asked = Literal["read", "silent", "unable"]
"""What came of asking a host: it said, it did not answer, or it is none that can say."""


def report_usage(
    tx: Tx, call: Call, workspace_id: int, used: Mapping[str, int], measured_at: dt.datetime
) -> bool:
    """Take a usage report. An older one than is known is ignored (R20). Answers whether anything changed.

    A host whose clock runs ahead has measured now at the latest, lest its next reports count as older.
    """
    found = workspaces.lock(tx, workspace_id)
    if found is None:
        return False
    workspace, wallet = found
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None
    renewal.catch_up(tx, call, partner, workspace, wallet)
    measured_at = min(measured_at, call.at)
    known = workspaces.usage(tx, workspace.partner_id, workspace.id)
    counted = {limit.code for limit in catalogue.limits(tx, workspace.partner_id) if limit.counted}
    changed = False
    for code, value in used.items():
        if code not in counted or not 0 <= value <= MOST_USED:
            continue
        row = known.get(code)
        if row is None:
            row = Usage(partner_id=workspace.partner_id, workspace_id=workspace.id, limit_code=code, warned=0)
            tx.session.add(row)
        elif row.at >= measured_at:
            continue
        row.used, row.at = value, measured_at
        changed = True
    if changed:
        standing.settle(tx, call, partner, workspace)
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


class UsageReader:
    """Asks hosts that can say what is used, every so often and at a tap. A report that is pushed needs none of it."""

    def __init__(self, db: Database, hosts: Mapping[str, Host], clock: Clock, bot_id: int) -> None:
        self._db = db
        self._hosts = hosts
        self._clock = clock
        self._bot_id = bot_id

    async def ask(self, workspace_id: int) -> Asked:
        """Ask the host of one workspace now, and take what it says as a report."""
        name = await self._db.read(hosts.host_of, workspace_id)
        host = self._hosts.get(name) if name is not None else None
        if host is None:
            return "unable"
        # Before the host is asked: what it pushes in the meantime is newer.
        measured_at = self._clock.now()
        try:
            used = await host.read_usage(workspace_id)
        except HostError:
            return "silent"
        if used is None:
            return "unable"
        now = self._clock.now()
        call = Call(now, f"usage:{workspace_id}:{measured_at.isoformat()}", self._bot_id)
        await self._db.write(report_usage, call, workspace_id, used, measured_at)
        return "read"

    async def poll(self) -> int:
        """Ask for every workspace that has a host; answers how many were read.

        Two processes may ask for the same one: the same report twice changes nothing.
        """
        read, after = 0, 0
        while batch := await self._db.read(hosts.hosted, after, _AT_ONCE):
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self.ask(workspace_id)) for workspace_id in batch]
            read += sum(task.result() == "read" for task in asked)
            after = batch[-1]
        return read
