"""Money that goes back: refunds, refunds that fail, disputes won and lost."""

from typing import Any

import pytest
import stripe

from .actors import Browser, Client, order


@pytest.fixture
async def paid(client: Client, browser: Browser) -> Any:
    """The charge of a paid order of 40 USD."""
    session = await client.v1.checkout.sessions.create_async(order(4000))
    await browser.sim("pay", session=session.id)
    return (await client.v1.charges.list_async()).data[0]


async def test_refunds_add_up_on_the_charge(client: Client, paid: Any) -> None:
    await client.v1.refunds.create_async({"payment_intent": paid.payment_intent, "amount": 1000})
    await client.v1.refunds.create_async({"charge": paid.id, "amount": 500})
    charge = await client.v1.charges.retrieve_async(paid.id, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1500, False)
    assert [refund.amount for refund in charge.refunds.data] == [500, 1000]
    rest = await client.v1.refunds.create_async({"charge": paid.id})
    assert rest.amount == 2500
    assert (await client.v1.charges.retrieve_async(paid.id)).refunded is True


async def test_more_than_was_paid_cannot_go_back(client: Client, paid: Any) -> None:
    with pytest.raises(
        stripe.InvalidRequestError, match=r"\$40\.01\) is greater than charge amount \(\$40\.00"
    ):
        await client.v1.refunds.create_async({"charge": paid.id, "amount": 4001})
    await client.v1.refunds.create_async({"charge": paid.id, "amount": 3900})
    with pytest.raises(
        stripe.InvalidRequestError, match=r"greater than unrefunded amount on charge \(\$1\.00"
    ):
        await client.v1.refunds.create_async({"charge": paid.id, "amount": 101})
    await client.v1.refunds.create_async({"charge": paid.id})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await client.v1.refunds.create_async({"charge": paid.id})
    assert refusal.value.code == "charge_already_refunded"


async def test_a_failed_refund_leaves_the_money_with_the_partner(
    client: Client, browser: Browser, paid: Any
) -> None:
    refund = await client.v1.refunds.create_async({"charge": paid.id, "amount": 1000})
    await browser.sim("fail_refund", refund=refund.id)
    assert (await client.v1.refunds.retrieve_async(refund.id)).status == "failed"
    assert (await client.v1.charges.retrieve_async(paid.id)).amount_refunded == 0


@pytest.mark.parametrize(("won", "balance", "status"), [(True, 0, "won"), (False, -4000, "lost")])
async def test_a_chargeback_takes_the_money_until_it_is_won(
    client: Client, browser: Browser, paid: Any, won: bool, balance: int, status: str
) -> None:
    opened = await browser.sim("dispute", charge=paid.id)
    dispute = await client.v1.disputes.retrieve_async(opened["id"])
    assert (dispute.status, dispute.amount, dispute.charge) == ("needs_response", 4000, paid.id)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await client.v1.refunds.create_async({"charge": paid.id})
    assert refusal.value.code == "charge_disputed"
    await browser.sim("dispute/close", dispute=dispute.id, won=won)
    closed = (await client.v1.disputes.list_async({"charge": paid.id})).data[0]
    assert closed.status == status
    assert sum(entry.amount for entry in closed.balance_transactions) == balance
    kinds = [event.type for event in (await client.v1.events.list_async({"type": "charge.dispute.*"})).data]
    assert ("charge.dispute.funds_reinstated" in kinds) is won
    assert "charge.dispute.closed" in kinds


async def test_an_inquiry_takes_no_money(client: Client, browser: Browser, paid: Any) -> None:
    opened = await browser.sim("dispute", payment_intent=paid.payment_intent, outcome="inquiry")
    assert opened["status"] == "warning_needs_response"
    await browser.sim("dispute/close", dispute=opened["id"], won=False)
    closed = await client.v1.disputes.retrieve_async(opened["id"])
    assert (closed.status, closed.balance_transactions) == ("warning_closed", [])
    await client.v1.refunds.create_async({"charge": paid.id})


async def test_the_page_sees_what_became_of_a_payment(browser: Browser, base_url: str, paid: Any) -> None:
    await browser.sim("refund", charge=paid.id, amount=1000)
    await browser.sim("dispute", charge=paid.id)
    async with browser.session.get(f"{base_url}/sim/stripe/payments") as answer:
        (payment,) = (await answer.json())["payments"]
    assert (payment["status"], payment["amount_text"], payment["refunded_text"]) == (
        "paid",
        "$40.00",
        "$10.00",
    )
    assert payment["dispute"]["status"] == "needs_response"
