"""Recurring prices and subscriptions in memory. A period is thirty days."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Literal

from billing.gateway import (
    ChangePreview,
    GatewayError,
    GatewayFailedError,
    InvoicePayment,
    PriceFacts,
    SubscriptionFacts,
)
from billing.money import Money

from .fake_payments import FakePayments

PERIOD = dt.timedelta(days=30)
_ENDED = {"canceled", "incomplete_expired"}


@dataclass(slots=True)
class FakeSubscriptions(FakePayments):
    """Subscriptions by id, moved on as if time had passed at Stripe."""

    prices: dict[str, PriceFacts] = field(default_factory=dict)
    subscriptions: dict[str, SubscriptionFacts] = field(default_factory=dict)
    changes_fail: bool = False
    """The card is declined when a change is invoiced: the change waits."""
    changes_break: Literal["made", "not made"] | None = None
    """A change ends in a failure of Stripe's own, after it was made or before."""
    changes_asked: int = 0
    _waiting: dict[str, tuple[str, Money]] = field(default_factory=dict)
    """The price a subscription changes to once that sum is paid."""
    _paid_with: dict[str, str] = field(default_factory=dict)
    """The payment of an invoice."""
    invoices: dict[str, list[InvoicePayment]] = field(default_factory=dict)
    """What was paid, by subscription."""
    credit: dict[str, Money] = field(default_factory=dict)
    """By customer."""

    async def price(self, price: str) -> PriceFacts:
        self._answer()
        return self._price(price)

    async def fetch_subscription(self, subscription: str) -> SubscriptionFacts:
        self._answer()
        if subscription not in self.subscriptions:
            raise GatewayError("resource_missing", subscription)
        return self.subscriptions[subscription]

    async def subscriptions_of(self, customer: str) -> list[SubscriptionFacts]:
        self._answer()
        self._expect_customer(customer)
        own = (each for each in self.subscriptions.values() if each.customer == customer)
        return [each for each in own if each.status not in _ENDED]

    async def subscriptions_since(self, since: dt.datetime) -> list[SubscriptionFacts]:
        self._answer()
        return [
            each for each in self.subscriptions.values() if each.status not in _ENDED or each.created >= since
        ]

    async def preview_change(
        self, subscription: SubscriptionFacts, price: str, as_of: dt.datetime
    ) -> ChangePreview:
        self._answer()
        then = self._price(price).amount
        return ChangePreview(self._prorated(subscription, price, as_of), then, as_of)

    async def change_price(
        self, subscription: SubscriptionFacts, price: str, as_of: dt.datetime, key: str
    ) -> SubscriptionFacts:
        self.changes_asked += 1
        if self.changes_break == "not made":
            raise GatewayFailedError("unreachable")
        made = self._once(
            key, (subscription.id, price, as_of), lambda: self._change(subscription.id, price, as_of)
        )
        if self.changes_break is not None:
            raise GatewayFailedError("unreachable")
        return made

    def _change(self, subscription: str, price: str, as_of: dt.datetime) -> SubscriptionFacts:
        now = self.subscriptions[subscription]
        due = self._prorated(now, price, as_of)
        if due.amount_minor > 0 and self.changes_fail:
            self._waiting[subscription] = price, due
            return self._open_invoice(subscription, pending_change=True)
        self._invoice_paid(subscription, Money(max(due.amount_minor, 0), due.currency), price)
        if due.amount_minor < 0:
            self.credit[now.customer] = Money(-due.amount_minor, due.currency)
        return self._move_on(subscription, price=price)

    async def set_cancel_at_end(self, subscription: str, cancel: bool) -> SubscriptionFacts:
        self._answer()
        return self._move_on(subscription, cancels_at_end=cancel)

    async def end_subscription(self, subscription: str, refund: bool, key: str) -> SubscriptionFacts:
        def end() -> SubscriptionFacts:
            ended = self._move_on(subscription, status="canceled")
            payment = self._paid_with.get(ended.latest_invoice or "")
            if refund and payment is not None:
                self.give_back(payment, self.payments[payment].amount.amount_minor)
            return ended

        return self._once(key, (subscription, refund), end)

    async def invoice_payments(self, subscription: str) -> list[InvoicePayment]:
        self._answer()
        return list(self.invoices.get(subscription, ()))

    async def subscription_behind(self, payment_intent: str) -> str | None:
        self._answer()
        return next(
            (
                subscription
                for subscription, paid in self.invoices.items()
                if any(each.payment_intent == payment_intent for each in paid)
            ),
            None,
        )

    async def credit_of(self, customer: str) -> Money | None:
        self._answer()
        return self.credit.get(customer)

    def sell(self, price: str, amount_minor: int, currency: str = "USD", interval: str = "month") -> str:
        """A recurring price; answers its id."""
        self.prices[price] = PriceFacts(price, Money(amount_minor, currency), interval, 1, active=True)
        return price

    def subscribe(self, customer: str, price: str, metadata: dict[str, str] | None = None) -> str:
        """A subscription whose first period is paid; answers its id."""
        subscription = self._id("sub")
        self.subscriptions[subscription] = SubscriptionFacts(
            subscription,
            "active",
            customer,
            self._id("si"),
            price,
            self.live,
            self.clock.now(),
            self.clock.now() + PERIOD,
            cancels_at_end=False,
            metadata=metadata or {},
        )
        self._invoice_paid(subscription, self._price(price).amount)
        return subscription

    def renew(self, subscription: str, *, paid: bool = True) -> None:
        """The period ends: the next is paid, or its invoice stays open. Cancelled at its end, it ends."""
        now = self.subscriptions[subscription]
        assert now.period_end is not None
        if now.cancels_at_end:
            self._move_on(subscription, status="canceled")
            return
        self._move_on(subscription, period_end=now.period_end + PERIOD)
        if paid:
            self._invoice_paid(subscription, self._price(now.price).amount)
        else:
            self._open_invoice(subscription)
            self._move_on(subscription, status="past_due")

    def give_up(self, subscription: str, status: str = "unpaid") -> None:
        """Stripe tried for long enough: "unpaid" or "canceled", as the partner's account is set."""
        self._move_on(subscription, status=status)

    def pay_invoice(self, subscription: str) -> None:
        """Somebody pays the open invoice on Stripe's page."""
        now = self.subscriptions[subscription]
        price, due = self._waiting.pop(subscription, (now.price, self._price(now.price).amount))
        self._invoice_paid(subscription, due, price)
        self._move_on(subscription, status="active", price=price, pending_change=False)

    def move_price(self, subscription: str, price: str) -> None:
        """Its price is changed in Stripe's Dashboard."""
        self._move_on(subscription, price=price)

    def drop_change(self, subscription: str) -> None:
        """A waiting change was not paid in time: its invoice is void, the price stays."""
        self._waiting.pop(subscription)
        self._move_on(subscription, pending_change=False, latest_invoice_status="void", pay_url=None)

    def _price(self, price: str) -> PriceFacts:
        if price not in self.prices:
            raise GatewayError("resource_missing", price)
        return self.prices[price]

    def _prorated(self, subscription: SubscriptionFacts, price: str, as_of: dt.datetime) -> Money:
        assert subscription.period_end is not None
        old, new = self._price(subscription.price).amount, self._price(price).amount
        left = int((subscription.period_end - as_of).total_seconds())
        difference = (new.amount_minor - old.amount_minor) * left // int(PERIOD.total_seconds())
        return Money(difference, new.currency)

    def _invoice_paid(self, subscription: str, amount: Money, price: str | None = None) -> None:
        invoice = self._id("in")
        if amount.amount_minor:
            now = self.subscriptions[subscription]
            payment = self._paid(amount, now.customer, None, {})
            self._paid_with[invoice] = payment.id
            self.invoices.setdefault(subscription, []).append(
                InvoicePayment(
                    invoice,
                    payment.id,
                    amount,
                    self.clock.now(),
                    self.live,
                    price or now.price,
                    f"https://invoices.example/{invoice}",
                )
            )
        self._move_on(subscription, latest_invoice=invoice, latest_invoice_status="paid", pay_url=None)

    def _open_invoice(self, subscription: str, *, pending_change: bool = False) -> SubscriptionFacts:
        invoice = self._id("in")
        return self._move_on(
            subscription,
            latest_invoice=invoice,
            latest_invoice_status="open",
            pay_url=f"https://invoices.example/{invoice}",
            pending_change=pending_change,
        )

    def _move_on(self, subscription: str, **changes: object) -> SubscriptionFacts:
        self.subscriptions[subscription] = replace(self.subscriptions[subscription], **changes)  # type: ignore[arg-type]  # fields by name
        return self.subscriptions[subscription]
