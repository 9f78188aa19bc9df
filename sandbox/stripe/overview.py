"""What the sandbox's page shows of Stripe: every payment with what became of it, and every saved card."""

from collections.abc import Iterable

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.money import formatted
from sandbox.stripe.paying import attempt_of
from sandbox.stripe.prices import rhythm
from sandbox.stripe.subscriptions import item_of


def overview(accounts: Iterable[Account]) -> Obj:
    """{"payments": [...], "cards": [...], "subscriptions": [...]}, newest first. Amounts in minor units, `*_text` for people.

    A payment's `status` is open, expired, paid, processing, declined (the page still takes another card),
    failed, canceled, saved (setup mode) or requires_action.
    """
    payments: list[Obj] = []
    cards: list[Obj] = []
    subscriptions: list[Obj] = []
    for account in accounts:
        shown = {
            (attempt_of(account, session) or {}).get("id") for session in account.all("checkout.session")
        }
        payments += [_of_session(account, session) for session in account.all("checkout.session")]
        payments += [
            _of_intent(account, intent)
            for intent in account.all("payment_intent")
            if intent["id"] not in shown
        ]
        cards += [
            _whose(account)
            | {
                "id": method["id"],
                "customer": method["customer"],
                "brand": method["card"]["brand"],
                "last4": method["card"]["last4"],
                "behaves_like": account.cards[method["id"]].number,
                "declined": _ordered(account, method),
            }
            for method in account.all("payment_method")
            if method["type"] == "card" and method["customer"] is not None
        ]
        subscriptions += [_of_subscription(account, each) for each in account.all("subscription")]
    payments.sort(key=lambda payment: payment["created"], reverse=True)
    return {"payments": payments, "cards": cards, "subscriptions": subscriptions}


def _of_subscription(account: Account, subscription: Obj) -> Obj:
    item = item_of(subscription)
    pending = subscription["pending_update"]
    invoice = account.get("invoice", subscription["latest_invoice"])
    ordered = _ordered(account, subscription)
    return _whose(account) | {
        "id": subscription["id"],
        "customer": subscription["customer"],
        "description": _product_name(account, item["price"]),
        "amount_text": f"{_text(item['price']['unit_amount'], subscription['currency'])} {rhythm(item['price'])}",
        "status": subscription["status"],
        "created": subscription["created"],
        "period_end": item["current_period_end"],
        "cancel_at_period_end": subscription["cancel_at_period_end"],
        "changes_to": _product_name(account, pending["subscription_items"][0]["price"]) if pending else None,
        "invoice": {
            "id": invoice["id"],
            "status": invoice["status"],
            "amount_text": formatted(invoice["amount_due"], invoice["currency"]),
            "url": invoice["hosted_invoice_url"],
            "next_attempt": invoice["next_payment_attempt"],
        },
        "next_invoice": "paid" if ordered is None else "given_up" if ordered["always"] else "declined",
    }


def _product_name(account: Account, price: Obj) -> str:
    return str(account.get("product", price["product"])["name"])


def _ordered(account: Account, obj: Obj) -> Obj | None:
    """The decline that waits for its next charge."""
    waiting = account.refusals.waiting(obj["id"])
    return {"code": waiting[0].decline_code, "always": waiting[1] is None} if waiting else None


def _of_session(account: Account, session: Obj) -> Obj:
    attempt = attempt_of(account, session)
    intent = attempt if session["mode"] != "setup" else None
    items = account.line_items[session["id"]]
    about = _whose(account) | {
        "session": session["id"],
        "created": session["created"],
        "mode": session["mode"],
        "url": session["url"],
        "expires_at": session["expires_at"],
        "client_reference_id": session["client_reference_id"],
        "customer": session["customer"],
        "description": ", ".join(str(item["description"]) for item in items) or "Save a card",
        "status": _session_status(session, intent),
    }
    return about | _amounts(account, session["amount_total"], session["currency"], intent)


def _of_intent(account: Account, intent: Obj) -> Obj:
    status = {"succeeded": "paid", "requires_payment_method": "failed"}.get(
        intent["status"], intent["status"]
    )
    about = _whose(account) | {
        "session": None,
        "created": intent["created"],
        "mode": "payment",
        "url": None,
        "expires_at": None,
        "client_reference_id": None,
        "customer": intent["customer"],
        "description": intent["description"] or "Charged without the customer",
        "status": status,
    }
    return about | _amounts(account, intent["amount"], intent["currency"], intent)


def _session_status(session: Obj, intent: Obj | None) -> str:
    if session["status"] == "expired":
        return "expired"
    if session["mode"] == "setup":
        return "saved" if session["status"] == "complete" else "open"
    if session["payment_status"] == "paid":
        return "paid"
    if intent is None:
        return "open"
    if intent["status"] == "requires_payment_method":
        return "declined" if session["status"] == "open" else "failed"
    return str(intent["status"])


def _amounts(account: Account, amount: int | None, currency: str | None, intent: Obj | None) -> Obj:
    """The money, and the charge with what was given back or called back."""
    charge = account.find("charge", intent["latest_charge"]) if intent is not None else None
    charge_id = charge["id"] if charge is not None else None
    refunds = [refund for refund in account.all("refund") if refund["charge"] == charge_id]
    disputes = [dispute for dispute in account.all("dispute") if dispute["charge"] == charge_id]
    refunded = charge["amount_refunded"] if charge is not None else 0
    return {
        "amount": amount,
        "currency": currency,
        "amount_text": _text(amount, currency),
        "payment_intent": intent["id"] if intent is not None else None,
        "charge": charge_id,
        "receipt_url": charge["receipt_url"] if charge is not None else None,
        "failure": charge["failure_message"] if charge is not None else None,
        "amount_refunded": refunded,
        "refunded_text": _text(refunded, currency) if refunded else None,
        "refunds": [{field: refund[field] for field in ("id", "amount", "status")} for refund in refunds],
        "dispute": (
            {field: disputes[0][field] for field in ("id", "amount", "status", "reason")}
            if disputes
            else None
        ),
    }


def _whose(account: Account) -> Obj:
    return {
        "account": account.profile.id,
        "account_name": account.profile.display_name,
        "livemode": account.livemode,
    }


def _text(amount: int | None, currency: str | None) -> str | None:
    return formatted(amount, currency) if amount is not None and currency is not None else None
