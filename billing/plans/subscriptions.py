"""Flows of plans paid by subscription (R25): row committed -> gateway called -> answer committed."""

import datetime as dt
import json
from collections.abc import Collection

import structlog

from billing.access import Role
from billing.call import Call
from billing.customers import CustomerGoneError, customer_of, forget_if_gone, with_customer
from billing.errors import GoneError, NoSubscriptionError, PaymentsDownError, PlanQuoteChangedError
from billing.gateway import (
    Gateway,
    GatewayError,
    GatewayFailedError,
    GatewayUnknownError,
    SessionFacts,
    SubscriptionFacts,
)
from billing.money import Money
from billing.payments import Payments
from billing.plans import catalogue, comparing, ending, pages, quotes
from billing.plans.looking import Looking
from billing.plans.pages import PageTerms, PageView
from billing.plans.polling import Poller
from billing.plans.quotes import Asked, ChangeQuote, ChangeView
from billing.plans.settling import Settled
from billing.restored import expect_charging, may_charge
from storage import subscriptions as rows
from storage.models import StripeEvent

log = structlog.get_logger()

_QUOTE_HOLDS = dt.timedelta(minutes=15)


class Subscriptions(Looking):
    """Subscriptions of this process: what people ask for, and what webhooks tell of."""

    def __init__(self, payments: Payments) -> None:
        super().__init__(payments)
        self._poller = Poller(payments)

    async def poll(self) -> int:
        """Look at pages, changes and subscriptions that are due. Answers how many."""
        return await self._poller.poll()

    async def page(self, partner_id: int, facts: SessionFacts) -> None:
        """A page that was just fetched: the subscription that it began."""
        if facts.mode == "subscription":
            await self._bring_page(partner_id, facts)

    async def bring(self, partner_id: int, facts: SubscriptionFacts) -> Settled | None:
        """A subscription that was just fetched; None: it is none of ours."""
        return await self._settle(self._call(f"subscription:{facts.id}"), partner_id, facts)

    async def bring_standing(self, partner_id: int, fetched: Collection[str]) -> None:
        """Those that stand for a workspace and were not among what was fetched. Raises GatewayError."""
        live = self._payments.gateway(partner_id).live
        for subscription in await self._db.read(rows.standing, partner_id, live):
            if subscription not in fetched:
                await self._look(partner_id, subscription)

    async def news(self, event: StripeEvent) -> None:
        """A webhook told of a subscription or its invoice: fetch it, believe what was fetched."""
        is_invoice = event.type.startswith("invoice.")
        named = _subscription_of(event.body) if is_invoice else event.object_id
        if named is not None:
            await self._look(event.partner_id, named)

    async def subscribe(
        self,
        call: Call,
        partner_id: int,
        workspace_id: int,
        plan_id: int,
        *,
        language: str,
        over: bool = False,
        chat_id: int | None = None,
        message_id: int | None = None,
    ) -> PageView:
        """A page on which the workspace's first subscription is bought; asked again it is the same page.

        Raises PaymentsDownError and what pages.begin refuses.
        """
        gateway = self._payments.gateway(partner_id)
        # One that a restored backup doesn't know of may run at a customer that it doesn't know of either.
        await expect_charging(self._payments, partner_id)

        async def make(call: Call, customer: str) -> PageView:
            await self._find_running(gateway, partner_id, customer)
            terms = PageTerms(
                customer, gateway.live, self._return_link, language, gateway.subscription_params
            )
            begun = await self._db.write(
                pages.begin, call, workspace_id, plan_id, terms, chat_id, message_id, over=over
            )
            self._payments.wake()
            if begun.session_id is not None:
                return begun.view
            return await self._make_page(call, partner_id, begun.view.id, begun.params)

        return await with_customer(self._payments, call, partner_id, workspace_id, Role.OWNER, make)

    async def _find_running(self, gateway: Gateway, partner_id: int, customer: str) -> None:
        """What a restored backup doesn't know of must not be bought a second time."""
        try:
            for facts in await gateway.subscriptions_of(customer):
                if await self._db.read(rows.subscription, partner_id, facts.id) is None:
                    await self._settle(self._call(f"subscription:{facts.id}"), partner_id, facts)
        except GatewayError as error:
            log.warning("subscriptions unknown", code=error.code)
            if await forget_if_gone(self._payments, error, partner_id, customer):
                raise CustomerGoneError from error
            raise PaymentsDownError from error

    def _return_link(self, page_id: int) -> str:
        return self._payments.start_link(f"plan_{page_id}")

    async def look(self, person_id: int, page_id: int) -> PageView:
        """Ask the gateway about a page now, for somebody who comes back from it. Raises GoneError, StrangerError."""
        view = await self._db.read(pages.view, person_id, page_id)
        page = await self._db.read(rows.find_page, page_id)
        if page is None or page.session_id is None or page.status != "open":
            return view
        try:
            facts = await self._payments.gateway(page.partner_id).fetch_session(page.session_id)
            await self._bring_page(page.partner_id, facts, page.id)
        except (GatewayError, PaymentsDownError) as error:
            log.warning("look failed", page=page_id, error=str(error))
            return view
        return await self._db.read(pages.view, person_id, page_id)

    async def quote(self, person_id: int, workspace_id: int, plan_id: int) -> ChangeQuote:
        """What moving the running subscription to a plan costs now and then.

        Raises PaymentsDownError and what quotes.wanted refuses.
        """
        found = await self._db.read(quotes.wanted, person_id, workspace_id, plan_id)
        quote, _ = await self._quoted(found, self._clock.now().replace(microsecond=0))
        return quote

    async def _quoted(
        self, found: quotes.Wanted, as_of: dt.datetime
    ) -> tuple[ChangeQuote, SubscriptionFacts]:
        gateway = self._payments.gateway(found.partner_id)
        call = self._call(f"subscription:{found.subscription}")
        try:
            facts = await gateway.fetch_subscription(found.subscription)
            if not quotes.still_holds(facts, found):
                await self._settle(call, found.partner_id, facts)
                raise GoneError
            preview = await gateway.preview_change(facts, found.price, as_of)
        except GatewayError as error:
            log.warning("change not quoted", code=error.code)
            raise PaymentsDownError from error
        return ChangeQuote(found, preview.due_now, preview.as_of), facts

    async def change(
        self,
        call: Call,
        workspace_id: int,
        plan_id: int,
        *,
        quoted_minor: int,
        as_of: dt.datetime,
        over: bool = False,
    ) -> ChangeView:
        """Move the running subscription to a plan at the sum that was shown; it counts once that is paid (R25).

        Raises PlanQuoteChangedError (nothing was charged), PlanOverLimitError, PaymentsDownError, and what
        quotes.wanted refuses.
        """
        assert call.person_id is not None
        person_id = call.person_id
        found = await self._db.read(quotes.wanted, person_id, workspace_id, plan_id)
        await expect_charging(self._payments, found.partner_id)
        age = call.at - as_of
        fresh = dt.timedelta(0) <= age < _QUOTE_HOLDS
        quote, facts = await self._quoted(found, as_of if fresh else call.at.replace(microsecond=0))
        if not fresh or quote.due_now.amount_minor != quoted_minor:
            raise PlanQuoteChangedError(quote)
        asked = await self._db.write(
            quotes.ask, call, workspace_id, plan_id, found.price, quote.as_of, over=over
        )
        try:
            await self._carry_out(asked, facts, person_id)
        except (GatewayUnknownError, GatewayFailedError) as error:
            # It may have been made, and paid: the subscription says so, now or when the poller looks at it.
            log.warning("change unknown", change=asked.id, code=error.code)
            await self._try_look(asked, person_id)
        except GatewayError as error:
            log.warning("change refused", change=asked.id, code=error.code)
            await self._db.write(quotes.fail, call, asked.partner_id, asked.id, error.code)
        return await self._db.read(quotes.view, person_id, workspace_id, asked.id)

    async def _try_look(self, asked: Asked, person_id: int) -> None:
        try:
            await self._look(asked.partner_id, asked.subscription, person_id)
        except GatewayError as error:
            log.warning("change still unknown", change=asked.id, code=error.code)

    async def end_with_period(self, call: Call, workspace_id: int) -> bool:
        """The owner ends the subscription with its paid period. Answers whether Stripe knows already."""
        return await self._wish(call, workspace_id, ends=True)

    async def keep(self, call: Call, workspace_id: int) -> bool:
        """The owner keeps it after all. Answers whether Stripe knows already."""
        return await self._wish(call, workspace_id, ends=False)

    async def _wish(self, call: Call, workspace_id: int, *, ends: bool) -> bool:
        partner_id, subscription = await self._db.write(ending.wish, call, workspace_id, ends=ends)
        if not await may_charge(self._payments, partner_id):
            return False
        try:
            await self._carry_wish_out(partner_id, subscription, ends, call.person_id)
        except (GatewayError, PaymentsDownError) as error:
            log.warning("wish not carried out", subscription=subscription, error=str(error))
            return False
        return True

    async def pay_url(self, person_id: int, workspace_id: int) -> str | None:
        """Stripe's page on which the open invoice can be paid, as of now; None: nothing is open any more.

        Raises NoSubscriptionError, PaymentsDownError, StrangerError, NotAllowedError.
        """
        partner_id, subscription = await self._db.read(comparing.payable, person_id, workspace_id)
        if subscription is None:
            raise NoSubscriptionError
        call = self._call(f"subscription:{subscription}")
        try:
            facts = await self._payments.gateway(partner_id).fetch_subscription(subscription)
        except GatewayError as error:
            raise PaymentsDownError from error
        await self._settle(call, partner_id, facts)
        return facts.pay_url

    async def credit(self, person_id: int, workspace_id: int) -> Money | None:
        """What Stripe keeps for coming invoices, of a change to a smaller plan; None: nothing, or it isn't known.

        Raises StrangerError, NotAllowedError.
        """
        partner_id = await self._db.read(pages.owner, person_id, workspace_id)
        try:
            gateway = self._payments.gateway(partner_id)
            customer, _ = await self._db.read(customer_of, person_id, workspace_id, gateway.live, Role.OWNER)
            return await gateway.credit_of(customer) if customer is not None else None
        except (GatewayError, PaymentsDownError) as error:
            log.warning("credit unknown", workspace=workspace_id, error=str(error))
            return None

    async def set_stripe_price(self, call: Call, partner_id: int, plan_id: int, price: str) -> None:
        """Look a price up at Stripe and have it pay for a plan. Raises as catalogue.set_stripe_price."""
        await catalogue.set_stripe_price(self._payments, call, partner_id, plan_id, price)


def _subscription_of(body: str) -> str | None:
    """The subscription that an invoice's event names; only a hint for what to fetch."""
    invoice = json.loads(body).get("data", {}).get("object", {})
    parent = (invoice.get("parent") or {}).get("subscription_details") or {}
    named = parent.get("subscription") or invoice.get("subscription")
    return named if isinstance(named, str) else None
