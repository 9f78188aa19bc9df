"""Taps while a sweep runs in the same process: the longest that somebody waits, against the longest without one."""

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks import due_world, taps
from benchmarks.market import BOT_ID, Market, open_market
from benchmarks.measure import Comparison
from bot.memory import settle_memory
from bot.sweeping import Sweep

COUNT: Final = 5_000
OWNERS: Final = 8
ROUNDS: Final = 4
MOST: Final = 30.0


class _Then:
    """A clock that stands."""

    def __init__(self, at: dt.datetime) -> None:
        self._at = at

    def now(self) -> dt.datetime:
        return self._at


async def on_sqlite(folder: Path) -> Comparison:
    return await _compare("SQLite", f"sqlite:///{folder / 'sweep-taps.db'}")


async def on_postgres(url: str) -> Comparison:
    return await _compare("PostgreSQL", url)


async def _compare(name: str, url: str) -> Comparison:
    sweeping, idle = [], []
    async with open_market(url, OWNERS) as market:
        await due_world.price_all(market.db)
        await due_world.fill(market.db, COUNT)
        await market.db.write(due_world.look_up_statistics)
        settle_memory()
        async with taps.ours(market) as feed:
            for month, _ in zip(due_world.months(), range(ROUNDS + 1), strict=False):
                task = asyncio.ensure_future(Sweep(market.db, _Then(month), BOT_ID, lambda: None).run())
                waits = await _waits(market, feed, task.done)
                assert await task >= COUNT
                sweeping.append(max(waits))
                idle.append(max(await _waits(market, feed, _after(len(waits) // OWNERS))))
    what = f"The longest tap while {COUNT:,} are renewed on {name}; bare: of as many without"
    # The first month warms up.
    return Comparison(what, "ms", tuple(sweeping[1:]), tuple(idle[1:]), most=MOST)


def _after(turns: int) -> Callable[[], bool]:
    left = iter(range(turns))
    return lambda: next(left, None) is None


async def _waits(market: Market, feed: taps.Feed, over: Callable[[], bool]) -> list[float]:
    """Milliseconds for each of many taps, one after the other."""
    found = []
    while not over():
        for telegram_id, workspace_id in market.owners:
            begin = perf_counter()
            await feed([taps.tap(telegram_id, workspace_id)])
            found.append((perf_counter() - begin) * 1000)
    return found
