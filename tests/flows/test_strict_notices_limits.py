"""Limits and the host, told strictly: every notice of a story, nothing missing, nothing extra (R21, R22, R35)."""

import pytest

from billing import pausing, people, preferences
from billing.access import DeskRole
from billing.notices import Topic
from storage import catalogue
from storage.database import Tx
from tests.flows.conftest import World
from tests.flows.stories import Story, begun
from tests.flows.test_undelivered import FakeHost

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)


async def test_warnings_a_pause_and_the_rescue(world: World) -> None:
    story = await begun(world, points=5_000, units=0)

    for used in (790, 800, 940, 950, 999, 1_001, 1_002):
        await story.uses(bot_users=used)
    await world.get("+1,000 bot users", 1)
    await story.until(11, 21)

    assert story.lines() == [
        "20 Nov Dana usage_warning 80",
        "20 Nov Dana usage_warning 95",
        "20 Nov Dana paused limit",
        "20 Nov Pat desk_paused",
        "20 Nov Pat desk_resumed",
    ]


async def test_usage_that_falls_and_rises_again(world: World) -> None:
    """R22: once per crossing."""
    story = await begun(world, units=0)

    for used in (850, 840, 1_100, 600, 960, 400, 1_500):
        await story.uses(bot_users=used)
    await story.until(11, 21)

    assert story.lines() == [
        "20 Nov Dana usage_warning 80",
        "20 Nov Dana paused limit",
        "20 Nov Pat desk_paused",
        "20 Nov Dana resumed",
        "20 Nov Pat desk_resumed",
        "20 Nov Dana usage_warning 95",
        "20 Nov Dana paused limit",
        "20 Nov Pat desk_paused",
    ]


async def test_a_second_limit_that_is_crossed_while_it_is_paused(world: World) -> None:
    """R21, R22: the first rescue card says nothing of it, and the workspace stays paused by it."""
    story = await begun(world, units=0)

    await story.uses(bot_users=1_100)
    await story.uses(members=9)
    await story.uses(bot_users=900)
    await story.uses(members=5)
    await story.until(11, 21)

    assert story.lines() == [
        "20 Nov Dana paused limit",
        "20 Nov Pat desk_paused",
        "20 Nov Dana paused limit",
        "20 Nov Dana still_paused limit",
        "20 Nov Dana resumed",
        "20 Nov Pat desk_resumed",
    ]
    second = [each.text for each in story.told if each.kind == "paused"][1]
    assert "1,100 of 1,000" in second
    assert "9 of 5" in second
    assert "Bot users: within the limit again" in story.text("still_paused")
    assert "9 of 5" in story.text("still_paused")
    assert story.text("desk_resumed") == "● Acme Support is running again."


async def test_a_pause_of_the_partners_on_top_of_a_limit(world: World) -> None:
    """R21: each reason that comes or goes is told once, with all that still holds; Kim is another admin."""
    story = await begun(world, units=0)
    kim = await world.newcomer(101, "Kim")
    await world.at_desk(people.invite_admin, DeskRole.ADMIN, "desk")
    await world.do(people.accept_invite, "desk", by=kim)
    await story.begin()

    await story.uses(bots=2)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True, note="Call us first")
    await story.soon()
    await story.uses(bots=1)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=False)
    await story.soon()

    assert story.lines() == [
        "20 Nov Dana paused limit",
        "20 Nov Kim desk_paused",
        "20 Nov Pat desk_paused",
        "20 Nov Dana paused limit+manual",
        "20 Nov Kim desk_paused",
        "20 Nov Dana still_paused manual",
        "20 Nov Dana resumed",
        "20 Nov Kim desk_resumed",
    ]
    assert "2 of 1" in story.text("paused")
    assert "Call us first" in story.text("paused")
    assert "Within every limit again" in story.text("still_paused")
    assert "was paused by hand" in story.text("desk_paused")


async def test_the_desk_learns_of_pauses_only_if_it_wants_to(world: World) -> None:
    """R36: customers' news is one of the partner's choices."""
    story = await begun(world, units=0)
    await world.at_desk(preferences.set_topic, Topic.CUSTOMERS, on=False)

    await story.uses(bots=2)
    await story.uses(bots=1)

    assert story.lines() == ["20 Nov Dana paused limit", "20 Nov Dana resumed"]


async def hosted(world: World) -> tuple[Story, FakeHost]:
    """A host that has confirmed all up to now, then falls silent."""

    def connect(tx: Tx) -> None:
        catalogue.lock_partner(tx, 1).host = "generic"

    story, host = await begun(world, points=9_000, units=0), FakeHost()
    story.hosts["generic"] = host
    await world.db.write(connect)
    await story.tick()
    host.silent = True
    return await story.begin(), host


async def test_a_host_that_is_silent_for_an_hour(world: World) -> None:
    story, host = await hosted(world)
    await world.get("Extra bot", 1)
    await story.until(11, 20, 15)
    host.silent = False
    await story.until(11, 22)

    assert story.lines() == [
        "20 Nov Pat desk_host_silent",
    ]


async def test_a_host_that_is_silent_for_a_day(world: World) -> None:
    story, host = await hosted(world)
    await world.get("Extra bot", 1)
    await story.until(11, 23)
    host.silent = False
    await story.until(11, 24)

    assert story.lines() == [
        "20 Nov Pat desk_host_silent",
        "21 Nov Dana undelivered",
        "21 Nov Pat desk_undelivered",
    ]
