"""A restored backup charges and sends nothing until what happened since was fetched (DESIGN 5.6, R17, R25, R27)."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from billing import restored, workspaces
from billing.automatic.charging import AutomaticTopUps
from billing.checkout import Checkout
from billing.errors import BooksBehindError, SubscriptionRunsError
from billing.marks import mark
from billing.money import Money
from billing.orders import Choice
from billing.payments import Payments
from billing.plans.subscriptions import Subscriptions
from billing.reconciliation import Reconciled, reconcile
from storage import catalogue as partners
from storage import outbox
from storage.database import Database, Tx
from storage.models import Base
from tests.chat.fakes import FakeGateway
from tests.flows.automatic import PARTNER, Auto
from tests.flows.conftest import BOT, World
from tests.flows.plans import LITE, Shop, open_shop
from tests.flows.till import open_till

Backup = dict[str, list[dict[str, Any]]]
DAY = dt.timedelta(days=1)


def read_all(tx: Tx) -> Backup:
    """Every row of every table."""
    return {
        table.name: [dict(row._mapping) for row in tx.conn.execute(table.select())]
        for table in Base.metadata.sorted_tables
    }


def write_all(tx: Tx, backup: Backup) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        tx.conn.execute(table.delete())
    for table in Base.metadata.sorted_tables:
        if rows := backup[table.name]:
            tx.conn.execute(table.insert(), rows)


async def back_up(world: World) -> Backup:
    return await world.db.read(read_all)


async def restore(world: World, backup: Backup) -> None:
    await world.db.write(write_all, backup)


async def started(auto: Auto) -> Auto:
    """Another process begins to work on the same database and Stripe."""
    payments = payments_of(auto.world.db, auto.gateway, auto)
    return replace(auto, flows=AutomaticTopUps(payments), checkout=Checkout(payments))


def payments_of(db: Database, gateway: FakeGateway, clock: Any) -> Payments:
    return Payments(db, {PARTNER: gateway}, getattr(clock, "clock", clock), BOT, str)


async def catches_up(world: World, gateway: FakeGateway, days: int = 7) -> Reconciled:
    """`addondesk reconcile`, a process of its own, a minute later."""
    gateway.clock.turn(minutes=1)
    return await reconcile(
        payments_of(world.db, gateway, gateway.clock), PARTNER, gateway.clock.at - days * DAY
    )


async def is_behind(world: World) -> bool:
    return await world.db.read(restored.behind_since, PARTNER) is not None


def succeeded(auto: Auto) -> int:
    return sum(payment.succeeded for payment in auto.payments)


async def about_to_charge(world: World) -> tuple[Auto, Backup]:
    """A renewal that the points don't cover is two minutes from being charged; a backup is taken."""
    auto = await Auto.over(world)
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await auto.turn_on()
    auto.turn(29, hour=23, minute=59)
    await restored.look(payments_of(world.db, auto.gateway, auto), PARTNER)
    return auto, await back_up(world)


async def test_a_card_is_not_charged_again_and_reconciling_credits_what_was(world: World) -> None:
    auto, backup = await about_to_charge(world)
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)
    assert (succeeded(auto), await world.balance()) == (1, 5_500)

    await restore(world, backup)
    auto = await started(auto)
    await auto.tick(3)
    assert (succeeded(auto), await is_behind(world)) == (1, True)
    with pytest.raises(BooksBehindError):
        await auto.flows.charge_now(world.call(world.owner), world.workspace)

    found = await catches_up(world, auto.gateway)
    assert (found.automatic, found.lost, await is_behind(world)) == (1, (), False)
    await auto.tick(3)
    assert (succeeded(auto), await world.balance()) == (1, 5_500)
    amounts = await world.amounts()
    assert not (await catches_up(world, auto.gateway)).found_any
    assert await world.amounts() == amounts


async def test_a_process_that_runs_goes_on_once_another_has_reconciled(world: World) -> None:
    """A charge that is due after it is made, without a restart."""
    auto, backup = await about_to_charge(world)
    view = await auto.checkout.open(
        world.call(world.owner), PARTNER, world.workspace, Choice(auto.small), language="en",
        title=lambda name, points, bonus: name,
    )  # fmt: skip
    assert view.url is not None
    auto.gateway.pay(view.url)
    await restore(world, backup)
    auto = await started(auto)
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)
    assert succeeded(auto) == 1

    assert (await catches_up(world, auto.gateway)).credited == 1
    await auto.tick(8)
    # 10 points of the page don't cover 30: the charge comes now, once.
    assert (succeeded(auto), await world.balance()) == (2, 6_500)


async def test_charging_waits_for_stripe_and_sending_does_not(world: World) -> None:
    auto, _ = await about_to_charge(world)
    auto = await started(auto)
    auto.gateway.down = True
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)
    assert await auto.orders() == []
    assert await world.db.read(outbox.has_due, BOT, world.now)

    auto.gateway.down = False
    await auto.tick(8)
    assert succeeded(auto) == 1


