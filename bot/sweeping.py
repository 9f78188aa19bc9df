"""The tick that works off due cycles (R14, R15): in batches, with taps answered in between."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from billing import renewal
from billing.call import Call
from billing.clock import Clock
from billing.renewal import Swept
from storage import sweep
from storage.database import Database

logger = structlog.get_logger(__name__)

BATCH: Final = {"postgresql": 1_000, "sqlite": 250}
"""Workspaces in one transaction. SQLite has one writer, and taps wait for it."""
LEASE: Final = dt.timedelta(minutes=10)
"""For what is worked off one by one: in this time nobody else's sweep takes it up, also where it failed."""
TELL_EVERY: Final = 5.0
"""Seconds between two lines in the log of one long sweep."""


class Sweep:
    """Renews what is due, in this process; any number of them may run on one database."""

    def __init__(
        self, db: Database, clock: Clock, bot_id: int, wake: Callable[[], None], most: int | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._bot_id = bot_id
        self._wake = wake
        self._most = most or BATCH[db.dialect]

    async def run(self) -> int:
        """Until nothing is due that nobody else works off. Answers how many workspaces it worked off or tried to."""
        progress = _Progress(self._clock.now())
        while (swept := await self._batch()).count:
            await self._one_by_one(swept.left)
            self._wake()
            progress.done += swept.count
            if swept.count == self._most and not progress.total:
                progress.total = await self._db.read(sweep.count_due, self._clock.now()) + progress.done
            progress.tell(self._clock.now())
        while (swept := await self._db.write(renewal.lease_lapses, *self._claim("lapses"))).count:
            await self._one_by_one(swept.left)
            self._wake()
            progress.done += swept.count
        return progress.done

    async def _batch(self) -> Swept:
        try:
            return await self._db.write(renewal.sweep_batch, *self._claim("sweep"))
        except Exception:
            # One by one, the defect shows at the workspace that has it, and holds up none of the others.
            logger.exception("sweep of a batch failed", workspaces=self._most)
            return await self._db.write(renewal.set_aside, *self._claim("sweep"))

    def _claim(self, what: str) -> tuple[Call, int, dt.datetime]:
        now = self._clock.now()
        return Call(now, f"{what}:{now.isoformat()}", self._bot_id), self._most, now + LEASE

    async def _one_by_one(self, workspace_ids: tuple[int, ...]) -> None:
        for workspace_id in workspace_ids:
            now = self._clock.now()
            call = Call(now, f"tick:{workspace_id}:{now.isoformat()}", self._bot_id)
            try:
                await self._db.write(renewal.work_off, call, workspace_id)
            except Exception:
                logger.exception("cycle not worked off", workspace=workspace_id, again_after=now + LEASE)


@dataclass(slots=True)
class _Progress:
    """How far a sweep is, for one that takes long."""

    told: dt.datetime
    """When it began, or when the log heard of it last."""
    total: int = 0
    """About: others may sweep too, and cycles go on ending. 0: one batch is all, so far."""
    done: int = 0
    done_then: int = 0

    def tell(self, now: dt.datetime) -> None:
        seconds = (now - self.told).total_seconds()
        if seconds < TELL_EVERY:
            return
        logger.info(
            "renewal sweep",
            done=self.done,
            of_about=max(self.total, self.done),
            per_second=round((self.done - self.done_then) / seconds),
        )
        self.told, self.done_then = now, self.done
