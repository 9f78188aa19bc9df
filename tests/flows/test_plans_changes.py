"""A running subscription moves to another plan: quoted, confirmed at the sum, done when paid (R11, R23, R25)."""

import datetime as dt

import pytest

from billing import usage
from billing.access import Role
from billing.errors import (
    ChangeRunsError,
    GoneError,
    NoSubscriptionError,
    NotAllowedError,
    PaymentsDownError,
    PlanOverLimitError,
    PlanQuoteChangedError,
)
from billing.plans.quotes import ChangeQuote, ChangeView
from tests.flows.conftest import World
from tests.flows.plans import LARGE, LITE, Shop, open_shop


@pytest.fixture
async def shop(world: World) -> Shop:
    return await open_shop(world)


async def quote(shop: Shop, plan: str = "Business Large") -> ChangeQuote:
    return await shop.flow.quote(shop.world.owner, shop.world.workspace, shop.plan[plan])


async def confirm(shop: Shop, shown: ChangeQuote, *, over: bool = False) -> ChangeView:
    world = shop.world
    return await shop.flow.change(
        world.call(world.owner),
        world.workspace,
        shown.wanted.plan_id,
        quoted_minor=shown.due_now.amount_minor,
        as_of=shown.as_of,
        over=over,
    )


async def asked_for(shop: Shop) -> list[tuple[str, str]]:
    """Every change: how it stands, and why."""
    rows = await shop.world.sql("SELECT status, reason FROM plan_changes ORDER BY created_at")
    return [(str(status), str(reason)) for status, reason in rows]


async def test_an_upgrade_costs_what_was_shown_and_counts_at_once_when_paid(shop: Shop) -> None:
    subscription = await shop.running()
    await shop.later(days=15)
    shown = await quote(shop)
    # 15 days less two minutes of 30, for the 50 USD between the plans.
    assert shown.due_now.amount_minor == 2_499
    assert shown.wanted.then.amount.amount_minor == 9_900

    assert (await confirm(shop, shown)).status == "done"

    assert await shop.stands() == ("Business Large", False, False)
    assert [payment.amount.amount_minor for payment in shop.gateway.payments.values()] == [4_900, 2_499]
    assert shop.gateway.subscriptions[subscription].price == LARGE
    assert "changed" in await shop.told("desk_plan")
    assert await shop.told() == ["started"], "who changed it saw it on the screen"


async def test_a_sum_that_no_longer_holds_is_shown_anew_and_nothing_is_charged(shop: Shop) -> None:
    await shop.running()
    shown = await quote(shop)
    await shop.later(days=5)
    with pytest.raises(PlanQuoteChangedError) as refused:
        await confirm(shop, shown)
    assert refused.value.quote.due_now.amount_minor < shown.due_now.amount_minor
    assert await shop.stands() == ("Business Lite", False, False)
    assert (await confirm(shop, refused.value.quote)).status == "done"


async def test_a_forged_sum_or_instant_changes_nothing(shop: Shop) -> None:
    await shop.running()
    shown = await quote(shop)
    world = shop.world
    for minor, as_of in ((0, shown.as_of), (0, shown.as_of + dt.timedelta(days=29))):
        with pytest.raises(PlanQuoteChangedError):
            await shop.flow.change(
                world.call(world.owner),
                world.workspace,
                shop.plan["Business Large"],
                quoted_minor=minor,
                as_of=as_of,
            )
    assert len(shop.gateway.payments) == 1


async def test_a_declined_change_waits_for_its_invoice(shop: Shop) -> None:
    subscription = await shop.running()
    shop.gateway.changes_fail = True
    view = await confirm(shop, await quote(shop))
    assert view.status == "waiting"
    assert await shop.stands() == ("Business Lite", False, False), "it counts once paid"
    with pytest.raises(ChangeRunsError):
        await quote(shop)
    assert await shop.flow.pay_url(shop.world.owner, shop.world.workspace) is not None

    shop.gateway.pay_invoice(subscription)
    await shop.later(minutes=6)

    assert await shop.stands() == ("Business Large", False, False)
    assert sorted(await shop.told()) == ["changed", "started"], "who waited is told"


async def test_a_change_that_nobody_pays_is_dropped_and_told(shop: Shop) -> None:
    subscription = await shop.running()
    shop.gateway.changes_fail = True
    await confirm(shop, await quote(shop))
    shop.gateway.drop_change(subscription)
    await shop.later(days=1)
    assert await shop.stands() == ("Business Lite", False, False)
    assert sorted(await shop.told()) == ["not_changed", "started"]
    shop.gateway.changes_fail = False
    assert (await confirm(shop, await quote(shop))).status == "done", "and can be tried again"


