"""`expand[]`: ids in an answer replaced by the objects they name."""

from collections.abc import Callable, Sequence
from copy import deepcopy

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request

_DEEPEST = 4

_LINKS = {
    "charge": {"customer": "customer", "payment_intent": "payment_intent"},
    "checkout.session": {
        "customer": "customer",
        "invoice": "invoice",
        "payment_intent": "payment_intent",
        "setup_intent": "setup_intent",
        "subscription": "subscription",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "invoice": {"customer": "customer", "default_payment_method": "payment_method"},
    "invoice_payment": {"invoice": "invoice"},
    "payment_intent": {"customer": "customer", "latest_charge": "charge", "payment_method": "payment_method"},
    "payment_method": {"customer": "customer"},
    "refund": {"charge": "charge", "payment_intent": "payment_intent"},
    "setup_intent": {"customer": "customer", "payment_method": "payment_method"},
    "subscription": {
        "customer": "customer",
        "default_payment_method": "payment_method",
        "latest_invoice": "invoice",
    },
}
_NOT_KEPT = {"balance_transaction", "review", "application", "on_behalf_of", "latest_attempt"}
"""May be expanded at Stripe, and is always null here."""


def expanded(account: Account, answer: Obj, paths: Sequence[str]) -> Obj:
    """A copy with every dotted path of `paths` expanded; StripeError 400 for one that can't be."""
    copy = deepcopy(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEEPEST:
            raise invalid_request(
                f"You cannot expand more than {_DEEPEST} levels of a property (you requested {len(steps)} levels). "
                f"Property: {path}",
                param="expand",
            )
        _expand(account, copy, steps, path)
    return copy


def _expand(account: Account, obj: Obj, steps: Sequence[str], path: str) -> None:
    if obj.get("object") == "list":
        if steps[0] != "data":
            raise _impossible(path, f"data.{path}")
        for item in obj["data"]:
            if len(steps) > 1:
                _expand(account, item, steps[1:], path)
        return
    field, kind = steps[0], obj.get("object", "")
    target = _LINKS.get(kind, {}).get(field)
    included = _INCLUDED.get((kind, field))
    if included is not None:
        obj[field] = included(account, obj)
    elif target is not None:
        if isinstance(obj.get(field), str):
            obj[field] = deepcopy(account.get(target, obj[field]))
    elif not isinstance(obj.get(field), dict) and not (field in _NOT_KEPT and field in obj):
        raise _impossible(path)
    if len(steps) > 1 and isinstance(obj.get(field), dict):
        _expand(account, obj[field], steps[1:], path)


def _line_items(account: Account, session: Obj) -> Obj:
    items = [deepcopy(item) for item in account.line_items[session["id"]]]
    return _list(items, f"/v1/checkout/sessions/{session['id']}/line_items")


def _refunds(account: Account, charge: Obj) -> Obj:
    refunds = [deepcopy(refund) for refund in account.all("refund") if refund["charge"] == charge["id"]]
    return _list(refunds, f"/v1/charges/{charge['id']}/refunds")


def _invoice_payments(account: Account, invoice: Obj) -> Obj:
    payments = [deepcopy(each) for each in account.all("invoice_payment") if each["invoice"] == invoice["id"]]
    return _list(payments, f"/v1/invoices/{invoice['id']}/payments")


_INCLUDED: dict[tuple[str, str], Callable[[Account, Obj], Obj]] = {
    ("checkout.session", "line_items"): _line_items,
    ("charge", "refunds"): _refunds,
    ("invoice", "payments"): _invoice_payments,
}


def _list(data: list[Obj], url: str) -> Obj:
    return {"object": "list", "data": data, "has_more": False, "url": url}


def _impossible(path: str, instead: str | None = None) -> Exception:
    hint = f" You may want to try expanding '{instead}' instead." if instead else ""
    return invalid_request(f"This property cannot be expanded ({path}).{hint}", param="expand")
