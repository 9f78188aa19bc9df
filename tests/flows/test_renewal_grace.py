"""Units that the points don't cover: they wait, are paid when points arrive, or lapse (R15, R16)."""

import datetime as dt
from typing import Any

import pytest

from billing import addons, adjust, catalogue, home, pausing, renewal, workspaces
from billing.automatic import needs as charges
from billing.call import Call
from billing.errors import UndoOverError
from billing.invariants import invariants_at
from billing.ledger import Kind, Line, Operation, post
from billing.renewal import Need
from storage import catalogue as catalogue_rows
from storage import workspaces as rows
from storage.database import Tx
from storage.models import AddonPrice, OutboxMessage
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World
from tests.looking import all_due


async def grace(world: World, days: int) -> None:
    def run(tx: Tx) -> None:
        catalogue_rows.lock_partner(tx, 1).grace_days = days

    await world.db.write(run)


async def catch_up(world: World) -> None:
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)


async def state(world: World, label: str = "Extra bot") -> tuple[int, int]:
    """(units, how many of them wait for points)"""
    ((units, unpaid),) = await world.sql(
        "SELECT units, unpaid FROM addon_states WHERE addon_id = :a", a=world.addon[label]
    )
    return units, unpaid


async def spent(world: World, cycle: str, label: str = "Extra bot") -> int:
    ((total,),) = await world.sql(
        f"SELECT -coalesce(sum(amount), 0) FROM postings WHERE cycle_start = '{cycle}' AND addon_id = :a",
        a=world.addon[label],
    )
    return int(total)


async def told(world: World, kind: str = "renewal") -> list[dict[str, Any]]:
    def read(tx: Tx) -> list[dict[str, Any]]:
        found = tx.session.query(OutboxMessage).where(OutboxMessage.kind == kind)
        return [row.params for row in found.order_by(OutboxMessage.created_at)]

    return await world.db.read(read)


async def needs(world: World) -> Need:
    def read(tx: Tx) -> Need:
        workspace = rows.find(tx, world.workspace)
        assert workspace is not None
        partner = catalogue_rows.partner(tx, workspace.partner_id)
        assert partner is not None
        return renewal.need(tx, partner, workspace, world.now)

    return await world.db.read(read)


async def sound(world: World) -> None:
    await assert_books_balance(world)
    for name, query in invariants_at(world.now):
        assert not await world.db.scan(query), name


async def three_bots_points_for_one(world: World, days: int = 3) -> None:
    """On 1 December three bots at 30 are due with 40 points."""
    await grace(world, days)
    await world.give(13_000)
    await world.get("Extra bot", 3)
    world.turn(1, month=12)
    await catch_up(world)


async def test_what_the_points_do_not_cover_works_on_through_the_days_of_grace(world: World) -> None:
    """R15: 40 points renew one bot of three; the others wait through the 3rd and end on the 4th."""
    await three_bots_points_for_one(world)
    assert (await state(world), await world.balance()) == ((3, 2), 1_000)
    (notice,) = await told(world)
    assert (notice["renewed"], notice["unpaid"], notice["ended"], notice["waits_until"]) == (
        [["Extra bot", 1, 3_000]],
        [["Extra bot", 2, 6_000]],
        [],
        "2026-12-03",
    )
    await sound(world)

    world.turn(3, month=12, hour=23)
    assert await world.db.read(all_due, world.now) == []
    await catch_up(world)
    assert await state(world) == (3, 2)
    world.turn(4, month=12, hour=0)
    assert await world.db.read(all_due, world.now) == [world.workspace]
    await catch_up(world)
    await catch_up(world)

    assert (await state(world), await world.balance()) == ((1, 0), 1_000)
    assert await spent(world, "2026-12-01") == 3_000
    assert (await told(world))[1]["ended"] == [["Extra bot", 2, "points"]]
    assert (await told(world))[1]["again"] == [[world.addon["Extra bot"], "Extra bot"]]
    assert [each["lapsed"] for each in await told(world, "desk_lapsed")] == [[["Extra bot", 2]]]
    await sound(world)