async def test_a_lost_answer_is_asked_for_again_under_the_same_key(shop: Shop) -> None:
    await shop.running()
    shown = await quote(shop)
    shop.gateway.lost_answers = 1
    assert (await confirm(shop, shown)).status == "done"
    await shop.later(minutes=2)
    assert await shop.stands() == ("Business Large", False, False)
    assert len(shop.gateway.payments) == 2, "charged once"


async def test_a_change_that_stripe_made_and_failed_to_answer_is_found_at_once(shop: Shop) -> None:
    await shop.running()
    shown = await quote(shop)
    shop.gateway.changes_break = "made"
    assert (await confirm(shop, shown)).status == "done"
    assert await shop.stands() == ("Business Large", False, False)
    assert [payment.amount.amount_minor for payment in shop.gateway.payments.values()] == [4_900, 4_999]


async def test_a_change_that_stripe_failed_on_is_not_called_refused_while_it_may_come(shop: Shop) -> None:
    await shop.running()
    shown = await quote(shop)
    shop.gateway.changes_break = "not made"
    assert (await confirm(shop, shown)).status == "asked"
    await shop.later(hours=3)
    assert (await asked_for(shop)) == [("asked", "")]
    with pytest.raises(ChangeRunsError):
        await quote(shop)

    shop.gateway.changes_break = "made"
    await shop.later(hours=3)
    await shop.later(hours=3)

    assert await asked_for(shop) == [("done", "")]
    assert await shop.stands() == ("Business Large", False, False)
    assert await shop.told() == ["started", "changed"], "who waited is told"
    assert len(shop.gateway.payments) == 2, "charged once"


async def test_a_change_that_stripe_never_made_is_told_when_its_key_is_forgotten(shop: Shop) -> None:
    await shop.running()
    shown = await quote(shop)
    shop.gateway.changes_break = "not made"
    await confirm(shop, shown)
    for _ in range(24 * 6):
        await shop.later(minutes=10)

    assert await asked_for(shop) == [("failed", "unreachable")]
    assert sorted(await shop.told()) == ["not_made", "started"]
    assert len(shop.gateway.payments) == 1, "nothing was charged"
    assert shop.gateway.changes_asked < 40, "asked more seldom the longer it lasts"
    shop.gateway.changes_break = None
    assert (await confirm(shop, await quote(shop))).status == "done", "and can be tried again"


async def test_a_change_that_stripe_refuses_after_a_failure_is_told(shop: Shop) -> None:
    await shop.running()
    shown = await quote(shop)
    shop.gateway.changes_break = "not made"
    await confirm(shop, shown)
    shop.gateway.changes_break = None
    shop.gateway.prices.pop(LARGE)
    await shop.later(minutes=2)

    assert await asked_for(shop) == [("failed", "resource_missing")]
    assert sorted(await shop.told()) == ["not_made", "started"]


async def test_a_downgrade_gives_credit_and_over_a_limit_wants_a_second_tap(shop: Shop) -> None:
    world = shop.world
    await shop.running("Business Large")
    await world.do(usage.report_usage, world.workspace, {"bot_users": 20_000}, world.now)
    shown = await quote(shop, "Business Lite")
    assert shown.due_now.amount_minor < 0
    assert [each.label for each in shown.wanted.over] == ["Bot users"]
    with pytest.raises(PlanOverLimitError):
        await confirm(shop, shown)
    assert await shop.stands() == ("Business Large", False, False)

    assert (await confirm(shop, shown, over=True)).status == "done"

    assert await shop.stands() == ("Business Lite", False, True), "paused in the same moment"
    await confirm(shop, await quote(shop, "Business Large"))
    assert await shop.stands() == ("Business Large", False, False), "and running again"


async def test_what_cant_be_changed_is_refused(shop: Shop) -> None:
    world = shop.world
    with pytest.raises(NoSubscriptionError):
        await quote(shop)
    await shop.running()
    with pytest.raises(GoneError):
        await quote(shop, "Business Lite")
    with pytest.raises(GoneError):
        await quote(shop, "Business")
    billing = await world.member(301, "Bea", Role.BILLING)
    with pytest.raises(NotAllowedError):
        await shop.flow.quote(billing, world.workspace, shop.plan["Business Large"])
    shop.gateway.down = True
    with pytest.raises(PaymentsDownError):
        await quote(shop)


async def test_a_price_changed_in_stripes_own_pages_moves_the_plan(shop: Shop) -> None:
    subscription = await shop.running()
    await shop.gateway.change_price(
        shop.gateway.subscriptions[subscription], LARGE, shop.gateway.clock.at, "dashboard"
    )
    await shop.later(days=1)
    assert await shop.stands() == ("Business Large", False, False)
    await shop.gateway.change_price(
        shop.gateway.subscriptions[subscription], LITE, shop.gateway.clock.at, "dashboard-2"
    )
    await shop.hears("customer.subscription.updated", subscription)
    assert await shop.stands() == ("Business Lite", False, False)
