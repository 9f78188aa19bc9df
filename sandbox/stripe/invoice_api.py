"""The API of invoices: looked at, previewed, paid."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.collecting import collect, collect_from, open_intent
from sandbox.stripe.errors import StripeError, invalid_request, missing
from sandbox.stripe.invoices import drafted, settle_balance
from sandbox.stripe.listing import listed, page
from sandbox.stripe.passing import next_invoice
from sandbox.stripe.payment_methods import named
from sandbox.stripe.periods import end_of_period
from sandbox.stripe.routing import ApiRequest, Route
from sandbox.stripe.subscription_changes import item_change
from sandbox.stripe.subscriptions import ENDED, item_of, subscription_id_of


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("invoice", request.ids["invoice"], "invoice")


def _list(request: ApiRequest) -> Obj:
    subscription = request.params.text("subscription")
    found = request.account.all("invoice")
    if subscription is not None:
        request.account.get("subscription", subscription, "subscription", status=400)
        found = [invoice for invoice in found if subscription_id_of(invoice) == subscription]
    return listed(request, found, equal=("customer", "status"))


def _list_lines(request: ApiRequest) -> Obj:
    return page(request, _retrieve(request)["lines"]["data"])


def _list_payments(request: ApiRequest) -> Obj:
    found = request.account.all("invoice_payment")
    intent = request.params.group("payment").text("payment_intent")
    if intent is not None:
        found = [each for each in found if each["payment"]["payment_intent"] == intent]
    return listed(request, found, equal=("invoice", "status"))


def _pay(request: ApiRequest) -> Obj:
    account, params, invoice = request.account, request.params, _retrieve(request)
    open_intent(account, invoice)
    method_id = params.text("payment_method")
    if method_id is None:
        collect(account, invoice)
        return invoice
    method = named(account, method_id, "payment_method")
    if method["customer"] not in (None, invoice["customer"]):
        raise invalid_request(
            f"PaymentMethod {method_id} does not belong to the Customer {invoice['customer']}.",
            param="payment_method",
        )
    collect_from(account, invoice, method)
    if invoice["status"] != "paid":
        raise StripeError(
            402,
            "card_error",
            "The payment for this invoice requires additional user action before it can be completed successfully.",
            code="invoice_payment_intent_requires_action",
        )
    return invoice


def _preview(request: ApiRequest) -> Obj:
    """Of a change invoiced at once, or of the next renewal; kept nowhere."""
    account, params = request.account, request.params
    subscription_id = params.text("subscription")
    if subscription_id is None:
        raise missing("subscription")
    subscription = account.get("subscription", subscription_id, "subscription", status=400)
    if subscription["status"] in ENDED:
        raise invalid_request(
            "Your request would result in no upcoming invoice: the subscription is canceled.",
            code="invoice_upcoming_none",
        )
    details = params.group("subscription_details")
    if not details.has("items"):
        return _shown(account, _renewal(account, subscription))
    if details.text("proration_behavior") != "always_invoice":
        raise invalid_request(
            "The sandbox previews changes that are invoiced at once: proration_behavior always_invoice.",
            param=details.name("proration_behavior"),
        )
    wanted = item_change(account, subscription, details, details.integer("proration_date"))
    return _shown(account, drafted(account, subscription, wanted.lines, "subscription_update", wanted.at))


def _renewal(account: Account, subscription: Obj) -> Obj:
    if subscription["cancel_at_period_end"]:
        raise invalid_request("No upcoming invoices for customer", code="invoice_upcoming_none")
    item = item_of(subscription)
    start = item["current_period_end"]
    until = end_of_period(subscription["billing_cycle_anchor"], item["price"]["recurring"], start)
    later = item | {"current_period_start": start, "current_period_end": until}
    return next_invoice(account, subscription | {"items": {"data": [later]}}) | {"billing_reason": "upcoming"}


def _shown(account: Account, invoice: Obj) -> Obj:
    settle_balance(account, invoice)
    preview_id = f"upcoming_{invoice['id']}"
    invoice["lines"]["data"] = [line | {"invoice": preview_id} for line in invoice["lines"]["data"]]
    return invoice | {"id": preview_id}


ROUTES = (
    Route("GET", "/v1/invoices", _list),
    Route("POST", "/v1/invoices/create_preview", _preview),
    Route("GET", "/v1/invoices/{invoice}", _retrieve),
    Route("GET", "/v1/invoices/{invoice}/lines", _list_lines),
    Route("POST", "/v1/invoices/{invoice}/pay", _pay),
    Route("GET", "/v1/invoice_payments", _list_payments),
)
