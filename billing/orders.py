"""Orders: placed, paid, waiting, failed, credited exactly once (R12, R27, R28). No network here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing import notices, renewal
from billing.access import Role, locked_seat, role_of, seat
from billing.addons import is_selling, stripe_ready
from billing.arrival import NOTHING_ARRIVED, Arrival, points_arrived
from billing.automatic import cards
from billing.call import Call
from billing.catalogue import PackCard
from billing.errors import (
    AmountError,
    AutoTopUpError,
    BadValueError,
    GoneError,
    NotSellingError,
    StrangerError,
)
from billing.gateway import CheckoutRequest, SessionFacts, metadata_number
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.money import CURRENCIES, AmountOutOfRangeError, Money, exact_amount, points_for
from billing.money import currency as currency_of
from storage import automatic, catalogue, orders, outbox, people, workspaces
from storage import topup as topups
from storage.models import Order, OrderStatus, Partner, Workspace
from storage.topup import PriceOfPoint
from storage.transaction import Tx

SESSION_LIFE = dt.timedelta(hours=23)
"""Below Stripe's day, so that the page ends before its idempotency key does."""
_FIRST_LOOK = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class PackOffer:
    """A pack as a customer sees it. `per_point`: major units for one point, bonus included."""

    card: PackCard
    per_point: Decimal
    best: bool


@dataclass(frozen=True, slots=True)
class ExactOffer:
    """Exact amounts in a currency: what one point costs."""

    currency: str
    price: Decimal


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


@dataclass(frozen=True, slots=True)
class Fitting:
    """Ways to get `missing` hundredths of points: the pack that fits, and the exact amount (R3, R12)."""

    missing: int
    pack: PackOffer | None
    exact: Money | None
    exact_points: int


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
    url: str | None
    receipt_url: str | None
    balance: int
    remembered: tuple[Remembered, ...]
    """What paying buys."""
    created_at: dt.datetime
    message_id: int | None
    """The chat message that shows it and changes by itself."""


def topup(tx: Tx, person_id: int, workspace_id: int) -> TopUp:
    """The top-up screen's facts, for any member to see."""
    till = topups.till(tx, person_id, workspace_id)
    if till is None:
        raise StrangerError
    packs, exact = _offers(tx, till.partner_id)
    running = orders.running(tx, till.partner_id, workspace_id) if till.running else []
    return TopUp(
        workspace_id,
        till.workspace,
        role_of(till.role),
        till.balance,
        packs,
        tuple(ExactOffer(row.currency, Decimal(row.price)) for row in exact),
        tuple(_view_of(tx, order) for order in running),
        is_selling(till),
        _remembered(tx, till.partner_id, workspace_id) if till.remembered else (),
    )


def fitting(tx: Tx, person_id: int, workspace_id: int, missing: int) -> Fitting:
    """How to buy what is missing: the cheapest pack that covers it, and the exact amount."""
    place = seat(tx, person_id, workspace_id)
    packs, exact = _offers(tx, place.partner.id)
    enough = [offer for offer in packs if offer.card.points + offer.card.bonus >= missing]
    most = sorted(packs, key=lambda offer: offer.card.points + offer.card.bonus)
    # Amounts of different currencies can't be compared: of those the first pack has, the cheapest.
    home = [offer for offer in enough if offer.card.price.currency == enough[0].card.price.currency]
    pack = (
        min(home, key=lambda offer: offer.card.price.amount_minor) if home else (most[-1] if most else None)
    )
    price = _preferred(exact, pack)
    if price is None or missing <= 0:
        return Fitting(missing, pack, None, 0)
    try:
        money = exact_amount(missing, price.price, price.currency, least=price.minimum_minor)
    except AmountOutOfRangeError:
        return Fitting(missing, pack, None, 0)
    if _gives_more_for_less(pack, money, missing):
        return Fitting(missing, pack, None, 0)
    return Fitting(missing, pack, money, points_for(money, price.price))


