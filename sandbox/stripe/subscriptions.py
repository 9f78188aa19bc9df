"""Subscriptions: one item of a recurring price, its periods, and what becomes of them."""

from typing import Any

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.periods import end_of_period

ENDED = ("canceled", "incomplete_expired")


def new_subscription(
    account: Account,
    customer: str,
    price: Obj,
    *,
    method: str | None,
    metadata: dict[str, str],
    about: str | None,
) -> Obj:
    """Active from now on; its first invoice is made and paid by whoever calls."""
    now = account.server.now()
    subscription_id = account.new_id("sub")
    item = account.add(
        {
            "id": account.new_id("si", 14),
            "object": "subscription_item",
            "billing_thresholds": None,
            "created": now,
            "current_period_end": end_of_period(now, price["recurring"], now),
            "current_period_start": now,
            "discounts": [],
            "metadata": {},
            "price": price,
            "quantity": 1,
            "subscription": subscription_id,
            "tax_rates": [],
        }
    )
    return account.add(
        {
            "id": subscription_id,
            "object": "subscription",
            "application": None,
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": now,
            "billing_cycle_anchor_config": None,
            "billing_mode": {"flexible": None, "type": "flexible"},
            "billing_schedules": [],
            "billing_thresholds": None,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "cancellation_details": {"comment": None, "feedback": None, "reason": None},
            "collection_method": "charge_automatically",
            "created": now,
            "currency": price["currency"],
            "customer": customer,
            "days_until_due": None,
            "default_payment_method": method,
            "default_source": None,
            "default_tax_rates": [],
            "description": about,
            "discounts": [],
            "ended_at": None,
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "items": {
                "object": "list",
                "data": [item],
                "has_more": False,
                "url": f"/v1/subscription_items?subscription={subscription_id}",
            },
            "latest_invoice": None,
            "livemode": account.livemode,
            "metadata": metadata,
            "next_pending_invoice_item_invoice": None,
            "on_behalf_of": None,
            "pause_collection": None,
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": ["card"],
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": None,
            "pending_setup_intent": None,
            "pending_update": None,
            "schedule": None,
            "start_date": now,
            "status": "active",
            "test_clock": None,
            "transfer_data": None,
            "trial_end": None,
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
            "trial_start": None,
        }
    )


def item_of(subscription: Obj) -> Obj:
    item: Obj = subscription["items"]["data"][0]
    return item


def change(
    account: Account, subscription: Obj, kind: str = "customer.subscription.updated", **fields: Any
) -> Obj:
    """Sets fields and tells of those that differ; nothing happens where none does."""
    previous = {name: subscription[name] for name, value in fields.items() if subscription[name] != value}
    if previous:
        subscription |= fields
        account.emit(kind, subscription, previous)
    return subscription


def end(account: Account, subscription: Obj, reason: str) -> Obj:
    """Over now. `reason` is one of Stripe's: cancellation_requested, payment_failed."""
    now = account.server.now()
    subscription |= {
        "status": "canceled",
        "ended_at": now,
        "canceled_at": subscription["canceled_at"] or now,
        "cancel_at_period_end": False,
        "pending_update": None,
        "cancellation_details": subscription["cancellation_details"] | {"reason": reason},
    }
    for invoice in account.all("invoice"):
        if subscription_id_of(invoice) == subscription["id"] and invoice["status"] in ("draft", "open"):
            invoice |= {
                "auto_advance": False,
                "next_payment_attempt": None,
                "automatically_finalizes_at": None,
            }
    account.emit("customer.subscription.deleted", subscription)
    return subscription


def cancel_at_end(account: Account, subscription: Obj, *, cancel: bool) -> Obj:
    """Ends with the period that runs, or goes on after all."""
    if subscription["cancel_at_period_end"] is cancel:
        return subscription
    reason = "cancellation_requested" if cancel else None
    return change(
        account,
        subscription,
        cancel_at_period_end=cancel,
        cancel_at=item_of(subscription)["current_period_end"] if cancel else None,
        canceled_at=account.server.now() if cancel else None,
        cancellation_details=subscription["cancellation_details"] | {"reason": reason},
    )


def subscription_id_of(invoice: Obj) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    found: str | None = details.get("subscription")
    return found


def payment_method_of(account: Account, subscription: Obj) -> Obj | None:
    """The card that its invoices are charged to; None if there is none any more."""
    customer = account.get("customer", subscription["customer"])
    default = (customer.get("invoice_settings") or {}).get("default_payment_method")
    for method_id in (subscription["default_payment_method"], default):
        method = account.find("payment_method", method_id)
        if method is not None and method["customer"] == customer["id"]:
            return method
    return None
