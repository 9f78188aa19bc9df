"""What the customer does on the page of an open invoice."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.charging import fail_authentication
from sandbox.stripe.collecting import collect_from, open_intent
from sandbox.stripe.errors import invalid_request
from sandbox.stripe.paying import TypedCard, typed_card


def pay_invoice(account: Account, invoice: Obj, typed: TypedCard) -> None:
    """StripeError 402 for a decline, 400 if it isn't open. It stays open while 3-D Secure waits."""
    open_intent(account, invoice)
    collect_from(account, invoice, typed_card(account, typed, invoice["customer_email"]))


def authenticate_invoice(account: Account, invoice: Obj, *, ok: bool) -> None:
    """The customer's answer on the 3-D Secure page; StripeError 402 if it was failed."""
    intent = open_intent(account, invoice)
    if intent["status"] != "requires_action":
        raise invalid_request("No authentication is pending for this invoice.")
    if not ok:
        raise fail_authentication(account, intent)
    collect_from(
        account, invoice, account.get("payment_method", intent["payment_method"]), authenticated=True
    )
