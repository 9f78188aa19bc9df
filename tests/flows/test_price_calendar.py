"""When a price reaches a cycle, by the calendar of the cycle's own workspace (R5, R6)."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from billing import catalogue, dating, renewal, workspaces
from billing.access import Role
from billing.call import Call
from storage.database import Tx
from storage.models import OutboxMessage
from tests.flows.conftest import BOT, World

ADDON = "Extra bot"
OLD, NEW = 3_000, 6_000


def at(day: int, hour: int, month: int = 11, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=dt.UTC)


async def opened(world: World, zone: str, anchor_day: int, number: int = 1) -> World:
    """A workspace that renews on this day of the month, with one unit since the middle of the month."""
    world.now = at(15, 12)
    plans = await world.db.read(workspaces.plans, world.partner_person)
    anchor = dt.date(2026, 10, anchor_day)
    made = await world.at_desk(workspaces.create, f"In {zone}", plans[0][0].id, zone, anchor)
    place = replace(world, workspace=made.id, addon=world.addon)
    place.owner = await place.member(5_000 + number, "Olu", Role.OWNER)
    await place.give(50_000)
    await place.get(ADDON, 1)
    return place


async def priced(world: World, told: dt.datetime, price: int) -> None:
    world.now = told
    await world.at_desk(catalogue.set_price, world.addon[ADDON], price)


async def renews_at_price(place: World, now: dt.datetime, *, in_sets: bool) -> int:
    """What the unit's first renewal costs, by either way of renewing it."""
    place.now = now
    if in_sets:
        await place.db.write(renewal.sweep_batch, Call(now, "sweep", BOT), 10, now + dt.timedelta(minutes=5))
    else:
        await place.db.write(workspaces.catch_up, place.call(), place.workspace)
    ((amount,),) = await place.sql(
        "SELECT amount FROM postings WHERE kind = 'renewal' AND workspace_id = :w", w=place.workspace
    )
    return -int(amount)


@pytest.mark.parametrize(
    ("zone", "anchor_day", "told", "price"),
    [
        # The 24th, and seven dates on it is the 1st.
        ("UTC", 1, at(24, 0), NEW),
        ("UTC", 1, at(24, 23, minute=59), NEW),
        ("UTC", 1, at(25, 0), OLD),
        # Still the 23rd in New York till five o'clock UTC.
        ("America/New_York", 30, at(24, 4, minute=59), NEW),
        ("America/New_York", 30, at(24, 5), OLD),
        ("America/New_York", 1, at(25, 4, minute=59), NEW),
        # The 25th in Auckland from eleven o'clock UTC on.
        ("Pacific/Auckland", 1, at(24, 10, minute=59), NEW),
        ("Pacific/Auckland", 1, at(24, 11), OLD),
        ("Pacific/Kiritimati", 1, at(24, 9, minute=59), NEW),
        ("Pacific/Kiritimati", 1, at(24, 10), OLD),
    ],
)
@pytest.mark.parametrize("in_sets", [True, False])
async def test_a_rise_reaches_cycles_from_the_seventh_date_after_it_was_told(
    world: World, zone: str, anchor_day: int, told: dt.datetime, price: int, *, in_sets: bool
) -> None:
    place = await opened(world, zone, anchor_day)
    await priced(world, told, NEW)
    place.now = told
    assert (await place.quote(ADDON, 1)).next_cost == price

    assert await renews_at_price(place, at(2, 12, month=12), in_sets=in_sets) == price


@pytest.mark.parametrize("in_sets", [True, False])
@pytest.mark.parametrize(
    ("zone", "anchor_day", "price"),
    [
        # It is noon on the 30th in UTC, seven in the morning in New York, one o'clock on the 1st in Auckland.
        ("UTC", 30, OLD),
        ("America/New_York", 30, OLD),
        ("Pacific/Auckland", 1, OLD),
        ("America/New_York", 1, 1_000),
        ("Pacific/Auckland", 2, 1_000),
    ],
)
async def test_a_fall_reaches_cycles_that_begin_after_it(
    world: World, zone: str, anchor_day: int, price: int, *, in_sets: bool
) -> None:
    """Also where the cycle that began hours ago was not worked off yet."""
    place = await opened(world, zone, anchor_day)
    await priced(world, at(30, 12), 1_000)

    assert await renews_at_price(place, at(2, 12, month=12), in_sets=in_sets) == price


async def test_everyone_is_told_the_date_of_their_own_calendar(world: World) -> None:
    for number, zone in enumerate(("America/New_York", "UTC", "Pacific/Auckland")):
        await opened(world, zone, 1, number)
    await priced(world, at(24, 4), NEW)
    await priced(world, at(24, 12), NEW + 1)

    def told(tx: Tx) -> list[dict[str, Any]]:
        found = tx.session.query(OutboxMessage).where(OutboxMessage.kind == "price")
        return [row.params for row in found.order_by(OutboxMessage.created_at)]

    by_price: dict[int, set[str]] = {}
    for params in await world.db.read(told):
        by_price.setdefault(params["price"], set()).add(params["from"])
    assert by_price == {NEW: {"2026-11-30", "2026-12-01"}, NEW + 1: {"2026-12-01", "2026-12-02"}}


async def test_a_new_price_leaves_a_cycle_that_has_just_begun_at_a_risen_one(world: World) -> None:
    """Told on New York's 23rd, the rise holds there from the 30th on; in UTC it is still to come when it is called off."""
    place = await opened(world, "America/New_York", 30)
    await priced(world, at(24, 4), NEW)
    assert await renews_at_price(place, at(30, 6), in_sets=False) == NEW

    await priced(world, at(30, 7), OLD)

    place.now = at(30, 8)
    removed = await place.quote(ADDON, 0)
    assert (removed.price, removed.next_cost) == (NEW, 0)
    assert removed.amount == -NEW
    assert (await place.quote(ADDON, 1)).next_cost == OLD


async def test_a_zone_that_counts_from_the_next_cycle_counts_for_its_price(world: World) -> None:
    """R4: from December on the workspace is in Auckland, where it was the 25th already."""
    place = await opened(world, "UTC", 1)
    await world.at_desk(dating.set_zone, place.workspace, "Pacific/Auckland")
    await priced(world, at(24, 11), NEW)
    place.now = world.now

    assert (await place.quote(ADDON, 1)).next_cost == OLD
    assert await renews_at_price(place, at(2, 12, month=12), in_sets=True) == OLD
