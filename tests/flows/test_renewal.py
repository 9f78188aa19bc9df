"""The boundary between two cycles: what renews, what ends, once (R14-R16)."""

import datetime as dt
from typing import Any

import pytest

from billing import addons, adjust, catalogue, pausing, people, usage, workspaces
from billing.access import Role
from billing.addons import Changed
from storage.database import Tx
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World
from tests.looking import all_due


async def catch_up(world: World, times: int = 1) -> None:
    for _ in range(times):
        await world.db.write(workspaces.catch_up, world.call(), world.workspace)


async def renewals(world: World) -> list[tuple[str, int]]:
    """Cycle and amount of every renewal, in order of posting."""
    rows = await world.sql(
        "SELECT cycle_start, amount FROM postings WHERE kind = 'renewal' ORDER BY workspace_id, number"
    )
    return [(str(cycle), amount) for cycle, amount in rows]


async def units(world: World) -> dict[str, int]:
    names = {number: label for label, number in world.addon.items()}
    rows = await world.sql("SELECT addon_id, units FROM addon_states WHERE units > 0")
    return {names[addon]: count for addon, count in rows}


async def renewal_notices(world: World) -> list[dict[str, Any]]:
    def read(tx: Tx) -> list[dict[str, Any]]:
        from sqlalchemy import select

        from storage.models import OutboxMessage

        return list(tx.conn.scalars(select(OutboxMessage.params).where(OutboxMessage.kind == "renewal")))

    return await world.db.read(read)


async def test_a_boundary_renews_once_however_often_it_is_worked_off(world: World) -> None:
    """R14: once per workspace, add-on and cycle."""
    await world.give(20_000)
    await world.get("Extra bot", 2)
    world.turn(30)
    await catch_up(world)
    assert await renewals(world) == []
    world.turn(1, month=12)

    await catch_up(world, 3)

    assert await renewals(world) == [("2026-12-01", -6_000)]
    assert await world.balance() == 8_000
    assert len(await renewal_notices(world)) == 1


async def test_a_new_cycle_costs_the_whole_price_whatever_the_month_has(world: World) -> None:
    """R7: December has 31 dates, and a day of it costs a 31st."""
    await world.give(20_000)
    world.turn(16)
    await world.get("Extra bot", 1)
    world.turn(1, month=12)
    await catch_up(world)
    world.turn(17, month=12)

    assert await renewals(world) == [("2026-12-01", -3_000)]
    assert (await world.quote("Extra bot", 0)).amount == -1_452  # 15 of 31 dates, rounded half up


async def test_the_price_at_the_boundary_is_what_renews(world: World) -> None:
    """R6: told on 1 November, so the December cycle pays it."""
    await world.give(20_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 4_000)
    world.turn(1, month=12)

    await catch_up(world)

    assert await renewals(world) == [("2026-12-01", -4_000)]


async def test_an_addon_set_not_to_renew_ends_without_refund(world: World) -> None:
    """R14."""
    await world.give(20_000)
    await world.get("Extra bot", 1)
    await world.get("Extra member", 1)
    await world.do(addons.set_renews, world.workspace, world.addon["Extra bot"], renews=False)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {"Extra member": 1}
    assert await world.amounts() == [20_000, -3_000, -3_000, -3_000]
    (notice,) = await renewal_notices(world)
    assert notice["ended"] == [["Extra bot", 1, "set"]]


async def test_bought_again_after_its_end_it_renews_again(world: World) -> None:
    await world.give(20_000)
    await world.get("Extra bot", 1)
    await world.do(addons.set_renews, world.workspace, world.addon["Extra bot"], renews=False)
    world.turn(1, month=12)
    assert (await world.get("Extra bot", 1)).amount == 3_000
    world.turn(1, month=1)
    world.now = world.now.replace(year=2027)

    await catch_up(world)

    assert await renewals(world) == [("2027-01-01", -3_000)]


async def test_nothing_renews_while_the_partner_has_paused_the_workspace(world: World) -> None:
    """R14."""
    await world.give(20_000)
    await world.get("Extra bot", 1)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True)
    world.turn(1, month=12)

    await catch_up(world)

    assert (await renewals(world), await units(world)) == ([], {})
    assert await world.balance() == 17_000


