"""Renewals are announced before they come (R36): a covered one once, an uncovered one up to three times."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing import notices, renewal
from billing.automatic import needs as charges
from billing.call import Call
from billing.clock import Clock
from billing.cycle import local_date, zone_named
from billing.renewal import Need
from storage import automatic, catalogue, reminders, workspaces
from storage.database import Database
from storage.models import AutoTopUp, Partner, Workspace
from storage.reminders import DueLook
from storage.transaction import Tx

STAGES: Final = (7, 3, 1)
"""Days before the first attempt at which a renewal that points don't cover is announced."""
COVERED_STAGE: Final = 3
CIVIL_HOUR: Final = 10
"""Of the workspace's day: when announcements leave."""
_LEASE: Final = dt.timedelta(minutes=5)
_BATCH: Final = 200
_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class _Announcement:
    """What there is to tell of the next renewal: the stage, and what it needs."""

    days: int
    need: Need
    charge: dict[str, Any] | None
    held: str
    """Why auto top-up, though on, won't charge: "pack", "cap" or empty."""


def remind_due(tx: Tx, call: Call, workspace_id: int) -> bool:
    """Announce a workspace's next renewal if its time has come; answers whether somebody was told.

    Each stage is told once, the newest alone where several have passed, none once the renewal is first tried.
    """
    found = workspaces.lock(tx, workspace_id)
    if found is None:
        return False
    workspace, wallet = found
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None, "a workspace has a partner"
    renewal.catch_up(tx, call, partner, workspace, wallet)
    new = _announcement(tx, partner, workspace, call.at)
    workspace.remind_at = next_look(
        zone_named(workspace.zone), workspace.renews_at, partner.lead_hours, call.at
    )
    if new is None:
        return False
    workspace.reminded = new.days
    once = Call(call.at, f"remind:{workspace.id}:{workspace.cycle_end}:{new.days}", call.bot_id)
    params: dict[str, Any] = {
        "day": workspace.cycle_end.isoformat(),
        "renews": [[each.label, each.units, each.cost] for each in new.need.units],
        "addon_id": new.need.units[0].addon_id if len(new.need.units) == 1 else None,
        "cost": new.need.cost,
        "balance": new.need.balance,
    }
    kind = "renewal_covered"
    if new.need.missing:
        kind = "renewal_short"
        params |= {"missing": new.need.missing, "grace": partner.grace_days, "charge": new.charge}
        params["held"] = new.held
    return notices.tell_workspace(tx, once, partner.id, workspace.id, kind, params) > 0


def _announcement(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> _Announcement | None:
    need = renewal.need(tx, partner, workspace, at)
    if need.waiting or not need.cost:
        # Nothing is charged; or of what waits to be paid they were told when it began to wait.
        return None
    setting = automatic.setting(tx, partner.id, workspace.id)
    running = setting is not None and setting.state in automatic.RUNNING_STATES
    attempt = workspace.renews_at - dt.timedelta(hours=partner.lead_hours if running else 0)
    zone = zone_named(workspace.zone)
    passed = [
        days
        for days in (STAGES if need.missing else (COVERED_STAGE,))
        if stage_at(zone, attempt, days) <= at < attempt
    ]
    if not passed or (workspace.reminded is not None and min(passed) >= workspace.reminded):
        return None
    charge = _charge(tx, partner, workspace, setting, need, attempt) if need.missing else None
    held = _held(tx, partner, workspace, setting, need) if need.missing and charge is None else ""
    return _Announcement(min(passed), need, charge, held)


def _held(tx: Tx, partner: Partner, workspace: Workspace, setting: AutoTopUp | None, need: Need) -> str:
    """Why auto top-up, though on, won't charge: what was agreed to isn't sold any more, or the cap is reached."""
    if setting is None or setting.state != "on":
        return ""
    obstacle = charges.obstacle(tx, partner, workspace, setting, need.balance)
    if obstacle is not None:
        return "pack" if obstacle == "pack" else ""
    return "cap" if setting.cap_minor is not None else ""


def stage_at(zone: ZoneInfo, attempt: dt.datetime, days: int) -> dt.datetime:
    """When an announcement so many dates before the attempt leaves."""
    day = local_date(attempt, zone) - dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time(CIVIL_HOUR), tzinfo=zone).astimezone(dt.UTC)


