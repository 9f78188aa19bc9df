"""A payment gateway in memory: its pages here, what is paid on them in the fake_ modules beside."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from billing.gateway import (
    Account,
    CheckoutRequest,
    CustomerFacts,
    GatewayError,
    Invoicing,
    Made,
    PaymentFacts,
    SessionFacts,
    SetupRequest,
    SubscriptionRequest,
    VerifiedEvent,
)
from billing.marks import SAVES_CARD, mark
from billing.money import Money

from .fake_answers import TurnableClock
from .fake_payments import (
    FAILURE,
    LOST,
    OUTAGE,
    PAID,
    PROCESSING,
    THREE_D_SECURE,
    ChargeEnd,
    declined,
)
from .fake_subscriptions import FakeSubscriptions

__all__ = [
    "FAILURE",
    "LOST",
    "OUTAGE",
    "PAID",
    "PROCESSING",
    "THREE_D_SECURE",
    "ChargeEnd",
    "FakeGateway",
    "TurnableClock",
    "declined",
]


TAX_PERCENT = 20


@dataclass(slots=True)
class FakeGateway(FakeSubscriptions):
    """Pages by id; a page is moved on by its address, as if somebody had been there."""

    refuses: str | None = None
    """The code with which new pages are refused."""
    pages: dict[str, SessionFacts] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    """What the customer reads on the page, by id."""
    customers: dict[str, tuple[dt.datetime, CustomerFacts]] = field(default_factory=dict)
    """When each was made."""
    account_id: str = "acct_1"
    first_page: int = 1
    """The number of its first page; ids are Stripe's, so two accounts never give the same."""
    looks: int = 0
    """How often it was asked for what was made."""
    _asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What a page was made from."""

    async def account(self) -> Account:
        self._answer()
        return Account(self.account_id, "Northwind", self.live, charges_enabled=True, currency="USD")

    async def create_customer(self, bot_id: int, partner_id: int, workspace_id: int, name: str) -> str:
        self._answer()
        again = "_again" * len(self.deleted_customers)
        made = CustomerFacts(
            f"cus_{partner_id}_{workspace_id}{again}", self.live, mark(bot_id, partner_id, workspace_id)
        )
        self.customers[made.id] = self.clock.now(), made
        return made.id

    async def customers_since(self, since: dt.datetime) -> list[CustomerFacts]:
        self._answer()
        return [
            each
            for at, each in self.customers.values()
            if at >= since and each.id not in self.deleted_customers
        ]

    async def made_since(self, since: dt.datetime | None) -> AsyncIterator[Sequence[Made]]:
        self._answer()
        self.looks += 1
        made: tuple[list[SessionFacts | PaymentFacts], ...] = (
            [*self.pages.values()],
            [*self.payments.values()],
        )
        for listed in made:
            yield [
                Made(each.id, each.created, each.metadata)
                for each in reversed(listed)
                if since is None or each.created >= since
            ]

    async def is_customer_gone(self, customer: str) -> bool:
        self._answer()
        return customer in self.deleted_customers

    def checkout_params(self, request: CheckoutRequest) -> dict[str, Any]:
        return self._page_params(request, "payment", request.title) | {
            "amount": request.price.amount_minor,
            "currency": request.price.currency,
            "save_card": request.save_card,
            "automatic_tax": request.invoicing is Invoicing.TAX,
            "metadata": {
                "order": str(request.order_id),
                **mark(request.bot_id, request.partner_id, request.workspace_id),
                "points": str(request.points),
                "bonus": str(request.bonus),
                **({SAVES_CARD: "yes"} if request.save_card else {}),
            },
        }

    def setup_params(self, request: SetupRequest) -> dict[str, Any]:
        return self._page_params(request, "setup", request.consent) | {
            "amount": 0,
            "currency": request.currency,
            "metadata": {
                "setup": str(request.setup_id),
                **mark(request.bot_id, request.partner_id, request.workspace_id),
            },
        }

    def subscription_params(self, request: SubscriptionRequest) -> dict[str, Any]:
        return self._page_params(request, "subscription", request.price) | {
            "price": request.price,
            "metadata": {
                "checkout": str(request.checkout_id),
                **mark(request.bot_id, request.partner_id, request.workspace_id),
                "plan": str(request.plan_id),
            },
        }

    @staticmethod
    def _page_params(
        request: CheckoutRequest | SetupRequest | SubscriptionRequest, mode: str, title: str
    ) -> dict[str, Any]:
        return {
            "mode": mode,
            "title": title,
            "customer": request.customer,
            "success_url": request.return_url,
        }

    async def create_session(self, params: dict[str, Any], key: str) -> SessionFacts:
        return self._once(key, params, lambda: self._new_page(params))

    def _new_page(self, params: dict[str, Any]) -> SessionFacts:
        if self.refuses is not None:
            raise GatewayError(self.refuses)
        self._expect_customer(params["customer"])
        page = f"cs_{len(self.pages) + self.first_page}"
        sum_asked = (
            self._price(params["price"]).amount
            if params["mode"] == "subscription"
            else Money(params["amount"], params["currency"])
        )
        self.titles[page] = params["title"]
        self._asked[page] = params
        self.pages[page] = SessionFacts(
            page,
            f"https://checkout.example/{page}",
            "open",
            "no_payment_required" if params["mode"] == "setup" else "unpaid",
            sum_asked,
            self.live,
            self.clock.now(),
            customer=params["customer"],
            metadata=params["metadata"],
            mode=params["mode"],
        )
        return self.pages[page]

    async def fetch_session(self, session_id: str) -> SessionFacts:
        self._answer()
        return self.pages[session_id]

    async def session_of_payment(self, payment_intent: str) -> SessionFacts | None:
        self._answer()
        return next((page for page in self.pages.values() if page.payment_intent == payment_intent), None)

    async def expire_session(self, session_id: str) -> SessionFacts:
        self._answer()
        if self.pages[session_id].status == "open":
            self._move(session_id, status="expired", url=None)
        return self.pages[session_id]

    async def sessions_since(self, since: dt.datetime) -> list[SessionFacts]:
        self._answer()
        return [page for page in self.pages.values() if page.status != "expired" and page.created >= since]

    def verify(self, payload: bytes, signature: str) -> VerifiedEvent:
        raise GatewayError("signature", "no webhooks here")

    def delete_customer(self, customer: str) -> None:
        """On Stripe's own pages: his cards are detached and his subscriptions end."""
        self.deleted_customers.add(customer)
        self.cards.clear()
        for subscription in self.subscriptions.values():
            if subscription.customer == customer:
                self.give_up(subscription.id, "canceled")

    def pay(self, url: str, last4: str = "4242") -> None:
        """Pays, saves the card or subscribes; a page whose bank was slow is paid the same way."""
        page = self._page_of(url)
        asked = self._asked[page]
        if asked["mode"] == "setup":
            self._move(page, status="complete", payment_method=self.save_card(last4))
        elif asked["mode"] == "subscription":
            subscription = self.subscribe(asked["customer"], asked["price"], asked["metadata"])
            self._move(page, status="complete", payment_status="paid", subscription=subscription)
        else:
            card = self.save_card(last4) if asked["save_card"] else None
            before_tax = self.pages[page].subtotal
            tax = before_tax.amount_minor * TAX_PERCENT // 100 if asked["automatic_tax"] else 0
            total = Money(before_tax.amount_minor + tax, before_tax.currency)
            payment = self._paid(
                total,
                asked["customer"],
                card,
                asked["metadata"],
                payment_intent=f"pi_{page}",
            )
            self._move(
                page,
                status="complete",
                payment_status="paid",
                payment_intent=payment.id,
                payment_state="succeeded",
                charge=payment.charge,
                receipt_url=payment.receipt_url,
                total=total,
                payment_method=card,
            )

    def pay_later(self, url: str) -> None:
        """A delayed method: its bank takes days."""
        page = self._page_of(url)
        self._move(page, status="complete", payment_intent=f"pi_{page}", payment_state="processing")

    def refuse_later(self, url: str, code: str | None = None) -> None:
        """The bank of a delayed method says no."""
        self._move(self._page_of(url), payment_state="requires_payment_method", decline=code)

    def decline(self, url: str, code: str) -> None:
        """The card is declined; the page stays open."""
        self._move(self._page_of(url), decline=code)

    def run_out(self, url: str) -> None:
        """Nobody paid in time."""
        self._move(self._page_of(url), status="expired", url=None)

    def charge_another_amount(self, url: str, amount_minor: int) -> None:
        """What was paid is not what was ordered."""
        page = self._page_of(url)
        self._move(page, subtotal=Money(amount_minor, self.pages[page].subtotal.currency))

    def _move(self, page: str, **changes: Any) -> None:
        self.pages[page] = replace(self.pages[page], **changes)

    @staticmethod
    def _page_of(url: str) -> str:
        return url.rsplit("/", 1)[1]
