"""Notices: who is told what, and when (R36). Kind and parameters go to the outbox; the words are handlers/'s."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from billing.access import DeskRole, Role, desk_role_of, role_of
from billing.call import Call, drawn_id
from billing.cycle import local_date, zone_named
from storage import outbox, people, workspaces
from storage.models import Person
from storage.people import Listener, Reader
from storage.transaction import Tx


class Topic(StrEnum):
    """What a notice is about. By it people choose what they want to be told."""

    MONEY = "money"
    PAUSES = "pauses"
    ACCESS = "access"
    """The reader's own role."""
    COVERED = "covered"
    """Renewals that the points cover."""
    USAGE = "usage"
    PEOPLE = "people"
    TROUBLE = "desk_trouble"
    """What a partner must look into. This and the following go to the partner's people."""
    REQUESTS = "desk_requests"
    PAYMENTS = "desk_payments"
    CUSTOMERS = "desk_customers"


ANY_HOUR: Final = frozenset({Topic.MONEY, Topic.PAUSES})
"""They reach every owner and billing person, in quiet hours too; somebody must be reached (R36)."""
OPTIONAL: Final = (Topic.COVERED, Topic.USAGE, Topic.PEOPLE)
"""What a customer may switch off, in the order in which it is offered."""
DESK_OPTIONAL: Final = (Topic.REQUESTS, Topic.PAYMENTS, Topic.CUSTOMERS)
"""What somebody of the partner's may switch off."""

TOPICS: Final[Mapping[str, Topic]] = {
    "order": Topic.MONEY,
    "topup": Topic.MONEY,
    "adjusted": Topic.MONEY,
    "renewal": Topic.MONEY,
    "renewal_short": Topic.MONEY,
    "renewal_covered": Topic.COVERED,
    "reversal": Topic.MONEY,
    "test_over": Topic.MONEY,
    "refund_declined": Topic.MONEY,
    "auto_ask": Topic.MONEY,
    "auto_paid": Topic.MONEY,
    "auto_failed": Topic.MONEY,
    "auto_card": Topic.MONEY,
    "auto_screen": Topic.MONEY,
    "auto_suspended": Topic.MONEY,
    "auto_stopped": Topic.MONEY,
    "auto_off": Topic.MONEY,
    "price": Topic.MONEY,
    "price_stays": Topic.MONEY,
    "removal_answer": Topic.MONEY,
    "undelivered": Topic.MONEY,
    "usage_warning": Topic.USAGE,
    "units_by_partner": Topic.MONEY,
    "plan": Topic.MONEY,
    "plan_page": Topic.MONEY,
    "renewal_date": Topic.MONEY,
    "closed": Topic.MONEY,
    "reopened": Topic.MONEY,
    "paused": Topic.PAUSES,
    "still_paused": Topic.PAUSES,
    "resumed": Topic.PAUSES,
    "joined": Topic.PEOPLE,
    "role": Topic.ACCESS,
    "removed": Topic.ACCESS,
    "replaced": Topic.ACCESS,
    "mismatch": Topic.TROUBLE,
    "desk_reversal": Topic.TROUBLE,
    "desk_refund_refused": Topic.TROUBLE,
    "desk_unreachable": Topic.TROUBLE,
    "desk_host_silent": Topic.TROUBLE,
    "desk_undelivered": Topic.TROUBLE,
    "desk_tax": Topic.TROUBLE,
    "removal_request": Topic.REQUESTS,
    "plan_request": Topic.REQUESTS,
    "refund_request": Topic.REQUESTS,
    "desk_topup": Topic.PAYMENTS,
    "desk_test_over": Topic.PAYMENTS,
    "desk_card": Topic.CUSTOMERS,
    "desk_lapsed": Topic.CUSTOMERS,
    "desk_paused": Topic.CUSTOMERS,
    "desk_resumed": Topic.CUSTOMERS,
    "desk_plan": Topic.CUSTOMERS,
    "desk_joined": Topic.CUSTOMERS,
    "desk_closed": Topic.CUSTOMERS,
    "desk_reopened": Topic.CUSTOMERS,
    "desk_owner": Topic.CUSTOMERS,
}
"""Every kind of notice."""


def tell(tx: Tx, call: Call, partner_id: int, kind: str, params: dict[str, Any], to: Iterable[Person]) -> int:
    """Queue a notice for each of these people who can be written to; answers how many those are.

    `params` name the workspace it is about, by whose clock quiet hours run.
    """
    known = [person for person in to if person.telegram_id is not None]
    blocked = outbox.blocked_chats(tx, call.bot_id, [each.telegram_id for each in known if each.telegram_id])
    listeners = [
        Listener(
            person.id,
            person.telegram_id,
            person.telegram_id in blocked,
            person.quiet_from,
            person.quiet_to,
            person.muted,
            "",
        )
        for person in known
    ]
    return _queue(tx, call, partner_id, kind, params, listeners)


def tell_workspace(
    tx: Tx,
    call: Call,
    partner_id: int,
    workspace_id: int,
    kind: str,
    params: dict[str, Any],
    *,
    least: Role = Role.BILLING,
    but: int | None = None,
) -> int:
    """Tell every member with at least this role, but not one who just did it.

    Where money or a pause reaches nobody, the partner is told, once a day (R36). Answers how many are told.
    """
    named = {"workspace_id": workspace_id, **params}
    found = [
        each
        for each in people.listeners(tx, call.bot_id, partner_id, workspace_id)
        if role_of(each.role) >= least
    ]
    told = _queue(tx, call, partner_id, kind, named, [each for each in found if each.person_id != but])
    if TOPICS.get(kind, Topic.MONEY) in ANY_HOUR and not any(each.reachable for each in found):
        _tell_unreachable(tx, call, partner_id, workspace_id)
    return told


