"""Pages of cancelled and superseded orders are closed however often it takes, and pay if they were paid (R28)."""

import datetime as dt
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from billing import orders
from billing.errors import PaymentsDownError
from billing.gateway import SessionFacts
from billing.orders import Choice, OrderView
from storage import orders as rows
from storage.database import Tx
from storage.models import OrderStatus
from tests.chat.fakes import FakeGateway
from tests.flows.automatic import PARTNER, Auto
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import World


@pytest.fixture
async def auto(world: World) -> AsyncIterator[Auto]:
    made = await Auto.over(world)
    yield made
    await assert_books_balance(world)


async def opened(auto: Auto, pack: int | None = None) -> OrderView:
    return await auto.checkout.open(
        auto.world.call(auto.world.owner),
        PARTNER,
        auto.world.workspace,
        Choice(pack or auto.pack),
        language="en",
        title=lambda name, points, bonus: name,
    )


async def placed_and_crashed(auto: Auto, pack: int) -> int:
    """The process dies between the order's commit and Stripe's answer."""
    auto.gateway.lost_answers = 1
    with pytest.raises(PaymentsDownError):
        await opened(auto, pack)
    ((order_id,),) = await auto.world.sql("SELECT id FROM orders WHERE session_id IS NULL")
    return int(order_id)


async def poll(auto: Auto, hours: int = 6) -> None:
    """As a process without webhooks does, for so long."""
    for _ in range(hours * 2):
        auto.later(minutes=30)
        await auto.checkout.poll()


async def statuses(auto: Auto) -> list[tuple[str, str]]:
    found = await auto.world.sql("SELECT status, reason FROM orders ORDER BY created_at, id")
    return [(row[0], row[1]) for row in found]


def pages(auto: Auto) -> list[str]:
    return [page.status for page in auto.gateway.pages.values()]


async def test_a_cancelled_page_that_could_not_be_closed_is_paid_and_credited_without_a_webhook(
    auto: Auto,
) -> None:
    view = await opened(auto)
    auto.gateway.down = True
    await auto.checkout.cancel(auto.world.call(auto.world.owner), view.id)
    auto.gateway.down = False
    assert view.url is not None
    auto.gateway.pay(view.url)

    await poll(auto)

    assert await auto.world.balance() == 5_500
    assert await statuses(auto) == [("paid", "")]


async def test_a_page_superseded_while_stripe_is_down_is_closed_or_credited(auto: Auto) -> None:
    paid = await opened(auto)
    auto.gateway.down = True
    with pytest.raises(PaymentsDownError):
        await opened(auto, auto.small)
    auto.gateway.down = False
    assert paid.url is not None
    auto.gateway.pay(paid.url)

    await poll(auto)

    assert await auto.world.balance() == 5_500


async def test_a_cancelled_page_is_closed_after_a_crash_before_the_call(auto: Auto) -> None:
    """The use case is committed, the process dies, nobody calls Stripe."""
    view = await opened(auto)
    await auto.world.do(orders.cancel, view.id)
    assert pages(auto) == ["open"]

    await poll(auto, hours=1)

    assert pages(auto) == ["expired"]
    assert await statuses(auto) == [("cancelled", "")]


async def test_a_page_that_stripe_made_and_nobody_heard_of_is_closed_when_its_order_was_cancelled(
    auto: Auto,
) -> None:
    order_id = await placed_and_crashed(auto, auto.small)
    assert pages(auto) == ["open"]
    await auto.world.do(orders.cancel, order_id)

    await poll(auto, hours=1)

    assert pages(auto) == ["expired"], "found under the same key, not made a second time"
    assert await statuses(auto) == [("cancelled", "")]


async def test_an_order_superseded_while_its_page_is_made_closes_it_at_once(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = FakeGateway.create_session
    taps = []

    async def slow(self: FakeGateway, params: dict[str, Any], key: str) -> SessionFacts:
        made = await make(self, params, key)
        taps.append(key)
        if len(taps) == 1:
            await opened(auto)
        return made

    monkeypatch.setattr(FakeGateway, "create_session", slow)

    view = await opened(auto, auto.small)

    assert (view.status, view.reason) == (OrderStatus.CANCELLED, "superseded")
    assert sorted(pages(auto)) == ["expired", "open"]


async def test_a_closed_page_is_never_looked_at_again_and_one_that_stays_open_ever_more_seldom(
    auto: Auto,
) -> None:
    first = await opened(auto)
    await auto.checkout.cancel(auto.world.call(auto.world.owner), first.id)
    second = await opened(auto)
    auto.gateway.down = True
    await auto.checkout.cancel(auto.world.call(auto.world.owner), second.id)

    taken = []
    for _ in range(72 * 4):
        auto.later(minutes=15)
        claimed = await auto.world.db.write(rows.claim_closing, auto.clock.now(), 10)
        assert (PARTNER, first.id) not in claimed
        if claimed:
            taken.append(auto.clock.now())

    gaps = [after - before for before, after in pairwise(taken)]
    assert gaps == sorted(gaps)
    assert gaps[0] <= dt.timedelta(minutes=15)
    assert dt.timedelta(hours=1) in gaps
    assert gaps[-1] == dt.timedelta(days=1), "it has run out long ago"


async def test_a_delayed_payment_on_a_cancelled_page_is_waited_for(auto: Auto) -> None:
    view = await opened(auto)
    assert view.url is not None
    auto.gateway.down = True
    await auto.checkout.cancel(auto.world.call(auto.world.owner), view.id)
    auto.gateway.down = False
    auto.gateway.pay_later(view.url)
    await poll(auto, hours=1)
    assert await statuses(auto) == [("waiting", "")]

    auto.gateway.pay(view.url)
    await poll(auto, hours=1)

    assert await auto.world.balance() == 5_500


async def test_a_page_of_an_order_that_stripe_refused_is_given_up(auto: Auto) -> None:
    order_id = await placed_and_crashed(auto, auto.small)
    auto.gateway._by_key.clear()
    auto.gateway.pages.clear()
    await auto.world.do(orders.cancel, order_id)
    auto.gateway.refuses = "parameter_invalid"

    await poll(auto, hours=1)

    assert await statuses(auto) == [("cancelled", "")]
    assert await auto.world.db.write(rows.claim_closing, auto.clock.now() + dt.timedelta(days=9), 10) == []


async def test_a_cancelled_test_page_of_a_partner_that_went_live_is_let_go(auto: Auto) -> None:
    """R26: the live key can't reach it, and it counts for nothing."""
    view = await opened(auto)
    await auto.world.do(orders.cancel, view.id)

    def make_test(tx: Tx) -> None:
        row = rows.order(tx, PARTNER, view.id)
        assert row is not None
        row.live = False

    await auto.world.db.write(make_test)

    await poll(auto, hours=1)

    assert pages(auto) == ["open"]
    assert await auto.world.db.write(rows.claim_closing, auto.clock.now() + dt.timedelta(days=9), 10) == []


async def test_twenty_who_cancel_close_and_poll_credit_a_paid_page_once(pg_world: World) -> None:
    auto = await Auto.over(pg_world)
    view = await opened(auto)
    assert view.url is not None
    auto.gateway.pay(view.url)
    await pg_world.do(orders.cancel, view.id)
    auto.later(minutes=5)

    async def one(number: int) -> object:
        if number % 2:
            return await auto.checkout.cancel(pg_world.call(pg_world.owner), view.id)
        return await auto.checkout.poll()

    await twenty(pg_world.db, one)

    assert await pg_world.balance() == 5_500
    assert await statuses(auto) == [("paid", "")]
    await assert_books_balance(pg_world)
