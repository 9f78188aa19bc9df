"""Auto top-up, told strictly: every notice of a story, nothing missing, nothing extra (R17, R18, R36)."""

import pytest

from billing import catalogue, people
from billing.access import Role
from billing.adjust import adjust
from billing.automatic import agreement, cards
from billing.money import Money
from tests.chat.fakes import LOST, THREE_D_SECURE, declined
from tests.flows.automatic import BIG
from tests.flows.conftest import World
from tests.flows.stories import Story, begun

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)

ANNOUNCED = ["23 Nov Dana renewal_short", "27 Nov Dana renewal_short", "29 Nov Dana renewal_short"]
"""Counted to the first attempt, a day before the cycle ends."""
SOFT = declined("insufficient_funds", "try_again_later")


async def switched_on(world: World, cap: int | None = None) -> Story:
    """The renewal of 1 December needs 30 points and there are none; the card is charged on 30 November."""
    story = await begun(world)
    await (await story.auto()).turn_on(cap=cap)
    return await story.begin()


async def test_a_charge_that_succeeds(world: World) -> None:
    story = await switched_on(world)

    await story.until(12, 3)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_paid",
        "30 Nov Pat desk_topup",
        "01 Dec Dana renewal renewed",
    ]


async def test_a_soft_decline_that_is_made_good_by_the_second_attempt(world: World) -> None:
    story = await switched_on(world)
    story.gateway.next_charges = [SOFT]

    await story.until(12, 6)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_failed insufficient_funds",
        "01 Dec Dana auto_paid",
        "01 Dec Dana renewal unpaid",
        "01 Dec Pat desk_topup",
    ]


async def test_a_soft_decline_a_day_after_the_cycles_start(world: World) -> None:
    story = await switched_on(world)
    story.gateway.next_charges = [SOFT, SOFT]

    await story.until(12, 6)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_failed insufficient_funds",
        "01 Dec Dana renewal unpaid",
        "02 Dec Dana auto_paid",
        "02 Dec Pat desk_topup",
    ]
    assert "Your saved card is charged for it." in story.text("renewal")


async def test_four_soft_declines(world: World) -> None:
    story = await switched_on(world)
    story.gateway.charging = SOFT

    await story.until(12, 8)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_failed insufficient_funds",
        "01 Dec Dana renewal unpaid",
        "04 Dec Dana auto_suspended insufficient_funds",
        "04 Dec Dana renewal ended",
        "04 Dec Pat desk_card",
        "04 Dec Pat desk_lapsed",
    ]


async def test_a_hard_decline(world: World) -> None:
    story = await switched_on(world)
    story.gateway.charging = declined("stolen_card")

    await story.until(12, 4)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_suspended stolen_card",
        "30 Nov Pat desk_card",
        "01 Dec Dana renewal ended",
        "01 Dec Pat desk_lapsed",
    ]


async def test_3d_secure_paid_by_link(world: World) -> None:
    story = await switched_on(world)
    story.gateway.next_charges = [THREE_D_SECURE]
    await story.until(11, 30)
    ((failed,),) = await world.sql("SELECT id FROM orders WHERE automatic")

    page = await (await story.auto()).recover(failed)
    assert page.url is not None
    story.gateway.pay(page.url)
    await story.until(12, 3)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_failed authentication_required",
        "30 Nov Dana order",
        "30 Nov Pat desk_topup",
        "01 Dec Dana renewal renewed",
    ]


async def test_ask_me_first(world: World) -> None:
    story = await begun(world)
    await (await story.auto()).agree(ask=True)
    await (await story.auto()).save_card()
    await story.begin()

    await story.until(12, 3)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_ask",
        "01 Dec Dana renewal ended",
        "01 Dec Pat desk_lapsed",
    ]


async def test_asked_first_and_answered(world: World) -> None:
    story = await begun(world)
    await (await story.auto()).agree(ask=True)
    await (await story.auto()).save_card()
    await story.begin()

    await story.until(11, 30)
    await story.automatic.charge_now(world.call(world.owner), world.workspace)
    await story.until(12, 3)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_ask",
        "30 Nov Dana auto_paid",
        "30 Nov Pat desk_topup",
        "01 Dec Dana renewal renewed",
    ]


async def test_a_cap_that_is_reached(world: World) -> None:
    story = await switched_on(world, cap=BIG - 1)

    await story.until(12, 4)

    assert story.lines() == [
        *ANNOUNCED,
        "01 Dec Dana renewal ended",
        "01 Dec Pat desk_lapsed",
    ]
    assert "your limit for the month doesn't reach" in story.text("renewal_short")


async def test_a_low_balance(world: World) -> None:
    story = await begun(world, points=9_000)
    await (await story.auto()).turn_on()
    await world.do(agreement.set_low_balance, world.workspace, 5_000)
    await story.begin()

    await world.get("Extra member", 4)
    await story.until(11, 23)

    assert story.lines() == [
        "20 Nov Dana auto_paid",
        "20 Nov Pat desk_topup",
        "23 Nov Dana renewal_short",
    ]