async def test_a_workspace_paused_by_a_limit_renews(world: World) -> None:
    """R14."""
    await world.give(20_000)
    await world.get("Extra bot", 1)
    await world.db.write(usage.report_usage, world.call(), world.workspace, {"bots": 9}, world.now)
    world.turn(1, month=12)

    await catch_up(world)

    assert await renewals(world) == [("2026-12-01", -3_000)]


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        (11_000, {"Extra bot": 2, "Extra member": 1, "Request timeout +10 s": 1}),
        (10_999, {"Extra bot": 2, "Extra member": 1}),
        (8_999, {"Extra bot": 2, "Request timeout +10 s": 1}),
        (5_000, {"Extra bot": 1, "Request timeout +10 s": 1}),
        (2_999, {"Request timeout +10 s": 1}),
        (1_999, {}),
    ],
)
async def test_units_renew_oldest_first_as_far_as_the_points_go_and_what_does_not_fit_is_passed_over(
    world: World, points: int, kept: dict[str, int]
) -> None:
    """R15: two bots at 30, then a member at 30, then a timeout at 20."""
    await world.at_desk(catalogue.set_price, world.addon["Request timeout +10 s"], 2_000)
    await world.give(11_000)
    for label, count in (("Extra bot", 2), ("Extra member", 1), ("Request timeout +10 s", 1)):
        await world.get(label, count)
        world.now += dt.timedelta(hours=1)
    await world.at_desk(adjust.adjust, world.workspace, points, "what is left")
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == kept
    spent = -sum(amount for _, amount in await renewals(world))
    assert 0 <= await world.balance() == points - spent
    await assert_books_balance(world)


async def test_what_lapsed_is_not_renewed_unasked_and_costs_its_days_when_bought_again(world: World) -> None:
    """R15."""
    await world.give(3_000)
    await world.get("Extra bot", 1)
    world.turn(1, month=12)
    await catch_up(world)
    await world.give(50_000)
    world.turn(17, month=12)
    await catch_up(world)
    assert (await renewals(world), await units(world)) == ([], {})

    assert (await world.get("Extra bot", 1)).amount == 1_452


async def test_several_missed_cycles_are_worked_off_in_order_until_the_points_end(world: World) -> None:
    """R16: three months of silence, points for two; the customer is told what ended, whenever it did."""
    await world.give(9_500)
    await world.get("Extra bot", 1)
    world.now = dt.datetime(2027, 3, 5, 12, tzinfo=dt.UTC)

    await catch_up(world, 2)

    assert await renewals(world) == [("2026-12-01", -3_000), ("2027-01-01", -3_000)]
    assert await world.balance() == 500
    assert await world.sql("SELECT count(*) FROM cycles") == [(5,)]
    (notice,) = await renewal_notices(world)
    assert (notice["ended"], notice["renewed"], notice["until"]) == (
        [["Extra bot", 1, "points"]],
        [],
        "2027-04-01",
    )


async def test_a_notice_tells_owners_and_billing_people_and_only_where_something_happened(
    world: World,
) -> None:
    """R36."""
    await world.member(300, "Bill", Role.BILLING)
    await world.member(301, "Vic", Role.VIEWER)
    world.turn(1, month=12)
    await catch_up(world)
    assert await renewal_notices(world) == []
    await world.give(20_000)
    await world.get("Extra bot", 1)
    world.now = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)

    await catch_up(world)

    told = await world.sql("SELECT chat_id FROM outbox WHERE kind = 'renewal' ORDER BY chat_id")
    assert told == [(200,), (300,)]
    assert (await renewal_notices(world))[0] == {
        "workspace_id": world.workspace,
        "renewed": [["Extra bot", 1, 3_000]],
        "unpaid": [],
        "ended": [],
        "again": [],
        "freed": 0,
        "charging": False,
        "waits_until": None,
        "balance": 20_000 - 3_000 - 3_000,
        "until": "2027-02-01",
    }


async def test_a_request_for_more_than_is_left_does_not_bring_units_back(world: World) -> None:
    """R10: asked to go from 3 to 2, points for 1 at the first boundary: the second one renews 1, not 2."""
    await world.give(12_000)
    await world.get("Extra bot", 3)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 2)
    world.turn(1, month=12)
    await catch_up(world)
    assert await units(world) == {"Extra bot": 1}
    await world.give(30_000)
    world.now = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)

    await catch_up(world)

    assert await renewals(world) == [("2026-12-01", -3_000), ("2027-01-01", -3_000)]
    assert await units(world) == {"Extra bot": 1}


