"""The plan from the customer's chat: bought, changed, failing, ended, asked for, by visible text (R23, R25)."""

import pytest
from sqlalchemy import select

from billing import usage
from billing.access import Role
from storage.models import PlanCheckout
from storage.transaction import Tx

from .conftest import ON_BOTH
from .people import Person
from .plans import later, open_plans
from .world import World

pytestmark = ON_BOTH


@pytest.fixture
async def shop(market: World) -> World:
    await open_plans(market)
    return market


async def test_the_plan_shows_itself_and_the_others(shop: World, dana: Person) -> None:
    await dana.sends("/plan")
    assert "Plan · Acme Support\nBusiness Lite · 49\xa0USD a month\nSet by Northwind Chat." in dana.screen
    assert "Business Large · 99\xa0USD a month\nBots 5, Members 10, Bot users 50,000" in dana.screen
    assert "Business\nBots 1, Members 5, Bot users 1,000" in dana.screen
    await dana.taps("Business Large")
    assert "instead of Business Lite · 49\xa0USD a month" in dana.screen
    assert "Bot users  10,000 → 50,000" in dana.screen
    await dana.taps("‹ Plans")
    assert "Set by Northwind Chat." in dana.screen


async def test_a_plan_is_bought_on_a_page_and_its_message_changes_by_itself(
    shop: World, dana: Person
) -> None:
    await dana.sends("/plan")
    await dana.taps("Business Large")
    await dana.taps("Subscribe · 99\xa0USD a month")
    assert "Pay on Stripe's page." in dana.screen
    shown = dana.messages
    shop.gateway.pay(dana.url("Pay 99\xa0USD"))
    await later(shop)
    assert "Business Large has started!" in dana.screen
    assert dana.messages == shown, "the same message"
    await dana.taps("‹ Plans")
    assert "Paid until" in dana.screen
    assert "End the subscription" in dana.buttons


async def test_back_from_stripes_page_the_chat_says_where_one_is(shop: World, dana: Person) -> None:
    await dana.sends("/plan")
    await dana.taps("Business Large")
    await dana.taps("Subscribe")
    url = dana.url("Pay 99\xa0USD")
    (page,) = await shop.db.read(_pages)
    await dana.sends(f"/start plan_{page}")
    assert "Nothing was paid yet." in dana.screen
    shop.gateway.pay(url)
    await dana.sends(f"/start plan_{page}")
    assert "Business Large has started!" in dana.screen
    await dana.sends("/start plan_99999999999999999999999")
    assert "Acme Support" in dana.screen, "a made-up page leads home"


def _pages(tx: Tx) -> list[int]:
    return list(tx.session.scalars(select(PlanCheckout.id)))


async def test_a_page_is_called_off_and_another_opened(shop: World, dana: Person) -> None:
    await dana.sends("/plan")
    await dana.taps("Business Large")
    await dana.taps("Subscribe")
    await dana.taps("Cancel")
    assert "Called off. Nothing was charged." in dana.screen
    await later(shop)
    await dana.taps("Try again")
    assert "Subscribe · 99\xa0USD a month" in dana.buttons


async def test_stripe_out_of_reach_is_said(shop: World, dana: Person) -> None:
    await dana.sends("/plan")
    await dana.taps("Business Large")
    shop.gateway.down = True
    await dana.taps("Subscribe")
    assert "Stripe doesn't answer right now." in dana.screen


async def _subscribed(shop: World, dana: Person, plan: str = "Business Lite") -> str:
    await dana.sends("/plan")
    await dana.taps(f"{'Subscribe to ' if plan == 'Business Lite' else ''}{plan}")
    await dana.taps("Subscribe")
    shop.gateway.pay(dana.url("Pay"))
    await later(shop)
    return next(iter(shop.gateway.subscriptions))


async def test_a_change_shows_the_sum_and_counts_when_paid(shop: World, dana: Person) -> None:
    await _subscribed(shop, dana)
    await later(shop, days=15)
    await dana.sends("/plan")
    await dana.taps("Business Large")
    assert "Now  24.99\xa0USD, for the rest of what is paid\nThen  99\xa0USD a month" in dana.screen
    quoted = dana.shown
    await later(shop, hours=20)
    await dana.taps("Change for 24.99\xa0USD", on=quoted)
    assert "The sum has changed. This is the new one." in dana.screen
    await dana.taps("Change for")
    assert "You are on Business Large now." in dana.screen


