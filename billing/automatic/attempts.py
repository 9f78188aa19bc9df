"""Attempts to charge a saved card: whether one is due and needed, and its order (R17). No network here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing import renewal
from billing.access import Role, locked_seat
from billing.automatic import needs
from billing.automatic.ground import (
    FIRST_LOOK,
    KEYS_LIVE,
    SLOWEST_LOOK,
    UNREACHABLE,
    WAITING_LOOK,
    Ground,
    lock_attempt,
)
from billing.automatic.stopping import stop
from billing.call import Call
from billing.errors import AutoTopUpError
from billing.gateway import ChargeRequest
from billing.money import Money
from billing.points import as_decimal
from storage import automatic
from storage import orders as rows
from storage.models import Order, OrderStatus, Pack
from storage.transaction import Tx

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """What a charge is made with besides the order."""

    live: bool
    build: Callable[[ChargeRequest], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Charge:
    """A committed attempt that can be taken to the gateway, any number of times under its key."""

    order_id: int
    partner_id: int
    params: dict[str, Any]

    @property
    def key(self) -> str:
        """The order's own idempotency key."""
        return f"auto-{self.order_id}"


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An attempt whose end isn't known. `charge`: to be sent again under its key; None: to be looked for."""

    payment_intent: str | None
    charge: Charge | None
    customer: str | None
    created_at: dt.datetime
    live: bool


def begin(tx: Tx, call: Call, workspace_id: int, terms: ChargeTerms) -> Charge | None:
    """See whether a charge is due, and if it is needed commit its order (R17). None: nothing to charge now.

    Instead of a charge it may ask the customer first, ask for a new consent, or switch off for a debt.
    """
    ground = Ground.lock(tx, workspace_id)
    if ground is None:
        return None
    partner, workspace, setting = ground.partner, ground.workspace, ground.setting
    renewal.catch_up(tx, call, partner, workspace, ground.wallet)
    needs.set_next(partner, workspace, setting, call.at)
    this_round = needs.running_round(partner, workspace, setting)
    due = this_round.due(call.at)
    if due is None and not _is_low(tx, ground, call.at):
        return None
    obstacle = _obstacle(tx, ground, terms)
    if obstacle is not None:
        _stand_still(tx, call, ground, obstacle)
        return None
    pack = needs.agreed_pack(tx, partner, setting)
    assert pack is not None, "it stands in no way"
    most = needs.most_packs(tx, partner, workspace, setting, pack, call.at)
    packs = 0
    if due is not None:
        setting.tried_for, setting.tries = this_round.start, due + 1
        packs = _packs_to_renew(tx, ground, pack, most, call.at, this_round.start)
        if packs and setting.state == "ask":
            once = f"auto-ask:{workspace.id}:{setting.tried_for}:{setting.tries}"
            _ask(tx, Call(call.at, once, call.bot_id), ground, packs, pack)
    if not packs and most and _is_low(tx, ground, call.at):
        packs = 1
        if setting.state == "ask":
            _ask(tx, call, ground, packs, pack, low=setting.low_balance)
    needs.set_next(partner, workspace, setting, call.at)
    if not packs or setting.state == "ask":
        if due and not packs:
            renewal.charge_given_up(workspace, call.at)
        return None
    return _place(tx, call, ground, pack, packs, terms)


