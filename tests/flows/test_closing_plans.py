"""A plan that is paid beyond the end of a closed workspace (R25, R37): it ends with the cycle all the same."""

import pytest

from billing import closing, workspaces
from tests.flows.automatic import set_partner
from tests.flows.conftest import World
from tests.flows.plans import Shop, open_shop


@pytest.fixture
async def shop(world: World) -> Shop:
    """Paid from 10 November to 10 December; the cycle ends on 1 December."""
    opened = await open_shop(world)
    stand(opened, 10, 11)
    return opened


def stand(shop: Shop, day: int, month: int) -> None:
    shop.world.turn(day, month, 13)
    shop.gateway.clock.at = shop.world.now


async def looks(shop: Shop, day: int, month: int = 12) -> None:
    """What is due is worked off on that date, and the poller asks Stripe."""
    stand(shop, day, month)
    await shop.world.db.write(workspaces.catch_up, shop.world.call(), shop.world.workspace)
    await shop.later(minutes=30)


async def test_a_subscription_that_outlasts_the_cycle_gives_no_plan_back(shop: Shop) -> None:
    await shop.running()
    await shop.world.do(closing.close, shop.world.workspace)
    await shop.later(minutes=30)
    assert await shop.stands() == ("Business Lite", False, False), "until the cycle's end all goes on"

    for day in (1, 2, 9):
        await looks(shop, day)
        assert await shop.stands() == (None, False, False)


async def test_its_end_gives_no_fallback_plan(shop: Shop) -> None:
    await shop.world.db.write(set_partner(fallback_plan_id=shop.plan["Business"]))
    subscription = await shop.running()
    await shop.world.do(closing.close, shop.world.workspace)
    await looks(shop, 1)

    stand(shop, 10, 12)
    shop.gateway.renew(subscription)
    await looks(shop, 10)

    assert await shop.stands() == (None, False, False)
    assert await shop.world.sql("SELECT status, running FROM subscriptions") == [("canceled", False)]


async def test_an_end_within_the_cycle_falls_back_until_the_cycles_end(shop: Shop) -> None:
    """Until the cycle's end everything goes on, and then nothing does."""
    await shop.world.db.write(set_partner(fallback_plan_id=shop.plan["Business"]))
    subscription = await shop.running()
    await shop.world.do(closing.close, shop.world.workspace)
    await shop.later(minutes=30)
    shop.gateway.renew(subscription)
    await looks(shop, 20, 11)
    assert await shop.stands() == ("Business", False, False)

    await looks(shop, 1)
    assert await shop.stands() == (None, False, False)


async def test_nobody_has_to_pay_for_a_plan_that_is_over(shop: Shop) -> None:
    """Stripe gives up on an invoice that was open when the workspace was closed."""
    subscription = await shop.running()
    await shop.world.do(closing.close, shop.world.workspace)
    await looks(shop, 1)
    shop.gateway.give_up(subscription)
    told = await shop.told()

    await looks(shop, 9)

    assert await shop.told() == told
    assert (await shop.stands())[0] is None


async def test_opened_again_while_it_still_runs_the_plan_is_back(shop: Shop) -> None:
    await shop.running()
    await shop.world.do(closing.close, shop.world.workspace)
    await looks(shop, 2)
    assert await shop.stands() == (None, False, False)

    await shop.world.do(closing.reopen, shop.world.workspace)
    await looks(shop, 4)

    assert await shop.stands() == ("Business Lite", False, False)
