"""Plans paid by subscription against the sandbox, by the clock (R24, R25)."""

import asyncio
import re

from .client import Message, eventually
from .times import Place, Timed

PRICES = {"Business": 2900, "Business Lite": 4900, "Business Large": 9900}
"""What a plan costs a month, in cents."""


async def sold_by_stripe(timed: Timed) -> None:
    """The partner gives each plan a price of Stripe's, once; cancelled ones fall back to Business."""
    owner = timed.desk.owner
    plans = await owner.writes("/plans", shows="What customers choose from")
    if "99 USD a month" in plans.text:
        return
    for name, minor in PRICES.items():
        price = await asyncio.to_thread(timed.bench.bot.sell_monthly, name, minor)
        plans = await owner.writes("/plans", shows="What customers choose from")
        await owner.taps(name, on=plans.id)
        await owner.taps("Price", on=plans.id)
        await owner.taps("Stripe price", on=plans.id)
        await owner.writes(price, shows=f"Paid by subscription: {price}")
    plans = await owner.writes("/plans", shows="What customers choose from")
    await owner.taps("What it falls back to", on=plans.id)
    await owner.taps("Business", on=plans.id)


async def subscribed(timed: Timed, plan: str = "Business Lite") -> Place:
    await sold_by_stripe(timed)
    place = await timed.opens()
    page = await chooses(place, plan)
    await timed.sim.pay(page)
    await timed.turn(hours=1 / 60)  # for a bot that nobody tells
    await place.dana.sees(f"{plan} has started!", on=page.id)
    return place


async def chooses(place: Place, plan: str) -> Message:
    """From /plan to Stripe's page."""
    screen = await place.dana.writes("/plan", shows="Plan ·")
    await place.dana.taps(plan, on=screen.id)
    await place.dana.taps("Subscribe", on=screen.id)
    return await place.dana.sees("Pay on Stripe's page", on=screen.id)


async def plan_says(place: Place) -> str:
    return (await place.dana.writes("/plan", shows="Plan ·")).text


async def has_status(place: Place, status: str) -> None:
    async def there() -> bool:
        return bool((await place.subscription())["status"] == status)

    await eventually(there, f"a subscription that is {status}")


async def test_first_subscription_then_up_and_down(timed_both: Timed) -> None:
    timed = timed_both
    place = await subscribed(timed, "Business Lite")
    assert "Business Lite · 49 USD a month" in await plan_says(place)

    await timed.turn(days=10)
    screen = await place.dana.writes("/plan", shows="Plan ·")
    await place.dana.taps("Business Large", on=screen.id)
    quote = await place.dana.sees("Then  99 USD a month", on=screen.id)
    change = next(each.text for each in quote.buttons if "Change for" in each.text)
    due = float(re.findall(r"[\d.]+", change)[0])
    assert 25 < due < 50, "two thirds of a month of the difference"
    await place.dana.taps("Change for", on=screen.id)
    await place.dana.sees("You are on Business Large now", on=screen.id)
    sums = [one["amount"] for one in await place.payments() if one["status"] == "paid"]
    assert sorted(sums) == sorted([4900, round(due * 100)])

    screen = await place.dana.writes("/plan", shows="Plan ·")
    await place.dana.taps("Business · 29 USD", on=screen.id)
    quote = await place.dana.sees("Then  29 USD a month", on=screen.id)
    assert "count towards your next invoices" in quote.text
    await place.dana.taps("Change", on=screen.id)
    await place.dana.sees("You are on Business now", on=screen.id)
    assert "Bot users 1,000" in await plan_says(place)
    assert (await place.subscription())["status"] == "active"


