"""Going live takes test points back, to zero at the lowest, once (R26)."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from billing import account, adjust, golive, history, workspaces
from billing.call import Call
from billing.errors import NotRefundableError
from billing.ledger import Kind
from billing.orders import OrderView
from storage import automatic as automatic_rows
from storage import orders as order_rows
from storage.database import Tx
from tests.flows.checks import at_once, twenty
from tests.flows.conftest import BOT, World
from tests.flows.trials import PARTNER, Trial, open_trial


@pytest.fixture
async def trial(world: World) -> Trial:
    return await open_trial(world)


async def test_test_points_are_taken_back_once_and_everybody_is_told(trial: Trial) -> None:
    """50 + 5 test points and 20 that the partner gave: 20 stay."""
    await trial.buy()
    await trial.world.give(2_000)

    for _ in range(3):
        await trial.key(live=True)

    assert await trial.world.amounts() == [5_000, 500, 2_000, -5_500]
    assert await trial.world.balance() == 2_000
    (told,) = await trial.told("test_over")
    assert (told["taken"], told["spent"], told["balance"]) == (5_500, 0, 2_000)
    assert await trial.told("desk_test_over") == [{"workspaces": 1, "points": 5_500}]
    assert (await trial.audited("test_over"), await trial.audited("went_live")) == (1, 1)
    await trial.assert_sound()


async def test_spent_points_are_taken_to_zero_at_the_lowest_and_what_they_bought_stays(trial: Trial) -> None:
    """55 bought, 30 spent on an add-on: 25 are taken, no debt; the add-on runs on to the cycle's end."""
    await trial.buy()
    await trial.world.get("Extra bot", 1)

    await trial.key(live=True)

    assert await trial.taken() == [-2_500]
    assert await trial.world.balance() == 0
    assert await trial.world.sql("SELECT units FROM addon_states") == [(1,)]
    (told,) = await trial.told("test_over")
    assert (told["taken"], told["spent"]) == (2_500, 3_000)

    trial.world.turn(1, month=12)
    trial.gateway.clock.at = trial.world.now
    await trial.world.db.write(workspaces.catch_up, trial.world.call(), trial.world.workspace)
    assert await trial.world.sql("SELECT units FROM addon_states WHERE units > 0") == []
    await trial.assert_sound()


async def test_a_balance_below_zero_stays_and_later_points_are_not_taken_for_it(trial: Trial) -> None:
    await trial.buy()
    await trial.world.at_desk(adjust.adjust, trial.world.workspace, -6_500, "a correction", accept_debt=True)

    await trial.key(live=True)
    assert (await trial.world.balance(), await trial.taken()) == (-1_000, [])

    await trial.buy()
    await trial.key(live=True)
    assert (await trial.world.balance(), await trial.taken()) == (4_500, [])
    await trial.assert_sound()


async def test_what_a_refund_took_is_not_taken_again(trial: Trial) -> None:
    """Half of the payment went back with 27.5 of 55 points: 27.5 are left to take; 20 of the partner's stay."""
    await trial.world.give(2_000)
    placed = await trial.buy()
    payment = await _payment(trial, placed)
    trial.gateway.give_back(payment, 2_000)
    await trial.refunds.look(PARTNER, payment)
    assert await trial.world.balance() == 4_750

    await trial.key(live=True)

    assert await trial.taken() == [-2_750]
    assert await trial.world.balance() == 2_000
    ((explained,),) = await trial.world.sql("SELECT explained FROM postings WHERE kind = 'test_points'")
    assert (json.loads(explained) if isinstance(explained, str) else explained) == {
        "credited": 5_500,
        "back": 2_750,
        "spent": 0,
    }
    await trial.assert_sound()


async def test_a_refund_of_a_test_that_is_over_moves_nothing(trial: Trial) -> None:
    """Neither a late one, nor one that is made after going back to test mode."""
    placed = await trial.buy()
    payment = await _payment(trial, placed)
    await trial.key(live=True)
    await trial.buy()

    trial.gateway.live = False
    trial.gateway.give_back(payment, 2_000)
    await trial.refunds.look(PARTNER, payment)
    await trial.key(live=False)
    await trial.refunds.look(PARTNER, payment)
    with pytest.raises(NotRefundableError):
        await trial.refunds.offer(trial.world.call(trial.world.partner_person), placed.id)

    assert await trial.world.balance() == 5_500
    assert await trial.told("reversal") == []
    await trial.assert_sound()


async def _payment(trial: Trial, placed: OrderView) -> str:
    ((payment,),) = await trial.world.sql("SELECT payment_intent FROM orders WHERE id = :o", o=placed.id)
    return str(payment)


async def test_a_due_renewal_comes_before_what_is_taken(trial: Trial) -> None:
    """The points were there when the cycle began: it renewed, and what is left is taken."""
    await trial.buy()
    await trial.world.give(3_000)
    await trial.world.get("Extra bot", 1)
    trial.world.turn(1, month=12)
    trial.gateway.clock.at = trial.world.now

    await trial.key(live=True)

    assert (await trial.world.amounts())[-2:] == [-3_000, -2_500]
    await trial.assert_sound()


