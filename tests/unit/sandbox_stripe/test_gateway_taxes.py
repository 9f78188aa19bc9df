"""The product's own gateway against the stand-in: invoices with company, tax id and tax (R27, R29, R30)."""

import datetime as dt

import pytest

from billing.gateway import TAX_REFUSED, GatewayError, Invoicing, SessionFacts
from billing.money import Money
from billing.stripe_gateway import StripeGateway
from sandbox.state import Sandbox

from .actors import Browser
from .conftest import KEY
from .partner import pack, plan


@pytest.fixture(autouse=True)
def _plans(sandbox: Sandbox) -> None:
    sandbox.stripe.seed_plans(KEY)


async def _customer(gateway: StripeGateway) -> str:
    return await gateway.create_customer(7, 1, 3, "Acme")


async def _paid(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, invoicing: Invoicing, *, save: bool = False
) -> SessionFacts:
    """Fifty points for 40 USD."""
    request = pack(await _customer(gateway), sandbox.clock.now(), invoicing=invoicing, save_card=save)
    page = await gateway.create_session(gateway.checkout_params(request), "order-7")
    await browser.sim("pay", session=page.id, card="4242424242424242", three_d_secure="complete")
    return await gateway.fetch_session(page.id)


@pytest.mark.parametrize(
    ("invoicing", "total"), [(Invoicing.OFF, 4000), (Invoicing.INVOICES, 4000), (Invoicing.TAX, 4800)]
)
@pytest.mark.parametrize("save", [False, True])
async def test_what_was_ordered_is_before_tax_and_what_was_paid_is_with_it(
    gateway: StripeGateway,
    browser: Browser,
    sandbox: Sandbox,
    invoicing: Invoicing,
    total: int,
    *,
    save: bool,
) -> None:
    paid = await _paid(gateway, browser, sandbox, invoicing, save=save)

    assert paid.paid
    assert (paid.subtotal, paid.total) == (Money(4000, "USD"), Money(total, "USD"))
    assert sandbox.calls.violations == []


@pytest.mark.parametrize(
    ("invoicing", "paper"),
    [(Invoicing.OFF, "Receipt"), (Invoicing.INVOICES, "Invoice"), (Invoicing.TAX, "Tax")],
)
async def test_the_link_is_the_invoices_where_there_is_one(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, invoicing: Invoicing, paper: str
) -> None:
    paid = await _paid(gateway, browser, sandbox, invoicing)

    assert paid.receipt_url is not None
    assert paper in await browser.see(paid.receipt_url)


async def test_what_goes_back_is_counted_against_what_was_paid_with_tax(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    paid = await _paid(gateway, browser, sandbox, Invoicing.TAX)
    assert paid.payment_intent is not None
    await gateway.refund(paid.payment_intent, 2400, "refund-1", {})

    back = await gateway.reversals(paid.payment_intent)

    assert (back.amount, back.gone_minor) == (Money(4800, "USD"), 2400)


async def test_a_subscription_pays_tax_with_every_invoice(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    """Business for 29 USD a month before tax; then Large for 99."""
    request = plan(await _customer(gateway), sandbox.clock.now(), invoicing=Invoicing.TAX)
    page = await gateway.create_session(gateway.subscription_params(request), "plan-9")
    await browser.sim("pay", session=page.id, card="4242424242424242", three_d_secure="complete")
    subscription = (await gateway.fetch_session(page.id)).subscription
    assert subscription is not None
    begun = await gateway.fetch_subscription(subscription)
    preview = await gateway.preview_change(begun, "price_business_large", begun.created)
    await gateway.change_price(begun, "price_business_large", begun.created, "up")
    sandbox.clock.turn(dt.timedelta(days=32))

    paid = [each.paid.amount_minor for each in await gateway.invoice_payments(subscription)]

    assert paid == [3480, 8400, 11_880]
    assert preview.due_now == Money(8400, "USD")
    assert sandbox.calls.violations == []


@pytest.mark.parametrize("of_plan", [False, True])
async def test_an_account_without_stripe_tax_refuses_pages_with_tax_and_only_those(
    gateway: StripeGateway, sandbox: Sandbox, *, of_plan: bool
) -> None:
    sandbox.stripe.account(KEY).profile.tax = False
    customer, now = await _customer(gateway), sandbox.clock.now()

    def page(invoicing: Invoicing) -> dict[str, object]:
        if of_plan:
            return gateway.subscription_params(plan(customer, now, invoicing=invoicing))
        return gateway.checkout_params(pack(customer, now, invoicing=invoicing))

    with pytest.raises(GatewayError) as refusal:
        await gateway.create_session(page(Invoicing.TAX), "with-tax")
    assert refusal.value.code == TAX_REFUSED

    assert (await gateway.create_session(page(Invoicing.INVOICES), "without")).status == "open"


async def test_another_refusal_of_a_page_with_tax_keeps_its_own_reason(
    gateway: StripeGateway, sandbox: Sandbox
) -> None:
    request = pack("cus_gone", sandbox.clock.now(), invoicing=Invoicing.TAX)

    with pytest.raises(GatewayError) as refusal:
        await gateway.create_session(gateway.checkout_params(request), "order-7")

    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "customer")
