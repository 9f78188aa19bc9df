"""Flows of payments: order committed -> gateway called -> answer committed, and what they come to."""

import datetime as dt
from collections.abc import Callable

import structlog

from billing import orders
from billing.access import Role
from billing.call import Call
from billing.customers import CustomerGoneError, forget_if_gone, is_gone, with_customer
from billing.errors import AmountError, PaymentsDownError, TaxRefusedError
from billing.gateway import TAX_REFUSED, Gateway, GatewayError, GatewayUnknownError, SessionFacts
from billing.invoicing import tell_if_tax_refused
from billing.money import currency as currency_of
from billing.orders import CheckoutTerms, Choice, OrderView
from billing.payments import Payments
from billing.walking import walk
from storage import orders as rows
from storage.models import TEST_OVER, Order, OrderStatus, StripeEvent

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

        async def make(call: Call, customer: str) -> OrderView:
            terms = CheckoutTerms(
                customer, gateway.live, self._return_link, language, title, gateway.checkout_params
            )
            placed = await self._db.write(
                orders.place, call, workspace_id, choice, terms, chat_id, message_id
            )
            for order_id, session_id in placed.superseded:
                if session_id is not None:
                    await self._close_page(partner_id, order_id, session_id)
            if placed.session_id is not None:
                return placed.view
            return await self._make_page(call, partner_id, placed.view, placed.params, placed.key)

        return await with_customer(self._payments, call, partner_id, workspace_id, Role.BILLING, make)

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
            if await self._refused(partner_id, view.id, params, error):
                raise CustomerGoneError from error
            if error.code == TAX_REFUSED:
                raise TaxRefusedError from error
            if error.code in {"amount_too_small", "amount_too_large"}:
                rules = currency_of(view.price.currency)
                raise AmountError(rules.minimum, rules.maximum, rules.code) from error
            raise PaymentsDownError from error
        made = await self._db.write(orders.attach, call, partner_id, view.id, facts)
        if made.status != OrderStatus.CANCELLED:
            return made
        # Superseded while Stripe made the page: nobody closed what wasn't known yet.
        await self._close_page(partner_id, view.id, facts.id)
        assert call.person_id is not None
        fresh, _ = await self._db.read(orders.view, call.person_id, view.id)
        return fresh

    async def _refused(
        self, partner_id: int, order_id: int, params: dict[str, object], error: GatewayError
    ) -> bool:
        """Nothing can be paid; answers whether that is because the customer is gone."""
        reason = orders.CUSTOMER_GONE if is_gone(error) else error.code
        await self._db.write(orders.refuse, partner_id, order_id, reason)
        await tell_if_tax_refused(self._payments, error, partner_id)
        return await forget_if_gone(self._payments, error, partner_id, params.get("customer"))

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
            # The page stays payable until the poller has closed it; who pays it is credited (R28).
            log.warning("page not closed", order=order_id, code=error.code)
            return
        await self._settle(partner_id, facts)

    async def look(self, person_id: int, order_id: int) -> OrderView:
        """Ask the gateway about an order now, for somebody who waits for it (the return link)."""
        view, partner_id = await self._db.read(orders.view, person_id, order_id)
        order = await self._reachable(partner_id, order_id)
        if order is None or order.session_id is None or view.status == OrderStatus.PAID:
            return view
        try:
            await self._settle(partner_id, await self.gateway(partner_id).fetch_session(order.session_id))
        except GatewayError as error:
            log.warning("look failed", order=order_id, code=error.code)
            return view
        fresh, _ = await self._db.read(orders.view, person_id, order_id)
        return fresh

    async def _reachable(self, partner_id: int, order_id: int) -> Order | None:
        """An order whose page the partner's key can be asked about: it is of the key's mode."""
        gateway = self._payments.gateways.get(partner_id)
        order: Order | None = await self._db.read(rows.order, partner_id, order_id)
        return order if order is not None and gateway is not None and order.live == gateway.live else None

    async def _settle(self, partner_id: int, facts: SessionFacts) -> OrderStatus | None:
        call = Call(self._clock.now(), f"settle:{facts.id}", self._bot_id)
        status = await self._db.write(orders.settle, call, partner_id, facts)
        self._payments.wake()
        return status

    async def poll(self) -> int:
        """Look at every order that is due, running or called off: the full replacement of webhooks.

        Answers how many run. Raises an ExceptionGroup of what nobody expected, after the last order.
        """
        now = self._clock.now()
        with walk("open orders") as each:
            for partner_id, order_id in await self._db.write(rows.claim_unsent, now, now + _LEASE, 20):
                with each.step(f"order {order_id}"):
                    await self._send_again(partner_id, order_id)
            due = await self._db.write(rows.claim_due, now, now + _LEASE, 50)
            for partner_id, order_id in due:
                with each.step(f"order {order_id}"):
                    await self._look_again(partner_id, order_id)
            for partner_id, order_id in await self._db.write(rows.claim_closing, now, 20):
                with each.step(f"order {order_id}"):
                    await self._close_again(partner_id, order_id)
        return len(due)

    async def _look_again(self, partner_id: int, order_id: int) -> None:
        order = await self._reachable(partner_id, order_id)
        if order is None or order.session_id is None:
            return
        try:
            facts = await self.gateway(partner_id).fetch_session(order.session_id)
        except GatewayError as error:
            log.warning("poll failed", order=order_id, code=error.code)
            return
        await self._settle(partner_id, facts)

    async def _close_again(self, partner_id: int, order_id: int) -> None:
        """A cancelled order whose page, as far as is known here, could be paid yet; or that has one nobody knows of."""
        gateway = self._payments.gateways.get(partner_id)
        order: Order | None = await self._db.read(rows.order, partner_id, order_id)
        if gateway is None or order is None:
            return
        if order.reason == TEST_OVER or (gateway.live and not order.live):
            await self._db.write(orders.closed, partner_id, order_id)
            return
        if order.session_id is None:
            await self._send_again(partner_id, order_id)
        order = await self._reachable(partner_id, order_id)
        if order is not None and order.session_id is not None:
            await self._close_page(partner_id, order_id, order.session_id)

    async def _send_again(self, partner_id: int, order_id: int) -> None:
        order = await self._reachable(partner_id, order_id)
        if order is None:
            return
        call = Call(self._clock.now(), f"resend:{order_id}", self._bot_id)
        if order.session_params is None or call.at - order.created_at > _KEYS_LIVE:
            await self._db.write(orders.refuse, partner_id, order_id, "unreachable")
            return
        try:
            facts = await self.gateway(partner_id).create_session(order.session_params, f"order-{order_id}")
        except GatewayUnknownError as error:
            log.warning("page still unknown", order=order_id, code=error.code)
        except GatewayError as error:
            log.warning("page refused", order=order_id, code=error.code)
            await self._refused(partner_id, order_id, order.session_params, error)
        else:
            await self._db.write(orders.attach, call, partner_id, order_id, facts)
