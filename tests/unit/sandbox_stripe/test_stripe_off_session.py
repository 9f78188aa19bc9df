"""Saved cards: kept with consent, charged without the customer, declined for reasons, taken away."""

import pytest
import stripe

from .actors import Browser, Client, charge_of, order, saved_card


async def test_a_saved_card_is_charged(client: Client) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    intent = await client.v1.payment_intents.create_async(charge_of(customer, method))
    assert (intent.status, intent.amount_received) == ("succeeded", 2000)
    assert intent.metadata["order"] == "A1"


@pytest.mark.parametrize(
    ("number", "code", "decline_code", "advice_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline", "try_again_later"),
        ("4000000000009995", "card_declined", "insufficient_funds", "try_again_later"),
        ("4000000000000069", "expired_card", "expired_card", "do_not_try_again"),
        ("4000000000000341", "card_declined", "generic_decline", "try_again_later"),
        ("4000002760003184", "authentication_required", "authentication_required", None),
        ("4000002500003155", "authentication_required", "authentication_required", None),
    ],
)
async def test_a_decline_names_its_reason_and_moves_no_money(
    client: Client, number: str, code: str, decline_code: str, advice_code: str | None
) -> None:
    customer, method = await saved_card(client, number)
    with pytest.raises(stripe.CardError) as refusal:
        await client.v1.payment_intents.create_async(charge_of(customer, method))
    error = refusal.value.error
    assert error is not None
    assert error.payment_intent is not None
    assert (refusal.value.http_status, refusal.value.code, error.decline_code) == (402, code, decline_code)
    assert getattr(error, "advice_code", None) == advice_code
    intent = await client.v1.payment_intents.retrieve_async(error.payment_intent.id)
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
    assert intent.last_payment_error.code == code


async def test_a_card_saved_while_paying_can_be_charged_later(client: Client, browser: Browser) -> None:
    customer = await client.v1.customers.create_async()
    session = await client.v1.checkout.sessions.create_async(
        order(customer=customer.id, payment_intent_data={"setup_future_usage": "off_session"})
    )
    await browser.sim("pay", session=session.id, card="4000002500003155", three_d_secure="complete")
    methods = await client.v1.customers.payment_methods.list_async(customer.id, {"type": "card"})
    assert [method.card.last4 for method in methods.data] == ["3155"]
    intent = await client.v1.payment_intents.create_async(charge_of(customer.id, methods.data[0].id))
    assert intent.status == "succeeded"


async def test_a_card_is_saved_without_paying(client: Client, browser: Browser) -> None:
    customer = await client.v1.customers.create_async()
    session = await client.v1.checkout.sessions.create_async(
        {
            "mode": "setup",
            "currency": "usd",
            "customer": customer.id,
            "success_url": "https://t.me/addondesk_demo_bot?start=card",
        }
    )
    page = await browser.submit(
        session.url, action="card", number="4242424242424242", expiry="12/34", cvc="123"
    )
    assert "Card saved" in page
    done = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["setup_intent"]})
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert done.setup_intent.status == "succeeded"
    intent = await client.v1.payment_intents.create_async(
        charge_of(customer.id, done.setup_intent.payment_method)
    )
    assert intent.status == "succeeded"


@pytest.mark.parametrize("ticked", [True, False])
async def test_only_a_ticked_card_is_kept(client: Client, browser: Browser, ticked: bool) -> None:
    customer = await client.v1.customers.create_async()
    session = await client.v1.checkout.sessions.create_async(
        order(customer=customer.id, saved_payment_method_options={"payment_method_save": "enabled"})
    )
    assert "Save this card" in await browser.see(session.url)
    await browser.sim("pay", session=session.id, save=ticked)
    kept = await client.v1.customers.payment_methods.list_async(customer.id)
    assert len(kept.data) == int(ticked)


async def test_a_detached_card_is_gone_for_good(client: Client) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    await client.v1.payment_methods.detach_async(method)
    assert (await client.v1.customers.payment_methods.list_async(customer)).data == []
    with pytest.raises(stripe.InvalidRequestError, match="detached from a Customer"):
        await client.v1.payment_intents.create_async(charge_of(customer, method))
    assert (await client.v1.payment_intents.list_async()).data == []


async def test_a_strangers_card_is_refused(client: Client) -> None:
    _, method = await saved_card(client, "4242424242424242")
    stranger = await client.v1.customers.create_async()
    with pytest.raises(stripe.InvalidRequestError, match="does not belong to the Customer"):
        await client.v1.payment_intents.create_async(charge_of(stranger.id, method))


async def test_on_session_three_d_secure_is_an_action_or_on_request_a_decline(
    client: Client,
) -> None:
    customer, method = await saved_card(client, "4000002760003184")
    params = charge_of(customer, method)
    del params["off_session"]
    intent = await client.v1.payment_intents.create_async(params)
    assert intent.status == "requires_action"
    assert (await client.v1.payment_intents.cancel_async(intent.id)).status == "canceled"
    with pytest.raises(stripe.CardError):
        await client.v1.payment_intents.create_async({**params, "error_on_requires_action": True})


async def test_a_succeeded_payment_cannot_be_cancelled(client: Client) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    intent = await client.v1.payment_intents.create_async(charge_of(customer, method))
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await client.v1.payment_intents.cancel_async(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"


async def test_a_card_can_change_its_mind(client: Client, browser: Browser) -> None:
    customer, method = await saved_card(client, "4242424242424242")
    await browser.sim("card", payment_method=method, card="4000000000009995")
    with pytest.raises(stripe.CardError, match="insufficient funds"):
        await client.v1.payment_intents.create_async(charge_of(customer, method))
    await browser.sim("card", payment_method=method, card="4242424242424242")
    assert (await client.v1.payment_intents.create_async(charge_of(customer, method))).status == "succeeded"
