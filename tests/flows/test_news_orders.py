"""Whoever brings the news of a payment, in any order, any number of times: the same end (R27, R29)."""

import asyncio
import datetime as dt
import random
from collections.abc import Iterable
from itertools import permutations

import pytest

from billing.checkout import Checkout
from storage.models import StripeEvent
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World
from tests.flows.test_orders import order
from tests.flows.till import Till, open_till

NEWS = ("webhook", "poller", "return link", "refund", "dispute")


class Errands:
    """Every way in which news of one payment of 40 USD come, of which 10 are refunded and 10 disputed."""

    def __init__(self, till: Till, order_id: int, page: str, payment: str) -> None:
        self._till = till
        self._checkout = Checkout(till.payments)
        self._order, self._page, self._payment = order_id, page, payment

    async def bring(self, news: str) -> None:
        """The news, and for a refund or a dispute that it happens, if it did not yet."""
        till, gateway = self._till, self._till.gateway
        if news == "webhook":
            await self._checkout.page(1, await gateway.fetch_session(self._page))
        elif news == "poller":
            till.world.now += dt.timedelta(minutes=2)
            await self._checkout.poll()
        elif news == "return link":
            await self._checkout.look(till.world.owner, self._order)
        elif news == "refund":
            if self._payment not in gateway.refunds:
                gateway.give_back(self._payment, 1_000)
            await till.news("charge.refunded", self._payment)
        else:
            if self._payment not in gateway.disputes:
                gateway.dispute(self._payment, 1_000)
            await till.news("charge.dispute.created", self._payment)

    def _event(self, kind: str, object_id: str) -> StripeEvent:
        now = self._till.world.now
        return StripeEvent(
            partner_id=1,
            id="evt",
            type=kind,
            object_id=object_id,
            live=True,
            body="",
            received_at=now,
            next_at=now,
        )

    async def end(self) -> tuple[object, ...]:
        """Where the order stands, what the ledger has of it, and how often people were told."""
        sql = self._till.world.sql
        (standing,) = await sql(
            "SELECT status, refunded_minor, reversed_points, reversed_bonus FROM orders WHERE id = :id",
            id=self._order,
        )
        posted = await sql(
            "SELECT kind, sum(amount) FROM postings WHERE order_id = :id GROUP BY kind ORDER BY kind",
            id=self._order,
        )
        return (tuple(standing), *[(kind, int(amount)) for kind, amount in posted])


END = (("paid", 2_000, 2_500, 250), ("bonus", 500), ("payback", -2_750), ("topup", 5_000))


async def paid_at_stripe(till: Till) -> Errands:
    """A page that was paid a moment ago; nobody here knows."""
    placed, page = await order(till.world)
    return Errands(till, placed.view.id, page.id, till.pay(page))


@pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)
@pytest.mark.parametrize("times", [1, 2])
async def test_every_order_of_news_comes_to_the_same_end(world: World, times: int) -> None:
    """R27, R29: all 120 orders of five news, each brought once, and each twice in a row."""
    till = open_till(world)
    for number, sequence in enumerate(permutations(NEWS), start=1):
        errands = await paid_at_stripe(till)
        for news in sequence:
            for _ in range(times):
                await errands.bring(news)
        assert await errands.end() == END, sequence
        assert await _told(world) == (number, 2 * number), sequence
    await assert_books_balance(world)


async def _told(world: World) -> tuple[int, int]:
    """Of credits, and of what went back."""
    told = await world.notices()
    return told.count("order"), told.count("reversal")


@pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)
async def test_any_mixture_of_news_brought_twice_comes_to_the_same_end(world: World) -> None:
    """Twice each, not in a row."""
    till, dice = open_till(world), random.Random(29)
    for _ in range(60):
        errands = await paid_at_stripe(till)
        sequence = dice.sample(NEWS * 2, k=10)
        for news in sequence:
            await errands.bring(news)
        assert await errands.end() == END, sequence
    await assert_books_balance(world)


async def test_all_news_at_once_come_to_the_same_end(pg_world: World) -> None:
    """On PostgreSQL, each twice, all at the same time."""
    till = open_till(pg_world)
    for round_ in range(1, 7):
        errands = await paid_at_stripe(till)
        await asyncio.gather(*(errands.bring(news) for news in _rotated(NEWS * 2, round_)))
        assert await errands.end() == END
    credits_, _ = await _told(pg_world)
    assert credits_ == 6
    await assert_books_balance(pg_world)


def _rotated(news: tuple[str, ...], by: int) -> Iterable[str]:
    return (*news[by:], *news[:by])
