"""Stripe's objects, as plain dicts, read into the facts of billing.gateway. Pure, and free of Stripe's library."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from billing.gateway import (
    Card,
    CustomerFacts,
    DisputeFacts,
    GatewayError,
    InvoicePayment,
    Made,
    PaymentFacts,
    PriceFacts,
    RefundFacts,
    ReversalFacts,
    SessionFacts,
    SubscriptionFacts,
)
from billing.money import CURRENCIES, Money

Obj: TypeAlias = Mapping[str, Any]

_NO_CURRENCY = "usd"
"""Pages that save a card may have none; their sum is zero."""


def nested(value: Any, *path: str) -> Any:
    """A nested field, None where a step of the way is absent, null or an id that was not expanded."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def id_of(value: Any) -> str | None:
    """The id of a reference, expanded or not."""
    return value if isinstance(value, str) else nested(value, "id")


def in_known_currency(obj: Obj) -> bool:
    """Whether we can count it. An account has foreign payments too, in whatever Stripe takes."""
    return str(obj.get("currency") or _NO_CURRENCY).upper() in CURRENCIES


def session_facts(session: Obj) -> SessionFacts:
    """Of a Checkout Session with `payment_intent.latest_charge`, `setup_intent` and `invoice` expanded."""
    payment, setup = session.get("payment_intent"), session.get("setup_intent")
    charge = nested(payment, "latest_charge")
    error = nested(payment, "last_payment_error") or nested(setup, "last_setup_error")
    return SessionFacts(
        id=session["id"],
        url=session.get("url"),
        status=str(session["status"]),
        payment_status=str(session["payment_status"]),
        subtotal=_money(session.get("amount_subtotal") or 0, session.get("currency")),
        live=bool(session["livemode"]),
        created=_instant(session["created"]),
        payment_intent=id_of(payment),
        payment_state=nested(payment, "status"),
        decline=_decline(error),
        charge=id_of(charge),
        receipt_url=nested(session, "invoice", "hosted_invoice_url") or nested(charge, "receipt_url"),
        total=_money(session.get("amount_total") or 0, session.get("currency")),
        customer=id_of(session.get("customer")),
        metadata=_metadata(session),
        mode=str(session["mode"]),
        payment_method=id_of(nested(payment, "payment_method")) or id_of(nested(setup, "payment_method")),
        subscription=id_of(session.get("subscription")),
    )


def payment_facts(intent: Obj) -> PaymentFacts:
    """Of a PaymentIntent, its `latest_charge` expanded where there is a receipt to show."""
    error, charge = intent.get("last_payment_error"), intent.get("latest_charge")
    return PaymentFacts(
        id=intent["id"],
        status=str(intent["status"]),
        amount=_money(intent["amount"], intent["currency"]),
        live=bool(intent["livemode"]),
        created=_instant(intent["created"]),
        customer=id_of(intent.get("customer")),
        payment_method=id_of(intent.get("payment_method")) or id_of(nested(error, "payment_method")),
        decline=_decline(error),
        advice=nested(error, "advice_code"),
        charge=id_of(charge),
        receipt_url=nested(charge, "receipt_url"),
        metadata=_metadata(intent),
    )


def made(obj: Obj) -> Made:
    """Of a Checkout Session or a PaymentIntent."""
    return Made(obj["id"], _instant(obj["created"]), _metadata(obj))


def customer_facts(customer: Obj) -> CustomerFacts:
    """Of a Customer."""
    return CustomerFacts(customer["id"], bool(customer["livemode"]), _metadata(customer))


def card_facts(method: Obj) -> Card | None:
    """Of a PaymentMethod; None for one that belongs to nobody any more or is no card."""
    card = method.get("card")
    if card is None or method.get("customer") is None:
        return None
    return Card(method["id"], str(card["brand"]), str(card["last4"]), card["exp_month"], card["exp_year"])


def refund_facts(refund: Obj) -> RefundFacts:
    """Of a Refund."""
    return RefundFacts(
        refund["id"],
        str(refund["status"]),
        int(refund["amount"]),
        refund.get("failure_reason"),
        _metadata(refund),
    )


def reversal_facts(intent: Obj, refunds: Sequence[Obj], disputes: Sequence[Obj]) -> ReversalFacts:
    """Of a PaymentIntent with `latest_charge` expanded, and all refunds and disputes of it."""
    return ReversalFacts(
        intent["id"],
        _money(intent["amount"], intent["currency"]),
        int(nested(intent, "latest_charge", "amount_refunded") or 0),
        tuple(DisputeFacts(each["id"], str(each["status"]), int(each["amount"])) for each in disputes),
        tuple(refund_facts(each) for each in refunds),
    )


