"""The payment gateway: what it is asked, what it says, how it fails. Facts in, no objects of a library."""

from billing.gateway.errors import (
    TAX_REFUSED,
    GatewayError,
    GatewayFailedError,
    GatewayKeyError,
    GatewayUnknownError,
)
from billing.gateway.facts import (
    Account,
    Card,
    ChangePreview,
    CustomerFacts,
    DisputeFacts,
    InvoicePayment,
    Made,
    PaymentFacts,
    PriceFacts,
    RefundFacts,
    ReversalFacts,
    SessionFacts,
    SubscriptionFacts,
    VerifiedEvent,
    metadata_number,
)
from billing.gateway.protocol import Gateway
from billing.gateway.requests import (
    ChargeRequest,
    CheckoutRequest,
    Invoicing,
    SetupRequest,
    SubscriptionRequest,
)

__all__ = [
    "TAX_REFUSED",
    "Account",
    "Card",
    "ChangePreview",
    "ChargeRequest",
    "CheckoutRequest",
    "CustomerFacts",
    "DisputeFacts",
    "Gateway",
    "GatewayError",
    "GatewayFailedError",
    "GatewayKeyError",
    "GatewayUnknownError",
    "InvoicePayment",
    "Invoicing",
    "Made",
    "PaymentFacts",
    "PriceFacts",
    "RefundFacts",
    "ReversalFacts",
    "SessionFacts",
    "SetupRequest",
    "SubscriptionFacts",
    "SubscriptionRequest",
    "VerifiedEvent",
    "metadata_number",
]