def begin_by_hand(tx: Tx, call: Call, workspace_id: int, terms: ChargeTerms) -> Charge:
    """Somebody pressed the button of "ask me first": charge what is needed now.

    Raises AutoTopUpError (not_needed, charging, recovering, card, pack, cap, debt …), NotAllowedError.
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, held.partner, held.workspace, held.wallet)
    setting = automatic.lock_setting(tx, held.partner.id, workspace_id)
    ground = Ground(held.partner, held.workspace, held.wallet, setting)
    known = rows.order(tx, held.partner.id, call.id_for("order"))
    if known is not None:
        return Charge(known.id, known.partner_id, known.session_params or {})
    obstacle = _obstacle(tx, ground, terms)
    if obstacle is None and not needs.has_card(tx, ground.partner, setting):
        obstacle = "card"
    if obstacle is not None:
        raise AutoTopUpError(obstacle)
    pack = needs.agreed_pack(tx, ground.partner, setting)
    assert pack is not None, "it stands in no way"
    most = needs.most_packs(tx, ground.partner, ground.workspace, setting, pack, call.at)
    packs = _packs_to_renew(tx, ground, pack, most, call.at)
    low = _is_below(ground) and not _was_paid_lately(tx, ground, call.at)
    if not packs and most and low:
        packs = 1
    if not packs and (low or renewal.need(tx, ground.partner, ground.workspace, call.at).missing):
        cap = Money(setting.cap_minor, pack.currency) if setting.cap_minor is not None else None
        raise AutoTopUpError("cap", cap)
    if not packs:
        raise AutoTopUpError("not_needed")
    return _place(tx, call, ground, pack, packs, terms)


def _obstacle(tx: Tx, ground: Ground, terms: ChargeTerms) -> needs.Obstacle | None:
    if terms.live != ground.partner.stripe_live:
        # The key was changed for one of the other mode, and the account isn't looked at yet.
        return "not_selling"
    return needs.obstacle(tx, ground.partner, ground.workspace, ground.setting, ground.wallet.balance)


def _packs_to_renew(
    tx: Tx, ground: Ground, pack: Pack, most: int, at: dt.datetime, start: dt.date | None = None
) -> int:
    """`start`: of the cycle that is charged for; what another one needs is left to its own dates."""
    need = renewal.need(tx, ground.partner, ground.workspace, at)
    if start is not None and need.cycle_start != start:
        return 0
    return needs.fewest_packs(pack.points + pack.bonus, need, most)


def _is_low(tx: Tx, ground: Ground, at: dt.datetime) -> bool:
    """Whether the low-balance trigger asks for a pack: one a day at most (R17).

    Who is asked first is asked once each time that the balance falls below.
    """
    setting = ground.setting
    if not _is_below(ground):
        if setting.reason == needs.ASKED_LOW:
            setting.reason = ""
        return False
    if setting.state == "ask":
        return setting.reason != needs.ASKED_LOW
    newest = automatic.newest_charge(tx, ground.partner.id, ground.workspace.id)
    return newest is None or at - newest.created_at >= _DAY


def _is_below(ground: Ground) -> bool:
    low = ground.setting.low_balance
    return low is not None and ground.wallet.balance < low


def _was_paid_lately(tx: Tx, ground: Ground, at: dt.datetime) -> bool:
    """Whether a button that is pressed twice has charged for the low balance already (R13)."""
    newest = automatic.newest_charge(tx, ground.partner.id, ground.workspace.id)
    return newest is not None and newest.status == OrderStatus.PAID and at - newest.created_at < _DAY


def _stand_still(tx: Tx, call: Call, ground: Ground, obstacle: needs.Obstacle) -> None:
    """A charge is due and can't be made now: look again soon, or wait for the customer and say so once."""
    setting, told = ground.setting, None
    soon = call.at + needs.LOOK_AGAIN
    setting.next_at = soon if setting.next_at is None or setting.next_at < soon else setting.next_at
    if obstacle == "debt":
        stop(tx, call, ground.workspace, "debt")
        told = "debt"
    elif obstacle == "pack" and setting.reason != "pack":
        setting.reason = told = "pack"
    elif obstacle == "card":
        setting.state, setting.reason = "suspended", "card_gone"
        needs.set_next(ground.partner, ground.workspace, setting, call.at)
        told = "card_gone"
    if told is not None:
        kind = "auto_suspended" if told == "card_gone" else "auto_stopped"
        ground.tell(tx, call, kind, {"reason": told, "order_id": None})


