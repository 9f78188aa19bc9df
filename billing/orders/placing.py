"""Orders are placed, get their page, are called off (R12, R27, R28). No network here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from billing import renewal
from billing.access import LockedSeat, Role, locked_seat
from billing.addons import stripe_ready
from billing.automatic import needs
from billing.call import Call
from billing.errors import (
    AutoTopUpError,
    GoneError,
    NotSellingError,
)
from billing.gateway import CheckoutRequest, SessionFacts
from billing.invoicing import invoicing_of
from billing.money import Money
from billing.orders.choosing import Choice, priced
from billing.orders.looking import OrderView, view_in, view_of
from billing.orders.telling import tell
from storage import automatic, orders
from storage.models import TEST_OVER, Order, OrderStatus, Workspace
from storage.transaction import Tx

_FIRST_LOOK = dt.timedelta(seconds=5)
CUSTOMER_GONE: Final = "customer_gone"
"""The reason of an order whose page was made for a customer that is deleted at the gateway."""
SESSION_LIFE = dt.timedelta(hours=23)
"""Below Stripe's day, so that the page ends before its idempotency key does."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A committed order that can be taken to the gateway."""

    view: OrderView
    partner_id: int
    params: dict[str, Any]
    key: str
    session_id: str | None
    superseded: tuple[tuple[int, str | None], ...]
    """Orders that this one replaces: id and session."""


@dataclass(frozen=True, slots=True)
class CheckoutTerms:
    """What a payment page is made with besides the order itself."""

    customer: str
    live: bool
    return_url: Callable[[int], str]
    language: str
    title: Callable[[str, int, int], str]
    """Point name, points, bonus -> what Stripe's page calls it."""
    build: Callable[[CheckoutRequest], dict[str, Any]]


def place(
    tx: Tx,
    call: Call,
    workspace_id: int,
    choice: Choice,
    terms: CheckoutTerms,
    chat_id: int | None,
    message_id: int | None,
) -> Placed:
    """Commit an order and the parameters of its page; other open orders of the person are superseded.

    The same choice while its order is open answers that order. Raises NotSellingError, GoneError
    (retired pack), AmountError, AutoTopUpError (a failed charge that is made good, tried, or needed no more).
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    partner, workspace = held.partner, held.workspace
    if not (partner.credit_billing and stripe_ready(partner)) or terms.live != partner.stripe_live:
        # The other mode: the key was changed, and its account isn't looked at yet (R26).
        raise NotSellingError
    order_id = call.id_for("order")
    known = orders.lock(tx, partner.id, order_id)
    running = orders.running(tx, partner.id, workspace_id)
    points, bonus, price = priced(tx, partner, choice)
    if known is None and choice.recovers_id is not None:
        known = _recovery(tx, call, held, choice.recovers_id)
    if known is None:
        known = next((row for row in running if _same(row, call, choice, points, bonus, price)), None)
    if known is None:
        known = Order(
            partner_id=partner.id,
            id=order_id,
            workspace_id=workspace_id,
            person_id=call.person_id,
            pack_id=choice.pack_id,
            packs=choice.packs,
            saves_card=choice.save_card,
            recovers_id=choice.recovers_id,
            points=points,
            bonus=bonus,
            amount_minor=price.amount_minor,
            currency=price.currency,
            live=terms.live,
            status=OrderStatus.OPEN,
            created_at=call.at,
            expires_at=call.at + SESSION_LIFE,
            next_look_at=call.at + dt.timedelta(minutes=1),
        )
        known.session_params = terms.build(
            CheckoutRequest(
                order_id,
                call.bot_id,
                partner.id,
                workspace_id,
                terms.title(partner.point_name, points, bonus),
                price,
                points,
                bonus,
                terms.customer,
                known.expires_at,
                terms.return_url(order_id),
                terms.return_url(order_id),
                terms.language,
                invoicing_of(partner),
                choice.packs,
                choice.save_card,
            )
        )
        tx.session.add(known)
    if known.person_id == call.person_id:
        known.chat_id, known.message_id = chat_id, message_id
    replaced = []
    for row in running:
        if row.id != known.id and row.person_id == call.person_id and row.status == OrderStatus.OPEN:
            orders.call_off(row, call.at, "superseded")
            replaced.append((row.id, row.session_id))
            if (row.chat_id, row.message_id) != (chat_id, message_id):
                tell(tx, call, row)
    tx.session.flush()
    return Placed(
        view_in(tx, workspace, known),
        partner.id,
        known.session_params or {},
        f"order-{known.id}",
        known.session_id,
        tuple(replaced),
    )


def _same(row: Order, call: Call, choice: Choice, points: int, bonus: int, price: Money) -> bool:
    """Whether a running order is just what is asked for again, with time enough left to pay it."""
    return (
        row.status == OrderStatus.OPEN
        and row.person_id == call.person_id
        and (row.pack_id, row.packs) == (choice.pack_id, choice.packs)
        and (row.saves_card, row.recovers_id) == (choice.save_card, choice.recovers_id)
        and (row.points, row.bonus) == (points, bonus)
        and (row.amount_minor, row.currency) == (price.amount_minor, price.currency)
        and row.expires_at - call.at > dt.timedelta(hours=1)
    )


def _recovery(tx: Tx, call: Call, held: LockedSeat, recovers_id: int) -> Order | None:
    """The page on which somebody makes a failed charge good already, this one or another for the same need.

    There is one for all, lest it be paid twice (R18). Raises AutoTopUpError while a charge is under way, where it was
    made good, and where nothing is needed any more.
    """
    partner, workspace = held.partner, held.workspace
    failed = orders.order(tx, partner.id, recovers_id)
    if failed is None or not failed.automatic or failed.workspace_id != workspace.id:
        raise GoneError
    if automatic.open_charge(tx, partner.id, workspace.id) is not None:
        raise AutoTopUpError("charging")
    if automatic.is_recovered(tx, failed):
        raise AutoTopUpError("recovered")
    known = automatic.recovery(tx, partner.id, workspace.id)
    if known is not None and known.status == OrderStatus.WAITING:
        return known
    renewal.catch_up(tx, call, partner, workspace, held.wallet)
    setting = automatic.setting(tx, partner.id, workspace.id)
    if not needs.is_anything(tx, partner, workspace, setting, held.wallet.balance, call.at):
        raise AutoTopUpError("not_needed")
    return known


def supersede_recoveries(tx: Tx, call: Call, workspace: Workspace) -> None:
    """What failed was charged after all: pages on which it could be paid by hand are closed (R18)."""
    for row in orders.running(tx, workspace.partner_id, workspace.id):
        if row.recovers_id is not None and row.status == OrderStatus.OPEN:
            orders.call_off(row, call.at, "recovered")
            tell(tx, call, row)


def attach(tx: Tx, call: Call, partner_id: int, order_id: int, facts: SessionFacts) -> OrderView:
    """The gateway made the page: keep its id and address."""
    order = orders.lock(tx, partner_id, order_id)
    assert order is not None
    order.session_id, order.session_url = facts.id, facts.url
    order.payment_intent = order.payment_intent or facts.payment_intent
    if order.status != OrderStatus.CANCELLED:
        order.next_look_at = call.at + _FIRST_LOOK
    return view_of(tx, order)


def refuse(tx: Tx, partner_id: int, order_id: int, reason: str) -> OrderView:
    """The gateway would not make the page, or can't be asked for it any more; nothing can be paid."""
    order = orders.lock(tx, partner_id, order_id)
    assert order is not None
    if order.status == OrderStatus.OPEN and order.session_id is None:
        order.status, order.reason = OrderStatus.FAILED, reason
    elif order.session_id is None:
        closed(tx, partner_id, order_id)
    return view_of(tx, order)


