"""What people see of their orders."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from billing.access import Role, role_of, seat
from billing.addons import is_selling
from billing.errors import (
    GoneError,
    StrangerError,
)
from billing.money import Money
from billing.orders.offers import ExactOffer, PackOffer, offered
from billing.stripe_params import adds_tax
from storage import catalogue, orders, workspaces
from storage import topup as topups
from storage.models import Order, OrderStatus, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Remembered:
    """A purchase that is made when points for it arrive (R12): units more than there are now."""

    addon_id: int
    label: str
    units: int


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its screen shows it."""

    id: int
    workspace_id: int
    workspace: str
    pack_id: int | None
    points: int
    bonus: int
    price: Money
    status: OrderStatus
    reason: str
    """decline code, "mismatch", "unreachable" or empty"""
    packs: int
    """How many of the pack."""
    url: str | None
    receipt_url: str | None
    balance: int
    remembered: tuple[Remembered, ...]
    """What paying buys."""
    created_at: dt.datetime
    message_id: int | None
    """The chat message that shows it and changes by itself."""
    taxed: bool
    """Its page adds tax to the price."""


@dataclass(frozen=True, slots=True)
class TopUp:
    """What a customer can buy points with."""

    workspace_id: int
    workspace: str
    role: Role
    balance: int
    packs: tuple[PackOffer, ...]
    exact: tuple[ExactOffer, ...]
    running: tuple["OrderView", ...]
    selling: bool
    remembered: tuple["Remembered", ...]


def topup(tx: Tx, person_id: int, workspace_id: int) -> TopUp:
    """The top-up screen's facts, for any member to see."""
    till = topups.till(tx, person_id, workspace_id)
    if till is None:
        raise StrangerError
    packs, exact = offered(tx, till.partner_id)
    running = orders.running(tx, till.partner_id, workspace_id) if till.running else []
    return TopUp(
        workspace_id,
        till.workspace,
        role_of(till.role),
        till.balance,
        packs,
        tuple(ExactOffer(row.currency, Decimal(row.price)) for row in exact),
        tuple(view_of(tx, order) for order in running),
        is_selling(till),
        remembered(tx, till.partner_id, workspace_id) if till.remembered else (),
    )


def payer(tx: Tx, person_id: int, workspace_id: int) -> int:
    """The partner that somebody with the right to pay would pay. Raises StrangerError, NotAllowedError."""
    return seat(tx, person_id, workspace_id, Role.BILLING).partner.id


def view(tx: Tx, person_id: int, order_id: int) -> tuple[OrderView, int]:
    """An order for a member of its workspace, and its partner. Raises GoneError, StrangerError."""
    order = orders.find(tx, order_id)
    if order is None:
        raise GoneError
    place = seat(tx, person_id, order.workspace_id)
    return view_in(tx, place.workspace, order), place.partner.id


def view_of(tx: Tx, order: Order) -> OrderView:
    workspace = workspaces.find(tx, order.workspace_id)
    assert workspace is not None
    return view_in(tx, workspace, order)


def view_in(tx: Tx, workspace: Workspace, order: Order) -> OrderView:
    return OrderView(
        order.id,
        order.workspace_id,
        workspace.name,
        order.pack_id,
        order.points,
        order.bonus,
        Money(order.amount_minor, order.currency),
        OrderStatus(order.status),
        order.reason,
        order.packs,
        order.session_url,
        order.receipt_url,
        workspaces.wallet(tx, order.partner_id, order.workspace_id).balance,
        remembered(tx, order.partner_id, order.workspace_id),
        order.created_at,
        order.message_id,
        adds_tax(order.session_params),
    )


def remembered(tx: Tx, partner_id: int, workspace_id: int) -> tuple[Remembered, ...]:
    intents = workspaces.intents(tx, partner_id, workspace_id)
    if not intents:
        return ()
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, partner_id)}
    here = {state.addon_id: state.units for state in workspaces.addon_states(tx, partner_id, workspace_id)}
    return tuple(
        Remembered(row.addon_id, labels.get(row.addon_id, ""), row.units - here.get(row.addon_id, 0))
        for row in intents
        if row.units > here.get(row.addon_id, 0)
    )
