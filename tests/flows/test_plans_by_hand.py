"""Plans by the partner's hand, overrides, plans that are asked for (R23, R24, R25)."""

import pytest

from billing import usage
from billing.access import Role
from billing.errors import (
    BadValueError,
    GoneError,
    NotAllowedError,
    PlanOverLimitError,
    StrangerError,
    SubscriptionRunsError,
)
from billing.plans import catalogue, changing
from billing.plans.ending import end_with_period
from tests.flows.conftest import World
from tests.flows.plans import PARTNER, Shop, open_shop


@pytest.fixture
async def shop(world: World) -> Shop:
    return await open_shop(world)


async def used(world: World, bot_users: int) -> None:
    await world.do(usage.report_usage, world.workspace, {"bot_users": bot_users}, world.now)


async def set_plan(shop: Shop, plan: str | None, **kwargs: bool) -> changing.PlanSet:
    plan_id = shop.plan[plan] if plan is not None else None
    found = await shop.world.at_desk(changing.set_plan, shop.world.workspace, plan_id, **kwargs)
    assert isinstance(found, changing.PlanSet)
    return found


async def test_a_plan_is_set_at_once_told_and_recorded(shop: Shop) -> None:
    world = shop.world
    await used(world, 5_000)
    assert await shop.stands() == ("Business", False, True)
    await set_plan(shop, "Business Large")
    await set_plan(shop, "Business Large")
    assert await shop.stands() == ("Business Large", False, False), "the pause went with the same step"
    assert await shop.told() == ["set"]
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'plan'") == [(1,)]


async def test_a_plan_that_is_too_small_wants_a_second_tap(shop: Shop) -> None:
    await set_plan(shop, "Business Large")
    await used(shop.world, 5_000)
    with pytest.raises(PlanOverLimitError) as refused:
        await set_plan(shop, "Business")
    assert [(each.used, each.then) for each in refused.value.over] == [(5_000, 1_000)]
    assert await shop.stands() == ("Business Large", False, False)
    assert (await set_plan(shop, "Business", over=True)).paused
    assert await shop.stands() == ("Business", False, True)


async def test_while_a_subscription_pays_the_plan_comes_with_its_end(shop: Shop) -> None:
    """Never refused and never beside it: the subscription ends with what is paid."""
    subscription = await shop.running()
    with pytest.raises(SubscriptionRunsError):
        await set_plan(shop, "Business Large")
    done = await set_plan(shop, "Business Large", after=True)
    assert done.ends is not None
    assert done.ends.after == "Business Large"
    await shop.later()
    assert shop.gateway.subscriptions[subscription].cancels_at_end
    assert await shop.stands() == ("Business Lite", False, False)
    shop.gateway.renew(subscription)
    await shop.later(days=30)
    assert await shop.stands() == ("Business Large", False, False)


async def test_kept_by_its_owner_the_partners_later_plan_is_forgotten(shop: Shop) -> None:
    world = shop.world
    subscription = await shop.running()
    await set_plan(shop, "Business Large", after=True)
    await shop.later()
    await shop.flow.keep(world.call(world.owner), world.workspace)
    await shop.flow.end_with_period(world.call(world.owner), world.workspace)
    shop.gateway.renew(subscription)
    await shop.later(days=30)
    assert await shop.stands() == (None, False, False)


async def test_by_hand_ends_what_stripe_gave_up_on(shop: Shop) -> None:
    subscription = await shop.running()
    shop.gateway.renew(subscription, paid=False)
    shop.gateway.give_up(subscription)
    await shop.later(days=1)
    assert await shop.stands() == ("Business Lite", True, False)
    await set_plan(shop, "Business Large")
    assert await shop.stands() == ("Business Large", False, False)
    await shop.later()
    assert shop.gateway.subscriptions[subscription].status == "canceled"
    assert await shop.stands() == ("Business Large", False, False), "its end moves nothing"


async def test_closing_a_workspace_ends_its_subscription_and_page(shop: Shop) -> None:
    world = shop.world
    subscription = await shop.running()
    assert await world.db.write(end_with_period, world.call(), PARTNER, world.workspace)
    await shop.later()
    assert shop.gateway.subscriptions[subscription].cancels_at_end


async def test_an_override_counts_instead_of_the_plan_and_settles_the_pause(shop: Shop) -> None:
    world = shop.world
    await used(world, 5_000)
    await world.at_desk(changing.set_override, world.workspace, "bot_users", 6_000)
    assert await shop.stands() == ("Business", False, False)
    await set_plan(shop, "Business Lite")
    assert await allowed(shop) == 6_000, "whatever the plan says"
    with pytest.raises(PlanOverLimitError):
        await world.at_desk(changing.set_override, world.workspace, "bot_users", 4_999)
    await world.at_desk(changing.set_override, world.workspace, "bot_users", 4_999, over=True)
    assert await shop.stands() == ("Business Lite", False, True)
    await world.at_desk(changing.set_override, world.workspace, "bot_users", None)
    assert await shop.stands() == ("Business Lite", False, False)
    assert await allowed(shop) == 10_000
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'override'") == [(3,)]


async def allowed(shop: Shop) -> int:
    _, found = await shop.world.db.read(changing.allowances, shop.world.partner_person, shop.world.workspace)
    return next(each.standing.allowance for each in found if each.standing.code == "bot_users")


async def test_an_override_of_nonsense_is_refused(shop: Shop) -> None:
    world = shop.world
    with pytest.raises(BadValueError):
        await world.at_desk(changing.set_override, world.workspace, "bots", -1)
    with pytest.raises(GoneError):
        await world.at_desk(changing.set_override, world.workspace, "dragons", 1)


async def test_a_plan_is_asked_for_once_and_given_with_one_tap(shop: Shop) -> None:
    world = shop.world
    await world.at_desk(catalogue.drop_stripe_price, shop.plan["Business Large"])
    for _ in range(2):
        await world.do(changing.request_plan, world.workspace, shop.plan["Business Large"])
    assert (await world.notices()).count("plan_request") == 1
    await set_plan(shop, "Business Large")
    assert await world.db.read(changing.requests, world.partner_person) == []
    await world.do(changing.request_plan, world.workspace, shop.plan["Business"])
    assert await world.at_desk(changing.decline_request, world.workspace) == "Business"
    assert await world.at_desk(changing.decline_request, world.workspace) is None
    assert sorted(await shop.told()) == ["declined", "set"]


async def test_rights_are_the_partners_and_the_owners(shop: Shop) -> None:
    world = shop.world
    viewer = await world.member(301, "Vic", Role.VIEWER)
    with pytest.raises(NotAllowedError):
        await world.do(changing.request_plan, world.workspace, shop.plan["Business Large"], by=viewer)
    with pytest.raises(StrangerError):
        await world.do(changing.set_plan, world.workspace, shop.plan["Business Large"])
    with pytest.raises(StrangerError):
        await world.do(changing.set_override, world.workspace, "bots", 9)
