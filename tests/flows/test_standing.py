"""Usage against allowance, and the reasons a workspace is paused for (R20, R21)."""

import datetime as dt

import pytest

from billing import addons, catalogue, dating, mixes, pausing, people, rescue, usage, workspaces
from billing.access import DeskRole, Role
from billing.errors import BadValueError, NotAllowedError
from tests.flows.conftest import World

HOUR = dt.timedelta(hours=1)


async def report(world: World, at: dt.datetime | None = None, **used: int) -> bool:
    """A report measured then; the clock is turned to it where it is later."""
    at = at or world.now
    world.now = max(world.now, at)
    changed: bool = await world.db.write(usage.report_usage, world.call(), world.workspace, used, at)
    return changed


async def used(world: World) -> dict[str, int | None]:
    card = await world.db.read(workspaces.card, world.partner_person, world.workspace, world.now)
    return {each.code: each.used for each in card.standing.limits}


async def reasons(world: World) -> set[str]:
    card = await world.db.read(workspaces.card, world.partner_person, world.workspace, world.now)
    return set(card.reasons)


async def pause(world: World, paused: bool, note: str = "") -> None:
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=paused, note=note)


async def test_an_older_report_that_comes_later_is_ignored(world: World) -> None:
    """R20."""
    assert await report(world, bots=1)
    assert not await report(world, world.now - HOUR, bots=5)
    assert not await report(world, world.now, bots=4)

    assert (await used(world))["bots"] == 1
    assert await reasons(world) == set()


async def test_each_limit_of_a_report_has_its_own_time(world: World) -> None:
    await report(world, bots=1)

    assert await report(world, world.now - HOUR, bots=0, members=3)

    assert {code: n for code, n in (await used(world)).items() if n is not None} == {"bots": 1, "members": 3}


@pytest.mark.parametrize(
    "nonsense", [{"bots": -1}, {"rockets": 5}, {"request_timeout": 99}, {"bots": 10**30}, {}]
)
async def test_what_cannot_be_counted_changes_nothing(world: World, nonsense: dict[str, int]) -> None:
    arguments = (world.call(), world.workspace, nonsense, world.now)
    assert not await world.db.write(usage.report_usage, *arguments)

    assert set((await used(world)).values()) == {None}


async def test_exactly_the_allowance_is_within_it_and_one_more_pauses(world: World) -> None:
    """R21."""
    await report(world, bot_users=1_000)
    assert await reasons(world) == set()

    await report(world, world.now + HOUR, bot_users=1_001)
    assert await reasons(world) == {"limit"}


async def test_usage_per_cycle_starts_again_at_zero(world: World) -> None:
    """R20: webhook requests; the plan grants none, so one is too many."""
    await report(world, webhook_requests=1, bots=1)
    assert await reasons(world) == {"limit"}
    world.turn(1, month=12)

    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert ((await used(world))["webhook_requests"], (await used(world))["bots"]) == (0, 1)
    assert await reasons(world) == set()


async def test_a_report_measured_before_the_boundary_counts_for_the_cycle_that_is_over(
    world: World,
) -> None:
    world.turn(1, month=12)

    await report(world, dt.datetime(2026, 11, 30, 23, tzinfo=dt.UTC), webhook_requests=50)

    assert (await used(world))["webhook_requests"] == 0
    assert await reasons(world) == set()


async def test_a_report_counts_from_the_boundary_on_where_the_zone_moves_west(world: World) -> None:
    """R4, R20: the old zone's midnight begins the cycle; the new zone's comes eight hours later."""
    await world.at_desk(dating.set_zone, world.workspace, "America/Los_Angeles")
    world.now = dt.datetime(2026, 12, 1, 1, tzinfo=dt.UTC)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    await report(world, dt.datetime(2026, 11, 30, 23, 59, tzinfo=dt.UTC), webhook_requests=50)
    assert (await used(world))["webhook_requests"] == 0

    await report(world, dt.datetime(2026, 12, 1, 1, tzinfo=dt.UTC), webhook_requests=50)
    assert (await used(world))["webhook_requests"] == 50
    assert await reasons(world) == {"limit"}


async def test_the_partner_pauses_with_a_note_and_lets_run_again(world: World) -> None:
    await pause(world, True, "  unpaid\u202e invoice \x00 ")
    assert await world.sql("SELECT pause_note FROM workspaces") == [("unpaid invoice",)]
    assert await reasons(world) == {"manual"}

    await pause(world, False)
    assert await world.sql("SELECT pause_note FROM workspaces") == [("",)]
    assert await reasons(world) == set()


async def test_reasons_are_kept_apart_and_the_last_to_go_lets_run(world: World) -> None:
    """R21: what the customer buys never ends the partner's own pause, and the other way round."""
    await world.give(10_000)
    await report(world, bots=2)
    await pause(world, True)
    assert await reasons(world) == {"limit", "manual"}

    assert (await world.get("Extra bot", 1)).paused
    assert await reasons(world) == {"manual"}
    assert "resumed" not in await world.notices()
    assert "still_paused" not in await world.notices(), "the buyer's screen says so"

    await pause(world, False)
    assert await reasons(world) == set()
    assert (await world.notices()).count("resumed") == 1


