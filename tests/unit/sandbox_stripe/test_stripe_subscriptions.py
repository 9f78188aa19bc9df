"""Subscriptions, their invoices and saved cards, refused and told as Stripe refuses and tells."""

import datetime as dt
from typing import Any

import pytest
import stripe

from sandbox.state import Sandbox
from sandbox.stripe.cards import CARDS

from .actors import Browser, Client, charge_of, order
from .conftest import KEY

BACK = "https://t.me/addondesk_demo_bot?start=plan"
PROMPT = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}


@pytest.fixture(autouse=True)
def _plans(sandbox: Sandbox) -> None:
    sandbox.stripe.seed_plans(KEY)


def _page(**more: Any) -> Any:
    return {
        "mode": "subscription",
        "line_items": [{"price": "price_business", "quantity": 1}],
        "success_url": BACK,
        **more,
    }


async def _subscribed(client: Client, browser: Browser) -> Any:
    session = await client.v1.checkout.sessions.create_async(_page())
    await browser.sim("pay", session=session.id)
    done = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["subscription"]})
    return done.subscription


def _to(subscription: Any, price: str) -> Any:
    return [{"id": subscription["items"].data[0].id, "price": price}]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (order(line_items=[{"price": "price_business", "quantity": 1}]), "passed a recurring price"),
        ({**order(), "mode": "subscription"}, "at least one recurring price in `subscription` mode"),
        (_page(payment_intent_data={"description": "x"}), "can not pass `payment_intent_data`"),
        (_page(line_items=[{"price": "price_none", "quantity": 1}]), "No such price: 'price_none'"),
        (_page(custom_text={"submit": {"message": "x" * 1201}}), "at most 1200 characters"),
    ],
)
async def test_a_page_that_makes_no_sense_is_refused(client: Client, params: Any, said: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=said):
        await client.v1.checkout.sessions.create_async(params)


