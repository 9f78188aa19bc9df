"""A refund can fail for thirty days: Stripe is asked again, ever more seldom, in case no webhook tells (R29)."""

import datetime as dt
from dataclasses import replace

import pytest

from billing import refunding
from billing.refund_looks import next_look
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World
from tests.flows.test_orders import order
from tests.flows.till import Till, open_till

DAY = dt.timedelta(days=1)


@pytest.fixture
def till(world: World) -> Till:
    return open_till(world)


async def refunded(till: Till) -> tuple[int, str, str]:
    """All of a payment, asked for at the desk; (order, payment, refund)."""
    order_id, payment = await till.paid_order()
    await till.refunds.refund(till.world.call(till.world.partner_person), order_id, 4_000, 4_000)
    (made,) = till.gateway.refunds[payment]
    return order_id, payment, made.id


async def next_look_of_all(till: Till) -> list[dt.datetime | None]:
    found = await till.world.sql("SELECT next_look_at FROM refunds")
    return [_instant(row[0]) for row in found]


async def overdue(till: Till) -> int:
    coming = await next_look_of_all(till)
    return sum(each is not None and each <= till.world.now for each in coming)


def _instant(value: str | dt.datetime | None) -> dt.datetime | None:
    if value is None or isinstance(value, dt.datetime):
        return value
    return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)


async def test_it_is_looked_at_after_an_hour_a_day_and_up_to_thirty_days(till: Till) -> None:
    await refunded(till)
    made = till.world.now
    ages = []
    while (coming := (await next_look_of_all(till))[0]) is not None:
        ages.append(coming - made)
        till.world.now = coming
        await till.refunds.poll()

    hour = dt.timedelta(hours=1)
    assert ages == [hour, 6 * hour, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY]


@pytest.mark.parametrize("days", [2, 20, 29])
async def test_one_that_fails_weeks_later_gives_the_points_back_without_a_webhook(
    till: Till, days: int
) -> None:
    _, payment, refund = await refunded(till)
    world = till.world
    assert await world.balance() == 0
    world.now += days * DAY
    till.gateway.fail_refund(payment, refund)

    for _ in range(30):
        world.now += DAY
        await till.refunds.poll()

    assert await world.balance() == 5_500
    told = await world.notices()
    assert (told.count("reversal"), told.count("desk_reversal")) == (2, 1)
    assert await next_look_of_all(till) == [None], "it can't fail twice"
    await assert_books_balance(world)


async def test_one_that_pends_is_asked_about_until_it_ends(till: Till) -> None:
    _, payment, refund = await refunded(till)
    till.gateway.refunds[payment] = [
        replace(each, status="pending") for each in till.gateway.refunds[payment]
    ]
    await till.refunds.look(1, payment)
    for _ in range(12):
        till.world.now += 5 * DAY
        await till.refunds.poll()
    (coming,) = await next_look_of_all(till)
    assert coming is not None

    till.gateway.fail_refund(payment, refund)
    till.world.now = coming
    await till.refunds.poll()

    assert await till.world.balance() == 5_500


async def test_a_look_that_stripe_did_not_answer_is_made_again_in_an_hour(till: Till) -> None:
    _, payment, refund = await refunded(till)
    till.world.now += 30 * DAY
    till.gateway.fail_refund(payment, refund)
    till.gateway.down = True
    await till.refunds.poll()

    till.gateway.down = False
    till.world.now += dt.timedelta(hours=1)
    await till.refunds.poll()

    assert await till.world.balance() == 5_500


async def test_so_many_at_a_time_and_one_to_be_sent_does_not_wait_behind_them(till: Till) -> None:
    world = till.world
    for _ in range(25):
        _, page = await order(world)
        payment = till.pay(page)
        till.gateway.give_back(payment, 4_000)
        await till.refunds.look(1, payment)
    placed, page = await order(world)
    payment = till.pay(page)
    await till.refunds.look(1, payment)
    world.now += dt.timedelta(hours=2)
    await world.at_desk(refunding.ask, placed.view.id, 1_000, 4_000)
    world.now += dt.timedelta(minutes=2)

    await till.refunds.poll()

    assert [each.amount_minor for each in till.gateway.refunds[payment]] == [1_000]
    assert await overdue(till) == 5
    await till.refunds.poll()
    assert await overdue(till) == 0


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_what_has_failed_is_not_looked_at(status: str) -> None:
    made = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert next_look(made, status, made) is None


def test_one_found_late_is_looked_at_where_its_age_stands() -> None:
    made = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert next_look(made, "succeeded", made + 8 * DAY) == made + 14 * DAY
    assert next_look(made, "succeeded", made + 31 * DAY) is None
    assert next_look(made, "pending", made + 31 * DAY) == made + 38 * DAY
