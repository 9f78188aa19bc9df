"""Plans paid by subscription (R25): bought, failing, given up on, ended, doubled; whoever brings the news."""

import itertools
import json
from collections.abc import Awaitable, Callable

import pytest

from billing import usage
from billing.access import Role
from billing.errors import (
    GoneError,
    NotAllowedError,
    NotSellingError,
    PaymentsDownError,
    PlanOverLimitError,
    StrangerError,
    SubscriptionRunsError,
)
from billing.plans import catalogue, settling
from storage import catalogue as rows
from storage.transaction import Tx
from tests.flows.conftest import World
from tests.flows.plans import LARGE, PARTNER, Shop, open_shop


@pytest.fixture
async def shop(world: World) -> Shop:
    return await open_shop(world)


def refunded(shop: Shop) -> list[int]:
    """What went back, in minor units."""
    return [each.amount_minor for made in shop.gateway.refunds.values() for each in made]


async def test_the_first_subscription_is_bought_on_a_page_and_sets_the_plan(shop: Shop) -> None:
    view = await shop.subscribe("Business Large")
    assert view.url is not None
    assert await shop.stands() == ("Business", False, False), "nothing counts before it is paid"

    shop.gateway.pay(view.url)
    await shop.later()

    assert await shop.stands() == ("Business Large", False, False)
    assert (await shop.flow.look(shop.world.owner, view.id)).status == "done"
    assert await shop.told() == ["started"]
    assert await shop.told("desk_plan") == ["started"]


async def test_every_order_and_repetition_of_news_comes_to_the_same(shop: Shop) -> None:
    """Webhooks of the page, of the subscription and of its invoice, the poller and the return link."""
    view = await shop.subscribe()
    assert view.url is not None
    shop.gateway.pay(view.url)
    session = next(iter(shop.gateway.pages))
    (subscription,) = shop.gateway.subscriptions
    invoice = json.dumps(
        {"data": {"object": {"parent": {"subscription_details": {"subscription": subscription}}}}}
    )
    news: list[Callable[[], Awaitable[object]]] = [
        lambda: shop.hears("checkout.session.completed", session),
        lambda: shop.hears("customer.subscription.created", subscription),
        lambda: shop.hears("invoice.paid", "in_9", invoice),
        lambda: shop.later(seconds=70),
        lambda: shop.flow.look(shop.world.owner, view.id),
    ]
    for order in itertools.islice(itertools.permutations(news), 0, 120, 17):
        for bring in order:
            await bring()
    assert await shop.stands() == ("Business Lite", False, False)
    assert await shop.told() == ["started"]
    assert await shop.world.sql("SELECT count(*) FROM subscriptions WHERE running") == [(1,)]


async def test_an_answer_lost_at_checkout_is_found_under_the_same_key(shop: Shop) -> None:
    shop.gateway.lost_answers = 1
    with pytest.raises(PaymentsDownError):
        await shop.subscribe()
    await shop.later(minutes=2)
    again = await shop.subscribe()
    assert again.url is not None
    assert len(shop.gateway.pages) == 1, "one page, however often it was asked for"


async def test_a_refused_page_is_failed_and_can_be_tried_again(shop: Shop) -> None:
    shop.gateway.refuses = "parameter_invalid"
    with pytest.raises(PaymentsDownError):
        await shop.subscribe()
    shop.gateway.refuses = None
    assert (await shop.subscribe()).url is not None
    assert await shop.world.sql("SELECT status FROM plan_checkouts ORDER BY status") == [
        ("failed",),
        ("open",),
    ]


async def test_another_choice_closes_the_first_page(shop: Shop) -> None:
    first = await shop.subscribe("Business Lite")
    second = await shop.subscribe("Business Large")
    await shop.later()
    assert (await shop.flow.look(shop.world.owner, first.id)).status == "cancelled"
    statuses = sorted(page.status for page in shop.gateway.pages.values())
    assert statuses == ["expired", "open"]
    assert (await shop.subscribe("Business Large")).id == second.id


async def test_a_second_subscription_is_ended_and_refunded_and_everybody_told(shop: Shop) -> None:
    first = await shop.running()
    second = shop.gateway.subscribe(
        "cus_1_1", LARGE, {"workspace": str(shop.world.workspace), "partner": "1"}
    )
    await shop.hears("customer.subscription.created", second)
    await shop.hears("customer.subscription.updated", second)
    assert await shop.stands() == ("Business Lite", False, False), "the first one stands"
    await shop.later()
    await shop.hears("customer.subscription.deleted", second)
    await shop.later()

    assert shop.gateway.subscriptions[second].status == "canceled"
    assert shop.gateway.subscriptions[first].status == "active"
    assert refunded(shop) == [9_900]
    assert await shop.told() == ["started", "duplicate"]
    assert await shop.told("desk_plan") == ["started", "duplicate"]


