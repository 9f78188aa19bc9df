"""Saved ways to pay: cards, and the bank debit of the checkout page."""

import hashlib

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.cards import SHORTHANDS, TestCard, card_of
from sandbox.stripe.errors import invalid_request, missing
from sandbox.stripe.listing import listed
from sandbox.stripe.routing import ApiRequest, Route

BANK_DEBITS = {"eur": "sepa_debit", "usd": "us_bank_account"}
"""By currency, the methods whose money arrives days after the customer agreed."""

_DEBITS: dict[str, Obj] = {
    "sepa_debit": {
        "bank_code": "37040044",
        "branch_code": "",
        "country": "DE",
        "fingerprint": "vifs0Ho7vwRn1Miu",
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": "3000",
    },
    "us_bank_account": {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": "FFDMA0xfhBjWSZLu",
        "last4": "6789",
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    },
}
NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def billing_details(email: str | None = None) -> Obj:
    return {"address": dict(NO_ADDRESS), "email": email, "name": None, "phone": None, "tax_id": None}


def new_card(
    account: Account, card: TestCard, exp_month: int, exp_year: int, email: str | None = None
) -> Obj:
    method = account.add(
        _method(account, "card", email)
        | {
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "pass",
                },
                "country": "US",
                "display_brand": card.brand,
                "exp_month": exp_month,
                "exp_year": exp_year,
                "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
                "funding": "credit",
                "generated_from": None,
                "last4": card.last4,
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            }
        }
    )
    account.cards[method["id"]] = card
    return method


def new_bank_debit(account: Account, kind: str, email: str | None = None) -> Obj:
    """`kind` is one of BANK_DEBITS' values."""
    return account.add(_method(account, kind, email) | {kind: dict(_DEBITS[kind])})


def named(account: Account, method_id: str, param: str) -> Obj:
    """The payment method of an id or of one of Stripe's shorthands like pm_card_visa; StripeError 400 if there is none."""
    if method_id in SHORTHANDS:
        return new_card(
            account, card_of(SHORTHANDS[method_id], livemode=account.livemode), 12, _next_year(account)
        )
    return account.get("payment_method", method_id, param, status=400)


def attach(account: Account, method_id: str, customer: Obj) -> Obj:
    method = named(account, method_id, "payment_method")
    if method["customer"] is not None and method["customer"] != customer["id"]:
        raise invalid_request(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    refuse_spent(account, method)
    method["customer"] = customer["id"]
    account.emit("payment_method.attached", method)
    return method


def release(account: Account, method: Obj) -> None:
    """Takes the method from its customer for good."""
    previous = {"customer": method["customer"]}
    method["customer"] = None
    account.spent.add(method["id"])
    account.emit("payment_method.detached", method, previous)


def refuse_spent(account: Account, method: Obj) -> None:
    """StripeError 400 for a method that was used once or detached: it can never be used again."""
    if method["id"] in account.spent:
        raise invalid_request(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be "
            "used again. To use a PaymentMethod multiple times, you must attach it to a Customer first."
        )


def _method(account: Account, kind: str, email: str | None) -> Obj:
    return {
        "id": account.new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(email),
        "created": account.server.now(),
        "customer": None,
        "livemode": account.livemode,
        "metadata": {},
        "type": kind,
    }


def _next_year(account: Account) -> int:
    return account.server.clock.now().year + 1


def _create(request: ApiRequest) -> Obj:
    kind = request.params.required_text("type")
    if kind != "card":
        raise invalid_request("The sandbox creates payment methods of type card only.", param="type")
    typed = request.params.group("card")
    if not typed.values:
        raise missing("card")
    account = request.account
    card = card_of(typed.required_text("number"), livemode=account.livemode)
    method = new_card(account, card, typed.required_integer("exp_month"), typed.required_integer("exp_year"))
    method["metadata"] = request.params.metadata()
    return method


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("payment_method", request.ids["payment_method"], "payment_method")


def _retrieve_of_customer(request: ApiRequest) -> Obj:
    request.account.get("customer", request.ids["customer"], "customer")
    method = _retrieve(request)
    if method["customer"] != request.ids["customer"]:
        raise invalid_request(f"No such PaymentMethod: '{method['id']}'", code="resource_missing")
    return method


def _attach(request: ApiRequest) -> Obj:
    customer = request.account.get(
        "customer", request.params.required_text("customer"), "customer", status=400
    )
    return attach(request.account, request.ids["payment_method"], customer)


def _detach(request: ApiRequest) -> Obj:
    method = _retrieve(request)
    if method["customer"] is None:
        raise invalid_request(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            code="payment_method_unexpected_state",
        )
    release(request.account, method)
    return method


def _list(request: ApiRequest) -> Obj:
    customer = request.params.text("customer")
    if customer is not None:
        request.account.get("customer", customer, "customer", status=400)
    attached = [method for method in request.account.all("payment_method") if method["customer"] is not None]
    return listed(request, attached, equal=("customer", "type"))


def _list_of_customer(request: ApiRequest) -> Obj:
    customer = request.account.get("customer", request.ids["customer"], "customer")
    own = [method for method in request.account.all("payment_method") if method["customer"] == customer["id"]]
    return listed(request, own, equal=("type",))


ROUTES = (
    Route("POST", "/v1/payment_methods", _create),
    Route("GET", "/v1/payment_methods", _list),
    Route("GET", "/v1/payment_methods/{payment_method}", _retrieve),
    Route("POST", "/v1/payment_methods/{payment_method}/attach", _attach),
    Route("POST", "/v1/payment_methods/{payment_method}/detach", _detach),
    Route("GET", "/v1/customers/{customer}/payment_methods", _list_of_customer),
    Route("GET", "/v1/customers/{customer}/payment_methods/{payment_method}", _retrieve_of_customer),
)