async def test_failing_invoices_warn_then_pause_and_paying_resumes(timed_both: Timed) -> None:
    timed = timed_both
    place = await subscribed(timed)
    await timed.sim.bank("dunning", key=timed.bench.bot.stripe_key, then="unpaid")
    mine = await place.subscription()
    await timed.sim.bank("next_invoice", subscription=mine["id"], outcome="given_up")
    await timed.turn_to(place.after(1))
    told = await place.dana.sees("Business Lite couldn't be paid")
    assert told.button("Pay now") is not None
    assert "● active" in (await place.home()).text
    for days in (5, 9, 13, 18, 25):
        await timed.turn_to(place.after(days))
    await has_status(place, "unpaid")
    told = await place.dana.sees("wasn't paid, so the workspace is paused")
    assert "❚❚ paused" in (await place.home()).text
    await timed.sim.bank("next_invoice", subscription=mine["id"], outcome="paid")
    screen = await place.dana.taps("Pay now", on=told.id)
    link = await place.dana.sees("Pay the open invoice", on=screen.id)
    assert link.url("Pay now").startswith(timed.bench.bot.sandbox)
    for invoice in await unpaid_invoices(timed, mine["id"]):
        await timed.sim.bank("pay_invoice", invoice=invoice)
    await timed.turn(hours=1)
    await place.dana.sees("Running again")
    assert "● active" in (await place.home()).text


async def unpaid_invoices(timed: Timed, subscription: str) -> list[str]:
    """Oldest first."""
    listed = await timed.sim.stripe_list("invoices", timed.bench.bot.stripe_key)
    return [
        str(one["id"])
        for one in reversed(listed)
        if one["parent"]["subscription_details"]["subscription"] == subscription and one["status"] == "open"
    ]


async def test_given_up_and_ended_by_stripe_can_be_begun_anew(timed: Timed) -> None:
    place = await subscribed(timed)
    await timed.sim.bank("dunning", key=timed.bench.bot.stripe_key, then="canceled")
    mine = await place.subscription()
    await timed.sim.bank("next_invoice", subscription=mine["id"], outcome="given_up")
    for days in (1, 5, 9, 13, 18, 25):
        await timed.turn_to(place.after(days))
    await place.dana.sees("wasn't paid, so the workspace is paused")
    page = await chooses(place, "Subscribe to Business Lite")
    await timed.sim.pay(page)
    await timed.turn(hours=1 / 60)
    await place.dana.sees("Running again")
    assert "● active" in (await place.home()).text


async def test_ended_with_its_period_falls_back(timed_both: Timed) -> None:
    timed = timed_both
    place = await subscribed(timed)
    screen = await place.dana.writes("/plan", shows="Plan ·")
    await place.dana.taps("End the subscription", on=screen.id)
    await place.dana.taps("End it", on=screen.id)
    ending = await place.dana.sees("Then Business.", on=screen.id)
    await place.dana.taps("Keep it after all", on=ending.id)
    await place.dana.sees("It goes on", on=screen.id)
    assert (await place.subscription())["cancel_at_period_end"] is False
    await place.dana.taps("End the subscription", on=screen.id)
    await place.dana.taps("End it", on=screen.id)
    await place.dana.sees("Then Business.", on=screen.id)
    await timed.turn_to(place.before(1))
    assert "Business Lite" in (await place.home()).text
    await timed.turn_to(place.after(1))
    await place.dana.sees("Business Lite has ended. Now: Business.")
    assert (await place.subscription())["status"] == "canceled"
    assert "Plan  Business ·" in (await place.home()).text
    assert [one["amount"] for one in await place.payments() if one["status"] == "paid"] == [4900]


async def test_lost_answer_of_a_change_is_charged_once(timed: Timed) -> None:
    place = await subscribed(timed)
    await timed.turn(days=10)
    screen = await place.dana.writes("/plan", shows="Plan ·")
    await place.dana.taps("Business Large", on=screen.id)
    await place.dana.sees("Then  99 USD a month", on=screen.id)
    await timed.sim.fails("stripe", "POST /v1/subscriptions/{subscription_exposed_id}", "lost", times=9)
    await place.dana.taps("Change for", on=screen.id)
    # Stripe made it all the same, and the subscription says so at once.
    await place.dana.sees("You are on Business Large now.", on=screen.id)
    await timed.sim.no_more_failures()
    await timed.turn(hours=1)

    async def moved() -> bool:
        return "Business Large · 99 USD a month" in (await plan_says(place)).splitlines()[1]

    await eventually(moved, "the new plan")
    assert len([one for one in await place.payments() if one["status"] == "paid"]) == 2
