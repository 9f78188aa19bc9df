"""Payments of plans (R29, R30): kept once whoever brings the news, refunded like any other, no points involved."""

import datetime as dt

import pytest
from sqlalchemy import text

from billing import paid, people, refund_requests, refunding
from billing.access import DeskRole, Role
from billing.errors import NotAllowedError, NotRefundableError, RefundChangedError, StrangerError
from billing.gateway import GatewayUnknownError
from billing.paid import PaidRow
from billing.reconciliation import Reconciled, reconcile
from billing.refunds import Refunds
from storage.transaction import Tx
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import World
from tests.flows.plans import LARGE, PARTNER, Shop, open_shop


@pytest.fixture
async def shop(world: World) -> Shop:
    return await open_shop(world)


def refunds_of(shop: Shop) -> Refunds:
    return Refunds(shop.flow._payments)


async def rows(shop: Shop) -> tuple[PaidRow, ...]:
    """As the owner sees them, newest first."""
    page = await shop.world.db.read(paid.page, shop.world.owner, shop.world.workspace, 0)
    return page.rows


async def bought(shop: Shop) -> list[tuple[str | None, int]]:
    return [(row.plan, row.paid.amount_minor) for row in await rows(shop)]


async def forget(shop: Shop, *statements: str) -> None:
    """As if the books had never known."""

    def run(tx: Tx) -> None:
        for statement in statements:
            tx.conn.execute(text(statement))

    await shop.world.db.write(run)


async def refund(shop: Shop, order_id: int, amount: int, left: int) -> refunding.RefundOrder:
    """As the confirming button does."""
    call = shop.world.call(shop.world.partner_person)
    return await refunds_of(shop).refund(call, order_id, amount, left)


async def test_every_payment_of_a_plan_is_kept_with_its_plan_and_receipt(shop: Shop) -> None:
    subscription = await shop.running()
    (first,) = await rows(shop)
    assert (first.plan, first.paid.amount_minor, first.points) == ("Business Lite", 4_900, 0)
    assert first.receipt_url == "https://invoices.example/" + _invoice(shop, subscription)
    assert first.paid_at == shop.gateway.invoices[subscription][0].paid_at

    await shop.later(days=10)
    quote = await shop.flow.quote(shop.world.owner, shop.world.workspace, shop.plan["Business Large"])
    await shop.flow.change(
        shop.world.call(shop.world.owner),
        shop.world.workspace,
        shop.plan["Business Large"],
        quoted_minor=quote.due_now.amount_minor,
        as_of=quote.as_of,
    )
    await shop.later(days=20)
    shop.gateway.renew(subscription)
    await shop.later(days=1)

    assert await bought(shop) == [
        ("Business Large", 9_900),
        ("Business Large", quote.due_now.amount_minor),
        ("Business Lite", 4_900),
    ]
    assert await shop.world.balance() == 0
    await assert_books_balance(shop.world)


def _invoice(shop: Shop, subscription: str) -> str:
    return shop.gateway.invoices[subscription][0].invoice


async def test_however_often_the_news_comes_a_payment_is_kept_once(shop: Shop) -> None:
    subscription = await shop.running()
    for _ in range(3):
        await shop.hears("customer.subscription.updated", subscription)
        await shop.later()
    assert await bought(shop) == [("Business Lite", 4_900)]
    shop.gateway.renew(subscription)
    await shop.hears("customer.subscription.updated", subscription)
    assert await bought(shop) == [("Business Lite", 4_900)] * 2


async def test_twenty_news_at_once_keep_a_payment_once(pg_world: World) -> None:
    shop = await open_shop(pg_world)
    subscription = await shop.running()
    shop.gateway.renew(subscription)
    await twenty(pg_world.db, lambda _: shop.hears("customer.subscription.updated", subscription))
    assert await bought(shop) == [("Business Lite", 4_900)] * 2


