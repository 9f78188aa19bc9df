"""Keep-order: which units the points go to first (R15)."""

import datetime as dt
from functools import partial
from operator import mul

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import adjust, catalogue, renewal, usage
from billing.errors import GoneError
from billing.renewal import KeepEntry, Wish, keep
from billing.renewal.ages import Batch
from storage import catalogue as catalogue_rows
from storage import workspaces as rows
from storage.database import Tx
from tests.flows.conftest import START, World
from tests.flows.test_renewal_grace import catch_up, sound


async def units(world: World) -> dict[str, int]:
    names = {number: label for label, number in world.addon.items()}
    found = await world.sql("SELECT addon_id, units FROM addon_states WHERE units > 0")
    return {names[addon]: count for addon, count in found}


async def order(world: World) -> list[KeepEntry]:
    def read(tx: Tx) -> list[KeepEntry]:
        workspace = rows.find(tx, world.workspace)
        assert workspace is not None
        partner = catalogue_rows.partner(tx, workspace.partner_id)
        assert partner is not None
        return renewal.keep_order(tx, partner, workspace)

    return await world.db.read(read)


async def webhooks_then_bots(world: World, points: int, used_bots: int) -> None:
    """Webhook requests are older, then three bots on top of the plan's one; December comes with so many points."""
    await world.give(30_000)
    await world.get("+1,000 webhook requests", 1)
    world.now += dt.timedelta(hours=1)
    await world.get("Extra bot", 3)
    await world.db.write(
        usage.report_usage,
        world.call(),
        world.workspace,
        {"bots": used_bots, "webhook_requests": 1},
        world.now,
    )
    await world.at_desk(adjust.adjust, world.workspace, points - await world.balance(), "what is left")


@pytest.mark.parametrize(
    ("points", "used_bots", "kept"),
    [
        (12_000, 3, {"+1,000 webhook requests": 1, "Extra bot": 3}),
        (9_000, 3, {"+1,000 webhook requests": 1, "Extra bot": 2}),
        (6_000, 3, {"Extra bot": 2}),
        (6_000, 1, {"+1,000 webhook requests": 1, "Extra bot": 1}),
        (3_000, 3, {"Extra bot": 1}),
    ],
)
async def test_what_keeps_within_the_limits_comes_first_unit_by_unit(
    world: World, points: int, used_bots: int, kept: dict[str, int]
) -> None:
    """R15: with 3 bots in use of 1 in the plan, two of the three extra ones are needed; webhooks start anew."""
    await webhooks_then_bots(world, points, used_bots)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == kept
    await sound(world)


async def test_the_customers_order_overrules_the_default(world: World) -> None:
    await webhooks_then_bots(world, 6_000, used_bots=3)
    bots, webhooks = world.addon["Extra bot"], world.addon["+1,000 webhook requests"]
    assert [(each.addon_id, each.needed, each.ranked) for each in await order(world)] == [
        (bots, 2, False),
        (webhooks, 0, False),
    ]

    await world.do(renewal.set_keep_order, world.workspace, [webhooks, bots])

    assert [(each.addon_id, each.ranked) for each in await order(world)] == [(webhooks, True), (bots, True)]
    world.turn(1, month=12)
    await catch_up(world)
    assert await units(world) == {"+1,000 webhook requests": 1, "Extra bot": 1}
    await sound(world)


async def test_reset_goes_back_to_the_default_order(world: World) -> None:
    await webhooks_then_bots(world, 6_000, used_bots=3)
    before = await order(world)
    await world.do(
        renewal.set_keep_order,
        world.workspace,
        [each.addon_id for each in reversed(before)],
    )

    await world.do(renewal.reset_keep_order, world.workspace)

    assert await order(world) == before


async def test_an_addon_that_is_gone_has_no_place(world: World) -> None:
    await webhooks_then_bots(world, 6_000, used_bots=3)
    with pytest.raises(GoneError):
        await world.do(renewal.set_keep_order, world.workspace, [world.addon["Extra member"]])


async def test_what_is_free_renews_even_with_a_debt_and_whatever_its_place(world: World) -> None:
    """R15, R29."""
    await world.at_desk(catalogue.set_price, world.addon["Premium features"], 0)
    await webhooks_then_bots(world, 0, used_bots=3)
    await world.get("Premium features", 1)
    await world.at_desk(adjust.adjust, world.workspace, -100, "dispute", accept_debt=True)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {"Premium features": 1}
    await sound(world)


async def test_a_thousand_units_are_weighed_at_once(world: World) -> None:
    """Nothing tries one unit fewer at a time: one posting renews what fits."""
    await world.give(3_000_000)
    await world.get("Extra bot", 1_000)
    await world.at_desk(adjust.adjust, world.workspace, 3_000 * 499 + 2_999, "what is left")
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {"Extra bot": 499}
    assert await world.sql("SELECT count(*) FROM postings WHERE kind = 'renewal'") == [(1,)]
    await sound(world)


@given(
    prices=st.lists(st.tuples(st.integers(0, 500), st.integers(1, 6)), min_size=1, max_size=5),
    points=st.integers(-500, 4_000),
    ranks=st.lists(st.none() | st.integers(0, 5), min_size=5, max_size=5),
    short=st.integers(0, 6),
)
def test_keeping_never_spends_more_than_there_is_and_leaves_no_unit_that_would_fit(
    prices: list[tuple[int, int]], points: int, ranks: list[int | None], short: int
) -> None:
    """R15, R29: what doesn't fit is passed over, so nothing fits that was left."""
    wishes = [
        Wish(
            n,
            str(n),
            units,
            partial(mul, price),
            ranks[n],
            (Batch(START, units),),
            "bots" if n % 2 else None,
            1,
        )
        for n, (price, units) in enumerate(prices)
    ]

    kept = keep(wishes, points, {"bots": short} if short else {})

    left = max(0, points) - sum(each.cost for each in kept)
    assert left >= 0
    for each in kept:
        price, units = prices[each.wish.addon_id]
        assert each.cost == each.units * price
        assert each.units == units or price > left
