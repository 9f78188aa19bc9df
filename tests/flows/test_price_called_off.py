"""A new price that is called off before it holds: whoever was told of it is told that it stays (R6)."""

from typing import Any

import pytest

from billing import catalogue
from storage.models import OutboxMessage
from storage.transaction import Tx
from tests.flows.conftest import World
from tests.flows.stories import begun
from tests.flows.test_price_calendar import ADDON, NEW, OLD, at, opened, priced

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)


async def told(world: World) -> list[tuple[int, str, dict[str, Any]]]:
    """Workspace, kind of notice, and what it says of prices, in the order of their making."""
    said = ("before", "price", "called_off", "from")

    def rows(tx: Tx) -> list[tuple[int, str, dict[str, Any]]]:
        found = tx.session.query(OutboxMessage).where(OutboxMessage.kind.in_(("price", "price_stays")))
        return [
            (
                row.params["workspace_id"],
                row.kind,
                {name: value for name, value in row.params.items() if name in said},
            )
            for row in found.order_by(OutboxMessage.created_at, OutboxMessage.kind)
        ]

    return await world.db.read(rows)


async def test_a_rise_that_is_set_back_is_told_as_called_off(world: World) -> None:
    story = await begun(world, points=10_000, day=2)
    await world.at_desk(catalogue.set_price, world.addon[ADDON], 9_000)
    await story.until(11, 3)
    await world.at_desk(catalogue.set_price, world.addon[ADDON], OLD)
    await story.until(11, 5)

    rise, stays = (each for each in story.told if each.kind.startswith("price"))
    assert "Extra bot costs 90 points a month instead of 30" in rise.text
    assert "Extra bot stays at 30 points a month: the change to 90 is called off." in stays.text
    assert (await world.quote(ADDON, 1)).next_cost == OLD


async def test_it_is_told_once_and_only_where_a_change_was_announced(world: World) -> None:
    await world.give(10_000)
    await world.get(ADDON, 1)
    await world.at_desk(catalogue.set_price, world.addon[ADDON], OLD)
    assert await told(world) == []

    await priced(world, at(2, 12), NEW)
    await priced(world, at(3, 12), OLD)
    await priced(world, at(4, 12), OLD)

    assert [kind for _, kind, _ in await told(world)] == ["price", "price_stays"]


async def test_who_gave_the_units_up_for_the_rise_is_told_too(world: World) -> None:
    await world.give(10_000)
    await world.get(ADDON, 1)
    other = await opened(world, "UTC", 1)
    await priced(world, at(16, 12), NEW)
    world.turn(17)
    await world.get(ADDON, 0)

    await priced(world, at(18, 12), OLD)

    stays = {"price": OLD, "called_off": NEW}
    found = [each for each in await told(world) if each[1] == "price_stays"]
    assert sorted(found, key=lambda each: each[0]) == [
        (world.workspace, "price_stays", stays),
        (other.workspace, "price_stays", stays),
    ]


async def test_where_the_announced_price_holds_already_the_old_one_is_a_change(world: World) -> None:
    """In New York the rise was told on the 23rd and holds from the 30th on; by UTC's calendar, from 1 December."""
    ahead = await opened(world, "America/New_York", 30, 1)
    behind = await opened(world, "UTC", 1, 2)
    await priced(world, at(24, 4), NEW)

    await priced(world, at(30, 7), OLD)

    assert sorted((await told(world))[2:], key=lambda each: each[0]) == [
        (ahead.workspace, "price", {"before": NEW, "price": OLD, "from": "2026-12-01"}),
        (behind.workspace, "price_stays", {"price": OLD, "called_off": NEW}),
    ]
