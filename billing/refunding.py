"""The partner refunds from a payment's row: offered, quoted, asked for, answered (R29). No network here."""

import datetime as dt
from dataclasses import dataclass

from billing import audit, notices, renewal
from billing.access import DeskRole, desk_locked, desk_workspace
from billing.call import Call
from billing.errors import GoneError, NotRefundableError, RefundChangedError
from billing.money import Money
from billing.refund_looks import next_look
from billing.reversals import gone_sum, paid_sum, plan_paid, share
from storage import orders, people, refunds, workspaces
from storage.models import TEST_OVER, Order, OrderStatus, Refund, Workspace
from storage.transaction import Tx

ASKED_LOOK = dt.timedelta(minutes=1)
"""How soon a refund whose answer was lost is sent again."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A customer's wish to have this payment back, as it was asked for last."""

    id: int
    person: str
    reason: str
    at: dt.datetime
    open: bool


@dataclass(frozen=True, slots=True)
class RefundOffer:
    """What of a payment can go back. Money with tax, as it was paid; points in hundredths."""

    order_id: int
    workspace_id: int
    workspace: str
    plan: str | None
    """The plan that it paid, empty for one unknown: no points are involved. None: it bought points."""
    paid: Money
    paid_at: dt.datetime
    points: int
    bonus: int
    gone: Money
    """Refunds and disputes so far."""
    on_its_way: Money
    """Asked for, and not heard of yet."""
    left: Money
    reversed: int
    takes: int
    """What refunding all that is left would take."""
    dispute: str
    """"" (none that takes money), open, lost. Stripe refunds no payment that has one."""
    balance: int
    wish: Wish | None


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """What refunding an amount would do; points in hundredths."""

    offer: RefundOffer
    amount: Money
    takes: int

    @property
    def balance_after(self) -> int:
        return self.offer.balance - self.takes


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """A committed refund as it is taken to the gateway."""

    id: int
    partner_id: int
    order_id: int
    payment_intent: str
    live: bool
    amount: Money
    status: str
    error: str
    sent: bool
    """Stripe has answered."""
    created_at: dt.datetime

    @property
    def key(self) -> str:
        return f"refund-{self.id}"

    @property
    def metadata(self) -> dict[str, str]:
        """By which the refund is known again at Stripe."""
        return {"refund": str(self.id), "order": str(self.order_id)}


def payment_of(tx: Tx, person_id: int | None, order_id: int) -> tuple[int, str, bool]:
    """Partner, payment and mode of an order that the person may refund.

    Raises GoneError, NotAllowedError, StrangerError, NotRefundableError (a test that is over).
    """
    order, _ = _found(tx, person_id, order_id)
    if order.reason == TEST_OVER:
        raise NotRefundableError("mode")
    assert order.payment_intent is not None
    return order.partner_id, order.payment_intent, order.live


def _found(
    tx: Tx, person_id: int | None, order_id: int, least: DeskRole = DeskRole.ADMIN
) -> tuple[Order, Workspace]:
    order = orders.find(tx, order_id)
    if order is None:
        raise GoneError
    _, workspace = desk_workspace(tx, person_id, order.workspace_id, least)
    if order.status != OrderStatus.PAID or order.payment_intent is None:
        raise GoneError
    return order, workspace


def offer(tx: Tx, person_id: int, order_id: int) -> RefundOffer:
    """What of a payment can go back, by what is known of it. Raises as payment_of."""
    return _offer(tx, *_found(tx, person_id, order_id))


def seen(tx: Tx, person_id: int, order_id: int) -> RefundOffer:
    """The same for whoever works at the desk, to read. Raises GoneError, StrangerError."""
    return _offer(tx, *_found(tx, person_id, order_id, DeskRole.SUPPORT))


def _offer(tx: Tx, order: Order, workspace: Workspace) -> RefundOffer:
    paid_minor, gone_minor = paid_sum(order).amount_minor, gone_sum(tx, order).amount_minor
    rows = refunds.refunds(tx, order.partner_id, order.id)
    taking = [each for each in refunds.disputes(tx, order.partner_id, order.id) if each.takes_money]
    on_its_way = sum(row.amount_minor for row in rows if row.status == "asked")

    left = max(0, paid_minor - gone_minor - on_its_way)
    whole, before = share(order, paid_minor, paid_minor), share(order, paid_minor - left, paid_minor)
    dispute = "open" if any(each.status != "lost" for each in taking) else "lost" if taking else ""

    def money(minor: int) -> Money:
        return Money(minor, order.currency)

    return RefundOffer(
        order.id,
        order.workspace_id,
        workspace.name,
        plan_paid(tx, order),
        money(paid_minor),
        order.paid_at or order.created_at,
        order.points,
        order.bonus,
        money(gone_minor),
        money(on_its_way),
        money(left),
        order.reversed_points + order.reversed_bonus,
        whole.points + whole.bonus - before.points - before.bonus,
        dispute,
        workspaces.wallet(tx, order.partner_id, order.workspace_id).balance,
        _wish(tx, order),
    )


def _wish(tx: Tx, order: Order) -> Wish | None:
    found = refunds.requests(tx, order.partner_id, order.id)
    if not found:
        return None
    newest = found[0]
    person = people.person(tx, newest.person_id)
    name = person.name if person is not None else ""
    return Wish(newest.id, name, newest.reason, newest.asked_at, newest.status == "asked")


