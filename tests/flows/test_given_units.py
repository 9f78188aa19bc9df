"""What was given while credit billing was off is free to the end of its cycle; how terms hold that changed since (R7, R26)."""

import datetime as dt

import pytest

from billing import addons, catalogue, history, workspaces
from billing.errors import BadValueError
from billing.proration import Part
from storage import catalogue as catalogue_rows
from storage.database import Tx
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World


async def bill(world: World, *, on: bool) -> None:
    await world.at_desk(catalogue.set_credit_billing, on=on)


async def give_units(world: World, units: int, day: int = 6) -> None:
    """The desk brings the extra bots to so many while billing is off for five dates from a date on."""
    world.turn(day)
    await bill(world, on=False)
    await world.at_desk(
        addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], units, refund=True
    )
    world.turn(day + 5)
    await bill(world, on=True)


async def test_given_units_cost_nothing_whatever_becomes_of_them_in_their_cycle(world: World) -> None:
    await give_units(world, 3)
    world.turn(16)

    seen = await world.quote("Extra bot", 2)
    assert (seen.amount, seen.missing, seen.formula.parts) == (0, 0, ())
    assert (await world.get("Extra bot", 2)).amount == 0
    removed = await world.at_desk(
        addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], 0, refund=True
    )

    assert removed.amount == 0
    assert await world.balance() == 0


async def test_one_more_beside_given_units_costs_only_itself(world: World) -> None:
    await world.give(10_000)
    await give_units(world, 3)
    world.turn(16)

    added = await world.quote("Extra bot", 4)
    assert (added.formula.parts, added.amount, added.formula.rounding) == ((Part(1, 15, 1_500),), 1_500, 0)
    await world.get("Extra bot", 4)
    world.turn(21)
    assert (await world.get("Extra bot", 3)).amount == -1_000
    # As all from the next cycle on.
    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert await world.amounts() == [10_000, 0, -1_500, 1_000, -9_000]
    await assert_books_balance(world)


async def test_what_renewed_while_billing_was_off_is_free_for_that_cycle(world: World) -> None:
    await world.give(20_000)
    await world.get("Extra bot", 3)
    world.turn(28)
    await bill(world, on=False)
    world.turn(2, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    world.turn(3, 12)
    await bill(world, on=True)
    world.turn(17, 12)

    assert (await world.get("Extra bot", 2)).amount == 0
    assert (await world.get("Extra bot", 3)).amount == 0, "on the date of its removal it was never away"
    world.now = dt.datetime(2027, 1, 2, 12, tzinfo=dt.UTC)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    # The 28th to the 30th of November come back; December is free; January is paid.
    assert await world.amounts() == [20_000, -9_000, 900, 0, 0, 0, -9_000]
    await assert_books_balance(world)


async def test_a_removal_while_billing_is_off_leaves_the_others_as_they_are(world: World) -> None:
    """Only dates that are over are known to be without billing; those to come are paid and stay so."""
    await world.give(10_000)
    await world.get("Extra bot", 2)
    world.turn(5)
    await bill(world, on=False)
    world.turn(7)

    # Two dates without billing of both, and 24 dates of the one that goes.
    assert (await world.get("Extra bot", 1)).amount == -(2 * 200 + 2_400)
    world.turn(11)
    await bill(world, on=True)
    world.turn(16)

    # Four more dates of the other, and 15 to the end.
    assert (await world.get("Extra bot", 0)).amount == -(400 + 1_500)


async def test_what_waits_for_points_is_given_with_what_is_added_free(world: World) -> None:
    await world.give(9_000)
    await world.get("Extra bot", 3)
    await world.db.write(set_grace, 6)
    world.turn(2, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    await bill(world, on=False)
    given = await world.at_desk(
        addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], 4, refund=True
    )
    assert given.amount == 0

    undone = await world.at_desk(
        addons.undo_from_desk, world.workspace, world.addon["Extra bot"], given.number
    )
    assert (undone.units, undone.amount) == (3, 0)
    assert await world.sql("SELECT unpaid FROM addon_states") == [(3,)]
    world.now += dt.timedelta(minutes=1)
    await world.at_desk(addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], 4, refund=True)
    await bill(world, on=True)
    world.turn(9, 12)
    await world.give(9_000)

    assert await world.sql("SELECT units, unpaid FROM addon_states") == [(4, 0)]
    # 23 of 31 dates of the one that is added, nothing of those given.
    assert (await world.quote("Extra bot", 5)).amount == 2_226
    assert (await world.get("Extra bot", 1)).amount == 0
    assert await world.balance() == 9_000
    await assert_books_balance(world)


