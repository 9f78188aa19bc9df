"""What every flow of plans does: fetch from the gateway, bring the books to what was fetched (R25)."""

import secrets
from typing import Any

import structlog

from billing.call import Call
from billing.customers import CustomerGoneError, forget_if_gone, is_gone
from billing.errors import PaymentsDownError, TaxRefusedError
from billing.gateway import (
    GatewayError,
    GatewayUnknownError,
    SessionFacts,
    SubscriptionFacts,
    metadata_number,
)
from billing.invoicing import tell_if_tax_refused
from billing.payments import Payments
from billing.plans import invoices, pages, settling
from billing.plans.pages import PageView
from billing.plans.quotes import Asked
from billing.plans.settling import Settled
from storage import subscriptions as rows

log = structlog.get_logger()


class Looking:
    """Holds no state of its own."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments
        self._db, self._clock = payments.db, payments.clock

    def _call(self, name: str, person_id: int | None = None) -> Call:
        """A call that nobody made before: what is told of a look must not be taken for an earlier one's."""
        reference = f"{name}:{secrets.token_hex(8)}"
        return Call(self._clock.now(), reference, self._payments.bot_id, person_id)

    async def look_at_payment(self, partner_id: int, payment_intent: str) -> None:
        """A payment that no order knows: if an invoice's, its subscription is looked at. Raises GatewayError."""
        subscription = await self._payments.gateway(partner_id).subscription_behind(payment_intent)
        if subscription is not None:
            await self._look(partner_id, subscription)

    async def _look(self, partner_id: int, subscription: str, person_id: int | None = None) -> Settled | None:
        """Fetch a subscription and bring the books to it."""
        call = self._call(f"subscription:{subscription}", person_id)
        facts = await self._payments.gateway(partner_id).fetch_subscription(subscription)
        return await self._settle(call, partner_id, facts)

    async def _settle(self, call: Call, partner_id: int, facts: SubscriptionFacts) -> Settled | None:
        settled = await self._db.write(settling.settle_subscription, call, partner_id, facts)
        if settled is not None and settled.unkept is not None:
            await self._keep_payments(call, partner_id, facts.id, settled.unkept)
        self._payments.wake()
        return settled

    async def _keep_payments(self, call: Call, partner_id: int, subscription: str, until: str) -> None:
        try:
            paid = await self._payments.gateway(partner_id).invoice_payments(subscription)
        except GatewayError as error:
            # The next look finds them.
            log.warning("payments not kept", subscription=subscription, code=error.code)
            return
        await self._db.write(invoices.keep, call, partner_id, subscription, paid, until)

    async def _bring_page(
        self, partner_id: int, facts: SessionFacts, page_id: int | None = None
    ) -> Settled | None:
        """What was bought on a page, or that nothing was."""
        if facts.subscription is not None and facts.status == "complete":
            return await self._look(partner_id, facts.subscription)
        known = page_id if page_id is not None else metadata_number(facts.metadata, "checkout")
        if await self._db.read(rows.page, partner_id, known) is not None:
            call = self._call(f"plan-page:{known}")
            await self._db.write(pages.settle_page, call, partner_id, known, facts)
            self._payments.wake()
        return None

    async def _make_page(self, call: Call, partner_id: int, page_id: int, params: dict[str, Any]) -> PageView:
        try:
            facts = await self._payments.gateway(partner_id).create_session(params, pages.key_of(page_id))
        except GatewayUnknownError as error:
            # It may exist: the poller repeats the same call under the same key.
            log.warning("plan page unknown", page=page_id, code=error.code)
            raise PaymentsDownError from error
        except GatewayError as error:
            log.warning("plan page refused", page=page_id, code=error.code)
            silent = is_gone(error) and call.person_id is not None
            await self._db.write(pages.refuse, call, partner_id, page_id, error.code, silent=silent)
            if await forget_if_gone(self._payments, error, partner_id, params.get("customer")):
                raise CustomerGoneError from error
            if await tell_if_tax_refused(self._payments, error, partner_id):
                raise TaxRefusedError from error
            raise PaymentsDownError from error
        return await self._db.write(pages.attach, call, partner_id, page_id, facts)

    async def _carry_out(self, asked: Asked, facts: SubscriptionFacts, person_id: int | None) -> None:
        call = self._call(f"subscription:{asked.subscription}", person_id)
        gateway = self._payments.gateway(asked.partner_id)
        changed = await gateway.change_price(facts, asked.price, asked.as_of, asked.key)
        await self._settle(call, asked.partner_id, changed)

    async def _carry_wish_out(
        self,
        partner_id: int,
        subscription: str,
        ends: bool,  # noqa: FBT001
        person_id: int | None,
    ) -> None:
        call = self._call(f"subscription:{subscription}", person_id)
        facts = await self._payments.gateway(partner_id).set_cancel_at_end(subscription, ends)
        await self._settle(call, partner_id, facts)