def _gives_more_for_less(pack: PackOffer | None, exact: Money, points: int) -> bool:
    """Whether nobody in his right mind would pay the exact amount: the pack costs no more and gives no less."""
    return (
        pack is not None
        and pack.card.price.currency == exact.currency
        and pack.card.price.amount_minor <= exact.amount_minor
        and pack.card.points + pack.card.bonus >= points
    )


def _preferred(exact: list[PriceOfPoint], pack: PackOffer | None) -> PriceOfPoint | None:
    wanted = pack.card.price.currency if pack is not None else None
    return next((row for row in exact if row.currency == wanted), exact[0] if exact else None)


def _offers(tx: Tx, partner_id: int) -> tuple[tuple[PackOffer, ...], list[PriceOfPoint]]:
    cards = [
        PackCard(pack.id, pack.points, pack.bonus, Money(pack.amount_minor, pack.currency))
        for pack in topups.packs(tx, partner_id)
    ]
    each = {card.id: _per_point(card) for card in cards}
    best: dict[str, Fraction] = {}
    for card in cards:
        currency = card.price.currency
        best[currency] = min(best.get(currency, each[card.id]), each[card.id])
    several = {c for c in best if sum(card.price.currency == c for card in cards) > 1}
    return (
        tuple(
            PackOffer(
                card,
                _rounded(each[card.id]),
                card.price.currency in several and each[card.id] == best[card.price.currency],
            )
            for card in cards
        ),
        topups.point_prices(tx, partner_id),
    )


def price_per_point(card: PackCard) -> Decimal:
    """Major units for one point of a pack, bonus included, rounded for reading."""
    return _rounded(_per_point(card))


def _per_point(card: PackCard) -> Fraction:
    rules = currency_of(card.price.currency)
    return Fraction(card.price.amount_minor * 100, 10**rules.exponent * (card.points + card.bonus))


def _rounded(price: Fraction) -> Decimal:
    """Two decimals more than a cent where the price is tiny."""
    places = 2 if price >= Fraction(1, 10) else 4
    return Decimal(round(price * 10**places)).scaleb(-places)


def payer(tx: Tx, person_id: int, workspace_id: int) -> int:
    """The partner that somebody with the right to pay would pay. Raises StrangerError, NotAllowedError."""
    return seat(tx, person_id, workspace_id, Role.BILLING).partner.id


