"""The checkout page's HTML. Everything that comes from outside passes `escape`."""

import secrets
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.cards import CARDS
from sandbox.stripe.money import formatted
from sandbox.stripe.paying import attempt_of, awaits_authentication, debit_kind

_SHOWN_CARDS = (
    "4242424242424242",
    "4000000000000002",
    "4000000000009995",
    "4000000000000069",
    "4000002500003155",
    "4000002760003184",
    "4000000000000341",
    "4000000000000259",
)
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_TELEGRAM = ("t.me", "telegram.me")


def content_security_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'"
    )


def checkout_page(
    account: Account, session: Obj, nonce: str, *, left: bool = False, problem: str | None = None
) -> str:
    """The page of a session in the state it is in; `left` after the customer went away without paying.

    `problem` says why the card just typed wasn't taken; without it the last decline on record is shown.
    """
    if session["status"] == "expired":
        body = _note("bad", "✕", "This payment page has expired", "Ask for a new link in the chat.")
    elif session["status"] == "complete":
        body = _completed(account, session)
    elif left:
        body = _left(session)
    elif awaits_authentication(account, session):
        body = _authentication(session)
    else:
        body = (
            _summary(account, session)
            + _alert(problem or _last_decline(account, session))
            + _forms(account, session)
        )
    return document(account, "Checkout", body, nonce)


def receipt_page(account: Account, charge: Obj, nonce: str) -> str:
    currency = charge["currency"]
    rows = [("Amount paid", formatted(charge["amount"], currency)), ("Payment", charge["id"])]
    if charge["amount_refunded"]:
        rows.append(("Refunded", formatted(charge["amount_refunded"], currency)))
    return document(account, "Receipt", _paper("Receipt", rows, charge["description"]), nonce)


def invoice_page(account: Account, invoice: Obj, nonce: str) -> str:
    currency = invoice["currency"]
    rows = [
        ("Number", invoice["number"]),
        ("Subtotal", formatted(invoice["subtotal"], currency)),
        ("Tax", formatted(invoice["total"] - invoice["subtotal"], currency)),
        ("Total, paid", formatted(invoice["total"], currency)),
    ]
    return document(account, "Invoice", _paper("Invoice", rows, invoice["description"]), nonce)


def missing_page(nonce: str) -> str:
    return _html(
        "Not found", _note("bad", "?", "There is no such page", "The link may be incomplete."), "", nonce
    )


def document(account: Account, title: str, body: str, nonce: str) -> str:
    badge = "LIVE" if account.livemode else "TEST MODE"
    head = (
        f'<header><span class="shop">{escape(account.profile.display_name)}</span>'
        f'<span class="badge">SANDBOX · {badge}</span></header>'
    )
    return _html(title, body, head, nonce)


def new_nonce() -> str:
    return secrets.token_urlsafe(16)


def _html(title: str, body: str, head: str, nonce: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style nonce="{nonce}">{_asset("checkout.css")}</style></head>'
        f'<body><main>{head}{body}</main><script nonce="{nonce}">{_asset("checkout.js")}</script></body></html>'
    )


@cache
def _asset(name: str) -> str:
    return files("sandbox.stripe").joinpath(name).read_text(encoding="utf-8")


def _summary(account: Account, session: Obj) -> str:
    if session["mode"] == "setup":
        return (
            '<section class="panel"><h1>Save a card</h1><p class="soft">Nothing is charged now. '
            f"{escape(account.profile.display_name)} may charge it later as you agreed.</p></section>"
        )
    currency = session["currency"]
    lines = "".join(
        f"<li><span>{escape(item['description'])}{_times(item)}</span>"
        f"<b>{escape(formatted(item['amount_total'], currency))}</b></li>"
        for item in account.line_items[session["id"]]
    )
    if session["automatic_tax"]["enabled"]:
        lines += "<li><span>Tax</span><b>added when you pay</b></li>"
    total = escape(formatted(session["amount_total"], currency))
    return f'<section class="panel"><p class="total">{total}</p><ul class="lines">{lines}</ul></section>'


def _times(item: Obj) -> str:
    return f" × {item['quantity']}" if item["quantity"] > 1 else ""


def _alert(problem: str | None) -> str:
    return f'<div class="alert" role="alert">{escape(problem)}</div>' if problem else ""


def _last_decline(account: Account, session: Obj) -> str | None:
    attempt = attempt_of(account, session) or {}
    error = attempt.get("last_payment_error") or attempt.get("last_setup_error")
    return str(error["message"]) if error else None