async def test_a_refund_that_fails_is_asked_for_again(shop: Shop) -> None:
    await shop.running()
    second = shop.gateway.subscribe("cus_1_1", LARGE, {"workspace": str(shop.world.workspace)})
    await shop.hears("customer.subscription.created", second)
    shop.gateway.down = True
    await shop.later()
    assert await shop.told() == ["started"]
    shop.gateway.down = False
    shop.gateway.lost_answers = 1
    await shop.later()
    await shop.later()
    assert await shop.told() == ["started", "duplicate"]
    assert refunded(shop) == [9_900]


async def test_a_failed_invoice_warns_once_and_its_payment_is_told(shop: Shop) -> None:
    subscription = await shop.running()
    shop.gateway.clock.turn(days=30)
    shop.gateway.renew(subscription, paid=False)
    for _ in range(3):
        await shop.hears("invoice.payment_failed", "in_9", _invoice(subscription))
    assert await shop.stands() == ("Business Lite", False, False), "Stripe still tries"
    assert await shop.told() == ["started", "failed"]
    assert await shop.told("desk_plan") == ["started", "failed"]
    url = await shop.flow.pay_url(shop.world.owner, shop.world.workspace)
    assert url is not None

    shop.gateway.pay_invoice(subscription)
    await shop.later(hours=1)
    await shop.hears("invoice.paid", "in_9", _invoice(subscription))
    assert await shop.told() == ["started", "failed", "paid"]
    assert await shop.flow.pay_url(shop.world.owner, shop.world.workspace) is None


def _invoice(subscription: str) -> str:
    return json.dumps({"data": {"object": {"subscription": subscription}}})


@pytest.mark.parametrize("end", ["unpaid", "canceled"])
async def test_given_up_pauses_and_a_payment_lets_run_again(shop: Shop, end: str) -> None:
    """Twice over: a pause of this month must not be taken for last month's."""
    for month in range(2):
        subscription = await shop.running()
        shop.gateway.renew(subscription, paid=False)
        await shop.hears("customer.subscription.updated", subscription)
        shop.gateway.give_up(subscription, end)
        await shop.hears("customer.subscription.updated", subscription)
        assert await shop.stands() == ("Business Lite", True, False), f"month {month}: unpaid, plan kept"
        if end == "unpaid":
            shop.gateway.pay_invoice(subscription)
            await shop.later(hours=7)
            break
    else:
        await shop.running()
    assert await shop.stands() == ("Business Lite", False, False)
    kinds = await shop.world.notices()
    assert kinds.count("resumed") == (1 if end == "unpaid" else 2)
    assert "paused" not in kinds, "the plan's own notice says so, with the way to pay"


async def test_a_new_subscription_replaces_one_that_stripe_gave_up_on(shop: Shop) -> None:
    old = await shop.running()
    shop.gateway.renew(old, paid=False)
    shop.gateway.give_up(old)
    await shop.later(days=1)
    view = await shop.subscribe("Business Large")
    assert view.url is not None
    shop.gateway.pay(view.url)
    await shop.later()
    await shop.later()
    assert await shop.stands() == ("Business Large", False, False)
    assert shop.gateway.subscriptions[old].status == "canceled"
    assert refunded(shop) == [], "nothing was paid twice"


async def test_ended_with_its_period_falls_back_and_may_pause(shop: Shop) -> None:
    world = shop.world
    subscription = await shop.running()
    await world.at_desk(catalogue.set_fallback, shop.plan["Business"])
    await world.do(usage.report_usage, world.workspace, {"bot_users": 5_000}, world.now)
    assert await shop.flow.end_with_period(world.call(world.owner), world.workspace)
    assert shop.gateway.subscriptions[subscription].cancels_at_end
    assert await shop.stands() == ("Business Lite", False, False), "paid until its end"

    shop.gateway.renew(subscription)
    await shop.later(days=30)

    assert await shop.stands() == ("Business", False, True), "5,000 users don't fit into 1,000"
    assert "ended" in await shop.told()
    assert "ended" in await shop.told("desk_plan")
    assert "paused" in await world.notices()


async def test_without_a_fallback_an_ended_plan_leaves_none(shop: Shop) -> None:
    subscription = await shop.running()
    shop.gateway.give_up(subscription, "canceled")
    await shop.later(days=1)
    assert await shop.stands() == (None, False, False)


async def test_cancelled_and_kept_after_all(shop: Shop) -> None:
    world = shop.world
    subscription = await shop.running()
    shop.gateway.down = True
    assert not await shop.flow.end_with_period(world.call(world.owner), world.workspace)
    shop.gateway.down = False
    await shop.later()
    assert shop.gateway.subscriptions[subscription].cancels_at_end, "the poller told Stripe"
    shop.gateway.clock.turn(days=1)
    assert await shop.flow.keep(world.call(world.owner), world.workspace)
    shop.gateway.renew(subscription)
    await shop.later(days=30)
    assert await shop.stands() == ("Business Lite", False, False)
    assert [each for each in await shop.told("desk_plan") if each != "paid"] == ["started", "ending", "kept"]


