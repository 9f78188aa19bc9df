"""A payment gateway in memory: its pages here, what is paid on them in the fake_ modules beside."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from billing.gateway import (
    Account,
    CheckoutRequest,
    GatewayError,
    SessionFacts,
    SetupRequest,
    SubscriptionRequest,
    VerifiedEvent,
)
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


@dataclass(slots=True)
class FakeGateway(FakeSubscriptions):
    """Pages by id; a page is moved on by its address, as if somebody had been there."""

    refuses: str | None = None
    """The code with which new pages are refused."""
    pages: dict[str, SessionFacts] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    """What the customer reads on the page, by id."""
    _asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What a page was made from."""

    async def account(self) -> Account:
        self._answer()
        return Account("acct_1", "Northwind", self.live, charges_enabled=True, currency="USD")

    async def create_customer(self, partner_id: int, workspace_id: int, name: str) -> str:
        self._answer()
        return f"cus_{partner_id}_{workspace_id}"

    def checkout_params(self, request: CheckoutRequest) -> dict[str, Any]:
        return self._page_params(request, "payment", request.title) | {
            "amount": request.price.amount_minor,
            "currency": request.price.currency,
            "save_card": request.save_card,
            "metadata": {
                "order": str(request.order_id),
                "partner": str(request.partner_id),
                "workspace": str(request.workspace_id),
                "points": str(request.points),
                "bonus": str(request.bonus),
            },
        }

    def setup_params(self, request: SetupRequest) -> dict[str, Any]:
        return self._page_params(request, "setup", request.consent) | {
            "amount": 0,
            "currency": request.currency,
            "metadata": {
                "setup": str(request.setup_id),
                "partner": str(request.partner_id),
                "workspace": str(request.workspace_id),
            },
        }

    def subscription_params(self, request: SubscriptionRequest) -> dict[str, Any]:
        return self._page_params(request, "subscription", request.price) | {
            "price": request.price,
            "metadata": {
                "checkout": str(request.checkout_id),
                "partner": str(request.partner_id),
                "workspace": str(request.workspace_id),
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
        page = f"cs_{len(self.pages) + 1}"
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
        return [page for page in self.pages.values() if page.status == "complete" and page.created >= since]

    def verify(self, payload: bytes, signature: str) -> VerifiedEvent:
        raise GatewayError("signature", "no webhooks here")

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
            payment = self._paid(
                self.pages[page].subtotal,
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