async def test_nothing_is_sent_until_it_has_caught_up(world: World) -> None:
    auto, backup = await about_to_charge(world)
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)
    await restore(world, backup)
    await restored.look(payments_of(world.db, auto.gateway, auto), PARTNER)

    assert not await world.db.read(outbox.has_due, BOT, world.now)
    assert await world.db.write(outbox.claim_due, BOT, world.now, 50) == []

    await catches_up(world, auto.gateway)
    assert await world.db.write(outbox.claim_due, BOT, world.now, 50) != []


async def test_a_database_that_knows_everything_is_not_held_back(world: World) -> None:
    """Also beside what another bot, or the partner, sells on the same account."""
    auto, _ = await about_to_charge(world)
    auto.gateway._paid(
        Money(500, "USD"), "cus_b", None, {"order": "5", **mark(777, PARTNER, 1), "points": "5"}
    )
    auto.gateway._paid(Money(500, "USD"), "cus_c", None, {"order": "cart-17"})
    auto = await started(auto)
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)

    assert (succeeded(auto), await is_behind(world)) == (3, False)


async def test_it_is_asked_once_a_process_and_then_only_for_what_is_new(world: World) -> None:
    auto, _ = await about_to_charge(world)
    auto = await started(auto)
    before = auto.gateway.looks
    auto.turn(30, minute=30, hour=0)
    await auto.tick(5)

    assert auto.gateway.looks == before + 1


async def test_a_lost_workspaces_number_is_not_given_to_another(world: World) -> None:
    """What was paid for it must not be credited to whoever comes next; the operator learns of it."""
    auto, backup = await about_to_charge(world)
    later = await world.at_desk(workspaces.create, "Bolt", 1, "UTC", None)
    metadata = {"order": "77", **mark(BOT, PARTNER, later.id), "points": "5000", "bonus": "0"}
    auto.gateway._paid(Money(4_000, "USD"), "cus_bolt", None, metadata)
    await restore(world, backup)
    await restored.look(payments_of(world.db, auto.gateway, auto), PARTNER)

    another = await world.at_desk(workspaces.create, "Crane", 1, "UTC", None)
    found = await catches_up(world, auto.gateway)

    assert another.id > later.id
    assert (found.lost, found.foreign, found.credited) == ((later.id,), 1, 0)
    assert await world.sql("SELECT balance FROM wallets WHERE workspace_id = :w", w=another.id) == [(0,)]
    assert not await is_behind(world)
    auto.later(minutes=1)
    assert not await restored.look(payments_of(world.db, auto.gateway, auto), PARTNER)


async def test_it_looks_back_as_far_as_the_backup_whatever_days_are_typed(world: World) -> None:
    auto, backup = await about_to_charge(world)
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)
    await restore(world, backup)
    auto.turn(25, month=12)

    assert (await catches_up(world, auto.gateway, days=1)).automatic == 1


async def test_a_look_that_breaks_off_leaves_it_behind(world: World) -> None:
    auto, backup = await about_to_charge(world)
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)
    await restore(world, backup)
    auto.gateway.refunds["pi_unreadable"] = []
    auto.gateway._reversed.append((world.now, "pi_unreadable"))

    with pytest.raises(Exception, match="resource_missing"):
        await catches_up(world, auto.gateway)
    assert await is_behind(world)


async def test_card_customer_and_open_page_come_back(world: World) -> None:
    """As if the backup had been taken before the customer paid for the first time."""
    auto = await Auto.over(world)
    await restored.look(payments_of(world.db, auto.gateway, auto), PARTNER)
    await auto.agree()
    backup = await back_up(world)
    await auto.save_card("4444")
    page = await auto.checkout.open(
        world.call(world.owner), PARTNER, world.workspace, Choice(auto.pack), language="en",
        title=lambda name, points, bonus: name,
    )  # fmt: skip
    auto.later(minutes=5)
    await restore(world, backup)

    found = await catches_up(world, auto.gateway)
    assert (found.customers, found.cards, found.pages) == (1, 1, 1)
    assert not (await catches_up(world, auto.gateway)).found_any

    screen = await auto.screen()
    assert (screen.state, screen.card and screen.card.last4) == ("on", "4444")
    assert await world.sql("SELECT customer FROM stripe_customers") == [(f"cus_{PARTNER}_{world.workspace}",)]
    assert page.url is not None
    auto.gateway.pay(page.url)
    auto.later(minutes=2)
    await auto.checkout.poll()
    assert await world.balance() == 5_500