async def test_an_older_look_that_comes_back_late_changes_nothing(shop: Shop) -> None:
    subscription = await shop.running()
    from billing.plans.settling import settle_subscription

    world = shop.world
    late, old = world.call(), shop.gateway.subscriptions[subscription]
    shop.gateway.renew(subscription, paid=False)
    shop.gateway.give_up(subscription)
    await shop.later(days=1)
    await world.db.write(settle_subscription, late, PARTNER, old)
    assert await shop.stands() == ("Business Lite", True, False)


async def test_stripes_dates_leave_the_cycle_alone(shop: Shop) -> None:
    """R25: the renewal stays the first of the month."""
    await shop.running("Business Large")
    query = "SELECT cycle_start, cycle_end FROM workspaces"
    before = await shop.world.sql(query)
    shop.gateway.renew(next(iter(shop.gateway.subscriptions)))
    await shop.later(hours=2)
    assert await shop.world.sql(query) == before


async def test_only_an_owner_subscribes(shop: Shop) -> None:
    world = shop.world
    billing = await world.member(301, "Bea", Role.BILLING)
    stranger = await world.newcomer(302, "Sam")
    with pytest.raises(NotAllowedError):
        await shop.subscribe(by=billing)
    with pytest.raises(StrangerError):
        await shop.subscribe(by=stranger)
    assert shop.gateway.pages == {}


async def test_what_cant_be_bought_is_refused(shop: Shop) -> None:
    world = shop.world
    with pytest.raises(GoneError):
        await shop.subscribe("Business")
    await world.at_desk(catalogue.sell_plan, shop.plan["Business Large"], on_sale=False)
    with pytest.raises(GoneError):
        await shop.subscribe("Business Large")
    await world.do(usage.report_usage, world.workspace, {"bot_users": 20_000}, world.now)
    await world.at_desk(catalogue.sell_plan, shop.plan["Business Large"], on_sale=True)
    await shop.running("Business Large")
    with pytest.raises(SubscriptionRunsError):
        await shop.subscribe("Business Lite")


async def test_a_first_plan_that_is_too_small_wants_a_second_tap(shop: Shop) -> None:
    from billing.plans import changing

    world = shop.world
    await world.at_desk(changing.set_plan, world.workspace, shop.plan["Business Large"])
    await world.do(usage.report_usage, world.workspace, {"bot_users": 20_000}, world.now)
    with pytest.raises(PlanOverLimitError) as refused:
        await shop.subscribe("Business Lite")
    assert [(each.label, each.used, each.then) for each in refused.value.over] == [
        ("Bot users", 20_000, 10_000)
    ]
    assert (await shop.subscribe("Business Lite", over=True)).url is not None


async def test_nothing_is_sold_before_stripe_is_live(shop: Shop) -> None:
    def test_mode(tx: Tx) -> None:
        rows.lock_partner(tx, PARTNER).stripe_live = False

    await shop.world.db.write(test_mode)
    with pytest.raises(NotSellingError):
        await shop.subscribe()


async def test_going_live_ends_what_was_tried_out(shop: Shop) -> None:
    """R26: the subscription and a page that was still open; what Stripe says of it late changes nothing."""
    await shop.key(live=False)
    subscription = await shop.running()
    before = await shop.gateway.fetch_subscription(subscription)

    await shop.key(live=True)

    assert await shop.stands() == (None, False, False)
    assert await shop.world.sql("SELECT count(*) FROM subscriptions WHERE running") == [(0,)]
    late = shop.world.call(reference="late")
    assert await shop.world.db.write(settling.settle_subscription, late, PARTNER, before) is None
    assert await shop.stands() == (None, False, False)


async def test_going_live_closes_the_page_of_a_test_plan(shop: Shop) -> None:
    """R26"""
    await shop.key(live=False)
    await shop.subscribe()

    await shop.key(live=True)

    assert await shop.world.sql("SELECT status FROM plan_checkouts") == [("expired",)]


async def test_the_poller_ends_a_test_subscription_too(shop: Shop) -> None:
    """R26: with the live key in hand, and the account not looked at yet."""
    await shop.key(live=False)
    await shop.running()
    shop.gateway.live = True

    await shop.later(days=1)

    assert await shop.stands() == (None, False, False)
    assert await shop.world.sql("SELECT count(*) FROM subscriptions WHERE running") == [(0,)]


async def test_a_subscription_that_stripe_doesnt_know_falls_back(shop: Shop) -> None:
    subscription = await shop.running()
    del shop.gateway.subscriptions[subscription]
    await shop.later(days=1)
    assert await shop.stands() == (None, False, False)
    assert "ended" in await shop.told("desk_plan")