async def test_back_to_test_mode_and_live_again_takes_only_what_came_since(trial: Trial) -> None:
    await trial.buy()
    await trial.key(live=True)
    await trial.buy()
    await trial.key(live=False)
    await trial.buy()
    await trial.buy()

    await trial.key(live=True)
    await trial.key(live=True)

    assert await trial.taken() == [-5_500, -11_000]
    assert await trial.world.balance() == 5_500
    assert [each["points"] for each in await trial.told("desk_test_over")] == [5_500, 11_000]
    await trial.assert_sound()


async def test_a_key_that_is_away_for_a_while_changes_nothing_of_it(trial: Trial) -> None:
    """Test key, no key, live key."""
    await trial.buy()
    await trial.world.db.write(account.keep_account, PARTNER, None, trial.world.now, True)
    assert await trial.taken() == []

    await trial.key(live=True)

    assert await trial.taken() == [-5_500]


class _BrokenError(Exception):
    """What nobody expected of a row."""


async def test_a_workspace_that_fails_holds_up_no_other_and_comes_again(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    beta = await trial.another_workspace("Beta")
    await trial.buy()
    await trial.buy(beta)
    real = golive.end_tests

    def broken_at_the_first(tx: Tx, call: Any, workspace_id: int) -> bool:
        ended = real(tx, call, workspace_id)
        if workspace_id != beta:
            # The work is done, and the transaction never comes to its end.
            raise _BrokenError
        return ended

    with monkeypatch.context() as broken:
        broken.setattr(golive, "end_tests", broken_at_the_first)
        with pytest.raises(ExceptionGroup) as failed:
            await trial.key(live=True)
        assert failed.group_contains(_BrokenError)
    assert await trial.taken() == [-5_500]
    assert await trial.told("desk_test_over") == []

    await trial.key(live=True)
    await trial.key(live=True)

    assert await trial.taken() == [-5_500, -5_500]
    assert await trial.told("desk_test_over") == [{"workspaces": 2, "points": 11_000}]
    assert len(await trial.told("test_over")) == 2
    await trial.assert_sound()


async def test_twenty_at_once_take_once(pg_world: World) -> None:
    """Processes that end tests, and news of a payment that was made before, all at the same time."""
    trial = await open_trial(pg_world)
    places = [trial.world.workspace, *[await trial.another_workspace(f"Shop {n}") for n in range(5)]]
    for place in places:
        await trial.buy(place)
    opened = await trial.order()
    trial.pay(opened)
    assert opened.url is not None
    page = await trial.gateway.fetch_session(opened.url.rsplit("/", 1)[1])
    trial.gateway.live = True
    facts = ("acct_1", "Northwind", True, True, "USD")
    await trial.world.db.write(account.keep_account, PARTNER, facts, trial.world.now, True)

    async def one(number: int) -> Any:
        if number % 4 == 3:
            return await trial.checkout.page(PARTNER, page)
        call = Call(trial.world.now, f"live:{number}", BOT)
        return await trial.world.db.write(golive.end_tests, call, places[number % 6])

    await twenty(trial.world.db, one)

    assert await trial.taken() == [-5_500] * 6
    assert await trial.world.sql("SELECT sum(balance) FROM wallets") == [(0,)]
    assert await trial.told("desk_test_over") == [{"workspaces": 6, "points": 33_000}]
    assert len(await trial.told("test_over")) == 6
    await trial.assert_sound()


async def test_two_that_end_the_last_tests_at_the_same_time_tell_the_desk_once(pg_world: World) -> None:
    """Each is not committed when the other looks whether it is the last."""
    trial = await open_trial(pg_world)
    places = [trial.world.workspace, await trial.another_workspace("Beta")]
    for place in places:
        await trial.buy(place)
    facts = ("acct_1", "Northwind", True, True, "USD")
    await trial.world.db.write(account.keep_account, PARTNER, facts, trial.world.now, True)

    def slowly(tx: Tx, call: Call, workspace: int) -> None:
        golive.end_tests(tx, call, workspace)
        tx.conn.execute(text("SELECT pg_sleep(0.3)"))

    await at_once(trial.world.db.write(slowly, trial.world.call(), place) for place in places)

    assert await trial.told("desk_test_over") == [{"workspaces": 2, "points": 11_000}]


async def test_a_tests_payments_count_for_nothing_after(trial: Trial) -> None:
    """Neither in the partner's earnings nor against the customer's limit for a month."""
    placed = await trial.buy()
    since = trial.world.now.replace(day=1)
    assert await trial.world.db.read(order_rows.paid_since, PARTNER, since) == [("USD", 1, 4_000)]

    await trial.key(live=True)

    assert await trial.world.db.read(order_rows.paid_since, PARTNER, since) == []

    def as_automatic(tx: Tx) -> int:
        order = order_rows.order(tx, PARTNER, placed.id)
        assert order is not None
        order.automatic = True
        tx.session.flush()
        where = (PARTNER, trial.world.workspace, "USD", since, trial.world.now)
        return automatic_rows.charged_minor(tx, *where)

    assert await trial.world.db.write(as_automatic) == 0


async def test_the_history_explains_what_was_taken(trial: Trial) -> None:
    await trial.buy()
    await trial.world.get("Extra bot", 1)
    await trial.key(live=True)

    page = await trial.world.db.read(history.page, trial.world.owner, trial.world.workspace, None)

    row = page.rows[0]
    assert (row.kind, row.amount, row.payment) == (Kind.TEST_POINTS, -2_500, None)
    assert row.tried_out == history.TriedOut(5_500, 0, 3_000)
