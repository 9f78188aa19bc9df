"""A gate before the ticks of a process: while it is closed, somebody else says when what is looked at."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.ticks import Tick


class TickGate:
    """`ticks` do the work of those given, or nothing while the gate is closed."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        self._works = {tick.name: tick.work for tick in ticks}
        self._open = True
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self.ticks = tuple(replace(tick, work=self._through(tick.work)) for tick in ticks)

    def work(self, name: str) -> Callable[[], Awaitable[object]]:
        """What the tick of that name does, past the gate."""
        return self._works[name]

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """For the length of the block no tick works; those at work are waited for first."""
        self._open = False
        try:
            await self._empty.wait()
            yield
        finally:
            self._open = True

    def _through(self, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        async def pass_through() -> None:
            if not self._open:
                return
            self._inside += 1
            self._empty.clear()
            try:
                await work()
            finally:
                self._inside -= 1
                if not self._inside:
                    self._empty.set()

        return pass_through
