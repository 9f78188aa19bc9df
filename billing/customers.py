"""A workspace's customer object at the gateway: made when something is paid for the first time, then kept.

It can be deleted there. Then it is forgotten here with the cards that were saved for it, and another is made.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from billing.access import Role, seat
from billing.automatic import cards
from billing.call import Call
from billing.errors import PaymentsDownError
from billing.gateway import GatewayError
from billing.orders import close_for_customer
from billing.payments import Payments
from storage import automatic, catalogue, orders, subscriptions, workspaces
from storage.models import StripeEvent
from storage.transaction import Tx

T = TypeVar("T")
log = structlog.get_logger()


class CustomerGoneError(PaymentsDownError):
    """The customer was deleted at the gateway, and is forgotten here: the same works for a new one."""


async def with_customer(
    payments: Payments,
    call: Call,
    partner_id: int,
    workspace_id: int,
    least: Role,
    make: Callable[[Call, str], Awaitable[T]],
) -> T:
    """Make something for the customer that somebody with the right to it pays as.

    Where he is deleted, `make` is called once more, with a new customer and a call that draws new ids and keys. Raises
    PaymentsDownError, StrangerError, NotAllowedError.
    """
    assert call.person_id is not None
    try:
        return await make(call, await customer_for(payments, partner_id, workspace_id, call.person_id, least))
    except CustomerGoneError:
        customer = await customer_for(payments, partner_id, workspace_id, call.person_id, least)
        return await make(call.part(customer), customer)


async def customer_for(
    payments: Payments, partner_id: int, workspace_id: int, person_id: int, least: Role
) -> str:
    """The customer that somebody with the right to it pays as.

    Raises PaymentsDownError, StrangerError, NotAllowedError.
    """
    gateway = payments.gateway(partner_id)
    known, name = await payments.db.read(customer_of, person_id, workspace_id, gateway.live, least)
    if known is not None:
        return known
    try:
        made = await gateway.create_customer(payments.bot_id, partner_id, workspace_id, name)
    except GatewayError as error:
        log.warning("customer not made", code=error.code)
        raise PaymentsDownError from error
    return await payments.db.write(keep_customer, partner_id, workspace_id, gateway.live, made)


def customer_of(
    tx: Tx,
    person_id: int,
    workspace_id: int,
    live: bool,  # noqa: FBT001
    least: Role = Role.BILLING,
) -> tuple[str | None, str]:
    """The workspace's customer, if it has one, and the workspace's name; also checks the right."""
    place = seat(tx, person_id, workspace_id, least)
    row = orders.customer(tx, place.partner.id, workspace_id, live)
    return (row.customer if row is not None else None), place.workspace.name


def keep_customer(tx: Tx, partner_id: int, workspace_id: int, live: bool, customer: str) -> str:  # noqa: FBT001
    """Store a new customer; one that came first stays. Answers the one that is kept."""
    orders.keep_customer(tx, partner_id, workspace_id, live, customer)
    row = orders.customer(tx, partner_id, workspace_id, live)
    assert row is not None, "it was just kept"
    return row.customer


async def adopt(payments: Payments, partner_id: int, workspace_id: int, customer: str) -> bool:
    """A customer object that bears our mark: its workspace's, if that has none, or one that is deleted.

    Answers whether it is news. Raises GatewayError.
    """
    gateway = payments.gateway(partner_id)
    known = await payments.db.read(known_customer, partner_id, workspace_id, gateway.live)
    if known == customer or not await payments.db.read(is_workspace, partner_id, workspace_id):
        return False
    if known is not None:
        if not await gateway.is_customer_gone(known):
            return False
        await _forget(payments, partner_id, known)
    kept = await payments.db.write(keep_customer, partner_id, workspace_id, gateway.live, customer)
    return kept == customer


def known_customer(tx: Tx, partner_id: int, workspace_id: int, live: bool) -> str | None:  # noqa: FBT001
    """The workspace's customer, if it has one; no right."""
    row = orders.customer(tx, partner_id, workspace_id, live)
    return row.customer if row is not None else None


def is_workspace(tx: Tx, partner_id: int, workspace_id: int) -> bool:
    """Whether it is one of the partner's."""
    found = workspaces.find(tx, workspace_id)
    return found is not None and found.partner_id == partner_id


def is_gone(error: GatewayError) -> bool:
    """Whether a call was refused because the gateway doesn't know its customer, or not any more."""
    return error.param == "customer" and error.code in {"resource_missing", "card_gone"}


async def forget_if_gone(payments: Payments, error: GatewayError, partner_id: int, customer: object) -> bool:
    """After a refusal: whether it was because `customer`, for whom it was asked, is deleted. Then he is forgotten."""
    if not is_gone(error) or not isinstance(customer, str):
        return False
    await _forget(payments, partner_id, customer)
    return True


async def heard(payments: Payments, event: StripeEvent) -> None:
    """A webhook told that a customer was deleted: see whether it is so, then forget him."""
    if await payments.gateway(event.partner_id).is_customer_gone(event.object_id):
        await _forget(payments, event.partner_id, event.object_id)


async def _forget(payments: Payments, partner_id: int, customer: str) -> None:
    log.warning("customer gone", partner=partner_id)
    call = Call(payments.clock.now(), f"customer-gone:{customer}", payments.bot_id)
    if await payments.db.write(forget_customer, call, partner_id, customer):
        payments.wake()


def forget_customer(tx: Tx, call: Call, partner_id: int, customer: str) -> bool:
    """Nothing can be charged or paid as this customer any more: his cards are gone, his open pages are closed.

    False: he is nobody's, or is forgotten already.
    """
    known = orders.customer_named(tx, partner_id, customer)
    found = workspaces.lock(tx, known.workspace_id) if known is not None else None
    partner = catalogue.partner(tx, partner_id)
    if known is None or found is None or partner is None:
        return False
    workspace = found[0]
    row = orders.lock_customer(tx, partner_id, workspace.id, known.live)
    if row is None or row.customer != customer:
        return False
    live = row.live
    tx.session.delete(row)
    for card in automatic.cards_of(tx, partner_id, workspace.id):
        if card.live == live:
            setting = automatic.lock_setting(tx, partner_id, workspace.id)
            cards.lose(tx, call, partner, workspace, setting, card)
    close_for_customer(tx, call, workspace, live=live)
    for setup in automatic.open_setups(tx, partner_id, workspace.id):
        if setup.live == live:
            cards.close_page(tx, call, setup)
    page = subscriptions.open_page(tx, partner_id, workspace.id)
    if page is not None and page.live == live:
        page.status, page.next_look_at = "closing", call.at
    tx.session.flush()
    return True