async def test_a_manual_pause_does_not_end_by_itself_when_usage_falls(world: World) -> None:
    await pause(world, True)
    await report(world, bots=2)
    await report(world, world.now + HOUR, bots=1)

    assert await reasons(world) == {"manual"}


async def test_each_crossing_is_told_once(world: World) -> None:
    """R36: the limit and then the partner's own pause, and each of their ends."""
    for hours in range(3):
        await report(world, world.now + HOUR, bots=2 + hours)
    assert (await world.notices()).count("paused") == 1
    await pause(world, True)
    await pause(world, True)
    assert (await world.notices()).count("paused") == 2

    await report(world, world.now + HOUR, bots=0)
    await report(world, world.now + HOUR, bots=1)
    await pause(world, False)
    assert (await world.notices()).count("still_paused") == 1
    assert (await world.notices()).count("resumed") == 1


async def test_what_buys_the_way_out_of_two_limits_is_told_once(world: World) -> None:
    """R21, R22: between two add-ons of one purchase nothing is news."""
    await world.member(300, "Bill", Role.BILLING)
    await world.give(10_000)
    await report(world, bots=2, bot_users=1_500)
    wanted = ((world.addon["Extra bot"], 1), (world.addon["+1,000 bot users"], 1))
    ways = await world.db.read(rescue.rescue, world.owner, world.workspace, world.now)
    assert ways.mix is not None

    await world.do(mixes.buy_mix, world.workspace, wanted, ways.mix.amount)

    assert await reasons(world) == set()
    kinds = await world.notices()
    assert (kinds.count("still_paused"), kinds.count("resumed")) == (0, 1)


async def test_the_way_out_of_two_limits_that_waited_for_points_is_told_once(world: World) -> None:
    """R12, R21."""
    await report(world, bots=2, bot_users=1_500)
    wanted = ((world.addon["Extra bot"], 1), (world.addon["+1,000 bot users"], 1))
    await world.do(mixes.remember_mix, world.workspace, wanted)

    await world.give(10_000)

    assert await reasons(world) == set()
    kinds = await world.notices()
    assert (kinds.count("still_paused"), kinds.count("resumed")) == (0, 1)


async def test_who_caused_it_reads_it_on_the_screen_and_the_others_are_told(world: World) -> None:
    await world.member(300, "Bill", Role.BILLING)
    await world.give(10_000)
    await report(world, bots=2)

    await world.get("Extra bot", 1)

    assert await world.sql("SELECT chat_id FROM outbox WHERE kind = 'resumed'") == [(300,)]


async def test_a_pause_after_a_boundary_does_not_keep_that_boundary_from_renewing(world: World) -> None:
    """R14: due cycles come first. On 1 December the workspace was running; it is paused on the 3rd."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(3, month=12)

    await pause(world, True)

    assert await world.sql("SELECT units FROM addon_states") == [(1,)]
    assert await world.balance() == 4_000


async def test_the_partner_types_usage_and_it_is_audited(world: World) -> None:
    """R33."""
    await world.at_desk(usage.report_by_hand, world.workspace, "bots", 2)

    assert await reasons(world) == {"limit"}
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'usage'") == [(1,)]


@pytest.mark.parametrize(
    ("code", "count"),
    [("bots", -1), ("bots", 10**30), ("request_timeout", 5), ("rockets", 1), ("", 1), ("bots\x00", 1)],
)
async def test_usage_that_cannot_be_is_refused(world: World, code: str, count: int) -> None:
    with pytest.raises(BadValueError):
        await world.at_desk(usage.report_by_hand, world.workspace, code, count)


async def test_support_neither_pauses_nor_reports(world: World) -> None:
    """R34."""
    support = await world.newcomer(101, "Sue")
    await world.at_desk(people.invite_admin, DeskRole.SUPPORT, "desk")
    await world.do(people.accept_invite, "desk", by=support)

    with pytest.raises(NotAllowedError):
        await world.do(pausing.set_manual_pause, world.workspace, paused=True, by=support)
    with pytest.raises(NotAllowedError):
        await world.do(usage.report_by_hand, world.workspace, "bots", 1, by=support)


async def test_an_allowance_is_the_plans_and_what_addons_grant(world: World) -> None:
    """R20, R24."""
    await world.give(50_000)
    await world.get("+1,000 bot users", 2)
    await world.get("+10,000 bot users", 1)
    await world.get("Request timeout +10 s", 3)

    card = await world.db.read(workspaces.card, world.partner_person, world.workspace, world.now)

    assert {each.code: each.allowance for each in card.standing.limits} == {
        "bots": 1,
        "members": 5,
        "bot_users": 13_000,
        "webhook_requests": 0,
        "request_timeout": 30,
    }


async def test_what_lapses_at_a_boundary_pauses_what_it_no_longer_allows(world: World) -> None:
    """R21: in the transaction that made the difference."""
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await report(world, bots=2)
    world.turn(1, month=12)

    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert await reasons(world) == {"limit"}
    assert (await world.notices()).count("paused") == 1


async def test_removing_where_only_the_partner_may_is_a_request_that_pauses_nothing(world: World) -> None:
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await report(world, bots=2)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)

    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)

    assert await reasons(world) == set()
