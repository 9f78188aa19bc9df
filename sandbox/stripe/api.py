"""The API's front door: who asks, what for, whether this was answered before, and what goes wrong on the way."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox import faults as breakage
from sandbox.calls import CallLog
from sandbox.faults import Fault, Faults
from sandbox.hub import Hub
from sandbox.stripe import (
    account_api,
    checkout,
    customers,
    disputes,
    events,
    invoice_api,
    payment_intents,
    payment_methods,
    prices,
    refunds,
    setup_intents,
    subscription_api,
    webhook_endpoints,
)
from sandbox.stripe.accounts import API_VERSION, Account, Accounts, Origin, Server, check_connected, random_id
from sandbox.stripe.errors import StripeError, invalid_request, unauthorized
from sandbox.stripe.expansion import expanded
from sandbox.stripe.form import decode
from sandbox.stripe.idempotency import Answer
from sandbox.stripe.params import Params
from sandbox.stripe.passing import catch_up
from sandbox.stripe.routing import ApiRequest, Route, Router
from sandbox.stripe.spec import PublishedSpec

ROUTES: tuple[Route, ...] = (
    *account_api.ROUTES,
    *checkout.ROUTES,
    *customers.ROUTES,
    *disputes.ROUTES,
    *events.ROUTES,
    *invoice_api.ROUTES,
    *payment_intents.ROUTES,
    *payment_methods.ROUTES,
    *prices.ROUTES,
    *refunds.ROUTES,
    *setup_intents.ROUTES,
    *subscription_api.ROUTES,
    *webhook_endpoints.ROUTES,
)

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.\w+)?")
_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "
    "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or "
    "we can help at https://support.stripe.com/."
)
_RATE_LIMIT = StripeError(
    429,
    "invalid_request_error",
    "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
    code="rate_limit",
)
_SERVER_ERROR = StripeError(500, "api_error", "An unknown error occurred")
_UNANSWERED = 0
"""What the log shows as the status of a call whose connection was cut."""


class Api:
    """Answers /v1/*."""

    def __init__(
        self,
        *,
        server: Server,
        accounts: Accounts,
        calls: CallLog,
        hub: Hub,
        faults: Faults,
        spec: PublishedSpec | None,
    ) -> None:
        self._server = server
        self._accounts = accounts
        self._calls = calls
        self._hub = hub
        self._faults = faults
        self._spec = spec
        self._router = Router(ROUTES)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        found = self._router.match(request.method, request.path)
        label = found[0].label if found is not None else f"{request.method} {request.path}"
        form = await request.text() if request.method == "POST" else request.query_string
        pairs = parse_qsl(form, keep_blank_values=True)
        fault = self._faults.take("stripe", label, (value for _, value in pairs))
        exchange = _Exchange(request, label, dict(pairs), _origin(request), fault)
        self._server.base_url = f"{request.scheme}://{request.host}"
        if fault is not None and fault.kind == "drop":
            self._record(exchange, _UNANSWERED, "connection cut before any effect")
            return breakage.cut(request)
        if fault is not None and fault.kind == "429":
            self._record(exchange, 429, _RATE_LIMIT.message)
            headers = {"Retry-After": str(fault.retry_after), "Stripe-Rate-Limited-Reason": "global-rate"}
            return _response(Answer(429, {"error": _RATE_LIMIT.content()}), headers)
        try:
            params = decode(pairs)
            account = self._authenticated(request)
            _check_version(request)
            if found is None:
                raise _unknown_url(request)  # answered like every other refusal
            self._check(found[0], params)
            answer, replayed = await self._once(
                exchange, ApiRequest(account, Params(params), found[1], request.path), found[0]
            )
        except StripeError as error:
            if error.violation:
                self._calls.violation("stripe", label, error.message)
            answer, replayed = Answer(error.status, {"error": error.content()}), False
        return await self._send(exchange, answer, replayed=replayed)

    async def _once(self, exchange: "_Exchange", call: ApiRequest, route: Route) -> tuple[Answer, bool]:
        """The answer, and whether it is the stored one of an earlier request with the same key."""
        keys, fault = call.account.idempotency, exchange.fault
        key = exchange.origin.idempotency_key if exchange.request.method == "POST" else None
        if key is not None:
            stored = keys.begin(key, call.path, call.params.values, self._server.clock.now())
            if stored is not None:
                return stored, True
        answer: Answer | None = None
        try:
            if fault is not None and fault.kind == "hang":
                await asyncio.sleep(fault.seconds)
            elif fault is not None and fault.kind == "500":
                answer = Answer(500, {"error": _SERVER_ERROR.content()})
            else:
                answer = self._executed(exchange, call, route)
        finally:
            if key is not None:
                keys.finish(key, answer)
        return answer or Answer(_UNANSWERED, {}), False

    def _executed(self, exchange: "_Exchange", call: ApiRequest, route: Route) -> Answer:
        catch_up(call.account)
        expand = call.params.strings("expand") or []
        self._server.origin = exchange.origin
        try:
            return Answer(200, expanded(call.account, route.answer(call), expand))
        except StripeError as error:
            return Answer(error.status, {"error": error.content()})
        finally:
            self._server.origin = Origin()

    def _authenticated(self, request: web.Request) -> Account:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            value = _user_name(value)
        if not value:
            raise unauthorized(_NO_KEY)
        account = self._accounts.of_key(value.strip())
        check_connected(account, request.headers.get("Stripe-Account"))
        return account

    def _check(self, route: Route, params: Mapping[str, Any]) -> None:
        """Refuses the first breach of the published interface, and notes the others."""
        problems = self._spec.request_problems(route.method, route.template, params) if self._spec else []
        for problem in problems[1:]:
            self._calls.violation("stripe", route.label, problem.message)
        if problems:
            raise problems[0]

    async def _send(self, exchange: "_Exchange", answer: Answer, *, replayed: bool) -> web.StreamResponse:
        fault, request = exchange.fault, exchange.request
        if fault is not None and fault.kind in ("lost", "hang"):
            happened = "answer lost" if fault.kind == "lost" else "hung, then cut before any effect"
            self._record(exchange, _UNANSWERED, happened)
            return breakage.cut(request)
        error = answer.body.get("error", {}).get("message") if answer.status >= 400 else None
        refused = 400 <= answer.status < 500 and answer.status not in (402, 409)
        self._record(exchange, answer.status, error, refused=refused)
        if request.method != "GET":
            self._hub.publish("stripe", call=exchange.label)
        if fault is not None and fault.kind == "truncated":
            return await breakage.truncated(request, answer.status, _encoded(answer), "application/json")
        headers = {
            "Request-Id": exchange.origin.request_id or "",
            "Stripe-Version": request.headers.get("Stripe-Version", API_VERSION),
        }
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        if exchange.origin.idempotency_key:
            headers["Idempotency-Key"] = exchange.origin.idempotency_key
        return _response(answer, headers)

    def _record(
        self, exchange: "_Exchange", status: int, error: str | None, *, refused: bool = False
    ) -> None:
        self._calls.record("stripe", exchange.label, exchange.params, status, error=error, refused=refused)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request on the wire: how the log names it, its parameters undecoded, what goes wrong with it."""

    request: web.Request
    label: str
    params: Mapping[str, str]
    origin: Origin
    fault: Fault | None


def _user_name(credentials: str) -> str:
    """Of HTTP basic authentication, which curl -u sends; empty if it can't be read."""
    try:
        return base64.b64decode(credentials).decode(errors="replace").partition(":")[0]
    except binascii.Error:
        return ""


def _response(answer: Answer, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        status=answer.status, body=_encoded(answer), headers=headers, content_type="application/json"
    )


def _encoded(answer: Answer) -> bytes:
    return json.dumps(answer.body, indent=2).encode()


def _check_version(request: web.Request) -> None:
    version = request.headers.get("Stripe-Version", API_VERSION)
    if _VERSION.fullmatch(version) is None:
        raise invalid_request(f"Invalid Stripe API version: {version}")


def _unknown_url(request: web.Request) -> StripeError:
    return StripeError(
        404,
        "invalid_request_error",
        f"Unrecognized request URL ({request.method}: {request.path}). Please see https://stripe.com/docs or we can "
        "help at https://support.stripe.com/.",
        violation=True,
    )


def _origin(request: web.Request) -> Origin:
    return Origin(random_id("req", 14), request.headers.get("Idempotency-Key"))