def price_facts(price: Obj) -> PriceFacts:
    """Of a Price. GatewayError "price_unsupported" for one without a fixed whole sum (tiers, metered, chosen)."""
    amount = price.get("unit_amount")
    if amount is None:
        raise GatewayError("price_unsupported", f"{price['id']} has no fixed amount")
    recurring = price.get("recurring")
    return PriceFacts(
        price["id"],
        _money(amount, price["currency"]),
        str(nested(recurring, "interval") or ""),
        int(nested(recurring, "interval_count") or 1),
        bool(price["active"]),
    )


def subscription_facts(subscription: Obj) -> SubscriptionFacts:
    """Of a Subscription with `latest_invoice` expanded. Since 2025-03-31.basil the period is its item's."""
    item = subscription["items"]["data"][0]
    invoice = subscription.get("latest_invoice")
    invoice_status = nested(invoice, "status")
    period_end = item.get("current_period_end")
    return SubscriptionFacts(
        id=subscription["id"],
        status=str(subscription["status"]),
        customer=str(id_of(subscription["customer"])),
        item=item["id"],
        price=str(id_of(item["price"])),
        live=bool(subscription["livemode"]),
        created=_instant(subscription["created"]),
        period_end=_instant(period_end) if period_end is not None else None,
        cancels_at_end=bool(subscription["cancel_at_period_end"] or subscription.get("cancel_at")),
        latest_invoice=id_of(invoice),
        latest_invoice_status=invoice_status,
        pay_url=nested(invoice, "hosted_invoice_url") if invoice_status == "open" else None,
        pending_change=subscription.get("pending_update") is not None,
        metadata=_metadata(subscription),
    )


def due_now(preview: Obj) -> Money:
    """Of a previewed invoice: what is to be paid, less the customer's credit; below zero it becomes credit."""
    total = int(preview["total"])
    return _money(preview["amount_due"] if total > 0 else total, preview["currency"])


def paid_by(invoice: Obj) -> list[str]:
    """PaymentIntents that paid an invoice with `payments` expanded."""
    payments = nested(invoice, "payments", "data") or []
    found = [
        id_of(nested(each, "payment", "payment_intent")) for each in payments if each["status"] == "paid"
    ]
    return [intent for intent in found if intent is not None]


def invoice_payments(invoice: Obj) -> list[InvoicePayment]:
    """Of a paid Invoice with `payments` expanded; one paid outside of Stripe or by credit has none."""
    lines = nested(invoice, "lines", "data") or []
    largest = max(lines, key=lambda line: int(line["amount"]), default=None)
    found = [
        (id_of(nested(each, "payment", "payment_intent")), each)
        for each in nested(invoice, "payments", "data") or []
        if each["status"] == "paid"
    ]
    return [
        InvoicePayment(
            invoice["id"],
            intent,
            _money(each["amount_paid"], each["currency"]),
            _instant(nested(each, "status_transitions", "paid_at") or each["created"]),
            bool(invoice["livemode"]),
            id_of(nested(largest, "pricing", "price_details", "price")),
            invoice.get("hosted_invoice_url"),
        )
        for intent, each in found
        if intent is not None
    ]


def subscription_of(invoice: Any) -> str | None:
    """Whose invoice it is; None for one that no subscription made."""
    return id_of(nested(invoice, "parent", "subscription_details", "subscription"))


def credit(customer: Obj) -> Money | None:
    """Of a Customer: its balance, which is credit below zero."""
    balance, currency = customer.get("balance") or 0, customer.get("currency")
    return _money(-balance, currency) if balance < 0 and currency else None


def _decline(error: Any) -> str | None:
    code = nested(error, "decline_code") or nested(error, "code")
    return str(code) if code else None


def _money(amount: int, currency: str | None) -> Money:
    """GatewayError "currency_unknown" for one that no order of ours can have."""
    code = str(currency or _NO_CURRENCY).upper()
    if code not in CURRENCIES:
        raise GatewayError("currency_unknown", code)
    return Money(int(amount), code)


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _metadata(obj: Obj) -> dict[str, str]:
    return {name: str(value) for name, value in (obj.get("metadata") or {}).items()}
