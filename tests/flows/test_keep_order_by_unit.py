"""Keep-order goes unit by unit, each as old as it is, and not by when an add-on came first (R8, R9, R15, R16)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import mul

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import addons, adjust, usage
from billing.addons import request_removal
from billing.renewal import Wish, keep
from billing.renewal.ages import Batch, batches
from storage import workspaces as rows
from storage.database import Tx
from storage.models import AddonChange
from tests.flows.conftest import START, World
from tests.flows.test_renewal_grace import catch_up, grace, sound
from tests.flows.test_renewal_order import units

BOT, MEMBER = "Extra bot", "Extra member"


async def leave(world: World, points: int) -> None:
    """The balance becomes this."""
    await world.at_desk(adjust.adjust, world.workspace, points - await world.balance(), "what is left")


async def bought_in_turn(world: World) -> None:
    """A bot on the 2nd, a member on the 5th, a second bot on the 9th; 30 points each."""
    await world.give(30_000)
    for day, label, count in ((2, BOT, 1), (5, MEMBER, 1), (9, BOT, 2)):
        world.turn(day)
        await world.get(label, count)


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        (9_000, {BOT: 2, MEMBER: 1}),
        (6_000, {BOT: 1, MEMBER: 1}),
        (3_000, {BOT: 1}),
        (0, {}),
    ],
)
async def test_units_bought_in_turn_renew_in_that_turn(
    world: World, points: int, kept: dict[str, int]
) -> None:
    await bought_in_turn(world)
    await leave(world, points)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == kept
    await sound(world)


async def test_units_that_wait_are_paid_in_that_turn_too(world: World) -> None:
    """Nothing is covered at the boundary; 60 points come in grace."""
    await grace(world, 3)
    await bought_in_turn(world)
    await leave(world, 0)
    world.turn(1, month=12)
    await catch_up(world)

    await world.give(6_000)
    world.turn(6, month=12)
    await catch_up(world)

    assert await units(world) == {BOT: 1, MEMBER: 1}
    await sound(world)


async def test_what_waits_behind_paid_units_is_as_old_as_itself(world: World) -> None:
    """One bot is paid at the boundary; of what waits the member is older than the second bot."""
    await grace(world, 3)
    await bought_in_turn(world)
    await leave(world, 3_000)
    world.turn(1, month=12)
    await catch_up(world)

    await world.give(3_000)
    world.turn(6, month=12)
    await catch_up(world)

    assert await units(world) == {BOT: 1, MEMBER: 1}


async def test_the_units_that_limits_need_come_first_oldest_first(world: World) -> None:
    """Three bots in use of the plan's one: both extra ones are needed, the member isn't, however old."""
    await bought_in_turn(world)
    await world.db.write(usage.report_usage, world.call(), world.workspace, {"bots": 3}, world.now)
    await leave(world, 6_000)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {BOT: 2}


async def test_the_youngest_unit_is_removed_and_what_is_added_later_is_young(world: World) -> None:
    """R8: the bot of the 9th goes on the 12th, another comes on the 15th; a member came on the 13th."""
    await bought_in_turn(world)
    for day, label, count in ((12, BOT, 1), (13, MEMBER, 2), (15, BOT, 2)):
        world.turn(day)
        await world.get(label, count)
    await leave(world, 9_000)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {BOT: 1, MEMBER: 2}


async def test_removed_and_added_again_on_one_date_it_keeps_its_age(world: World) -> None:
    """R8: also where it was the add-on's last unit."""
    await bought_in_turn(world)
    world.turn(12)
    await world.get(BOT, 0)
    world.turn(12, hour=18)
    await world.get(BOT, 1)
    await leave(world, 3_000)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {BOT: 1}


async def test_undo_of_a_removal_gives_the_age_back(world: World) -> None:
    """R9."""
    await bought_in_turn(world)
    world.turn(12)
    removed = await world.get(BOT, 0)
    world.now += dt.timedelta(minutes=5)
    await world.do(addons.undo, world.workspace, world.addon[BOT], removed.number)
    await leave(world, 3_000)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {BOT: 1}


async def test_what_downtime_forgave_is_as_old_as_before(world: World) -> None:
    """R16: in December one unit is paid and in January none; in the running cycle what 60 points cover renews."""
    await grace(world, 3)
    await bought_in_turn(world)
    await leave(world, 3_000)
    world.now = dt.datetime(2027, 2, 1, 12, tzinfo=dt.UTC)
    await catch_up(world)
    await world.give(6_000)
    world.now += dt.timedelta(days=5)

    await catch_up(world)

    assert await units(world) == {BOT: 1, MEMBER: 1}
    await sound(world)


async def test_forgiven_units_come_back_in_their_turn_at_the_next_boundary(world: World) -> None:
    """R16: December's renewal leaves 30 points too few for the second bot; January has points for two units."""
    await bought_in_turn(world)
    await leave(world, 12_000)
    world.now = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)

    await catch_up(world)

    # 120 points: all three in December, one in January.
    assert await units(world) == {BOT: 1}
    assert await world.balance() == 0


