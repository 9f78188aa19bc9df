"""Twenty callers at once on a workspace: points, add-ons, cycles. On PostgreSQL, where at once means it."""

import asyncio
import datetime as dt

from billing import addons, adjust, orders, workspaces
from billing.addons import Changed
from billing.call import Call
from billing.errors import GoneError, NotEnoughPointsError, QuoteChangedError, UndoOverError
from billing.ledger import Operation, Posted, ReferenceReusedError, post
from tests.flows.checks import CALLERS, accepted, assert_books_balance, refusals, twenty
from tests.flows.conftest import BOT, World
from tests.flows.test_ledger import operation, three_workspaces
from tests.flows.test_orders import order, paid


async def test_the_door_takes_one_reference_once_from_twenty(pg_world: World) -> None:
    """With nobody else holding the workspace's lock: the door's own is enough."""
    world = pg_world

    answers = await twenty(
        world.db, lambda _: world.db.write(post, [operation(world.workspace, "pay:1", 700, 50)])
    )

    assert sorted(answer.repeated for (answer,) in answers) == [False] + [True] * 19
    assert await world.amounts() == [700, 50]
    await assert_books_balance(world)


async def test_batches_that_name_the_same_wallets_in_any_order_all_pass(pg_world: World) -> None:
    """Locked in id order whatever the caller's: no deadlock, no lost update."""
    world = pg_world
    wallets = await three_workspaces(world)

    def batch(n: int) -> list[Operation]:
        turned = wallets[n % 3 :] + wallets[: n % 3]
        return [operation(w, f"op:{n}:{w}", n + 1) for w in (turned if n % 2 else turned[::-1])]

    answers = await twenty(world.db, lambda n: world.db.write(post, batch(n)))

    assert all(isinstance(each, Posted) and not each.repeated for answer in answers for each in answer)
    assert await world.sql("SELECT balance FROM wallets") == [(210,)] * 3
    await assert_books_balance(world)


async def test_one_reference_on_two_wallets_at_once_is_an_error_for_one_of_them(pg_world: World) -> None:
    world = pg_world
    wallets = (await three_workspaces(world))[:2]

    answers = await asyncio.gather(
        *(world.db.write(post, [operation(wallets[n % 2], "pay:1", 700)]) for n in range(CALLERS)),
        return_exceptions=True,
    )

    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(error) for error in errors] == [ReferenceReusedError] * 10
    assert await world.sql("SELECT amount FROM postings") == [(700,)]
    await assert_books_balance(world)


async def test_one_gift_pressed_twenty_times_is_given_once(pg_world: World) -> None:
    world = pg_world
    tap = world.call(world.partner_person, "tap:gift")

    answers = await twenty(
        world.db, lambda _: world.db.write(adjust.adjust, tap, world.workspace, 500, "sorry")
    )

    assert {answer.balance for answer in answers} == {500}
    assert await world.amounts() == [500]
    assert (await world.notices()).count("adjusted") == 1
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'points'") == [(1,)]
    await assert_books_balance(world)


async def test_twenty_gifts_are_given_twenty_times(pg_world: World) -> None:
    world = pg_world

    answers = await twenty(world.db, lambda n: world.at_desk(adjust.adjust, world.workspace, n + 1, "sorry"))

    assert await world.balance() == 210
    assert len({answer.number for answer in answers}) == CALLERS
    await assert_books_balance(world)


async def test_twenty_takings_never_leave_a_debt_unasked(pg_world: World) -> None:
    world = pg_world
    await world.give(700)

    answers = await twenty(world.db, lambda _: world.at_desk(adjust.adjust, world.workspace, -100, "fee"))

    assert len(refusals(answers)) == 13
    assert await world.balance() == 0
    await assert_books_balance(world)


async def test_an_adjustment_undone_twenty_times_is_undone_once(pg_world: World) -> None:
    world = pg_world
    given = await world.at_desk(adjust.adjust, world.workspace, 500, "mistake")

    await twenty(world.db, lambda _: world.at_desk(adjust.undo, world.workspace, given.number))

    assert await world.amounts() == [500, -500]
    await assert_books_balance(world)


async def test_one_tap_buys_once_however_often_it_is_handled(pg_world: World) -> None:
    world = pg_world
    await world.give(10_000)
    tap, addon = world.call(world.owner, "tap:buy"), world.addon["Extra bot"]

    answers = await twenty(
        world.db, lambda _: world.db.write(addons.set_units, tap, world.workspace, addon, 1, 3_000)
    )

    assert sum(not answer.repeated for answer in answers) == 1
    assert {(answer.units, answer.amount, answer.balance) for answer in answers} == {(1, 3_000, 7_000)}
    assert await world.amounts() == [10_000, -3_000]


async def test_twenty_taps_on_the_same_target_buy_it_once(pg_world: World) -> None:
    """R13."""
    world = pg_world
    await world.give(100_000)
    addon = world.addon["Extra bot"]

    answers = await twenty(world.db, lambda _: world.do(addons.set_units, world.workspace, addon, 2, 6_000))

    assert sum(not answer.repeated for answer in answers) == 1
    assert await world.amounts() == [100_000, -6_000]
    assert await world.sql("SELECT units, changes FROM addon_states") == [(2, 1)]


