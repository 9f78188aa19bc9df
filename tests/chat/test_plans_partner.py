"""Plans from the desk: edited, priced, given by hand, overridden, by visible text (R23, R24, R33)."""

import pytest

from billing import usage

from .people import Person
from .plans import LITE, later, open_plans
from .world import World


@pytest.fixture
async def shop(market: World) -> World:
    await open_plans(market)
    return market


async def _use(shop: World, bot_users: int) -> None:
    await shop.db.write(
        usage.report_usage, shop.call(), shop.acme, {"bot_users": bot_users}, shop.clock.now()
    )


async def test_a_plan_is_made_granted_priced_and_sold(shop: World, nora: Person, dana: Person) -> None:
    await nora.sends("/plans")
    assert "● Business Lite  49\xa0USD a month · 1 workspace" in nora.screen
    assert "An ended plan falls back to no plan." in nora.screen
    await nora.taps("New plan")
    await nora.sends("Business")
    assert "Another one is called so." in nora.screen
    await nora.sends("Enterprise <X>")
    assert "Enterprise <X> · ○ not on sale" in nora.screen
    await nora.taps("Bots: 0")
    await nora.sends("many")
    assert "That isn't an amount." in nora.screen
    await nora.sends("50")
    assert "Bots: 0 → 50" in nora.screen
    await nora.taps("Save")
    assert "Bots: 50" in nora.buttons
    await nora.taps("Price")
    await nora.taps("Price to show")
    await nora.sends("499 USD")
    assert "499\xa0USD a month" in nora.screen
    await nora.taps("Put on sale")
    await nora.taps("↑ Up")
    await nora.taps("‹ Plans")
    assert "● Enterprise <X>  499\xa0USD a month · 0 workspaces" in nora.screen
    await dana.sends("/plan")
    assert "Enterprise <X> · 499\xa0USD a month" in dana.screen
    await nora.sends("/audit")
    assert "made the plan Enterprise <X>" in nora.screen


async def test_a_stripe_price_is_looked_up(shop: World, nora: Person) -> None:
    await nora.sends("/plans")
    await nora.presses("ptp:1")
    await nora.taps("Stripe price")
    await nora.sends("price_nowhere")
    assert "Stripe doesn't know this price." in nora.screen
    await nora.sends(LITE)
    assert "This price pays for another plan." in nora.screen
    shop.gateway.sell("price_business", 1_900)
    await nora.sends("price_business")
    assert "19\xa0USD a month\nPaid by subscription: price_business" in nora.screen
    await nora.taps("Price")
    await nora.taps("No Stripe price")
    assert "Subscriptions that run go on" in nora.screen
    await nora.taps("No Stripe price")
    assert "Given by hand" in nora.screen


async def test_a_smaller_allowance_says_what_it_touches_before_it_is_saved(
    shop: World, nora: Person, dana: Person
) -> None:
    await _use(shop, 9_000)
    await nora.sends("/plans")
    await nora.taps("Business Lite")
    await nora.taps("Bot users: 10,000")
    await nora.sends("8000")
    assert "Touches 1 workspace.\n⚠ 1 would be over its limit and pause at once." in nora.screen
    assert nora.button("Save").style == "danger"
    await nora.taps("Save")
    assert "Saved for 1 workspace." in nora.screen
    await shop.deliver()
    assert "Paused" in dana.screen


async def test_what_an_ended_plan_falls_back_to(shop: World, nora: Person) -> None:
    await nora.sends("/plans")
    await nora.taps("What it falls back to")
    assert "No plan ✓" in nora.buttons
    await nora.presses("ptg:1")
    assert "An ended plan falls back to Business." in nora.screen


async def test_setplan_sets_at_once_and_over_a_limit_wants_a_second_tap(
    shop: World, nora: Person, dana: Person
) -> None:
    await nora.sends("/setplan")
    assert f"/setplan {shop.acme} Business Lite does it for Acme Support." in nora.screen
    await nora.sends(f"/setplan {shop.acme} Gold")
    assert "There is no plan Gold." in nora.screen
    await nora.sends(f"/setplan {shop.acme} business large")
    assert "Acme Support is on Business Large now." in nora.screen
    await shop.deliver()
    assert "Northwind Chat set your plan: Business Large." in dana.screen
    await _use(shop, 20_000)
    await nora.sends(f"/setplan {shop.acme} Business Lite")
    assert "⚠ It uses 20,000 Bot users and would have 10,000: it would pause." in nora.screen
    await nora.taps("Set Business Lite all the same")
    assert "Acme Support is on Business Lite now. It is paused." in nora.screen
    await nora.sends("/audit")
    assert "plan of Acme Support Business Large → Business Lite" in nora.screen


async def test_while_a_subscription_pays_the_plan_comes_with_its_end(
    shop: World, nora: Person, dana: Person
) -> None:
    await dana.sends("/plan")
    await dana.taps("Subscribe to Business Lite")
    await dana.taps("Subscribe")
    shop.gateway.pay(dana.url("Pay"))
    await later(shop)
    assert "Acme Support has subscribed to Business Lite." in nora.screen
    await nora.sends(f"/setplan {shop.acme} Business Large")
    assert "It is ended with that day, and Business Large comes then." in nora.screen
    await nora.taps("From then on: Business Large")
    assert "The subscription ends on" in nora.screen
    await later(shop)
    assert "Business Lite ends on" in dana.screen
    subscription = next(iter(shop.gateway.subscriptions))
    shop.gateway.renew(subscription)
    await later(shop, days=31)
    assert "Business Lite has ended. Now: Business Large." in dana.screen


async def test_an_override_is_set_and_cleared(shop: World, nora: Person) -> None:
    await _use(shop, 9_000)
    await nora.sends(f"/setplan {shop.acme}")
    await nora.taps("Allowances")
    assert "Bot users  10,000 (plan 10,000)" in nora.screen
    await nora.taps("Bot users: 10,000")
    await nora.sends("12000")
    assert "Bot users  12,000 (set to 12,000 instead of 10,000)" in nora.screen
    await nora.taps("Bot users: 12,000")
    await nora.sends("500")
    assert "⚠ It uses 9,000 Bot users and would have 500: it would pause." in nora.screen
    await nora.taps("‹ Back")
    await nora.taps("Back to the plan's 10,000")
    assert "Bot users  10,000 (plan 10,000)" in nora.screen


async def test_a_plan_asked_for_is_declined(shop: World, nora: Person, dana: Person) -> None:
    await dana.sends("/plan")
    await dana.presses(f"cpa:{shop.acme}:1")
    await nora.sends("/plans")
    await nora.taps("1 plan is asked for")
    assert "Acme Support: Business" in nora.screen
    await nora.taps("Decline")
    assert "Declined: Business. The customer is told." in nora.screen
    await shop.deliver()
    assert "Northwind Chat doesn't set the plan Business for you." in dana.screen


async def test_support_looks_and_customers_dont(shop: World, nora: Person, dana: Person) -> None:
    await dana.sends("/plans")
    assert "What customers choose from" not in dana.screen
    await dana.presses(f"pvs:{shop.acme}:3:0:0")
    await dana.presses(f"pvv|{shop.acme}|bots|9|1")
    await dana.sends("/plan")
    assert "Business Lite · 49" in dana.screen
    assert "Bots 1," in dana.screen
