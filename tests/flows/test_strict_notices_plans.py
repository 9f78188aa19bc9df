"""Plans, told strictly: every notice of a story, nothing missing, nothing extra (R25, R36)."""

import pytest

from billing import closing
from billing.plans import catalogue, changing
from tests.flows.conftest import World
from tests.flows.plans import LITE
from tests.flows.stories import Story, begun

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)


async def subscribed(world: World) -> tuple[Story, str]:
    """Lite is paid on 20 November for thirty days."""
    story = await begun(world, units=0)
    await subscribe(story)
    ((subscription,),) = await world.sql("SELECT id FROM subscriptions WHERE running")
    return await story.begin(), str(subscription)


async def subscribe(story: Story) -> None:
    view = await (await story.shop()).subscribe()
    assert view.url is not None
    story.gateway.pay(view.url)
    await story.soon()


async def test_the_first_subscription(world: World) -> None:
    story = await begun(world, units=0)

    await subscribe(story)
    await story.until(11, 24)

    assert story.lines() == [
        "20 Nov Dana plan started",
        "20 Nov Pat desk_plan started",
    ]


async def test_an_invoice_that_fails_and_is_paid(world: World) -> None:
    story, subscription = await subscribed(world)
    await story.until(12, 20)
    story.gateway.renew(subscription, paid=False)
    await story.until(12, 22)
    story.gateway.pay_invoice(subscription)
    await story.until(12, 24)

    assert story.lines() == [
        "20 Dec Dana plan failed",
        "20 Dec Pat desk_plan failed",
        "22 Dec Dana plan paid",
    ]


async def test_an_invoice_that_stripe_gives_up_on(world: World) -> None:
    story, subscription = await subscribed(world)
    await story.until(12, 20)
    story.gateway.renew(subscription, paid=False)
    await story.until(12, 22)
    story.gateway.give_up(subscription)
    await story.until(12, 28)
    story.gateway.pay_invoice(subscription)
    await story.until(12, 30)

    assert story.lines() == [
        "20 Dec Dana plan failed",
        "20 Dec Pat desk_plan failed",
        "22 Dec Dana plan unpaid",
        "22 Dec Pat desk_plan unpaid",
        "28 Dec Dana plan paid",
        "28 Dec Dana resumed",
        "28 Dec Pat desk_resumed",
    ]


@pytest.mark.parametrize("first", ["plan", "limit"])
async def test_an_unpaid_plan_and_a_limit_at_once(world: World, first: str) -> None:
    """R21, R36: whichever settles first, it is told that the other still holds."""
    story, subscription = await subscribed(world)
    await story.until(12, 20)
    story.gateway.renew(subscription, paid=False)
    await story.until(12, 21)
    await story.uses(bots=2)
    await story.until(12, 22)
    story.gateway.give_up(subscription)
    await story.until(12, 24)
    assert "It is over a limit, too." in story.text("plan")
    for step in (first, "limit" if first == "plan" else "plan"):
        if step == "plan":
            story.gateway.pay_invoice(subscription)
            await story.until(12, 28)
        else:
            await story.uses(bots=1)

    before = [
        "20 Dec Dana plan failed",
        "20 Dec Pat desk_plan failed",
        "21 Dec Dana paused limit",
        "21 Dec Pat desk_paused",
        "22 Dec Dana plan unpaid",
        "22 Dec Pat desk_plan unpaid",
    ]
    if first == "plan":
        assert story.lines() == [
            *before,
            "24 Dec Dana plan paid",
            "24 Dec Dana still_paused limit",
            "28 Dec Dana resumed",
            "28 Dec Pat desk_resumed",
        ]
        assert "2 of 1" in story.text("still_paused")
    else:
        assert story.lines() == [
            *before,
            "24 Dec Dana still_paused unpaid",
            "24 Dec Dana plan paid",
            "24 Dec Dana resumed",
            "24 Dec Pat desk_resumed",
        ]
        assert "The plan isn't paid." in story.text("still_paused")


async def test_one_that_stripe_cancels_for_want_of_payment(world: World) -> None:
    story, subscription = await subscribed(world)
    await story.until(12, 20)
    story.gateway.renew(subscription, paid=False)
    await story.until(12, 22)
    story.gateway.give_up(subscription, "canceled")
    await story.until(12, 24)

    assert story.lines() == [
        "20 Dec Dana plan failed",
        "20 Dec Pat desk_plan failed",
        "22 Dec Dana plan unpaid",
        "22 Dec Pat desk_plan unpaid",
    ]


