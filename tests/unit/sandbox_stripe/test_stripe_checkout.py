"""A customer pays on the checkout page, and the SDK sees what a partner's money depends on."""

from datetime import timedelta

import pytest
import stripe

from sandbox.state import Sandbox
from sandbox.stripe import Return

from .actors import Browser, Client, order


async def test_a_paid_session_tells_amount_reference_and_receipt(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order(4000))
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 4000)
    assert session.payment_intent is None

    page = await browser.submit(
        session.url, action="card", number="4242 4242 4242 4242", expiry="12/34", cvc="123"
    )
    assert "Paid $40.00" in page

    paid = await client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    assert (paid.status, paid.payment_status, paid.client_reference_id) == ("complete", "paid", "7F3K")
    assert paid.url is None
    charge = paid.payment_intent.latest_charge
    assert (charge.amount, charge.currency, charge.paid) == (4000, "usd", True)
    assert paid.line_items.data[0].description == "50 points"
    assert "$40.00" in await browser.see(charge.receipt_url)


async def test_a_double_submit_pays_once(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    form = {"action": "card", "number": "4242424242424242", "expiry": "12/34", "cvc": "123"}
    await browser.submit(session.url, **form)
    await browser.submit(session.url, **form)
    assert len((await client.v1.charges.list_async()).data) == 1


async def test_a_declined_card_leaves_the_page_open_for_another(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    page = await browser.submit(
        session.url, action="card", number="4000000000009995", expiry="12/34", cvc="123"
    )
    assert "Your card has insufficient funds." in page
    again = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (again.status, again.payment_status) == ("open", "unpaid")
    await browser.submit(session.url, action="card", number="4242424242424242", expiry="12/34", cvc="123")
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == "paid"
    assert len((await client.v1.payment_intents.list_async()).data) == 1


@pytest.mark.parametrize(
    ("number", "expiry", "cvc", "said"),
    [
        ("4242424242424241", "12/34", "123", "card number is incorrect"),
        ("4242424242424242", "13/34", "123", "expiration month is invalid"),
        ("4242424242424242", "12/20", "123", "expiration year is invalid"),
        ("4242424242424242", "12/34", "1", "security code is invalid"),
        ("4000056655665556", "12/34", "123", "used a non test card"),
    ],
)
async def test_a_mistyped_card_charges_nothing(
    client: Client, browser: Browser, number: str, expiry: str, cvc: str, said: str
) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    page = await browser.submit(session.url, action="card", number=number, expiry=expiry, cvc=cvc)
    assert said in page
    assert (await client.v1.charges.list_async()).data == []


@pytest.mark.parametrize(("answer", "payment_status"), [("complete", "paid"), ("fail", "unpaid")])
async def test_three_d_secure_decides(
    client: Client, browser: Browser, answer: str, payment_status: str
) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    page = await browser.submit(
        session.url, action="card", number="4000002760003184", expiry="12/34", cvc="123"
    )
    assert "3-D Secure" in page
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == "unpaid"
    page = await browser.submit(session.url, action=answer)
    assert ("Paid $40.00" in page) is (answer == "complete")
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == payment_status


@pytest.mark.parametrize(("ok", "status"), [(True, "paid"), (False, "unpaid")])
async def test_a_bank_debit_completes_unpaid_and_settles_later(
    client: Client, browser: Browser, ok: bool, status: str
) -> None:
    session = await client.v1.checkout.sessions.create_async(order(currency="eur"))
    assert "Payment on its way" in await browser.submit(session.url, action="debit")
    waiting = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    await browser.sim("settle_delayed", session=session.id, ok=ok)
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == status
    kinds = {event.type for event in (await client.v1.events.list_async()).data}
    assert f"checkout.session.async_payment_{'succeeded' if ok else 'failed'}" in kinds
    assert (await browser.sim("settle_delayed", session=session.id))["status_code"] == 400


async def test_a_card_only_session_offers_no_debit(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order(payment_method_types=["card"]))
    assert "Bank debit" not in await browser.see(session.url)
    answer = await browser.sim("pay", session=session.id, card="debit")
    assert answer["status_code"] == 400


async def test_an_unpaid_session_expires_by_the_clock(
    client: Client, browser: Browser, sandbox: Sandbox
) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    sandbox.clock.turn(timedelta(hours=24, seconds=1))
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"
    assert "has expired" in await browser.see(f"{browser.base_url}/pay/{session.id}")
    assert (await browser.sim("pay", session=session.id))["status_code"] == 400
    assert (await client.v1.charges.list_async()).data == []
    events = await client.v1.events.list_async({"type": "checkout.session.expired"})
    assert [event.data.object["id"] for event in events.data] == [session.id]


async def test_expiring_a_paid_session_is_refused_in_stripes_words(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    await browser.sim("pay", session=session.id)
    with pytest.raises(stripe.InvalidRequestError, match=r'status in \["open"\].*status of `complete`'):
        await client.v1.checkout.sessions.expire_async(session.id)


async def test_leaving_pays_nothing_and_the_page_stays_usable(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    page = await browser.submit(session.url, action="leave")
    assert "Nothing was paid" in page
    assert 'data-payload="left_7F3K"' in page
    await browser.sim("pay", session=session.id)
    assert 'data-payload="paid_7F3K"' in await browser.see(session.url)


async def test_what_the_partner_typed_is_escaped(client: Client, browser: Browser) -> None:
    params = order()
    params["line_items"][0]["price_data"]["product_data"]["name"] = "<img src=x onerror=alert(1)>"
    session = await client.v1.checkout.sessions.create_async(params)
    page = await browser.see(session.url)
    assert "<img" not in page
    assert "&lt;img src=x" in page


async def test_automatic_tax_changes_the_total_and_not_the_subtotal(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order(4000, automatic_tax={"enabled": True}))
    await browser.sim("pay", session=session.id)
    paid = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (paid.amount_subtotal, paid.amount_total) == (4000, 4800)
    assert (await client.v1.charges.list_async()).data[0].amount == 4800


async def test_an_asked_for_invoice_is_there(client: Client, browser: Browser) -> None:
    session = await client.v1.checkout.sessions.create_async(order(invoice_creation={"enabled": True}))
    await browser.sim("pay", session=session.id)
    paid = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["invoice"]})
    assert (paid.invoice.status, paid.invoice.total) == ("paid", 4000)
    assert paid.invoice.number in await browser.see(paid.invoice.hosted_invoice_url)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"line_items": []}, None, "line_items"),
        ({"success_url": "tg://resolve?domain=x"}, "url_invalid", "Not a valid URL"),
        ({"client_reference_id": "x" * 201}, None, "at most 200 characters"),
        ({"metadata": {"k" * 41: "v"}}, None, "up to 40 characters"),
        ({"metadata": {"k": "v" * 501}}, None, "up to 500 characters"),
        ({"metadata": {f"k{number}": "v" for number in range(51)}}, None, "up to 50 keys"),
        ({"customer": "cus_gone"}, "resource_missing", "No such customer: 'cus_gone'"),
        ({"setup_intent_data": {"description": "x"}}, None, "can not pass `setup_intent_data`"),
        ({"expires_at": 1}, None, "at least 30 minutes"),
        ({"expires_at": 99_999_999_999}, None, "less than 24 hours"),
    ],
)
async def test_what_stripe_refuses_is_refused(
    client: Client, change: dict[str, object], code: str | None, said: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=said) as refusal:
        await client.v1.checkout.sessions.create_async({**order(), **change})
    assert refusal.value.code == code or code is None


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (17400, "huf", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (5124, "kwd", "invalid_charge_amount"),
        (10_050, "isk", "invalid_charge_amount_no_decimal_compatible"),
        (550, "ugx", "invalid_charge_amount_no_decimal_compatible"),
        (1000, "zzz", None),
    ],
)
async def test_amounts_that_stripe_takes_in_no_currency(
    client: Client, amount: int, currency: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await client.v1.checkout.sessions.create_async(order(amount, currency))
    assert refusal.value.code == code


async def test_the_minimum_is_named_as_stripe_names_it(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"Amount must be at least €0\.50 eur"):
        await client.v1.checkout.sessions.create_async(order(10, "eur"))


async def test_sessions_are_found_by_status_and_payment(client: Client, browser: Browser) -> None:
    first = await client.v1.checkout.sessions.create_async(order())
    second = await client.v1.checkout.sessions.create_async(order())
    await browser.sim("pay", session=first.id)
    paid = await client.v1.checkout.sessions.list_async({"status": "complete"})
    assert [session.id for session in paid.data] == [first.id]
    by_payment = await client.v1.checkout.sessions.list_async({"payment_intent": paid.data[0].payment_intent})
    assert [session.id for session in by_payment.data] == [first.id]
    older = await client.v1.checkout.sessions.list_async({"limit": 1, "starting_after": second.id})
    assert [session.id for session in older.data] == [first.id]
    assert (await client.v1.checkout.sessions.list_async({"created": {"lt": first.created}})).data == []


async def test_without_the_published_description_our_own_checks_hold(
    client: Client, sandbox: Sandbox
) -> None:
    sandbox.stripe._api._spec = None
    for change, said in (
        ({"expires_at": "tomorrow"}, "Invalid integer: tomorrow"),
        ({"mode": "donation"}, "Invalid mode: must be one of payment, setup, or subscription"),
        ({"line_items": [{"quantity": 1}]}, r"Missing required param: line_items\[0\]\[price\]"),
        ({"automatic_tax": {"enabled": "perhaps"}}, "Invalid boolean: perhaps"),
    ):
        with pytest.raises(stripe.InvalidRequestError, match=said):
            await client.v1.checkout.sessions.create_async({**order(), **change})


async def test_coming_back_by_a_link_to_the_bot_is_told(browser: Browser, sandbox: Sandbox) -> None:
    returned: list[Return] = []
    sandbox.stripe.on_return.append(returned.append)
    await browser.sim("return", payload="paid_7F3K", session="cs_test_1")
    assert returned == [Return("paid_7F3K", "cs_test_1")]
