"""The checkout page's HTML. Everything that comes from outside passes `escape`."""

from html import escape
from urllib.parse import parse_qs, urlsplit

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.frame import alert, authentication_form, card_form, document, note
from sandbox.stripe.money import formatted
from sandbox.stripe.paying import attempt_of, awaits_authentication, debit_kind
from sandbox.stripe.prices import rhythm

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_TELEGRAM = ("t.me", "telegram.me")


def checkout_page(
    account: Account, session: Obj, nonce: str, *, left: bool = False, problem: str | None = None
) -> str:
    """The page of a session in the state it is in; `left` after the customer went away without paying.

    `problem` says why the card just typed wasn't taken; without it the last decline on record is shown.
    """
    if session["status"] == "expired":
        body = note("bad", "✕", "This payment page has expired", "Ask for a new link in the chat.")
    elif session["status"] == "complete":
        body = _completed(account, session)
    elif left:
        body = _left(session)
    elif awaits_authentication(account, session):
        body = authentication_form(_amount(session))
    else:
        body = (
            _summary(account, session)
            + alert(problem or _last_decline(account, session))
            + _forms(account, session)
        )
    return document(account, "Checkout", body, nonce)


def _summary(account: Account, session: Obj) -> str:
    if session["mode"] == "setup":
        return (
            '<section class="panel"><h1>Save a card</h1><p class="soft">Nothing is charged now. '
            f"{escape(account.profile.display_name)} may charge it later as you agree below.</p></section>"
        )
    currency = session["currency"]
    lines = "".join(
        f"<li><span>{escape(item['description'])}{_times(item)}</span>"
        f"<b>{escape(formatted(item['amount_total'], currency))}</b></li>"
        for item in account.line_items[session["id"]]
    )
    if session["automatic_tax"]["enabled"]:
        lines += "<li><span>Tax</span><b>added when you pay</b></li>"
    total = escape(_amount(session))
    if session["mode"] == "subscription":
        item = account.line_items[session["id"]][0]
        lines += f"<li><span>Due today</span><b>{total}</b></li>"
        total = f"{total} <small>{escape(rhythm(item['price']))}</small>"
    return f'<section class="panel"><p class="total">{total}</p><ul class="lines">{lines}</ul></section>'


def _times(item: Obj) -> str:
    return f" × {item['quantity']}" if item["quantity"] > 1 else ""


def _last_decline(account: Account, session: Obj) -> str | None:
    attempt = attempt_of(account, session) or {}
    error = attempt.get("last_payment_error") or attempt.get("last_setup_error")
    return str(error["message"]) if error else None


def _forms(account: Account, session: Obj) -> str:
    label = {
        "payment": f"Pay {_amount(session)}",
        "setup": "Save card",
        "subscription": "Subscribe",
    }[session["mode"]]
    save = _save_tick(session) or _agreed(account, session)
    form = card_form(
        account,
        label,
        extra=_email_field(account, session),
        below=save,
        keeps=session["mode"] != "payment",
    )
    return (
        f"{form}{_debit_form(session)}"
        '<form method="post"><button class="leave" name="action" value="leave">'
        f"Leave without {'saving' if session['mode'] == 'setup' else 'paying'}</button></form>"
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


def _agreed(account: Account, session: Obj) -> str:
    """What the customer agrees to with the button: the shop's own words, or else Stripe's."""
    shop = escape(account.profile.display_name)
    words = (session["custom_text"]["submit"] or {}).get("message")
    if words is not None:
        text = escape(words)
    elif session["mode"] == "subscription":
        text = f"By subscribing you let {shop} charge this card each period until you cancel."
    elif session["mode"] == "setup" or account.terms[session["id"]].setup_future_usage == "off_session":
        text = f"By saving this card you let {shop} charge it for future payments."
    else:
        return ""
    return f'<p class="soft agreed">{text}</p>'


def _debit_form(session: Obj) -> str:
    if debit_kind(session) is None:
        return ""
    return (
        '<form class="panel" method="post"><b>Bank debit</b><p class="soft">The money takes a few days. '
        "It is settled or refused from the sandbox's own controls.</p>"
        '<button class="plain" name="action" value="debit">Pay by bank debit</button></form>'
    )


def _amount(session: Obj) -> str:
    if session["mode"] == "setup":
        return "Saving a card, no charge"
    return formatted(session["amount_total"], session["currency"])


def _completed(account: Account, session: Obj) -> str:
    attempt = attempt_of(account, session)
    back = _way_back(session["success_url"], session["id"])
    if session["mode"] == "setup":
        return note("", "✓", "Card saved", "Go back to the chat.", back)
    if session["mode"] == "subscription":
        return note("", "✓", "Subscribed", "The first period is paid. Go back to the chat.", back)
    if session["payment_status"] == "paid":
        return note("", "✓", f"Paid {_amount(session)}", "Payment complete, go back to the chat.", back)
    if attempt is not None and attempt["status"] == "processing":
        return note(
            "wait", "…", "Payment on its way", "The bank needs a few days. Go back to the chat.", back
        )
    return note("bad", "✕", "The bank refused the payment", "Ask for a new link in the chat.")


def _left(session: Obj) -> str:
    again = f'<a class="button" href="/pay/{escape(session["id"])}">Back to this page</a>'
    back = _way_back(session["cancel_url"], session["id"]) if session["cancel_url"] else ""
    done = "saved" if session["mode"] == "setup" else "paid"
    return note("wait", "←", f"Nothing was {done}", "Go back to the chat.", back + again)


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
