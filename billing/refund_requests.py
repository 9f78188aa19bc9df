"""A customer asks for a payment back, once per payment and day; the partner refunds it or says no."""

import datetime as dt
from dataclasses import dataclass

from billing import audit, notices
from billing.access import DeskRole, Role, desk_locked, seat
from billing.call import Call
from billing.charging import today_of
from billing.errors import GoneError, NotRefundableError
from billing.money import Money
from billing.reversals import gone_sum, paid_sum, plan_paid
from billing.text import NOTE_LENGTH, whole
from storage import orders, refunds, workspaces
from storage.models import TEST_OVER, Order, OrderStatus, Workspace
from storage.transaction import Tx

SHOWN = 5
"""Payments that the help with payments lists."""


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as its customer reads it. Points in hundredths, bonus included; `gone` is refunds and disputes."""

    order_id: int
    workspace_id: int
    workspace: str
    partner: str
    plan: str | None
    """The plan that it paid, empty for one unknown; None: it bought points."""
    paid: Money
    paid_at: dt.datetime
    points: int
    gone: Money
    taken: int
    receipt_url: str | None
    request: str
    """"" (none today), asked, refunded, declined."""
    may_ask: bool


@dataclass(frozen=True, slots=True)
class PaySupport:
    """What the help with payments shows: the newest payments, to who looks after the money."""

    workspace_id: int
    workspace: str
    partner: str
    payments: tuple[PaymentView, ...]
    may_ask: bool


def support(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> PaySupport:
    """The newest payments of a workspace. Raises StrangerError."""
    place = seat(tx, person_id, workspace_id)
    may_ask = place.role >= Role.BILLING
    found = refunds.paid_orders(tx, place.partner.id, workspace_id, SHOWN) if may_ask else []
    return PaySupport(
        workspace_id,
        place.workspace.name,
        place.partner.name,
        tuple(_view(tx, place.workspace, place.partner.name, order, now) for order in found),
        may_ask,
    )


def payment(tx: Tx, person_id: int, order_id: int, now: dt.datetime) -> PaymentView:
    """One payment. Raises GoneError, NotAllowedError, StrangerError."""
    order = orders.find(tx, order_id)
    if order is None:
        raise GoneError
    place = seat(tx, person_id, order.workspace_id, Role.BILLING)
    if order.status != OrderStatus.PAID or order.reason == TEST_OVER:
        raise GoneError
    return _view(tx, place.workspace, place.partner.name, order, now)


def _view(tx: Tx, workspace: Workspace, partner: str, order: Order, now: dt.datetime) -> PaymentView:
    requests = refunds.requests(tx, order.partner_id, order.id)
    today = next((each for each in requests if each.asked_on == today_of(workspace, now)), None)
    waiting = next((each for each in requests if each.status == "asked"), None)
    shown = waiting or today
    return PaymentView(
        order.id,
        workspace.id,
        workspace.name,
        partner,
        plan_paid(tx, order),
        paid_sum(order),
        order.paid_at or order.created_at,
        order.points + order.bonus,
        gone_sum(tx, order) if order.refunded_minor else Money(0, order.currency),
        order.reversed_points + order.reversed_bonus,
        order.receipt_url,
        shown.status if shown is not None else "",
        today is None and order.refunded_minor < order.amount_minor,
    )


def ask(tx: Tx, call: Call, order_id: int, reason: str) -> PaymentView:
    """Ask the partner for a payment back; asked again on the same day it changes nothing.

    Raises GoneError, NotAllowedError, StrangerError, NotRefundableError (all of it is back), TooLongError.
    """
    found = orders.find(tx, order_id)
    if found is None:
        raise GoneError
    place = seat(tx, call.person_id, found.workspace_id, Role.BILLING)
    said = whole(reason, NOTE_LENGTH)
    # A closed workspace may ask too: its payments stay payments.
    workspaces.lock(tx, found.workspace_id)
    order = orders.lock(tx, place.partner.id, order_id)
    if order is None or order.status != OrderStatus.PAID or order.reason == TEST_OVER:
        raise GoneError
    if order.refunded_minor >= order.amount_minor:
        raise NotRefundableError("nothing")
    assert call.person_id is not None
    request_id = call.id_for("refund-request", order_id)
    is_new = refunds.keep_request(
        tx,
        partner_id=place.partner.id,
        id=request_id,
        order_id=order_id,
        workspace_id=place.workspace.id,
        person_id=call.person_id,
        reason=said,
        status="asked",
        note="",
        asked_on=today_of(place.workspace, call.at),
        asked_at=call.at,
    )
    if is_new:
        notices.tell_desk(
            tx,
            call,
            place.partner.id,
            "refund_request",
            {"order_id": order_id, "workspace_id": place.workspace.id, "request_id": request_id},
        )
    return _view(tx, place.workspace, place.partner.name, order, call.at)


@dataclass(frozen=True, slots=True)
class Declined:
    """A wish that the partner said no to; `status` tells if it was answered otherwise before."""

    order_id: int
    workspace_id: int
    workspace: str
    status: str
    told: int


def decline(tx: Tx, call: Call, request_id: int, note: str) -> Declined:
    """Say no to a wish, with a note for the customer. Raises GoneError, NotAllowedError, TooLongError."""
    found = refunds.request(tx, request_id)
    if found is None:
        raise GoneError
    place, workspace, _ = desk_locked(tx, call.person_id, found.workspace_id, DeskRole.ADMIN)
    said = whole(note, NOTE_LENGTH)
    tx.session.refresh(found)
    told = 0
    if found.status == "asked":
        found.status, found.note = "declined", said
        told = notices.tell_workspace(
            tx,
            call,
            place.partner.id,
            workspace.id,
            "refund_declined",
            {"order_id": found.order_id, "note": said},
        )
        order = orders.order(tx, place.partner.id, found.order_id)
        assert order is not None, "a wish is for a payment"
        audit.record(
            tx,
            call,
            place.partner.id,
            "refund_declined",
            workspace_id=workspace.id,
            subject=said,
            before={"status": "asked"},
            after={
                "status": "declined",
                "order": order.id,
                "amount": order.amount_minor - order.refunded_minor,
                "currency": order.currency,
                "paid_on": (order.paid_at or order.created_at).date().isoformat(),
            },
        )
    return Declined(found.order_id, workspace.id, workspace.name, found.status, told)