async def test_an_outage_while_payments_are_fetched_is_made_good_at_the_next_look(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_subscription: str) -> list[object]:
        raise GatewayUnknownError("timeout")

    with monkeypatch.context() as broken:
        broken.setattr(type(shop.gateway), "invoice_payments", lambda _self, which: down(which))
        subscription = await shop.running()
        assert await rows(shop) == ()
        assert await shop.stands() == ("Business Lite", False, False), "the plan doesn't wait for it"
        shop.gateway.give_up(subscription, "canceled")
        await shop.hears("customer.subscription.deleted", subscription)

    await shop.later(minutes=20)

    assert await bought(shop) == [("Business Lite", 4_900)]
    await shop.later(minutes=20)
    assert await shop.world.sql("SELECT next_look_at FROM subscriptions") == [(None,)]


async def test_months_without_a_look_lose_no_payment(shop: Shop) -> None:
    """What a subscription paid before its payments were kept, or while the bot was down."""
    subscription = await shop.running()
    await forget(shop, "DELETE FROM orders", "UPDATE subscriptions SET payments_until = NULL")
    for _ in range(3):
        shop.gateway.renew(subscription)
        shop.gateway.clock.turn(days=30)

    await shop.later(minutes=1)

    assert await bought(shop) == [("Business Lite", 4_900)] * 4


async def test_a_part_is_refunded_and_the_plan_and_the_points_stay(shop: Shop) -> None:
    await shop.running()
    await shop.world.give(1_000)
    (payment,) = await rows(shop)
    world, order_id = shop.world, payment.order_id

    offer = await refunds_of(shop).offer(world.call(world.partner_person), order_id)
    assert (offer.plan, offer.left.amount_minor, offer.takes) == ("Business Lite", 4_900, 0)
    done = await refund(shop, order_id, 1_900, 4_900)

    assert done.status == "succeeded"
    assert await world.balance() == 1_000
    assert await shop.stands() == ("Business Lite", False, False)
    assert [row.gone.amount_minor for row in await rows(shop)] == [1_900]
    with pytest.raises(RefundChangedError):
        await refund(shop, order_id, 1_900, 4_900)
    assert (await refund(shop, order_id, 3_000, 3_000)).status == "succeeded"
    with pytest.raises(NotRefundableError, match="nothing"):
        await refund(shop, order_id, 1, 0)
    assert sum(each.amount_minor for made in shop.gateway.refunds.values() for each in made) == 4_900
    assert (await world.notices()).count("reversal") == 2
    await assert_books_balance(world)


async def test_a_lost_answer_is_repeated_and_refunds_once(shop: Shop) -> None:
    await shop.running()
    (payment,) = await rows(shop)
    shop.gateway.lost_answers = 1
    assert (await refund(shop, payment.order_id, 4_900, 4_900)).status == "asked"

    shop.gateway.clock.turn(minutes=2)
    shop.world.now = shop.gateway.clock.at
    await refunds_of(shop).poll()

    assert [each.amount_minor for made in shop.gateway.refunds.values() for each in made] == [4_900]
    assert [row.gone.amount_minor for row in await rows(shop)] == [4_900]


async def test_twenty_taps_refund_once(pg_world: World) -> None:
    shop = await open_shop(pg_world)
    await shop.running()
    (payment,) = await rows(shop)
    call = pg_world.call(pg_world.partner_person)
    refunds = refunds_of(shop)

    await twenty(pg_world.db, lambda _: refunds.refund(call, payment.order_id, 4_900, 4_900))

    assert [each.amount_minor for made in shop.gateway.refunds.values() for each in made] == [4_900]


async def test_a_refund_at_stripe_of_a_payment_nobody_kept_is_found(shop: Shop) -> None:
    """The invoice was paid a moment ago, and the partner refunds it in the Dashboard before the next look."""
    subscription = await shop.running()
    shop.gateway.renew(subscription)
    newest = shop.gateway.invoices[subscription][-1].payment_intent
    shop.gateway.give_back(newest, 4_900)

    await refunds_of(shop).look(PARTNER, newest)

    assert [row.gone.amount_minor for row in await rows(shop)] == [4_900, 0]


async def test_the_refund_of_a_second_subscription_is_told_once(shop: Shop) -> None:
    """R25: it is ended and refunded, and that is what people hear; its payment is kept all the same."""
    await shop.running()
    second = shop.gateway.subscribe(
        "cus_1_1", LARGE, {"workspace": str(shop.world.workspace), "partner": "1"}
    )
    await shop.hears("customer.subscription.created", second)
    await shop.later()
    await refunds_of(shop).poll()

    gone = {row.plan: row.gone.amount_minor for row in await rows(shop)}
    assert gone == {"Business Lite": 0, "Business Large": 9_900}
    assert "duplicate" in await shop.told()
    assert not {"reversal", "desk_reversal"} & set(await shop.world.notices())


