"""What can become of a payment, and what the customer reads of it."""

from .client import session_of
from .conftest import Bench
from .reading import named_points
from .shop import DECLINED_CARD, SECURE_CARD, balance, movements, order, pays, status_of


async def test_declined_card_is_told_and_another_one_pays(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.pay(page, DECLINED_CARD)
    told = await dana.sees("Nothing was charged", on=page.id, within=15)
    assert told.url("Pay") == page.url("Pay"), "the page takes another card"
    assert await balance(dana) == 0

    await pays(bench, page)
    paid = await dana.sees("arrived!", on=page.id)
    assert await movements(dana) == {named_points(paid.text)}


async def test_cancelled_page_cannot_be_paid(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    cancelled = await dana.taps("Cancel", on=page.id)
    assert "Cancelled. Nothing was charged." in cancelled.text
    assert "error" in await bench.sim.pay(page)
    assert await balance(dana) == 0


async def test_another_pack_closes_the_first_page(bench: Bench) -> None:
    dana = await bench.customer()
    first = await order(dana)
    second = await order(dana, pack=1)
    assert await status_of(bench, first) == "expired"
    await pays(bench, second)
    await dana.sees("arrived!", on=second.id)


async def test_same_pack_again_is_the_same_page(bench: Bench) -> None:
    dana = await bench.customer()
    first, second = await order(dana), await order(dana)
    assert session_of(first) == session_of(second)


async def test_expired_page_says_so(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.bank("expire", session=session_of(page))
    await dana.sees("the page is closed", on=page.id, within=15)
    assert await balance(dana) == 0


async def test_bank_debit_waits_and_arrives(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.pay(page, "debit")
    await dana.sees("Your bank is sending the money", on=page.id, within=15)
    assert await balance(dana) == 0
    await bench.sim.bank("settle_delayed", session=session_of(page))
    paid = await dana.sees("arrived!", on=page.id)
    assert await balance(dana) == named_points(paid.text)


async def test_bank_debit_that_fails_credits_nothing(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.pay(page, "debit")
    await dana.sees("Your bank is sending the money", on=page.id, within=15)
    await bench.sim.bank("fail_delayed", session=session_of(page))
    await dana.sees("No points were added.", on=page.id, within=15)
    assert await balance(dana) == 0


async def test_confirmation_of_the_bank_given_and_refused(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.pay(page, SECURE_CARD, three_d_secure="fail")
    await dana.sees("Nothing was charged", on=page.id, within=15)
    await bench.sim.pay(page, SECURE_CARD, three_d_secure="complete")
    paid = await dana.sees("arrived!", on=page.id)
    assert await balance(dana) == named_points(paid.text)


async def test_paid_while_being_cancelled_is_credited(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    bench.expected.append("can be expired")  # that is how the bot learns that money was faster
    await bench.sim.bank("hold", hold=True)
    await pays(bench, page)
    await dana.taps("Cancel", on=page.id)
    paid = await dana.sees("arrived!", on=page.id)
    await bench.sim.bank("hold", hold=False)
    assert await bench.sim.unanswered() == 0
    assert await movements(dana) == {named_points(paid.text)}


async def test_paid_after_a_cancel_that_stripe_never_heard_of(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.fails("stripe", "POST /v1/checkout/sessions/{session}/expire", "drop", times=3)
    assert "Cancelled" in (await dana.taps("Cancel", on=page.id)).text
    assert await bench.sim.faults() == [], "the page is still open at Stripe"
    await pays(bench, page)
    paid = await dana.sees("arrived!", on=page.id)
    assert await balance(dana) == named_points(paid.text)


async def test_lost_webhook_is_found_by_asking(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.bank("drop", events=20)
    await pays(bench, page)
    paid = await dana.sees("arrived!", on=page.id, within=20)
    await bench.sim.bank("drop", events=0)
    assert await movements(dana) == {named_points(paid.text)}


async def test_events_twice_and_in_any_order_credit_once(bench: Bench) -> None:
    dana = await bench.customer()
    page = await order(dana)
    await bench.sim.bank("hold", hold=True)
    await bench.sim.pay(page, DECLINED_CARD)
    await pays(bench, page)
    events = [one["id"] for one in await bench.events() if one["data"]["object"]["id"] == session_of(page)]
    for event in events:
        await bench.sim.bank("resend", event=event)
        await bench.sim.bank("resend", event=event, as_new=True)
    await bench.sim.bank("hold", hold=False, reverse=True)
    paid = await dana.sees("arrived!", on=page.id)
    assert await bench.sim.unanswered() == 0
    assert await movements(dana) == {named_points(paid.text)}
    assert await balance(dana) == named_points(paid.text)


async def test_partner_is_told_of_every_payment(bench: Bench) -> None:
    dana = await bench.customer(workspace="Payer plc")
    await pays(bench, await order(dana))
    await bench.desk.owner.sees("Payer plc paid")


async def test_points_bought_for_an_addon_buy_it(bench: Bench) -> None:
    """R12: what was missing is remembered and bought when the points arrive."""
    dana = await bench.customer()
    home = await dana.writes("/menu", shows="● active")
    await dana.taps("Add-ons", on=home.id)
    await dana.taps("Extra bot", on=home.id)
    short = await dana.taps("5", on=home.id)
    offer = next(each.text for each in short.buttons if each.text.startswith("Pay "))
    await dana.taps(offer, on=home.id)
    page = await dana.sees("Pay on Stripe's page", on=home.id)
    assert "5 × Extra bot is bought as soon as there are enough points." in page.text
    await pays(bench, page)
    paid = await dana.sees("Bought: 5 × Extra bot", on=home.id)
    assert "arrived!" in paid.text
    home = await dana.taps("Menu", on=home.id)
    assert "Extra bot ×5" in home.text
