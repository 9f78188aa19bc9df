"""What happens to a PaymentIntent when it is confirmed: charged, declined, or sent to 3-D Secure."""

from copy import deepcopy

from sandbox.stripe.accounts import Account, Obj, require_charges_enabled
from sandbox.stripe.cards import AUTHENTICATION_REQUIRED, Decline, TestCard, card_error
from sandbox.stripe.disputes import open_dispute
from sandbox.stripe.errors import StripeError
from sandbox.stripe.payment_methods import attach, billing_details, refuse_spent

AUTHENTICATION_FAILED = Decline(
    "payment_intent_authentication_failure",
    None,
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
DEBIT_FAILED = Decline(
    "payment_method_provider_decline",
    None,
    None,
    "The bank of the account to be debited refused the payment.",
)
_MAXIMUM_RISK = 75


def confirm(
    account: Account,
    intent: Obj,
    method: Obj,
    *,
    off_session: bool = False,
    authenticated: bool = False,
    refuse_action: bool = False,
) -> None:
    """Leaves the intent succeeded, processing (a bank debit) or requires_action.

    StripeError 402 if it was declined: then the intent waits for another payment method. `refuse_action` makes
    needing 3-D Secure a decline, as `error_on_requires_action` asks.
    """
    require_charges_enabled(account)
    refuse_spent(account, method)
    intent["payment_method"] = method["id"]
    intent["next_action"] = None
    intent["last_payment_error"] = None
    if method["type"] != "card":
        _begin_debit(account, intent, method)
        return
    card = account.cards[method["id"]]
    ordered = account.refusals.take(method["id"])
    if ordered is not None:
        raise declined(account, intent, method, ordered)
    if not authenticated and _needs_authentication(account, card, method, off_session=off_session):
        if off_session or refuse_action:
            raise declined(account, intent, method, AUTHENTICATION_REQUIRED)
        _ask_authentication(account, intent)
        return
    reason = _reason(account, card, method, off_session=off_session)
    if reason is not None:
        raise declined(account, intent, method, reason)
    charge = account.add(_charge(account, intent, method))
    _succeed(account, intent, method, charge)
    if card.dispute is not None:
        open_dispute(account, charge, inquiry=card.dispute == "inquiry", reason="fraudulent")


def declined(account: Account, intent: Obj, method: Obj, reason: Decline) -> StripeError:
    """Records a failed attempt on the intent and returns the 402 that tells of it."""
    charge = account.add(_charge(account, intent, method, reason))
    error = card_error(reason)
    error.more |= {"charge": charge["id"], "payment_method": deepcopy(method)}
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "latest_charge": charge["id"],
        "last_payment_error": error.content(),
    }
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    error.more["payment_intent"] = deepcopy(intent)
    return error


def fail_authentication(account: Account, intent: Obj) -> StripeError:
    """The customer didn't pass 3-D Secure: nothing was charged, the intent waits for another payment method."""
    method = account.get("payment_method", intent["payment_method"])
    error = card_error(AUTHENTICATION_FAILED)
    error.more["payment_method"] = deepcopy(method)
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error.content(),
    }
    account.emit("payment_intent.payment_failed", intent)
    return error


def settle_debit(account: Account, intent: Obj, *, ok: bool) -> None:
    """The bank's answer to a debit that was processing."""
    charge = account.get("charge", intent["latest_charge"])
    method = account.get("payment_method", intent["payment_method"])
    if ok:
        charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": charge["amount"]}
        charge["receipt_url"] = _receipt_url(account, charge)
        _succeed(account, intent, method, charge)
        return
    error = card_error(DEBIT_FAILED)
    error.more |= {"charge": charge["id"], "payment_method": deepcopy(method)}
    charge |= {"status": "failed", "failure_code": DEBIT_FAILED.code, "failure_message": DEBIT_FAILED.message}
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": error.content(),
    }
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)


def _needs_authentication(account: Account, card: TestCard, method: Obj, *, off_session: bool) -> bool:
    if card.authentication == "unless_saved":
        return not (off_session and method["id"] in account.ready_off_session)
    return card.authentication == "always"


def _reason(account: Account, card: TestCard, method: Obj, *, off_session: bool) -> Decline | None:
    """Why the issuer says no to this charge."""
    if card.decline is not None or not off_session:
        return card.decline
    paid = [
        charge
        for charge in account.all("charge")
        if charge["payment_method"] == method["id"] and charge["paid"]
    ]
    return card.decline_off_session if len(paid) >= card.good_for else None


def _ask_authentication(account: Account, intent: Obj) -> None:
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "source": account.new_id("payatt_3")},
    }
    account.emit("payment_intent.requires_action", intent)


def _succeed(account: Account, intent: Obj, method: Obj, charge: Obj) -> None:
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    _save(account, intent, method)
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)


def _save(account: Account, intent: Obj, method: Obj) -> None:
    """Without a customer a method can't be used again; with setup_future_usage it is kept for later charges."""
    if intent["customer"] is None:
        account.spent.add(method["id"])
        return
    if intent["setup_future_usage"] is None:
        return
    if method["customer"] is None:
        attach(account, method["id"], account.get("customer", intent["customer"]))
    if intent["setup_future_usage"] == "off_session":
        account.ready_off_session.add(method["id"])


def _begin_debit(account: Account, intent: Obj, method: Obj) -> None:
    charge = account.add(_charge(account, intent, method))
    charge |= {
        "status": "pending",
        "paid": False,
        "captured": False,
        "amount_captured": 0,
        "receipt_url": None,
    }
    intent |= {"status": "processing", "latest_charge": charge["id"]}
    account.emit("charge.pending", charge)
    account.emit("payment_intent.processing", intent)


def _charge(account: Account, intent: Obj, method: Obj, reason: Decline | None = None) -> Obj:
    paid = reason is None
    charge: Obj = {
        "id": account.new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": billing_details(method["billing_details"]["email"]),
        "calculated_statement_descriptor": account.profile.display_name.upper()[:22],
        "captured": paid,
        "created": account.server.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": reason.code if reason else None,
        "failure_message": reason.message if reason else None,
        "fraud_details": {},
        "livemode": account.livemode,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(reason),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(method),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded" if paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
    }
    charge["receipt_url"] = _receipt_url(account, charge) if paid else None
    return charge


def _outcome(reason: Decline | None) -> Obj:
    outcome: Obj = {
        "advice_code": reason.advice_code if reason else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if reason is None:
        return outcome
    blocked = reason.decline_code == "fraudulent"
    return outcome | {
        "network_status": "not_sent_to_network" if blocked else "declined_by_network",
        "reason": "highest_risk_level" if blocked else reason.decline_code or reason.code,
        "risk_level": "highest" if blocked else "normal",
        "risk_score": _MAXIMUM_RISK if blocked else outcome["risk_score"],
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "blocked" if blocked else "issuer_declined",
    }


def _method_details(method: Obj) -> Obj:
    if method["type"] != "card":
        left_out = ("financial_connections_account", "generated_from", "networks", "status_details")
        debit = {field: value for field, value in method[method["type"]].items() if field not in left_out}
        return {"type": method["type"], method["type"]: debit}
    card = method["card"]
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "wallet",
    )
    details = {field: deepcopy(card[field]) for field in kept}
    return {
        "type": "card",
        "card": details
        | {
            "installments": None,
            "mandate": None,
            "network": card["brand"],
            "regulated_status": card["regulated_status"],
            "three_d_secure": None,
        },
    }


def _receipt_url(account: Account, charge: Obj) -> str:
    return f"{account.server.base_url}/pay/receipt/{charge['id']}"
