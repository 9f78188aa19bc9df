"""A workspace's payments page by page, packs and plans alike, each with its receipt (R30)."""

import datetime as dt
from dataclasses import dataclass

from billing.access import Role, desk_workspace, seat
from billing.money import Money
from billing.reversals import gone_sum, paid_sum, plan_paid
from storage import refunds
from storage.models import Order, Workspace
from storage.transaction import Tx

PAGE = 5


@dataclass(frozen=True, slots=True)
class PaidRow:
    """One payment; points in hundredths, bonus included. `gone` is refunds and disputes."""

    order_id: int
    plan: str | None
    """The plan that it paid, empty for one unknown; None: it bought points."""
    paid: Money
    """Tax included, as `gone`."""
    paid_at: dt.datetime
    points: int
    gone: Money
    receipt_url: str | None
    refundable: bool
    """Stripe took it, so that it can be opened to see what of it can go back."""


@dataclass(frozen=True, slots=True)
class PaidPage:
    """Payments, newest first."""

    workspace_id: int
    workspace: str
    rows: tuple[PaidRow, ...]
    page: int
    more: bool
    """There are older ones."""


def page(tx: Tx, person_id: int, workspace_id: int, number: int) -> PaidPage:
    """For those who look after the money. `number`: 0 is the newest page. Raises StrangerError, NotAllowedError."""
    return _page(tx, seat(tx, person_id, workspace_id, Role.BILLING).workspace, number)


def desk_page(tx: Tx, person_id: int, workspace_id: int, number: int) -> PaidPage:
    """The same for the partner's people. Raises StrangerError, GoneError."""
    _, workspace = desk_workspace(tx, person_id, workspace_id)
    return _page(tx, workspace, number)


def _page(tx: Tx, workspace: Workspace, number: int) -> PaidPage:
    found = refunds.paid_orders(tx, workspace.partner_id, workspace.id, PAGE + 1, number * PAGE)
    rows = tuple(_row(tx, order) for order in found[:PAGE])
    return PaidPage(workspace.id, workspace.name, rows, number, len(found) > PAGE)


def _row(tx: Tx, order: Order) -> PaidRow:
    return PaidRow(
        order.id,
        plan_paid(tx, order),
        paid_sum(order),
        order.paid_at or order.created_at,
        order.points + order.bonus,
        gone_sum(tx, order) if order.refunded_minor else Money(0, order.currency),
        order.receipt_url,
        order.payment_intent is not None,
    )
