"""The partner's Stripe account sells other things too, by hand or by another bot: they are left alone (R25, R27)."""

import datetime as dt
from dataclasses import replace

from sqlalchemy import text

from billing import closing
from billing.gateway import SessionFacts
from billing.marks import mark
from billing.money import Money
from billing.orders import Choice
from billing.payments import Payments
from billing.reconciliation import reconcile
from storage.database import Tx
from tests.chat.fakes import LOST
from tests.flows.automatic import Auto
from tests.flows.conftest import BOT, World
from tests.flows.plans import LARGE, LITE, PARTNER, Shop, open_shop

OTHER_BOT = 777
CONSULTING = "price_seo_consulting"


def refunded(shop: Shop) -> list[int]:
    """What went back, in minor units."""
    return [each.amount_minor for made in shop.gateway.refunds.values() for each in made]


async def stored(world: World) -> list[str]:
    return [str(row[0]) for row in await world.sql("SELECT id FROM subscriptions ORDER BY id")]


def consulting(shop: Shop) -> str:
    """The partner sells the workspace's customer something else in Stripe's Dashboard; answers the subscription."""
    shop.gateway.sell(CONSULTING, 50_000)
    return shop.gateway.subscribe(f"cus_{PARTNER}_{shop.world.workspace}", CONSULTING)


def payments_of(world: World, auto: Auto) -> Payments:
    return Payments(world.db, {PARTNER: auto.gateway}, auto.clock, BOT, str)


async def test_something_else_sold_beside_a_plan_is_left_alone(world: World) -> None:
    shop = await open_shop(world)
    plan = await shop.running()
    other = consulting(shop)
    for kind in ("created", "updated"):
        await shop.hears(f"customer.subscription.{kind}", other)
    await shop.later()
    shop.gateway.renew(other)
    await shop.hears("customer.subscription.updated", other)
    await shop.later(days=1)

    assert shop.gateway.subscriptions[other].status == "active"
    assert (refunded(shop), await stored(world)) == ([], [plan])
    assert await shop.stands() == ("Business Lite", False, False)
    assert await shop.told() == ["started"]


async def test_something_else_sold_before_the_plan_takes_nothing_of_its_place(world: World) -> None:
    shop = await open_shop(world)
    first = await shop.subscribe("Business Large")
    other = consulting(shop)
    await shop.hears("customer.subscription.created", other)
    # What stands at Stripe is looked through before the page is made.
    view = await shop.subscribe()
    assert (first.status, view.status) == ("open", "open")
    assert view.url is not None
    shop.gateway.pay(view.url)
    for _ in range(2):
        await shop.later()

    assert await shop.stands() == ("Business Lite", False, False)
    assert refunded(shop) == []
    assert all(each.status == "active" for each in shop.gateway.subscriptions.values())
    assert other not in await stored(world)


async def test_a_closed_workspace_keeps_what_else_its_customer_bought(world: World) -> None:
    shop = await open_shop(world)
    plan = await shop.running()
    await world.do(closing.close, world.workspace)
    other = consulting(shop)
    await shop.hears("customer.subscription.created", other)
    for _ in range(2):
        await shop.later()

    assert shop.gateway.subscriptions[other].status == "active"
    assert not shop.gateway.subscriptions[other].cancels_at_end
    assert shop.gateway.subscriptions[plan].cancels_at_end
    assert refunded(shop) == []


async def test_a_plan_that_the_partner_sells_by_hand_is_the_workspaces(world: World) -> None:
    """By its price, today's or an earlier one."""
    shop = await open_shop(world)
    await shop.subscribe()
    sold = shop.gateway.subscribe(f"cus_{PARTNER}_{world.workspace}", LARGE)
    await shop.hears("customer.subscription.created", sold)

    assert await shop.stands() == ("Business Large", False, False)


async def test_a_page_made_before_marks_named_the_bot_still_starts_its_plan(world: World) -> None:
    shop = await open_shop(world)
    view = await shop.subscribe()
    shop.gateway.sell("price_moved", 4_900)
    bought = shop.gateway.subscribe(
        "cus_other",
        "price_moved",
        {"checkout": str(view.id), "partner": "1", "workspace": str(world.workspace)},
    )
    await shop.hears("customer.subscription.created", bought)

    assert await stored(world) == [bought]
    assert (await shop.flow.look(world.owner, view.id)).status == "done"


