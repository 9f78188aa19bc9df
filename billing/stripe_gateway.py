"""Stripe. The only module that imports its library; what leaves here are facts of billing.gateway."""

import datetime as dt
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import stripe
from aiohttp import ClientTimeout

from billing import stripe_facts as facts
from billing import stripe_params
from billing.gateway import (
    TAX_REFUSED,
    Account,
    Card,
    ChangePreview,
    CustomerFacts,
    GatewayError,
    GatewayFailedError,
    GatewayKeyError,
    GatewayUnknownError,
    InvoicePayment,
    Made,
    PaymentFacts,
    PriceFacts,
    RefundFacts,
    ReversalFacts,
    SessionFacts,
    SubscriptionFacts,
    VerifiedEvent,
)
from billing.marks import mark
from billing.money import Money

T = TypeVar("T")

API_VERSION = "2026-05-27.dahlia"
_TIMEOUT = 15
_RETRIES = 2
_PAGE = 100
_OF_SESSION = ["payment_intent.latest_charge", "setup_intent", "invoice"]
_MISSING = "resource_missing"
_ENDED = frozenset({"canceled", "incomplete_expired"})
_TAX_WORDS = ("automatic tax", "stripe tax", "tax behavior", "tax_behavior", "head office address")
_GONE = ("detached from a customer", "without customer attachment", "does not belong to the customer")

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
        about = found.to_dict()
        name = facts.nested(about, "settings", "dashboard", "display_name") or facts.nested(
            about, "business_profile", "name"
        )
        return Account(
            found.id,
            str(name or found.id),
            self.live,
            bool(found.charges_enabled),
            str(found.default_currency or "usd").upper(),
        )

    async def create_customer(self, bot_id: int, partner_id: int, workspace_id: int, name: str) -> str:
        made = await _ask(
            self._stripe.v1.customers.create_async(
                {"name": name, "metadata": mark(bot_id, partner_id, workspace_id)},
                # For the library's own retries only: a key that lasts would repeat a failure for a day.
                {"idempotency_key": f"customer-{partner_id}-{workspace_id}-{secrets.token_hex(8)}"},
            )
        )
        return str(made.id)

    async def is_customer_gone(self, customer: str) -> bool:
        try:
            found = await _ask(self._stripe.v1.customers.retrieve_async(customer))
        except GatewayError as error:
            if error.code == _MISSING:
                return True
            raise
        return bool(found.to_dict().get("deleted"))

    checkout_params = staticmethod(stripe_params.checkout_params)
    setup_params = staticmethod(stripe_params.setup_params)
    subscription_params = staticmethod(stripe_params.subscription_params)
    charge_params = staticmethod(stripe_params.charge_params)

    async def create_session(self, params: dict[str, Any], key: str) -> SessionFacts:
        try:
            made = await _ask(
                self._stripe.v1.checkout.sessions.create_async(cast("Any", params), {"idempotency_key": key})
            )
        except GatewayError as error:
            refusal = error.__cause__
            if "automatic_tax" in params and isinstance(refusal, stripe.InvalidRequestError):
                raise _of_tax(error, refusal) from refusal
            raise
        return facts.session_facts(made.to_dict())

    async def fetch_session(self, session_id: str) -> SessionFacts:
        found = await _ask(
            self._stripe.v1.checkout.sessions.retrieve_async(session_id, {"expand": _OF_SESSION})
        )
        return facts.session_facts(found.to_dict())

    async def session_of_payment(self, payment_intent: str) -> SessionFacts | None:
        found = await _ask(
            self._stripe.v1.checkout.sessions.list_async({"payment_intent": payment_intent, "limit": 1})
        )
        return await self.fetch_session(found.data[0].id) if found.data else None

    async def expire_session(self, session_id: str) -> SessionFacts:
        # Refused because it is complete or expired already: which one, the fetched facts say.
        with _refusal_overlooked():
            await _ask(self._stripe.v1.checkout.sessions.expire_async(session_id))
        return await self.fetch_session(session_id)

    async def sessions_since(self, since: dt.datetime) -> list[SessionFacts]:
        found = await self._listed(self._stripe.v1.checkout.sessions.list_async(_created(since)))
        known = [
            session["id"]
            for session in found
            if session["status"] != "expired" and facts.in_known_currency(session)
        ]
        return [await self.fetch_session(session_id) for session_id in known]

    async def made_since(self, since: dt.datetime | None) -> AsyncIterator[Sequence[Made]]:
        params: Any = {"limit": _PAGE} if since is None else _created(since)
        for listing in (
            self._stripe.v1.checkout.sessions.list_async,
            self._stripe.v1.payment_intents.list_async,
        ):
            page: stripe.ListObject[Any] | None = await _ask(listing(params))
            while page is not None:
                yield [facts.made(each.to_dict()) for each in page.data]
                more = since is not None and page.has_more
                page = await _ask(page.next_page_async()) if more else None

    async def customers_since(self, since: dt.datetime) -> list[CustomerFacts]:
        found = await self._listed(self._stripe.v1.customers.list_async(_created(since)))
        return [facts.customer_facts(each) for each in found]

    async def charge(self, params: dict[str, Any], key: str) -> PaymentFacts:
        try:
            made = await _ask(
                self._stripe.v1.payment_intents.create_async(cast("Any", params), {"idempotency_key": key})
            )
        except GatewayError as error:
            refusal = error.__cause__
            if isinstance(refusal, stripe.CardError) and (declined := _declined_payment(refusal)):
                return facts.payment_facts(declined)
            if isinstance(refusal, stripe.InvalidRequestError) and _is_card_gone(refusal):
                raise GatewayError("card_gone", str(refusal.user_message), error.param) from refusal
            raise
        return facts.payment_facts(made.to_dict())

    async def fetch_payment(self, payment_intent: str) -> PaymentFacts:
        return facts.payment_facts(await self._payment(payment_intent))

    async def payments_of(self, customer: str, since: dt.datetime) -> list[PaymentFacts]:
        return await self._payments({"customer": customer}, since)

    async def payments_since(self, since: dt.datetime) -> list[PaymentFacts]:
        return [payment for payment in await self._payments({}, since) if payment.succeeded]

    async def cancel_payment(self, payment_intent: str) -> PaymentFacts:
        # Refused because it has ended already, or is on its way: which one, the fetched facts say.
        with _refusal_overlooked():
            await _ask(self._stripe.v1.payment_intents.cancel_async(payment_intent))
        return await self.fetch_payment(payment_intent)

    async def card(self, payment_method: str) -> Card | None:
        try:
            found = await _ask(self._stripe.v1.payment_methods.retrieve_async(payment_method))
        except GatewayError as error:
            if error.code == _MISSING:
                return None
            raise
        return facts.card_facts(found.to_dict())

    async def detach_card(self, payment_method: str) -> None:
        try:
            await _ask(self._stripe.v1.payment_methods.detach_async(payment_method))
        except (GatewayKeyError, GatewayUnknownError, GatewayFailedError):
            raise
        except GatewayError:
            if await self.card(payment_method) is not None:
                raise

    async def payment_behind(self, kind: str, object_id: str) -> str | None:
        found: Any
        try:
            if kind.startswith("charge.dispute."):
                found = await _ask(self._stripe.v1.disputes.retrieve_async(object_id))
            elif kind.startswith(("refund.", "charge.refund.")):
                found = await _ask(self._stripe.v1.refunds.retrieve_async(object_id))
            else:
                found = await _ask(self._stripe.v1.charges.retrieve_async(object_id))
        except GatewayError as error:
            if error.code == _MISSING:
                return None
            raise
        return facts.id_of(found.to_dict().get("payment_intent"))

    async def reversals(self, payment_intent: str) -> ReversalFacts:
        of_it: Any = {"payment_intent": payment_intent, "limit": _PAGE}
        refunds = await self._listed(self._stripe.v1.refunds.list_async(of_it))
        disputes = await self._listed(self._stripe.v1.disputes.list_async(of_it))
        return facts.reversal_facts(await self._payment(payment_intent), refunds, disputes)

    async def reversed_since(self, since: dt.datetime) -> list[str]:
        created = _created(since)
        found = [
            *await self._listed(self._stripe.v1.refunds.list_async(created)),
            *await self._listed(self._stripe.v1.disputes.list_async(created)),
        ]
        found.sort(key=lambda each: int(each["created"]))
        intents = (facts.id_of(each.get("payment_intent")) for each in found)
        return list(dict.fromkeys(intent for intent in intents if intent is not None))

    async def refund(
        self, payment_intent: str, amount_minor: int, key: str, metadata: dict[str, str]
    ) -> RefundFacts:
        made = await _ask(
            self._stripe.v1.refunds.create_async(
                {
                    "payment_intent": payment_intent,
                    "amount": amount_minor,
                    "reason": "requested_by_customer",
                    "metadata": metadata,
                },
                {"idempotency_key": key},
            )
        )
        return facts.refund_facts(made.to_dict())

    async def price(self, price: str) -> PriceFacts:
        return facts.price_facts((await _ask(self._stripe.v1.prices.retrieve_async(price))).to_dict())

    async def fetch_subscription(self, subscription: str) -> SubscriptionFacts:
        found = await _ask(
            self._stripe.v1.subscriptions.retrieve_async(subscription, {"expand": ["latest_invoice"]})
        )
        return facts.subscription_facts(found.to_dict())

    async def subscriptions_of(self, customer: str) -> list[SubscriptionFacts]:
        found = await self._listed(
            self._stripe.v1.subscriptions.list_async(
                {"customer": customer, "limit": _PAGE, "expand": ["data.latest_invoice"]}
            )
        )
        running = [each for each in found if each["status"] not in _ENDED]
        return [facts.subscription_facts(each) for each in running]

    async def subscriptions_since(self, since: dt.datetime) -> list[SubscriptionFacts]:
        expanded: Any = {"limit": _PAGE, "expand": ["data.latest_invoice"]}
        listing = self._stripe.v1.subscriptions.list_async
        made = await self._listed(listing(expanded | {"status": "all"} | _created(since)))
        standing = await self._listed(listing(expanded))
        # Of one that ended between the two lists, the later word counts.
        by_id = {each["id"]: each for each in [*made, *standing]}
        return [
            facts.subscription_facts(each)
            for each in sorted(by_id.values(), key=lambda each: int(each["created"]))
        ]

    async def preview_change(
        self, subscription: SubscriptionFacts, price: str, as_of: dt.datetime
    ) -> ChangePreview:
        params: Any = stripe_params.preview_params(subscription, price, as_of)
        preview = await _ask(self._stripe.v1.invoices.create_preview_async(params))
        then = await self.price(price)
        return ChangePreview(facts.due_now(preview.to_dict()), then.amount, as_of)

    async def change_price(
        self, subscription: SubscriptionFacts, price: str, as_of: dt.datetime, key: str
    ) -> SubscriptionFacts:
        params: Any = stripe_params.change_params(subscription, price, as_of)
        changed = await _ask(
            self._stripe.v1.subscriptions.update_async(subscription.id, params, {"idempotency_key": key})
        )
        return facts.subscription_facts(changed.to_dict())

    async def set_cancel_at_end(self, subscription: str, cancel: bool) -> SubscriptionFacts:  # noqa: FBT001
        changed = await _ask(
            self._stripe.v1.subscriptions.update_async(
                subscription, {"cancel_at_period_end": cancel, "expand": ["latest_invoice"]}
            )
        )
        return facts.subscription_facts(changed.to_dict())

    async def end_subscription(self, subscription: str, refund: bool, key: str) -> SubscriptionFacts:  # noqa: FBT001
        if (await self.fetch_subscription(subscription)).status not in _ENDED:
            # Refused only if somebody else ended it just now, which the fetched facts say.
            with _refusal_overlooked():
                await _ask(self._stripe.v1.subscriptions.cancel_async(subscription))
        ended = await self.fetch_subscription(subscription)
        if refund and ended.latest_invoice is not None:
            await self._refund_invoice(ended.latest_invoice, key)
        return ended

    async def invoice_payments(self, subscription: str) -> list[InvoicePayment]:
        paid = await self._listed(
            self._stripe.v1.invoices.list_async(
                {
                    "subscription": subscription,
                    "status": "paid",
                    "limit": _PAGE,
                    "expand": ["data.payments"],
                }
            )
        )
        known = [invoice for invoice in paid if facts.in_known_currency(invoice)]
        return [payment for invoice in known for payment in facts.invoice_payments(invoice)]

    async def subscription_behind(self, payment_intent: str) -> str | None:
        found = await _ask(
            self._stripe.v1.invoice_payments.list_async(
                {
                    "payment": {"type": "payment_intent", "payment_intent": payment_intent},
                    "limit": 1,
                    "expand": ["data.invoice"],
                }
            )
        )
        return facts.subscription_of(found.data[0].to_dict().get("invoice")) if found.data else None

    async def credit_of(self, customer: str) -> Money | None:
        return facts.credit((await _ask(self._stripe.v1.customers.retrieve_async(customer))).to_dict())

    async def _refund_invoice(self, invoice_id: str, key: str) -> None:
        invoice = await _ask(self._stripe.v1.invoices.retrieve_async(invoice_id, {"expand": ["payments"]}))
        for intent in facts.paid_by(invoice.to_dict()):
            try:
                await _ask(
                    self._stripe.v1.refunds.create_async(
                        {"payment_intent": intent, "reason": "duplicate"},
                        {"idempotency_key": f"{key}-{intent}"},
                    )
                )
            except GatewayError as error:
                if error.code != "charge_already_refunded":
                    raise

    async def _payment(self, payment_intent: str) -> facts.Obj:
        found = await _ask(
            self._stripe.v1.payment_intents.retrieve_async(payment_intent, {"expand": ["latest_charge"]})
        )
        return found.to_dict()

    async def _payments(self, of: dict[str, Any], since: dt.datetime) -> list[PaymentFacts]:
        params: Any = of | {"expand": ["data.latest_charge"]} | _created(since)
        found = await self._listed(self._stripe.v1.payment_intents.list_async(params))
        return [facts.payment_facts(intent) for intent in found if facts.in_known_currency(intent)]

    async def _listed(self, first_page: Awaitable[stripe.ListObject[Any]]) -> list[facts.Obj]:
        """All of a list, oldest first."""

        async def collect() -> list[facts.Obj]:
            return [each.to_dict() async for each in (await first_page).auto_paging_iter()]

        return list(reversed(await _ask(collect())))

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