async def test_points_that_arrive_in_grace_pay_the_whole_cycle(world: World) -> None:
    """R15: on the 3rd, not for 29 of 31 days but for all of them; as many units as the points cover."""
    await three_bots_points_for_one(world)
    world.turn(3, month=12)
    await world.give(2_500)

    assert (await state(world), await world.balance()) == ((3, 1), 500)
    (notice,) = [each for each in await told(world, "adjusted") if each["amount"] == 2_500]
    assert notice["renewed"] == [["Extra bot", 1, 3_000]]
    await sound(world)
    await world.give(2_500)

    assert (await state(world), await world.balance(), await spent(world, "2026-12-01")) == ((3, 0), 0, 9_000)
    world.turn(5, month=12)
    await catch_up(world)
    assert await state(world) == (3, 0)
    await sound(world)


async def test_what_lapsed_pays_its_grace_when_it_is_added_again_in_that_cycle(world: World) -> None:
    """R15: one lapsed bot added again on the 17th pays the 3 days of grace and 15 days of 31."""
    await three_bots_points_for_one(world)
    world.turn(4, month=12)
    await catch_up(world)
    await world.give(5_000)
    world.turn(17, month=12)

    assert (await world.get("Extra bot", 2)).amount == 1_742
    await sound(world)


async def test_without_grace_it_ends_at_once(world: World) -> None:
    await three_bots_points_for_one(world, days=0)

    assert (await state(world), await world.balance()) == ((1, 0), 1_000)
    (notice,) = await told(world)
    assert (notice["unpaid"], notice["ended"]) == ([], [["Extra bot", 2, "points"]])
    await sound(world)


async def test_grace_that_outlasts_its_cycle_goes_on_in_the_next(world: World) -> None:
    """R15: what waited is free in the cycle that ended, and needs the points of the one that began."""
    await three_bots_points_for_one(world, days=40)
    world.turn(31, month=12)
    await catch_up(world)
    assert await state(world) == (3, 2)
    await world.give(2_000)
    world.now = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)
    await catch_up(world)

    # One was paid late; with the one that was not, all three wait for January's points.
    assert (await state(world), await world.balance(), await spent(world, "2026-12-01")) == ((3, 3), 0, 6_000)
    await sound(world)


async def test_an_addition_in_grace_pays_what_waits_too_and_its_undo_lets_it_wait_again(world: World) -> None:
    """R15: on the 3rd two bots that wait cost 60 and a fourth one 28.06 for 29 of 31 days."""
    await three_bots_points_for_one(world)
    world.turn(3, month=12)
    await world.db.write(_credit, world.call(), world.workspace, 10_000)
    seen = await world.quote("Extra bot", 4)
    assert (seen.amount, seen.unpaid) == (6_000 + 2_806, 2)

    changed = await world.get("Extra bot", 4)
    assert (await state(world), await world.balance()) == ((4, 0), 11_000 - 8_806)
    await sound(world)
    assert changed.number is not None
    undone = await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)

    assert (undone.amount, await state(world), await world.balance()) == (-8_806, (3, 2), 11_000)
    await sound(world)
    world.turn(4, month=12)
    await catch_up(world)
    # The points were there all along: nothing ends for want of them.
    assert (await state(world), await world.balance()) == ((3, 0), 5_000)
    await sound(world)


async def test_a_removal_in_grace_lets_go_what_waits_first_and_its_undo_brings_all_back(world: World) -> None:
    """R15: of three bots two wait; down to none on the 3rd gives back 29 days of the one that was paid."""
    await three_bots_points_for_one(world)
    world.turn(3, month=12)
    assert (await world.quote("Extra bot", 2)).amount == 0
    assert (await world.quote("Extra bot", 0)).amount == -2_806

    changed = await world.get("Extra bot", 0)

    assert (changed.units_before, changed.units, await world.balance()) == (3, 0, 3_806)
    assert (await state(world), await spent(world, "2026-12-01")) == ((0, 0), 194)
    await sound(world)
    assert changed.number is not None
    undone = await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)
    assert (undone.amount, await state(world), await world.balance()) == (2_806, (3, 2), 1_000)
    await sound(world)
    world.turn(4, month=12)
    await catch_up(world)
    assert await state(world) == (1, 0)


async def test_an_undo_after_grace_brings_back_only_what_was_paid(world: World) -> None:
    """R9, R15: removed in the last minute of grace, undone in the first one after."""
    await three_bots_points_for_one(world)
    world.now = dt.datetime(2026, 12, 3, 23, 58, tzinfo=dt.UTC)
    changed = await world.get("Extra bot", 0)
    world.now += dt.timedelta(minutes=5)

    await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)

    assert (await state(world), await spent(world, "2026-12-01")) == ((1, 0), 3_000)
    await sound(world)


