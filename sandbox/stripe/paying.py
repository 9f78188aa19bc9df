"""What the customer does on the checkout page, and what the bank does afterwards."""

from dataclasses import dataclass
from typing import Literal

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.cards import Decline, card_error, card_of
from sandbox.stripe.charging import confirm, fail_authentication, settle_debit
from sandbox.stripe.customers import create_customer
from sandbox.stripe.errors import StripeError, invalid_request
from sandbox.stripe.invoices import finalize, keep, mark_paid, paid_invoice
from sandbox.stripe.params import Params
from sandbox.stripe.passing import next_invoice
from sandbox.stripe.payment_intents import new_intent
from sandbox.stripe.payment_methods import BANK_DEBITS, attach, new_bank_debit, new_card
from sandbox.stripe.setup_intents import confirm_setup, fail_setup, new_setup
from sandbox.stripe.subscriptions import new_subscription
from sandbox.stripe.taxing import add_tax
from sandbox.stripe.terms import SessionTerms

Authentication = Literal["complete", "fail"]

_FIRST_PAYMENT = SessionTerms(description="Subscription creation", setup_future_usage="off_session")
_BAD_YEAR = Decline("invalid_expiry_year", None, None, "Your card's expiration year is invalid.")
_BAD_MONTH = Decline("invalid_expiry_month", None, None, "Your card's expiration month is invalid.")
_BAD_CVC = Decline("invalid_cvc", None, None, "Your card's security code is invalid.")


@dataclass(frozen=True, slots=True)
class TypedCard:
    """A card as typed into the page. `expiry` is like 12/34 or 12 / 2034."""

    number: str
    expiry: str = "12/34"
    cvc: str = "123"


def pay_by_card(
    account: Account,
    session: Obj,
    typed: TypedCard,
    *,
    email: str | None = None,
    save: bool = False,
    authentication: Authentication | None = None,
) -> None:
    """Pays, or saves the card in setup mode. The session stays open while 3-D Secure waits and `authentication` is None.

    `save` is the customer's tick at "save for future purchases". StripeError 402 for a decline, after which the
    session takes another card; 400 if the session isn't open.
    """
    _require_open(account, session)
    method = typed_card(account, typed, _email(account, session, email))
    if save:
        method["allow_redisplay"] = "always"
    if session["mode"] == "setup":
        confirm_setup(account, _setup_of(account, session), method)
    else:
        confirm(account, _intent_of(account, session), method)
    if awaits_authentication(account, session):
        if authentication is not None:
            authenticate(account, session, authentication)
    else:
        _complete(account, session, method)


def authenticate(account: Account, session: Obj, answer: Authentication) -> None:
    """The customer's answer on the 3-D Secure page; StripeError 402 if it was failed, 400 if none is asked for."""
    _require_open(account, session)
    if not awaits_authentication(account, session):
        raise invalid_request("No authentication is pending for this Checkout Session.")
    attempt = attempt_of(account, session) or {}
    if attempt["object"] == "setup_intent":
        if answer == "fail":
            raise fail_setup(account, attempt)
        method = account.get("payment_method", attempt["payment_method"])
        confirm_setup(account, attempt, method, authenticated=True)
    else:
        if answer == "fail":
            raise fail_authentication(account, attempt)
        method = account.get("payment_method", attempt["payment_method"])
        confirm(account, attempt, method, authenticated=True)
    _complete(account, session, method)


def pay_by_debit(account: Account, session: Obj, *, email: str | None = None) -> None:
    """Completes the session unpaid; the money arrives, or not, with `settle`."""
    _require_open(account, session)
    kind = debit_kind(session)
    if kind is None:
        raise invalid_request("This Checkout Session doesn't take bank debits.")
    method = new_bank_debit(account, kind, _email(account, session, email))
    confirm(account, _intent_of(account, session), method)
    _complete(account, session, method)


def settle(account: Account, session: Obj, *, ok: bool) -> None:
    """The bank's answer to a delayed payment; StripeError 400 if none is on its way."""
    intent = account.find("payment_intent", session["payment_intent"])
    if session["status"] != "complete" or intent is None or intent["status"] != "processing":
        raise invalid_request("This Checkout Session has no payment on its way.")
    settle_debit(account, intent, ok=ok)
    if ok:
        session["payment_status"] = "paid"
        _invoice(account, session)
        account.emit("checkout.session.async_payment_succeeded", session)
    else:
        account.emit("checkout.session.async_payment_failed", session)


def debit_kind(session: Obj) -> str | None:
    """The bank debit that the page offers."""
    kinds = [kind for kind in BANK_DEBITS.values() if kind in session["payment_method_types"]]
    return kinds[0] if kinds and session["mode"] == "payment" else None


def awaits_authentication(account: Account, session: Obj) -> bool:
    attempt = attempt_of(account, session)
    return attempt is not None and attempt["status"] == "requires_action"


def attempt_of(account: Account, session: Obj) -> Obj | None:
    """The session's PaymentIntent or SetupIntent; None before the first try."""
    intent_id = session["payment_intent"] or account.attempts.get(session["id"])
    return account.find("payment_intent", intent_id) or account.find("setup_intent", session["setup_intent"])