def exact_price(
    tx: Tx, person_id: int, workspace_id: int, currency: str, points: int
) -> tuple[int, Money, ExactOffer, PackOffer | None]:
    """What an exact number of points costs in a currency: points that the money buys, money, the offer (R3).

    The pack is one that gives at least as many for no more money. Raises GoneError (no price in this
    currency), AmountError, BadValueError.
    """
    partner = seat(tx, person_id, workspace_id, Role.BILLING).partner
    bought, _, money = _priced(tx, partner, Choice(None, points, currency))
    row = catalogue.point_price(tx, partner.id, currency)
    assert row is not None, "it was priced just now"
    packs, _ = _offers(tx, partner.id)
    better = [pack for pack in packs if _gives_more_for_less(pack, money, bought)]
    cheapest = min(better, key=lambda pack: pack.card.price.amount_minor, default=None)
    return bought, money, ExactOffer(row.currency, Decimal(row.price)), cheapest


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to pay for: a pack, or (None) an exact number of points in a currency."""

    pack_id: int | None
    points: int = 0
    currency: str = ""
    packs: int = 1
    """How many of the pack."""
    save_card: bool = False
    """Paying saves the card for auto top-up (R17)."""
    recovers_id: int | None = None
    """The automatic order that failed and is made good by this one (R18)."""


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
    (retired pack), AmountError, AutoTopUpError (a failed charge that is made good, or tried, already).
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    partner, workspace = held.partner, held.workspace
    if not (partner.credit_billing and stripe_ready(partner)):
        raise NotSellingError
    order_id = call.id_for("order")
    known = orders.lock(tx, partner.id, order_id)
    running = orders.running(tx, partner.id, workspace_id)
    points, bonus, price = _priced(tx, partner, choice)
    if known is None:
        known = next((row for row in running if _same(row, call, choice, points, bonus, price)), None)
    if known is None and choice.recovers_id is not None:
        known = _recovery(tx, partner.id, workspace_id, choice.recovers_id)
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
                partner.stripe_invoices,
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
            row.status, row.reason = OrderStatus.CANCELLED, "superseded"
            replaced.append((row.id, row.session_id))
            if (row.chat_id, row.message_id) != (chat_id, message_id):
                _tell(tx, call, row)
    tx.session.flush()
    return Placed(
        _view(tx, workspace, known),
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


def _recovery(tx: Tx, partner_id: int, workspace_id: int, recovers_id: int) -> Order | None:
    """The page on which somebody makes a failed charge good already: there is one for all, lest it be paid twice (R18).

    Raises AutoTopUpError while a charge is under way, and where it was made good.
    """
    if automatic.open_charge(tx, partner_id, workspace_id) is not None:
        raise AutoTopUpError("charging")
    if automatic.is_recovered(tx, partner_id, workspace_id, recovers_id):
        raise AutoTopUpError("recovered")
    return automatic.recovery(tx, partner_id, workspace_id)


def _priced(tx: Tx, partner: Partner, choice: Choice) -> tuple[int, int, Money]:
    if choice.pack_id is not None:
        pack = catalogue.pack(tx, partner.id, choice.pack_id)
        if pack is None or pack.retired_at is not None:
            raise GoneError
        price = Money(pack.amount_minor * choice.packs, pack.currency)
        return pack.points * choice.packs, pack.bonus * choice.packs, price
    row = catalogue.point_price(tx, partner.id, choice.currency) if choice.currency in CURRENCIES else None
    if row is None:
        raise GoneError
    if choice.points <= 0:
        raise BadValueError("points", str(choice.points))
    try:
        money = exact_amount(choice.points, row.price, row.currency, least=row.minimum_minor)
    except AmountOutOfRangeError as error:
        rules = currency_of(row.currency)
        raise AmountError(rules.minimum, error.most.amount_minor, row.currency) from None
    return points_for(money, row.price), 0, money


def attach(tx: Tx, call: Call, partner_id: int, order_id: int, facts: SessionFacts) -> OrderView:
    """The gateway made the page: keep its id and address."""
    order = orders.lock(tx, partner_id, order_id)
    assert order is not None
    order.session_id, order.session_url = facts.id, facts.url
    order.payment_intent = order.payment_intent or facts.payment_intent
    order.next_look_at = call.at + _FIRST_LOOK
    return _view_of(tx, order)


def refuse(tx: Tx, partner_id: int, order_id: int, reason: str) -> OrderView:
    """The gateway would not make the page; nothing can be paid."""
    order = orders.lock(tx, partner_id, order_id)
    assert order is not None
    if order.status == OrderStatus.OPEN and order.session_id is None:
        order.status, order.reason = OrderStatus.FAILED, reason
    return _view_of(tx, order)


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
        order.status, order.reason = OrderStatus.CANCELLED, ""
        session_id = order.session_id
    return _view(tx, held.workspace, order), held.partner.id, session_id


def view(tx: Tx, person_id: int, order_id: int) -> tuple[OrderView, int]:
    """An order for a member of its workspace, and its partner. Raises GoneError, StrangerError."""
    order = orders.find(tx, order_id)
    if order is None:
        raise GoneError
    place = seat(tx, person_id, order.workspace_id)
    return _view(tx, place.workspace, order), place.partner.id


def _view_of(tx: Tx, order: Order) -> OrderView:
    workspace = workspaces.find(tx, order.workspace_id)
    assert workspace is not None
    return _view(tx, workspace, order)


def _view(tx: Tx, workspace: Workspace, order: Order) -> OrderView:
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
        order.session_url,
        order.receipt_url,
        workspaces.wallet(tx, order.partner_id, order.workspace_id).balance,
        _remembered(tx, order.partner_id, order.workspace_id),
        order.created_at,
        order.message_id,
    )


def _remembered(tx: Tx, partner_id: int, workspace_id: int) -> tuple[Remembered, ...]:
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


def settle(tx: Tx, call: Call, partner_id: int, facts: SessionFacts) -> OrderStatus | None:
    """Bring an order to what the gateway says, whoever brought the news, any number of times (R27, R28).

    An order that is not known is rebuilt from the page's metadata. None: the page is none of ours.
    """
    order = orders.by_session(tx, partner_id, facts.id)
    workspace_id = order.workspace_id if order is not None else metadata_number(facts.metadata, "workspace")
    found = workspaces.lock(tx, workspace_id)
    if found is None or found[0].partner_id != partner_id:
        return None
    workspace, wallet = found
    order = _locked_order(tx, call, workspace, facts)
    if order is None:
        return None
    partner = catalogue.partner(tx, partner_id)
    assert partner is not None
    if order.status == OrderStatus.PAID:
        return OrderStatus.PAID
    if facts.paid:
        if not _is_as_ordered(order, facts):
            return _mismatch(tx, call, order)
        waited = order.status == OrderStatus.WAITING
        renewal.catch_up(tx, call, partner, workspace, wallet)
        assert facts.payment_intent is not None, "it is as ordered"
        credit(tx, call, order, facts.payment_intent, facts.charge, facts.receipt_url)
        if order.saves_card:
            cards.expect_card(tx, call, order)
        arrival = points_arrived(tx, call, partner, workspace, wallet)
        _tell(tx, call, order, arrival, anew=waited)
        return OrderStatus.PAID
    before = (order.status, order.reason)
    _move(call, order, facts)
    if (order.status, order.reason) != before:
        _tell(tx, call, order, anew=before[0] == OrderStatus.WAITING)
    return OrderStatus(order.status)


def _locked_order(tx: Tx, call: Call, workspace: Workspace, facts: SessionFacts) -> Order | None:
    """The order of a page, by its session, by its metadata, or rebuilt; None for a page we can't read."""
    known = orders.by_session(tx, workspace.partner_id, facts.id)
    order_id = known.id if known is not None else metadata_number(facts.metadata, "order")
    order = orders.lock(tx, workspace.partner_id, order_id)
    if order is not None:
        if order.session_id is None:
            order.session_id, order.session_url = facts.id, facts.url
        return order if order.session_id == facts.id else None
    points = metadata_number(facts.metadata, "points")
    if not order_id or points <= 0:
        return None
    order = Order(
        partner_id=workspace.partner_id,
        id=order_id,
        workspace_id=workspace.id,
        points=points,
        bonus=metadata_number(facts.metadata, "bonus"),
        amount_minor=facts.subtotal.amount_minor,
        currency=facts.subtotal.currency,
        live=facts.live,
        status=OrderStatus.OPEN,
        session_id=facts.id,
        session_url=facts.url,
        created_at=facts.created,
        expires_at=facts.created + SESSION_LIFE,
        next_look_at=call.at,
    )
    tx.session.add(order)
    tx.session.flush()
    return order


