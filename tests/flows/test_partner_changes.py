"""What the partner changes of a workspace's add-ons: told to the customer, the partner's to take back (R9, R10)."""

import datetime as dt
import json
from typing import Any

import pytest

from billing import addons, catalogue, workspaces
from billing.addons import Kept
from billing.errors import UndoOverError
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World


async def told(world: World, kind: str) -> list[dict[str, Any]]:
    rows = await world.sql(f"SELECT params FROM outbox WHERE kind = '{kind}' ORDER BY created_at, id")
    return [_read(params) for (params,) in rows]


async def audited(world: World, action: str) -> list[tuple[Any, Any]]:
    """What each entry has as before and after."""
    rows = await world.sql(f"SELECT before, after FROM audit WHERE action = '{action}'")
    return [(_read(before), _read(after)) for before, after in rows]


def _read(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored


async def removed_by_partner(world: World, *, refund: bool = True) -> addons.Changed:
    changed: addons.Changed = await world.at_desk(
        addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], 0, refund=refund
    )
    return changed


async def test_what_the_partner_takes_back_is_told_with_the_points_it_took(world: World) -> None:
    """R9: two removed with their points, which go again."""
    await world.give(20_000)
    await world.get("Extra bot", 2)
    world.turn(16)
    removed = await removed_by_partner(world)

    undo = (addons.undo_from_desk, world.workspace, world.addon["Extra bot"], removed.number)
    world.now += dt.timedelta(minutes=1)
    undone = await world.at_desk(*undo)
    await world.at_desk(*undo)

    assert undone.amount == 3_000
    _, notice = await told(world, "units_by_partner")
    assert (notice["before"], notice["units"], notice["amount"], notice["undo"]) == (0, 2, -3_000, True)
    assert await audited(world, "undo") == [({"units": 0}, {"units": 2, "points": -3_000})]


async def test_what_an_undo_charges_for_a_cycle_that_began_since_is_told(world: World) -> None:
    """R9: removed without refund before the boundary, taken back after it."""
    await world.give(20_000)
    await world.get("Extra bot", 2)
    world.now = dt.datetime(2026, 11, 30, 23, 57, tzinfo=dt.UTC)
    removed = await removed_by_partner(world, refund=False)
    world.now = dt.datetime(2026, 12, 1, 0, 3, tzinfo=dt.UTC)

    await world.at_desk(addons.undo_from_desk, world.workspace, world.addon["Extra bot"], removed.number)

    notice = (await told(world, "units_by_partner"))[-1]
    assert (notice["amount"], notice["balance"]) == (-6_000, 8_000)
    await assert_books_balance(world)


async def test_a_customer_does_not_take_back_what_the_partner_did(world: World) -> None:
    """R9: a member's changes are a member's, the partner's are the partner's."""
    addon = world.addon["Extra bot"]
    await world.give(20_000)
    await world.get("Extra bot", 2)
    removed = await removed_by_partner(world)

    seen = await world.db.read(addons.undoable, world.owner, world.workspace, addon, world.now)
    assert seen is None
    with pytest.raises(UndoOverError):
        await world.do(addons.undo, world.workspace, addon, removed.number)
    assert await world.sql("SELECT units FROM addon_states") == [(0,)]

    await world.get("Extra bot", 1)
    seen = await world.db.read(addons.undoable, world.owner, world.workspace, addon, world.now)
    assert seen is not None


async def test_a_customer_does_not_take_back_a_removal_that_the_partner_approved(world: World) -> None:
    """R10."""
    addon = world.addon["Extra bot"]
    await world.give(20_000)
    await world.get("Extra bot", 2)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    world.turn(16)
    await world.do(addons.request_removal, world.workspace, addon, 0)

    await world.at_desk(addons.answer_request, world.workspace, addon, approve=True)

    assert await world.db.read(addons.undoable, world.owner, world.workspace, addon, world.now) is None
    assert await audited(world, "approve_removal") == [({"units": 2}, {"units": 0, "points": 3_000})]


@pytest.mark.parametrize(("day", "month", "units", "ended"), [(26, 11, 2, False), (2, 12, 0, True)])
async def test_a_declined_removal_says_whether_there_is_anything_left_to_keep(
    world: World, day: int, month: int, units: int, ended: bool
) -> None:
    """R10: a waiting request does not renew, so the boundary may come before the answer."""
    addon = world.addon["Extra bot"]
    await world.give(20_000)
    await world.get("Extra bot", 2)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    world.turn(25)
    await world.do(addons.request_removal, world.workspace, addon, 0)
    world.turn(day, month)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    answer = await world.at_desk(addons.answer_request, world.workspace, addon, approve=False)

    assert answer == Kept("Extra bot", units, ended=ended)
    (notice,) = await told(world, "removal_answer")
    assert (notice["approved"], notice["ended"], notice["units"]) == (False, ended, units)