def quote(tx: Tx, person_id: int, order_id: int, amount_minor: int) -> RefundQuote:
    """What refunding that much would take. Raises NotRefundableError, and as payment_of."""
    order, workspace = _found(tx, person_id, order_id)
    return _quote(order, _offer(tx, order, workspace), amount_minor)


def _quote(order: Order, known: RefundOffer, amount_minor: int) -> RefundQuote:
    if known.dispute:
        raise NotRefundableError("disputed", known.left)
    if not known.left.amount_minor:
        raise NotRefundableError("nothing", known.left)
    if not 0 < amount_minor <= known.left.amount_minor:
        raise NotRefundableError("amount", known.left)
    paid = known.paid.amount_minor
    before = share(order, known.gone.amount_minor + known.on_its_way.amount_minor, paid)
    after = share(order, paid - known.left.amount_minor + amount_minor, paid)
    takes = after.points + after.bonus - before.points - before.bonus
    return RefundQuote(known, Money(amount_minor, order.currency), takes)


def ask(tx: Tx, call: Call, order_id: int, amount_minor: int, left_minor: int) -> RefundOrder:
    """Commit a refund before the gateway hears of it. `left_minor`: what was shown as left to refund.

    Raises RefundChangedError when that no longer holds, NotRefundableError, and as payment_of.
    """
    found = orders.find(tx, order_id)
    if found is None:
        raise GoneError
    place, workspace, wallet = desk_locked(tx, call.person_id, found.workspace_id, DeskRole.ADMIN)
    order = orders.lock(tx, place.partner.id, order_id)
    if order is None or order.status != OrderStatus.PAID or order.payment_intent is None:
        raise GoneError
    refund_id = call.id_for("refund")
    row = refunds.refund(tx, place.partner.id, refund_id)
    if row is not None:
        return _order_of(row, order)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    known = _offer(tx, order, workspace)
    if known.left.amount_minor != left_minor:
        raise RefundChangedError(known.left)
    quoted = _quote(order, known, amount_minor)
    row = Refund(
        partner_id=place.partner.id,
        id=refund_id,
        order_id=order.id,
        workspace_id=workspace.id,
        person_id=call.person_id,
        amount_minor=amount_minor,
        status="asked",
        error="",
        created_at=call.at,
        next_look_at=call.at + ASKED_LOOK,
    )
    tx.session.add(row)
    audit.record(
        tx,
        call,
        place.partner.id,
        "refund",
        workspace_id=workspace.id,
        before={"balance": wallet.balance, "left": left_minor},
        after={"amount": amount_minor, "currency": order.currency, "points": quoted.takes}
        | ({"plan": quoted.offer.plan} if quoted.offer.plan is not None else {}),
    )
    tx.session.flush()
    return _order_of(row, order)


def refund_order(tx: Tx, partner_id: int, refund_id: int) -> RefundOrder:
    """A committed refund as it stands."""
    row = refunds.refund(tx, partner_id, refund_id)
    assert row is not None
    order = orders.order(tx, partner_id, row.order_id)
    assert order is not None
    return _order_of(row, order)


def _order_of(row: Refund, order: Order) -> RefundOrder:
    assert order.payment_intent is not None
    return RefundOrder(
        row.id,
        row.partner_id,
        order.id,
        order.payment_intent,
        order.live,
        Money(row.amount_minor, order.currency),
        row.status,
        row.error,
        row.stripe_refund is not None,
        row.created_at,
    )


def answered(tx: Tx, partner_id: int, refund_id: int, stripe_refund: str) -> None:
    """The gateway took it: what it comes to is read from the payment's facts."""
    _, row = _locked(tx, partner_id, refund_id)
    row.stripe_refund = stripe_refund


def looked(tx: Tx, partner_id: int, refund_id: int, at: dt.datetime) -> None:
    """Stripe was asked how a refund stands that it took."""
    _, row = _locked(tx, partner_id, refund_id)
    row.next_look_at = next_look(row.created_at, row.status, at)


def refuse(tx: Tx, call: Call, partner_id: int, refund_id: int, code: str) -> None:
    """The gateway would not, or couldn't be reached for a day. Nothing went back; who asked is told.

    A call with a person is shown it at once.
    """
    order, row = _locked(tx, partner_id, refund_id)
    if row.status != "asked" or row.stripe_refund is not None:
        return
    row.status, row.error, row.next_look_at = "refused", code, None
    if call.person_id is None:
        told = Call(call.at, f"refund-refused:{refund_id}", call.bot_id)
        notices.tell_desk(
            tx,
            told,
            partner_id,
            "desk_refund_refused",
            {
                "order_id": order.id,
                "workspace_id": order.workspace_id,
                "amount": row.amount_minor,
                "currency": order.currency,
                "code": code,
            },
        )


def _locked(tx: Tx, partner_id: int, refund_id: int) -> tuple[Order, Refund]:
    row = refunds.refund(tx, partner_id, refund_id)
    assert row is not None
    workspaces.lock(tx, row.workspace_id)
    order = orders.lock(tx, partner_id, row.order_id)
    assert order is not None
    tx.session.refresh(row)
    return order, row
