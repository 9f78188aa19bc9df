"""The product's own gateway against the stand-in: what a plan's invoices were paid by, and what credit is left."""

import datetime as dt

import pytest

from billing.gateway import GatewayError, InvoicePayment, Invoicing, SubscriptionFacts
from billing.money import Money
from billing.stripe_gateway import StripeGateway
from sandbox.state import Sandbox

from .actors import Browser
from .conftest import KEY
from .partner import pack, plan


@pytest.fixture(autouse=True)
def _plans(sandbox: Sandbox) -> None:
    sandbox.stripe.seed_plans(KEY)


@pytest.fixture
async def begun(gateway: StripeGateway, browser: Browser, sandbox: Sandbox) -> SubscriptionFacts:
    """Business, for 29 USD a month."""
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    page = await gateway.create_session(
        gateway.subscription_params(plan(customer, sandbox.clock.now())), "plan-9"
    )
    await browser.sim("pay", session=page.id, card="4242424242424242", three_d_secure="complete")
    subscription = (await gateway.fetch_session(page.id)).subscription
    assert subscription is not None
    return await gateway.fetch_subscription(subscription)


def _sums(payments: list[InvoicePayment]) -> list[tuple[int, str | None]]:
    return [(each.paid.amount_minor, each.price) for each in payments]


async def test_every_paid_invoice_names_its_payment_price_and_page(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, begun: SubscriptionFacts
) -> None:
    (first,) = await gateway.invoice_payments(begun.id)
    assert (first.invoice, first.paid, first.price) == (
        begun.latest_invoice,
        Money(2900, "USD"),
        "price_business",
    )
    assert (first.paid_at, first.live) == (begun.created, False)
    assert first.url is not None
    assert "Total, paid" in await browser.see(first.url)
    await gateway.change_price(begun, "price_business_large", begun.created, "up")
    sandbox.clock.turn(dt.timedelta(days=32))

    payments = await gateway.invoice_payments(begun.id)

    assert _sums(payments) == [
        (2900, "price_business"),
        (7000, "price_business_large"),
        (9900, "price_business_large"),
    ]
    paid = {each.payment_intent for each in payments}
    known = await gateway.payments_since(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert paid == {payment.id for payment in known}
    assert [await gateway.subscription_behind(each.payment_intent) for each in payments] == [begun.id] * 3


async def test_a_pack_was_paid_for_no_subscription(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, begun: SubscriptionFacts
) -> None:
    request = pack(begun.customer, sandbox.clock.now(), invoicing=Invoicing.INVOICES)
    page = await gateway.create_session(gateway.checkout_params(request), "topup-7")
    await browser.sim("pay", session=page.id, card="4242424242424242")
    payment = (await gateway.fetch_session(page.id)).payment_intent
    assert payment is not None

    assert await gateway.subscription_behind(payment) is None
    assert len(await gateway.invoice_payments(begun.id)) == 1


async def test_what_a_smaller_plan_leaves_is_credit(
    gateway: StripeGateway, sandbox: Sandbox, begun: SubscriptionFacts
) -> None:
    assert await gateway.credit_of(begun.customer) is None
    large = await gateway.change_price(begun, "price_business_large", begun.created, "up")
    sandbox.clock.turn(dt.timedelta(days=10))
    preview = await gateway.preview_change(large, "price_business", sandbox.clock.now())
    await gateway.change_price(large, "price_business", preview.as_of, "down")

    assert await gateway.credit_of(begun.customer) == Money(-preview.due_now.amount_minor, "USD")
    assert len(await gateway.invoice_payments(begun.id)) == 2, "credit is no payment"


async def test_a_subscription_that_stripe_does_not_know(gateway: StripeGateway) -> None:
    with pytest.raises(GatewayError, match="resource_missing"):
        await gateway.invoice_payments("sub_nowhere")