def _require_open(account: Account, session: Obj) -> None:
    if session["status"] == "open" and session["expires_at"] > account.server.now():
        return
    happened = "has already been completed" if session["status"] == "complete" else "has expired"
    raise invalid_request(f"This Checkout Session {happened}.", code="checkout_session_not_open")


def typed_card(account: Account, typed: TypedCard, email: str | None) -> Obj:
    """A new payment method; StripeError 402 for a card that is misspelt or no longer good."""
    month, year = _checked(account, typed)
    return new_card(account, card_of(typed.number, livemode=account.livemode), month, year, email)


def _checked(account: Account, typed: TypedCard) -> tuple[int, int]:
    """Month and year of a card that is still good; StripeError 402 otherwise."""
    month_text, _, year_text = (part.strip() for part in typed.expiry.partition("/"))
    month = int(month_text) if month_text.isdecimal() else 0
    year = int(year_text) if year_text.isdecimal() else 0
    year += 2000 if year < 100 else 0
    if not 1 <= month <= 12:
        raise card_error(_BAD_MONTH)
    today = account.server.clock.now()
    if (year, month) < (today.year, today.month):
        raise card_error(_BAD_YEAR)
    if not typed.cvc.isdecimal() or len(typed.cvc) not in (3, 4):
        raise card_error(_BAD_CVC)
    return month, year


def _email(account: Account, session: Obj, typed: str | None) -> str | None:
    customer = account.find("customer", session["customer"])
    known = customer.get("email") if customer is not None else session["customer_email"]
    return known or typed or None


def _intent_of(account: Account, session: Obj) -> Obj:
    """The session's PaymentIntent, made at the first try and kept for the next ones."""
    intent = attempt_of(account, session)
    if intent is None:
        add_tax(session)
        subscribes = session["mode"] == "subscription"
        terms = _FIRST_PAYMENT if subscribes else account.terms[session["id"]]
        if session["customer"] is None and (
            session["customer_creation"] == "always"
            or terms.setup_future_usage
            or session["invoice_creation"]["enabled"]
        ):
            session["customer"] = create_customer(account, Params({}))["id"]
        intent = new_intent(
            account,
            session["amount_total"],
            session["currency"],
            customer=session["customer"],
            terms=terms,
            method_types=list(session["payment_method_types"]),
        )
        if subscribes:
            account.attempts[session["id"]] = intent["id"]
        else:
            session["payment_intent"] = intent["id"]
    return intent


def _setup_of(account: Account, session: Obj) -> Obj:
    setup = account.find("setup_intent", session["setup_intent"])
    if setup is None:
        setup = new_setup(account, customer=session["customer"], terms=account.terms[session["id"]])
        session["setup_intent"] = setup["id"]
    return setup


def _complete(account: Account, session: Obj, method: Obj) -> None:
    attempt = attempt_of(account, session)
    if attempt is None:
        raise StripeError(500, "api_error", "A Checkout Session completed without an attempt.")
    session |= {
        "status": "complete",
        "url": None,
        "customer_details": {
            "address": None,
            "business_name": None,
            "email": method["billing_details"]["email"],
            "individual_name": None,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    }
    if session["mode"] == "payment" and attempt["status"] == "succeeded":
        session["payment_status"] = "paid"
        _keep_method(account, session, method)
        _invoice(account, session)
    if session["mode"] == "subscription":
        session["payment_status"] = "paid"
        _subscribe(account, session, attempt, method)
    account.emit("checkout.session.completed", session)


def _subscribe(account: Account, session: Obj, intent: Obj, method: Obj) -> None:
    """The first period has just been paid: the subscription and its first invoice."""
    price = account.line_items[session["id"]][0]["price"]
    terms = account.terms[session["id"]]
    subscription = new_subscription(
        account,
        session["customer"],
        price,
        method=method["id"],
        metadata=dict(terms.metadata),
        about=terms.description,
    )
    if session["automatic_tax"]["enabled"]:
        subscription["automatic_tax"] |= {"enabled": True, "liability": {"type": "self"}}
    invoice = keep(
        account,
        next_invoice(account, subscription) | {"billing_reason": "subscription_create"},
        automatic=False,
    )
    subscription["latest_invoice"] = session["invoice"] = invoice["id"]
    session["subscription"] = subscription["id"]
    account.emit("customer.subscription.created", subscription)
    finalize(account, invoice, intent)
    invoice |= {"attempt_count": 1}
    mark_paid(account, invoice)


def _keep_method(account: Account, session: Obj, method: Obj) -> None:
    """Saves what the customer ticked to have saved."""
    wished = method["allow_redisplay"] == "always" and session["customer"] is not None
    if wished and method["customer"] is None and method["id"] not in account.spent:
        attach(account, method["id"], account.get("customer", session["customer"]))


def _invoice(account: Account, session: Obj) -> None:
    if session["invoice_creation"]["enabled"]:
        session["invoice"] = paid_invoice(account, session)["id"]
