"""Customers."""

from sandbox.stripe.accounts import Account, Obj, deleted
from sandbox.stripe.errors import no_such
from sandbox.stripe.listing import listed
from sandbox.stripe.params import Params
from sandbox.stripe.payment_methods import attach, release
from sandbox.stripe.routing import ApiRequest, Route
from sandbox.stripe.subscriptions import ENDED, end

_TEXTS = ("description", "email", "name", "phone")


def create_customer(account: Account, params: Params) -> Obj:
    customer: Obj = {
        "id": account.new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": account.server.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_prefix": account.new_id("x", 8)[2:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": account.livemode,
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        "metadata": params.metadata(),
    }
    customer |= {field: params.text(field) for field in _TEXTS}
    payment_method = params.text("payment_method")
    account.add(customer)
    if payment_method is not None:
        attach(account, payment_method, customer)
    account.emit("customer.created", customer)
    return customer


def _create(request: ApiRequest) -> Obj:
    return create_customer(request.account, request.params)


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("customer", request.ids["customer"])


def _update(request: ApiRequest) -> Obj:
    customer = request.account.get("customer", request.ids["customer"])
    if customer.get("deleted"):
        raise no_such("customer", customer["id"], param="id")
    params = request.params
    changes: Obj = {field: params.text(field) for field in _TEXTS if params.has(field)}
    changes["metadata"] = params.metadata(before=customer["metadata"])
    default = params.group("invoice_settings").text("default_payment_method")
    if default is not None:
        request.account.get("payment_method", default, "invoice_settings[default_payment_method]", status=400)
        changes["invoice_settings"] = customer["invoice_settings"] | {"default_payment_method": default}
    changes = {field: value for field, value in changes.items() if customer[field] != value}
    previous = {field: customer[field] for field in changes}
    customer |= changes
    if changes:
        request.account.emit("customer.updated", customer, previous)
    return customer


def _delete(request: ApiRequest) -> Obj:
    """For good: his cards are detached and his subscriptions end at once."""
    account = request.account
    customer = account.get("customer", request.ids["customer"])
    if customer.get("deleted"):
        raise no_such("customer", customer["id"], param="id")
    for subscription in account.all("subscription"):
        if subscription["customer"] == customer["id"] and subscription["status"] not in ENDED:
            end(account, subscription, "cancellation_requested")
    for method in account.all("payment_method"):
        if method["customer"] == customer["id"]:
            release(account, method)
    account.emit("customer.deleted", customer)
    return account.add(deleted(customer))


def _list(request: ApiRequest) -> Obj:
    kept = [customer for customer in request.account.all("customer") if not customer.get("deleted")]
    return listed(request, kept, equal=("email",))


ROUTES = (
    Route("POST", "/v1/customers", _create),
    Route("GET", "/v1/customers", _list),
    Route("GET", "/v1/customers/{customer}", _retrieve),
    Route("POST", "/v1/customers/{customer}", _update),
    Route("DELETE", "/v1/customers/{customer}", _delete),
)