def _created(since: dt.datetime) -> Any:
    """Of a list: what was made from then on, as many at a time as Stripe gives."""
    return {"created": {"gte": int(since.timestamp())}, "limit": _PAGE}


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
        param = str(getattr(error, "param", None) or "")
        raise GatewayError(str(error.code or type(error).__name__), str(error.user_message), param) from error


@contextmanager
def _refusal_overlooked() -> Iterator[None]:
    """Goes on after a refusal. What says nothing about what became of the request is still raised."""
    try:
        yield
    except (GatewayKeyError, GatewayUnknownError):
        raise
    except GatewayError:
        return


def _of_tax(error: GatewayError, refusal: stripe.InvalidRequestError) -> GatewayError:
    """The refusal as "tax_refused", where it is about what a page with tax needs of the partner's account."""
    said = str(refusal.user_message or "").casefold()
    named = any(word in error.param for word in ("automatic_tax", "tax_behavior"))
    if named or error.code == "stripe_tax_inactive" or any(words in said for words in _TAX_WORDS):
        return GatewayError(TAX_REFUSED, said, error.param)
    return error


def _declined_payment(error: stripe.CardError) -> facts.Obj | None:
    """The payment as the decline left it, which Stripe sends along."""
    found = facts.nested(error.json_body, "error", "payment_intent")
    return found if isinstance(found, Mapping) else None


def _is_card_gone(error: stripe.InvalidRequestError) -> bool:
    """Stripe has one code for many a refusal here, so the sentence decides."""
    said = str(error.user_message).lower()
    return (error.code == _MISSING and error.param in {"payment_method", "customer"}) or any(
        words in said for words in _GONE
    )


def http_client() -> SafeHTTPClient:
    """The one HTTP client of a process."""
    return SafeHTTPClient(timeout=ClientTimeout(total=_TIMEOUT))
