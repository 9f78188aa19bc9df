"""Told in time: what is announced before a renewal, when, to whom; nothing missing, nothing extra (R36)."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from billing import addons, catalogue, pausing, reminders
from billing.access import Role
from billing.cycle import zone_named
from storage.models import AutoTopUp, OutboxMessage, SavedCard, StripeCustomer
from storage.transaction import Tx
from tests.chat.fakes import declined
from tests.flows.automatic import set_partner
from tests.flows.checks import twenty
from tests.flows.conftest import BOT, OWNER_TELEGRAM, World
from tests.flows.stories import Story

BILL_TELEGRAM, VERA_TELEGRAM = 201, 202


async def story(world: World, points: int, units: int = 2) -> Story:
    """Acme has so many hundredths left after buying bots for 30 points a month each."""
    await world.give(3_000 * units + points)
    await world.get("Extra bot", units)
    return await Story(world).begin()


async def params(world: World, kind: str) -> list[dict[str, Any]]:
    """What notices of a kind say, in the order of their making."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        found = select(OutboxMessage.params).where(OutboxMessage.kind == kind).order_by(OutboxMessage.number)
        return list(tx.conn.scalars(found))

    return await world.db.read(read)


async def agree(world: World) -> None:
    """Dana has agreed to the pack of 50 points and saved a card."""

    def save(tx: Tx) -> None:
        tx.session.add(
            StripeCustomer(partner_id=1, workspace_id=world.workspace, live=True, customer="cus_1")
        )
        tx.session.add(
            SavedCard(
                partner_id=1,
                id=7,
                workspace_id=world.workspace,
                live=True,
                payment_method="pm_1",
                brand="visa",
                last4="4242",
                exp_month=8,
                exp_year=2028,
                saved_by=world.owner,
                saved_at=world.now,
            )
        )
        tx.session.add(
            AutoTopUp(partner_id=1, workspace_id=world.workspace, state="on", pack_id=2, card_id=7)
        )

    await world.db.write(save)


async def test_a_covered_renewal_is_announced_once_three_days_before(world: World) -> None:
    """R36: T-3 at ten in the morning, then what was renewed."""
    told = await story(world, points=6_000)

    await told.until(12, 2)

    assert told.post() == [("Dana", "renewal_covered"), ("Dana", "renewal")]
    assert told.when("renewal_covered") == ["28 Nov 10"]


async def test_an_uncovered_renewal_is_announced_three_times_and_after_payment_no_more(world: World) -> None:
    """R36: T-7 and T-3; paid before T-1, which is then left out."""
    told = await story(world, points=1_000)
    await told.until(11, 29)
    assert told.post() == [("Dana", "renewal_short"), ("Dana", "renewal_short")]
    assert told.when("renewal_short") == ["24 Nov 10", "28 Nov 10"]

    await world.give(5_000)
    await told.until(12, 2)

    assert told.post()[2:] == [("Dana", "adjusted"), ("Dana", "renewal")]


async def test_points_that_go_again_are_told_at_a_later_stage_only(world: World) -> None:
    """R36: covered at T-3, not at T-1; no stage twice."""
    told = await story(world, points=6_000)
    await told.until(11, 28, 11)
    await world.get("Extra member", 1)

    await told.until(11, 30, 23)

    assert told.post() == [("Dana", "renewal_covered"), ("Dana", "renewal_short")]
    assert told.when("renewal_short") == ["30 Nov 10"]


async def test_six_weeks_of_downtime_are_told_of_once(world: World) -> None:
    """R16, R36: no announcement of renewals that are over; of two boundaries one notice."""
    told = await story(world, points=20_000)

    await told.asleep_until(12, 20)
    assert told.post() == [("Dana", "renewal")]

    await told.until(12, 28, 9)
    assert told.post() == [("Dana", "renewal")]


async def test_after_downtime_the_newest_stage_alone_is_told(world: World) -> None:
    """R36: woken at T-2, of T-7 and T-3 only T-3 is told, then T-1."""
    told = await story(world, points=1_000)

    await told.asleep_until(11, 29, 15)
    assert told.post() == [("Dana", "renewal_short")]
    await told.until(11, 30, 12)

    assert told.when("renewal_short") == ["29 Nov 15", "30 Nov 10"]
    rows = await world.sql("SELECT reminded FROM workspaces WHERE id = :w", w=world.workspace)
    assert rows == [(1,)]


async def test_nothing_is_announced_where_nothing_renews(world: World) -> None:
    """R14, R36: not for no add-ons, add-ons set to end, a manual pause."""
    idle = await Story(world).begin()
    await idle.until(11, 26)
    assert idle.post() == []

    told = await story(world, points=0)
    bot = world.addon["Extra bot"]
    await world.do(addons.set_renews, world.workspace, bot, renews=False)
    await told.until(11, 28, 11)
    await world.do(addons.set_renews, world.workspace, bot, renews=True)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True, note="")
    await told.until(11, 30, 23)

    assert told.post() == [("Dana", "paused")]


async def test_what_points_never_cover_waits_for_grace_and_then_ends(world: World) -> None:
    """R15, R36: three announcements, what waits, what has ended; the desk hears of the end in its own morning."""
    await world.at_desk(catalogue.set_grace_days, 3)
    told = await story(world, points=3_000)

    await told.until(12, 5)

    assert told.post() == [
        *[("Dana", "renewal_short")] * 3,
        ("Dana", "renewal"),
        ("Dana", "renewal"),
        ("Pat", "desk_lapsed"),
    ]
    assert told.when("renewal_short") == ["24 Nov 10", "28 Nov 10", "30 Nov 10"]
    assert told.when("renewal") == ["01 Dec 00", "04 Dec 00"]
    assert told.when("desk_lapsed", "Pat") == ["04 Dec 08"]


