"""Refunds and disputes in both chats (R29), and /paysupport."""

import pytest

from billing.access import DeskRole, Role

from .people import Person
from .world import World


@pytest.fixture
async def payment(market: World, dana: Person) -> str:
    """Dana bought 50 points for 40 USD; the balance is 192.50."""
    await dana.sends("/topup")
    await dana.taps("50 points")
    market.gateway.pay(dana.url("Pay"))
    await market.hear_from_stripe()
    return next(iter(market.gateway.payments))


async def opens_row(nora: Person, market: World) -> None:
    """The payment's row in the workspace's history."""
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("History")
    await nora.taps("2")


async def hears(market: World, payment: str) -> None:
    """Stripe's news about the payment arrive, and notices go out."""
    await market.services.refunds.look(1, payment)
    await market.deliver()


async def test_a_whole_refund_from_the_payments_row(
    market: World, nora: Person, dana: Person, payment: str
) -> None:
    await opens_row(nora, market)
    await nora.taps("Refund")
    assert "Paid 40\xa0USD" in nora.screen
    assert "Left to refund: 40\xa0USD." in nora.screen

    await nora.taps("Refund 40 USD")
    assert "Refund 40\xa0USD of 40\xa0USD, takes 50 points." in nora.screen
    assert "Balance 192.5 → 142.5." in nora.screen
    confirming = nora.shown
    assert nora.button("Refund 40 USD, takes 50 points").style == "danger"
    await nora.taps("Refund 40 USD, takes 50 points")
    assert "✓ 40\xa0USD refunded." in nora.screen
    assert "Acme Support has 142.5 points now." in nora.screen

    await market.deliver()
    assert "Your payment of 40\xa0USD was refunded." in dana.screen
    assert "50 points were taken for it." in dana.screen
    assert "You have 142.5 points." in dana.screen

    await nora.taps("Refund 40 USD, takes 50 points", on=confirming)
    assert "Something went back meanwhile" in nora.screen
    assert await market.balance(market.acme) == 14_250
    assert len(market.gateway.refunds[payment]) == 1


async def test_a_typed_amount(market: World, nora: Person, payment: str) -> None:
    await opens_row(nora, market)
    await nora.taps("Refund")
    await nora.taps("Another amount")
    assert "Up to 40\xa0USD is left." in nora.screen
    for wrong, said in (("50", "at most 40\xa0USD"), ("ten", "That isn't an amount"), ("5 EUR", "currency")):
        await nora.sends(wrong)
        assert said in nora.screen
    await nora.sends("$10")
    assert "Refund 10\xa0USD of 40\xa0USD, takes 12.5 points." in nora.screen

    await nora.taps("Refund 10 USD")

    assert await market.balance(market.acme) == 18_000
    await opens_row(nora, market)
    await nora.taps("Refund")
    assert "Went back so far: 10\xa0USD, with 12.5 points." in nora.screen
    assert "Left to refund: 30\xa0USD." in nora.screen


async def test_below_zero_is_said_plainly_to_both(
    market: World, nora: Person, dana: Person, payment: str
) -> None:
    await nora.sends(f"/points {market.acme} -180 spent")
    await market.deliver()
    await opens_row(nora, market)
    await nora.taps("Refund")
    await nora.taps("Refund 40 USD")
    assert "Balance 12.5 → −37.5." in nora.screen
    assert "below zero: nothing is bought or renewed with points until 37.5 are topped up" in nora.screen

    await nora.taps("Refund 40 USD, takes")
    await market.deliver()

    assert "That is below zero" in dana.screen
    assert "until you top up 37.5 points" in dana.screen
    await dana.taps("Top up")
    assert "10 points" in " ".join(dana.buttons)


async def test_a_refund_whose_answer_is_lost_says_so_and_is_told_later(
    market: World, nora: Person, payment: str
) -> None:
    await opens_row(nora, market)
    await nora.taps("Refund")
    await nora.taps("Refund 40 USD")
    market.gateway.lost_answers = 1
    await nora.taps("Refund 40 USD, takes")
    assert "Stripe hasn't confirmed the refund of 40\xa0USD yet." in nora.screen

    market.clock.turn(minutes=2)
    await market.services.refunds.poll()
    await market.deliver()

    assert "✓ 40\xa0USD refunded, as asked for here." in nora.screen
    assert len(market.gateway.refunds[payment]) == 1


async def test_support_may_look_and_not_refund(market: World, payment: str) -> None:
    sue = market.person("Sue")
    owner = await market._desk_owner()
    from billing import people

    await market.db.write(people.invite_admin, market.call(owner), DeskRole.SUPPORT, "sue")
    await market.db.write(people.accept_invite, market.call(await market.person_id(sue)), "sue")
    await opens_row(sue, market)

    await sue.taps("Refund")

    assert "Your role at the desk only looks. Ask Nora." in sue.toast
    assert not market.gateway.refunds


