"""How an attempt to charge ended: paid, declined, refused, given up (R18, R27). No network here."""

import datetime as dt

import structlog

from billing import mode, notices, orders, renewal
from billing.arrival import points_arrived
from billing.automatic import cards, needs
from billing.automatic.declines import CONFIRMATION, MOST_SOFT, sorted_decline
from billing.automatic.ground import FIRST_LOOK, KEYS_LIVE, UNREACHABLE, WAITING_LOOK, Ground, lock_attempt
from billing.call import Call
from billing.gateway import PaymentFacts, metadata_number
from billing.marks import is_marked
from billing.money import Money
from storage import automatic
from storage import orders as rows
from storage.models import TEST_OVER, AutoTopUp, Order, OrderStatus, Partner, Workspace
from storage.transaction import Tx

log = structlog.get_logger()


def settle(tx: Tx, call: Call, partner_id: int, facts: PaymentFacts) -> OrderStatus | None:
    """Bring an attempt to what the gateway says, whoever brought the news, any number of times (R18, R27).

    An order that is not known is rebuilt from the metadata of a payment that bears our mark. None: it is no automatic
    payment of ours.
    OPEN with the payment known: it must not be confirmable any more, and is to be cancelled at the gateway.
    """
    number = metadata_number(facts.metadata, "order")
    known = rows.order(tx, partner_id, number)
    if known is None and not is_marked(facts.metadata, call.bot_id, partner_id):
        if number:
            log.info("payment of another bot left alone", payment=facts.id)
        return None
    if not (known.automatic if known is not None else facts.succeeded):
        return None
    ground = Ground.lock(tx, metadata_number(facts.metadata, "workspace"))
    if ground is None or ground.partner.id != partner_id:
        return None
    workspace = ground.workspace
    order = rows.lock(tx, partner_id, number) or _rebuilt(call, workspace, facts)
    if order is None or not order.automatic or order.workspace_id != workspace.id:
        return None
    if order.status == OrderStatus.PAID:
        return OrderStatus.PAID
    if order.reason == TEST_OVER or mode.is_over(ground.partner, live=order.live):
        return OrderStatus(order.status)
    tx.session.add(order)
    if facts.succeeded:
        return _paid(tx, call, ground, order, facts)
    if order.status not in {OrderStatus.OPEN, OrderStatus.WAITING}:
        return OrderStatus(order.status)
    order.payment_intent = facts.id
    if facts.on_its_way:
        order.status, order.next_look_at = OrderStatus.WAITING, call.at + WAITING_LOOK
    elif facts.status == "canceled":
        reason = order.reason or facts.decline or "cancelled"
        _declined(tx, call, ground, order, reason, facts.advice)
    elif facts.needs_customer or facts.status != "requires_payment_method":
        # It could still be confirmed by whoever holds its secret; a link to pay follows once it can't be (R18).
        order.status, order.reason = OrderStatus.OPEN, CONFIRMATION
        order.next_look_at = call.at + FIRST_LOOK
    else:
        _declined(tx, call, ground, order, facts.decline or "declined", facts.advice)
    return OrderStatus(order.status)


def _rebuilt(call: Call, workspace: Workspace, facts: PaymentFacts) -> Order | None:
    """The order of a payment that was made and isn't known here: of a restored backup."""
    order_id, points = metadata_number(facts.metadata, "order"), metadata_number(facts.metadata, "points")
    if not facts.succeeded or not order_id or points <= 0:
        return None
    return Order(
        partner_id=workspace.partner_id,
        id=order_id,
        workspace_id=workspace.id,
        automatic=True,
        points=points,
        bonus=metadata_number(facts.metadata, "bonus"),
        amount_minor=facts.amount.amount_minor,
        currency=facts.amount.currency,
        live=facts.live,
        # Not open: another attempt may be.
        status=OrderStatus.FAILED,
        created_at=facts.created,
        expires_at=facts.created + KEYS_LIVE,
        next_look_at=call.at,
    )


def _paid(tx: Tx, call: Call, ground: Ground, order: Order, facts: PaymentFacts) -> OrderStatus:
    partner, workspace, setting = ground.partner, ground.workspace, ground.setting
    if facts.amount != Money(order.amount_minor, order.currency) or facts.live != order.live:
        if order.reason != "mismatch":
            order.status, order.reason = OrderStatus.FAILED, "mismatch"
            about = {"workspace_id": workspace.id, "order_id": order.id}
            notices.tell_desk(tx, call, partner.id, "mismatch", about)
        return OrderStatus.FAILED
    renewal.catch_up(tx, call, partner, workspace, ground.wallet)
    orders.credit(tx, call, order, facts.id, facts.charge, facts.receipt_url)
    orders.supersede_recoveries(tx, call, workspace)
    setting.soft_declines = 0
    if setting.last_order_id is None:
        setting.last_order_id = order.id
    arrival = points_arrived(tx, call, partner, workspace, ground.wallet)
    needs.set_next(partner, workspace, setting, call.at)
    bought = [[each.addon_id, each.label, each.units, each.outcome, each.amount] for each in arrival.bought]
    told = Call(call.at, f"order:{order.id}:paid", call.bot_id)
    params = {"order_id": order.id, "bought": bought, "renewed": [list(each) for each in arrival.renewed]}
    ground.tell(tx, told, "auto_paid", params)
    desk = {"order_id": order.id, "workspace_id": workspace.id, "bought": bought}
    notices.tell_desk(tx, told, partner.id, "desk_topup", desk)
    return OrderStatus.PAID