async def test_an_answer_that_is_lost(world: World) -> None:
    story = await switched_on(world)
    story.gateway.next_charges = [LOST]

    await story.until(12, 3)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_paid",
        "30 Nov Pat desk_topup",
        "01 Dec Dana renewal renewed",
    ]


async def test_a_pack_that_is_retired(world: World) -> None:
    story = await switched_on(world)
    auto = await story.auto()
    await world.at_desk(catalogue.retire_pack, auto.pack)

    await story.until(12, 4)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_stopped pack",
        "01 Dec Dana renewal ended",
        "01 Dec Pat desk_lapsed",
    ]
    assert "its pack isn't sold any more" in story.text("renewal_short")


async def test_a_pack_that_is_repriced_and_agreed_to_anew(world: World) -> None:
    story = await switched_on(world)
    auto = await story.auto()
    await world.at_desk(catalogue.save_pack, auto.pack, 5_000, 500, Money(4_500, "USD"))
    await story.until(11, 30)
    await (await story.auto()).agree()

    await story.until(12, 4)

    assert story.lines() == [
        *ANNOUNCED,
        "30 Nov Dana auto_stopped pack",
        "30 Nov Dana auto_paid",
        "30 Nov Pat desk_topup",
        "01 Dec Dana renewal renewed",
    ]


async def test_an_owner_who_is_replaced(world: World) -> None:
    """R34: the old owner, the new one and the partner; auto top-up has stopped."""
    story = await switched_on(world)
    await world.member(203, "Bill", Role.BILLING)
    await story.begin()
    nora = await world.newcomer(204, "Nora")
    await world.at_desk(
        people.invite_from_desk, world.workspace, Role.OWNER, "code-nora", replaces_owners=True
    )
    await world.do(people.accept_invite, "code-nora", by=nora)
    await story.until(11, 22)

    assert story.lines() == [
        "20 Nov Bill auto_stopped owner",
        "20 Nov Bill joined",
        "20 Nov Dana replaced",
        "20 Nov Nora auto_stopped owner",
        "20 Nov Pat desk_joined",
    ]


async def test_a_debt_and_the_payment_that_ends_it(world: World) -> None:
    story = await switched_on(world)
    await world.at_desk(adjust, world.workspace, -1_000, "a mistake", accept_debt=True)
    await story.until(12, 2)
    await story.top_up()
    await story.until(12, 4)

    assert story.lines() == [
        "20 Nov Dana adjusted",
        *ANNOUNCED,
        "30 Nov Dana auto_stopped debt",
        "01 Dec Dana renewal ended",
        "01 Dec Pat desk_lapsed",
        "02 Dec Dana order",
        "02 Dec Pat desk_topup",
    ]


async def test_a_low_balance_that_is_declined_until_it_stops(world: World) -> None:
    story = await begun(world, points=500, day=5)
    await (await story.auto()).turn_on()
    await story.begin()
    story.gateway.charging = SOFT
    await world.do(agreement.set_low_balance, world.workspace, 2_000)

    await story.until(11, 12)

    assert story.lines() == [
        "05 Nov Dana auto_failed insufficient_funds",
        "08 Nov Dana auto_suspended insufficient_funds",
        "08 Nov Pat desk_card",
    ]


async def test_asked_first_about_a_low_balance(world: World) -> None:
    """R17: once, though it stays low for days."""
    story = await begun(world, points=500)
    await (await story.auto()).turn_on()
    await world.do(agreement.set_low_balance, world.workspace, 2_000)
    await world.do(agreement.ask_first, world.workspace)
    await story.begin()

    await story.until(11, 22)

    assert story.lines() == ["20 Nov Dana auto_ask"]
    assert "You have 5, less than 20 points." in story.text("auto_ask")


async def test_who_switches_it_off_and_who_removes_the_card(world: World) -> None:
    """R36: the others learn of it and who it was; who does it sees it; doing it again is no news."""
    story = await switched_on(world)
    bill = await world.member(203, "Bill", Role.BILLING)
    await story.begin()
    for _ in range(2):
        await world.do(agreement.turn_off, world.workspace, by=bill)
        await story.soon()
    for _ in range(2):
        await world.do(cards.remove, world.workspace)
        await story.soon()

    assert story.lines() == ["20 Nov Dana auto_off", "20 Nov Bill auto_off"]
    assert "Bill has switched auto top-up off." in story.told[0].text
    assert "Dana has removed the saved card." in story.told[1].text
    assert "Auto top-up is off." not in story.told[1].text


async def test_removing_the_card_switches_it_off(world: World) -> None:
    story = await switched_on(world)
    bill = await world.member(203, "Bill", Role.BILLING)
    await story.begin()
    await world.do(cards.remove, world.workspace, by=bill)
    await story.soon()

    assert story.lines() == ["20 Nov Dana auto_off"]
    assert "Bill has removed the saved card.\nAuto top-up is off." in story.text("auto_off")
