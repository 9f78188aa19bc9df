"""Stripe accounts: who a key belongs to, and what each account holds in each mode."""

import hashlib
import re
import secrets
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.stripe.cards import Refusals, TestCard
from sandbox.stripe.errors import StripeError, invalid_request, no_such, unauthorized
from sandbox.stripe.idempotency import IdempotencyKeys
from sandbox.stripe.terms import SessionTerms

Obj = dict[str, Any]
"""One of Stripe's objects, exactly as it is answered with nothing expanded."""

API_VERSION = "2026-10-28.endive"

_KEY = re.compile(r"(sk|rk)_(test|live)_(\w+)", re.ASCII)
_EMBEDDED_ACCOUNT = re.compile(r"51([A-Za-z0-9]{15})\w{4,}", re.ASCII)
_ALPHABET = string.ascii_letters + string.digits
_NAMES = {
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "subscription_item": "subscription item",
    "webhook_endpoint": "webhook endpoint",
}


@dataclass(slots=True)
class Profile:
    """What an account says about itself in both modes."""

    id: str
    display_name: str = "Sandbox shop"
    country: str = "US"
    default_currency: str = "usd"
    charges_enabled: bool = True
    tax: bool = True
    """Stripe Tax is set up."""


@dataclass(slots=True)
class Origin:
    """The API request under execution, which the events it causes mention."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(slots=True)
class Server:
    """What all accounts share: the time, the address under which they are reached, who publishes events."""

    clock: SandboxClock
    publish: Callable[["Account", Obj], int]
    """Takes an account and its new event, sends it to webhooks and returns to how many."""
    base_url: str = "http://127.0.0.1"
    origin: Origin = field(default_factory=Origin)

    moment: int | None = None
    """The instant at which something happens that the clock has passed already."""

    def now(self) -> int:
        """Seconds since 1970, sandbox time."""
        return int(self.clock.now().timestamp()) if self.moment is None else self.moment

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """For the length of the block it is that instant."""
        self.moment = moment
        try:
            yield
        finally:
            self.moment = None


class Account:
    """The objects of one account in one mode, by kind and id, oldest first; test and live never see each other."""

    def __init__(self, profile: Profile, server: Server, *, livemode: bool) -> None:
        self.profile = profile
        self.server = server
        self.livemode = livemode
        self.api_version = API_VERSION
        self.other_mode: Account | None = None
        self.idempotency = IdempotencyKeys()
        self.cards: dict[str, TestCard] = {}
        """How the card behind a payment method behaves."""
        self.ready_off_session: set[str] = set()
        """Payment methods whose owner agreed to later charges."""
        self.spent: set[str] = set()
        """Payment methods that were detached, or used once without a customer."""
        self.refusals = Refusals()
        """Of saved cards and subscriptions: charges that will be declined whatever the card is."""
        self.after_dunning = "canceled"
        """What a subscription becomes whose invoice nobody paid: canceled, unpaid or past_due."""
        self.attempts: dict[str, str] = {}
        """The PaymentIntent of a Checkout Session that starts a subscription, which its object doesn't show."""
        self.line_items: dict[str, list[Obj]] = {}
        self.terms: dict[str, SessionTerms] = {}
        """Both by Checkout Session."""
        self.webhook_secrets: dict[str, str] = {}
        self._objects: dict[str, dict[str, Obj]] = {}

    @property
    def mode(self) -> str:
        return "live" if self.livemode else "test"

    def new_id(self, prefix: str, length: int = 24) -> str:
        return random_id(prefix, length)

    def add(self, obj: Obj) -> Obj:
        self._objects.setdefault(obj["object"], {})[obj["id"]] = obj
        return obj

    def remove(self, obj: Obj) -> None:
        del self._objects[obj["object"]][obj["id"]]

    def all(self, kind: str) -> list[Obj]:
        """Newest first, as Stripe lists."""
        return list(reversed(self._objects.get(kind, {}).values()))

    def find(self, kind: str, object_id: str | None) -> Obj | None:
        return self._objects.get(kind, {}).get(object_id or "")

    def get(self, kind: str, object_id: str, param: str = "id", *, status: int = 404) -> Obj:
        """The object; StripeError `resource_missing` otherwise.

        `status` is 400 where the id came as a parameter; there a deleted one is missing too.
        """
        obj = self.find(kind, object_id)
        if obj is None or (status == 400 and obj.get("deleted")):
            elsewhere = self.other_mode is not None and self.other_mode.find(kind, object_id) is not None
            other = self.other_mode.mode if self.other_mode is not None and elsewhere else None
            raise no_such(_NAMES.get(kind, kind), object_id, param=param, status=status, other_mode=other)
        return obj

    def emit(self, kind: str, obj: Obj, previous: Obj | None = None) -> Obj:
        """Stores an event with a snapshot of `obj` and publishes it. `previous` holds the old values of what changed."""
        data: Obj = {"object": deepcopy(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        origin = self.server.origin
        event = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": self.api_version,
            "created": self.server.now(),
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": {"id": origin.request_id, "idempotency_key": origin.idempotency_key},
            "type": kind,
        }
        self.add(event)
        event["pending_webhooks"] = self.server.publish(self, event)
        return event


class Accounts:
    """All accounts, found by secret key.

    Any key of the right form opens an account of its own at first use. Keys that carry the same account, as real keys
    do (`sk_live_51` + the 15 characters after `acct_1` + the rest), and keys registered for one account share it.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._profiles: dict[str, Profile] = {}
        self._accounts: dict[tuple[str, bool], Account] = {}
        self._account_of_key: dict[str, str] = {}
        self._revoked: set[str] = set()

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._accounts.values()))

    def register(
        self,
        key: str,
        *,
        account: str | None = None,
        display_name: str | None = None,
        country: str | None = None,
        default_currency: str | None = None,
        charges_enabled: bool | None = None,
    ) -> Account:
        """Opens or changes the account of a key; `account` joins the key to an account that other keys have too."""
        if account is not None:
            self._account_of_key[key] = account
        opened = self.of_key(key)
        profile = opened.profile
        profile.display_name = profile.display_name if display_name is None else display_name
        profile.country = profile.country if country is None else country
        profile.default_currency = profile.default_currency if default_currency is None else default_currency
        profile.charges_enabled = profile.charges_enabled if charges_enabled is None else charges_enabled
        return opened

    def revoke(self, key: str, *, revoked: bool = True) -> None:
        """The key is answered 401 from now on, as after a roll in Stripe's dashboard."""
        if revoked:
            self._revoked.add(key)
        else:
            self._revoked.discard(key)

    def of_key(self, key: str) -> Account:
        """StripeError 401 for a key that isn't one, or is revoked."""
        match = _KEY.fullmatch(key)
        if key.startswith("pk_"):
            raise unauthorized(
                "This API call cannot be made with a publishable API key. Please use a secret API key. You can find "
                "a list of your API keys at https://dashboard.stripe.com/account/apikeys."
            )
        if match is None:
            raise unauthorized(f"Invalid API Key provided: {_masked(key)}")
        if key in self._revoked:
            raise unauthorized(f"Expired API Key provided: {_masked(key)}")
        account_id = self._account_of_key.get(key) or _account_id(key, match[3])
        self._account_of_key[key] = account_id
        return self._opened(account_id, livemode=match[2] == "live")

    def holding(self, kind: str, object_id: str) -> tuple[Account, Obj]:
        """Whose object this is, whatever the account; StripeError 404 if nobody's."""
        for account in self:
            obj = account.find(kind, object_id)
            if obj is not None:
                return account, obj
        raise no_such(_NAMES.get(kind, kind), object_id, param="id")

    def _opened(self, account_id: str, *, livemode: bool) -> Account:
        account = self._accounts.get((account_id, livemode))
        if account is None:
            profile = self._profiles.setdefault(account_id, Profile(account_id))
            account = self._accounts[account_id, livemode] = Account(profile, self._server, livemode=livemode)
            other = self._accounts.get((account_id, not livemode))
            if other is not None:
                account.other_mode, other.other_mode = other, account
        return account


def random_id(prefix: str, length: int) -> str:
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


def deleted(obj: Obj) -> Obj:
    return {"id": obj["id"], "object": obj["object"], "deleted": True}


def require_charges_enabled(account: Account) -> None:
    if not account.profile.charges_enabled:
        raise invalid_request(
            "Your account cannot currently make live charges. If you are the site owner, please activate your account."
        )


def check_connected(account: Account, named: str | None) -> None:
    """StripeError 403 if the Stripe-Account header names another account than the key's."""
    if named is not None and named != account.profile.id:
        raise StripeError(
            403,
            "invalid_request_error",
            f"The provided key does not have access to account '{named}' (or that account does not exist). "
            "Application access may have been revoked.",
            code="account_invalid",
        )


def _account_id(key: str, secret_part: str) -> str:
    embedded = _EMBEDDED_ACCOUNT.fullmatch(secret_part)
    if embedded is not None:
        return f"acct_1{embedded[1]}"
    return f"acct_1{hashlib.sha256(key.encode()).hexdigest()[:15]}"


def _masked(key: str) -> str:
    return f"{key[:8]}{'*' * 16}{key[-4:]}" if len(key) > 16 else "*" * len(key)
