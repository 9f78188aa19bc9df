"""Twenty at once at a boundary: whoever comes first works it off, the others find it done (R14, R15)."""

import datetime as dt
from dataclasses import replace

from billing import adjust, workspaces
from tests.flows.checks import refusals, twenty
from tests.flows.conftest import World
from tests.flows.test_renewal_grace import sound, spent, state, three_bots_points_for_one, told


async def test_twenty_that_catch_up_renew_once_and_tell_once(pg_world: World) -> None:
    """R14: three missed months, caught up by twenty."""
    await pg_world.give(20_000)
    await pg_world.get("Extra bot", 1)
    pg_world.now = dt.datetime(2027, 2, 10, 12, tzinfo=dt.UTC)

    await twenty(
        pg_world.db, lambda _: pg_world.db.write(workspaces.catch_up, pg_world.call(), pg_world.workspace)
    )

    assert await pg_world.amounts() == [20_000, -3_000, -3_000, -3_000, -3_000]
    assert len(await told(pg_world)) == 1
    await sound(pg_world)


async def test_points_that_arrive_as_grace_ends_pay_or_come_too_late(pg_world: World) -> None:
    """R15: half of them bring 30 points in the last second of grace, half come in the first one after it."""
    await three_bots_points_for_one(pg_world)
    pg_world.turn(4, month=12, hour=0)

    async def come(number: int) -> None:
        call = pg_world.call(pg_world.partner_person, f"race:{number}")
        if number % 2:
            in_time = replace(call, at=call.at - dt.timedelta(seconds=1))
            await pg_world.db.write(adjust.adjust, in_time, pg_world.workspace, 3_000, "gift")
        else:
            await pg_world.db.write(workspaces.catch_up, call, pg_world.workspace)

    assert not refusals(await twenty(pg_world.db, come))

    # A unit is paid once or lapses once, and no wait is left.
    units, unpaid = await state(pg_world)
    assert (unpaid, await spent(pg_world, "2026-12-01")) == (0, units * 3_000)
    assert await pg_world.balance() == 13_000 - 9_000 - units * 3_000 + 30_000
    assert len(await told(pg_world, "desk_lapsed")) == (units < 3)
    await sound(pg_world)


async def test_twenty_arrivals_in_grace_pay_each_unit_once(pg_world: World) -> None:
    """R15: two units wait for 60 points, 10 are there; twenty bring 5 each."""
    await three_bots_points_for_one(pg_world)

    async def give(number: int) -> None:
        call = pg_world.call(pg_world.partner_person, f"gift:{number}")
        await pg_world.db.write(adjust.adjust, call, pg_world.workspace, 500, "gift")

    assert not refusals(await twenty(pg_world.db, give))

    assert (await state(pg_world), await pg_world.balance()) == ((3, 0), 1_000 + 10_000 - 6_000)
    assert await spent(pg_world, "2026-12-01") == 9_000
    renewed = [each["renewed"] for each in await told(pg_world, "adjusted") if each["renewed"]]
    assert renewed == [[["Extra bot", 1, 3_000]]] * 2
    await sound(pg_world)
