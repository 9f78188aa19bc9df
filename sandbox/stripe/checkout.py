"""Checkout Sessions: pages on which an order is paid, a card is saved, or a subscription begins."""

from sandbox.stripe.accounts import Account, Obj
from sandbox.stripe.errors import invalid_request, missing
from sandbox.stripe.line_items import priced_items
from sandbox.stripe.listing import listed, page
from sandbox.stripe.money import check_charge, check_currency
from sandbox.stripe.params import Params
from sandbox.stripe.payment_intents import cancel_intent, terms_of
from sandbox.stripe.payment_methods import BANK_DEBITS
from sandbox.stripe.routing import ApiRequest, Route
from sandbox.stripe.taxing import automatic_tax, tax_id_collection

_SHORTEST_LIFE = 30 * 60
_LONGEST_LIFE = 24 * 60 * 60
_LEEWAY = 60
"""Seconds by which a client's clock may be behind or ahead."""
_SWITCHES = ("disabled", "enabled")
_DATA = {
    "payment": "payment_intent_data",
    "setup": "setup_intent_data",
    "subscription": "subscription_data",
}
_FOREIGN = {
    "payment": ("setup_intent_data", "subscription_data"),
    "setup": ("line_items", "payment_intent_data", "invoice_creation", "subscription_data"),
    "subscription": ("payment_intent_data", "setup_intent_data", "invoice_creation", "customer_creation"),
}
"""What a session can't have, by its mode."""
_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
_LONGEST_TEXT = 1200


