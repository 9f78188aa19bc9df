"""Paying invoices: by the saved card, by a card typed into the invoice's page; and what that does to the subscription."""

from typing import Any

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.charging import confirm, declined
from sandbox.stripe.errors import StripeError, invalid_request
from sandbox.stripe.invoices import finalize, mark_paid, payment_of
from sandbox.stripe.subscriptions import ENDED, change, end, item_of, payment_method_of, subscription_id_of

_DAY = 86_400
_RETRIES = (3 * _DAY, 5 * _DAY, 7 * _DAY)
"""Seconds from one failed attempt to the next."""


def finalize_and_collect(account: Account, invoice: Obj) -> None:
    """What happens to a draft when its time has come. A decline is no error here: the next attempt is due."""
    finalize(account, invoice)
    if invoice["status"] == "paid":
        settle_subscription(account, invoice)
    else:
        collect_unattended(account, invoice)


def collect_unattended(account: Account, invoice: Obj) -> None:
    """One attempt with nobody there; a decline is followed by another attempt days later, or by giving up."""
    try:
        collect(account, invoice)
    except StripeError:
        _plan_next_attempt(account, invoice)


def collect(account: Account, invoice: Obj) -> None:
    """Charges the subscription's saved card; StripeError 402 for a decline, 400 if there is no card."""
    intent = open_intent(account, invoice)
    subscription = _subscription_of(account, invoice)
    method = payment_method_of(account, subscription)
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    try:
        if method is None:
            raise invalid_request(
                "This customer has no attached payment source or default payment method. Please consider adding a "
                "default payment method.",
                code="resource_missing",
            )
        ordered = account.refusals.take(subscription["id"])
        if ordered is not None:
            raise declined(account, intent, method, ordered)
        confirm(account, intent, method, off_session=True)
    except StripeError as error:
        _failed(account, invoice, error)
        raise
    paid(account, invoice)


def collect_from(account: Account, invoice: Obj, method: Obj, *, authenticated: bool = False) -> None:
    """Charges a card whose owner is there. The invoice stays open while 3-D Secure waits; StripeError 402 for a decline."""
    intent = open_intent(account, invoice)
    invoice["attempted"] = True
    confirm(account, intent, method, authenticated=authenticated)
    if intent["status"] == "succeeded":
        paid(account, invoice)


def open_intent(account: Account, invoice: Obj) -> Obj:
    """The PaymentIntent of an invoice that can be paid; StripeError 400 for any other."""
    payment = payment_of(account, invoice)
    if invoice["status"] != "open" or payment is None:
        code = "invoice_already_paid" if invoice["status"] == "paid" else "invoice_not_editable"
        raise invalid_request(f"This invoice can no longer be paid: it is {invoice['status']}.", code=code)
    return account.get("payment_intent", payment["payment"]["payment_intent"])


def paid(account: Account, invoice: Obj) -> None:
    """The money is there: the invoice is paid, the change it was for counts, what was overdue goes on."""
    mark_paid(account, invoice)
    settle_subscription(account, invoice)


def apply_pending(account: Account, subscription: Obj) -> None:
    """The change that waited counts from now on."""
    pending = subscription["pending_update"]
    if pending is not None:
        put_item(account, subscription, pending["subscription_items"][0], pending_update=None)
        account.emit("customer.subscription.pending_update_applied", subscription)


def put_item(account: Account, subscription: Obj, item: Obj, **fields: Any) -> None:
    """Another price or period of the subscription's item, told in one event with the other fields."""
    account.add(item)
    items = subscription["items"] | {"data": [item]}
    cancel_at = (
        item["current_period_end"] if subscription["cancel_at_period_end"] else subscription["cancel_at"]
    )
    change(account, subscription, items=items, cancel_at=cancel_at, **fields)


def settle_subscription(account: Account, invoice: Obj) -> None:
    """After its newest invoice was paid: the change that waited counts, what was overdue is active again."""
    subscription = _subscription_of(account, invoice)
    if subscription["status"] in ENDED or subscription["latest_invoice"] != invoice["id"]:
        return
    apply_pending(account, subscription)
    change(account, subscription, status="active")


def _failed(account: Account, invoice: Obj, error: StripeError) -> None:
    account.emit("invoice.payment_failed", invoice)
    if error.code == "authentication_required":
        account.emit("invoice.payment_action_required", invoice)
    subscription = _subscription_of(account, invoice)
    if invoice["billing_reason"] == "subscription_cycle" and subscription["status"] == "active":
        change(account, subscription, status="past_due")


def _plan_next_attempt(account: Account, invoice: Obj) -> None:
    tried: int = invoice["attempt_count"]
    if tried <= len(_RETRIES):
        invoice["next_payment_attempt"] = account.server.now() + _RETRIES[tried - 1]
        return
    invoice |= {"next_payment_attempt": None, "auto_advance": False}
    subscription = _subscription_of(account, invoice)
    if subscription["status"] in ENDED:
        return
    if account.after_dunning == "canceled":
        end(account, subscription, "payment_failed")
    else:
        change(account, subscription, status=account.after_dunning)


def _subscription_of(account: Account, invoice: Obj) -> Obj:
    subscription_id = subscription_id_of(invoice)
    if subscription_id is None:
        raise invalid_request(f"The invoice {invoice['id']} belongs to no subscription.")
    return account.get("subscription", subscription_id)


def period_of(subscription: Obj) -> tuple[int, int]:
    """Start and end of what runs, in seconds since 1970."""
    item = item_of(subscription)
    return item["current_period_start"], item["current_period_end"]
