"""What must hold after every test, read by statements of the tests' own; and many callers at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sqlalchemy import text

from billing.errors import BillingError
from storage.database import Database, Tx
from storage.postgres import POOL
from tests.flows.conftest import World

CALLERS = 20


async def assert_books_balance(world: World) -> None:
    """For every wallet: the sum of its postings is the balance, is the newest row's balance; numbers are dense."""
    wallets = await world.sql("SELECT partner_id, workspace_id, balance, posted FROM wallets")
    postings = await world.sql(
        "SELECT partner_id, workspace_id, number, amount, balance_after FROM postings"
        " ORDER BY partner_id, workspace_id, number"
    )
    running = {(partner, workspace): (0, 0) for partner, workspace, _, _ in wallets}
    for partner, workspace, number, amount, balance_after in postings:
        count, balance = running[partner, workspace]
        assert number == count + 1, "the numbers have a hole"
        assert balance_after == balance + amount, f"posting {number} does not follow from the one before"
        running[partner, workspace] = (number, balance_after)
    assert {
        (partner, workspace): (posted, balance) for partner, workspace, balance, posted in wallets
    } == running


async def at_once(calls: Iterable[Awaitable[Any]]) -> list[Any]:
    """Answers and refusals of calls that run at the same time; any other exception is nobody's to see."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, BillingError):
            raise answer
    return answers


async def twenty(db: Database, call: Callable[[int], Awaitable[Any]]) -> list[Any]:
    """Twenty of them at once, told apart by a number."""
    await _open_the_pool(db)
    return await at_once(call(number) for number in range(CALLERS))


async def _open_the_pool(db: Database) -> None:
    """Without this the first caller is done before the others' connections stand."""

    def wait(tx: Tx) -> None:
        tx.conn.execute(text("SELECT pg_sleep(0.03)"))

    await asyncio.gather(*(db.read(wait) for _ in range(POOL)))


def refusals(answers: Iterable[Any]) -> list[BillingError]:
    return [answer for answer in answers if isinstance(answer, BillingError)]


def accepted(answers: Iterable[Any]) -> list[Any]:
    return [answer for answer in answers if not isinstance(answer, BillingError)]
