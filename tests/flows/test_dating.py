"""New renewal dates and time zones (R4): worked examples in a cycle of November, 30 dates, add-ons at 30 points."""

import datetime as dt

import pytest

from billing import dating
from billing.errors import BadValueError, NotAllowedError, StrangerError
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World


def day(number: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, number)


async def cycle(world: World) -> tuple[str, str, str, str]:
    ((start, end, whole_start, whole_end),) = await world.sql(
        "SELECT cycle_start, cycle_end, whole_start, whole_end FROM workspaces WHERE id = :w",
        w=world.workspace,
    )
    return str(start), str(end), str(whole_start), str(whole_end)


async def test_a_boundary_inside_the_cycle_cuts_it_and_gives_the_days_back(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)

    done = await world.at_desk(dating.set_renewal_date, world.workspace, day(21))

    # 30 dates at one point each were paid; the 21st to the 30th are cut off.
    assert done.total_back == 1_000
    assert await cycle(world) == ("2026-11-01", "2026-11-21", "2026-11-01", "2026-12-01")
    assert await world.balance() == 10_000 - 3_000 + 1_000
    assert "renewal_date" in await world.notices()
    await assert_books_balance(world)


async def test_the_next_cycle_begins_at_the_new_date_with_a_whole_charge(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)
    await world.at_desk(dating.set_renewal_date, world.workspace, day(21))

    world.turn(21)
    await world.get("Extra member", 1)

    assert await cycle(world) == ("2026-11-21", "2026-12-21", "2026-11-21", "2026-12-21")
    assert await world.amounts() == [10_000, -3_000, 1_000, -3_000, -3_000]


async def test_without_a_boundary_inside_the_cycle_a_short_one_follows_at_the_same_price_a_day(
    world: World,
) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)

    done = await world.at_desk(dating.set_renewal_date, world.workspace, day(10))

    assert (done.renewal, done.total_back) == (day(1, 12), 0)
    world.turn(1, 12)
    await world.quote("Extra bot", 1)
    assert await cycle(world) == ("2026-12-01", "2026-12-10", "2026-11-10", "2026-12-10")
    # 9 of the 30 dates from 10 November to 9 December.
    assert (await world.amounts())[-1] == -900


async def test_a_boundary_today_ends_the_cycle_today(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)

    await world.at_desk(dating.set_renewal_date, world.workspace, day(16))

    assert await cycle(world) == ("2026-11-16", "2026-12-16", "2026-11-16", "2026-12-16")
    assert await world.amounts() == [10_000, -3_000, 1_500, -3_000]


async def test_the_same_call_again_gives_nothing_back_twice(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)
    call = world.call(world.partner_person)

    first = await world.db.write(dating.set_renewal_date, call, world.workspace, day(21))
    again = await world.db.write(dating.set_renewal_date, call, world.workspace, day(21))

    assert (first.renewal_before, again.renewal_before) == (day(1, 12), day(1, 12))
    assert await world.amounts() == [10_000, -3_000, 1_000]


async def test_what_is_shown_before_is_what_is_done(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    await world.get("Extra member", 1)
    world.turn(7)

    shown = await world.db.read(
        dating.preview_renewal_date, world.partner_person, world.workspace, day(20), world.now
    )
    done = await world.at_desk(dating.set_renewal_date, world.workspace, day(20))

    assert (shown.renewal, shown.back, shown.after) == (done.renewal, done.back, done.after)
    assert shown.total_back == 3 * 1_100


@pytest.mark.parametrize("years", [-2, 2])
async def test_a_date_over_a_year_away_is_refused(world: World, years: int) -> None:
    with pytest.raises(BadValueError):
        await world.at_desk(dating.set_renewal_date, world.workspace, day(1).replace(year=2026 + years))


async def test_customers_and_other_desks_set_no_dates(world: World) -> None:
    with pytest.raises((StrangerError, NotAllowedError)):
        await world.do(dating.set_renewal_date, world.workspace, day(21))
    with pytest.raises((StrangerError, NotAllowedError)):
        await world.do(dating.set_zone, world.workspace, "Asia/Tokyo")
