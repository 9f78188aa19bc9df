"""The sandbox over HTTP, and the real Stripe SDK that talks to it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import stripe
from aiohttp import web

from billing import stripe_gateway
from billing.stripe_gateway import StripeGateway, http_client
from sandbox.app import serve
from sandbox.state import Sandbox

from .actors import Browser, Client, Receiver

KEY = "sk_test_partner"

Connect = Callable[..., Client]


@pytest.fixture(autouse=True)
def _no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "enable_telemetry", False)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox.create()


@pytest.fixture
async def base_url(sandbox: Sandbox) -> AsyncIterator[str]:
    async with serve(sandbox) as url:
        yield url


@pytest.fixture
async def connect(base_url: str) -> AsyncIterator[Connect]:
    """Makes an SDK client of a key; retries are off unless asked for, so that a test sees every answer."""
    http: Any = stripe.AIOHTTPClient(timeout=5)

    def connect(key: str = KEY, retries: int = 0) -> Client:
        return stripe.StripeClient(
            key, base_addresses={"api": base_url}, http_client=http, max_network_retries=retries
        )

    yield connect
    await http.close_async()


@pytest.fixture
def client(connect: Connect) -> Client:
    return connect()


@pytest.fixture
async def gateway(base_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StripeGateway]:
    """The partner's; its library gives up at once, so that a test sees what every answer comes to."""
    monkeypatch.setattr(stripe_gateway, "_RETRIES", 0)
    http: Any = http_client()
    yield StripeGateway(KEY, (), 1, http=http, api_url=base_url)
    await http.close_async()


@pytest.fixture
async def browser(base_url: str) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(base_url, session)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()