def _is_as_ordered(order: Order, facts: SessionFacts) -> bool:
    """Right amount before tax, right currency, right mode (R27)."""
    return (
        facts.subtotal == Money(order.amount_minor, order.currency)
        and facts.live == order.live
        and facts.payment_intent is not None
    )


def _mismatch(tx: Tx, call: Call, order: Order) -> OrderStatus:
    """Paid, but not what was ordered: not credited by itself, and the partner must look."""
    if order.reason != "mismatch":
        order.status, order.reason = OrderStatus.FAILED, "mismatch"
        notices.tell_desk(
            tx, call, order.partner_id, "mismatch", {"workspace_id": order.workspace_id, "order_id": order.id}
        )
    return OrderStatus.FAILED


def credit(
    tx: Tx, call: Call, order: Order, payment_intent: str, charge: str | None, receipt_url: str | None
) -> None:
    """Post what a payment bought, once however often it is told (R27). The workspace is locked."""
    lines = [Line(Kind.TOPUP, order.points, order_id=order.id)]
    if order.bonus:
        lines.append(Line(Kind.BONUS, order.bonus, order_id=order.id))
    operation = Operation(
        order.partner_id,
        order.workspace_id,
        f"pay:{payment_intent}",
        tuple(lines),
        call.at,
        order.person_id,
        forced=True,
    )
    (posted,) = post(tx, [operation])
    assert isinstance(posted, Posted), "a credit passes the floor"
    order.status, order.reason = OrderStatus.PAID, ""
    order.paid_at = call.at
    order.payment_intent, order.charge, order.receipt_url = payment_intent, charge, receipt_url


