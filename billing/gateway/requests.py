"""What a payment gateway is asked to make."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from billing.money import Money


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
