"""Flows of payments: order committed -> gateway called -> answer committed, and everything that brings news."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from billing import orders
from billing.call import Call
from billing.clock import Clock
from billing.errors import AmountError, PaymentsDownError
from billing.gateway import (
    Gateway,
    GatewayError,
    GatewayKeyError,
    GatewayUnknownError,
    SessionFacts,
    VerifiedEvent,
)
from billing.money import currency as currency_of
from billing.orders import CheckoutTerms, Choice, OrderView
from storage import orders as rows
from storage.database import Database
from storage.models import Order, OrderStatus, Partner, StripeEvent
from storage.transaction import Tx

log = structlog.get_logger()

_LEASE = dt.timedelta(seconds=45)
_EVENT_RETRY = dt.timedelta(seconds=5)
_MOST_EVENT_WAIT = dt.timedelta(minutes=30)
_KEYS_LIVE = dt.timedelta(hours=23)
"""How long Stripe surely remembers an idempotency key."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a look at everything since an instant found."""

    sessions: int
    credited: int
    foreign: int


class Checkout:
    """Payments of this process: opens pages, looks at them, works off events. Holds no state of its own."""

    def __init__(
        self,
        db: Database,
        gateways: Mapping[int, Gateway],
        clock: Clock,
        bot_id: int,
        return_link: Callable[[int], str],
        *,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._db = db
        self._gateways = gateways
        self._clock = clock
        self._bot_id = bot_id
        self._return_link = return_link
        self._wake = wake
        """Called after something may have been put into the outbox."""

    def gateway(self, partner_id: int) -> Gateway:
        """The partner's gateway. Raises PaymentsDownError while none is connected."""
        found = self._gateways.get(partner_id)
        if found is None:
            raise PaymentsDownError
        return found

    async def open(
        self,
        call: Call,
        partner_id: int,
        workspace_id: int,
        choice: Choice,
        *,
        language: str,
        title: Callable[[str, int, int], str],
        chat_id: int | None = None,
        message_id: int | None = None,
    ) -> OrderView:
        """A page to pay `choice` on; the view's url opens it. The same choice again answers the same page.

        Raises PaymentsDownError, AmountError, and what orders.place refuses.
        """
        gateway = self.gateway(partner_id)
        assert call.person_id is not None
        customer, workspace = await self._db.read(
            orders.customer_of, call.person_id, workspace_id, gateway.live
        )
        try:
            if customer is None:
                customer = await gateway.create_customer(partner_id, workspace_id, workspace.name)
                await self._db.write(orders.keep_customer, partner_id, workspace_id, gateway.live, customer)
        except GatewayError as error:
            log.warning("customer not made", code=error.code)
            raise PaymentsDownError from error
        terms = CheckoutTerms(
            customer, gateway.live, self._return_link, language, title, gateway.checkout_params
        )
        placed = await self._db.write(orders.place, call, workspace_id, choice, terms, chat_id, message_id)
        for order_id, session_id in placed.superseded:
            if session_id is not None:
                await self._close_page(partner_id, order_id, session_id)
        if placed.session_id is not None:
            return placed.view
        return await self._make_page(call, partner_id, placed.view, placed.params, placed.key)

    async def _make_page(
        self, call: Call, partner_id: int, view: OrderView, params: dict[str, object], key: str
    ) -> OrderView:
        try:
            facts = await self.gateway(partner_id).create_session(params, key)
        except GatewayUnknownError as error:
            # It may exist: the poller repeats the same call under the same key.
            log.warning("page unknown", order=view.id, code=error.code)
            raise PaymentsDownError from error
        except GatewayError as error:
            log.warning("page refused", order=view.id, code=error.code)
            await self._db.write(orders.refuse, partner_id, view.id, error.code)
            if error.code in {"amount_too_small", "amount_too_large"}:
                rules = currency_of(view.price.currency)
                raise AmountError(rules.minimum, rules.maximum, rules.code) from error
            raise PaymentsDownError from error
        return await self._db.write(orders.attach, call, partner_id, view.id, facts)

    async def cancel(self, call: Call, order_id: int) -> OrderView:
        """Call an order off and close its page; if it was paid meanwhile it is credited instead."""
        view, partner_id, session_id = await self._db.write(orders.cancel, call, order_id)
        if session_id is None:
            return view
        await self._close_page(partner_id, order_id, session_id)
        assert call.person_id is not None
        fresh, _ = await self._db.read(orders.view, call.person_id, order_id)
        return fresh

    async def _close_page(self, partner_id: int, order_id: int, session_id: str) -> None:
        try:
            facts = await self.gateway(partner_id).expire_session(session_id)
        except GatewayError as error:
            # The page stays payable; whoever pays it is credited when Stripe tells (R28).
            log.warning("page not closed", order=order_id, code=error.code)
            return
        await self._settle(partner_id, facts)

    async def look(self, person_id: int, order_id: int) -> OrderView:
        """Ask the gateway about an order now, for somebody who waits for it (the return link)."""
        view, partner_id = await self._db.read(orders.view, person_id, order_id)
        order = await self._db.read(rows.order, partner_id, order_id)
        if order is None or order.session_id is None or view.status == OrderStatus.PAID:
            return view
        try:
            await self._settle(partner_id, await self.gateway(partner_id).fetch_session(order.session_id))
        except GatewayError as error:
            log.warning("look failed", order=order_id, code=error.code)
            return view
        fresh, _ = await self._db.read(orders.view, person_id, order_id)
        return fresh

    async def _settle(self, partner_id: int, facts: SessionFacts) -> OrderStatus | None:
        call = Call(self._clock.now(), f"settle:{facts.id}", self._bot_id)
        status = await self._db.write(orders.settle, call, partner_id, facts)
        self._wake()
        return status

    async def poll(self) -> int:
        """Look at every running order that is due: the full replacement of webhooks. Answers how many."""
        now = self._clock.now()
        for partner_id, order_id in await self._db.write(rows.claim_unsent, now, now + _LEASE, 20):
            await self._send_again(partner_id, order_id)
        due = await self._db.write(rows.claim_due, now, now + _LEASE, 50)
        for partner_id, order_id in due:
            order = await self._db.read(rows.order, partner_id, order_id)
            if order is None or order.session_id is None or partner_id not in self._gateways:
                continue
            try:
                facts = await self.gateway(partner_id).fetch_session(order.session_id)
            except GatewayError as error:
                log.warning("poll failed", order=order_id, code=error.code)
                continue
            await self._settle(partner_id, facts)
        return len(due)

    async def _send_again(self, partner_id: int, order_id: int) -> None:
        order: Order | None = await self._db.read(rows.order, partner_id, order_id)
        if order is None or partner_id not in self._gateways:
            return
        call = Call(self._clock.now(), f"resend:{order_id}", self._bot_id)
        if call.at - order.created_at > _KEYS_LIVE:
            await self._db.write(orders.refuse, partner_id, order_id, "unreachable")
            return
        try:
            facts = await self.gateway(partner_id).create_session(
                order.session_params or {}, f"order-{order_id}"
            )
        except GatewayUnknownError as error:
            log.warning("page still unknown", order=order_id, code=error.code)
        except GatewayError as error:
            await self._db.write(orders.refuse, partner_id, order_id, error.code)
        else:
            await self._db.write(orders.attach, call, partner_id, order_id, facts)

    async def work_off_events(self) -> int:
        """Fetch what stored webhooks tell about. Answers how many were done."""
        now = self._clock.now()
        done = 0
        for event in await self._db.write(rows.claim_events, now, now + _LEASE, 50):
            if event.partner_id not in self._gateways:
                continue
            try:
                await self._work_off(event)
            except GatewayError as error:
                wait = min(_EVENT_RETRY * 2 ** min(event.attempts, 10), _MOST_EVENT_WAIT)
                await self._db.write(
                    finish_event, event.partner_id, event.id, None, error.code, self._clock.now() + wait
                )
            else:
                await self._db.write(
                    finish_event, event.partner_id, event.id, self._clock.now(), "", self._clock.now()
                )
                done += 1
        return done

    async def _work_off(self, event: StripeEvent) -> None:
        gateway = self.gateway(event.partner_id)
        if event.live != gateway.live:
            return
        if event.type.startswith("checkout.session."):
            await self._settle(event.partner_id, await gateway.fetch_session(event.object_id))
        elif event.type.startswith("payment_intent."):
            facts = await gateway.session_of_payment(event.object_id)
            if facts is not None:
                await self._settle(event.partner_id, facts)

    def verify(self, partner_id: int, payload: bytes, signature: str) -> VerifiedEvent:
        """Check a webhook's signature. Raises GatewayError."""
        return replace(self.gateway(partner_id).verify(payload, signature), partner_id=partner_id)

    async def refresh_account(self, partner_id: int, *, test_payments: bool) -> None:
        """Ask Stripe whose key this is and whether it may charge, and keep the answer (R26)."""
        gateway = self._gateways.get(partner_id)
        if gateway is None:
            await self._db.write(keep_account, partner_id, None, self._clock.now(), test_payments)
            return
        try:
            account = await gateway.account()
        except GatewayKeyError:
            await self._db.write(keep_account, partner_id, None, self._clock.now(), test_payments)
        except GatewayError as error:
            log.warning("account unknown", code=error.code)
        else:
            facts = (account.id, account.name, account.live, account.charges_enabled, account.currency)
            await self._db.write(keep_account, partner_id, facts, self._clock.now(), test_payments)

    async def reconcile(self, partner_id: int, since: dt.datetime) -> Reconciled:
        """Settle every completed page since an instant: finds what webhooks and poller lost."""
        found = await self.gateway(partner_id).sessions_since(since)
        credited = foreign = 0
        for facts in found:
            before = await self._db.read(rows.by_session, partner_id, facts.id)
            was_paid = before is not None and before.status == OrderStatus.PAID
            status = await self._settle(partner_id, facts)
            foreign += status is None
            credited += status == OrderStatus.PAID and not was_paid
        return Reconciled(len(found), credited, foreign)


def finish_event(
    tx: Tx, partner_id: int, event_id: str, done_at: dt.datetime | None, error: str, next_at: dt.datetime
) -> None:
    """Note how working off an event ended."""
    event = rows.event(tx, partner_id, event_id)
    assert event is not None
    event.done_at, event.error, event.next_at = done_at, error, next_at


def keep_account(
    tx: Tx,
    partner_id: int,
    facts: tuple[str, str, bool, bool, str] | None,
    at: dt.datetime,
    test_payments: bool,  # noqa: FBT001
) -> None:
    """Store what Stripe said of the key; None: it is refused or there is none."""
    from storage import catalogue

    partner: Partner = catalogue.lock_partner(tx, partner_id)
    partner.test_payments = test_payments
    partner.stripe_checked_at = at
    if facts is None:
        partner.stripe_account, partner.stripe_charges = None, False
        return
    first = partner.stripe_account is None and not catalogue.packs(tx, partner_id)
    partner.stripe_account, partner.stripe_name, partner.stripe_live, partner.stripe_charges, currency = facts
    if first:
        partner.currency = currency
