"""Flows of auto top-up: saving a card, charging it, learning how a charge ended (R17, R18)."""

import datetime as dt

import structlog

from billing import orders
from billing.access import Role
from billing.automatic import attempts, cards, outcomes
from billing.automatic.attempts import Charge, ChargeTerms, Unsettled
from billing.automatic.cards import CardPage, SetupTerms
from billing.automatic.ground import KEYS_LIVE
from billing.call import Call
from billing.customers import CustomerGoneError, forget_if_gone, with_customer
from billing.errors import PaymentsDownError
from billing.gateway import (
    Gateway,
    GatewayError,
    GatewayFailedError,
    GatewayKeyError,
    GatewayUnknownError,
    PaymentFacts,
    SessionFacts,
    metadata_number,
)
from billing.payments import Payments
from billing.restored import expect_charging, may_charge
from billing.walking import Walk, walk
from storage import automatic
from storage import orders as rows
from storage.models import OrderStatus, StripeEvent

log = structlog.get_logger()

_LEASE = dt.timedelta(seconds=60)
"""Longer than a call to the gateway with all its retries takes."""
_DETACH_AGAIN = dt.timedelta(minutes=10)
_SKEW = dt.timedelta(minutes=5)
"""By how much the gateway's clock may be behind ours."""
_BATCH = 50


