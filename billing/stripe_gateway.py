"""Stripe. The only module that imports its library; what leaves here are facts of billing.gateway."""

import datetime as dt
import json
import secrets
from collections.abc import Awaitable
from typing import Any, TypeVar

import stripe
from aiohttp import ClientTimeout

from billing.gateway import (
    Account,
    CheckoutRequest,
    GatewayError,
    GatewayFailedError,
    GatewayKeyError,
    GatewayUnknownError,
    SessionFacts,
    VerifiedEvent,
)
from billing.money import Money

T = TypeVar("T")

API_VERSION = "2026-05-27.dahlia"
_TIMEOUT = 15
_RETRIES = 2
_EXPAND = ["payment_intent.latest_charge"]
_LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "tr", "uk", "zh"})

stripe.enable_telemetry = False


class SafeHTTPClient(stripe.AIOHTTPClient):
    """Stripe's client reads the body outside its own error handling; a body cut off is "maybe happened"."""

    async def request_async(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        """Answer, or raise APIConnectionError, which is tried again under the same key."""
        try:
            return await super().request_async(method, url, headers, post_data)
        except stripe.APIConnectionError:
            raise
        except Exception as error:  # whatever broke while reading is the same to us
            self._handle_request_error(error)
            raise


class StripeGateway:
    """One partner's Stripe account. All accounts share one HTTP client (shared TLS and connections)."""

    def __init__(
        self,
        key: str,
        webhook_secrets: tuple[str, ...],
        partner_id: int,
        *,
        http: SafeHTTPClient,
        api_url: str | None = None,
    ) -> None:
        self._partner_id = partner_id
        self._secrets = webhook_secrets
        self.live = key.startswith(("sk_live_", "rk_live_"))
        self._stripe = stripe.StripeClient(
            key,
            http_client=http,
            max_network_retries=_RETRIES,
            stripe_version=API_VERSION,
            base_addresses={"api": api_url} if api_url else None,
        )

    async def account(self) -> Account:
        found = await _ask(self._stripe.v1.accounts.retrieve_current_async())
        name = _get(found, "settings", "dashboard", "display_name") or _get(found, "business_profile", "name")
        return Account(
            found.id,
            str(name or found.id),
            self.live,
            bool(found.charges_enabled),
            str(found.default_currency or "usd").upper(),
        )

    async def create_customer(self, partner_id: int, workspace_id: int, name: str) -> str:
        made = await _ask(
            self._stripe.v1.customers.create_async(
                {
                    "name": name,
                    "metadata": {"partner": str(partner_id), "workspace": str(workspace_id)},
                },
                # For the library's own retries only: a key that lasts would repeat a failure for a day.
                {"idempotency_key": f"customer-{partner_id}-{workspace_id}-{secrets.token_hex(8)}"},
            )
        )
        return str(made.id)

    def checkout_params(self, request: CheckoutRequest) -> dict[str, Any]:
        metadata = {
            "order": str(request.order_id),
            "partner": str(request.partner_id),
            "workspace": str(request.workspace_id),
            "points": str(request.points),
            "bonus": str(request.bonus),
        }
        params: dict[str, Any] = {
            "mode": "payment",
            "customer": request.customer,
            "client_reference_id": str(request.order_id),
            "metadata": metadata,
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
            "success_url": request.return_url,
            "cancel_url": request.cancel_url,
            "expires_at": int(request.expires_at.timestamp()),
            "adaptive_pricing": {"enabled": False},
            "locale": request.language if request.language in _LANGUAGES else "auto",
            "submit_type": "pay",
        }
        if request.invoice:
            params["invoice_creation"] = {"enabled": True}
        return params

    async def create_session(self, params: dict[str, Any], key: str) -> SessionFacts:
        session = await _ask(
            self._stripe.v1.checkout.sessions.create_async(params, {"idempotency_key": key})  # type: ignore[arg-type]  # stored JSON of checkout_params
        )
        return _facts(session)

    async def fetch_session(self, session_id: str) -> SessionFacts:
        return _facts(
            await _ask(self._stripe.v1.checkout.sessions.retrieve_async(session_id, {"expand": _EXPAND}))
        )

    async def session_of_payment(self, payment_intent: str) -> SessionFacts | None:
        found = await _ask(
            self._stripe.v1.checkout.sessions.list_async({"payment_intent": payment_intent, "limit": 1})
        )
        return await self.fetch_session(found.data[0].id) if found.data else None

    async def expire_session(self, session_id: str) -> SessionFacts:
        try:
            await _ask(self._stripe.v1.checkout.sessions.expire_async(session_id))
        except (GatewayKeyError, GatewayUnknownError):
            raise
        except GatewayError:
            # Refused because it is complete or expired already: which one, the fetched facts say.
            return await self.fetch_session(session_id)
        return await self.fetch_session(session_id)

    async def sessions_since(self, since: dt.datetime) -> list[SessionFacts]:
        listed = await _ask(
            self._stripe.v1.checkout.sessions.list_async(
                {"created": {"gte": int(since.timestamp())}, "status": "complete", "limit": 100}
            )
        )
        ids = [session.id async for session in listed.auto_paging_iter()]
        return [await self.fetch_session(session_id) for session_id in reversed(ids)]

    def verify(self, payload: bytes, signature: str) -> VerifiedEvent:
        for secret in self._secrets:
            if not secret:
                continue
            try:
                stripe.WebhookSignature.verify_header(payload.decode(), signature, secret, tolerance=300)
                event = json.loads(payload)
                return VerifiedEvent(
                    self._partner_id,
                    str(event["id"]),
                    str(event["type"]),
                    str(event["data"]["object"].get("id", "")),
                    bool(event["livemode"]),
                )
            except stripe.SignatureVerificationError:
                continue
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise GatewayError("malformed", type(error).__name__) from None
        raise GatewayError("signature", "no secret fits")


async def _ask(request: Awaitable[T]) -> T:
    """Await a call of the library and speak of its errors as ours."""
    try:
        return await request
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise GatewayKeyError(type(error).__name__, str(error.user_message)) from error
    except stripe.APIError as error:
        if (error.http_status or 0) >= 500:
            raise GatewayFailedError("unreachable", str(error.user_message)) from error
        raise GatewayUnknownError(type(error).__name__, str(error.user_message)) from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise GatewayUnknownError(type(error).__name__, str(error.user_message)) from error
    except stripe.StripeError as error:
        raise GatewayError(str(error.code or type(error).__name__), str(error.user_message)) from error


def _get(value: Any, *path: str) -> Any:
    """A nested field that may be absent: the library's objects raise where a key is missing."""
    for name in path:
        if value is None or isinstance(value, str) or name not in value:
            return None
        value = value[name]
    return value


def _facts(session: stripe.checkout.Session) -> SessionFacts:
    payment = _get(session, "payment_intent")
    charge = _get(payment, "latest_charge")
    error = _get(payment, "last_payment_error")
    metadata = _get(session, "metadata")
    customer = _get(session, "customer")
    return SessionFacts(
        id=session.id,
        url=_get(session, "url"),
        status=str(session.status),
        payment_status=str(session.payment_status),
        subtotal=Money(int(session.amount_subtotal or 0), str(session.currency).upper()),
        live=bool(session.livemode),
        created=dt.datetime.fromtimestamp(session.created, dt.UTC),
        payment_intent=payment if isinstance(payment, str) else _get(payment, "id"),
        payment_state=_get(payment, "status"),
        decline=_get(error, "decline_code") or _get(error, "code"),
        charge=charge if isinstance(charge, str) else _get(charge, "id"),
        receipt_url=_get(charge, "receipt_url"),
        customer=customer if isinstance(customer, str) else _get(customer, "id"),
        metadata={name: str(value) for name, value in metadata.to_dict().items()} if metadata else {},
    )


def http_client() -> SafeHTTPClient:
    """The one HTTP client of a process."""
    return SafeHTTPClient(timeout=ClientTimeout(total=_TIMEOUT))