async def test_nine_addons_at_once_are_bought_as_far_as_the_money_goes(pg_world: World) -> None:
    """Three of nine at 30 points with 95 points: never below zero, and none left out that could be paid."""
    world = pg_world
    await world.give(9_500)
    every = list(world.addon.values())

    answers = await twenty(
        world.db, lambda n: world.do(addons.set_units, world.workspace, every[n % 9], 1, 3_000)
    )

    assert all(isinstance(refusal, NotEnoughPointsError) for refusal in refusals(answers))
    assert sum(isinstance(answer, Changed) and not answer.repeated for answer in answers) == 3
    assert await world.balance() == 500
    assert await world.sql("SELECT sum(units) FROM addon_states") == [(3,)]
    await assert_books_balance(world)


async def test_a_purchase_undone_twenty_times_is_paid_back_once(pg_world: World) -> None:
    """R9."""
    world = pg_world
    await world.give(10_000)
    bought = await world.get("Extra bot", 1)

    await twenty(
        world.db, lambda _: world.do(addons.undo, world.workspace, world.addon["Extra bot"], bought.number)
    )

    assert await world.amounts() == [10_000, -3_000, 3_000]
    await assert_books_balance(world)


async def test_undo_and_another_change_at_once_leave_the_right_price_posted(pg_world: World) -> None:
    world = pg_world
    await world.give(10_000)
    bought = await world.get("Extra bot", 1)
    addon = world.addon["Extra bot"]

    answers = await twenty(
        world.db,
        lambda n: (
            world.do(addons.undo, world.workspace, addon, bought.number)
            if n % 2
            else world.do(addons.set_units, world.workspace, addon, 2, 3_000)
        ),
    )

    assert {type(refusal) for refusal in refusals(answers)} <= {UndoOverError, QuoteChangedError}
    (((units,),), ((posted,),)) = (
        await world.sql("SELECT units FROM addon_states"),
        await world.sql("SELECT -sum(amount) FROM postings WHERE addon_id IS NOT NULL"),
    )
    assert (units, posted) in {(0, 0), (2, 6_000)}
    await assert_books_balance(world)


async def test_renewing_remembering_and_asking_at_once_disturb_nobody(pg_world: World) -> None:
    world = pg_world
    await world.give(10_000)
    await world.get("Extra bot", 3)
    bot, member = world.addon["Extra bot"], world.addon["Extra member"]

    await twenty(world.db, lambda n: world.do(addons.set_renews, world.workspace, bot, renews=n != 0))
    await twenty(world.db, lambda n: world.do(addons.remember_purchase, world.workspace, member, n + 1))
    await twenty(world.db, lambda n: world.do(addons.request_removal, world.workspace, bot, n % 3))

    assert await world.sql("SELECT count(*) FROM purchase_intents") == [(1,)]
    assert await world.sql("SELECT count(*) FROM removal_requests") == [(1,)]
    assert await world.amounts() == [10_000, -9_000]


async def test_a_request_answered_by_two_admins_is_answered_once(pg_world: World) -> None:
    """R10."""
    world = pg_world
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)
    addon = world.addon["Extra bot"]
    await world.do(addons.request_removal, world.workspace, addon, 0)

    answers = await twenty(
        world.db, lambda n: world.at_desk(addons.answer_request, world.workspace, addon, approve=n % 2 == 0)
    )

    assert [type(refusal) for refusal in refusals(answers)] == [GoneError] * 19
    (answer,) = accepted(answers)
    assert await world.balance() == (7_000 if answer is None else 8_500)
    assert (await world.notices()).count("removal_answer") == 1
    await assert_books_balance(world)


async def test_a_due_cycle_is_worked_off_once_by_twenty(pg_world: World) -> None:
    """R14."""
    world = pg_world
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(1, month=12)

    await twenty(world.db, lambda _: world.db.write(workspaces.catch_up, world.call(), world.workspace))

    assert await world.amounts() == [10_000, -3_000, -3_000]
    assert (await world.notices()).count("renewal") == 1
    await assert_books_balance(world)


async def test_a_due_cycle_is_worked_off_once_whatever_twenty_people_do_first(pg_world: World) -> None:
    world = pg_world
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(1, month=12)
    _, facts = await order(world)
    addon = world.addon["Extra member"]
    calls = (
        lambda: world.at_desk(adjust.adjust, world.workspace, 100, "gift"),
        lambda: world.do(addons.set_units, world.workspace, addon, 1, 3_000),
        lambda: world.db.write(orders.settle, world.call(), 1, paid(facts)),
        lambda: world.db.write(workspaces.catch_up, world.call(), world.workspace),
    )

    await twenty(world.db, lambda n: calls[n % 4]())

    assert (await world.sql("SELECT amount FROM postings WHERE kind = 'renewal'")) == [(-3_000,)]
    assert await world.balance() == 10_000 - 3 * 3_000 + 5 * 100 + 5_500
    await assert_books_balance(world)


def test_a_call_draws_the_same_ids_however_often_it_runs() -> None:
    """What everything above rests on."""
    at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert Call(at, "tap:1", BOT).id_for("order") == Call(at, "tap:1", BOT).id_for("order")
    assert Call(at, "tap:1", BOT).id_for("order") != Call(at, "tap:2", BOT).id_for("order")