def _move(call: Call, order: Order, facts: SessionFacts) -> None:
    """Where an unpaid order goes next, and when to look again."""
    if facts.on_its_way:
        order.status, order.reason = OrderStatus.WAITING, ""
        order.payment_intent = facts.payment_intent
    elif facts.bank_refused:
        order.status, order.reason = OrderStatus.FAILED, facts.decline or "declined"
    elif facts.status == "expired":
        if order.status == OrderStatus.OPEN:
            order.status, order.reason = OrderStatus.EXPIRED, ""
    elif order.status == OrderStatus.OPEN and facts.decline is not None:
        order.reason = facts.decline
    order.looks += 1
    order.next_look_at = call.at + _patience(order)


def _patience(order: Order) -> dt.timedelta:
    """Often while the customer is likely at the page, seldom for a bank that takes days."""
    if order.status == OrderStatus.WAITING:
        return dt.timedelta(minutes=10)
    return dt.timedelta(seconds=min(60, 5 + 2 * order.looks))


def show_at(tx: Tx, call: Call, order_id: int, chat_id: int, message_id: int) -> None:
    """From now on this chat message shows the order, and changes with it. Raises GoneError, StrangerError."""
    order = orders.find(tx, order_id)
    if order is None:
        raise GoneError
    locked_seat(tx, call.person_id, order.workspace_id, Role.VIEWER)
    if order.person_id == call.person_id:
        order.chat_id, order.message_id = chat_id, message_id


def _tell(
    tx: Tx, call: Call, order: Order, arrival: Arrival = NOTHING_ARRIVED, *, anew: bool = False
) -> None:
    """Change the chat message that shows the order; tell the others who look after the money.

    `anew`: the customer waited for days, and an edit of an old message rings no bell.
    """
    moment = Call(call.at, f"order:{order.id}:{order.status}:{order.reason}", call.bot_id)
    params: dict[str, Any] = {
        "order_id": order.id,
        "workspace_id": order.workspace_id,
        **arrival.params(),
    }
    person = people.person(tx, order.person_id) if order.person_id is not None else None
    chat_id = order.chat_id or (person.telegram_id if person is not None else None)
    if chat_id is not None and person is not None:
        places = [order.message_id, None] if anew and order.message_id is not None else [order.message_id]
        for place_no, message_id in enumerate(places):
            outbox.put(
                tx,
                bot_id=call.bot_id,
                id=moment.id_for("order", chat_id, place_no),
                partner_id=order.partner_id,
                chat_id=chat_id,
                person_id=person.id,
                kind="order",
                params=params,
                created_at=call.at,
                due_at=call.at,
                edits_message_id=message_id,
            )
    if order.status == OrderStatus.PAID:
        notices.tell_workspace(
            tx, moment, order.partner_id, order.workspace_id, "topup", params, but=order.person_id
        )
        notices.tell_desk(tx, moment, order.partner_id, "desk_topup", params)