async def test_letting_go_only_what_waits_cannot_be_undone_after_grace(world: World) -> None:
    await three_bots_points_for_one(world)
    world.now = dt.datetime(2026, 12, 3, 23, 58, tzinfo=dt.UTC)
    changed = await world.get("Extra bot", 1)
    assert (changed.amount, await state(world)) == (0, (1, 0))
    world.now += dt.timedelta(minutes=5)

    with pytest.raises(UndoOverError):
        await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)
    await sound(world)


async def test_a_desk_removal_without_refund_lets_what_waits_lapse(world: World) -> None:
    """R10, R15."""
    await three_bots_points_for_one(world)
    world.turn(3, month=12)

    changed = await world.at_desk(
        addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], 0, refund=False
    )

    assert (changed.amount, await state(world), await spent(world, "2026-12-01")) == (0, (0, 0), 3_000)
    await sound(world)


async def test_what_is_asked_to_be_removed_is_not_paid_when_points_arrive(world: World) -> None:
    """R10, R15: asked on the 2nd to go from 3 to 2, approved on the 3rd: no day of it was ever charged."""
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    await three_bots_points_for_one(world)
    world.turn(2, month=12)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 2)
    await world.give(10_000)
    assert (await state(world), await world.balance()) == ((3, 1), 8_000)
    world.turn(3, month=12)

    approved = await world.at_desk(
        addons.answer_request, world.workspace, world.addon["Extra bot"], approve=True
    )

    assert (approved.amount, await state(world), await world.balance()) == (0, (2, 0), 8_000)
    await sound(world)


async def test_an_approval_after_the_lapse_charges_no_day_of_grace(world: World) -> None:
    """R10, R15: asked on the 2nd for none at all; what waited lapsed on the 4th; approved on the 6th."""
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    await three_bots_points_for_one(world)
    world.turn(2, month=12)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)
    world.turn(6, month=12)

    approved = await world.at_desk(
        addons.answer_request, world.workspace, world.addon["Extra bot"], approve=True
    )

    # The one that was paid: 30 of 31 days back.
    assert (approved.amount, await state(world)) == (-2_903, (0, 0))
    await sound(world)


async def test_the_undo_of_an_approval_brings_back_no_units_that_had_lapsed(world: World) -> None:
    """R9, R10: asked on 16 November to go from 3 to 1, so two ended with November; approved and undone in December."""
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    await world.give(20_000)
    await world.get("Extra bot", 3)
    world.turn(16)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 1)
    world.turn(3, month=12)
    addon = world.addon["Extra bot"]
    approved = await world.at_desk(addons.answer_request, world.workspace, addon, approve=True)
    assert (approved.amount, await state(world), await world.balance()) == (-3_000, (1, 0), 11_000)

    undone = await world.at_desk(addons.undo_from_desk, world.workspace, addon, approved.number)

    assert (undone.amount, await state(world), await world.balance()) == (3_000, (1, 0), 8_000)
    assert (await spent(world, "2026-11-01"), await spent(world, "2026-12-01")) == (9_000, 3_000)
    await sound(world)


async def test_months_of_downtime_are_forgiven_what_the_points_did_not_cover(world: World) -> None:
    """R16, R6: one bot; 55 points cover December at 40, not January nor February, and March at 15."""
    await world.give(8_500)
    await world.get("Extra bot", 1)
    addon = world.addon["Extra bot"]
    await world.db.write(_price_from, world.call(), addon, dt.date(2026, 12, 1), 4_000)
    await world.db.write(_price_from, world.call(), addon, dt.date(2027, 3, 1), 1_500)
    await grace(world, 3)
    world.now = dt.datetime(2027, 3, 10, 12, tzinfo=dt.UTC)

    await catch_up(world)

    assert [await spent(world, f"{month}-01") for month in ("2026-12", "2027-01", "2027-02", "2027-03")] == [
        4_000,
        0,
        0,
        1_500,
    ]
    assert (await state(world), await world.balance()) == ((1, 0), 0)
    (notice,) = await told(world)
    assert (notice["renewed"], notice["ended"]) == ([["Extra bot", 1, 1_500]], [])
    await sound(world)


