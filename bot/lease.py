"""Holding a lease while doing what only one process may do."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import structlog

from billing.clock import Clock
from bot.tasks import happens
from storage import leases
from storage.database import Database

logger = structlog.get_logger(__name__)

TTL = 10.0
"""Seconds until the lease of a process that died is free."""


class _LeaseLostError(Exception):
    """Somebody else may be at it now."""


class Lease:
    """A named lease of this process (`owner`), taken when it is free and renewed while the work runs."""

    def __init__(self, db: Database, clock: Clock, name: str, owner: str, *, ttl: float = TTL) -> None:
        self._db = db
        self._clock = clock
        self._name = name
        self._owner = owner
        self._ttl = ttl
        self.held = False

    async def hold(self, work: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
        """Wait for the lease and do the work; again whenever it was lost. Returns when the work does, or at stop.

        The work is cancelled when the lease is lost.
        """
        while not stopping.is_set():
            if not await self._take():
                await happens(stopping, self._ttl / 5)
                continue
            self.held = True
            try:
                if await self._work(work):
                    return
            finally:
                self.held = False
                await self._release()

    async def _work(self, work: Callable[[], Awaitable[None]]) -> bool:
        finished = False
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep())
                await work()
                keeper.cancel()
                finished = True
        except* _LeaseLostError:
            logger.warning("lease lost", lease=self._name)
        return finished

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        sure_until = loop.time() + self._ttl
        while True:
            await asyncio.sleep(self._ttl / 3)
            asked_at = loop.time()
            if await self._take():
                sure_until = asked_at + self._ttl
            elif loop.time() + self._ttl / 3 >= sure_until:
                raise _LeaseLostError

    async def _take(self) -> bool:
        now = self._clock.now()
        until = now + dt.timedelta(seconds=self._ttl)
        try:
            return await self._db.write(leases.take, self._name, self._owner, now, until)
        except Exception:
            logger.exception("lease not renewed", lease=self._name)
            return False

    async def _release(self) -> None:
        try:
            await self._db.write(leases.release, self._name, self._owner)
        except Exception:
            # It expires by itself; the reason to stop matters more than this.
            logger.exception("lease not released", lease=self._name)
