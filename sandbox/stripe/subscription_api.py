"""The API of subscriptions. They begin on a checkout page only."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request, no_such
from sandbox.stripe.listing import listed
from sandbox.stripe.routing import ApiRequest, Route
from sandbox.stripe.subscription_changes import refuse_ended, update_item
from sandbox.stripe.subscriptions import ENDED, cancel_at_end, change, end

_PENDING_TAKES = (
    "expand",
    "items",
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
)
"""Of what the sandbox knows, the parameters that a change which waits to be paid may have."""


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("subscription", request.ids["subscription_exposed_id"])


def _update(request: ApiRequest) -> Obj:
    account, params, subscription = request.account, request.params, _retrieve(request)
    if params.has("cancel_at_period_end") or params.has("items") or params.has("default_payment_method"):
        refuse_ended(subscription)
    if params.text("payment_behavior") == "pending_if_incomplete":
        for name in params.values:
            if name not in _PENDING_TAKES:
                raise invalid_request(
                    f"`{name}` is not supported when `payment_behavior` is `pending_if_incomplete`.",
                    param=name,
                )
    if params.has("metadata"):
        change(account, subscription, metadata=params.metadata(before=subscription["metadata"]))
    if params.has("default_payment_method"):
        _use_method(account, subscription, params.required_text("default_payment_method"))
    if params.has("cancel_at_period_end"):
        cancel_at_end(account, subscription, cancel=params.boolean("cancel_at_period_end"))
    if params.has("items"):
        update_item(account, subscription, params)
    return subscription


def _use_method(account: Account, subscription: Obj, method_id: str) -> None:
    method = account.get("payment_method", method_id, "default_payment_method", status=400)
    if method["customer"] != subscription["customer"]:
        raise invalid_request(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be "
            "attached to the customer.",
            code="resource_missing",
            param="default_payment_method",
        )
    change(account, subscription, default_payment_method=method_id)


def _cancel(request: ApiRequest) -> Obj:
    subscription = _retrieve(request)
    if subscription["status"] in ENDED:
        raise no_such("subscription", subscription["id"], param="id")
    if request.params.boolean("prorate") or request.params.boolean("invoice_now"):
        raise invalid_request("The sandbox ends subscriptions without a last invoice.", param="prorate")
    return end(request.account, subscription, "cancellation_requested")


def _list(request: ApiRequest) -> Obj:
    status = request.params.text("status")
    found = request.account.all("subscription")
    if status is None:
        found = [each for each in found if each["status"] != "canceled"]
    elif status == "ended":
        found = [each for each in found if each["status"] in ENDED]
    elif status != "all":
        found = [each for each in found if each["status"] == status]
    price = request.params.text("price")
    if price is not None:
        found = [each for each in found if each["items"]["data"][0]["price"]["id"] == price]
    return listed(request, found, equal=("customer",))


ROUTES = (
    Route("GET", "/v1/subscriptions", _list),
    Route("GET", "/v1/subscriptions/{subscription_exposed_id}", _retrieve),
    Route("POST", "/v1/subscriptions/{subscription_exposed_id}", _update),
    Route("DELETE", "/v1/subscriptions/{subscription_exposed_id}", _cancel),
)