class Telling(NamedTuple):
    """What one workspace's listeners are told."""

    reference: str
    """Of what caused it."""
    partner_id: int
    params: dict[str, Any]
    to: Sequence[Reader]


def reachable(
    tx: Tx, bot_id: int, partner_id: int, workspace_ids: Sequence[int], least: Role = Role.BILLING
) -> dict[int, list[Reader]]:
    """Whom tell_workspace would reach, for many workspaces at once; one that reaches nobody is missing."""
    roles = [role.code for role in Role if role >= least]
    return people.readers_among(tx, bot_id, partner_id, workspace_ids, roles)


def tell_each(tx: Tx, call: Call, kind: str, tellings: Sequence[Telling]) -> None:
    """tell_workspace of many workspaces, each under a reference of its own, to those whom it would reach.

    For what is told at any hour. `params` name the workspace first.
    """
    assert TOPICS[kind] in ANY_HOUR, "quiet hours are each workspace's own"
    outbox.put_all(
        tx,
        call.bot_id,
        [
            outbox.Notice(
                drawn_id(each.reference, "notice", kind, reader.chat_id),
                each.partner_id,
                reader.chat_id,
                reader.person_id,
                kind,
                each.params,
                call.at,
                call.at,
            )
            for each in tellings
            for reader in each.to
        ],
    )


def tell_desk(
    tx: Tx,
    call: Call,
    partner_id: int,
    kind: str,
    params: dict[str, Any],
    *,
    least: DeskRole = DeskRole.ADMIN,
    but: int | None = None,
) -> int:
    """Tell the partner's people. Answers how many are told."""
    admins = people.desk_listeners(tx, call.bot_id, partner_id)
    return _queue(
        tx,
        call,
        partner_id,
        kind,
        params,
        [each for each in admins if desk_role_of(each.role) >= least and each.person_id != but],
    )


def chat_blocked(tx: Tx, call: Call, chat_id: int) -> None:
    """Somebody blocked the bot, as Telegram says only when a notice is sent: what waits for them never leaves.

    The partner is told of workspaces whose money or pause thereby reaches nobody (R36).
    """
    lost = {
        (each.partner_id, each.params["workspace_id"])
        for each in outbox.block_chat(tx, call.bot_id, chat_id, call.at)
        if TOPICS.get(each.kind) in ANY_HOUR and "workspace_id" in each.params
    }
    for partner_id, workspace_id in sorted(lost):
        members = people.listeners(tx, call.bot_id, partner_id, workspace_id)
        if not any(each.reachable and role_of(each.role) >= Role.BILLING for each in members):
            _tell_unreachable(tx, call, partner_id, workspace_id)


def after_quiet(at: dt.datetime, zone: ZoneInfo, start: int | None, end: int | None) -> dt.datetime:
    """The instant itself, or the end of the quiet hours that it falls into. `start` to `end`: hours of the day."""
    if start is None or end is None or start == end:
        return at
    local = at.astimezone(zone)
    evening = start > end and local.hour >= start
    if not evening and not (start <= local.hour < end if start < end else local.hour < end):
        return at
    day = local.date() + dt.timedelta(days=1) if evening else local.date()
    return max(at, dt.datetime.combine(day, dt.time(end), tzinfo=zone).astimezone(dt.UTC))


def _queue(
    tx: Tx,
    call: Call,
    partner_id: int,
    kind: str,
    params: dict[str, Any],
    to: Iterable[Listener],
) -> int:
    """Queue for those who can be written to and want it; who has blocked the bot finds nothing stale later."""
    topic = TOPICS.get(kind, Topic.MONEY)
    listeners = [each for each in to if each.reachable and (topic in ANY_HOUR or topic not in each.muted)]
    zone = _zone(tx, params) if listeners and topic not in ANY_HOUR else None
    outbox.put_all(
        tx,
        call.bot_id,
        [
            outbox.Notice(
                call.id_for("notice", kind, each.chat_id),
                partner_id,
                each.chat_id,
                each.person_id,
                kind,
                params,
                call.at,
                call.at if zone is None else after_quiet(call.at, zone, each.quiet_from, each.quiet_to),
            )
            for each in listeners
            if each.chat_id is not None
        ],
    )
    return len(listeners)


def _zone(tx: Tx, params: Mapping[str, Any]) -> ZoneInfo:
    """Of the workspace that a notice is about; UTC where it is about none."""
    workspace = workspaces.find(tx, params["workspace_id"]) if "workspace_id" in params else None
    return zone_named(workspace.zone if workspace is not None else "UTC")


def _tell_unreachable(tx: Tx, call: Call, partner_id: int, workspace_id: int) -> None:
    params = {"workspace_id": workspace_id}
    today = local_date(call.at, _zone(tx, params))
    once = Call(call.at, f"unreachable:{workspace_id}:{today}", call.bot_id, call.person_id)
    tell_desk(tx, once, partner_id, "desk_unreachable", params, but=call.person_id)