async def test_an_approval_brings_back_no_units_that_lapsed_meanwhile(world: World) -> None:
    """R10: asked on 16 November to go from 3 to 2; points for 2 in December, for 1 in January; approved then."""
    await world.give(18_000)
    await world.get("Extra bot", 3)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    world.turn(16)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 2)
    world.now = dt.datetime(2027, 1, 3, 12, tzinfo=dt.UTC)
    await catch_up(world)
    assert (await units(world), await world.balance()) == ({"Extra bot": 1}, 0)

    approved = await world.at_desk(
        addons.answer_request, world.workspace, world.addon["Extra bot"], approve=True
    )

    assert approved.amount == -1_500
    assert (await units(world), await world.balance()) == ({"Extra bot": 1}, 1_500)
    world.turn(3, month=1)
    world.now = dt.datetime(2027, 1, 3, 13, tzinfo=dt.UTC)
    assert (await world.quote("Extra bot", 0)).amount == -2_806  # 29 of 31 dates of the one unit


async def test_with_a_debt_nothing_renews_but_what_is_free(world: World) -> None:
    """R29."""
    await world.at_desk(catalogue.set_price, world.addon["Premium features"], 0)
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await world.get("Premium features", 1)
    await world.at_desk(adjust.adjust, world.workspace, -100, "dispute", accept_debt=True)
    world.turn(1, month=12)

    await catch_up(world)

    assert await units(world) == {"Premium features": 1}
    assert await world.balance() == -100


async def test_with_credit_billing_off_addons_go_on_without_points(world: World) -> None:
    """R26."""
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_credit_billing, on=False)
    world.turn(1, month=12)

    await catch_up(world)

    # Off since the first date of November: what was charged for it has come back, too (R7).
    assert (await units(world), await world.balance()) == ({"Extra bot": 1}, 3_000)


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("America/New_York", "2027-03-14T04:59", "2027-03-14T05:00"),  # clocks go forward that night
        ("America/New_York", "2026-11-15T04:59", "2026-11-15T05:00"),
        ("Pacific/Kiritimati", "2026-11-14T09:59", "2026-11-14T10:00"),
        ("Australia/Lord_Howe", "2026-11-14T12:59", "2026-11-14T13:00"),
        ("America/Sao_Paulo", "2026-11-15T02:59", "2026-11-15T03:00"),
    ],
)
async def test_a_boundary_is_midnight_where_the_workspace_is(
    world: World, zone: str, before: str, after: str
) -> None:
    """R4, R5: dates in the zone, whatever its clocks do."""
    plans = await world.db.read(workspaces.plans, world.partner_person)
    day = 14 if after.startswith("2027") else 15
    world.now = dt.datetime.fromisoformat(before).replace(tzinfo=dt.UTC) - dt.timedelta(days=20)
    made = await world.at_desk(workspaces.create, "Far", plans[0][0].id, zone, dt.date(2026, 10, day))
    await world.at_desk(people.invite_from_desk, made.id, Role.OWNER, "far")
    far = await world.newcomer(900, "Fay")
    await world.do(people.accept_invite, "far", by=far)
    await world.at_desk(adjust.adjust, made.id, 10_000, "gift")
    addon = world.addon["Extra bot"]
    seen = await world.db.read(addons.quote, far, made.id, addon, 1, world.now)
    bought = await world.do(addons.set_units, made.id, addon, 1, seen.amount, by=far)
    assert isinstance(bought, Changed)

    for instant, due, renewed in ((before, False, 0), (after, True, 1), (after, False, 1)):
        world.now = dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)
        assert (made.id in await world.db.read(all_due, world.now)) is due
        await world.db.write(workspaces.catch_up, world.call(), made.id)
        assert len(await renewals(world)) == renewed

    assert (await renewals(world))[0][1] == -3_000


async def test_a_night_of_23_hours_is_a_date_like_any_other(world: World) -> None:
    """R4: the cycle from 1 to 31 March has 31 dates though one of them is short."""
    plans = await world.db.read(workspaces.plans, world.partner_person)
    world.now = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
    made = await world.at_desk(
        workspaces.create, "Berlin", plans[0][0].id, "Europe/Berlin", dt.date(2027, 3, 1)
    )
    await world.at_desk(people.invite_from_desk, made.id, Role.OWNER, "far")
    far = await world.newcomer(900, "Fay")
    await world.do(people.accept_invite, "far", by=far)

    left = []
    for instant in ("2027-03-27T22:59", "2027-03-27T23:00", "2027-03-28T21:59", "2027-03-28T22:00"):
        world.now = dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)
        seen = await world.db.read(addons.quote, far, made.id, world.addon["Extra bot"], 1, world.now)
        left.append((seen.days_left, seen.amount))

    assert left == [(5, 484), (4, 387), (4, 387), (3, 290)]
