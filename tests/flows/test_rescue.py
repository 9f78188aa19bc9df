"""The ways out of a pause by a limit, and buying several add-ons as one purchase (R22)."""

from dataclasses import replace

import pytest

from billing import adjust, catalogue, mixes, pausing, rescue, usage, workspaces
from billing.access import Role
from billing.errors import (
    GoneError,
    MixChangedError,
    MixShortError,
    NotAllowedError,
    NotSellingError,
)
from billing.rescue import Mix, Rescue
from storage import catalogue as rows
from storage.database import Tx
from tests.flows.automatic import set_partner
from tests.flows.checks import accepted, assert_books_balance, refusals, twenty
from tests.flows.conftest import World


async def uses(world: World, **used: int) -> None:
    world.now = world.now.replace(microsecond=world.now.microsecond + 1)
    await world.db.write(usage.report_usage, world.call(), world.workspace, used, world.now)


async def ways(world: World, by: int | None = None) -> Rescue:
    found: Rescue = await world.db.read(rescue.rescue, by or world.owner, world.workspace, world.now)
    return found


async def cheapest(world: World) -> Mix:
    mix = (await ways(world)).mix
    assert mix is not None
    return mix


async def units(world: World) -> dict[int, int]:
    found = await world.sql("SELECT addon_id, units FROM addon_states WHERE units > 0")
    return {int(addon): int(count) for addon, count in found}


async def paused(world: World) -> bool:
    return bool((await world.sql("SELECT paused_limit FROM workspaces"))[0][0])


async def test_several_limits_over_are_one_purchase_that_resumes(world: World) -> None:
    """Two limits over, three kinds of units, one sum."""
    await world.give(20_000)
    await uses(world, bots=2, members=7, bot_users=1_500)
    world.turn(16)
    mix = await cheapest(world)
    bots, members = world.addon["Extra bot"], world.addon["Extra member"]
    assert mix.wanted == ((bots, 1), (members, 2), (world.addon["+10,000 bot users"], 1))
    assert (mix.amount, mix.missing, mix.resumes) == (1_500 + 3_000 + 1_500, 0, True)

    bought = await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)

    assert bought.resumed
    assert (bought.amount, bought.balance) == (6_000, 14_000)
    assert await units(world) == dict(mix.wanted)
    assert not await paused(world)
    assert await world.balance() == 14_000
    await assert_books_balance(world)


async def test_too_few_points_buy_none_of_it(world: World) -> None:
    await world.give(5_999)
    await uses(world, bots=2, members=6)
    mix = await cheapest(world)
    assert (mix.amount, mix.missing) == (6_000, 1)

    with pytest.raises(MixShortError) as refusal:
        await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)

    assert refusal.value.missing == 1
    assert await units(world) == {}
    assert await world.balance() == 5_999


async def test_a_debt_is_part_of_what_is_missing(world: World) -> None:
    """R29."""
    await world.at_desk(adjust.adjust, world.workspace, -500, "fee", accept_debt=True)
    await uses(world, bots=2)

    assert (await cheapest(world)).missing == 3_500


async def test_remembered_whole_it_is_bought_whole_when_the_points_arrive(world: World) -> None:
    """R12: one tap remembers every add-on of it; paying buys all and resumes."""
    await uses(world, bots=2, members=6)
    mix = await cheapest(world)
    await world.do(mixes.remember_mix, world.workspace, mix.wanted)

    await world.give(6_000)

    assert await units(world) == dict(mix.wanted)
    assert not await paused(world)
    assert await world.balance() == 0
    told = await world.sql("SELECT chat_id FROM outbox WHERE kind = 'resumed'")
    assert told == [(200,)], "who has paid elsewhere doesn't see the screen that says it runs"


async def test_called_off_it_is_not_bought(world: World) -> None:
    await uses(world, bots=2, members=6)
    await world.do(mixes.remember_mix, world.workspace, (await cheapest(world)).wanted)

    await world.do(mixes.forget_all, world.workspace)
    await world.give(6_000)

    assert await units(world) == {}
    assert await paused(world)


async def test_another_sum_than_was_shown_charges_nothing(world: World) -> None:
    """R11."""
    await world.give(20_000)
    await uses(world, bots=2, members=6)
    mix = await cheapest(world)
    world.turn(2)

    with pytest.raises(MixChangedError):
        await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)

    assert await units(world) == {}
    assert await world.balance() == 20_000


async def test_pressed_twice_it_is_bought_once(world: World) -> None:
    """R13: the button names how many there are to be in all."""
    await world.give(20_000)
    await uses(world, bots=2, members=6)
    mix = await cheapest(world)
    await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)

    again = await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)

    assert again.changes == ()
    assert await world.balance() == 14_000


async def test_what_somebody_got_in_the_meantime_is_never_taken_away(world: World) -> None:
    await world.give(30_000)
    await uses(world, bots=2)
    mix = await cheapest(world)
    await world.get("Extra bot", 3)

    await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)

    assert await units(world) == {world.addon["Extra bot"]: 3}


async def test_the_price_is_the_real_quote_where_a_unit_owes_a_removal_date(world: World) -> None:
    """R8: added, removed, over again: the units have had their removal date within this cycle."""
    await world.give(30_000)
    await world.get("Extra bot", 1)
    world.turn(6)
    await world.get("Extra bot", 0)
    await uses(world, bots=3)

    mix = await cheapest(world)

    assert mix.amount == (await world.quote("Extra bot", 2)).amount
    await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)
    await assert_books_balance(world)


