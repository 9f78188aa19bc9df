"""A workspace's ledger, page by page, each row able to explain itself."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from billing.access import DeskRole, Role, desk, seat
from billing.errors import GoneError, StrangerError
from billing.explain import paid_until, unpack
from billing.ledger import Kind
from billing.money import Money
from billing.proration import Formula
from billing.reversals import paid_sum
from storage import catalogue, ledger, orders, people, workspaces
from storage.models import Partner, Posting, Workspace
from storage.transaction import Tx

PAGE = 6


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment behind a posting."""

    order_id: int
    price: Money
    receipt_url: str | None
    payment_intent: str | None


@dataclass(frozen=True, slots=True)
class WentBack:
    """Why points of a payment were taken or given back (R29). Money with tax, points in hundredths.

    `taken` in all of `credited`, as `gone` of `paid` is gone; the posting is the difference to what was taken before.
    """

    paid: Money
    gone: Money
    disputed: Money
    """The part of `gone` that disputes took."""
    credited: int
    taken: int
    bonus: bool


@dataclass(frozen=True, slots=True)
class TriedOut:
    """What payments in test mode brought, and what became of it; hundredths. The posting took the rest."""

    credited: int
    back: int
    """Taken by refunds and disputes before."""
    spent: int
    """Not taken: the balance had come to zero."""


@dataclass(frozen=True, slots=True)
class Row:
    """One posting with what it needs to be read; points in hundredths."""

    number: int
    at: dt.datetime
    kind: Kind
    amount: int
    balance: int
    addon: str | None
    units_before: int
    units_after: int
    cycle_start: dt.date | None
    formula: Formula | None
    person: str | None
    """None: nobody, it happened by itself. Empty: somebody who has left."""
    note: str
    partner: str
    """Whose points they are: an adjustment is theirs."""
    payment: Payment | None
    went_back: WentBack | None = None
    tried_out: TriedOut | None = None
    """What going live took (R26)."""
    kept_until: dt.date | None = None
    """Removed without refund: up to there it stays paid (R10)."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Rows, newest first."""

    workspace_id: int
    workspace: str
    point_name: str
    rows: tuple[Row, ...]
    newer: int | None
    """`below` of the page of newer rows; None on the first."""
    older: int | None
    """`below` of the next page; None on the last."""
    total: int
    balance: int
    from_desk: bool


def _open(tx: Tx, person_id: int, workspace_id: int, *, from_desk: bool) -> tuple[Workspace, Partner]:
    if not from_desk:
        place = seat(tx, person_id, workspace_id, Role.VIEWER)
        return place.workspace, place.partner
    at_desk = desk(tx, person_id, DeskRole.SUPPORT)
    workspace = workspaces.find(tx, workspace_id)
    if workspace is None or workspace.partner_id != at_desk.partner.id:
        raise StrangerError
    return workspace, at_desk.partner


def page(
    tx: Tx, person_id: int, workspace_id: int, below: int | None, *, from_desk: bool = False
) -> HistoryPage:
    """Postings numbered under `below` (None: the newest), for members or the partner."""
    workspace, partner = _open(tx, person_id, workspace_id, from_desk=from_desk)
    wallet = workspaces.wallet(tx, workspace.partner_id, workspace_id)
    top = wallet.posted + 1 if below is None else max(1, min(below, wallet.posted + 1))
    found = ledger.postings_page(tx, workspace.partner_id, workspace_id, top, PAGE)
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, workspace.partner_id)}
    last = found[-1].number if found else 1
    return HistoryPage(
        workspace_id,
        workspace.name,
        partner.point_name,
        tuple(_row(tx, posting, labels, partner) for posting in found),
        min(top + PAGE, wallet.posted + 1) if top <= wallet.posted else None,
        last if last > 1 else None,
        wallet.posted,
        wallet.balance,
        from_desk,
    )


def row(
    tx: Tx, person_id: int, workspace_id: int, number: int, *, from_desk: bool = False
) -> tuple[Row, HistoryPage]:
    """One posting, and the page it stands on. Raises GoneError."""
    workspace, partner = _open(tx, person_id, workspace_id, from_desk=from_desk)
    posting = ledger.posting(tx, workspace.partner_id, workspace_id, number)
    if posting is None:
        raise GoneError
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, workspace.partner_id)}
    below = number + (workspaces.wallet(tx, workspace.partner_id, workspace_id).posted - number) % PAGE + 1
    return _row(tx, posting, labels, partner), page(tx, person_id, workspace_id, below, from_desk=from_desk)


def everything(
    tx: Tx, person_id: int, workspace_id: int, *, from_desk: bool = False
) -> tuple[str, list[Row]]:
    """The whole ledger, oldest first, for the export; (workspace, rows)."""
    workspace, partner = _open(tx, person_id, workspace_id, from_desk=from_desk)
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, workspace.partner_id)}
    rows: list[Row] = []
    below = workspaces.wallet(tx, workspace.partner_id, workspace_id).posted + 1
    while found := ledger.postings_page(tx, workspace.partner_id, workspace_id, below, 1_000):
        rows.extend(_row(tx, posting, labels, partner) for posting in found)
        below = found[-1].number
    return workspace.name, rows[::-1]


def _row(tx: Tx, posting: Posting, labels: dict[int, str], partner: Partner) -> Row:
    payback, tests = posting.kind == Kind.PAYBACK, posting.kind == Kind.TEST_POINTS
    explained = {} if payback or tests else posting.explained or {}
    payment = _payment(tx, posting)
    person = people.person(tx, posting.person_id) if posting.person_id is not None else None
    return Row(
        posting.number,
        posting.at,
        Kind(posting.kind),
        posting.amount,
        posting.balance_after,
        labels.get(posting.addon_id) if posting.addon_id is not None else None,
        explained.get("before", 0),
        explained.get("after", 0),
        posting.cycle_start,
        unpack(explained) if explained else None,
        None if posting.person_id is None else (person.name if person is not None else ""),
        posting.note,
        partner.name,
        payment,
        _went_back(posting.explained, payment) if payback and posting.explained and payment else None,
        TriedOut(**posting.explained) if tests and posting.explained else None,
        paid_until(explained),
    )


def _went_back(explained: dict[str, Any], payment: Payment) -> WentBack:
    def money(name: str) -> Money:
        return Money(explained[name], payment.price.currency)

    return WentBack(
        money("paid"),
        money("gone"),
        money("disputed"),
        explained["credited"],
        explained["taken"],
        explained["bonus"],
    )


def _payment(tx: Tx, posting: Posting) -> Payment | None:
    if posting.order_id is None:
        return None
    order = orders.order(tx, posting.partner_id, posting.order_id)
    if order is None:
        return None
    return Payment(order.id, paid_sum(order), order.receipt_url, order.payment_intent)