class AutomaticTopUps:
    """Auto top-up of this process. Holds no state of its own."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments
        self._db, self._clock = payments.db, payments.clock

    async def run_due(self) -> int:
        """Make the attempts that are due and look at those whose end is unknown. Answers how many.

        Raises an ExceptionGroup of what nobody expected, after the last of them.
        """
        now = self._clock.now()
        until = now + _LEASE
        with walk("automatic top-ups") as each:
            charges = await self._db.write(automatic.claim_charges, now, until, _BATCH)
            for partner_id, order_id in charges:
                with each.step(f"order {order_id}"):
                    await self._resume(partner_id, order_id)
            pages = await self._db.write(automatic.claim_setups, now, until, _BATCH)
            for partner_id, setup_id in pages:
                with each.step(f"card page {setup_id}"):
                    await self._look_at_page(partner_id, setup_id)
            due = await self._db.write(automatic.claim_due, now, until, _BATCH)
            for partner_id, workspace_id in due:
                with each.step(f"workspace {workspace_id}"):
                    await self._attempt(partner_id, workspace_id)
            await self._detach(now, each)
        return len(charges) + len(pages) + len(due)

    async def look_ahead(self) -> int:
        """Find renewals that come earlier than they were thought to. Answers how many."""
        now = self._clock.now()
        leads = await self._db.read(automatic.lead_hours)
        found = await self._db.read(automatic.overlooked, now, leads, now + dt.timedelta(hours=1), 500)
        with walk("automatic top-ups ahead") as each:
            for partner_id, workspace_id in found:
                with each.step(f"workspace {workspace_id}"):
                    await self._attempt(partner_id, workspace_id)
        return len(found)

    async def page(self, partner_id: int, facts: SessionFacts) -> None:
        """A page that was just fetched: keep the card that it saved."""
        found = await self._db.read(cards.page_of_session, partner_id, facts.id)
        setup_id = found.id if found is not None else metadata_number(facts.metadata, "setup")
        if setup_id:
            await self._settle_page(self._payments.gateway(partner_id), partner_id, setup_id, facts)

    async def news(self, event: StripeEvent) -> None:
        """A webhook told of an automatic payment or of a saved card."""
        partner_id, gateway = event.partner_id, self._payments.gateway(event.partner_id)
        if event.type.startswith("payment_intent."):
            await self._settle(gateway, partner_id, await gateway.fetch_payment(event.object_id))
        elif event.type.startswith("payment_method."):
            card = await gateway.card(event.object_id)
            call = self._call(f"event:{event.id}")
            await self._db.write(cards.refreshed, call, partner_id, event.object_id, card)
            self._payments.wake()

    async def charge_now(self, call: Call, workspace_id: int) -> OrderStatus:
        """Somebody pressed the button that charges what is needed; how it ended, OPEN while nobody knows.

        Raises AutoTopUpError, NotAllowedError, PaymentsDownError.
        """
        assert call.person_id is not None
        partner_id = await self._db.read(orders.payer, call.person_id, workspace_id)
        gateway = self._payments.gateway(partner_id)
        await expect_charging(self._payments, partner_id)
        terms = ChargeTerms(gateway.live, gateway.charge_params)
        charge = await self._db.write(attempts.begin_by_hand, call, workspace_id, terms)
        await self._charge(gateway, charge)
        order = await self._db.read(rows.order, partner_id, charge.order_id)
        assert order is not None
        return OrderStatus(order.status)

    async def open_card_page(
        self,
        call: Call,
        workspace_id: int,
        *,
        language: str,
        consent: str,
        chat_id: int | None = None,
        message_id: int | None = None,
    ) -> CardPage:
        """A page on which a card is saved; the page's url opens it.

        Raises PaymentsDownError, and what cards.open_page refuses.
        """
        assert call.person_id is not None
        partner_id = await self._db.read(orders.payer, call.person_id, workspace_id)
        gateway = self._payments.gateway(partner_id)

        async def make(call: Call, customer: str) -> CardPage:
            terms = SetupTerms(
                customer, gateway.live, self._card_link, language, consent, gateway.setup_params
            )
            page = await self._db.write(cards.open_page, call, workspace_id, terms, chat_id, message_id)
            return page if page.session_id is not None else await self._make_card_page(gateway, call, page)

        return await with_customer(self._payments, call, partner_id, workspace_id, Role.BILLING, make)

    async def _make_card_page(self, gateway: Gateway, call: Call, page: CardPage) -> CardPage:
        partner_id = page.partner_id
        try:
            facts = await gateway.create_session(page.params, page.key)
        except (GatewayUnknownError, GatewayFailedError) as error:
            # It may exist: the poller repeats the same call under the same key.
            log.warning("card page unknown", setup=page.id, code=error.code)
            raise PaymentsDownError from error
        except GatewayError as error:
            log.warning("card page refused", setup=page.id, code=error.code)
            await self._db.write(cards.refuse, partner_id, page.id)
            if await forget_if_gone(self._payments, error, partner_id, page.params.get("customer")):
                raise CustomerGoneError from error
            raise PaymentsDownError from error
        return await self._db.write(cards.attach, call, partner_id, page.id, facts)

    async def look_at_card(self, person_id: int, setup_id: int) -> CardPage:
        """Ask the gateway about a page now, for somebody who waits for it (the return link)."""
        page = await self._db.read(cards.page_for, person_id, setup_id)
        await self._look_at_page(page.partner_id, setup_id)
        return await self._db.read(cards.page_for, person_id, setup_id)

    def _card_link(self, setup_id: int) -> str:
        return self._payments.start_link(f"card_{setup_id}")

    async def _attempt(self, partner_id: int, workspace_id: int) -> None:
        gateway = self._payments.gateways.get(partner_id)
        if gateway is None or not await may_charge(self._payments, partner_id):
            return
        now = self._clock.now()
        terms = ChargeTerms(gateway.live, gateway.charge_params)
        call = self._call(f"auto:{workspace_id}:{now.isoformat()}")
        charge = await self._db.write(attempts.begin, call, workspace_id, terms)
        self._payments.wake()
        if charge is not None:
            await self._charge(gateway, charge)

    async def _charge(self, gateway: Gateway, charge: Charge) -> None:
        call = self._call(f"charge:{charge.order_id}")
        try:
            facts = await gateway.charge(charge.params, charge.key)
        except (GatewayUnknownError, GatewayKeyError) as error:
            # It may have happened: the poller asks again under the same key.
            log.warning("charge unknown", order=charge.order_id, code=error.code)
        except GatewayFailedError as error:
            log.warning("charge failed there", order=charge.order_id, code=error.code)
            await self._db.write(outcomes.failed_there, call, charge.partner_id, charge.order_id)
        except GatewayError as error:
            log.warning("charge refused", order=charge.order_id, code=error.code)
            await self._db.write(outcomes.refused, call, charge.partner_id, charge.order_id, error.code)
            await forget_if_gone(self._payments, error, charge.partner_id, charge.params.get("customer"))
            self._payments.wake()
        else:
            await self._settle(gateway, charge.partner_id, facts)

    async def _settle(self, gateway: Gateway, partner_id: int, facts: PaymentFacts) -> None:
        status = await self._db.write(
            outcomes.settle, self._call(f"settle:{facts.id}:{facts.status}"), partner_id, facts
        )
        if status == OrderStatus.OPEN:
            try:
                ended = await gateway.cancel_payment(facts.id)
            except GatewayError as error:
                # Whoever looks at it next cancels it.
                log.warning("charge not cancelled", code=error.code)
            else:
                call = self._call(f"settle:{ended.id}:{ended.status}")
                await self._db.write(outcomes.settle, call, partner_id, ended)
        self._payments.wake()

    async def _resume(self, partner_id: int, order_id: int) -> None:
        """Learn how an attempt ended whose answer was lost, or that was never sent."""
        gateway = self._payments.gateways.get(partner_id)
        if gateway is None or not await may_charge(self._payments, partner_id):
            return
        call = self._call(f"resume:{order_id}")
        found = await self._db.write(attempts.unsettled, call, partner_id, order_id)
        if found is None or found.live != gateway.live:
            return
        if found.charge is not None:
            await self._charge(gateway, found.charge)
            return
        try:
            if found.payment_intent is not None:
                await self._settle(gateway, partner_id, await gateway.fetch_payment(found.payment_intent))
                return
            made = await self._payments_made(gateway, partner_id, found)
        except GatewayError as error:
            log.warning("charge still unknown", order=order_id, code=error.code)
            return
        ours = next((each for each in made if each.metadata.get("order") == str(order_id)), None)
        if ours is not None:
            await self._settle(gateway, partner_id, ours)
        else:
            await self._db.write(outcomes.give_up, call, partner_id, order_id)
            self._payments.wake()

    async def _payments_made(
        self, gateway: Gateway, partner_id: int, attempt: Unsettled
    ) -> list[PaymentFacts]:
        """Where an attempt's payment is among, if there is one."""
        since = attempt.created_at - _SKEW
        if attempt.customer is None:
            return []
        try:
            return await gateway.payments_of(attempt.customer, since)
        except GatewayError as error:
            if not await forget_if_gone(self._payments, error, partner_id, attempt.customer):
                raise
        # A payment outlives its customer.
        return await gateway.payments_since(since)

    async def _look_at_page(self, partner_id: int, setup_id: int) -> None:
        gateway = self._payments.gateways.get(partner_id)
        page = await self._db.read(cards.page, partner_id, setup_id)
        if gateway is None or page is None or page.status != "open" or page.live != gateway.live:
            return
        try:
            if page.session_id is None:
                if self._clock.now() - page.created_at > KEYS_LIVE:
                    await self._db.write(cards.refuse, partner_id, setup_id)
                    return
                facts = await gateway.create_session(page.params, page.key)
                await self._db.write(cards.attach, self._call(page.key), partner_id, setup_id, facts)
            else:
                facts = await gateway.fetch_session(page.session_id)
            await self._settle_page(gateway, partner_id, setup_id, facts)
        except GatewayError as error:
            log.warning("card page not looked at", setup=setup_id, code=error.code)

    async def _settle_page(
        self, gateway: Gateway, partner_id: int, setup_id: int, facts: SessionFacts
    ) -> None:
        card = None
        if facts.status == "complete" and facts.payment_method is not None:
            card = await gateway.card(facts.payment_method)
        call = self._call(f"card:{setup_id}")
        await self._db.write(cards.settle_page, call, partner_id, setup_id, facts, card)
        self._payments.wake()

    async def _detach(self, now: dt.datetime, each: Walk) -> None:
        gone = await self._db.write(automatic.claim_detaching, now, now + _DETACH_AGAIN, _BATCH)
        for partner_id, card_id, payment_method, live in gone:
            gateway = self._payments.gateways.get(partner_id)
            if gateway is None or gateway.live != live:
                continue
            with each.step(f"card {card_id}"):
                if not await may_charge(self._payments, partner_id):
                    continue
                try:
                    await gateway.detach_card(payment_method)
                except GatewayError as error:
                    log.warning("card not detached", card=card_id, code=error.code)
                else:
                    await self._db.write(cards.detached, self._call(f"detach:{card_id}"), partner_id, card_id)

    def _call(self, reference: str) -> Call:
        return Call(self._clock.now(), reference, self._payments.bot_id)
