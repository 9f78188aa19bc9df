"""Flows of payments: order committed -> gateway called -> answer committed, and what they come to."""

import datetime as dt
from collections.abc import Callable

import structlog

from billing import orders
from billing.access import Role
from billing.call import Call
from billing.customers import customer_for
from billing.errors import AmountError, PaymentsDownError
from billing.gateway import Gateway, GatewayError, GatewayUnknownError, SessionFacts
from billing.money import currency as currency_of
from billing.orders import CheckoutTerms, Choice, OrderView
from billing.payments import Payments
from storage import orders as rows
from storage.models import Order, OrderStatus, StripeEvent

log = structlog.get_logger()

_LEASE = dt.timedelta(seconds=45)
_KEYS_LIVE = dt.timedelta(hours=23)
"""How long Stripe surely remembers an idempotency key."""


class Checkout:
    """Payments of this process: opens pages, looks at them, works off events. Holds no state of its own."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments
        self._db, self._clock, self._bot_id = payments.db, payments.clock, payments.bot_id

    def gateway(self, partner_id: int) -> Gateway:
        """The partner's gateway. Raises PaymentsDownError while none is connected."""
        return self._payments.gateway(partner_id)

    async def page(self, partner_id: int, facts: SessionFacts) -> None:
        """A page that was just fetched: bring its order to it."""
        await self._settle(partner_id, facts)

    async def news(self, event: StripeEvent) -> None:
        """A webhook told of a payment: fetch the page it was made on, believe what was fetched."""
        facts = await self.gateway(event.partner_id).session_of_payment(event.object_id)
        if facts is not None:
            await self._settle(event.partner_id, facts)

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
        customer = await customer_for(self._payments, partner_id, workspace_id, call.person_id, Role.BILLING)
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

    def _return_link(self, order_id: int) -> str:
        return self._payments.start_link(f"paid_{order_id}")

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
        self._payments.wake()
        return status

    async def poll(self) -> int:
        """Look at every running order that is due: the full replacement of webhooks. Answers how many."""
        now = self._clock.now()
        for partner_id, order_id in await self._db.write(rows.claim_unsent, now, now + _LEASE, 20):
            await self._send_again(partner_id, order_id)
        due = await self._db.write(rows.claim_due, now, now + _LEASE, 50)
        for partner_id, order_id in due:
            order = await self._db.read(rows.order, partner_id, order_id)
            if order is None or order.session_id is None or partner_id not in self._payments.gateways:
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
        if order is None or partner_id not in self._payments.gateways:
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
