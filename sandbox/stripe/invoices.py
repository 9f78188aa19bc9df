"""Invoices: drawn up, finalized, paid or void. What pays them is in collecting.py."""

from collections.abc import Sequence

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.money import MINIMUMS
from sandbox.stripe.payment_intents import cancel_intent, new_intent
from sandbox.stripe.taxing import taxed_like
from sandbox.stripe.terms import SessionTerms

DRAFT_FOR = 3600
"""Seconds that a renewal's invoice stays a draft."""


def new_line(
    account: Account,
    subscription: Obj,
    price: Obj,
    amount: int,
    period: tuple[int, int],
    about: str,
    *,
    proration: bool = False,
) -> Obj:
    """A line of an invoice: a period of the subscription's item, or the part of one that a change charges or gives back."""
    item = subscription["items"]["data"][0]
    return {
        "id": account.new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": about,
        "discount_amounts": [],
        "discountable": False,
        "discounts": [],
        "invoice": None,
        "livemode": account.livemode,
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": proration,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(abs(amount)),
        },
        "quantity": 1,
        "subtotal": amount,
        "taxes": [],
    }


def drafted(
    account: Account, subscription: Obj, lines: Sequence[Obj], reason: str, prorated_at: int | None = None
) -> Obj:
    """An invoice of a subscription, not kept yet: a preview is no more than this. `reason` is its billing_reason."""
    invoice = _blank(
        account, subscription["customer"], subscription["currency"], sum(line["amount"] for line in lines)
    )
    parent: Obj = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    if prorated_at is not None:
        parent["subscription_proration_date"] = prorated_at
    lines = [line | {"invoice": invoice["id"]} for line in lines]
    invoice["lines"]["data"] = lines
    return taxed_like(subscription, invoice) | {
        "billing_reason": reason,
        "default_payment_method": subscription["default_payment_method"],
        "parent": {"quote_details": None, "subscription_details": parent, "type": "subscription_details"},
        "period_end": max(line["period"]["end"] for line in lines) if lines else invoice["period_end"],
        "period_start": min(line["period"]["start"] for line in lines) if lines else invoice["period_start"],
    }


def keep(account: Account, invoice: Obj, *, automatic: bool = True) -> Obj:
    """A draft that is the account's now; `automatic` lets the clock finalize it."""
    invoice["auto_advance"] = automatic
    invoice["automatically_finalizes_at"] = account.server.now() + DRAFT_FOR if automatic else None
    account.add(invoice)
    account.emit("invoice.created", invoice)
    return invoice


def finalize(account: Account, invoice: Obj, intent: Obj | None = None) -> None:
    """Numbers it, settles the customer's credit against it, and makes its PaymentIntent unless `intent` is it."""
    customer = account.get("customer", invoice["customer"])
    customer["currency"] = customer["currency"] or invoice["currency"]
    invoice["starting_balance"] = customer["balance"]
    customer["balance"] = invoice["ending_balance"] = _ending_balance(invoice)
    due = invoice["amount_due"]
    now = account.server.now()
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    customer["next_invoice_sequence"] += 1
    invoice |= {
        "status": "open",
        "number": number,
        "automatically_finalizes_at": None,
        "effective_at": now,
        "hosted_invoice_url": f"{account.server.base_url}/pay/invoice/{invoice['id']}",
        "invoice_pdf": f"{account.server.base_url}/pay/invoice/{invoice['id']}",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": now},
    }
    account.emit("invoice.finalized", invoice)
    if due == 0:
        mark_paid(account, invoice)
        return
    if intent is None:
        about = (
            "Subscription creation"
            if invoice["billing_reason"] == "subscription_create"
            else "Subscription update"
        )
        terms = SessionTerms(description=about, setup_future_usage="off_session")
        intent = new_intent(
            account, due, invoice["currency"], customer=customer["id"], terms=terms, method_types=["card"]
        )
    account.add(
        {
            "id": account.new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": due,
            "created": now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": account.livemode,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def settle_balance(account: Account, invoice: Obj) -> None:
    """For a preview: what the customer's credit would leave to pay."""
    invoice["starting_balance"] = account.get("customer", invoice["customer"])["balance"]
    _ending_balance(invoice)


def _ending_balance(invoice: Obj) -> int:
    """Sets what is due, and answers the customer's balance afterwards (below zero is credit). Too little to be charged is carried over."""
    owed: int = invoice["total"] + invoice["starting_balance"]
    due = owed if owed >= MINIMUMS.get(invoice["currency"], 1) else 0
    invoice |= {"amount_due": due, "amount_remaining": due}
    return owed - due


def mark_paid(account: Account, invoice: Obj) -> None:
    now = account.server.now()
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status_transitions": invoice["status_transitions"] | {"paid_at": now},
    }
    payment = payment_of(account, invoice)
    if payment is not None:
        payment |= {
            "status": "paid",
            "amount_paid": invoice["amount_paid"],
            "status_transitions": payment["status_transitions"] | {"paid_at": now},
        }
        account.emit("invoice_payment.paid", payment)
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)


def void(account: Account, invoice: Obj) -> None:
    """Nothing is owed on it any more: its payment can't be made."""
    now = account.server.now()
    payment = payment_of(account, invoice)
    if payment is not None:
        cancel_intent(
            account, account.get("payment_intent", payment["payment"]["payment_intent"]), "void_invoice"
        )
        payment |= {
            "status": "canceled",
            "status_transitions": payment["status_transitions"] | {"canceled_at": now},
        }
    invoice |= {
        "status": "void",
        "auto_advance": False,
        "next_payment_attempt": None,
        "status_transitions": invoice["status_transitions"] | {"voided_at": now},
    }
    account.emit("invoice.voided", invoice)


def payment_of(account: Account, invoice: Obj) -> Obj | None:
    """The InvoicePayment that ties the invoice to its PaymentIntent; None before it is finalized, or where nothing is due."""
    return next((each for each in account.all("invoice_payment") if each["invoice"] == invoice["id"]), None)


def paid_invoice(account: Account, session: Obj) -> Obj:
    """The invoice of a session just paid, which must have a customer. It has totals, no lines."""
    data = session["invoice_creation"]["invoice_data"]
    invoice = _blank(account, session["customer"], session["currency"], session["amount_total"])
    invoice |= {
        "automatic_tax": {"disabled_reason": None, **session["automatic_tax"]},
        "description": data["description"],
        "footer": data["footer"],
        "metadata": dict(data["metadata"]),
        "subtotal": session["amount_subtotal"],
        "total_excluding_tax": session["amount_subtotal"],
    }
    keep(account, invoice, automatic=False)
    finalize(account, invoice, account.get("payment_intent", session["payment_intent"]))
    invoice |= {"attempt_count": 1}
    mark_paid(account, invoice)
    return invoice


def _blank(account: Account, customer_id: str, currency: str, total: int) -> Obj:
    now = account.server.now()
    invoice_id = account.new_id("in")
    customer = account.get("customer", customer_id)
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": account.profile.country,
        "account_name": account.profile.display_name,
        "amount_due": max(total, 0),
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": max(total, 0),
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "customer": customer["id"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ending_balance": None,
        "footer": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/invoices/{invoice_id}/lines"},
        "livemode": account.livemode,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": total,
        "total": total,
        "total_excluding_tax": total,
    }