async def test_after_downtime_grace_counts_from_the_day_of_catching_up(world: World) -> None:
    """R16: points for none of three months; back on 10 March, two bots work through the 12th, one is paid by then."""
    await grace(world, 3)
    await world.give(6_000)
    await world.get("Extra bot", 2)
    world.now = dt.datetime(2027, 3, 10, 12, tzinfo=dt.UTC)
    await catch_up(world)
    assert (await state(world), (await told(world))[0]["waits_until"]) == ((2, 2), "2027-03-12")
    await sound(world)
    await world.give(3_000)
    assert await state(world) == (2, 1)

    world.now = dt.datetime(2027, 3, 13, tzinfo=dt.UTC)
    await catch_up(world)

    assert (await state(world), await world.balance()) == ((1, 0), 0)
    await sound(world)
    # The one that lapsed costs none of its days: what goes back for the other is 19 of its 31.
    assert (await world.quote("Extra bot", 0)).amount == -1_839
    await world.give(5_000)
    # Bought again on the 13th it pays the days since the 1st and those that are left.
    assert (await world.get("Extra bot", 2)).amount == 3_000
    await sound(world)


async def test_nothing_is_paid_or_wanted_while_the_partner_has_paused_the_workspace(world: World) -> None:
    """R14."""
    await three_bots_points_for_one(world)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True)
    assert ((await needs(world)).cost, (await needs(world)).missing) == (0, 0)
    await world.give(10_000)
    assert (await state(world), await world.balance()) == ((3, 2), 11_000)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=False)
    world.turn(4, month=12)
    await catch_up(world)

    assert (await state(world), await world.balance()) == ((3, 0), 5_000)
    await sound(world)


async def test_nothing_lapses_while_a_charge_may_come(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """R15: no grace, but the card is tried until the 4th; the bank says no on the 2nd."""
    until: dt.datetime | None = dt.datetime(2026, 12, 4, tzinfo=dt.UTC)
    monkeypatch.setattr(charges, "waits_for_charge", lambda tx, partner, workspace, at: until)
    await three_bots_points_for_one(world, days=0)
    assert await state(world) == (3, 2)
    until = dt.datetime(2026, 12, 5, tzinfo=dt.UTC)
    world.turn(4, month=12)
    await catch_up(world)
    assert await state(world) == (3, 2)
    await sound(world)
    until = None
    await catch_up(world)
    assert await state(world) == (3, 2)
    world.turn(5, month=12)
    await catch_up(world)

    assert await state(world) == (1, 0)
    await sound(world)


async def test_the_need_is_what_waits_and_otherwise_the_next_renewal(world: World) -> None:
    """R17, R29: by unit, in keep-order; a debt is part of what is missing."""
    await three_bots_points_for_one(world)
    need = await needs(world)
    assert (need.waiting, need.cycle_start, need.cost, need.missing) == (
        True,
        dt.date(2026, 12, 1),
        6_000,
        5_000,
    )
    assert [need.units_kept(more) for more in (0, 1_999, 2_000, 5_000)] == [0, 0, 1, 2]
    await world.give(5_000)
    await world.at_desk(adjust.adjust, world.workspace, -200, "dispute", accept_debt=True)

    need = await needs(world)

    assert (need.waiting, need.cycle_start, need.cost, need.missing) == (
        False,
        dt.date(2027, 1, 1),
        9_000,
        9_200,
    )
    assert need.units_kept(9_199) == 2


async def test_a_forecast_takes_each_renewal_at_the_price_that_holds_then(world: World) -> None:
    """R6: 30 a month, 40 from January on."""
    await world.give(13_000)
    await world.get("Extra bot", 1)
    await world.db.write(_price_from, world.call(), world.addon["Extra bot"], dt.date(2027, 1, 1), 4_000)

    seen = (await world.db.read(home.home, world.owner, world.workspace, world.now)).forecast

    assert [(each.date.isoformat(), each.cost, each.balance_after, each.covered) for each in seen] == [
        ("2026-12-01", 3_000, 7_000, True),
        ("2027-01-01", 4_000, 3_000, True),
        ("2027-02-01", 4_000, -1_000, False),
    ]


def _credit(tx: Tx, call: Call, workspace_id: int, amount: int) -> None:
    """Points that come without an arrival: what a refund of another add-on does."""
    post(tx, [Operation(1, workspace_id, call.reference, (Line(Kind.ADJUSTMENT, amount),), call.at)])


def _price_from(tx: Tx, call: Call, addon_id: int, day: dt.date, price: int) -> None:
    tx.session.add(AddonPrice(partner_id=1, addon_id=addon_id, applies_from=day, price=price, set_at=call.at))
