"""Closing a workspace (R37): until the cycle's end everything goes on, points stay, nothing renews or is charged."""

import pytest

from billing import addons, closing, keeping
from billing.access import Role
from billing.errors import ClosedError, NotAllowedError, StrangerError
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World


async def units(world: World, label: str) -> int:
    found = await world.sql(
        "SELECT units FROM addon_states WHERE workspace_id = :w AND addon_id = :a",
        w=world.workspace,
        a=world.addon[label],
    )
    return int(found[0][0]) if found else 0


async def test_add_ons_end_with_the_cycle_and_points_stay(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    world.turn(16)

    facts = await world.do(closing.close, world.workspace)

    assert (facts.closed, facts.balance, facts.active) == (True, 4_000, (("Extra bot", 2),))
    assert await units(world, "Extra bot") == 2
    world.turn(1, 12)
    await world.do(closing.close, world.workspace)
    assert await units(world, "Extra bot") == 0
    assert await world.amounts() == [10_000, -6_000]
    assert await world.sql("SELECT plan_id FROM workspaces WHERE id = :w", w=world.workspace) == [(None,)]
    await assert_books_balance(world)


async def test_nothing_is_bought_while_it_is_closed(world: World) -> None:
    await world.give(10_000)
    await world.do(closing.close, world.workspace)

    with pytest.raises(ClosedError):
        await world.do(addons.set_units, world.workspace, world.addon["Extra bot"], 1, 3_000)


async def test_opened_again_in_time_it_renews_as_if_nothing_had_been(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    await world.do(closing.close, world.workspace)
    world.turn(16)
    await world.do(closing.reopen, world.workspace)

    world.turn(2, 12)
    await world.quote("Extra bot", 2)

    # Two units at 30 points each need 60; 40 are left, so one renews.
    assert await world.amounts() == [10_000, -6_000, -3_000]


async def test_closing_twice_tells_once(world: World) -> None:
    await world.member(301, "Bea", Role.BILLING)
    await world.do(closing.close, world.workspace)
    await world.do(closing.close, world.workspace)

    told = await world.notices()

    assert told.count("closed") == 1
    assert told.count("desk_closed") == 1


async def test_only_an_owner_closes(world: World) -> None:
    billing = await world.member(301, "Bea", Role.BILLING)
    stranger = await world.newcomer(999, "Sam")

    with pytest.raises(NotAllowedError):
        await world.do(closing.close, world.workspace, by=billing)
    with pytest.raises(StrangerError):
        await world.do(closing.close, world.workspace, by=stranger)


async def test_what_was_put_first_is_kept_when_points_run_short(world: World) -> None:
    await world.give(9_000)
    await world.get("Extra bot", 1)
    await world.get("Extra member", 1)
    await world.do(keeping.put_at, world.workspace, world.addon["Extra member"], 0)

    world.turn(1, 12)
    await world.quote("Extra bot", 1)

    assert (await units(world, "Extra bot"), await units(world, "Extra member")) == (0, 1)


async def test_the_partner_opens_it_again_and_both_sides_learn_of_it(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.do(closing.close, world.workspace)

    await world.at_desk(closing.reopen_from_desk, world.workspace)
    await world.at_desk(closing.reopen_from_desk, world.workspace)

    world.turn(1, 12)
    await world.quote("Extra bot", 1)
    assert await units(world, "Extra bot") == 1
    assert (await world.notices()).count("reopened") == 1
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'reopen'") == [(1,)]
