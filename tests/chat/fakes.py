"""A clock that turns when told, and a payment gateway in memory."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from billing.gateway import (
    Account,
    CheckoutRequest,
    GatewayError,
    GatewayUnknownError,
    SessionFacts,
    VerifiedEvent,
)
from billing.money import Money


@dataclass(slots=True)
class TurnableClock:
    """Stands still until it is turned."""

    at: dt.datetime

    def now(self) -> dt.datetime:
        return self.at

    def turn(self, **by: float) -> None:
        """Forward, by what timedelta takes."""
        self.at += dt.timedelta(**by)


@dataclass(slots=True)
class FakeGateway:
    """Pages by id; a page is moved on by its address, as if somebody had been there."""

    clock: TurnableClock
    live: bool = True
    down: bool = False
    """Nothing answers."""
    refuses: str | None = None
    """The code with which new pages are refused."""
    pages: dict[str, SessionFacts] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    """What the customer reads on the page, by id."""
    _by_key: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)

    async def account(self) -> Account:
        self._answer()
        return Account("acct_1", "Northwind", self.live, charges_enabled=True, currency="USD")

    async def create_customer(self, partner_id: int, workspace_id: int, name: str) -> str:
        self._answer()
        return f"cus_{partner_id}_{workspace_id}"

    def checkout_params(self, request: CheckoutRequest) -> dict[str, Any]:
        return {
            "title": request.title,
            "amount": request.price.amount_minor,
            "currency": request.price.currency,
            "metadata": {
                "order": str(request.order_id),
                "partner": str(request.partner_id),
                "workspace": str(request.workspace_id),
                "points": str(request.points),
                "bonus": str(request.bonus),
            },
            "success_url": request.return_url,
        }

    async def create_session(self, params: dict[str, Any], key: str) -> SessionFacts:
        self._answer()
        if key in self._by_key:
            first, known = self._by_key[key]
            if first != params:
                raise GatewayError("idempotency_error", "other parameters under a known key")
            return self.pages[known]
        if self.refuses is not None:
            raise GatewayError(self.refuses)
        page = f"cs_{len(self.pages) + 1}"
        self._by_key[key] = params, page
        self.titles[page] = params["title"]
        self.pages[page] = SessionFacts(
            page,
            f"https://checkout.example/{page}",
            "open",
            "unpaid",
            Money(params["amount"], params["currency"]),
            self.live,
            self.clock.now(),
            metadata=params["metadata"],
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

    def pay(self, url: str) -> None:
        """The money is there; a page whose bank was slow is paid the same way."""
        page = self._id(url)
        self._move(
            page,
            status="complete",
            payment_status="paid",
            payment_intent=f"pi_{page}",
            payment_state="succeeded",
            charge=f"ch_{page}",
            receipt_url=f"https://receipts.example/{page}",
        )

    def pay_later(self, url: str) -> None:
        """A delayed method: its bank takes days."""
        page = self._id(url)
        self._move(page, status="complete", payment_intent=f"pi_{page}", payment_state="processing")

    def refuse_later(self, url: str, code: str | None = None) -> None:
        """The bank of a delayed method says no."""
        self._move(self._id(url), payment_state="requires_payment_method", decline=code)

    def decline(self, url: str, code: str) -> None:
        """The card is declined; the page stays open."""
        self._move(self._id(url), decline=code)

    def run_out(self, url: str) -> None:
        """Nobody paid in time."""
        self._move(self._id(url), status="expired", url=None)

    def charge_another_amount(self, url: str, amount_minor: int) -> None:
        """What was paid is not what was ordered."""
        page = self._id(url)
        self._move(page, subtotal=Money(amount_minor, self.pages[page].subtotal.currency))

    def _move(self, page: str, **changes: Any) -> None:
        self.pages[page] = replace(self.pages[page], **changes)

    @staticmethod
    def _id(url: str) -> str:
        return url.rsplit("/", 1)[1]

    def _answer(self) -> None:
        if self.down:
            raise GatewayUnknownError("timeout")