async def test_a_price_no_longer_sold_begins_no_subscription(client: Client) -> None:
    await client.v1.prices.update_async("price_business", {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="price specified is inactive"):
        await client.v1.checkout.sessions.create_async(_page())


async def test_a_change_that_makes_no_sense_is_refused(client: Client, browser: Browser) -> None:
    subscription = await _subscribed(client, browser)
    product = await client.v1.products.create_async({"name": "Business in euros"})
    monthly = {"product": product.id, "unit_amount": 500, "recurring": {"interval": "month"}}
    euros = await client.v1.prices.create_async({**monthly, "currency": "eur"})
    once = await client.v1.prices.create_async({"product": product.id, "unit_amount": 500, "currency": "usd"})
    for change, said in (
        ({"items": _to(subscription, euros.id), **PROMPT}, "only supports `eur`"),
        ({"items": _to(subscription, once.id), **PROMPT}, "type=one_time"),
        ({"items": [{"id": "si_none", "price": "price_business_lite"}], **PROMPT}, "si_none"),
        (
            {"items": _to(subscription, "price_business_lite"), "proration_date": 1_600_000_000, **PROMPT},
            "outside of current subscription period",
        ),
        (
            {"items": _to(subscription, "price_business_lite"), "metadata": {"a": "b"}, **PROMPT},
            "`metadata` is not supported",
        ),
    ):
        with pytest.raises(stripe.InvalidRequestError, match=said):
            await client.v1.subscriptions.update_async(subscription.id, change)
    assert len((await client.v1.invoices.list_async({"subscription": subscription.id})).data) == 1


async def test_an_ended_subscription_stays_ended(client: Client, browser: Browser) -> None:
    subscription = await _subscribed(client, browser)
    assert (await client.v1.subscriptions.cancel_async(subscription.id)).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription") as refusal:
        await client.v1.subscriptions.cancel_async(subscription.id)
    assert refusal.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription can only update"):
        await client.v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    assert (await client.v1.subscriptions.list_async()).data == []
    assert len((await client.v1.subscriptions.list_async({"status": "all"})).data) == 1


async def test_a_paid_invoice_tells_its_payment_and_is_not_paid_again(
    client: Client, browser: Browser
) -> None:
    subscription = await _subscribed(client, browser)
    invoice = await client.v1.invoices.retrieve_async(subscription.latest_invoice, {"expand": ["payments"]})
    assert (invoice.status, invoice.billing_reason, invoice.amount_paid) == (
        "paid",
        "subscription_create",
        2900,
    )
    assert invoice.parent.subscription_details.subscription == subscription.id
    payment = invoice.payments.data[0].payment.payment_intent
    assert (await client.v1.payment_intents.retrieve_async(payment)).amount_received == 2900
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await client.v1.invoices.pay_async(invoice.id)
    assert refusal.value.code == "invoice_already_paid"


async def test_an_overdue_invoice_is_paid_by_the_api_once_the_card_pays_again(
    client: Client, browser: Browser, sandbox: Sandbox
) -> None:
    subscription = await _subscribed(client, browser)
    await browser.sim("next_invoice", subscription=subscription.id, outcome="given_up")
    sandbox.clock.turn(dt.timedelta(days=32))
    overdue = await client.v1.subscriptions.retrieve_async(subscription.id)
    with pytest.raises(stripe.CardError):
        await client.v1.invoices.pay_async(overdue.latest_invoice)
    await browser.sim("next_invoice", subscription=subscription.id, outcome="paid")
    assert (await client.v1.invoices.pay_async(overdue.latest_invoice)).status == "paid"
    assert (await client.v1.subscriptions.retrieve_async(subscription.id)).status == "active"


async def test_a_yearly_price_begins_a_year_at_once(client: Client, browser: Browser) -> None:
    product = await client.v1.products.create_async({"name": "Business, yearly"})
    yearly = await client.v1.prices.create_async(
        {
            "product": product.id,
            "unit_amount": 29_000,
            "currency": "usd",
            "recurring": {"interval": "year"},
        }
    )
    subscription = await _subscribed(client, browser)
    items = _to(subscription, yearly.id)
    changed = await client.v1.subscriptions.update_async(
        subscription.id, {"items": items, **PROMPT, "expand": ["latest_invoice"]}
    )
    item = changed["items"].data[0]
    assert 364 <= (item.current_period_end - item.current_period_start) / 86_400 <= 366
    assert 26_000 <= changed.latest_invoice.amount_paid <= 26_200


async def test_a_year_from_the_last_of_january_keeps_the_last_day(
    client: Client, browser: Browser, sandbox: Sandbox
) -> None:
    sandbox.clock.turn_to(dt.datetime(sandbox.clock.now().year + 1, 1, 31, 12, tzinfo=dt.UTC))
    subscription = await _subscribed(client, browser)
    ends = []
    for _ in range(4):
        item = (await client.v1.subscriptions.retrieve_async(subscription.id))["items"].data[0]
        end = dt.datetime.fromtimestamp(item.current_period_end, dt.UTC)
        ends.append((end.month, end.day))
        sandbox.clock.turn_to(end)
    assert ends[0] in {(2, 28), (2, 29)}
    assert ends[1:] == [(3, 31), (4, 30), (5, 31)]


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.label)
async def test_every_test_card_is_saved_or_says_why_not(client: Client, browser: Browser, card: Any) -> None:
    customer = await client.v1.customers.create_async()
    session = await client.v1.checkout.sessions.create_async(
        {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": BACK}
    )
    page = await browser.submit(session.url, action="card", number=card.number, expiry="12/34", cvc="123")
    if card.authentication != "never":
        assert "Your bank asks" in page
        page = await browser.submit(session.url, action="complete")
    kept = (await client.v1.customers.payment_methods.list_async(customer.id)).data
    if card.decline is not None:
        assert card.decline.message.replace("'", "&#x27;") in page
        assert kept == []
    else:
        assert "Card saved" in page
        assert [method.card.last4 for method in kept] == [card.last4]


@pytest.mark.parametrize(
    "code", ["insufficient_funds", "lost_card", "expired_card", "authentication_required"]
)
async def test_a_saved_card_can_be_told_to_decline_once_or_always(
    client: Client, browser: Browser, code: str
) -> None:
    customer = await client.v1.customers.create_async()
    method = await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": customer.id})
    await browser.sim("decline", payment_method=method.id, code=code)
    with pytest.raises(stripe.CardError) as refusal:
        await client.v1.payment_intents.create_async(charge_of(customer.id, method.id))
    assert refusal.value.error is not None
    assert refusal.value.error.decline_code == code
    assert (
        await client.v1.payment_intents.create_async(charge_of(customer.id, method.id))
    ).status == "succeeded"
    await browser.sim("decline", payment_method=method.id, code=code, always=True)
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await client.v1.payment_intents.create_async(charge_of(customer.id, method.id))
    unknown = await browser.sim("decline", payment_method=method.id, code="too_green")
    assert unknown["status_code"] == 400