async def test_the_desk_hears_of_a_dispute_and_its_end(
    market: World, nora: Person, dana: Person, payment: str
) -> None:
    market.gateway.dispute(payment, 3_000)
    await hears(market, payment)
    assert "⚠ 30\xa0USD is disputed at the bank." in nora.screen
    assert "37.5 points were taken; it has 155." in nora.screen
    assert "Your payment of 40\xa0USD is disputed at the bank" in dana.screen
    await nora.taps("Look at the payment")
    assert "A refund isn't possible meanwhile." in nora.screen
    assert not any("Refund" in text for text in nora.buttons)

    market.gateway.close_dispute(payment, won=True)
    await hears(market, payment)
    assert "✓ The dispute of 30\xa0USD is won." in nora.screen
    assert "37.5 points are back." in dana.screen
    assert await market.balance(market.acme) == 19_250


async def test_a_refund_at_stripe_and_its_failure_are_told(
    market: World, nora: Person, dana: Person, payment: str
) -> None:
    refund = market.gateway.give_back(payment, 1_000)
    await hears(market, payment)
    assert "10\xa0USD was refunded at Stripe." in nora.screen
    assert "10\xa0USD of your payment of 40\xa0USD was refunded." in dana.screen

    market.gateway.fail_refund(payment, refund.id)
    await hears(market, payment)
    assert "⚠ A refund of 10\xa0USD failed" in nora.screen
    assert "didn't arrive at the bank" in dana.screen


async def test_the_history_explains_what_went_back(
    market: World, nora: Person, dana: Person, payment: str
) -> None:
    """R29: which payment, refund or dispute, which share."""
    market.gateway.give_back(payment, 1_000)
    await hears(market, payment)
    market.gateway.dispute(payment, 2_000)
    await hears(market, payment)
    share = "In proportion that takes 37.5 of its 50 points; 12.5 were taken before."

    await dana.sends("/history")
    await dana.taps("1")
    assert "A payment went back" in dana.screen
    assert "Refunded so far: 10\xa0USD of 40\xa0USD." in dana.screen
    assert "Disputed at the bank: 20\xa0USD of 40\xa0USD." in dana.screen
    assert share in dana.screen

    await nora.sends(f"/ws {market.acme}")
    await nora.taps("History")
    await nora.taps("4")
    assert share in nora.screen


async def test_asking_for_a_refund_with_a_reason(
    market: World, nora: Person, dana: Person, payment: str
) -> None:
    await dana.sends("/paysupport")
    assert "40\xa0USD" in dana.screen
    await dana.taps("1")
    assert dana.url("Receipt").startswith("https://receipts.example/")
    await dana.taps("Ask for a refund")
    await dana.sends("wrong <pack>")
    assert "You asked for it back. Northwind Chat decides, and you are told." in dana.screen
    assert "Ask for a refund" not in dana.buttons

    await market.deliver()
    assert "Acme Support asks for a payment back: 40\xa0USD." in nora.screen
    assert "Dana: wrong <pack>" in nora.screen
    await nora.taps("Refund")
    assert "wrong <pack>" in nora.screen
    await nora.taps("Refund 40 USD")
    await nora.taps("Refund 40 USD, takes")
    await market.deliver()
    assert "Your payment of 40\xa0USD was refunded." in dana.screen


@pytest.mark.parametrize("note", ["They are spent.", ""])
async def test_a_wish_that_the_partner_declines(
    market: World, nora: Person, dana: Person, payment: str, note: str
) -> None:
    await dana.sends("/paysupport")
    await dana.taps("1")
    await dana.taps("Ask for a refund")
    await dana.taps("Ask without a reason")
    await market.deliver()
    assert "Dana gave no reason." in nora.screen

    await nora.taps("Decline")
    if note:
        await nora.sends(note)
    else:
        await nora.taps("Decline without a note")
    assert "Declined. They have been told." in nora.screen

    await market.deliver()
    assert "Northwind Chat doesn't refund the payment you asked about." in dana.screen
    assert note in dana.screen
    await dana.taps("Look at the payment")
    assert "You can ask again tomorrow." in dana.screen
    await nora.sends("/audit")
    assert (
        f"Nora: declined a refund of 40\xa0USD, paid on 16 Nov 2026, to Acme Support: {note}" in nora.screen
    )


async def test_paysupport_for_a_viewer_a_stranger_and_before_anything_was_paid(
    market: World, dana: Person, vic: Person, stranger: Person
) -> None:
    await dana.sends("/paysupport")
    assert "Nothing was paid yet." in dana.screen
    await vic.sends("/paysupport")
    assert "The owner and billing see the payments" in vic.screen
    await stranger.sends("/paysupport")
    assert stranger.screen.startswith("This bot belongs to Northwind Chat's customers.")


async def test_another_workspaces_payment_is_shown_to_nobody_else(
    market: World, dana: Person, payment: str
) -> None:
    """R34: buttons carry numbers, never rights."""
    from handlers.customer import buttons

    order = int(market.gateway.payments[payment].metadata["order"])
    eve = market.person("Eve")
    await market.join(eve, await market.workspace("Elsewhere"), Role.OWNER)
    await eve.sends("/menu")

    for target in (buttons.Payment(order=order), buttons.AskRefund(order=order, sent=True)):
        await eve.presses(target)
        assert "40\xa0USD" not in eve.screen
    assert "Elsewhere" in eve.screen
