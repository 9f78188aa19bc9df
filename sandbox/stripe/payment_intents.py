"""PaymentIntents: one payment from its first attempt to its end."""

from collections.abc import Mapping

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.charging import confirm
from sandbox.stripe.errors import StripeError, invalid_request
from sandbox.stripe.listing import listed
from sandbox.stripe.money import check_charge, check_currency
from sandbox.stripe.params import Params
from sandbox.stripe.payment_methods import named, refuse_spent
from sandbox.stripe.routing import ApiRequest, Route
from sandbox.stripe.terms import SessionTerms

_CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def new_intent(
    account: Account,
    amount: int,
    currency: str,
    *,
    customer: str | None,
    terms: SessionTerms,
    method_types: list[str] | None = None,
) -> Obj:
    """`method_types` None lets the account's settings decide (automatic payment methods)."""
    intent_id = account.new_id("pi")
    automatic: Mapping[str, object] | None = None
    if method_types is None:
        automatic = {"allow_redirects": "always", "enabled": True}
    intent = account.add(
        {
            "id": intent_id,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": automatic,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": account.new_id(f"{intent_id}_secret"),
            "confirmation_method": "automatic",
            "created": account.server.now(),
            "currency": currency,
            "customer": customer,
            "description": terms.description,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": account.livemode,
            "metadata": dict(terms.metadata),
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": method_types or ["card"],
            "processing": None,
            "receipt_email": terms.receipt_email,
            "review": None,
            "setup_future_usage": terms.setup_future_usage,
            "shipping": None,
            "statement_descriptor": terms.statement_descriptor,
            "statement_descriptor_suffix": terms.statement_descriptor_suffix,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    account.emit("payment_intent.created", intent)
    return intent


def cancel_intent(account: Account, intent: Obj, reason: str | None) -> Obj:
    if intent["status"] not in _CANCELABLE:
        raise StripeError(
            400,
            "invalid_request_error",
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be canceled: {', '.join(_CANCELABLE)}.",
            code="payment_intent_unexpected_state",
            payment_intent=dict(intent),
        )
    intent |= {
        "status": "canceled",
        "canceled_at": account.server.now(),
        "cancellation_reason": reason,
        "next_action": None,
    }
    account.emit("payment_intent.canceled", intent)
    return intent


def terms_of(params: Params, *, metadata: Mapping[str, str] | None = None) -> SessionTerms:
    """What a request says about the PaymentIntent beyond amount and customer."""
    return SessionTerms(
        metadata=params.metadata() if metadata is None else metadata,
        description=params.text("description", longest=1000),
        setup_future_usage=params.choice("setup_future_usage", ("off_session", "on_session")),
        statement_descriptor=params.text("statement_descriptor", longest=22),
        statement_descriptor_suffix=params.text("statement_descriptor_suffix", longest=22),
        receipt_email=params.text("receipt_email"),
    )


def _create(request: ApiRequest) -> Obj:
    account, params = request.account, request.params
    amount = params.required_integer("amount")
    currency = check_currency(params.required_text("currency"))
    check_charge(amount, currency)
    confirmed = params.boolean("confirm")
    if not confirmed and params.has("off_session"):
        raise invalid_request(
            "You cannot set `off_session` without also setting `confirm` to true.", param="off_session"
        )
    customer = params.text("customer")
    if customer is not None:
        account.get("customer", customer, "customer", status=400)
    method = _method(account, params, customer)
    types = params.strings("payment_method_types")
    if types is not None and params.has("automatic_payment_methods"):
        raise invalid_request(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."
        )
    if confirmed and method is None:
        raise _without_method()
    intent = new_intent(
        account, amount, currency, customer=customer, terms=terms_of(params), method_types=types
    )
    if method is not None:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    if confirmed and method is not None:
        _confirm_by_api(request, intent, method)
    return intent


def _confirm(request: ApiRequest) -> Obj:
    account = request.account
    intent = account.get("payment_intent", request.ids["intent"], "intent")
    _refuse_checkout(account, intent, "confirm")
    if intent["status"] not in _CONFIRMABLE:
        raise StripeError(
            400,
            "invalid_request_error",
            f"This PaymentIntent's status is {intent['status']} and it cannot be confirmed.",
            code="payment_intent_unexpected_state",
            payment_intent=dict(intent),
        )
    method = _method(account, request.params, intent["customer"])
    if method is None:
        method = account.find("payment_method", intent["payment_method"])
    if method is None:
        raise _without_method()
    usage = request.params.choice("setup_future_usage", ("off_session", "on_session"))
    intent["setup_future_usage"] = usage or intent["setup_future_usage"]
    _confirm_by_api(request, intent, method)
    return intent


def _confirm_by_api(request: ApiRequest, intent: Obj, method: Obj) -> None:
    off_session = request.params.text("off_session")
    confirm(
        request.account,
        intent,
        method,
        off_session=off_session not in (None, "false"),
        refuse_action=request.params.boolean("error_on_requires_action"),
    )


def _method(account: Account, params: Params, customer: str | None) -> Obj | None:
    method_id = params.text("payment_method")
    if method_id is None:
        return None
    method = named(account, method_id, "payment_method")
    refuse_spent(account, method)
    owner = method["customer"]
    if owner is not None and customer is None:
        raise invalid_request(
            f"The PaymentMethod you provided ({method['id']}) is attached to a customer so for security purposes you "
            "must provide the customer in the request.",
            param="payment_method",
        )
    if owner is not None and owner != customer:
        raise invalid_request(
            f"PaymentMethod {method['id']} does not belong to the Customer {customer}. Please use a PaymentMethod "
            "that belongs to this Customer.",
            param="payment_method",
        )
    return method


def _without_method() -> StripeError:
    return invalid_request(
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
        "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment "
        "method.",
        code="payment_intent_unexpected_state",
    )


def _refuse_checkout(account: Account, intent: Obj, action: str) -> None:
    if any(session["payment_intent"] == intent["id"] for session in account.all("checkout.session")):
        raise invalid_request(
            f"You cannot {action} this PaymentIntent because it was created by Checkout. Expire the Checkout Session "
            "that created it instead.",
            code="payment_intent_unexpected_state",
        )


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("payment_intent", request.ids["intent"], "intent")


def _cancel(request: ApiRequest) -> Obj:
    intent = _retrieve(request)
    _refuse_checkout(request.account, intent, "cancel")
    reason = request.params.choice("cancellation_reason", _REASONS)
    return cancel_intent(request.account, intent, reason)


def _list(request: ApiRequest) -> Obj:
    return listed(request, request.account.all("payment_intent"), equal=("customer",))


ROUTES = (
    Route("POST", "/v1/payment_intents", _create),
    Route("GET", "/v1/payment_intents", _list),
    Route("GET", "/v1/payment_intents/{intent}", _retrieve),
    Route("POST", "/v1/payment_intents/{intent}/confirm", _confirm),
    Route("POST", "/v1/payment_intents/{intent}/cancel", _cancel),
)
