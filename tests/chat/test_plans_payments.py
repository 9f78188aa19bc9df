"""What plans were paid with, in both chats: receipts, refunds, credit, a price that no plan has (R25, R29, R30)."""

import pytest

from handlers.customer import buttons
from handlers.partner import buttons as desk
from handlers.tongue import tongue

from .conftest import ON_BOTH
from .people import Person
from .plans import LITE, later, open_plans
from .world import World

pytestmark = ON_BOTH


@pytest.fixture
async def shop(market: World, dana: Person) -> World:
    """Dana has subscribed to Business Lite for 49 USD."""
    await open_plans(market)
    await dana.sends("/plan")
    await dana.taps("Subscribe to Business Lite")
    await dana.taps("Subscribe")
    market.gateway.pay(dana.url("Pay 49\xa0USD"))
    await later(market)
    return market


def subscription(shop: World) -> str:
    return next(iter(shop.gateway.subscriptions))


async def opens_refund(nora: Person, shop: World) -> None:
    await nora.sends(f"/ws {shop.acme}")
    await nora.taps("Payments")
    await nora.taps("1")


async def test_the_plan_lists_its_payments_with_receipts_beside_those_of_packs(
    shop: World, dana: Person
) -> None:
    await dana.sends("/topup")
    shop.clock.turn(hours=1)
    await dana.taps("50 points")
    shop.gateway.pay(dana.url("Pay"))
    await shop.hear_from_stripe()

    await dana.sends("/plan")
    await dana.taps("Payments")

    assert "40\xa0USD  50 points · Receipt" in dana.screen
    assert "49\xa0USD  Business Lite · Receipt" in dana.screen
    assert '<a href="https://invoices.example/' in dana.html
    assert dana.screen.index("50 points") < dana.screen.index("Business Lite"), "the newest first"
    await dana.taps("2")
    assert "Business Lite for 49\xa0USD" in dana.screen
    assert dana.url("Receipt").startswith("https://invoices.example/")
    await dana.taps("‹ Payments")
    await dana.taps("History")
    await dana.taps("Payments")
    assert "Business Lite" in dana.screen


async def test_a_longer_list_is_turned_over(shop: World, dana: Person) -> None:
    for _ in range(6):
        shop.gateway.renew(subscription(shop))
        await later(shop, days=30)
    await dana.sends("/plan")
    await dana.taps("Payments")
    newest = dana.screen
    assert dana.buttons[:5] == ["1", "2", "3", "4", "5"]
    await dana.taps("older")
    assert dana.buttons[:2] == ["1", "2"]
    assert "older ›" not in dana.buttons
    await dana.taps("newer")
    assert dana.screen == newest


async def test_asked_back_refunded_in_part_and_told_that_the_plan_stays(
    shop: World, nora: Person, dana: Person
) -> None:
    balance = await shop.balance(shop.acme)
    await dana.sends("/paysupport")
    assert "49\xa0USD  Business Lite" in dana.screen
    await dana.taps("1")
    assert "A refund of it doesn't end the plan or change it." in dana.screen
    await dana.taps("Ask for a refund")
    assert "The plan goes on all the same. You end it under Plan." in dana.screen
    await dana.sends("bought by mistake")
    await shop.deliver()
    assert "It paid Business Lite. A refund doesn't change the plan." in nora.screen

    await nora.taps("Refund")
    assert "Paid 49\xa0USD" in nora.screen
    assert "for Business Lite." in nora.screen
    assert "A refund doesn't end the plan or change it." in nora.screen
    assert "points" not in nora.screen
    await nora.taps("Another amount")
    await nora.sends("19")
    assert "Refund 19\xa0USD of 49\xa0USD." in nora.screen
    assert nora.button("Refund 19 USD").style == "danger"
    await nora.taps("Refund 19 USD")
    assert "✓ 19\xa0USD refunded.\nThe plan stays as it is." in nora.screen
    assert "Its plan" in nora.buttons

    await shop.deliver()
    assert "19\xa0USD of your payment of 49\xa0USD was refunded." in dana.screen
    assert "It was for Business Lite. A refund changes no plan." in dana.screen
    assert "points" not in dana.screen
    await dana.taps("Payments")
    assert "went back: 19\xa0USD" in dana.screen
    await dana.sends("/plan")
    assert "Business Lite · 49\xa0USD a month\nPaid until" in dana.screen
    assert await shop.balance(shop.acme) == balance
    await nora.sends("/audit")
    assert "refunded 19\xa0USD to Acme Support, paid for Business Lite" in nora.screen


