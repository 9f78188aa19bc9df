"""Who takes part in a payment besides the SDK, and the parameters that our orders have."""

from dataclasses import dataclass, field
from typing import Any

import aiohttp
import stripe
from aiohttp import web

Client = Any
"""A stripe.StripeClient. In its types every expandable field is a union, which a test would have to narrow each time."""


@dataclass
class Browser:
    """A person's browser and the sandbox's own controls."""

    base_url: str
    session: aiohttp.ClientSession

    async def sim(self, action: str, **body: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.base_url}/sim/stripe/{action}", json=body) as answer:
            content: dict[str, Any] = await answer.json()
            return {"status_code": answer.status, **content}

    async def see(self, url: str) -> str:
        async with self.session.get(url) as answer:
            return await answer.text()

    async def submit(self, url: str, **form: str) -> str:
        async with self.session.post(url, data=form) as answer:
            return await answer.text()


@dataclass
class Receiver:
    """A webhook that keeps what arrives; `answers` are the statuses of the next answers, then 200."""

    url: str = ""
    bodies: list[tuple[bytes, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def events(self, secret: str) -> list[stripe.Event]:
        """Everything that arrived, its signature checked by the SDK."""
        return [stripe.Webhook.construct_event(body, header, secret) for body, header in self.bodies]

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append((await request.read(), request.headers["Stripe-Signature"]))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


def order(amount: int = 4000, currency: str = "usd", **more: Any) -> Any:
    """The parameters of a Checkout Session for one order."""
    return {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": currency,
                    "unit_amount": amount,
                    "product_data": {"name": "50 points"},
                },
                "quantity": 1,
            }
        ],
        "success_url": "https://t.me/addondesk_demo_bot?start=paid_7F3K",
        "cancel_url": "https://t.me/addondesk_demo_bot?start=left_7F3K",
        "client_reference_id": "7F3K",
        "metadata": {"order": "7F3K"},
        **more,
    }


async def saved_card(client: Client, number: str) -> tuple[str, str]:
    """Ids of a customer and a card of theirs, agreed to be charged later."""
    customer = await client.v1.customers.create_async({"name": "Anna"})
    method = await client.v1.payment_methods.create_async(
        {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}}
    )
    await client.v1.payment_methods.attach_async(method.id, {"customer": customer.id})
    return customer.id, method.id


def charge_of(customer: str, method: str, amount: int = 2000, **more: Any) -> Any:
    """The parameters of an automatic top-up."""
    return {
        "amount": amount,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "off_session": True,
        "confirm": True,
        "metadata": {"order": "A1"},
        **more,
    }