def close_for_customer(tx: Tx, call: Call, workspace: Workspace, *, live: bool) -> None:
    """The workspace's customer is deleted at the gateway: its open pages are of no use; the workspace is locked."""
    for row in orders.running(tx, workspace.partner_id, workspace.id):
        if row.status == OrderStatus.OPEN and row.live == live:
            orders.call_off(row, call.at, CUSTOMER_GONE)
            tell(tx, call, row)


def closed(tx: Tx, partner_id: int, order_id: int) -> None:
    """Nothing can be paid on a cancelled order's page any more, or it counts for nothing: nobody looks at it again."""
    order = orders.lock(tx, partner_id, order_id)
    if order is not None and order.status == OrderStatus.CANCELLED:
        order.next_look_at = orders.NEVER


def cancel(tx: Tx, call: Call, order_id: int) -> tuple[OrderView, int, str | None]:
    """The customer called it off; (view, partner, session to expire). A paid order stays paid."""
    order = orders.find(tx, order_id)
    if order is None or order.automatic:
        raise GoneError
    held = locked_seat(tx, call.person_id, order.workspace_id, Role.BILLING)
    order = orders.lock(tx, held.partner.id, order_id)
    assert order is not None
    session_id = None
    if order.status == OrderStatus.OPEN:
        orders.call_off(order, call.at)
        session_id = order.session_id
    return view_in(tx, held.workspace, order), held.partner.id, session_id


def drop_test(tx: Tx, call: Call, order: Order) -> None:
    """The partner went live: nobody can pay the order or be credited for it any more (R26). The workspace is locked."""
    order.status, order.reason = OrderStatus.CANCELLED, TEST_OVER
    order.next_look_at = orders.NEVER
    if order.message_id is not None:
        tell(tx, call, order)


def show_at(tx: Tx, call: Call, order_id: int, chat_id: int, message_id: int) -> None:
    """From now on this chat message shows the order, and changes with it. Raises GoneError, StrangerError."""
    order = orders.find(tx, order_id)
    if order is None:
        raise GoneError
    locked_seat(tx, call.person_id, order.workspace_id, Role.VIEWER)
    if order.person_id == call.person_id:
        order.chat_id, order.message_id = chat_id, message_id
