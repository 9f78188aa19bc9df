"""Idempotency keys: the same request never charges twice, whatever happened to its answer."""

import asyncio
from datetime import timedelta

import pytest
import stripe

from sandbox.faults import Fault
from sandbox.state import Sandbox

from .actors import Client, charge_of, saved_card
from .conftest import Connect

_CREATE = "POST /v1/payment_intents"


async def _charges(client: Client) -> int:
    return len((await client.v1.charges.list_async()).data)


async def test_the_same_key_and_params_charge_once(client: Client) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    first = await client.v1.payment_intents.create_async(
        charge_of(customer, method), {"idempotency_key": "a1"}
    )
    second = await client.v1.payment_intents.create_async(
        charge_of(customer, method), {"idempotency_key": "a1"}
    )
    assert first.id == second.id
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert await _charges(client) == 1


async def test_a_decline_is_replayed_and_a_new_key_tries_again(client: Client) -> None:
    customer, method = await saved_card(client, "4000000000009995")
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await client.v1.payment_intents.create_async(
                charge_of(customer, method), {"idempotency_key": "a1"}
            )
    assert await _charges(client) == 1
    with pytest.raises(stripe.CardError):
        await client.v1.payment_intents.create_async(charge_of(customer, method), {"idempotency_key": "a2"})
    assert await _charges(client) == 2


async def test_other_params_under_the_same_key_are_refused(client: Client) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    await client.v1.payment_intents.create_async(charge_of(customer, method), {"idempotency_key": "a1"})
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        await client.v1.payment_intents.create_async(
            charge_of(customer, method, 2001), {"idempotency_key": "a1"}
        )
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        await client.v1.customers.create_async({}, {"idempotency_key": "a1"})
    assert await _charges(client) == 1


async def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.payment_intents.create_async(
            charge_of(customer, method, 1), {"idempotency_key": "a1"}
        )
    intent = await client.v1.payment_intents.create_async(
        charge_of(customer, method), {"idempotency_key": "a1"}
    )
    assert intent.status == "succeeded"


async def test_keys_are_forgotten_after_a_day(client: Client, sandbox: Sandbox) -> None:
    first = await client.v1.customers.create_async({}, {"idempotency_key": "c"})
    sandbox.clock.turn(timedelta(hours=24, seconds=5))
    second = await client.v1.customers.create_async({}, {"idempotency_key": "c"})
    assert first.id != second.id


async def test_accounts_do_not_share_keys(connect: Connect) -> None:
    first = await connect("sk_test_one").v1.customers.create_async({}, {"idempotency_key": "c"})
    second = await connect("sk_test_two").v1.customers.create_async({}, {"idempotency_key": "c"})
    assert first.id != second.id


async def test_a_second_request_meets_the_first_under_way(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("stripe", "POST /v1/customers", "hang", seconds=0.3))
    first = asyncio.ensure_future(client.v1.customers.create_async({}, {"idempotency_key": "c"}))
    await asyncio.sleep(0.1)
    with pytest.raises(stripe.APIError) as collision:
        await client.v1.customers.create_async({}, {"idempotency_key": "c"})
    assert collision.value.http_status == 409
    with pytest.raises(stripe.APIConnectionError):
        await first
    assert sandbox.calls.refusals == []
    await client.v1.customers.create_async({}, {"idempotency_key": "c"})
    assert len((await client.v1.customers.list_async()).data) == 1


@pytest.mark.parametrize("kind", ["lost", "drop"])
async def test_a_lost_answer_is_asked_for_again_and_charges_once(
    connect: Connect, sandbox: Sandbox, kind: str
) -> None:
    client = connect(retries=2)
    customer, method = await saved_card(client, "4242424242424242")
    sandbox.faults.add(Fault.from_json({"api": "stripe", "method": _CREATE, "kind": kind}))
    intent = await client.v1.payment_intents.create_async(charge_of(customer, method))
    assert intent.status == "succeeded"
    assert len(sandbox.calls.of("stripe", _CREATE)) == 2
    assert await _charges(client) == 1


async def test_half_an_answer_has_charged(client: Client, sandbox: Sandbox) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    sandbox.faults.add(Fault("stripe", _CREATE, "truncated"))
    with pytest.raises(Exception, match="payload"):  # the SDK lets aiohttp's own error through
        await client.v1.payment_intents.create_async(charge_of(customer, method), {"idempotency_key": "a1"})
    assert await _charges(client) == 1
    intent = await client.v1.payment_intents.create_async(
        charge_of(customer, method), {"idempotency_key": "a1"}
    )
    assert intent.status == "succeeded"
    assert await _charges(client) == 1


async def test_a_server_error_is_kept_with_its_key(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("stripe", "POST /v1/customers", "500"))
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await client.v1.customers.create_async({}, {"idempotency_key": "c"})
    assert (await client.v1.customers.list_async()).data == []


async def test_a_rate_limit_has_no_effect_and_is_no_refusal(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("stripe", "*", "429"))
    with pytest.raises(stripe.RateLimitError):
        await client.v1.customers.create_async({}, {"idempotency_key": "c"})
    await client.v1.customers.create_async({}, {"idempotency_key": "c"})
    assert len((await client.v1.customers.list_async()).data) == 1
    assert sandbox.calls.refusals == []
