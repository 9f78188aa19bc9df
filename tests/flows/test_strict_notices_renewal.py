"""Renewals, told strictly: every notice of a story, nothing missing, nothing extra (R14-R16, R36, R37)."""

import datetime as dt

import pytest

from billing import addons, catalogue, closing, dating, pausing
from billing.access import Role
from tests.flows.conftest import OWNER_TELEGRAM, World
from tests.flows.stories import begun

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)

ANNOUNCED = ["24 Nov Dana renewal_short", "28 Nov Dana renewal_short", "30 Nov Dana renewal_short"]


async def test_a_covered_renewal(world: World) -> None:
    """R36: announced once, told once."""
    story = await begun(world, points=3_000)

    await story.until(12, 3)

    assert story.lines() == ["28 Nov Dana renewal_covered", "01 Dec Dana renewal renewed"]


async def test_an_uncovered_renewal_that_is_paid_in_grace(world: World) -> None:
    """R15: the payment's own message says what renewed; no second one does."""
    await world.at_desk(catalogue.set_grace_days, 3)
    story = await begun(world)

    await story.until(12, 2)
    await story.top_up()
    await story.until(12, 6)

    assert story.lines() == [
        *ANNOUNCED,
        "01 Dec Dana renewal unpaid",
        "02 Dec Dana order",
        "02 Dec Pat desk_topup",
    ]


async def test_grace_that_runs_out(world: World) -> None:
    await world.at_desk(catalogue.set_grace_days, 3)
    story = await begun(world)

    await story.until(12, 8)

    assert story.lines() == [
        *ANNOUNCED,
        "01 Dec Dana renewal unpaid",
        "04 Dec Dana renewal ended",
        "04 Dec Pat desk_lapsed",
    ]


async def test_without_grace_a_boundary_tells_what_renewed_and_what_ended_at_once(world: World) -> None:
    """R15, R21: the pause that follows is another fact."""
    story = await begun(world, points=3_000, units=2)
    await story.uses(bots=3)

    await story.until(12, 3)

    assert story.lines() == [
        *ANNOUNCED,
        "01 Dec Dana paused limit",
        "01 Dec Dana renewal renewed+ended",
        "01 Dec Pat desk_lapsed",
        "01 Dec Pat desk_paused",
    ]


async def test_six_weeks_of_downtime(world: World) -> None:
    """R16: of both boundaries one notice; grace begins when the process wakes."""
    await world.at_desk(catalogue.set_grace_days, 3)
    story = await begun(world, points=3_000, units=2)

    await story.asleep_until(1, 5, year=2027)
    await story.until(1, 10, year=2027)

    assert story.lines() == [
        "05 Jan Dana renewal unpaid",
        "08 Jan Dana renewal ended",
        "08 Jan Pat desk_lapsed",
    ]


async def test_a_manual_pause_over_a_boundary(world: World) -> None:
    """R14: nothing is announced, nothing renews, and that is said."""
    story = await begun(world, points=3_000)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True, note="late")

    await story.until(12, 3)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=False)
    await story.soon()

    assert story.lines() == [
        "20 Nov Dana paused manual",
        "01 Dec Dana renewal ended",
        "03 Dec Dana resumed",
    ]


async def test_a_renewal_date_that_is_moved(world: World) -> None:
    """R4, R36: told at once; the old dates are announced no more."""
    story = await begun(world, points=3_000, day=22)

    await world.at_desk(dating.set_renewal_date, world.workspace, dt.date(2026, 11, 26))
    await story.until(12, 4)

    assert story.lines() == [
        "22 Nov Dana renewal_date",
        "23 Nov Dana renewal_covered",
        "26 Nov Dana renewal renewed",
    ]


async def test_closing_and_the_boundary_after_it(world: World) -> None:
    """R37: who closed it sees so; the others are told; with the plan the add-ons end, and that is no pause."""
    await world.member(202, "Bill", Role.BILLING)
    story = await begun(world, points=3_000, units=2)
    await story.uses(bots=3)

    await world.do(closing.close, world.workspace)
    await story.until(12, 6)

    assert story.lines() == [
        "20 Nov Bill closed",
        "20 Nov Pat desk_closed",
        "01 Dec Bill renewal ended",
        "01 Dec Dana renewal ended",
    ]


@pytest.mark.parametrize("approve", [True, False])
async def test_a_removal_that_is_asked_for(world: World, approve: bool) -> None:
    """R10: the partner is asked, the customer is answered."""
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    story = await begun(world, points=3_000)

    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)
    await story.until(11, 21)
    await world.at_desk(addons.answer_request, world.workspace, world.addon["Extra bot"], approve=approve)
    await story.until(11, 24)

    assert story.lines() == ["20 Nov Pat removal_request", "21 Nov Dana removal_answer"]


async def test_a_removal_that_nobody_answers_before_the_boundary(world: World) -> None:
    """R10: a waiting request does not renew; approval afterwards is told too."""
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    story = await begun(world, points=3_000)

    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)
    await story.until(12, 2)

    assert story.lines() == ["20 Nov Pat removal_request", "01 Dec Dana renewal ended"]


async def test_somebody_who_has_blocked_the_bot(world: World) -> None:
    """R36: the partner is told that a workspace's money news reach nobody, once a day at most."""
    story = await begun(world)
    story.blocked.add(OWNER_TELEGRAM)

    await story.until(12, 3)

    assert story.lines() == [
        "24 Nov Pat desk_unreachable",
        "28 Nov Pat desk_unreachable",
        "30 Nov Pat desk_unreachable",
        "01 Dec Pat desk_lapsed",
        "01 Dec Pat desk_unreachable",
    ]