async def test_the_whole_is_refunded_from_the_workspaces_payments(
    shop: World, nora: Person, dana: Person
) -> None:
    await opens_refund(nora, shop)
    await nora.taps("Refund 49 USD")
    confirming = nora.shown
    await nora.taps("Refund 49 USD")
    await nora.taps("Refund 49 USD", on=confirming)
    assert "Something went back meanwhile" in nora.screen
    assert "Nothing is left to refund." in nora.screen
    assert sum(len(made) for made in shop.gateway.refunds.values()) == 1
    await nora.taps("‹ Payments")
    assert "49\xa0USD  Business Lite · went back: 49\xa0USD · Receipt" in nora.screen


async def test_a_dispute_of_a_plans_payment_is_told_to_both(shop: World, nora: Person, dana: Person) -> None:
    (payment,) = shop.gateway.invoices[subscription(shop)]
    shop.gateway.dispute(payment.payment_intent)
    await shop.services.refunds.look(1, payment.payment_intent)
    await shop.deliver()
    assert "Its payment of 49\xa0USD for Business Lite:\n⚠ 49\xa0USD is disputed" in nora.screen
    assert "The plan stays as it is." in nora.screen
    assert "Your payment of 49\xa0USD is disputed at the bank" in dana.screen


async def test_payments_are_for_those_who_look_after_the_money(
    shop: World, dana: Person, vic: Person, stranger: Person
) -> None:
    await vic.sends("/plan")
    assert "Payments" not in vic.buttons
    await vic.presses(buttons.Payments(workspace=shop.acme))
    assert "Only the owner or billing" in vic.toast
    await stranger.sends("/start")
    for target in (buttons.Payments(workspace=shop.acme), desk.Payments(id=shop.acme)):
        await stranger.presses(target)
        assert "USD" not in stranger.screen


async def test_credit_is_mentioned_before_the_subscription_is_ended(shop: World, dana: Person) -> None:
    await dana.sends("/plan")
    await dana.taps("End the subscription")
    assert "credit" not in dana.screen
    await dana.taps("Keep it")
    await dana.taps("Business Large")
    await dana.taps("Change for")
    await later(shop, days=3)
    await dana.sends("/plan")
    await dana.taps("Business Lite")
    await dana.taps("Change")
    await dana.taps("‹ Plans")
    await dana.taps("End the subscription")
    credit = shop.gateway.credit["cus_1_" + str(shop.acme)]
    said = f"{tongue('en').money(credit)} of credit are left at Stripe from a smaller plan."
    assert said in dana.screen
    assert "ask Northwind Chat if you want them back" in dana.screen


async def test_a_price_that_no_plan_has_is_told_to_the_desk_with_what_to_do(
    shop: World, nora: Person, dana: Person
) -> None:
    shop.gateway.sell("price_<special>", 3_900)
    shop.gateway.move_price(subscription(shop), "price_<special>")
    await later(shop, days=1)
    assert "⚠ Acme Support pays a price at Stripe that no plan has: price_<special>." in nora.screen
    assert "It stays on Business Lite." in nora.screen
    assert "Put the price on a plan with /plans" in nora.screen
    told = nora.messages
    await later(shop, days=1)
    assert nora.messages == told, "once"
    await nora.taps("Plans")
    assert "Business Lite  49\xa0USD a month" in nora.screen
    shop.gateway.move_price(subscription(shop), LITE)
    await later(shop, days=1)
    assert nora.messages == told
