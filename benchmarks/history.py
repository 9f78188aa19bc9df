"""A page in the middle of a long ledger, against a page of a short one in the same database."""

import itertools
from pathlib import Path
from time import perf_counter

from benchmarks.market import PARTNER, Market, open_market
from benchmarks.measure import Comparison, Round, take_turns
from billing import history, people
from billing.clock import SystemClock
from billing.ledger import Kind, Line, Operation, post
from storage.database import Database

LONG, SHORT = 200_000, 10
PAGES = 300
ROUNDS = 6
_BATCH = 1_000


async def compare(folder: Path) -> Comparison:
    """The use case behind the history screen, rights and labels included."""
    async with open_market(f"sqlite:///{folder / 'history.db'}", 2) as market:
        (_, long), (_, short) = market.owners
        await _fill(market.db, long, LONG)
        await _fill(market.db, short, SHORT)
        figures = await take_turns(await _pages(market, 0, LONG // 2), await _pages(market, 1, SHORT), ROUNDS)
    name = f"A page of history, {LONG:,} postings; bare: the same with {SHORT}"
    return Comparison(name, "ms", *figures, most=1.25)


async def _fill(db: Database, workspace_id: int, count: int) -> None:
    at, line = SystemClock().now(), (Line(Kind.TOPUP, 100),)
    numbers = iter(range(count))
    while batch := list(itertools.islice(numbers, _BATCH)):
        operations = [Operation(PARTNER, workspace_id, f"fill:{workspace_id}:{n}", line, at) for n in batch]
        await db.write(post, operations)


async def _pages(market: Market, which: int, below: int) -> Round:
    """Rounds of the same page. The figure is milliseconds for a page."""
    telegram_id, workspace_id = market.owners[which]
    visitor = await market.db.read(people.known, telegram_id)
    assert visitor is not None
    person_id = visitor.person_id

    async def one_round() -> float:
        begin = perf_counter()
        for _ in range(PAGES):
            page = await market.db.read(history.page, person_id, workspace_id, below)
            assert len(page.rows) == history.PAGE
        return (perf_counter() - begin) * 1000 / PAGES

    return one_round