async def test_reconcile_finds_the_payments_of_a_restored_backup(shop: Shop) -> None:
    await shop.running()
    await forget(shop, "DELETE FROM orders", "DELETE FROM subscriptions")
    since = shop.gateway.clock.at - dt.timedelta(days=2)
    found = await reconcile(shop.flow._payments, PARTNER, since)

    assert found == Reconciled(1, 0, 0, 0, 0, plans=1), "its plan is back, nothing was credited"
    assert await bought(shop) == [("Business Lite", 4_900)]


async def test_a_customer_asks_for_a_plans_payment_back_and_the_partner_refunds_it(shop: Shop) -> None:
    await shop.running()
    world = shop.world
    known = await world.db.read(refund_requests.support, world.owner, world.workspace, world.now)
    (payment,) = known.payments
    assert (payment.plan, payment.points, payment.may_ask) == ("Business Lite", 0, True)

    await world.db.write(refund_requests.ask, world.call(world.owner), payment.order_id, "too early")
    offer = await refunds_of(shop).offer(world.call(world.partner_person), payment.order_id)
    assert offer.wish is not None
    assert offer.wish.open
    await refund(shop, payment.order_id, 4_900, 4_900)

    seen = await world.db.read(refund_requests.payment, world.owner, payment.order_id, world.now)
    assert (seen.request, seen.gone.amount_minor, seen.may_ask) == ("refunded", 4_900, False)


async def test_who_may_see_and_refund(shop: Shop) -> None:
    await shop.running()
    world = shop.world
    (payment,) = await rows(shop)
    viewer = await world.member(77, "Vera", Role.VIEWER)
    stranger = await world.newcomer(78, "Zed")
    with pytest.raises(NotAllowedError):
        await world.db.read(paid.page, viewer, world.workspace, 0)
    with pytest.raises(StrangerError):
        await world.db.read(paid.page, stranger, world.workspace, 0)
    with pytest.raises(StrangerError):
        await world.db.read(paid.desk_page, stranger, world.workspace, 0)
    await world.at_desk(people.invite_admin, DeskRole.SUPPORT, "sue")
    sue = await world.newcomer(79, "Sue")
    await world.db.write(people.accept_invite, world.call(sue), "sue")
    assert len((await world.db.read(paid.desk_page, sue, world.workspace, 0)).rows) == 1
    with pytest.raises(NotAllowedError):
        await refunds_of(shop).offer(world.call(sue), payment.order_id)


async def test_payments_come_in_pages_packs_and_plans_alike(shop: Shop) -> None:
    subscription = await shop.running()
    for _ in range(6):
        shop.gateway.renew(subscription)
        await shop.later(days=30)
    world = shop.world
    first = await world.db.read(paid.page, world.owner, world.workspace, 0)
    second = await world.db.read(paid.page, world.owner, world.workspace, 1)

    assert (len(first.rows), first.more, len(second.rows), second.more) == (5, True, 2, False)
    instants = [row.paid_at for row in (*first.rows, *second.rows)]
    assert instants == sorted(instants, reverse=True)


async def test_credit_of_a_smaller_plan_is_known_when_the_subscription_is_ended(shop: Shop) -> None:
    await shop.running("Business Large")
    world = shop.world
    assert await shop.flow.credit(world.owner, world.workspace) is None
    await shop.later(days=10)
    lite = shop.plan["Business Lite"]
    quote = await shop.flow.quote(world.owner, world.workspace, lite)
    await shop.flow.change(
        world.call(world.owner),
        world.workspace,
        lite,
        quoted_minor=quote.due_now.amount_minor,
        as_of=quote.as_of,
    )

    credit = await shop.flow.credit(world.owner, world.workspace)
    assert credit is not None
    assert credit.amount_minor == -quote.due_now.amount_minor
    assert await bought(shop) == [("Business Large", 9_900)], "credit is no payment"
    shop.gateway.down = True
    assert await shop.flow.credit(world.owner, world.workspace) is None
