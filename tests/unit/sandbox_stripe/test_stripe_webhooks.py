"""Events: signed, repeated until taken, lost, doubled, out of order, and readable afterwards."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
import stripe

from sandbox.state import Sandbox

from .actors import Browser, Client, Receiver, order
from .conftest import KEY

SECRET = "whsec_known"
_COMPLETED = "checkout.session.completed"


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_payment_arrives_signed(
    client: Client, browser: Browser, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.stripe.register_webhook(receiver.url, SECRET, KEY)
    session = await client.v1.checkout.sessions.create_async(order())
    await browser.sim("pay", session=session.id)
    await _until(lambda: sandbox.stripe.idle)
    events = receiver.events(SECRET)
    (completed,) = [event for event in events if event.type == _COMPLETED]
    assert completed.data.object["id"] == session.id
    assert completed.data.object["payment_status"] == "paid"
    assert completed.livemode is False
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.events("whsec_wrong")


async def test_the_secret_is_told_once_and_only_asked_for_kinds_arrive(
    client: Client, browser: Browser, sandbox: Sandbox, receiver: Receiver
) -> None:
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": receiver.url, "enabled_events": [_COMPLETED], "api_version": "2026-10-28.endive"}
    )
    assert endpoint.secret is not None
    assert "secret" not in await client.v1.webhook_endpoints.retrieve_async(endpoint.id)
    assert [found.id for found in (await client.v1.webhook_endpoints.list_async()).data] == [endpoint.id]
    session = await client.v1.checkout.sessions.create_async(order())
    await browser.sim("pay", session=session.id)
    await _until(lambda: sandbox.stripe.idle)
    assert [event.type for event in receiver.events(endpoint.secret)] == [_COMPLETED]
    await client.v1.webhook_endpoints.delete_async(endpoint.id)
    second = await client.v1.checkout.sessions.create_async(order())
    await browser.sim("pay", session=second.id)
    await _until(lambda: sandbox.stripe.idle)
    assert len(receiver.bodies) == 1


async def test_a_refused_event_comes_again_until_taken(
    client: Client, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.stripe.deliveries.first_delay = 0.02
    sandbox.stripe.register_webhook(receiver.url, SECRET, KEY)
    receiver.answers += [500, 404]
    await client.v1.customers.create_async()
    await _until(lambda: len(receiver.bodies) == 3)
    assert len({event.id for event in receiver.events(SECRET)}) == 1
    await _until(lambda: sandbox.stripe.account(KEY).all("event")[0]["pending_webhooks"] == 0)


async def test_what_was_not_delivered_is_found_by_the_list(
    client: Client, browser: Browser, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.stripe.register_webhook(receiver.url, SECRET, KEY)
    await browser.sim("drop", events=1)
    lost = await client.v1.customers.create_async()
    await client.v1.customers.create_async()
    await _until(lambda: len(receiver.bodies) == 1)
    missed = await client.v1.events.list_async({"delivery_success": False, "types": ["customer.created"]})
    assert [event.data.object["id"] for event in missed.data] == [lost.id]
    await browser.sim("resend", event=missed.data[0].id)
    await _until(lambda: len(receiver.bodies) == 2)
    assert receiver.events(SECRET)[1].id == missed.data[0].id


async def test_a_happening_can_be_told_by_two_events(
    client: Client, browser: Browser, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.stripe.register_webhook(receiver.url, SECRET, KEY)
    await client.v1.customers.create_async()
    first = (await client.v1.events.list_async()).data[0]
    await browser.sim("resend", event=first.id, as_new=True)
    await _until(lambda: len(receiver.bodies) == 2)
    one, two = receiver.events(SECRET)
    assert one.id != two.id
    assert one.data.object["id"] == two.data.object["id"]


async def test_held_events_can_come_in_the_wrong_order(
    client: Client, browser: Browser, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.stripe.register_webhook(receiver.url, SECRET, KEY)
    await browser.sim("hold", hold=True)
    made = [(await client.v1.customers.create_async()).id for _ in range(3)]
    assert receiver.bodies == []
    await browser.sim("hold", hold=False, reverse=True)
    await _until(lambda: len(receiver.bodies) == 3)
    assert [event.data.object["id"] for event in receiver.events(SECRET)] == made[::-1]


async def test_events_are_paged_newest_first_and_gone_after_thirty_days(
    client: Client, sandbox: Sandbox
) -> None:
    for _ in range(3):
        await client.v1.customers.create_async()
    page = await client.v1.events.list_async({"limit": 2})
    assert page.has_more is True
    rest = await client.v1.events.list_async({"starting_after": page.data[1].id})
    assert len(rest.data) == 1
    assert rest.data[0].created <= page.data[1].created
    sandbox.clock.turn(timedelta(days=31))
    assert (await client.v1.events.list_async()).data == []


async def test_nothing_leaves_this_machine(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"127\.0\.0\.1"):
        await client.v1.webhook_endpoints.create_async(
            {"url": "https://shop.example/hook", "enabled_events": ["*"]}
        )


async def test_partners_never_hear_of_each_other(
    client: Client, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.stripe.register_webhook(receiver.url, SECRET, "sk_test_other")
    await client.v1.customers.create_async()
    await asyncio.sleep(0.05)
    assert receiver.bodies == []