async def test_one_that_ends_with_its_period(world: World) -> None:
    """R25: no fallback plan is set, so it is on none, and what is used there is over every limit."""
    story, subscription = await subscribed(world)
    await story.uses(bots=1)
    await story.subscriptions.end_with_period(world.call(world.owner), world.workspace)
    await story.until(12, 20)
    story.gateway.renew(subscription)
    await story.until(12, 24)

    assert story.lines() == [
        "20 Nov Pat desk_plan ending",
        "20 Dec Dana paused limit",
        "20 Dec Dana plan ended",
        "20 Dec Pat desk_paused",
        "20 Dec Pat desk_plan ended",
    ]


async def test_one_that_ends_and_falls_back(world: World) -> None:
    """R25: the fallback plan is told with the end; what fits there is not paused."""
    story, subscription = await subscribed(world)
    plans = dict(await world.sql("SELECT name, id FROM plans"))
    await world.at_desk(catalogue.set_fallback, plans["Business"])
    await story.uses(bots=1)
    await story.subscriptions.end_with_period(world.call(world.owner), world.workspace)
    await story.until(12, 20)
    story.gateway.renew(subscription)
    await story.until(12, 24)

    assert story.lines() == [
        "20 Nov Pat desk_plan ending",
        "20 Dec Dana plan ended",
        "20 Dec Pat desk_plan ended",
    ]
    assert "Business" in story.text("plan")


async def test_a_duplicate(world: World) -> None:
    story, _ = await subscribed(world)
    story.gateway.subscribe(
        story.gateway.subscriptions[next(iter(story.gateway.subscriptions))].customer, LITE
    )
    second = list(story.gateway.subscriptions)[-1]
    await (await story.shop()).hears("customer.subscription.created", second)
    await story.until(11, 23)

    assert story.lines() == [
        "20 Nov Dana plan duplicate",
        "20 Nov Pat desk_plan duplicate",
    ]


async def test_a_plan_that_is_set_by_hand(world: World) -> None:
    story = await begun(world, units=0)
    plans = dict(await world.sql("SELECT name, id FROM plans"))

    await world.at_desk(changing.set_plan, world.workspace, plans["Business Large"])
    await story.until(11, 22)

    assert story.lines() == ["20 Nov Dana plan set"]


async def test_a_smaller_plan_by_hand_pauses(world: World) -> None:
    story = await begun(world, units=0)
    await story.uses(bot_users=900)
    plans = dict(await world.sql("SELECT name, id FROM plans"))
    await world.at_desk(changing.set_plan, world.workspace, None, over=True)
    await story.until(11, 22)
    await world.at_desk(changing.set_plan, world.workspace, plans["Business"])
    await story.until(11, 23)

    assert story.lines() == [
        "20 Nov Dana usage_warning 80",
        "20 Nov Dana paused limit",
        "20 Nov Dana plan set",
        "22 Nov Dana plan set",
        "22 Nov Dana resumed",
    ]


async def test_a_plan_that_is_asked_for(world: World) -> None:
    story = await begun(world, units=0)
    plans = dict(await world.sql("SELECT name, id FROM plans"))
    await world.do(changing.request_plan, world.workspace, plans["Business Large"])
    await story.until(11, 21)
    await world.at_desk(changing.decline_request, world.workspace)
    await story.until(11, 22)

    assert story.lines() == [
        "20 Nov Pat plan_request",
        "21 Nov Dana plan declined",
    ]


async def test_a_closed_workspace_with_a_plan_that_is_paid_longer(world: World) -> None:
    """R37: it ended with the cycle, so nothing pauses and nothing runs again; that no money is taken any more is told."""
    story, subscription = await subscribed(world)
    await story.uses(bots=1)
    await world.do(closing.close, world.workspace)
    await story.until(12, 20)
    story.gateway.renew(subscription)
    await story.until(12, 24)

    assert story.lines() == [
        "20 Nov Dana plan ending",
        "20 Nov Pat desk_closed",
        "20 Nov Pat desk_plan ending",
        "20 Dec Dana plan ended",
        "20 Dec Pat desk_plan ended",
    ]
