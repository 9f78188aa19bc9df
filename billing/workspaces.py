"""Workspaces seen from the partner's desk: made, looked up, listed (R4)."""

import datetime as dt
from dataclasses import dataclass

from billing import audit, renewal, standing
from billing.access import DeskRole, desk, desk_partner, desk_workspace, role_of
from billing.addons import AddonOffer, load_offers
from billing.automatic.watching import WatchedAutoTopUp, watched
from billing.call import Call
from billing.cycle import cycle_at, local_date, zone_named
from billing.errors import BadValueError, GoneError
from billing.money import Money
from billing.people import MemberRow
from billing.plans.comparing import Paying, paying_of
from billing.reversals import paid_sum
from billing.standing import Standing
from billing.text import clean, required
from storage import automatic, catalogue, ledger, orders, outbox, people, subscriptions, workspaces
from storage.models import AuditEntry, Partner, Plan, Workspace
from storage.transaction import Tx

PAGE = 8


@dataclass(frozen=True, slots=True)
class Checklist:
    """What selling needs (R26), and whether it is there."""

    stripe: bool
    live: bool
    test_payments: bool
    credit_billing: bool
    packs: int
    prices: int
    behind: bool = False
    """A restored backup: nothing is charged or sent until what happened since was fetched (DESIGN 5.6)."""
    other_account: str | None = None
    """The name of another account than the books are about, which the key opens (R25)."""

    @property
    def selling(self) -> bool:
        return (
            self.stripe
            and (self.live or self.test_payments)
            and self.credit_billing
            and self.packs > 0
            and self.prices > 0
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """The partner's first screen."""

    partner: str
    point_name: str
    role: DeskRole
    checklist: Checklist
    stripe_name: str | None
    today: tuple[tuple[str, int, int], ...]
    """Currency, payments, minor units of the last 24 hours."""
    workspaces: int
    paused: int
    requests: int
    plan_requests: int
    failing_cards: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    id: int
    name: str
    balance: int
    paused: bool


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """A page of the partner's workspaces."""

    text: str
    page: int
    pages: int
    total: int
    rows: tuple[WorkspaceRow, ...]
    point_name: str


@dataclass(frozen=True, slots=True)
class Request:
    """A removal that waits for the partner (R10)."""

    workspace_id: int
    workspace: str
    addon_id: int
    addon: str
    units: int
    asked_on: dt.date


@dataclass(frozen=True, slots=True)
class Payment:
    """What was paid, and the points that it gave, bonus included, in hundredths."""

    price: Money
    points: int


@dataclass(frozen=True, slots=True)
class WorkspaceCard:
    """A workspace as its partner sees it."""

    id: int
    name: str
    plan: str | None
    zone: str
    renewal: dt.date
    next_zone: str | None
    """The zone from that date on, where it is another."""
    balance: int
    point_name: str
    reasons: frozenset[str]
    note: str
    standing: Standing
    offers: tuple[AddonOffer, ...]
    members: tuple[MemberRow, ...]
    requests: tuple[Request, ...]
    role: DeskRole
    delivered: bool
    closed: bool
    """Its owner has closed it: everything ends, or has ended, with the cycle (R37)."""
    due: bool
    """A cycle has begun that is not worked off: write renewal first, then look again."""
    paying: Paying | None
    """The subscription that pays for the plan."""
    automatic: WatchedAutoTopUp


def checklist(tx: Tx, partner: Partner) -> Checklist:
    return Checklist(
        partner.stripe_account is not None and partner.stripe_charges,
        partner.stripe_live,
        partner.test_payments,
        partner.credit_billing,
        len(catalogue.packs(tx, partner.id)),
        catalogue.count_priced(tx, partner.id),
        partner.behind_since is not None,
        partner.other_account_name,
    )


def desk_view(tx: Tx, person_id: int, now: dt.datetime) -> Desk:
    """The desk of somebody who works for a partner."""
    place = desk(tx, person_id)
    partner = place.partner
    total, paused = workspaces.count(tx, partner.id)
    return Desk(
        partner.name,
        partner.point_name,
        place.role,
        checklist(tx, partner),
        partner.stripe_name,
        tuple(orders.paid_since(tx, partner.id, now - dt.timedelta(days=1))),
        total,
        paused,
        len(workspaces.removal_requests(tx, partner.id)),
        len(subscriptions.requests(tx, partner.id)),
        automatic.suspended(tx, partner.id),
        len(outbox.dead_letters(tx, partner.id)),
    )


def plans(tx: Tx, person_id: int) -> list[tuple[Plan, dict[str, int]]]:
    """The partner's plans with what they allow."""
    place = desk(tx, person_id)
    found = catalogue.plans(tx, place.partner.id)
    allowed = catalogue.plan_allowances(tx, place.partner.id, [plan.id for plan in found])
    return [(plan, allowed[plan.id]) for plan in found]


def create(tx: Tx, call: Call, name: str, plan_id: int, zone: str, renewal_date: dt.date | None) -> Workspace:
    """A new workspace. `renewal_date`: any of its renewal dates, None for today; the same call makes no second one.

    Raises BadValueError (name, length, date), UnknownZoneError, GoneError (plan).
    """
    partner = desk_partner(tx, call.person_id)
    made = workspaces.by_origin(tx, partner.id, call.reference)
    if made is not None:
        return made
    text = required(name, "name")
    place_zone = zone_named(zone)
    plan = catalogue.plan(tx, partner.id, plan_id)
    if plan is None:
        raise GoneError
    today = local_date(call.at, place_zone)
    anchor = renewal_date or today
    if abs((anchor - today).days) > 366:
        raise BadValueError("date", anchor.isoformat())
    workspace = Workspace(
        partner_id=partner.id,
        id=catalogue.next_number(tx, "workspace"),
        name=text,
        plan_id=plan.id,
        zone=place_zone.key,
        anchor=anchor,
        created_at=call.at,
        origin=call.reference,
        host_version=0,
        pause_note="",
        paused_limit=False,
        paused_unpaid=False,
        paused_manual=False,
    )
    renewal.enter_cycle(tx, workspace, cycle_at(anchor, today))
    tx.session.add(workspace)
    ledger.open_wallet(tx, partner.id, workspace.id)
    tx.session.flush()
    standing.settle(tx, call, partner, workspace)
    audit.record(
        tx,
        call,
        partner.id,
        "workspace",
        workspace_id=workspace.id,
        subject=text,
        after={"plan": plan.name, "zone": place_zone.key, "renewal": workspace.cycle_end.isoformat()},
    )
    return workspace


def page(tx: Tx, person_id: int, text: str, number: int) -> WorkspacePage:
    """One page of workspaces, searched by a part of the name or the number; pages count from 0."""
    place = desk(tx, person_id)
    wanted = clean(text)
    found, total = workspaces.page(tx, place.partner.id, wanted, max(0, number) * PAGE, PAGE)
    return WorkspacePage(
        wanted,
        max(0, number),
        max(1, -(-total // PAGE)),
        total,
        tuple(WorkspaceRow(row.id, row.name, balance, bool(standing.reasons(row))) for row, balance in found),
        place.partner.point_name,
    )


def card(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> WorkspaceCard:
    """One workspace. Raises GoneError for a number that is none of this partner's."""
    place, workspace = desk_workspace(tx, person_id, workspace_id)
    partner = place.partner
    plan = catalogue.plan(tx, partner.id, workspace.plan_id) if workspace.plan_id is not None else None
    delivery = workspaces.delivery(tx, partner.id, workspace.id)
    return WorkspaceCard(
        workspace.id,
        workspace.name,
        plan.name if plan is not None else None,
        workspace.zone,
        workspace.cycle_end,
        workspace.next_zone,
        workspaces.wallet(tx, partner.id, workspace.id).balance,
        partner.point_name,
        standing.reasons(workspace),
        workspace.pause_note,
        standing.standing(tx, workspace),
        load_offers(tx, partner, workspace),
        tuple(
            MemberRow(person.id, person.name, role_of(member.role))
            for member, person in people.members(tx, partner.id, workspace.id)
        ),
        tuple(_requests(tx, partner, workspace.id)),
        place.role,
        delivery is None or delivery.confirmed_at is not None,
        workspace.closed_at is not None,
        renewal.is_due(workspace, now),
        paying_of(tx, partner, workspace.id),
        watched(tx, partner, workspace.id),
    )


def payment(tx: Tx, person_id: int, order_id: int) -> Payment:
    """What was paid by an order of this partner's. Raises GoneError."""
    order = orders.order(tx, desk(tx, person_id).partner.id, order_id)
    if order is None:
        raise GoneError
    return Payment(paid_sum(order), order.points + order.bonus)


def requests(tx: Tx, person_id: int) -> list[Request]:
    """All removals that wait for the partner, oldest first."""
    return _requests(tx, desk(tx, person_id).partner, None)


def _requests(tx: Tx, partner: Partner, workspace_id: int | None) -> list[Request]:
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, partner.id)}
    found = []
    for row in workspaces.removal_requests(tx, partner.id, workspace_id):
        workspace = workspaces.find(tx, row.workspace_id)
        assert workspace is not None
        found.append(
            Request(workspace.id, workspace.name, row.addon_id, labels[row.addon_id], row.units, row.asked_on)
        )
    return found


def catch_up(tx: Tx, call: Call, workspace_id: int) -> None:
    """Work off a workspace's due cycles and lapses; nothing to do is fine."""
    found = workspaces.lock(tx, workspace_id)
    if found is None:
        return
    workspace, wallet = found
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None
    renewal.catch_up(tx, call, partner, workspace, wallet)


def audit_page(
    tx: Tx, person_id: int, workspace_id: int | None, number: int
) -> tuple[list[tuple[AuditEntry, str, str]], bool]:
    """Audit entries with the person's and the workspace's name, newest first; and whether there are older ones."""
    place = desk(tx, person_id)
    if workspace_id is not None:
        desk_workspace(tx, person_id, workspace_id)
    found = workspaces.audit_page(tx, place.partner.id, workspace_id, max(0, number) * PAGE, PAGE + 1)
    rows = []
    for entry in found[:PAGE]:
        person = people.person(tx, entry.person_id) if entry.person_id is not None else None
        workspace = workspaces.find(tx, entry.workspace_id) if entry.workspace_id is not None else None
        rows.append(
            (
                entry,
                person.name if person is not None else "",
                workspace.name if workspace is not None else "",
            )
        )
    return rows, len(found) > PAGE
