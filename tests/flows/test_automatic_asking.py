""" "Ask me first": a question with one button, for a renewal and for a low balance (R17)."""

import pytest

from billing.automatic import agreement
from billing.errors import AutoTopUpError
from billing.money import Money
from storage.models import OrderStatus
from tests.flows.automatic import Auto
from tests.flows.conftest import World


@pytest.fixture
async def auto(world: World) -> Auto:
    """Asked first; the small pack of 10 points for 9 USD. The renewal of 1 December needs 30 points, and 5 are left."""
    found = await Auto.over(world)
    await world.give(3_500)
    await world.get("Extra bot", 1)
    await found.turn_on(pack=found.small, ask=True)
    return found


async def charges(auto: Auto) -> OrderStatus:
    """The button is pressed."""
    return await auto.flows.charge_now(auto.world.call(auto.world.owner), auto.world.workspace)


async def test_a_low_balance_is_asked_about_once_until_it_was_high_again(auto: Auto) -> None:
    world = auto.world
    await world.do(agreement.set_low_balance, world.workspace, 1_000)

    for day in (3, 4, 5):
        auto.turn(day)
        await auto.tick(2, minutes=15)
    assert auto.payments == []
    assert await auto.told("auto_ask") == 1

    await world.give(3_000)
    await auto.tick(minutes=15)
    await world.get("Extra member", 1)
    await auto.tick(2, minutes=15)
    assert await auto.told("auto_ask") == 2


async def test_its_button_charges_one_pack_however_often_it_is_pressed(auto: Auto) -> None:
    """R13."""
    world = auto.world
    await world.do(agreement.set_low_balance, world.workspace, 5_000)
    await world.give(3_000)
    auto.turn(3)
    await auto.tick()

    assert await charges(auto) == OrderStatus.PAID
    with pytest.raises(AutoTopUpError, match="not_needed"):
        await charges(auto)

    assert await auto.orders() == [("paid", "", 900)]
    assert await world.balance() == 500 + 3_000 + 1_000


async def test_another_threshold_is_another_question(auto: Auto) -> None:
    world = auto.world
    for low in (1_000, 2_000):
        await world.do(agreement.set_low_balance, world.workspace, low)
        await auto.tick(2, minutes=15)

    assert await auto.told("auto_ask") == 2


async def test_a_renewal_that_asks_stands_for_the_low_balance_too(auto: Auto) -> None:
    world = auto.world
    auto.turn(30)
    await world.do(agreement.set_low_balance, world.workspace, 1_000)
    await auto.tick(3, minutes=15)

    assert await auto.told("auto_ask") == 1


async def test_a_limit_that_does_not_reach_is_said_as_it_is(auto: Auto) -> None:
    """Three packs are needed, and two would renew nothing."""
    world = auto.world
    auto.turn(30)
    await auto.tick()
    await world.do(agreement.set_cap, world.workspace, 1_800)

    with pytest.raises(AutoTopUpError, match="cap") as refusal:
        await charges(auto)

    assert refusal.value.cap == Money(1_800, "USD")
    assert auto.payments == []


async def test_nothing_is_missing_any_more_whatever_the_limit(auto: Auto) -> None:
    world = auto.world
    auto.turn(30)
    await auto.tick()
    await world.do(agreement.set_cap, world.workspace, 100)
    await world.give(3_000)

    with pytest.raises(AutoTopUpError, match="not_needed"):
        await charges(auto)
