"""Whatever goes back and comes again of a payment, the points gone are its exact share: nothing drifts (R29)."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing import catalogue
from billing.money import Money
from billing.orders import Choice
from storage import catalogue as rows
from storage import invariants
from storage.database import Tx
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World
from tests.flows.test_orders import order
from tests.flows.test_properties import CAREFUL, in_a_world
from tests.flows.till import open_till

POINTS, BONUS, PAID = 3_333, 777, 1_234
"""Sums that share no divisor, so that every step has something to round."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.integers(1, PAID)),
        st.tuples(st.just("fail"), st.integers(0, 5)),
        st.tuples(st.just("dispute"), st.integers(1, PAID)),
        st.tuples(st.just("won"), st.just(0)),
        st.tuples(st.just("lost"), st.just(0)),
    ),
    max_size=12,
)


@CAREFUL
@given(steps=STEPS)
@example(steps=[("refund", 400), ("dispute", PAID), ("won", 0), ("refund", 834), ("fail", 0), ("fail", 1)])
@example(steps=[("refund", 1)] * 12)
def test_the_points_gone_are_always_their_exact_share(
    sqlite_world: tuple[Path, World], steps: list[tuple[str, int]]
) -> None:
    """After every step, not only in the end."""

    async def play(world: World) -> None:
        till = open_till(world)
        gateway = till.gateway
        await world.at_desk(catalogue.save_pack, None, POINTS, BONUS, Money(PAID, "USD"))
        _, page = await order(world, Choice(await world.db.read(_newest_pack)))
        payment = till.pay(page)
        await till.refunds.look(1, payment)
        for step, number in steps:
            known = gateway.refunds.get(payment, [])
            left = PAID - sum(each.amount_minor for each in known if each.status != "failed")
            if step == "refund" and left:
                gateway.give_back(payment, min(number, left))
            elif step == "fail" and known:
                gateway.fail_refund(payment, known[number % len(known)].id)
            elif step == "dispute":
                gateway.dispute(payment, number)
            elif step in {"won", "lost"} and payment in gateway.disputes:
                gateway.close_dispute(payment, won=step == "won")
            await till.refunds.look(1, payment)

            gone = (await gateway.reversals(payment)).gone_minor
            assert await till.taken() == (gone, POINTS * gone // PAID, BONUS * gone // PAID)
            assert await world.balance() == POINTS + BONUS - POINTS * gone // PAID - BONUS * gone // PAID
        assert await world.db.read(invariants.reversals_follow_the_money) == []
        await assert_books_balance(world)

    in_a_world(sqlite_world, play)


def _newest_pack(tx: Tx) -> int:
    return rows.packs(tx, 1)[-1].id


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        ("UPDATE orders SET reversed_points = reversed_points + 1", "reversed"),
        ("UPDATE orders SET refunded_minor = 4001", "of 4000 gone"),
        ("UPDATE orders SET refunded_minor = 0, reversed_points = 0, reversed_bonus = 0", "1375 taken"),
    ],
)
async def test_the_books_are_checked_for_it(world: World, harm: str, what: str) -> None:
    """Each invariant is seen broken."""
    till = open_till(world)
    _, payment = await till.paid_order()
    till.gateway.give_back(payment, 1_000)
    await till.refunds.look(1, payment)
    assert await world.db.read(invariants.reversals_follow_the_money) == []

    def break_it(tx: Tx) -> None:
        tx.conn.exec_driver_sql(harm)

    await world.db.write(break_it)

    (line,) = await world.db.read(invariants.reversals_follow_the_money)
    assert what in line
