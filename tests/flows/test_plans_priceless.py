"""A subscription moved in Stripe's Dashboard to a price that no plan has: the desk hears it once, the plan stays (R25)."""

import pytest

from billing.call import Call
from billing.marks import mark
from billing.plans import catalogue
from tests.flows.conftest import BOT, World
from tests.flows.plans import LITE, PARTNER, Shop, open_shop

SPECIAL = "price_special"


@pytest.fixture
async def shop(world: World) -> Shop:
    shop = await open_shop(world)
    shop.gateway.sell(SPECIAL, 3_900)
    return shop


async def told_of_prices(shop: Shop) -> int:
    return (await shop.told("desk_plan")).count("priceless")


async def test_the_desk_is_told_once_and_the_plan_stays(shop: Shop) -> None:
    subscription = await shop.running()
    people_before = await shop.told()
    shop.gateway.move_price(subscription, SPECIAL)
    await shop.hears("customer.subscription.updated", subscription)
    await shop.hears("customer.subscription.updated", subscription)
    for _ in range(3):
        await shop.later(days=1)

    assert await told_of_prices(shop) == 1
    assert await shop.stands() == ("Business Lite", False, False)
    assert await shop.told() == people_before, "it is the partner's business"


async def test_moved_again_it_is_told_again_and_back_on_a_known_price_it_is_not(shop: Shop) -> None:
    subscription = await shop.running()
    for price in (SPECIAL, LITE, SPECIAL):
        shop.gateway.move_price(subscription, price)
        await shop.later(days=2)
    assert await told_of_prices(shop) == 2


async def test_one_that_begins_at_such_a_price_is_told_too(shop: Shop) -> None:
    """Its price was exchanged in the Dashboard before the first look."""
    begun = shop.gateway.subscribe("cus_1_1", SPECIAL, mark(BOT, PARTNER, shop.world.workspace))
    await shop.hears("customer.subscription.created", begun)
    assert await told_of_prices(shop) == 1
    assert await shop.stands() == ("Business", False, False), "the plan that was set by hand"


async def test_put_on_a_plan_the_price_moves_the_workspace_at_the_next_tick(shop: Shop) -> None:
    subscription = await shop.running()
    shop.gateway.move_price(subscription, SPECIAL)
    await shop.hears("customer.subscription.updated", subscription)
    call = Call(shop.gateway.clock.at, "price:special", BOT, shop.world.partner_person)
    await catalogue.set_stripe_price(shop.flow._payments, call, PARTNER, shop.plan["Business Large"], SPECIAL)

    await shop.later(minutes=1)

    assert await shop.stands() == ("Business Large", False, False)
    assert await told_of_prices(shop) == 1