async def test_auto_top_up_moves_announcements_before_its_first_attempt(world: World) -> None:
    """R36: T-1 counts to the charge, a day before the renewal here; none comes after it."""
    told = await story(world, points=1_000)
    await agree(world)

    await told.until(11, 30, 23)

    assert told.when("renewal_short") == ["23 Nov 10", "27 Nov 10", "29 Nov 10"]
    charge = (await params(world, "renewal_short"))[-1]["charge"]
    assert charge == {
        "brand": "visa",
        "last4": "4242",
        "amount_minor": 4_000,
        "currency": "USD",
        "on": "2026-11-30",
    }


async def test_once_the_charge_was_due_nothing_is_announced(world: World) -> None:
    """R36: woken between the first attempt, at midnight, and the renewal a day later."""
    told = await story(world, points=1_000)
    await (await told.auto()).turn_on()
    told.gateway.next_charges = [declined("insufficient_funds")]

    await told.asleep_until(11, 30, 15)

    assert told.when("renewal_short") == []


async def test_owners_and_billing_are_told_and_viewers_are_not(world: World) -> None:
    await world.member(BILL_TELEGRAM, "Bill", Role.BILLING)
    await world.member(VERA_TELEGRAM, "Vera", Role.VIEWER)
    told = await story(world, points=0)

    await told.until(11, 24, 11)

    assert sorted(told.post()) == [("Bill", "renewal_short"), ("Dana", "renewal_short")]


async def test_who_blocked_the_bot_gets_nothing_and_the_partner_learns_of_it_once_a_day(world: World) -> None:
    """R36: the sender learns of the block from the first notice; what comes later isn't even queued."""
    told = await story(world, points=0)
    told.blocked.add(OWNER_TELEGRAM)

    await told.until(11, 28, 12)

    assert told.post() == [("Pat", "desk_unreachable"), ("Pat", "desk_unreachable")]
    assert told.when("desk_unreachable", "Pat") == ["24 Nov 10", "28 Nov 10"]
    # The first one was lost with the block; the later ones were never written.
    assert await world.sql("SELECT COUNT(*) FROM outbox WHERE status = 'blocked'") == [(1,)]
    # For the day on which she is back: nothing stale waits.
    assert await world.sql("SELECT 1 FROM outbox WHERE status IN ('due', 'sending')") == []


async def test_a_workspace_is_announced_at_ten_by_its_own_clock(world: World) -> None:
    """R36: the civil hour also where the clocks change in between (New York, 1 Nov 2026)."""
    zone = zone_named("America/New_York")
    attempt = dt.datetime(2026, 11, 3, 5, tzinfo=dt.UTC)

    at = [reminders.stage_at(zone, attempt, days) for days in reminders.STAGES]

    assert [f"{each:%d %b %H}" for each in at] == ["27 Oct 14", "31 Oct 14", "02 Nov 15"]


async def test_a_replayed_reminder_and_renewal_tell_nothing_twice(world: World) -> None:
    """The same call again, and another call for the same stage."""
    told = await story(world, points=0)
    world.turn(24, hour=10)
    call = world.call(reference="remind:again")
    for _ in range(2):
        await world.db.write(reminders.remind_due, call, world.workspace)
        await world.db.write(reminders.remind_due, world.call(), world.workspace)
    assert (await world.notices()).count("renewal_short") == 1

    world.turn(1, month=12)
    call = world.call(reference="tick:again")
    for _ in range(2):
        await told.world.db.write(reminders.remind_due, call, world.workspace)
    assert (await world.notices()).count("renewal") == 1


async def test_twenty_looks_at_once_tell_once(pg_world: World) -> None:
    world = pg_world
    told = await story(world, points=0)
    world.turn(24, hour=10)

    await twenty(world.db, lambda _: reminders.remind_all_due(world.db, told, BOT))

    assert (await world.notices()).count("renewal_short") == 1


async def test_a_day_on_which_the_look_failed_is_made_up_for(world: World) -> None:
    """A look that was taken and then lost with its process is taken again when the lease is over."""
    told = await story(world, points=0)
    world.turn(24, hour=10)
    assert await world.db.write(reminders.claim, world.now) == (1, [world.workspace])

    assert await reminders.remind_all_due(world.db, told, BOT) == 0
    world.now += dt.timedelta(minutes=6)
    assert await reminders.remind_all_due(world.db, told, BOT) == 1


@pytest.mark.parametrize("lead_hours", [100, 168])
async def test_with_a_long_lead_the_first_announcement_comes_seven_dates_before_the_charge(
    world: World, lead_hours: int
) -> None:
    """R17, R36: charged up to a week before the renewal of 1 December, so announced up to two weeks before it."""
    await world.db.write(set_partner(lead_hours=lead_hours))
    told = await story(world, points=0)
    await agree(world)
    charged = dt.datetime(2026, 12, 1, tzinfo=dt.UTC) - dt.timedelta(hours=lead_hours)

    await told.until(12, 1, 0)

    days = [f"{charged - dt.timedelta(days=days):%d %b} 10" for days in (7, 3, 1)]
    assert told.when("renewal_short") == days
