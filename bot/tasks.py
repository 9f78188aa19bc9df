"""The process's long-running tasks: owned, named, and loud when one of them fails."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

logger = structlog.get_logger(__name__)


class Nursery:
    """Keeps the tasks of a process. The first that fails or ends unasked is the reason to stop the process.

    Unlike a TaskGroup it cancels nothing by itself: the process has an order to stop in.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed = asyncio.Event()
        self._stopping = False
        self.failure: BaseException | None = None

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it until it ends. The reference is kept here: the loop itself keeps only a weak one."""
        task = asyncio.ensure_future(work)
        task.set_name(name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def failed(self) -> None:
        """Wait for the first failure; it stands in `failure`."""
        await self._failed.wait()

    def stop(self) -> None:
        """From now on tasks may end."""
        self._stopping = True

    async def finish(self, seconds: float) -> None:
        """Wait for all, at most so long, and cancel what still runs."""
        self.stop()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            logger.warning("task cancelled at stop", task=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None and self._stopping:
            return
        error = error or RuntimeError(f"{task.get_name()} ended by itself")
        logger.error("task failed", task=task.get_name(), exc_info=error)
        self.failure = self.failure or error
        self._failed.set()


async def happens(event: asyncio.Event, within: float) -> bool:
    """Wait for the event, at most `within` seconds. Whether it happened."""
    try:
        async with asyncio.timeout(within):
            await event.wait()
    except TimeoutError:
        return False
    return True
