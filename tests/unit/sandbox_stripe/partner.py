"""A partner's StripeGateway, and the requests that our orders make of it."""

import datetime as dt
from typing import Any

from billing.gateway import ChargeRequest, CheckoutRequest, SetupRequest, SubscriptionRequest
from billing.money import Money

BACK = "https://t.me/addondesk_demo_bot?start=back"
BOT = 42


def soon(now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(hours=2)


def pack(customer: str, now: dt.datetime, **more: Any) -> CheckoutRequest:
    """Fifty points for 40 USD."""
    return CheckoutRequest(
        7, BOT, 1, 3, "50 points", Money(4000, "USD"), 50, 0, customer, soon(now), BACK, BACK, "en", **more
    )


def card_page(
    customer: str, now: dt.datetime, consent: str = "We charge it when points run out."
) -> SetupRequest:
    return SetupRequest(5, BOT, 1, 3, customer, "USD", soon(now), BACK, BACK, "en", consent)


def plan(customer: str, now: dt.datetime, price: str = "price_business", **more: Any) -> SubscriptionRequest:
    return SubscriptionRequest(9, BOT, 1, 3, 2, price, customer, soon(now), BACK, BACK, "en", **more)


def topup(customer: str, card: str, amount: int = 4000) -> ChargeRequest:
    return ChargeRequest(8, BOT, 1, 3, "50 points", Money(amount, "USD"), 50, 0, customer, card)