async def test_a_shortage_that_no_button_may_buy_has_no_mix(world: World) -> None:
    """A thousand units at most of each."""
    await uses(world, bot_users=900_000_000)

    assert (await ways(world)).mix is None


async def test_nothing_is_sold_while_selling_is_off(world: World) -> None:
    """R26."""
    await world.give(10_000)
    await uses(world, bots=2)
    mix = await cheapest(world)
    await world.at_desk(catalogue.set_credit_billing, on=False)

    assert (await ways(world)).mix is None
    with pytest.raises(NotSellingError):
        await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)


async def test_an_addon_off_sale_is_no_way_out(world: World) -> None:
    await world.give(10_000)
    await uses(world, bots=2)
    mix = await cheapest(world)
    await world.at_desk(catalogue.set_on_sale, world.addon["Extra bot"], on_sale=False)

    assert (await ways(world)).mix is None
    with pytest.raises(GoneError):
        await world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)


async def test_a_viewer_sees_the_ways_and_who_can_go_them(world: World) -> None:
    """R34."""
    viewer = await world.member(300, "Vic", Role.VIEWER)
    await world.give(10_000)
    await uses(world, bots=2)
    found = await ways(world, by=viewer)

    assert found.mix is not None
    assert found.buyers == ("Dana",)
    wanted, amount = found.mix.wanted, found.mix.amount
    with pytest.raises(NotAllowedError):
        await world.do(mixes.buy_mix, world.workspace, wanted, amount, by=viewer)
    with pytest.raises(NotAllowedError):
        await world.do(mixes.remember_mix, world.workspace, wanted, by=viewer)


async def test_plans_that_would_fit_are_named_the_cheapest_first(world: World) -> None:
    """R24: overrides and add-ons stay with the workspace, whatever its plan."""

    def price(tx: Tx) -> None:
        for plan, minor in zip(rows.plans(tx, 1), (1_900, 4_900, 3_900), strict=True):
            plan.amount_minor, plan.currency = minor, "USD"

    await world.db.write(price)
    await uses(world, bot_users=9_000)
    assert [plan.name for plan in (await ways(world)).plans] == ["Business Large", "Business Lite"]

    await uses(world, bots=4)
    assert [plan.name for plan in (await ways(world)).plans] == ["Business Large"]


async def test_with_another_reason_buying_does_not_promise_to_resume(world: World) -> None:
    await world.give(10_000)
    await uses(world, bots=2)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True)

    assert not (await cheapest(world)).resumes


async def test_twenty_taps_buy_it_once(pg_world: World) -> None:
    world = pg_world
    await world.give(20_000)
    await uses(world, bots=2, members=6)
    mix = await cheapest(world)

    answers = await twenty(
        world.db, lambda _: world.do(mixes.buy_mix, world.workspace, mix.wanted, mix.amount)
    )

    assert [len(answer.changes) for answer in accepted(answers)].count(2) == 1
    assert refusals(answers) == []
    assert await world.balance() == 14_000
    assert await units(world) == dict(mix.wanted)
    await assert_books_balance(world)


async def test_of_twenty_who_spend_the_same_points_none_buys_a_part(pg_world: World) -> None:
    """Points for one purchase; half of the callers want more bots, half more members with it."""
    world = pg_world
    await world.give(6_000)
    await uses(world, bots=2, members=6)
    bots, members = world.addon["Extra bot"], world.addon["Extra member"]
    wanted = [((bots, 2),), ((bots, 1), (members, 1))]

    await twenty(world.db, lambda n: world.do(mixes.buy_mix, world.workspace, wanted[n % 2], 6_000))

    assert await units(world) in ({bots: 2}, {bots: 1, members: 1})
    assert await world.balance() == 0
    await assert_books_balance(world)


async def test_the_same_tap_handled_again_charges_nothing_more(world: World) -> None:
    """DESIGN 5.2."""
    await world.give(20_000)
    await uses(world, bots=2, members=6)
    mix = await cheapest(world)
    call = replace(world.call(world.owner), reference="tap:once")

    for _ in range(2):
        await world.db.write(mixes.buy_mix, call, world.workspace, mix.wanted, mix.amount)

    assert await world.balance() == 14_000


@pytest.mark.parametrize("missing", [3_000, 12_500])
@pytest.mark.parametrize("big_price", [2_900, 3_500, 9_000])
async def test_while_units_wait_for_points_it_is_still_the_cheapest(
    world: World, missing: int, big_price: int
) -> None:
    """R15, R22: one more unit pays what waits too, but only once. Against every other choice, by its real quotes."""
    await world.db.write(set_partner(grace_days=7))
    small, big = world.addon["+1,000 bot users"], world.addon["+10,000 bot users"]
    await world.at_desk(catalogue.set_price, small, 500)
    await world.at_desk(catalogue.set_price, big, big_price)
    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    await world.give(1_500)
    await world.get("+1,000 bot users", 3)
    world.now = world.now.replace(year=2027, month=1)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    assert await world.sql("SELECT units, unpaid FROM addon_states") == [(3, 3)]
    await uses(world, bot_users=4_000 + missing)

    mix = await cheapest(world)

    costs = []
    for bigs in range(3):
        smalls = max(0, -(-(missing - bigs * 10_000) // 1_000))
        some = (await world.quote("+1,000 bot users", 3 + smalls)).amount if smalls else 0
        more = (await world.quote("+10,000 bot users", bigs)).amount if bigs else 0
        costs.append(some + more)
    assert mix.amount == min(costs)
