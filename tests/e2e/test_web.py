"""The web server as the world meets it: health, metrics, and mail that isn't from whom it says."""

import io
import json
import time

import aiohttp
import pytest

from sandbox.stripe.delivery import signature

from .client import session_of
from .conftest import Bench
from .reading import named_points
from .shop import balance, movements, order, pays


async def test_health_and_metrics(bench: Bench) -> None:
    async with aiohttp.ClientSession(bench.bot.address) as http:
        async with http.get("/healthz") as answer:
            assert answer.status == 200
        async with http.get("/readyz") as answer:
            assert answer.status == 200
            assert all((await answer.json()).values())
        async with http.get("/metrics") as answer:
            metrics = await answer.text()
    assert "# TYPE" in metrics
    for secret in (bench.bot.stripe_key, bench.bot.settings["BOT_TOKEN"], bench.bot.settings["SECRET_KEY"]):
        assert secret not in metrics


async def test_what_isnt_from_stripe_has_no_effect(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    body = json.dumps(
        {
            "id": "evt_forged",
            "type": "checkout.session.completed",
            "livemode": False,
            "data": {"object": {"id": session_of(page)}},
        }
    ).encode()
    now, secret = int(time.time()), bench.bot.stripe_webhook_secret
    for sent, header in (
        (body, ""),
        (body, "t=1,v1=00"),
        (body, signature(body, "whsec_guessed", now)),
        (body, signature(body, secret, now - 3_600)),
        (body + b" ", signature(body, secret, now)),
        (body[: len(body) // 2], signature(body[: len(body) // 2], secret, now)),
        (b"", signature(b"", secret, now)),
        (b"\xff\xfe", signature(b"\xff\xfe", secret, now)),
        (b"[]", signature(b"[]", secret, now)),
    ):
        assert await posted(bench, "/stripe/webhook", sent, {"Stripe-Signature": header}) == 400, (
            sent,
            header,
        )
    assert (
        await posted(bench, "/stripe/webhook/guess", body, {"Stripe-Signature": signature(body, secret, now)})
        == 404
    )
    assert await posted(bench, "/stripe/webhook", b"x" * 2_000_000, {}) in (400, 413)
    assert await balance(dana) == 0


async def test_genuine_event_replayed_credits_once(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await pays(bench, page)
    paid = await dana.sees("arrived!", on=page.id)
    genuine = next(one for one in await bench.events() if one["type"] == "checkout.session.completed")
    body = json.dumps(genuine).encode()
    header = {"Stripe-Signature": signature(body, bench.bot.stripe_webhook_secret, int(time.time()))}
    for _ in range(3):
        assert await posted(bench, "/stripe/webhook", body, header) == 200
    assert await movements(dana) == {named_points(paid.text)}
    assert await balance(dana) == named_points(paid.text)


async def test_update_without_telegrams_secret_is_refused(webhook: Bench) -> None:
    dana = await webhook.customer()
    update = {
        "update_id": 1,
        "message": {
            "message_id": 1,
            "date": 1,
            "chat": {"id": dana.id, "type": "private"},
            "from": {"id": dana.id, "is_bot": False, "first_name": "Dana"},
            "text": "/menu",
        },
    }
    before = len(await dana.messages())
    for headers in (
        {},
        {"X-Telegram-Bot-Api-Secret-Token": "guess"},
        {"X-Telegram-Bot-Api-Secret-Token": "é"},
    ):
        assert await posted(webhook, "/telegram/webhook", json.dumps(update).encode(), headers) == 401
    assert await webhook.sim.unanswered() == 0
    assert len(await dana.messages()) == before


async def test_nobody_can_push_updates_to_a_bot_that_polls(polling: Bench) -> None:
    assert await posted(polling, "/telegram/webhook", b"{}", {}) == 404


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/", "/telegram", "/stripe"])
async def test_nothing_else_is_there(bench: Bench, path: str) -> None:
    async with aiohttp.ClientSession(bench.bot.address) as http, http.get(path) as answer:
        assert answer.status == 404


async def posted(bench: Bench, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status with which the bot answers."""
    async with (
        aiohttp.ClientSession(bench.bot.address) as http,
        http.post(path, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status
