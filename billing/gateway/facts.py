"""What a payment gateway says is so. Facts, no objects of a library."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from billing.money import Money

_MOST_NUMBER: Final = 2**63 - 1
"""What a column of the database holds."""


def metadata_number(metadata: Mapping[str, str], name: str) -> int:
    """A positive whole number that we wrote into an object's metadata; 0 where there is none, or something else."""
    text = metadata.get(name, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if number <= _MOST_NUMBER else 0


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key it is."""

    id: str
    name: str
    live: bool
    charges_enabled: bool
    currency: str


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
