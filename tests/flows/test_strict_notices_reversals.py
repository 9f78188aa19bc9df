"""Refunds and disputes, told strictly: every notice of a story, nothing missing, nothing extra (R29, R36)."""

import pytest

from billing import catalogue
from tests.flows.conftest import World
from tests.flows.stories import Story, begun

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)


async def paid(world: World, **terms: int) -> tuple[Story, str]:
    """55 points were paid for with 40 USD."""
    story = await begun(world, **terms)
    payment = await story.top_up()
    return await story.begin(), payment


async def refund(story: Story, minor: int) -> None:
    """Pat refunds at the desk."""
    world = story.world
    ((order,),) = await world.sql("SELECT id FROM orders WHERE NOT automatic")
    call = world.call(world.partner_person)
    offer = await story.refunds.offer(call, order)
    await story.refunds.refund(call, order, minor, offer.left.amount_minor)
    await story.soon()


async def test_a_payment_that_is_refunded_at_the_desk(world: World) -> None:
    story, _ = await paid(world, units=0)

    await refund(story, 4_000)
    await story.until(11, 22)

    assert story.lines() == ["20 Nov Dana reversal refunded"]


async def test_parts_that_are_refunded_at_the_desk_and_at_stripe(world: World) -> None:
    story, payment = await paid(world, units=0)

    await refund(story, 1_000)
    story.gateway.give_back(payment, 1_000)
    await story.until(11, 22)

    assert story.lines() == [
        "20 Nov Dana reversal refunded",
        "20 Nov Dana reversal refunded",
        "20 Nov Pat desk_reversal refunded",
    ]


async def test_a_refund_that_the_bank_sends_back(world: World) -> None:
    story, payment = await paid(world, units=0)
    await refund(story, 4_000)

    story.gateway.fail_refund(payment, story.gateway.refunds[payment][0].id)
    await story.until(11, 22)

    assert story.lines() == [
        "20 Nov Dana reversal refunded",
        "20 Nov Dana reversal refund_failed",
        "20 Nov Pat desk_reversal refund_failed",
    ]


async def test_a_dispute_that_is_won(world: World) -> None:
    story, payment = await paid(world, units=0)

    story.gateway.dispute(payment)
    await story.until(11, 21)
    story.gateway.close_dispute(payment, won=True)
    await story.until(11, 24)

    assert story.lines() == [
        "20 Nov Dana reversal disputed",
        "20 Nov Pat desk_reversal disputed",
        "21 Nov Dana reversal won",
        "21 Nov Pat desk_reversal won",
    ]


async def test_a_dispute_that_is_lost_and_leaves_a_debt(world: World) -> None:
    """R29: auto top-up is off; nothing renews with a debt; a payment ends it."""
    story, payment = await paid(world)
    await (await story.auto()).turn_on()
    await world.get("Extra member", 2)
    await story.begin()

    story.gateway.dispute(payment)
    await story.until(11, 22)
    story.gateway.close_dispute(payment, won=False)
    await story.until(12, 2)
    await story.top_up()
    await story.until(12, 4)

    assert story.lines() == [
        "20 Nov Dana reversal disputed",
        "20 Nov Pat desk_reversal disputed",
        "22 Nov Pat desk_reversal lost",
        "24 Nov Dana renewal_short",
        "28 Nov Dana renewal_short",
        "30 Nov Dana renewal_short",
        "01 Dec Dana renewal ended",
        "01 Dec Pat desk_lapsed",
        "02 Dec Dana order",
        "02 Dec Pat desk_topup",
    ]


async def test_a_dispute_that_is_won_while_units_wait_for_points(world: World) -> None:
    """R15, R29: what comes back renews what waits, and the same notice says so."""
    await world.at_desk(catalogue.set_grace_days, 5)
    story, payment = await paid(world)

    story.gateway.dispute(payment)
    await story.until(12, 2)
    story.gateway.close_dispute(payment, won=True)
    await story.until(12, 4)

    assert story.lines() == [
        "20 Nov Dana reversal disputed",
        "20 Nov Pat desk_reversal disputed",
        "24 Nov Dana renewal_short",
        "28 Nov Dana renewal_short",
        "30 Nov Dana renewal_short",
        "01 Dec Dana renewal unpaid",
        "02 Dec Dana reversal won",
        "02 Dec Pat desk_reversal won",
    ]
    assert "Renewed: 1 × Extra bot, for 30 points." in story.text("reversal")
