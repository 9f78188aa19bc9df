"""Ticks: what is looked at again and again. A tick claims due rows of the database; the clock lives in those."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.metrics import Metrics

logger = structlog.get_logger(__name__)

GRACE: Final = 15.0
"""Seconds that running ticks get at stop."""
_WAKES: Final = 100
"""Wakes of one tick that the scheduler may not have seen the end of."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Something to do every `seconds`. What it raises is logged, and it is done again next time."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]


class _Running:
    """One tick: never twice at once, and again at once if it was woken while it ran."""

    def __init__(self, tick: Tick, metrics: Metrics) -> None:
        self.tick = tick
        self.idle = asyncio.Event()
        self.idle.set()
        self._metrics = metrics
        self._again = False

    def runs_again(self) -> bool:
        """Whether it runs now; then it is asked to run once more after that."""
        if self.idle.is_set():
            return False
        self._again = True
        return True

    async def run(self) -> None:
        if self.runs_again():
            return
        self.idle.clear()
        try:
            self._again = True
            while self._again:
                self._again = False
                await self._once()
        finally:
            self.idle.set()

    async def _once(self) -> None:
        try:
            await self.tick.work()
        except Exception:
            logger.exception("tick failed", tick=self.tick.name)
            self._metrics.tick_failures.labels(self.tick.name).inc()


class Ticks:
    """APScheduler with nothing to remember: memory store, UTC, late runs made up for once."""

    def __init__(self, ticks: Sequence[Tick], metrics: Metrics | None = None) -> None:
        metrics = metrics or Metrics()
        self._running = {tick.name: _Running(tick, metrics) for tick in ticks}
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def start(self) -> None:
        """Every tick runs once now, then by its interval."""
        for name, running in self._running.items():
            self._scheduler.add_job(
                running.run,
                IntervalTrigger(seconds=running.tick.seconds, timezone="UTC"),
                id=name,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        self._scheduler.start()
        self.wake_all()

    def wake(self, name: str) -> None:
        """Run this tick now; if it is running, once more after that. Nothing happens when ticks don't run."""
        if self._scheduler.running and not self._running[name].runs_again():
            self._scheduler.add_job(
                self._running[name].run,
                id=f"{name} now",
                misfire_grace_time=None,
                # One that ended just now may still count; _Running sees to it that none runs twice at once.
                max_instances=_WAKES,
                replace_existing=True,
            )

    def wake_all(self) -> None:
        """For a clock that was turned."""
        for name in self._running:
            self.wake(name)

    async def stop(self) -> None:
        """Start no more and wait for those that run; after the grace time they are cancelled."""
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        try:
            async with asyncio.timeout(GRACE):
                for running in self._running.values():
                    await running.idle.wait()
        except TimeoutError:
            logger.warning("ticks cancelled at stop")
        self._scheduler.shutdown(wait=False)
