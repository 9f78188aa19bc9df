"""What every page of the stand-in's is built from. Everything that comes from outside passes `escape`."""

import secrets
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from sandbox.stripe.accounts import Account
from sandbox.stripe.cards import CARDS

PAYS = "4242424242424242"
_PAYING = (
    PAYS,
    "4000000000000002",
    "4000000000009995",
    "4000000000000069",
    "4000002500003155",
    "4000002760003184",
    "4000000000000341",
    "4000000000000259",
)
_KEPT = (
    PAYS,
    "4000000000000002",
    "4000002500003155",
    "4000002760003184",
    "4000000000000341",
    "4000990000000012",
    "4000990000000020",
    "4000990000000038",
    "4000990000000046",
    "4000990000000053",
)
"""Where a card is saved, what matters is how it ends later."""


def content_security_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'"
    )


def missing_page(nonce: str) -> str:
    return _html(
        "Not found", note("bad", "?", "There is no such page", "The link may be incomplete."), "", nonce
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


def note(kind: str, mark: str, title: str, text: str, more: str = "") -> str:
    return (
        f'<section class="panel"><div class="mark {kind}" aria-hidden="true">{mark}</div>'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{more}</section>"
    )


def alert(problem: str | None) -> str:
    return f'<div class="alert" role="alert">{escape(problem)}</div>' if problem else ""


def card_form(account: Account, label: str, *, extra: str = "", below: str = "", keeps: bool = False) -> str:
    """The form that takes a card. `extra` stands above the number, `below` above the button; both are HTML."""
    shown: Sequence[str] = _KEPT if keeps else _PAYING
    cards = "".join(
        f'<button type="button" data-number="{number}" aria-pressed="{str(number == PAYS).lower()}">'
        f"<span>{escape(CARDS[number].label)}</span><code>… {CARDS[number].last4}</code></button>"
        for number in shown
    )
    year = account.server.clock.now().year % 100 + 3
    return (
        '<form class="panel" id="card" method="post" autocomplete="off">'
        f'<div class="cards" role="group" aria-label="Test cards">{cards}</div>{extra}'
        '<label>Card number<input name="number" inputmode="numeric" required value="4242 4242 4242 4242"></label>'
        '<div class="pair">'
        f'<label>Expiry<input name="expiry" required placeholder="MM / YY" value="12 / {year}"></label>'
        '<label>CVC<input name="cvc" inputmode="numeric" required maxlength="4" value="123"></label></div>'
        f'{below}<button name="action" value="card">{escape(label)}</button></form>'
    )


def authentication_form(about: str) -> str:
    """3-D Secure, played."""
    return (
        '<section class="panel"><h1>3-D Secure</h1><p>Your bank asks whether this is you.</p>'
        f'<p class="soft">{escape(about)}</p>'
        '<form method="post"><button name="action" value="complete">Complete</button>'
        '<button class="plain" name="action" value="fail">Fail</button></form></section>'
    )
