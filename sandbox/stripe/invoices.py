"""The paid invoice that Checkout makes on request."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.listing import listed
from sandbox.stripe.routing import ApiRequest, Route


def paid_invoice(account: Account, session: Obj) -> Obj:
    """The invoice of a session just paid, which must have a customer. It has totals, no lines."""
    now = account.server.now()
    total, subtotal = session["amount_total"], session["amount_subtotal"]
    invoice_id = account.new_id("in")
    customer = account.get("customer", session["customer"])
    address = f"{account.server.base_url}/pay/invoice/{invoice_id}"
    data = session["invoice_creation"]["invoice_data"]
    invoice = account.add(
        {
            "id": invoice_id,
            "object": "invoice",
            "account_country": account.profile.country,
            "account_name": account.profile.display_name,
            "amount_due": total,
            "amount_overpaid": 0,
            "amount_paid": total,
            "amount_paid_off_stripe": 0,
            "amount_remaining": 0,
            "amount_shipping": 0,
            "attempt_count": 1,
            "attempted": True,
            "auto_advance": False,
            "automatic_tax": dict(session["automatic_tax"]),
            "billing_reason": "manual",
            "collection_method": "charge_automatically",
            "created": now,
            "currency": session["currency"],
            "customer": customer["id"],
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "default_tax_rates": [],
            "description": data["description"],
            "discounts": [],
            "footer": data["footer"],
            "hosted_invoice_url": address,
            "invoice_pdf": address,
            "issuer": {"type": "self"},
            "lines": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/invoices/{invoice_id}/lines",
            },
            "livemode": account.livemode,
            "metadata": dict(data["metadata"]),
            "number": f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}",
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
            "status": "paid",
            "status_transitions": {
                "finalized_at": now,
                "marked_uncollectible_at": None,
                "paid_at": now,
                "voided_at": None,
            },
            "subtotal": subtotal,
            "total": total,
            "total_excluding_tax": subtotal,
        }
    )
    customer["next_invoice_sequence"] += 1
    account.emit("invoice.paid", invoice)
    return invoice


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("invoice", request.ids["invoice"], "invoice")


def _list(request: ApiRequest) -> Obj:
    return listed(request, request.account.all("invoice"), equal=("customer", "status"))


ROUTES = (
    Route("GET", "/v1/invoices", _list),
    Route("GET", "/v1/invoices/{invoice}", _retrieve),
)