def refused(tx: Tx, call: Call, partner_id: int, order_id: int, code: str) -> None:
    """The gateway would not even try: the card is gone, or the request can't be made. Nothing was charged."""
    found = lock_attempt(tx, partner_id, order_id)
    if found is None or found[1].status != OrderStatus.OPEN:
        return
    ground, order = found
    order.status, order.reason = OrderStatus.FAILED, code
    card = automatic.card(tx, partner_id, order.card_id) if order.card_id is not None else None
    if code == "card_gone" and card is not None:
        cards.lose(tx, call, ground.partner, ground.workspace, ground.setting, card)
    elif ground.setting.state in automatic.RUNNING_STATES:
        _suspend(tx, call, ground, order)


def give_up(tx: Tx, call: Call, partner_id: int, order_id: int) -> None:
    """Nothing became of an attempt, as far as the gateway knows: no decline; a new one may be made (R18)."""
    found = lock_attempt(tx, partner_id, order_id)
    if found is None or found[1].status != OrderStatus.OPEN:
        return
    ground, order = found
    order.status, order.reason = OrderStatus.FAILED, UNREACHABLE
    _give_date_back(ground.partner, ground.workspace, ground.setting, call.at)


def _give_date_back(partner: Partner, workspace: Workspace, setting: AutoTopUp, at: dt.datetime) -> None:
    """The date of an attempt that came to nothing isn't over."""
    this_round = needs.running_round(partner, workspace, setting)
    if setting.tried_for == this_round.start and setting.tries > 0:
        setting.tries -= 1
    needs.set_next(partner, workspace, setting, at)
    if setting.next_at is not None:
        setting.next_at = max(setting.next_at, at + needs.LOOK_AGAIN)


def _declined(tx: Tx, call: Call, ground: Ground, order: Order, code: str, advice: str | None) -> None:
    """A soft decline is tried again at the next date; a hard one, or the fourth soft one in a row, suspends (R18)."""
    partner, workspace, setting = ground.partner, ground.workspace, ground.setting
    order.status, order.reason = OrderStatus.FAILED, code
    if setting.state not in automatic.RUNNING_STATES:
        return
    if order.card_id != setting.card_id:
        # Another card was saved while this one was charged: it gets its own attempt.
        _give_date_back(partner, workspace, setting, call.at)
        return
    setting.soft_declines += 1
    if sorted_decline(code, advice) == "hard" or setting.soft_declines >= MOST_SOFT:
        _suspend(tx, call, ground, order)
        return
    needs.set_next(partner, workspace, setting, call.at)
    if code == CONFIRMATION or not _told_lately(tx, ground, order):
        told = Call(call.at, f"order:{order.id}:failed", call.bot_id)
        ground.tell(tx, told, "auto_failed", {"order_id": order.id, "reason": code})


def _told_lately(tx: Tx, ground: Ground, order: Order) -> bool:
    """Whether the people know of a failure already: the one before, of the same card, for the same cycle.

    A charge for a low balance comes before the dates of the next cycle, and belongs to the running one.
    """
    before = automatic.charge_before(tx, order)
    if before is None or before.status != OrderStatus.FAILED or before.reason in {UNREACHABLE, "card_gone"}:
        return False
    partner, workspace, setting = ground.partner, ground.workspace, ground.setting
    first = needs.running_round(partner, workspace, setting).dates[0]
    if order.created_at < first:
        first = needs.round_for(partner, workspace, setting, workspace.cycle_start).dates[0]
    return before.card_id == order.card_id and before.created_at >= first


def _suspend(tx: Tx, call: Call, ground: Ground, order: Order) -> None:
    """Nothing more is tried until the customer turns it on again or saves another card; the desk is told once."""
    partner, workspace, setting = ground.partner, ground.workspace, ground.setting
    setting.state, setting.reason = "suspended", order.reason
    needs.set_next(partner, workspace, setting, call.at)
    told = Call(call.at, f"order:{order.id}:suspended", call.bot_id)
    ground.tell(tx, told, "auto_suspended", {"order_id": order.id, "reason": order.reason})
    about = {"workspace_id": workspace.id, "order_id": order.id}
    notices.tell_desk(tx, told, partner.id, "desk_card", about)


def failed_there(tx: Tx, call: Call, partner_id: int, order_id: int) -> None:
    """The gateway failed on its own side: its key answers the same for a day, so the payment is looked for instead."""
    order = rows.lock(tx, partner_id, order_id)
    if order is not None and order.status == OrderStatus.OPEN and order.payment_intent is None:
        order.reason = UNREACHABLE
        order.next_look_at = call.at + FIRST_LOOK
