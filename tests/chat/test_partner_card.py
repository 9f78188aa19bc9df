"""How a workspace pays, on its card at the desk: the plan's subscription and auto top-up (R19, R25)."""

import pytest

from .conftest import ON_BOTH
from .fakes import declined
from .people import Person
from .plans import later, open_plans
from .test_customer_autotopup import at_renewal, pass_time, turn_on
from .world import World

pytestmark = ON_BOTH


async def line(nora: Person, workspace: int, begins: str) -> str | None:
    """The card's line that begins so, with ordinary spaces; None where there is none."""
    await nora.sends(f"/ws {workspace}")
    lines = nora.screen.replace("\xa0", " ").splitlines()
    return next((each for each in lines if begins in each), None)


@pytest.fixture
async def subscribed(market: World, dana: Person) -> str:
    """Acme pays Business Lite by a subscription."""
    await open_plans(market)
    await dana.sends("/plan")
    await dana.taps("Subscribe to Business Lite")
    await dana.taps("Subscribe")
    market.gateway.pay(dana.url("Pay"))
    await later(market)
    return next(iter(market.gateway.subscriptions))


async def test_a_plan_by_hand_has_no_subscription(market: World, nora: Person) -> None:
    assert await line(nora, market.acme, "Subscription") is None


async def test_the_next_payment_and_one_that_fails_and_is_given_up(
    market: World, nora: Person, subscribed: str
) -> None:
    """R25."""
    assert await line(nora, market.acme, "Subscription") == "Subscription  next payment 16 Dec 2026 09:12 UTC"

    market.gateway.renew(subscribed, paid=False)
    await later(market, days=31)
    failing = "⚠ Subscription  payment failing, Stripe tries again"
    assert await line(nora, market.acme, "Subscription") == failing

    market.gateway.give_up(subscribed)
    await later(market, days=2)
    assert await line(nora, market.acme, "Subscription") == "⚠ Subscription  unpaid, Stripe has given up"


async def test_a_subscription_that_was_cancelled_says_when_it_ends(
    market: World, nora: Person, dana: Person, subscribed: str
) -> None:
    await dana.sends("/plan")
    await dana.taps("End the subscription")
    await dana.taps("End")

    assert await line(nora, market.acme, "Subscription") == "Subscription  ends 16 Dec 2026 09:12 UTC"


async def test_auto_top_up_from_off_to_stopped(market: World, nora: Person, dana: Person) -> None:
    """R18, R19: state, reason and last result; of the card what names it, and nobody's expiry date."""
    assert await line(nora, market.acme, "Auto top-up") == "Auto top-up  off"
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("other")
    await dana.sends("30")
    await dana.taps("Add for")
    await turn_on(market, dana)
    assert await line(nora, market.acme, "Auto top-up") == "Auto top-up  on · Visa ···· 4242"

    market.gateway.next_charges = [declined("insufficient_funds")]
    await at_renewal(market)
    said = await line(nora, market.acme, "Auto top-up")
    assert said is not None
    assert said.startswith("Auto top-up  on · Visa ···· 4242 · last 30 Nov")
    assert said.endswith("80 USD, not enough money, or over the card's limit")

    await dana.sends("/autotopup")
    await dana.taps("Ask me first")
    said = await line(nora, market.acme, "Auto top-up")
    assert said is not None
    assert said.startswith("Auto top-up  asks first · Visa")


async def test_a_card_that_is_stopped_says_why(market: World, nora: Person, dana: Person) -> None:
    """R18: a lost card reads as any other no of the bank's."""
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("other")
    await dana.sends("30")
    await dana.taps("Add for")
    await turn_on(market, dana)
    market.gateway.next_charges = [declined("lost_card")]
    await at_renewal(market)
    await pass_time(market, seconds=70)

    said = await line(nora, market.acme, "Auto top-up")

    assert said is not None
    assert said.startswith("⚠ Auto top-up  stopped: the bank said no · Visa ···· 4242 · last 30 Nov")
    assert said.endswith("80 USD, failed")
