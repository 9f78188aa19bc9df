"""The ledger's one door: batches, references, the floor, and rows that only ever grow."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from billing import workspaces
from billing.ledger import Kind, Line, Operation, Posted, ReferenceReusedError, Refused, post
from storage.database import Tx
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import START, World

Answer = Posted | Refused


def operation(
    workspace: int, reference: str, *amounts: int, forced: bool = False, floor: int = 0
) -> Operation:
    lines = tuple(Line(Kind.ADJUSTMENT, amount) for amount in amounts)
    return Operation(1, workspace, reference, lines, START, forced=forced, floor=floor)


async def posting(world: World, *operations: Operation) -> list[Answer]:
    answers: list[Answer] = await world.db.write(post, operations)
    return answers


async def three_workspaces(world: World) -> list[int]:
    made = [world.workspace]
    plans = await world.db.read(workspaces.plans, world.partner_person)
    for name in ("Blue Oak", "Cedar"):
        new = await world.at_desk(workspaces.create, name, plans[0][0].id, "UTC", START.date())
        made.append(new.id)
    return made


async def balances(world: World) -> list[int]:
    return [row[0] for row in await world.sql("SELECT balance FROM wallets ORDER BY workspace_id")]


async def test_a_batch_serves_several_wallets_and_a_refusal_harms_no_other(world: World) -> None:
    a, b, c = await three_workspaces(world)

    answers = await posting(
        world,
        operation(c, "in-c", 900),
        operation(a, "in-a", 1_000),
        operation(b, "out-b", -1),
        operation(a, "out-a", -400),
        operation(c, "out-c", -1_000),
    )

    assert [type(answer) for answer in answers] == [Posted, Posted, Refused, Posted, Refused]
    assert answers[2] == Refused(b, "out-b", 1)
    assert answers[4] == Refused(c, "out-c", 100)
    assert await balances(world) == [600, 0, 900]
    await assert_books_balance(world)


async def test_the_same_reference_is_posted_once_in_one_batch_and_in_the_next(world: World) -> None:
    first = await posting(
        world, operation(world.workspace, "pay:1", 700), operation(world.workspace, "pay:1", 700)
    )
    later = await posting(world, operation(world.workspace, "pay:1", 700))

    assert [answer.repeated for answer in (*first, *later) if isinstance(answer, Posted)] == [
        False,
        True,
        True,
    ]
    assert {(answer.first, answer.balance_after) for answer in (*first, *later)} == {(1, 700)}  # type: ignore[union-attr]  # all are posted
    assert await world.amounts() == [700]


async def test_a_repeat_answers_what_was_stored_even_after_more_was_posted(world: World) -> None:
    """What a second tap shows is the balance of its own moment, and its own sum, whatever is asked now."""
    await posting(world, operation(world.workspace, "one", 700))
    await posting(world, operation(world.workspace, "two", -200))

    (again,) = await posting(world, operation(world.workspace, "one", 999_999))

    assert again == Posted(world.workspace, "one", 700, 700, 1, 1, repeated=True)
    assert await world.balance() == 500


async def test_a_refused_reference_is_free_to_be_tried_again(world: World) -> None:
    (refused,) = await posting(world, operation(world.workspace, "buy", -500))
    await posting(world, operation(world.workspace, "gift", 500))

    (bought,) = await posting(world, operation(world.workspace, "buy", -500))

    assert refused == Refused(world.workspace, "buy", 500)
    assert isinstance(bought, Posted)
    assert not bought.repeated
    assert await world.balance() == 0


async def test_a_reference_of_another_workspace_is_an_error_and_nothing_is_posted(world: World) -> None:
    a, b, _ = await three_workspaces(world)
    await posting(world, operation(a, "pay:1", 700))

    with pytest.raises(ReferenceReusedError):
        await posting(world, operation(b, "gift", 100), operation(b, "pay:1", 700))

    assert await balances(world) == [700, 0, 0]


async def test_credits_and_forced_postings_pass_the_floor_and_nothing_else_does(world: World) -> None:
    """R29: below zero only by force; then a credit that leaves a debt is still taken."""
    w = world.workspace

    answers = await posting(
        world,
        operation(w, "dispute", -220, forced=True),
        operation(w, "gift", 5),
        operation(w, "buy", -1),
        operation(w, "deeper", -10, floor=-300),
    )

    assert [type(answer) for answer in answers] == [Posted, Posted, Refused, Posted]
    assert answers[2] == Refused(w, "buy", 216)
    assert await world.balance() == -225
    await assert_books_balance(world)


async def test_an_operation_is_taken_or_refused_with_all_its_lines(world: World) -> None:
    """The floor is judged on the sum: lines that dip below it on the way are no reason to refuse."""
    (taken,) = await posting(world, operation(world.workspace, "swap", -300, 500))
    (refused,) = await posting(world, operation(world.workspace, "both", 100, -900))

    assert isinstance(taken, Posted)
    assert refused == Refused(world.workspace, "both", 600)
    assert sorted(await world.amounts()) == [-300, 500]
    assert await world.balance() == 200
    await assert_books_balance(world)


@pytest.mark.parametrize(("balance_after", "forced", "stands"), [(-1, False, False), (-1, True, True)])
async def test_the_database_itself_refuses_a_row_below_the_floor(
    world: World, balance_after: int, forced: bool, stands: bool
) -> None:
    def insert(tx: Tx) -> None:
        tx.conn.execute(
            text(
                "INSERT INTO postings (partner_id, workspace_id, number, reference, line, kind, amount,"
                " balance_after, floor, forced, at, note)"
                " VALUES (1, :w, 1, 'raw', 0, 'addon', -1, :after, 0, :forced, '2026-11-01 12:00:00', '')"
            ),
            {"w": world.workspace, "after": balance_after, "forced": forced},
        )

    if stands:
        await world.db.write(insert)
    else:
        with pytest.raises(IntegrityError):
            await world.db.write(insert)

    assert (await world.amounts() == [-1]) is stands


async def test_a_thousand_operations_in_one_call(world: World) -> None:
    """A renewal sweep's size: every tenth is refused, and the thousandth row knows its balance."""
    a, b, c = await three_workspaces(world)
    operations = [
        operation((a, b, c)[n % 3], f"op:{n}", -1_000_000 if n % 10 == 9 else n + 1) for n in range(1_000)
    ]

    answers = await posting(world, *operations)

    refused = [n for n, answer in enumerate(answers) if isinstance(answer, Refused)]
    assert refused == list(range(9, 1_000, 10))
    assert await balances(world) == [
        sum(n + 1 for n in range(1_000) if n % 3 == which and n % 10 != 9) for which in range(3)
    ]
    await assert_books_balance(world)
    repeated = await posting(world, *operations)
    assert sum(isinstance(answer, Posted) and answer.repeated for answer in repeated) == 900


async def test_nothing_to_post_is_nothing_done(world: World) -> None:
    assert await posting(world) == []
    assert await world.amounts() == []