def set_grace(tx: Tx, days: int) -> None:
    catalogue_rows.lock_partner(tx, 1).grace_days = days


async def test_a_removal_never_costs_anything_even_where_more_went_back_than_is_due(world: World) -> None:
    """Books of a former version gave dates back that were still to come."""
    await world.give(10_000)
    await world.get("Extra bot", 2)
    world.turn(5)
    await bill(world, on=False)
    world.turn(15)
    assert (await world.get("Extra bot", 1)).amount == -(2_000 + 1_600)

    def forget_the_switches(tx: Tx) -> None:
        for row in catalogue_rows.billing_switches(tx, 1)[1:]:
            tx.session.delete(row)
        catalogue_rows.lock_partner(tx, 1).credit_billing = True

    await world.db.write(forget_the_switches)
    world.turn(25)
    seen = await world.quote("Extra bot", 0)

    assert (seen.amount, seen.missing) == (0, 0)
    assert (await world.get("Extra bot", 0)).amount == 0


async def test_dates_without_billing_are_named_in_the_formula(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(5)
    await bill(world, on=False)
    world.turn(10)
    await bill(world, on=True)
    world.turn(16)
    await world.get("Extra bot", 2)

    row, _ = await world.db.read(history.row, world.owner, world.workspace, 3)

    assert row.formula is not None
    assert row.formula.parts == (Part(1, 15, 1_500),)
    assert (row.formula.freed, row.formula.freed_days, row.formula.rounding) == (-500, 5, 0)
    assert row.amount == -1_000


async def test_a_removal_is_charged_as_the_switch_stood_when_it_was_made(world: World) -> None:
    """R8."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.get("Extra member", 1)
    world.turn(5)
    assert (await world.get("Extra bot", 0)).amount == -2_600
    await world.at_desk(catalogue.set_charge_removal_date, on=True)
    assert (await world.get("Extra member", 0)).amount == -2_500
    world.turn(16)
    assert (await world.quote("Extra bot", 1)).amount == 1_500
    assert (await world.quote("Extra member", 1)).amount == 1_500

    await world.at_desk(catalogue.set_charge_removal_date, on=False)

    assert (await world.quote("Extra bot", 1)).amount == 1_500
    assert (await world.quote("Extra member", 1)).amount == 1_500


async def test_a_cycle_is_settled_in_the_way_in_which_its_units_were_sold(world: World) -> None:
    """R7: nothing comes back of whole cycles, also after a switch to days."""
    addon = world.addon["Extra bot"]
    await world.give(10_000)
    await world.at_desk(catalogue.set_whole_cycles, addon, whole_cycles=True)
    await world.get("Extra bot", 1)
    world.turn(5)
    await world.get("Extra bot", 0)

    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.set_whole_cycles, addon, whole_cycles=False)
    world.turn(20)
    assert (await world.quote("Extra bot", 1)).amount == 0

    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    await world.at_desk(catalogue.set_whole_cycles, addon, whole_cycles=False)
    assert (await world.quote("Extra bot", 1)).amount == 3_000


async def test_the_way_of_selling_holds_while_a_removal_waits_for_the_partner(world: World) -> None:
    """R10: approval settles the cycle in which it was asked."""
    addon = world.addon["Extra bot"]
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    await world.do(addons.request_removal, world.workspace, addon, 0)
    world.now = dt.datetime(2027, 1, 2, 12, tzinfo=dt.UTC)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.set_whole_cycles, addon, whole_cycles=True)
