"""Receipts and invoices as pages."""

from html import escape

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.collecting import open_intent
from sandbox.stripe.frame import alert, authentication_form, card_form, document
from sandbox.stripe.money import formatted


def receipt_page(account: Account, charge: Obj, nonce: str) -> str:
    currency = charge["currency"]
    rows = [("Amount paid", formatted(charge["amount"], currency)), ("Payment", charge["id"])]
    if charge["amount_refunded"]:
        rows.append(("Refunded", formatted(charge["amount_refunded"], currency)))
    return document(account, "Receipt", _paper("Receipt", rows, charge["description"]), nonce)


def invoice_page(account: Account, invoice: Obj, nonce: str, problem: str | None = None) -> str:
    """To look at once it is paid, to pay while it is open. `problem` says why the card just typed wasn't taken."""
    body = _paper(f"Invoice {invoice['number'] or 'draft'}", _sums(invoice), invoice["description"])
    if invoice["status"] == "open":
        intent = open_intent(account, invoice)
        due = formatted(invoice["amount_due"], invoice["currency"])
        if intent["status"] == "requires_action":
            body = authentication_form(due)
        else:
            error = intent["last_payment_error"] or {}
            body += alert(problem or error.get("message")) + card_form(account, f"Pay {due}")
    return document(account, "Invoice", body, nonce)


def _sums(invoice: Obj) -> list[tuple[str, str]]:
    currency = invoice["currency"]
    lines = [
        (str(line["description"]), formatted(line["amount"], currency)) for line in invoice["lines"]["data"]
    ]
    if invoice["automatic_tax"]["enabled"]:
        lines.append(("Tax", formatted(invoice["total"] - invoice["subtotal"], currency)))
    credit = invoice["total"] - invoice["amount_due"]
    if invoice["status"] != "draft" and credit > 0:
        lines.append(("Credit used", formatted(-credit, currency)))
    words = {"paid": "Total, paid", "open": "To be paid", "void": "Void"}
    sums = formatted(invoice["amount_due"], currency)
    return [*lines, (words.get(invoice["status"], "Total"), sums)]


def _paper(title: str, rows: list[tuple[str, str]], description: str | None) -> str:
    lines = "".join(f"<li><span>{escape(name)}</span><b>{escape(value)}</b></li>" for name, value in rows)
    about = f"<p>{escape(description)}</p>" if description else ""
    return f'<section class="panel"><h1>{escape(title)}</h1>{about}<ul class="lines">{lines}</ul></section>'
