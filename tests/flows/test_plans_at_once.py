"""Twenty at once on PostgreSQL: subscribing, news, changes, edits that cross a move (R25)."""

import asyncio

from sqlalchemy import text

from billing import usage
from billing.call import Call
from billing.marks import mark
from billing.plans import changing, granting
from billing.plans.settling import settle_subscription
from storage.transaction import Tx
from tests.flows.checks import accepted, twenty
from tests.flows.conftest import BOT, World
from tests.flows.plans import LARGE, PARTNER, open_shop


async def test_twenty_who_subscribe_at_once_share_one_page(pg_world: World) -> None:
    shop = await open_shop(pg_world)
    views = await twenty(pg_world.db, lambda _: shop.subscribe())
    assert len({view.id for view in accepted(views)}) == 1
    assert len(shop.gateway.pages) == 1


async def test_of_twenty_subscriptions_told_at_once_one_stands(pg_world: World) -> None:
    world = pg_world
    shop = await open_shop(world)
    metadata = mark(BOT, PARTNER, world.workspace)
    bought = [shop.gateway.subscribe("cus_1_1", LARGE, metadata) for _ in range(20)]
    await twenty(world.db, lambda n: shop.hears("customer.subscription.created", bought[n]))
    for _ in range(2):
        await shop.later()
    running = [each for each in shop.gateway.subscriptions.values() if each.status == "active"]
    assert len(running) == 1
    assert sum(each.amount_minor for made in shop.gateway.refunds.values() for each in made) == 19 * 9_900
    assert await world.sql("SELECT id FROM subscriptions WHERE running") == [(running[0].id,)]
    assert (await shop.told()).count("duplicate") == 19


async def test_one_news_from_twenty_is_told_once(pg_world: World) -> None:
    world = pg_world
    shop = await open_shop(world)
    facts = shop.gateway.subscriptions[
        shop.gateway.subscribe("cus_1_1", LARGE, mark(BOT, PARTNER, world.workspace))
    ]

    def settle(number: int) -> object:
        call = Call(world.now, f"look:{number}", BOT)
        return world.db.write(settle_subscription, call, PARTNER, facts)

    await twenty(world.db, settle)  # type: ignore[arg-type]  # awaitables all the same
    assert await shop.told() == ["started"]
    assert await shop.stands() == ("Business Large", False, False)


async def test_twenty_confirmations_change_once(pg_world: World) -> None:
    world = pg_world
    shop = await open_shop(world)
    await shop.running()
    shown = await shop.flow.quote(world.owner, world.workspace, shop.plan["Business Large"])
    await twenty(
        world.db,
        lambda _: shop.flow.change(
            world.call(world.owner),
            world.workspace,
            shop.plan["Business Large"],
            quoted_minor=shown.due_now.amount_minor,
            as_of=shown.as_of,
        ),
    )
    assert len(shop.gateway.payments) == 2, "the first month and one change"
    assert await shop.stands() == ("Business Large", False, False)


async def test_an_edit_and_a_move_that_cross_leave_no_stale_reason(pg_world: World) -> None:
    """The workspace lands on the plan with its new allowance, whichever of the two was first."""
    world = pg_world
    shop = await open_shop(world)
    plans = [shop.plan["Business Large"], shop.plan["Business Lite"]]
    await world.do(usage.report_usage, world.workspace, {"bot_users": 900}, world.now)

    async def move(number: int) -> None:
        await world.at_desk(changing.set_plan, world.workspace, plans[number % 2], over=True)

    async def edit(number: int) -> None:
        await world.at_desk(granting.set_allowance, plans[number % 2], "bot_users", 500 + 50 * number)

    for _ in range(3):
        await twenty(world.db, lambda n: move(n) if n % 3 else edit(n))
        await asyncio.sleep(0)
        ((allowed, over),) = await world.sql(
            "SELECT a.value, w.paused_limit FROM workspaces w JOIN plan_allowances a"
            " ON a.plan_id = w.plan_id AND a.limit_code = 'bot_users' WHERE w.id = :w",
            w=world.workspace,
        )
        assert over == (allowed < 900)


async def test_a_move_onto_a_plan_that_is_being_edited_waits_for_the_edit(pg_world: World) -> None:
    world = pg_world
    shop = await open_shop(world)
    await world.do(usage.report_usage, world.workspace, {"bot_users": 900}, world.now)
    lite = shop.plan["Business Lite"]

    def slow_edit(tx: Tx, call: Call) -> None:
        granting.set_allowance(tx, call, lite, "bot_users", 500)
        tx.conn.execute(text("SELECT pg_sleep(0.5)"))

    async def move() -> None:
        await asyncio.sleep(0.2)
        await world.at_desk(changing.set_plan, world.workspace, lite, over=True)

    await asyncio.gather(world.at_desk(slow_edit), move())
    assert await shop.stands() == ("Business Lite", False, True)
