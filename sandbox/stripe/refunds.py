"""Refunds and charges."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request
from sandbox.stripe.listing import listed
from sandbox.stripe.money import formatted
from sandbox.stripe.routing import ApiRequest, Route

_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def refund_charge(
    account: Account,
    charge: Obj,
    amount: int | None,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Obj:
    """Gives back `amount` minor units, or all that is left; StripeError 400 for more than is left."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    _refuse_unrefundable(account, charge, left)
    amount = left if amount is None else amount
    if amount < 1:
        raise invalid_request("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        asked, available = formatted(amount, charge["currency"]), formatted(left, charge["currency"])
        bound = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        raise invalid_request(
            f"Refund amount ({asked}) is greater than {bound} ({available})", param="amount"
        )
    refund = account.add(
        {
            "id": account.new_id("re"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": account.server.now(),
            "currency": charge["currency"],
            "destination_details": {
                "card": {"type": "refund", "reference_status": "pending"},
                "type": "card",
            },
            "metadata": dict(metadata or {}),
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        }
    )
    previous = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge, previous)
    return refund


def fail_refund(account: Account, refund: Obj) -> Obj:
    """The bank sends the money back: the refund failed after it had seemed to succeed."""
    if refund["status"] != "succeeded":
        raise invalid_request(f"Refund {refund['id']} has already failed.")
    charge = account.get("charge", refund["charge"])
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    for kind in ("refund.updated", "refund.failed", "charge.refund.updated"):
        account.emit(kind, refund, {"status": "succeeded"})
    return refund


def _refuse_unrefundable(account: Account, charge: Obj, left: int) -> None:
    disputes = [dispute for dispute in account.all("dispute") if dispute["charge"] == charge["id"]]
    if any(not dispute["is_charge_refundable"] for dispute in disputes):
        raise invalid_request(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if charge["status"] != "succeeded":
        raise invalid_request(f"Charge {charge['id']} has not succeeded; cannot issue a refund.")
    if left == 0:
        raise invalid_request(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )


def charge_of_intent(account: Account, intent: Obj) -> Obj:
    if intent["latest_charge"] is None:
        raise invalid_request(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return account.get("charge", intent["latest_charge"])


def _create(request: ApiRequest) -> Obj:
    params, account = request.params, request.account
    charge_id, intent_id = params.text("charge"), params.text("payment_intent")
    if charge_id is not None:
        charge = account.get("charge", charge_id, "charge", status=400)
    elif intent_id is not None:
        charge = charge_of_intent(
            account, account.get("payment_intent", intent_id, "payment_intent", status=400)
        )
    else:
        raise invalid_request(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    reason = params.choice("reason", _REASONS)
    return refund_charge(account, charge, params.integer("amount"), reason=reason, metadata=params.metadata())


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("refund", request.ids["refund"], "refund")


def _list(request: ApiRequest) -> Obj:
    return listed(request, request.account.all("refund"), equal=("charge", "payment_intent"))


def _retrieve_charge(request: ApiRequest) -> Obj:
    return request.account.get("charge", request.ids["charge"], "charge")


def _list_charges(request: ApiRequest) -> Obj:
    return listed(request, request.account.all("charge"), equal=("customer", "payment_intent"))


ROUTES = (
    Route("POST", "/v1/refunds", _create),
    Route("GET", "/v1/refunds", _list),
    Route("GET", "/v1/refunds/{refund}", _retrieve),
    Route("GET", "/v1/charges", _list_charges),
    Route("GET", "/v1/charges/{charge}", _retrieve_charge),
)
