"""The payment gateway as a protocol: Stripe first, others can follow. Facts in, no objects of a library."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from billing.money import Money

_MOST_NUMBER: Final = 2**63 - 1
"""What a column of the database holds."""


def metadata_number(metadata: Mapping[str, str], name: str) -> int:
    """A positive whole number that we wrote into an object's metadata; 0 where there is none, or something else."""
    text = metadata.get(name, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if number <= _MOST_NUMBER else 0


class GatewayError(Exception):
    """The gateway refused. `code` is its own word for why, `message` its sentence for the log.

    `param`: what of the request it refused, empty where it named nothing.
    """

    def __init__(self, code: str, message: str = "", param: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.param = param


class GatewayUnknownError(GatewayError):
    """No answer, or half of one: it may have happened. Ask again with the same key."""


class GatewayFailedError(GatewayError):
    """A failure of the gateway's own: it may have happened, and the same key would answer the same for a day."""


class GatewayKeyError(GatewayError):
    """The key is refused: revoked, or without the permission."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key it is."""

    id: str
    name: str
    live: bool
    charges_enabled: bool
    currency: str


TAX_REFUSED: Final = "tax_refused"
"""The code of a refusal to work out tax: it isn't set up in the partner's account, or not for what is sold."""


class Invoicing(StrEnum):
    """What a payment page makes out beside the receipt (R30)."""

    OFF = "off"
    INVOICES = "invoices"
    """To a company with its tax id."""
    TAX = "tax"
    """Invoices, and tax is worked out by the customer's address and added to the price."""


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """All that a payment page is made from."""

    order_id: int
    bot_id: int
    partner_id: int
    workspace_id: int
    title: str
    price: Money
    points: int
    bonus: int
    customer: str
    expires_at: dt.datetime
    return_url: str
    cancel_url: str
    language: str
    invoicing: Invoicing = Invoicing.OFF
    packs: int = 1
    """Points, bonus and price are of all of them."""
    save_card: bool = False
    """Keep the card for charges with nobody present; the page asks for consent (R17)."""


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """A page on which a card is saved and nothing is paid."""

    setup_id: int
    bot_id: int
    partner_id: int
    workspace_id: int
    customer: str
    currency: str
    expires_at: dt.datetime
    return_url: str
    cancel_url: str
    language: str
    consent: str
    """What is agreed to, in the reader's language: when, how much, how it ends."""


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """A page on which the first subscription of a workspace begins (R25)."""

    checkout_id: int
    bot_id: int
    partner_id: int
    workspace_id: int
    plan_id: int
    price: str
    customer: str
    expires_at: dt.datetime
    return_url: str
    cancel_url: str
    language: str
    invoicing: Invoicing = Invoicing.OFF


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """A charge of a saved card with nobody present (R17)."""

    order_id: int
    bot_id: int
    partner_id: int
    workspace_id: int
    title: str
    price: Money
    points: int
    bonus: int
    customer: str
    payment_method: str


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A payment page as fetched from the gateway just now."""

    id: str
    url: str | None
    status: str
    """open, complete, expired"""
    payment_status: str
    """unpaid, paid, no_payment_required"""
    subtotal: Money
    live: bool
    created: dt.datetime
    payment_intent: str | None = None
    payment_state: str | None = None
    """The payment's own status, where there is one."""
    decline: str | None = None
    """The last attempt's decline code."""
    charge: str | None = None
    receipt_url: str | None = None
    """Of the invoice, where one was made out."""
    total: Money | None = None
    """Tax included."""
    customer: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    mode: str = "payment"
    """payment, setup, subscription"""
    payment_method: str | None = None
    """What was paid with or saved."""
    subscription: str | None = None

    @property
    def paid(self) -> bool:
        return self.status == "complete" and self.payment_status == "paid"

    @property
    def on_its_way(self) -> bool:
        """A delayed method was used and its bank has not answered (R28)."""
        return (
            self.status == "complete"
            and self.payment_status == "unpaid"
            and self.payment_state in {None, "processing", "requires_action"}
        )

    @property
    def bank_refused(self) -> bool:
        """A delayed method failed in the end."""
        return self.status == "complete" and self.payment_status == "unpaid" and not self.on_its_way


@dataclass(frozen=True, slots=True)
class Made:
    """A page or a payment as a list names it."""

    id: str
    created: dt.datetime
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer object that was not deleted."""

    id: str
    live: bool
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Card:
    """A card as its owner knows it."""

    payment_method: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """A payment as fetched from the gateway just now, made on a page or without one."""

    id: str
    status: str
    """succeeded, processing, requires_action, requires_payment_method, requires_confirmation, canceled"""
    amount: Money
    live: bool
    created: dt.datetime
    customer: str | None = None
    payment_method: str | None = None
    decline: str | None = None
    """The last attempt's decline code, or its error code where the bank named none."""
    advice: str | None = None
    """do_not_try_again, try_again_later, confirm_card_data"""
    charge: str | None = None
    receipt_url: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"

    @property
    def on_its_way(self) -> bool:
        return self.status == "processing"

    @property
    def needs_customer(self) -> bool:
        """The bank wants its customer to confirm: 3-D Secure (R18)."""
        return self.status == "requires_action" or self.decline == "authentication_required"


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A dispute of a payment. `takes_money` is False for an inquiry and for one that was won."""

    id: str
    status: str
    amount_minor: int

    @property
    def takes_money(self) -> bool:
        return not self.status.startswith("warning_") and self.status not in {"won", "prevented"}


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """A refund: pending, requires_action, succeeded, failed, canceled."""

    id: str
    status: str
    amount_minor: int
    failure: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReversalFacts:
    """What of a payment went back or is fought over, as fetched just now (R29)."""

    payment_intent: str
    amount: Money
    refunded_minor: int
    """Cumulative, without refunds that failed."""
    disputes: tuple[DisputeFacts, ...]
    refunds: tuple[RefundFacts, ...]

    @property
    def gone_minor(self) -> int:
        """Refunds and disputes together, the whole payment at most."""
        disputed = sum(each.amount_minor for each in self.disputes if each.takes_money)
        return min(self.amount.amount_minor, self.refunded_minor + disputed)


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """A recurring price. `interval`: day, week, month, year, or empty for one that is paid once."""

    id: str
    amount: Money
    interval: str
    interval_count: int
    active: bool


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """A subscription as fetched just now."""

    id: str
    status: str
    """incomplete, incomplete_expired, trialing, active, past_due, unpaid, paused, canceled"""
    customer: str
    item: str
    price: str
    live: bool
    created: dt.datetime
    period_end: dt.datetime | None
    cancels_at_end: bool
    latest_invoice: str | None = None
    latest_invoice_status: str | None = None
    """draft, open, paid, void, uncollectible"""
    pay_url: str | None = None
    """Stripe's page on which the open invoice can be paid."""
    pending_change: bool = False
    """A change of its price waits for its invoice to be paid."""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InvoicePayment:
    """A payment by which an invoice of a subscription was paid, as fetched just now."""

    invoice: str
    payment_intent: str
    paid: Money
    """Tax included."""
    paid_at: dt.datetime
    live: bool
    price: str | None
    """Of the invoice's largest line."""
    url: str | None
    """Stripe's page of the invoice and its receipt."""


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change of a subscription's price would cost: now (may be below zero: credit), then each period."""

    due_now: Money
    then: Money
    as_of: dt.datetime
    """The instant the proration is computed for; the change repeats it, so that the sum shown is the sum paid."""


@dataclass(frozen=True, slots=True)
class VerifiedEvent:
    """A webhook whose signature holds."""

    partner_id: int
    id: str
    type: str
    object_id: str
    live: bool


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