async def test_a_declined_change_offers_the_page_to_pay_on(shop: World, dana: Person) -> None:
    subscription = await _subscribed(shop, dana)
    shop.gateway.changes_fail = True
    await dana.sends("/plan")
    await dana.taps("Business Large")
    await dana.taps("Change for")
    assert "The bank didn't take the payment by itself." in dana.screen
    assert dana.url("Pay now").startswith("https://invoices.example/")
    await dana.taps("‹ Plans")
    assert "The change to Business Large waits for its payment." in dana.screen
    shop.gateway.pay_invoice(subscription)
    await later(shop, minutes=6)
    assert "The plan is Business Large now." in dana.screen


async def test_a_downgrade_over_a_limit_says_so_and_wants_a_second_tap(shop: World, dana: Person) -> None:
    await _subscribed(shop, dana, "Business Large")
    await shop.db.write(usage.report_usage, shop.call(), shop.acme, {"bot_users": 20_000}, shop.clock.now())
    await dana.sends("/plan")
    assert "⚠ Too small: Bot users 20,000 of 10,000" in dana.screen
    await dana.taps("Business Lite")
    assert "⚠ You use 20,000 Bot users and would have 10,000: the workspace would pause." in dana.screen
    assert dana.button("Change all the same").style == "danger"
    await dana.taps("Change all the same")
    assert "You are on Business Lite now." in dana.screen
    await shop.deliver()
    assert "Paused" in dana.screen


async def test_a_failed_payment_is_paid_from_the_notice(shop: World, dana: Person) -> None:
    subscription = await _subscribed(shop, dana)
    shop.gateway.renew(subscription, paid=False)
    await later(shop, days=31)
    assert "⚠ Business Lite couldn't be paid." in dana.screen
    await dana.taps("Pay now")
    assert dana.url("Pay now").startswith("https://invoices.example/")
    shop.gateway.pay_invoice(subscription)
    await later(shop, hours=2)
    assert "Paid: Business Lite" in dana.screen
    await dana.presses(f"cpy:{shop.acme}")
    assert "Nothing is left to pay." in dana.screen


async def test_a_plan_that_stripe_gave_up_on_is_bought_again(shop: World, dana: Person) -> None:
    subscription = await _subscribed(shop, dana)
    shop.gateway.renew(subscription, paid=False)
    await later(shop, days=31)
    shop.gateway.give_up(subscription, "canceled")
    await later(shop, hours=2)
    await dana.sends("/plan")
    assert "❚❚ Not paid, so the workspace is paused." in dana.screen
    assert dana.button("Subscribe to Business Lite").style == "success"
    await dana.taps("Subscribe to Business Lite")
    await dana.taps("Subscribe")
    shop.gateway.pay(dana.url("Pay"))
    await later(shop)
    await dana.sends("/plan")
    assert "Paid until" in dana.screen


async def test_it_is_ended_with_a_second_tap_and_kept_after_all(shop: World, dana: Person) -> None:
    await _subscribed(shop, dana)
    await dana.sends("/plan")
    await dana.taps("End the subscription")
    assert "Then there is no plan: add-ons don't renew" in dana.screen
    await dana.taps("End it")
    assert "Ends on" in dana.screen
    assert "Then there is no plan." in dana.screen
    await dana.taps("Keep it after all")
    assert "It goes on.\n" in dana.screen
    assert "then it goes on by itself." in dana.screen


async def test_a_plan_by_hand_is_asked_for_and_given_with_one_tap(
    shop: World, dana: Person, nora: Person
) -> None:
    await dana.sends("/plan")
    await dana.presses(f"cpo:{shop.acme}:1")
    await dana.taps("Ask Northwind Chat")
    assert "You asked Northwind Chat for Business." in dana.screen
    await shop.deliver()
    assert "Acme Support asks for the plan Business." in nora.screen
    await nora.taps("Approve")
    assert "Acme Support is on Business now." in nora.screen
    await shop.deliver()
    assert "Northwind Chat set your plan: Business." in dana.screen


async def test_a_viewer_looks_and_a_stranger_sees_nothing(
    shop: World, dana: Person, vic: Person, stranger: Person
) -> None:
    await vic.sends("/plan")
    await vic.taps("Business Large")
    await vic.taps("Subscribe")
    assert vic.toast == "Only an owner can do this: Dana."
    bea = shop.person("Bea")
    await shop.join(bea, shop.acme, Role.BILLING)
    await bea.sends("/plan")
    for forged in (f"cps:{shop.acme}:3:0", f"cpe:{shop.acme}:1", f"cpk:{shop.acme}", f"cpa:{shop.acme}:1"):
        await bea.presses(forged)
        assert bea.toast == "Only an owner can do this: Dana."
    await stranger.sends("/plan")
    await stranger.presses(f"cpl:{shop.acme}")
    assert "Acme" not in stranger.screen
    assert shop.gateway.subscriptions == {}