def _forms(account: Account, session: Obj) -> str:
    label = (
        "Save card"
        if session["mode"] == "setup"
        else f"Pay {formatted(session['amount_total'], session['currency'])}"
    )
    cards = "".join(
        f'<button type="button" data-number="{number}" aria-pressed="{str(number == _SHOWN_CARDS[0]).lower()}">'
        f"<span>{escape(CARDS[number].label)}</span><code>… {CARDS[number].last4}</code></button>"
        for number in _SHOWN_CARDS
    )
    year = account.server.clock.now().year % 100 + 3
    return (
        '<form class="panel" id="card" method="post" autocomplete="off">'
        f'<div class="cards" role="group" aria-label="Test cards">{cards}</div>{_email_field(account, session)}'
        '<label>Card number<input name="number" inputmode="numeric" required value="4242 4242 4242 4242"></label>'
        '<div class="pair">'
        f'<label>Expiry<input name="expiry" required placeholder="MM / YY" value="12 / {year}"></label>'
        '<label>CVC<input name="cvc" inputmode="numeric" required maxlength="4" value="123"></label></div>'
        f'{_save_tick(session)}<button name="action" value="card">{escape(label)}</button></form>'
        f"{_debit_form(session)}"
        '<form method="post"><button class="leave" name="action" value="leave">Leave without paying</button></form>'
    )


def _email_field(account: Account, session: Obj) -> str:
    customer = account.find("customer", session["customer"])
    known = session["customer_email"] or (customer or {}).get("email")
    if known:
        return f'<p class="soft">{escape(known)}</p>'
    return '<label>Email<input name="email" type="email" value="buyer@example.com"></label>'


def _save_tick(session: Obj) -> str:
    options = session["saved_payment_method_options"] or {}
    if options.get("payment_method_save") != "enabled" or session["customer"] is None:
        return ""
    return (
        '<label class="tick"><input type="checkbox" name="save" value="true">'
        "Save this card for future purchases</label>"
    )


def _debit_form(session: Obj) -> str:
    if debit_kind(session) is None:
        return ""
    return (
        '<form class="panel" method="post"><b>Bank debit</b><p class="soft">The money takes a few days. '
        "It is settled or refused from the sandbox's own controls.</p>"
        '<button class="plain" name="action" value="debit">Pay by bank debit</button></form>'
    )


def _authentication(session: Obj) -> str:
    return (
        '<section class="panel"><h1>3-D Secure</h1><p>Your bank asks whether this is you.</p>'
        f'<p class="soft">{escape(_amount(session))}</p>'
        '<form method="post"><button name="action" value="complete">Complete</button>'
        '<button class="plain" name="action" value="fail">Fail</button></form></section>'
    )


def _amount(session: Obj) -> str:
    if session["mode"] == "setup":
        return "Saving a card, no charge"
    return formatted(session["amount_total"], session["currency"])


def _completed(account: Account, session: Obj) -> str:
    attempt = attempt_of(account, session)
    back = _way_back(session["success_url"], session["id"])
    if session["mode"] == "setup":
        return _note("", "✓", "Card saved", "Go back to the chat.", back)
    if session["payment_status"] == "paid":
        return _note("", "✓", f"Paid {_amount(session)}", "Payment complete, go back to the chat.", back)
    if attempt is not None and attempt["status"] == "processing":
        return _note(
            "wait", "…", "Payment on its way", "The bank needs a few days. Go back to the chat.", back
        )
    return _note("bad", "✕", "The bank refused the payment", "Ask for a new link in the chat.")


def _left(session: Obj) -> str:
    again = f'<a class="button" href="/pay/{escape(session["id"])}">Back to the payment</a>'
    back = _way_back(session["cancel_url"], session["id"]) if session["cancel_url"] else ""
    return _note("wait", "←", "Nothing was paid", "Go back to the chat.", back + again)


def _way_back(url: str, session_id: str) -> str:
    """A link for a page on this machine; for a t.me link the payload, which the script hands to the sandbox."""
    target = url.replace("{CHECKOUT_SESSION_ID}", session_id)
    parts = urlsplit(target)
    if parts.hostname in LOCAL_HOSTS:
        return f'<a class="button" id="return" data-local="{escape(target)}" href="{escape(target)}">Continue</a>'
    payload = parse_qs(parts.query).get("start")
    if parts.hostname in _TELEGRAM and payload:
        return (
            f'<div id="return" data-payload="{escape(payload[0])}" data-session="{escape(session_id)}"></div>'
        )
    return ""


def _note(kind: str, mark: str, title: str, text: str, more: str = "") -> str:
    return (
        f'<section class="panel"><div class="mark {kind}" aria-hidden="true">{mark}</div>'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{more}</section>"
    )


def _paper(title: str, rows: list[tuple[str, str]], description: str | None) -> str:
    lines = "".join(f"<li><span>{escape(name)}</span><b>{escape(value)}</b></li>" for name, value in rows)
    about = f"<p>{escape(description)}</p>" if description else ""
    return f'<section class="panel"><h1>{escape(title)}</h1>{about}<ul class="lines">{lines}</ul></section>'