async def test_a_card_that_was_saved_with_a_payment_comes_back(world: World) -> None:
    auto = await Auto.over(world)
    await restored.look(payments_of(world.db, auto.gateway, auto), PARTNER)
    await auto.agree()
    backup = await back_up(world)
    view = await auto.checkout.open(
        world.call(world.owner), PARTNER, world.workspace, Choice(auto.pack, save_card=True), language="en",
        title=lambda name, points, bonus: name,
    )  # fmt: skip
    assert view.url is not None
    auto.gateway.pay(view.url, "4444")
    await restore(world, backup)

    await catches_up(world, auto.gateway)
    auto.later(minutes=2)
    await (await started(auto)).flows.run_due()

    card = (await auto.screen()).card
    assert card is not None
    assert card.last4 == "4444"


async def standing(shop: Shop) -> list[str]:
    return [each.id for each in shop.gateway.subscriptions.values() if each.status == "active"]


async def plans_process(shop: Shop) -> Shop:
    payments = replace(shop.payments, looked=set())
    return replace(shop, payments=payments, flow=Subscriptions(payments))


async def test_a_plan_comes_back_and_is_not_bought_twice(world: World) -> None:
    """R25: neither before reconciling nor after it; its payments are in the history again."""
    shop = await open_shop(world)
    await restored.look(shop.payments, PARTNER)
    backup = await back_up(world)
    bought = await shop.running()
    await restore(world, backup)
    shop = await plans_process(shop)

    with pytest.raises(BooksBehindError):
        await shop.subscribe()
    found = await catches_up(world, shop.gateway)

    assert (found.plans, await shop.stands()) == (1, ("Business Lite", False, False))
    with pytest.raises(SubscriptionRunsError):
        await shop.subscribe("Business Large")
    await shop.later()
    assert await standing(shop) == [bought]
    assert shop.gateway.refunds == {}
    assert len(await world.sql("SELECT 1 FROM orders WHERE subscription = :s", s=bought)) == 1
    assert not (await catches_up(world, shop.gateway)).found_any


async def test_a_plan_that_ended_or_changed_since_is_as_stripe_says(world: World) -> None:
    shop = await open_shop(world)
    subscription = await shop.running()
    await restored.look(shop.payments, PARTNER)
    backup = await back_up(world)
    for change in ("price_large", None):
        await restore(world, backup)
        if change is not None:
            shop.gateway.move_price(subscription, change)
        else:
            shop.gateway.give_up(subscription, "canceled")
        shop.gateway.clock.turn(hours=2)
        await catches_up(world, shop.gateway)
        expected = "Business Large" if change else None
        assert (await shop.stands())[0] == expected


async def test_an_open_page_of_a_plan_that_nobody_knows_is_closed(world: World) -> None:
    shop = await open_shop(world)
    await restored.look(shop.payments, PARTNER)
    backup = await back_up(world)
    view = await shop.subscribe()
    assert view.url is not None
    await restore(world, backup)

    await catches_up(world, shop.gateway)

    assert [page.status for page in shop.gateway.pages.values()] == ["expired"]
    shop = await plans_process(shop)
    again = await shop.subscribe()
    assert again.url is not None
    shop.gateway.pay(again.url)
    await shop.later(minutes=2)
    assert len(await standing(shop)) == 1


async def test_a_refund_and_a_dispute_since_are_taken_back(world: World) -> None:
    auto, backup = await about_to_charge(world)
    auto.turn(30, minute=30, hour=0)
    await auto.tick(3)
    (charged,) = auto.payments
    auto.gateway.give_back(charged.id, 2_000)
    await restore(world, backup)

    found = await catches_up(world, auto.gateway)

    assert (found.automatic, found.reversed, await world.balance()) == (1, 1, 2_750)


async def test_no_plan_is_changed_or_ended_and_no_refund_sent_meanwhile(world: World) -> None:
    """What an owner wished for is carried out afterwards."""
    shop, till = await open_shop(world), open_till(world)
    subscription = await shop.running()
    large = shop.plan["Business Large"]
    quote = await shop.flow.quote(world.owner, world.workspace, large)
    order_id, _ = await till.paid_order()
    await world.db.write(set_behind, world.now)

    with pytest.raises(BooksBehindError):
        await shop.flow.change(
            world.call(world.owner),
            world.workspace,
            large,
            quoted_minor=quote.due_now.amount_minor,
            as_of=quote.as_of,
        )
    assert not await shop.flow.end_with_period(world.call(world.owner), world.workspace)
    with pytest.raises(BooksBehindError):
        await till.refunds.refund(world.call(world.partner_person), order_id, 1_000, 4_000)
    await shop.later()
    now = shop.gateway.subscriptions[subscription]
    assert (now.price, now.cancels_at_end, shop.gateway.changes_asked) == (LITE, False, 0)
    assert till.gateway.refunds == {}

    await world.db.write(set_behind, None)
    await shop.later()
    assert shop.gateway.subscriptions[subscription].cancels_at_end


def set_behind(tx: Tx, at: dt.datetime | None) -> None:
    partners.lock_partner(tx, PARTNER).behind_since = at
