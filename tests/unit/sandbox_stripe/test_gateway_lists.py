"""What the product's own gateway lists of an account: everything since an instant, newest page first, marked or not."""

import datetime as dt

import pytest

from billing.gateway import Made
from billing.marks import mark
from billing.stripe_gateway import StripeGateway
from sandbox.state import Sandbox

from .actors import Browser, Client
from .conftest import KEY
from .partner import card_page, pack, plan

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


async def made(gateway: StripeGateway, since: dt.datetime | None = LONG_AGO) -> list[Made]:
    return [each async for page in gateway.made_since(since) for each in page]


async def test_pages_and_payments_are_listed_with_their_marks(
    gateway: StripeGateway, sandbox: Sandbox
) -> None:
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    page = await gateway.create_session(gateway.checkout_params(pack(customer, sandbox.clock.now())), "a")
    saving = await gateway.create_session(gateway.setup_params(card_page(customer, sandbox.clock.now())), "b")

    found = {each.id: each.metadata for each in await made(gateway)}

    assert {page.id, saving.id} <= found.keys()
    assert found[page.id] == page.metadata
    assert {"bot", "partner", "workspace", "order"} <= found[page.id].keys()
    assert "setup" in found[saving.id]


async def test_more_than_a_lists_page_is_walked_and_only_the_newest_without_an_instant(
    gateway: StripeGateway, client: Client
) -> None:
    for _ in range(103):
        await client.v1.payment_intents.create_async({"amount": 500, "currency": "usd"})

    assert len(await made(gateway)) == 103
    assert len(await made(gateway, None)) == 100


async def test_only_what_was_made_since(gateway: StripeGateway, client: Client, sandbox: Sandbox) -> None:
    await client.v1.payment_intents.create_async({"amount": 500, "currency": "usd"})
    sandbox.clock.turn(dt.timedelta(hours=1))
    later = await client.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})

    found = await made(gateway, sandbox.clock.now() - dt.timedelta(minutes=1))

    assert [each.id for each in found] == [later.id]


async def test_customers_carry_the_mark_and_deleted_ones_are_not_listed(
    gateway: StripeGateway, client: Client
) -> None:
    first, second = [await gateway.create_customer(7, 1, number, "Acme") for number in (3, 4)]
    await client.v1.customers.delete_async(first)

    (found,) = await gateway.customers_since(LONG_AGO)

    assert (found.id, found.metadata, found.live) == (second, mark(7, 1, 4), False)


@pytest.mark.parametrize("ended", [False, True])
async def test_pages_that_can_be_completed_are_listed_and_subscriptions_also_when_they_ended(
    gateway: StripeGateway, browser: Browser, client: Client, sandbox: Sandbox, ended: bool
) -> None:
    sandbox.stripe.seed_plans(KEY)
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    now = sandbox.clock.now()
    bought = await gateway.create_session(gateway.subscription_params(plan(customer, now)), "a")
    closed = await gateway.create_session(gateway.checkout_params(pack(customer, now)), "b")
    await gateway.expire_session(closed.id)
    await browser.sim("pay", session=bought.id, card="4242424242424242")
    (running,) = await gateway.subscriptions_of(customer)
    if ended:
        await client.v1.subscriptions.cancel_async(running.id)

    assert [each.id for each in await gateway.sessions_since(LONG_AGO)] == [bought.id]
    (listed,) = await gateway.subscriptions_since(LONG_AGO)
    assert (listed.id, listed.status) == (running.id, "canceled" if ended else "active")
    later = await gateway.subscriptions_since(now + dt.timedelta(days=1))
    assert len(later) == (0 if ended else 1)
