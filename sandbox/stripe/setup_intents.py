"""SetupIntents: saving a card without charging it."""

from copy import deepcopy

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.cards import Decline, card_error
from sandbox.stripe.errors import StripeError
from sandbox.stripe.listing import listed
from sandbox.stripe.payment_methods import attach
from sandbox.stripe.routing import ApiRequest, Route
from sandbox.stripe.terms import SessionTerms

AUTHENTICATION_FAILED = Decline(
    "setup_intent_authentication_failure",
    None,
    None,
    "The latest attempt to set up the payment method has failed because authentication failed.",
)


def new_setup(account: Account, *, customer: str | None, terms: SessionTerms) -> Obj:
    setup_id = account.new_id("seti")
    setup = account.add(
        {
            "id": setup_id,
            "object": "setup_intent",
            "application": None,
            "automatic_payment_methods": None,
            "cancellation_reason": None,
            "client_secret": account.new_id(f"{setup_id}_secret"),
            "created": account.server.now(),
            "customer": customer,
            "description": terms.description,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": account.livemode,
            "mandate": None,
            "metadata": dict(terms.metadata),
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": "off_session",
        }
    )
    account.emit("setup_intent.created", setup)
    return setup


def confirm_setup(account: Account, setup: Obj, method: Obj, *, authenticated: bool = False) -> None:
    """Leaves it succeeded with the card kept for later charges, or requires_action; StripeError 402 if declined."""
    card = account.cards[method["id"]]
    setup |= {"payment_method": method["id"], "next_action": None, "last_setup_error": None}
    if card.authentication != "never" and not authenticated:
        setup["status"] = "requires_action"
        setup["next_action"] = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect"},
        }
        account.emit("setup_intent.requires_action", setup)
        return
    if card.decline is not None:
        raise fail_setup(account, setup, card.decline)
    setup["status"] = "succeeded"
    account.ready_off_session.add(method["id"])
    if setup["customer"] is not None:
        attach(account, method["id"], account.get("customer", setup["customer"]))
    account.emit("setup_intent.succeeded", setup)


def fail_setup(account: Account, setup: Obj, reason: Decline = AUTHENTICATION_FAILED) -> StripeError:
    """Records why the card wasn't saved and returns the 402 that tells of it."""
    error = card_error(reason)
    error.more["payment_method"] = deepcopy(account.get("payment_method", setup["payment_method"]))
    setup |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error.content(),
    }
    account.emit("setup_intent.setup_failed", setup)
    return error


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("setup_intent", request.ids["intent"], "intent")


def _list(request: ApiRequest) -> Obj:
    return listed(request, request.account.all("setup_intent"), equal=("customer", "payment_method"))


ROUTES = (
    Route("GET", "/v1/setup_intents", _list),
    Route("GET", "/v1/setup_intents/{intent}", _retrieve),
)