async def test_another_bots_plan_on_the_same_account_is_left_alone(world: World) -> None:
    """Its partner and workspace have the same numbers as ours."""
    shop = await open_shop(world)
    plan = await shop.running()
    shop.gateway.sell("price_of_bot_b", 9_900)
    for price in ("price_of_bot_b", LITE):
        for theirs in (mark(OTHER_BOT, PARTNER, world.workspace), mark(BOT, 2, world.workspace)):
            other = shop.gateway.subscribe("cus_b", price, {"checkout": "5", **theirs, "plan": "1"})
            await shop.hears("customer.subscription.created", other)
    for _ in range(2):
        await shop.later()

    assert all(each.status == "active" for each in shop.gateway.subscriptions.values())
    assert (refunded(shop), await stored(world)) == ([], [plan])


async def test_another_bots_points_are_credited_by_nobody_here(world: World) -> None:
    """Whoever brings the news: a webhook of the payment or of the page, or reconciling."""
    auto = await Auto.over(world)
    for number, theirs in enumerate(
        (
            mark(OTHER_BOT, PARTNER, world.workspace),
            mark(BOT, 2, world.workspace),
            # Made before marks named the bot, and no row is held for it.
            {"partner": "1", "workspace": str(world.workspace)},
        )
    ):
        metadata = {"order": str(500 + number), **theirs, "points": "5000", "bonus": "500"}
        price, payment = Money(4_000, "USD"), f"pi_b_{number}"
        auto.gateway._paid(price, "cus_b", None, metadata, payment_intent=payment)
        await auto.hear("payment_intent.succeeded", payment)
        on_page = auto.gateway._paid(price, "cus_b", None, metadata, payment_intent=f"{payment}_page")
        page = SessionFacts(
            f"cs_b_{number}", None, "complete", "paid", price, live=True, created=world.now,
            payment_intent=on_page.id, payment_state="succeeded", metadata=metadata,
        )  # fmt: skip
        auto.gateway.pages[page.id] = page
        await auto.checkout.page(PARTNER, page)
    auto.later(hours=1)

    found = await reconcile(payments_of(world, auto), PARTNER, auto.clock.now() - dt.timedelta(days=1))

    assert (found.payments, found.credited, found.automatic, found.foreign) == (6, 0, 0, 6)
    assert await world.balance() == 0
    assert await world.sql("SELECT count(*) FROM orders") == [(0,)]


async def test_what_was_paid_here_is_rebuilt_from_what_stripe_holds(world: World) -> None:
    """R27: after a restored backup, points and the plan come back from their metadata."""
    auto, shop = await Auto.over(world), await open_shop(world)
    shop.gateway.clock = auto.clock
    order = await auto.checkout.open(
        world.call(world.owner), PARTNER, world.workspace, Choice(auto.pack), language="en",
        title=lambda name, points, bonus: name,
    )  # fmt: skip
    plan = await shop.subscribe()
    assert order.url is not None
    assert plan.url is not None
    auto.gateway.pay(order.url)
    shop.gateway.pay(plan.url)
    await world.db.write(forget)
    auto.later(hours=1)
    since = auto.clock.now() - dt.timedelta(days=1)

    for gateway in (auto.gateway, shop.gateway):
        payments = Payments(world.db, {PARTNER: gateway}, auto.clock, BOT, str)
        for _ in range(2):
            await reconcile(payments, PARTNER, since)

    assert await world.balance() == 5_500
    assert await shop.stands() == ("Business Lite", False, False)
    assert await world.sql("SELECT count(*) FROM subscriptions WHERE running") == [(1,)]


def forget(tx: Tx) -> None:
    """The backup knows neither the orders nor who the customers are."""
    for table in ("orders", "plan_checkouts", "stripe_customers"):
        tx.session.execute(text(f"DELETE FROM {table}"))


async def test_a_charge_made_before_marks_named_the_bot_is_settled_by_its_row(world: World) -> None:
    auto = await Auto.over(world)
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await auto.turn_on()
    auto.gateway.next_charges = [LOST]
    auto.turn(30, hour=0, minute=30)
    await auto.tick()
    (payment,) = auto.payments
    without = {name: value for name, value in payment.metadata.items() if name != "bot"}
    auto.gateway.payments[payment.id] = replace(payment, metadata=without)

    await auto.hear("payment_intent.succeeded", payment.id)

    assert [status for status, _, _ in await auto.orders()] == ["paid"]