async def test_of_units_asked_to_be_removed_the_youngest_stay_behind(world: World) -> None:
    """R10: the second bot is asked for and does not renew; the first one is older than the member."""
    await bought_in_turn(world)
    await world.do(request_removal, world.workspace, world.addon[BOT], 1)
    await leave(world, 3_000)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {BOT: 1}


async def test_the_histories_are_not_read_where_points_cover_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bought_in_turn(world)
    read = []
    histories = rows.addon_histories

    def noted(tx: Tx, partner_id: int, workspace_id: int) -> dict[int, list[AddonChange]]:
        read.append(workspace_id)
        return histories(tx, partner_id, workspace_id)

    monkeypatch.setattr(rows, "addon_histories", noted)
    world.turn(1, month=12)
    await catch_up(world)
    assert not read

    await leave(world, 3_000)
    world.now = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)
    await catch_up(world)
    assert read


@st.composite
def _wishes(draw: st.DrawFn) -> list[Wish]:
    """Some add-ons, each with units of a few different ages."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        ages = sorted(draw(st.lists(st.integers(0, 5), min_size=1, max_size=6)))
        found.append(
            Wish(
                number,
                str(number),
                len(ages),
                partial(mul, draw(st.integers(0, 50))),
                draw(st.none() | st.integers(0, 3)),
                tuple(Batch(START + dt.timedelta(days=age), len([*alike])) for age, alike in groupby(ages)),
                draw(st.sampled_from((None, "bots", "members"))),
                draw(st.integers(0, 3)),
            )
        )
    return found


def _one_after_the_other(wishes: Sequence[Wish], points: int, shortage: Mapping[str, int]) -> dict[int, int]:
    """R15 word for word: every single unit takes its turn, and is kept if its price is there."""
    purse, short = max(0, points), dict(shortage)
    kept = {wish.addon_id: 0 for wish in wishes}
    by_number = {wish.addon_id: wish for wish in wishes}
    singles = sorted(
        (batch.since, wish.addon_id, number)
        for wish in wishes
        for number, batch in enumerate([each for each in wish.batches for _ in range(each.units)])
    )
    oldest = sorted(wishes, key=lambda wish: (wish.batches[0].since, wish.addon_id))
    taken: set[tuple[int, int]] = set()

    def turn(wish: Wish, number: int) -> None:
        nonlocal purse
        if wish.cost(1) > purse:
            return
        purse -= wish.cost(1)
        kept[wish.addon_id] += 1
        taken.add((wish.addon_id, number))
        if wish.limit is not None and wish.limit in short:
            short[wish.limit] -= wish.grant

    for wish in sorted((each for each in oldest if each.rank is not None), key=lambda each: each.rank or 0):
        for number in range(wish.units):
            turn(wish, number)
    unranked = [(by_number[addon], number) for _, addon, number in singles if by_number[addon].rank is None]
    for wish, number in unranked:
        if wish.limit is not None and wish.grant and short.get(wish.limit, 0) > 0:
            turn(wish, number)
    for wish, number in unranked:
        if (wish.addon_id, number) not in taken:
            turn(wish, number)
    return kept


@given(
    _wishes(),
    st.integers(-50, 400),
    st.dictionaries(st.sampled_from(("bots", "members")), st.integers(1, 8)),
)
def test_batches_are_kept_as_single_units_taking_turns_would_be(
    wishes: list[Wish], points: int, shortage: dict[str, int]
) -> None:
    found = {each.wish.addon_id: each.units for each in keep(wishes, points, shortage)}

    assert found == _one_after_the_other(wishes, points, shortage)


def _change(day: int, units: int, **more: object) -> AddonChange:
    """On a date of November at noon, by a person unless told."""
    return AddonChange(
        **{
            "on_date": dt.date(2026, 11, day),
            "units_after": units,
            "at": dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC),
            "person_id": 1,
            "lapsed": False,
            **more,
        }
    )


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ([_change(2, 1), _change(5, 3)], [2, 5, 5]),
        ([_change(2, 1), _change(5, 3), _change(7, 1), _change(8, 2)], [2, 8]),
        # One of two that were removed comes back the same day: it is the older one that was never removed.
        ([_change(2, 1), _change(5, 2), _change(7, 0), _change(7, 1), _change(8, 2)], [2, 8]),
        # What lapsed and is bought again is new, on the same date too.
        ([_change(2, 1), _change(7, 0, lapsed=True, person_id=None), _change(7, 1)], [7]),
        ([_change(2, 1), _change(7, 0, lapsed=True), _change(7, 1)], [7]),
        # Forgiven, and back at the next boundary.
        (
            [
                _change(2, 1),
                _change(5, 2),
                _change(7, 1, lapsed=True, person_id=None),
                _change(14, 2, person_id=None),
            ],
            [2, 5],
        ),
        # A zone further west: the change of the 6th counts on the 7th.
        ([_change(2, 1), _change(7, 0), _change(6, 1)], [2]),
    ],
)
def test_a_unit_is_as_old_as_its_last_addition(changes: list[AddonChange], days: list[int]) -> None:
    """R8, R15, R16."""
    found = batches(changes, 0, len(days))

    assert [each.since.day for each in found for _ in range(each.units)] == days
