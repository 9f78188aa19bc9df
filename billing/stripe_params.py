"""What Stripe is asked for, as plain dicts. Pure: stored before the first call, repeated unchanged (R27)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from billing.gateway import (
    ChargeRequest,
    CheckoutRequest,
    Invoicing,
    SetupRequest,
    SubscriptionFacts,
    SubscriptionRequest,
)
from billing.marks import SAVES_CARD, mark

_LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "tr", "uk", "zh"})
_MOST_CONSENT = 1200
"""Characters of a page's own text beside its button."""


def checkout_params(request: CheckoutRequest) -> dict[str, Any]:
    """A page on which one order is paid."""
    metadata = _order_metadata(request)
    params = _page(request, "payment", metadata) | {
        "client_reference_id": str(request.order_id),
        "payment_intent_data": {"metadata": metadata, "description": request.title},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.price.currency.lower(),
                    "unit_amount": request.price.amount_minor,
                    "product_data": {"name": request.title},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},
        "submit_type": "pay",
    }
    if request.save_card:
        # Off-session charges are for cards only, so the page must not offer what can't be charged again.
        params["payment_intent_data"]["setup_future_usage"] = "off_session"
        params["payment_method_types"] = ["card"]
    if request.invoicing is not Invoicing.OFF:
        params["invoice_creation"] = {"enabled": True}
    if request.invoicing is Invoicing.TAX:
        # What a pack costs is before tax (R27).
        params["line_items"][0]["price_data"]["tax_behavior"] = "exclusive"
    return params | _invoicing(request.invoicing)


def setup_params(request: SetupRequest) -> dict[str, Any]:
    """A page on which a card is saved; what is agreed to stands beside its button."""
    metadata = {"setup": str(request.setup_id), **_mark(request)}
    return _page(request, "setup", metadata) | {
        "client_reference_id": f"setup-{request.setup_id}",
        "currency": request.currency.lower(),
        "payment_method_types": ["card"],
        "setup_intent_data": {"metadata": metadata},
        "custom_text": {"submit": {"message": request.consent[:_MOST_CONSENT]}},
    }


def subscription_params(request: SubscriptionRequest) -> dict[str, Any]:
    """A page on which a subscription begins."""
    metadata = {
        "checkout": str(request.checkout_id),
        **_mark(request),
        "plan": str(request.plan_id),
    }
    return _page(request, "subscription", metadata) | {
        "client_reference_id": f"plan-{request.checkout_id}",
        "line_items": [{"price": request.price, "quantity": 1}],
        "subscription_data": {"metadata": metadata},
        "payment_method_types": ["card"],
        **_invoicing(request.invoicing),
    }


def charge_params(request: ChargeRequest) -> dict[str, Any]:
    """A charge of a saved card with nobody present."""
    return {
        "amount": request.price.amount_minor,
        "currency": request.price.currency.lower(),
        "customer": request.customer,
        "payment_method": request.payment_method,
        "payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "description": request.title,
        "metadata": _order_metadata(request),
        "expand": ["latest_charge"],
    }


def preview_params(subscription: SubscriptionFacts, price: str, as_of: dt.datetime) -> dict[str, Any]:
    """The invoice that `change_params` of the same instant would make."""
    return {
        "subscription": subscription.id,
        "subscription_details": {
            "items": [{"id": subscription.item, "price": price}],
            "proration_behavior": "always_invoice",
            "proration_date": int(as_of.timestamp()),
        },
    }


def change_params(subscription: SubscriptionFacts, price: str, as_of: dt.datetime) -> dict[str, Any]:
    """Another price from now on, the difference invoiced at once; it counts once that is paid."""
    return {
        "items": [{"id": subscription.item, "price": price}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
        "proration_date": int(as_of.timestamp()),
        "expand": ["latest_invoice"],
    }


def _invoicing(invoicing: Invoicing) -> dict[str, Any]:
    """What the page asks the customer for; it is kept with the customer, for his next invoice."""
    if invoicing is Invoicing.OFF:
        return {}
    asked: dict[str, Any] = {
        "tax_id_collection": {"enabled": True},
        "customer_update": {"name": "auto", "address": "auto"},
    }
    if invoicing is Invoicing.TAX:
        asked |= {"automatic_tax": {"enabled": True}, "billing_address_collection": "required"}
    return asked


def adds_tax(params: Mapping[str, Any] | None) -> bool:
    """Whether the page that was asked for with these adds tax to its price."""
    return bool(params and params.get("automatic_tax"))


def _page(
    request: CheckoutRequest | SetupRequest | SubscriptionRequest, mode: str, metadata: dict[str, str]
) -> dict[str, Any]:
    return {
        "mode": mode,
        "customer": request.customer,
        "metadata": metadata,
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
        "expires_at": int(request.expires_at.timestamp()),
        "locale": request.language if request.language in _LANGUAGES else "auto",
    }


def _order_metadata(request: CheckoutRequest | ChargeRequest) -> dict[str, str]:
    """Enough to rebuild the order from Stripe alone (R27)."""
    return {
        "order": str(request.order_id),
        **_mark(request),
        "points": str(request.points),
        "bonus": str(request.bonus),
        **({SAVES_CARD: "yes"} if isinstance(request, CheckoutRequest) and request.save_card else {}),
    }


def _mark(request: CheckoutRequest | SetupRequest | SubscriptionRequest | ChargeRequest) -> dict[str, str]:
    return mark(request.bot_id, request.partner_id, request.workspace_id)
