"""The web server: webhooks of Telegram and Stripe, health, metrics, and whatever routers it is given."""

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

import structlog
from fastapi import APIRouter, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from billing.clock import Clock
from billing.gateway import GatewayError, VerifiedEvent
from bot.intake import Intake, MalformedUpdateError
from bot.metrics import Metrics
from storage import stripe_inbox
from storage.database import Database

logger = structlog.get_logger(__name__)

Verify: TypeAlias = Callable[[bytes, str, str | None], Awaitable[VerifiedEvent]]
"""Checks an event's signature: body, Stripe-Signature, the path's token (None: the partner of the settings).

Raises LookupError where no Stripe account is connected, GatewayError for anything but a sound, fresh signature.
"""

LARGEST_BODY: Final = 1024 * 1024
NOT_FOUND: Final = HTTPException(404)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the routes need of the process. `telegram_secret` empty: no Telegram webhook."""

    db: Database
    clock: Clock
    intake: Intake
    metrics: Metrics
    telegram_secret: str
    verify: Verify | None
    wake_events: Callable[[], None]
    checks: Callable[[], Awaitable[dict[str, bool]]]
    is_behind: Callable[[], Awaitable[bool]]
    """A restored backup: taps are answered, so it is ready, but nothing is charged or sent."""
    measure: Callable[[], Awaitable[None]]


def create_app(wiring: Wiring, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application. /docs describes the given routers, and isn't there without any."""
    docs: dict[str, Any] = (
        {} if routers else {"docs_url": None, "openapi_url": None, "swagger_ui_oauth2_redirect_url": None}
    )
    app = FastAPI(title="Addondesk", redoc_url=None, **docs)
    app.include_router(_webhooks(wiring))
    app.include_router(_health(wiring))
    for router in routers:
        app.include_router(router)
    return app


def _webhooks(wiring: Wiring) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.post("/telegram/webhook")
    async def telegram(
        request: Request, x_telegram_bot_api_secret_token: Annotated[str, Header()] = ""
    ) -> Response:
        if not wiring.telegram_secret:
            raise NOT_FOUND
        given, expected = x_telegram_bot_api_secret_token.encode(), wiring.telegram_secret.encode()
        if not secrets.compare_digest(given, expected):
            raise HTTPException(401)
        update = await _json_object(request)
        try:
            await wiring.intake.accept([update])
        except MalformedUpdateError:
            raise HTTPException(400) from None
        return Response(status_code=200)

    @router.post("/stripe/webhook")
    async def stripe(request: Request, stripe_signature: Annotated[str, Header()] = "") -> Response:
        return await _store_event(wiring, request, stripe_signature, None)

    @router.post("/stripe/webhook/{token}")
    async def partner_stripe(
        request: Request, token: str, stripe_signature: Annotated[str, Header()] = ""
    ) -> Response:
        return await _store_event(wiring, request, stripe_signature, token)

    return router


async def _store_event(wiring: Wiring, request: Request, signature: str, token: str | None) -> Response:
    """Verify the raw body, commit the event, answer. It is worked off afterwards."""
    if wiring.verify is None:
        raise NOT_FOUND
    body = await _body(request)
    try:
        event = await wiring.verify(body, signature, token)
        text = body.decode()
    except LookupError:
        raise NOT_FOUND from None
    except (GatewayError, UnicodeDecodeError) as error:
        logger.warning("stripe event refused", reason=str(error))
        raise HTTPException(400) from None
    await wiring.db.write(
        stripe_inbox.put,
        partner_id=event.partner_id,
        id=event.id,
        type=event.type,
        object_id=event.object_id,
        live=event.live,
        body=text,
        received_at=wiring.clock.now(),
    )
    wiring.metrics.stripe_events.inc()
    wiring.wake_events()
    return Response(status_code=200)


def _health(wiring: Wiring) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def alive() -> Response:
        return Response("ok", media_type="text/plain")

    @router.get("/readyz")
    async def ready() -> Response:
        checks = await wiring.checks()
        able = all(checks.values())
        # Without a database it can't be known, and isn't what has to be mended first.
        up_to_date = not (able and await wiring.is_behind())
        return JSONResponse(checks | {"books_up_to_date": up_to_date}, status_code=200 if able else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        await wiring.measure()
        return Response(wiring.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


async def _body(request: Request) -> bytes:
    """The raw body. 413 as soon as it is too large, whatever its Content-Length says."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise HTTPException(413)
    return bytes(body)


async def _json_object(request: Request) -> dict[str, Any]:
    body = await _body(request)
    try:
        value = json.loads(body)
    except ValueError:
        raise HTTPException(400) from None
    if not isinstance(value, dict):
        raise HTTPException(400)
    return value