def _ask(tx: Tx, call: Call, ground: Ground, packs: int, pack: Pack, *, low: int | None = None) -> None:
    """`low`: the threshold that the balance fell below, where that is why. Either question stands for both."""
    if _is_below(ground):
        ground.setting.reason = needs.ASKED_LOW
    ground.tell(tx, call, "auto_ask", {"packs": packs, "pack_id": pack.id, "low": low})


def _place(tx: Tx, call: Call, ground: Ground, pack: Pack, packs: int, terms: ChargeTerms) -> Charge:
    partner, workspace, setting = ground.partner, ground.workspace, ground.setting
    customer = rows.customer(tx, partner.id, workspace.id, terms.live)
    card = automatic.card(tx, partner.id, setting.card_id) if setting.card_id is not None else None
    assert customer is not None, "a card is saved for a customer"
    assert card is not None, "it stands in no way"
    points, bonus = pack.points * packs, pack.bonus * packs
    price = Money(pack.amount_minor * packs, pack.currency)
    order = Order(
        partner_id=partner.id,
        id=call.id_for("order"),
        workspace_id=workspace.id,
        person_id=call.person_id,
        pack_id=pack.id,
        packs=packs,
        automatic=True,
        card_id=card.id,
        points=points,
        bonus=bonus,
        amount_minor=price.amount_minor,
        currency=price.currency,
        live=terms.live,
        status=OrderStatus.OPEN,
        created_at=call.at,
        expires_at=call.at + KEYS_LIVE,
        next_look_at=call.at + FIRST_LOOK,
    )
    order.session_params = terms.build(
        ChargeRequest(
            order.id,
            call.bot_id,
            partner.id,
            workspace.id,
            f"{as_decimal(points + bonus).normalize():f} {partner.point_name}",
            price,
            points,
            bonus,
            customer.customer,
            card.payment_method,
        )
    )
    tx.session.add(order)
    setting.last_order_id = order.id
    tx.session.flush()
    return Charge(order.id, partner.id, order.session_params)


def unsettled(tx: Tx, call: Call, partner_id: int, order_id: int) -> Unsettled | None:
    """How to learn the end of an attempt; None: it has one.

    While its key lives, nothing failed and the need still exists, the same call is repeated; otherwise the payment is
    looked for among the customer's.
    """
    found = lock_attempt(tx, partner_id, order_id)
    if found is None or found[1].status not in {OrderStatus.OPEN, OrderStatus.WAITING}:
        return None
    ground, order = found
    order.looks += 1
    order.next_look_at = call.at + (
        WAITING_LOOK if order.status == OrderStatus.WAITING else min(SLOWEST_LOOK, FIRST_LOOK * order.looks)
    )
    # As it was charged: the workspace's customer may be another by now.
    customer = (order.session_params or {}).get("customer")
    charge = None
    if (
        order.payment_intent is None
        and order.reason != UNREACHABLE
        and call.at - order.created_at < KEYS_LIVE
        and _is_still_wanted(tx, call, ground, order)
    ):
        charge = Charge(order.id, partner_id, order.session_params or {})
    return Unsettled(
        order.payment_intent,
        charge,
        customer,
        order.created_at,
        order.live,
    )


def _is_still_wanted(tx: Tx, call: Call, ground: Ground, order: Order) -> bool:
    """Whether the attempt would be made again now: hours may have passed since it was committed."""
    partner, workspace, setting = ground.partner, ground.workspace, ground.setting
    renewal.catch_up(tx, call, partner, workspace, ground.wallet)
    if order.card_id != setting.card_id or order.pack_id != setting.pack_id:
        return False
    if needs.obstacle(tx, partner, workspace, setting, ground.wallet.balance) not in {None, "charging"}:
        return False
    return needs.is_anything(tx, partner, workspace, setting, ground.wallet.balance, call.at)
