"""Twenty callers at once on what goes to and comes from outside: payments, reports, notices. On PostgreSQL."""

import asyncio
import datetime as dt
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from billing import adjust, customers, delivery, orders, pausing, usage
from billing.orders import Choice
from storage import outbox
from storage.database import Tx
from storage.models import OrderStatus
from tests.flows.checks import CALLERS, assert_books_balance, twenty
from tests.flows.conftest import BOT, World, connect_stripe
from tests.flows.test_orders import TERMS, order, pack_ids, paid


async def test_one_tap_places_one_order(pg_world: World) -> None:
    world = pg_world
    choice = Choice((await pack_ids(world))[0])
    tap = world.call(world.owner, "tap:pay")

    placed = await twenty(
        world.db, lambda n: world.db.write(orders.place, tap, world.workspace, choice, TERMS, 200, 7)
    )

    assert len({each.view.id for each in placed}) == 1
    assert await world.sql("SELECT count(*) FROM orders") == [(1,)]


async def test_twenty_different_choices_leave_one_order_open(pg_world: World) -> None:
    """R28: the others are superseded, each once."""
    world = pg_world

    placed = await twenty(
        world.db,
        lambda n: world.do(orders.place, world.workspace, Choice(None, (n + 1) * 100, "USD"), TERMS, 200, 7),
    )

    assert await world.sql("SELECT status, count(*) FROM orders GROUP BY status ORDER BY status") == [
        ("cancelled", 19),
        ("open", 1),
    ]
    assert sum(len(each.superseded) for each in placed) == 19


async def test_a_payment_brought_by_twenty_at_once_is_credited_once(pg_world: World) -> None:
    """R27."""
    world = pg_world
    _, facts = await order(world)

    ends = await twenty(world.db, lambda _: world.db.write(orders.settle, world.call(), 1, paid(facts)))

    assert ends == [OrderStatus.PAID] * CALLERS
    assert await world.amounts() == [5_000, 500]
    assert (await world.notices()).count("order") == 1
    await assert_books_balance(world)


async def test_a_payment_of_a_lost_order_brought_by_twenty_is_credited_once(pg_world: World) -> None:
    """R27: rebuilt from what the gateway holds, by whoever comes first."""
    world = pg_world
    _, facts = await order(world)
    lost = replace(
        paid(facts), id="cs_lost", payment_intent="pi_lost", metadata={**facts.metadata, "order": "77"}
    )

    ends = await twenty(world.db, lambda _: world.db.write(orders.settle, world.call(), 1, lost))

    assert ends == [OrderStatus.PAID] * CALLERS
    assert await world.amounts() == [5_000, 500]


async def test_a_payment_and_a_cancellation_at_once_end_paid(pg_world: World) -> None:
    """R28: nobody pays and gets nothing."""
    world = pg_world
    placed, facts = await order(world)

    await twenty(
        world.db,
        lambda n: (
            world.do(orders.cancel, placed.view.id)
            if n % 2
            else world.db.write(orders.settle, world.call(), 1, paid(facts))
        ),
    )

    assert await world.sql("SELECT status FROM orders") == [("paid",)]
    assert await world.balance() == 5_500


async def test_a_payment_and_taking_points_back_at_once_keep_the_books(pg_world: World) -> None:
    world = pg_world
    _, facts = await order(world)
    await world.give(1_000)

    await twenty(
        world.db,
        lambda n: (
            world.at_desk(adjust.adjust, world.workspace, -100, "fee")
            if n % 2
            else world.db.write(orders.settle, world.call(), 1, paid(facts))
        ),
    )

    assert await world.balance() == 5_500
    await assert_books_balance(world)


async def test_a_customer_of_the_gateway_is_kept_once(pg_world: World) -> None:
    world = pg_world

    await twenty(
        world.db, lambda n: world.db.write(customers.keep_customer, 1, world.workspace, True, f"cus_{n}")
    )

    assert await world.sql("SELECT count(*) FROM stripe_customers") == [(1,)]


async def test_the_newest_of_twenty_usage_reports_stands(pg_world: World) -> None:
    """R20: reports count by their own time, in whatever order they arrive."""
    world = pg_world

    await twenty(
        world.db,
        lambda n: world.db.write(
            usage.report_usage,
            world.call(),
            world.workspace,
            {"bots": n % 2 + 1, "members": n},
            world.now - dt.timedelta(minutes=20 - n),
        ),
    )

    assert await world.sql("SELECT limit_code, used FROM usage ORDER BY limit_code") == [
        ("bots", 2),
        ("members", 19),
    ]
    assert await world.sql("SELECT paused_limit FROM workspaces") == [(True,)]


async def test_pausing_and_resuming_at_once_tell_as_many_ends_as_beginnings(pg_world: World) -> None:
    """R21."""
    world = pg_world

    await twenty(
        world.db,
        lambda n: world.at_desk(pausing.set_manual_pause, world.workspace, paused=n % 2 == 0, note="why"),
    )

    ((paused, note),) = await world.sql("SELECT paused_manual, pause_note FROM workspaces")
    notices = await world.notices()
    assert notices.count("paused") - notices.count("resumed") == int(paused)
    assert note == ("why" if paused else "")


async def test_a_notice_written_by_twenty_is_written_once(pg_world: World) -> None:
    world = pg_world

    def put(tx: Tx) -> None:
        outbox.put(tx, BOT, 77, 1, 200, world.owner, "hello", {}, world.now, world.now)

    await twenty(world.db, lambda _: world.db.write(put))

    assert (await world.notices()).count("hello") == 1


async def test_a_delivery_claimed_by_twenty_is_claimed_once(pg_world: World) -> None:
    """R35."""
    world = pg_world
    await _with_host(world)

    claimed = await twenty(world.db, lambda _: world.db.write(delivery.claim, world.now))

    assert sorted(map(len, claimed)) == [0] * 19 + [1]


@pytest.mark.parametrize(
    ("rival", "use_case"),
    [
        ("UPDATE deliveries SET version = version + 1, confirmed_at = NULL", "confirm"),
        ("UPDATE deliveries SET confirmed_at = asked_at", "change"),
    ],
)
async def test_a_confirmation_never_covers_a_newer_version(
    pg_world: World, pg_world_copy: tuple[str, World], rival: str, use_case: str
) -> None:
    """R35: a change and the confirmation of what came before it, each held up by the other's transaction."""
    world = pg_world
    await _with_host(world)
    (claimed,) = await world.db.write(delivery.claim, world.now)
    address = make_url(pg_world_copy[0]).set(drivername="postgresql").render_as_string(hide_password=False)
    other = await asyncpg.connect(address)
    try:
        async with asyncio.TaskGroup() as tasks, other.transaction():
            await other.execute(rival)
            if use_case == "confirm":
                tasks.create_task(world.db.write(delivery.confirm, claimed, world.now))
            else:
                run_again = world.at_desk(pausing.set_manual_pause, world.workspace, paused=False)
                tasks.create_task(run_again)
            await asyncio.sleep(0.3)
    finally:
        await other.close()

    assert await world.sql("SELECT version, confirmed_at FROM deliveries") == [
        (claimed.entitlements.version + 1, None)
    ]


async def _with_host(world: World) -> None:
    """A partner with a host platform, and something to tell it."""

    def connect(tx: Tx) -> None:
        connect_stripe(tx, 1)
        from storage import catalogue as rows

        rows.lock_partner(tx, 1).host = "generic"

    await world.db.write(connect)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True)
