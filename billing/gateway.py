"""The payment gateway as a protocol: Stripe first, others can follow. Facts in, no objects of a library."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Protocol

from billing.money import Money


class GatewayError(Exception):
    """The gateway refused. `code` is its own word for why, `message` its sentence for the log."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


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


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """All that a payment page is made from."""

    order_id: int
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
    invoice: bool = False


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
    customer: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)

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

    async def create_customer(self, partner_id: int, workspace_id: int, name: str) -> str:
        """The workspace's customer object; asked twice it answers the same for a day."""
        ...

    def checkout_params(self, request: CheckoutRequest) -> dict[str, Any]:
        """What will be sent to make the page. Pure; stored before the first call and repeated unchanged (R27)."""
        ...

    async def create_session(self, params: dict[str, Any], key: str) -> SessionFacts: ...

    async def fetch_session(self, session_id: str) -> SessionFacts: ...

    async def session_of_payment(self, payment_intent: str) -> SessionFacts | None: ...

    async def expire_session(self, session_id: str) -> SessionFacts:
        """Close the page; where it was completed already its facts say so."""
        ...

    async def sessions_since(self, since: dt.datetime) -> list[SessionFacts]:
        """Completed pages created since, oldest first."""
        ...

    def verify(self, payload: bytes, signature: str) -> VerifiedEvent:
        """Check a webhook. Raises GatewayError for anything but a sound, fresh signature."""
        ...
