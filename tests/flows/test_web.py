"""What the web server takes in is committed before it is answered; what it shouldn't take is refused."""

import asyncio
import datetime as dt
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from fastapi import APIRouter
from sqlalchemy import select

from billing.gateway import GatewayError, VerifiedEvent
from bot.intake import Intake
from bot.metrics import Metrics
from bot.server import WebServer, bind
from bot.upkeep import measure
from bot.web import LARGEST_BODY, Wiring, create_app
from bot.worker import Worker
from storage.database import Database, Tx
from storage.models import Base, StripeEvent, TelegramUpdate

BOT = 7
SECRET = "s3cret-of-the-webhook"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
EVENT = VerifiedEvent(1, "evt_1", "checkout.session.completed", "cs_1", live=False)


class Clock:
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


@dataclass
class Site:
    """A running server; `url` of its root."""

    url: str
    db: Database
    http: aiohttp.ClientSession = field(init=False)
    healthy: dict[str, bool] = field(default_factory=lambda: {"database": True})
    behind: bool = False
    woken: int = 0

    async def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
        async with self.http.post(self.url + path, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status

    async def get(self, path: str) -> tuple[int, str]:
        async with self.http.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def rows(self, table: type[Base]) -> list[Any]:
        def query(tx: Tx) -> list[Any]:
            return [row._asdict() for row in tx.conn.execute(select(table.__table__))]

        return await self.db.read(query)


async def verify(payload: bytes, signature: str, token: str | None) -> VerifiedEvent:
    if token not in (None, "known"):
        raise LookupError(token)
    if signature != "sound":
        raise GatewayError("signature", "no secret fits")
    return EVENT


@pytest.fixture
def options() -> dict[str, Any]:
    return {}


@pytest.fixture
async def site(database: Database, options: dict[str, Any]) -> AsyncIterator[Site]:
    await database.write(lambda tx: Base.metadata.create_all(tx.conn))
    clock, metrics = Clock(), Metrics()

    async def handle(_update: dict[str, Any], _tap: str) -> None:
        """Nothing to do."""

    worker = Worker(database, clock, BOT, "one", handle, metrics=metrics)

    running = Site("", database)

    async def checks() -> dict[str, bool]:
        return running.healthy

    def wake() -> None:
        running.woken += 1

    async def is_behind() -> bool:
        return running.behind

    values: dict[str, Any] = {"telegram_secret": SECRET, "verify": verify, **options}
    routers = values.pop("routers", ())
    wiring = Wiring(
        db=database,
        clock=clock,
        intake=Intake(worker),
        metrics=metrics,
        wake_events=wake,
        checks=checks,
        is_behind=is_behind,
        measure=lambda: measure(database, clock, BOT, metrics),
        **values,
    )
    server = WebServer(create_app(wiring, routers), bind("127.0.0.1", 0))
    async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as http:
        serving = group.create_task(server.run())
        group.create_task(worker.run())
        running.url, running.http = f"http://127.0.0.1:{server.port}", http
        yield running
        server.stop()
        await serving
        await worker.stop()


def update(update_id: int) -> bytes:
    return json.dumps({"update_id": update_id, "message": {"chat": {"id": 5}, "text": "hi"}}).encode()


async def test_an_update_is_in_the_inbox_when_telegram_is_answered(site: Site) -> None:
    assert await site.post("/telegram/webhook", update(1), HEADERS) == 200
    assert await site.post("/telegram/webhook", update(1), HEADERS) == 200  # sent again
    (row,) = await site.rows(TelegramUpdate)
    assert (row["bot_id"], row["update_id"], row["chat_id"]) == (BOT, 1, 5)
    assert json.loads(row["body"]) == json.loads(update(1))


async def test_updates_of_others_are_refused(site: Site) -> None:
    assert await site.post("/telegram/webhook", update(1)) == 401
    for wrong in ("", SECRET[:-1], SECRET + "x"):
        assert await site.post("/telegram/webhook", update(1), {**HEADERS, next(iter(HEADERS)): wrong}) == 401
    for body in (b"", b"[1]", b"{", b"{}", b'{"update_id":"1"}', b'{"update_id":true}', b"\xff\xfe"):
        assert await site.post("/telegram/webhook", body, HEADERS) == 400
    assert await site.post("/telegram/webhook", b" " * (LARGEST_BODY + 1), HEADERS) == 413
    assert (await site.get("/telegram/webhook"))[0] == 405
    assert await site.rows(TelegramUpdate) == []


@pytest.mark.parametrize("options", [{"telegram_secret": ""}])
async def test_without_a_secret_there_is_no_telegram_webhook(site: Site) -> None:
    assert await site.post("/telegram/webhook", update(1), {next(iter(HEADERS)): ""}) == 404
    assert await site.rows(TelegramUpdate) == []


async def test_a_verified_event_is_stored_once_and_worked_off_at_once(site: Site) -> None:
    for path in ("/stripe/webhook", "/stripe/webhook", "/stripe/webhook/known"):
        assert await site.post(path, b'{"id": "evt_1"}', {"Stripe-Signature": "sound"}) == 200
    (row,) = await site.rows(StripeEvent)
    assert (row["partner_id"], row["id"], row["object_id"], row["live"]) == (1, "evt_1", "cs_1", False)
    assert row["body"] == '{"id": "evt_1"}'
    assert row["done_at"] is None
    assert site.woken == 3


async def test_events_that_are_not_sound_are_refused(site: Site) -> None:
    assert await site.post("/stripe/webhook", b"{}", {"Stripe-Signature": "forged"}) == 400
    assert await site.post("/stripe/webhook", b"{}") == 400
    assert await site.post("/stripe/webhook", b"\xff", {"Stripe-Signature": "sound"}) == 400
    assert await site.post("/stripe/webhook/unknown", b"{}", {"Stripe-Signature": "sound"}) == 404
    assert await site.post("/stripe/webhook", b" " * (LARGEST_BODY + 1), {"Stripe-Signature": "sound"}) == 413
    assert await site.rows(StripeEvent) == []
    assert site.woken == 0


@pytest.mark.parametrize("options", [{"verify": None}])
async def test_without_stripe_there_is_no_stripe_webhook(site: Site) -> None:
    assert await site.post("/stripe/webhook", b"{}", {"Stripe-Signature": "sound"}) == 404
    assert await site.post("/stripe/webhook/known", b"{}", {"Stripe-Signature": "sound"}) == 404


async def test_health_says_what_fails(site: Site) -> None:
    assert await site.get("/healthz") == (200, "ok")
    assert await site.get("/readyz") == (200, '{"database":true,"books_up_to_date":true}')
    site.healthy = {"database": True, "intake": False}
    assert (await site.get("/readyz"))[0] == 503
    assert (await site.get("/healthz"))[0] == 200


async def test_a_restored_backup_is_ready_for_taps_and_says_what_it_is(site: Site) -> None:
    site.behind = True
    assert await site.get("/readyz") == (200, '{"database":true,"books_up_to_date":false}')


async def test_metrics_count_and_show_what_waits(site: Site) -> None:
    await site.post("/telegram/webhook", update(1), HEADERS)
    await site.post("/stripe/webhook", b"{}", {"Stripe-Signature": "sound"})
    status, page = await site.get("/metrics")
    assert status == 200
    lines = page.splitlines()
    assert "addondesk_updates_received_total 1.0" in lines
    assert 'addondesk_waiting{kind="events"} 1.0' in lines
    assert any(line.startswith('addondesk_lag_seconds{kind="events"}') for line in lines)


async def test_no_docs_without_an_api(site: Site) -> None:
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert (await site.get(path))[0] == 404


_api = APIRouter(prefix="/v1")


@_api.get("/ping")
async def ping() -> str:
    return "pong"


@pytest.mark.parametrize("options", [{"routers": [_api]}])
async def test_the_docs_describe_the_api_alone(site: Site) -> None:
    status, page = await site.get("/openapi.json")
    assert status == 200
    assert list(json.loads(page)["paths"]) == ["/v1/ping"]


def test_a_taken_port_is_said_plainly() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(OSError, match="LISTEN_PORT") as raised:
        bind("127.0.0.1", taken.getsockname()[1])
    assert "in use" in str(raised.value)