def next_look(
    zone: ZoneInfo, renews_at: dt.datetime, lead_hours: int, now: dt.datetime
) -> dt.datetime | None:
    """The next stage to come, with or without an automatic charge: that may be switched on or off in between."""
    attempts = (renews_at, renews_at - dt.timedelta(hours=lead_hours))
    looks = [stage_at(zone, attempt, days) for attempt in attempts for days in STAGES]
    return min((at for at in looks if at > now), default=None)


def claim(tx: Tx, now: dt.datetime, limit: int = _BATCH) -> tuple[int, list[int]]:
    """Take due workspaces: how many there were, and those with a stage to tell.

    The others are put off to their next stage. What is taken is taken again when the lease is over.
    """
    moves: dict[tuple[int, int], dt.datetime | None] = {}
    taken = []
    for look in reminders.due(tx, now, limit):
        zone = zone_named(look.zone)
        if _may_tell(look, zone, now):
            taken.append(look.workspace_id)
            moves[look.partner_id, look.workspace_id] = now + _LEASE
        else:
            moves[look.partner_id, look.workspace_id] = next_look(zone, look.renews_at, look.lead_hours, now)
    reminders.move(tx, moves)
    return len(moves), taken


def _may_tell(look: DueLook, zone: ZoneInfo, now: dt.datetime) -> bool:
    """Whether there is more to do than to wait for the next stage, by what can be seen without the lock."""
    if not look.most:
        return False
    attempt = look.renews_at - dt.timedelta(hours=look.lead_hours)
    stages = STAGES if look.balance < look.most else (COVERED_STAGE,)
    return any(
        stage_at(zone, attempt, days) <= now
        for days in stages
        if look.reminded is None or days < look.reminded
    )


async def remind_all_due(db: Database, clock: Clock, bot_id: int) -> int:
    """Announce every renewal whose time has come; answers how many were.

    One transaction a workspace, so that taps are answered in between. What fails for one is raised at the end and
    tried again when its lease is over.
    """
    told = 0
    failures: list[Exception] = []

    async def remind(workspace_id: int) -> bool:
        now = clock.now()
        call = Call(now, f"remind:{workspace_id}:{now.isoformat()}", bot_id)
        return await db.write(remind_due, call, workspace_id)

    while await db.read(reminders.any_due, clock.now()):
        found, taken = await db.write(claim, clock.now())
        for some in (taken[start : start + _AT_ONCE] for start in range(0, len(taken), _AT_ONCE)):
            for answer in await asyncio.gather(*map(remind, some), return_exceptions=True):
                if isinstance(answer, Exception):
                    failures.append(answer)
                elif isinstance(answer, BaseException):
                    raise answer
                else:
                    told += answer
        if not found:
            # Whatever is due is being changed by others: it is looked at next time.
            break
    if failures:
        raise ExceptionGroup("renewals not announced", failures)
    return told


def _charge(
    tx: Tx,
    partner: Partner,
    workspace: Workspace,
    setting: AutoTopUp | None,
    need: Need,
    attempt: dt.datetime,
) -> dict[str, Any] | None:
    """The automatic charge to come: the card and the fewest packs (R17); None where none will come."""
    if setting is None or setting.state != "on" or setting.card_id is None:
        return None
    pack = charges.agreed_pack(tx, partner, setting)
    card = automatic.card(tx, partner.id, setting.card_id)
    if (
        pack is None
        or card is None
        or charges.obstacle(tx, partner, workspace, setting, need.balance) is not None
    ):
        return None
    most = charges.most_packs(tx, partner, workspace, setting, pack, attempt)
    packs = charges.fewest_packs(pack.points + pack.bonus, need, most)
    if not packs:
        return None
    return {
        "brand": card.brand,
        "last4": card.last4,
        "amount_minor": packs * pack.amount_minor,
        "currency": pack.currency,
        "on": local_date(attempt, zone_named(workspace.zone)).isoformat(),
    }
