"""The product's own gateway when a customer was deleted on Stripe's pages: every refusal names him."""

from collections.abc import Awaitable, Callable

import pytest
import stripe

from billing.customers import is_gone
from billing.gateway import GatewayError
from billing.stripe_gateway import StripeGateway
from sandbox.state import Sandbox

from .actors import Browser, Client
from .conftest import KEY
from .partner import card_page, pack, plan, topup
from .test_gateway_payments import _saved


@pytest.fixture(autouse=True)
def _plans(sandbox: Sandbox) -> None:
    sandbox.stripe.seed_plans(KEY)


Ask = Callable[[StripeGateway, Sandbox, str, str], Awaitable[object]]


async def _pay(gateway: StripeGateway, sandbox: Sandbox, customer: str, card: str) -> object:
    return await gateway.create_session(gateway.checkout_params(pack(customer, sandbox.clock.now())), "k")


async def _save(gateway: StripeGateway, sandbox: Sandbox, customer: str, card: str) -> object:
    return await gateway.create_session(gateway.setup_params(card_page(customer, sandbox.clock.now())), "k")


async def _subscribe(gateway: StripeGateway, sandbox: Sandbox, customer: str, card: str) -> object:
    return await gateway.create_session(gateway.subscription_params(plan(customer, sandbox.clock.now())), "k")


async def _charge(gateway: StripeGateway, sandbox: Sandbox, customer: str, card: str) -> object:
    return await gateway.charge(gateway.charge_params(topup(customer, card)), "k")


@pytest.mark.parametrize("ask", [_pay, _save, _subscribe, _charge])
async def test_what_is_asked_for_a_deleted_customer_is_refused_for_that(
    gateway: StripeGateway, client: Client, browser: Browser, sandbox: Sandbox, ask: Ask
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    assert not await gateway.is_customer_gone(customer)

    await client.v1.customers.delete_async(customer)

    assert await gateway.is_customer_gone(customer)
    with pytest.raises(GatewayError, match="No such customer") as refusal:
        await ask(gateway, sandbox, customer, card)
    assert is_gone(refusal.value)


async def test_one_who_never_was_is_gone_too_and_another_refusal_is_something_else(
    gateway: StripeGateway, sandbox: Sandbox
) -> None:
    assert await gateway.is_customer_gone("cus_never")
    with pytest.raises(GatewayError) as refusal:
        await gateway.price("price_never")
    assert not is_gone(refusal.value)


async def test_a_customer_is_deleted_once_and_his_subscription_ends(
    gateway: StripeGateway, client: Client, browser: Browser, sandbox: Sandbox
) -> None:
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    page = await gateway.create_session(
        gateway.subscription_params(plan(customer, sandbox.clock.now())), "plan-9"
    )
    await browser.sim("pay", session=page.id)
    begun = (await gateway.fetch_session(page.id)).subscription
    assert begun is not None

    await client.v1.customers.delete_async(customer)

    assert (await gateway.fetch_subscription(begun)).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="No such customer") as refusal:
        await client.v1.customers.delete_async(customer)
    assert refusal.value.code == "resource_missing"
    events = await client.v1.events.list_async({"limit": 5})
    assert [event.type for event in events.data].count("customer.deleted") == 1
