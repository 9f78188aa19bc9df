"""The payment gateway as a protocol: Stripe first, others can follow."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from billing.gateway.facts import (
    Account,
    Card,
    ChangePreview,
    CustomerFacts,
    InvoicePayment,
    Made,
    PaymentFacts,
    PriceFacts,
    RefundFacts,
    ReversalFacts,
    SessionFacts,
    SubscriptionFacts,
    VerifiedEvent,
)
from billing.gateway.requests import (
    ChargeRequest,
    CheckoutRequest,
    SetupRequest,
    SubscriptionRequest,
)
from billing.money import Money


class Gateway(Protocol):
    """One partner's account at a payment gateway. Every call may raise GatewayError and its kinds."""

    @property
    def live(self) -> bool: ...

    async def account(self) -> Account: ...

    async def create_customer(self, bot_id: int, partner_id: int, workspace_id: int, name: str) -> str:
        """A customer object for the workspace, with our mark."""
        ...

    async def is_customer_gone(self, customer: str) -> bool:
        """Whether the customer object was deleted, or never was."""
        ...

    def checkout_params(self, request: CheckoutRequest) -> dict[str, Any]:
        """What will be sent to make the page. Pure; stored before the first call and repeated unchanged (R27)."""
        ...

    async def create_session(self, params: dict[str, Any], key: str) -> SessionFacts: ...

    async def fetch_session(self, session_id: str) -> SessionFacts: ...

    async def session_of_payment(self, payment_intent: str) -> SessionFacts | None: ...

    def setup_params(self, request: SetupRequest) -> dict[str, Any]:
        """What will be sent to make a page that saves a card. Pure."""
        ...

    def subscription_params(self, request: SubscriptionRequest) -> dict[str, Any]:
        """What will be sent to make a page that starts a subscription. Pure."""
        ...

    def charge_params(self, request: ChargeRequest) -> dict[str, Any]:
        """What will be sent to charge a saved card. Pure; stored before the first call and repeated unchanged."""
        ...

    async def charge(self, params: dict[str, Any], key: str) -> PaymentFacts:
        """Charge a saved card. A decline is an answer, not an error: the facts say so.

        GatewayError "card_gone": the card can't be charged any more. GatewayUnknownError: maybe charged.
        """
        ...

    async def fetch_payment(self, payment_intent: str) -> PaymentFacts: ...

    async def payments_of(self, customer: str, since: dt.datetime) -> list[PaymentFacts]:
        """The customer's payments created since, oldest first: finds a charge whose answer was lost."""
        ...

    async def cancel_payment(self, payment_intent: str) -> PaymentFacts:
        """Make sure that it can't be paid any more; where it was paid already its facts say so."""
        ...

    async def card(self, payment_method: str) -> Card | None:
        """A saved card; None where it is none or is gone."""
        ...

    async def detach_card(self, payment_method: str) -> None:
        """It can't be charged any more. Done already is done."""
        ...

    async def payment_behind(self, kind: str, object_id: str) -> str | None:
        """The payment intent behind a charge, refund or dispute (by the event's kind); None: none of ours."""
        ...

    async def reversals(self, payment_intent: str) -> ReversalFacts: ...

    async def reversed_since(self, since: dt.datetime) -> list[str]:
        """Payment intents with a refund or dispute created since, oldest first."""
        ...

    async def refund(
        self, payment_intent: str, amount_minor: int, key: str, metadata: dict[str, str]
    ) -> RefundFacts: ...

    async def payments_since(self, since: dt.datetime) -> list[PaymentFacts]:
        """All succeeded payments created since, oldest first."""
        ...

    async def price(self, price: str) -> PriceFacts: ...

    async def fetch_subscription(self, subscription: str) -> SubscriptionFacts: ...

    async def subscriptions_of(self, customer: str) -> list[SubscriptionFacts]:
        """All that have not ended, oldest first."""
        ...

    async def preview_change(
        self, subscription: SubscriptionFacts, price: str, as_of: dt.datetime
    ) -> ChangePreview: ...

    async def change_price(
        self, subscription: SubscriptionFacts, price: str, as_of: dt.datetime, key: str
    ) -> SubscriptionFacts:
        """Change the item; the difference is invoiced at once and the change counts once that is paid."""
        ...

    async def set_cancel_at_end(self, subscription: str, cancel: bool) -> SubscriptionFacts:  # noqa: FBT001
        """End with the paid period, or go on after all."""
        ...

    async def end_subscription(self, subscription: str, refund: bool, key: str) -> SubscriptionFacts:  # noqa: FBT001
        """End it now; `refund` gives its latest invoice's payment back (a duplicate, R25)."""
        ...

    async def invoice_payments(self, subscription: str) -> list[InvoicePayment]:
        """What its invoices were paid by, oldest first; without those that credit alone covered."""
        ...

    async def subscription_behind(self, payment_intent: str) -> str | None:
        """The subscription whose invoice a payment paid; None: it paid none's."""
        ...

    async def credit_of(self, customer: str) -> Money | None:
        """What Stripe keeps for the customer's coming invoices; None: nothing."""
        ...

    async def expire_session(self, session_id: str) -> SessionFacts:
        """Close the page; where it was completed already its facts say so."""
        ...

    async def sessions_since(self, since: dt.datetime) -> list[SessionFacts]:
        """Pages created since that were completed, or can still be, oldest first."""
        ...

    async def customers_since(self, since: dt.datetime) -> list[CustomerFacts]:
        """Customer objects created since, oldest first."""
        ...

    async def subscriptions_since(self, since: dt.datetime) -> list[SubscriptionFacts]:
        """All that have not ended, and of those created since also the ended ones, oldest first."""
        ...

    def made_since(self, since: dt.datetime | None) -> AsyncIterator[Sequence[Made]]:
        """Pages and payments created since, whoever made them, a list's page at a time; None: the newest of each."""
        ...

    def verify(self, payload: bytes, signature: str) -> VerifiedEvent:
        """Check a webhook. Raises GatewayError for anything but a sound, fresh signature."""
        ...