def _create(request: ApiRequest) -> Obj:
    account, params = request.account, request.params
    mode = params.choice("mode", ("payment", "setup", "subscription")) or params.required_text("mode")
    _refuse_other_mode(params, mode)
    customer = _customer(account, params)
    items = [] if mode == "setup" else priced_items(account, params, mode)
    currency = items[0]["currency"] if items else _setup_currency(params)
    subtotal = sum(item["amount_subtotal"] for item in items)
    if mode != "setup":
        check_charge(subtotal, currency or "", "line_items")
    success_url = params.url("success_url")
    if success_url is None:
        raise missing("success_url")
    session_id = account.new_id(f"cs_{account.mode}", 58)
    metadata = params.metadata()
    terms = terms_of(params.group(_DATA[mode]))
    session: Obj = {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": params.group("adaptive_pricing").boolean("enabled", default=True)},
        "after_expiration": None,
        "allow_promotion_codes": params.boolean("allow_promotion_codes") or None,
        "amount_subtotal": None if mode == "setup" else subtotal,
        "amount_total": None if mode == "setup" else subtotal,
        "automatic_tax": automatic_tax(account, params, customer),
        "billing_address_collection": params.choice("billing_address_collection", ("auto", "required")),
        "cancel_url": params.url("cancel_url"),
        "client_reference_id": params.text("client_reference_id", longest=200),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": request.now,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": _custom_text(params),
        "customer": customer,
        "customer_creation": _customer_creation(params, mode, customer),
        "customer_details": None,
        "customer_email": params.text("customer_email"),
        "discounts": None if mode == "setup" else [],
        "expires_at": _expires_at(request),
        "invoice": None,
        "invoice_creation": _invoice_creation(params) if mode == "payment" else None,
        "livemode": account.livemode,
        "locale": params.text("locale"),
        "metadata": metadata,
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always" if mode == "subscription" else "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": _method_types(params, mode, currency),
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": params.group("phone_number_collection").boolean("enabled")},
        "recovered_from": None,
        "saved_payment_method_options": _saved_methods(params, mode, customer),
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.choice("submit_type", ("auto", "book", "donate", "pay", "subscribe")),
        "subscription": None,
        "success_url": success_url,
        "tax_id_collection": tax_id_collection(params, customer),
        "total_details": (
            None if mode == "setup" else {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
        ),
        "ui_mode": "hosted_page",
        "url": f"{account.server.base_url}/pay/{session_id}",
        "wallet_options": None,
    }
    account.terms[session_id] = terms
    account.line_items[session_id] = items
    return account.add(session)


def expire_session(account: Account, session: Obj) -> Obj:
    """Closes an open session for good, with the payment that was begun on it."""
    if session["status"] != "open":
        raise invalid_request(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"`{session['status']}`.",
            param="session",
        )
    session |= {"status": "expired", "url": None}
    intent = account.find("payment_intent", session["payment_intent"] or account.attempts.get(session["id"]))
    if intent is not None:
        cancel_intent(account, intent, "expired")
    account.emit("checkout.session.expired", session)
    return session


def expire_overdue(account: Account) -> None:
    """Expires what the sandbox's clock has passed."""
    for session in account.all("checkout.session"):
        if session["status"] == "open" and session["expires_at"] <= account.server.now():
            expire_session(account, session)


def _refuse_other_mode(params: Params, mode: str) -> None:
    for name in _FOREIGN[mode]:
        if params.has(name):
            raise invalid_request(f"You can not pass `{name}` in `{mode}` mode.", param=name)


def _customer(account: Account, params: Params) -> str | None:
    customer = params.text("customer")
    if customer is None:
        return None
    for other in ("customer_email", "customer_creation"):
        if params.has(other):
            raise invalid_request(
                f"You may only specify one of these parameters: customer, {other}.", param=other
            )
    account.get("customer", customer, "customer", status=400)
    return customer


def _customer_creation(params: Params, mode: str, customer: str | None) -> str | None:
    if customer is not None or mode != "payment":
        return None
    return params.choice("customer_creation", ("always", "if_required")) or "if_required"


def _setup_currency(params: Params) -> str | None:
    currency = params.text("currency")
    if currency is not None:
        return check_currency(currency)
    if not params.has("payment_method_types"):
        raise missing("currency")
    return None


def _expires_at(request: ApiRequest) -> int:
    asked = request.params.integer("expires_at")
    if asked is None:
        return request.now + _LONGEST_LIFE
    if asked < request.now + _SHORTEST_LIFE - _LEEWAY:
        raise invalid_request(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if asked > request.now + _LONGEST_LIFE + _LEEWAY:
        raise invalid_request(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return asked


def _method_types(params: Params, mode: str, currency: str | None) -> list[str]:
    """Without a wish: cards, and a bank debit where the currency has one."""
    debit = BANK_DEBITS.get(currency or "")
    offered = ["card", debit] if mode == "payment" and debit is not None else ["card"]
    wished = params.strings("payment_method_types")
    for number, kind in enumerate(wished or ()):
        takes = [code for code, debit in BANK_DEBITS.items() if debit == kind]
        if takes and currency not in takes:
            raise invalid_request(
                f"The payment method `{kind}` can only be used with the following currencies: {takes[0]}.",
                param=f"payment_method_types[{number}]",
            )
    excluded = params.strings("excluded_payment_method_types") or []
    return wished or [kind for kind in offered if kind not in excluded]


def _custom_text(params: Params) -> Obj:
    texts = params.group("custom_text")
    given = {name: texts.group(name).text("message", longest=_LONGEST_TEXT) for name in _TEXTS}
    return {name: None if message is None else {"message": message} for name, message in given.items()}


def _saved_methods(params: Params, mode: str, customer: str | None) -> Obj | None:
    if mode != "payment" or (customer is None and not params.has("saved_payment_method_options")):
        return None
    options = params.group("saved_payment_method_options")
    return {
        "allow_redisplay_filters": options.strings("allow_redisplay_filters") or ["always"],
        "payment_method_remove": options.choice("payment_method_remove", _SWITCHES) or "disabled",
        "payment_method_save": options.choice("payment_method_save", _SWITCHES),
    }


def _invoice_creation(params: Params) -> Obj:
    creation = params.group("invoice_creation")
    data = creation.group("invoice_data")
    return {
        "enabled": creation.boolean("enabled"),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": data.text("description"),
            "footer": data.text("footer"),
            "issuer": None,
            "metadata": data.metadata(),
            "rendering_options": None,
        },
    }


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("checkout.session", request.ids["session"], "session")


def _update(request: ApiRequest) -> Obj:
    session = _retrieve(request)
    session["metadata"] = request.params.metadata(before=session["metadata"])
    return session


def _expire(request: ApiRequest) -> Obj:
    return expire_session(request.account, _retrieve(request))


def _list(request: ApiRequest) -> Obj:
    sessions = request.account.all("checkout.session")
    return listed(request, sessions, equal=("status", "payment_intent", "customer", "subscription"))


def _list_items(request: ApiRequest) -> Obj:
    return page(request, request.account.line_items[_retrieve(request)["id"]])


ROUTES = (
    Route("POST", "/v1/checkout/sessions", _create),
    Route("GET", "/v1/checkout/sessions", _list),
    Route("GET", "/v1/checkout/sessions/{session}", _retrieve),
    Route("POST", "/v1/checkout/sessions/{session}", _update),
    Route("POST", "/v1/checkout/sessions/{session}/expire", _expire),
    Route("GET", "/v1/checkout/sessions/{session}/line_items", _list_items),
)
