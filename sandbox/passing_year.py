"""The button that lets a year pass: plays the story with whatever program is connected, and shows how far it is."""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Literal, TypeAlias

from aiohttp import web

from sandbox.accountant import Story, Verdict
from sandbox.clock import SandboxClock
from sandbox.playing import Company, play
from sandbox.year import MONTHS, story

Stage: TypeAlias = Literal["idle", "running", "done", "failed"]
OpenCompany: TypeAlias = Callable[[], AbstractAsyncContextManager[Company]]
"""The program on trial, for the length of the block; LookupError says what is missing for it."""

logger = logging.getLogger(__name__)


class PassingYear:
    """GET /sim/year says how far it is, POST lets it begin; it passes once in a sandbox's life."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self.company: OpenCompany | None = None
        """Set by the program that can be tried."""
        self._stage: Stage = "idle"
        self._story: Story | None = None
        self._at: dt.datetime | None = None
        self._error = ""
        self._verdicts: list[Verdict] = []
        self._passing: asyncio.Future[None] | None = None

    @property
    def passes(self) -> bool:
        return self._stage == "running"

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/sim/year", self._show)
        app.router.add_post("/sim/year", self._begin)

    async def stop(self) -> None:
        """It ends where it is: the sandbox closes."""
        if self._passing is not None:
            self._passing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._passing

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response(self.as_json())

    async def _begin(self, _request: web.Request) -> web.Response:
        if self.company is None:
            return web.json_response(
                {"error": "no program that a year could pass for is connected"}, status=404
            )
        never_began = self._stage == "failed" and self._at is None
        if self._stage == "idle" or never_began:
            self._stage, self._error = "running", ""
            # Kept here: it outlives the request that began it.
            self._passing = asyncio.ensure_future(self._pass(self.company))
        return web.json_response(self.as_json())

    async def _pass(self, company: OpenCompany) -> None:
        try:
            async with AsyncExitStack() as stack:
                try:
                    playing = await stack.enter_async_context(company())
                except LookupError as missing:
                    # In words for whoever pressed the button.
                    self._stage, self._error = "failed", str(missing)
                    return
                told = self._story = story(first_of_next_month(self._clock.now().date()))
                self._verdicts = await play(told, playing, self._note)
        except Exception as error:
            logger.exception("the year ended early")
            self._stage, self._error = "failed", f"{type(error).__name__}: {error}"
        else:
            self._stage = "done"

    def _note(self, at: dt.datetime) -> None:
        self._at = at

    def as_json(self) -> dict[str, Any]:
        """{"stage", "month", "months", "now", "error", "rows"}: rows when it is done, amounts in hundredths."""
        return {
            "stage": self._stage,
            "month": self._month(),
            "months": MONTHS,
            "now": self._at.isoformat() if self._at is not None else None,
            "error": self._error,
            "rows": [self._row(verdict) for verdict in self._verdicts],
        }

    def _month(self) -> int:
        """Months that are over."""
        if self._story is None or self._at is None:
            return 0
        first = self._story.begins
        return min(MONTHS, (self._at.year - first.year) * 12 + self._at.month - first.month)

    def _row(self, verdict: Verdict) -> dict[str, Any]:
        assert self._story is not None, "it was played"
        workspace = next(each for each in self._story.workspaces if each.name == verdict.name)
        found = verdict.found
        return {
            "name": verdict.name,
            "zone": workspace.zone,
            "anchor": workspace.anchor.day,
            "renewals": len({line.cycle for line in found.lines if line.what == "renewal"}),
            "charged": sum(charge.cents for charge in found.charges if charge.answer == "paid"),
            "declined": sum(charge.answer != "paid" for charge in found.charges),
            "lines": len(found.lines),
            "balance": found.balance,
            "expected": verdict.expected.balance,
            "differences": list(verdict.differences),
        }


def first_of_next_month(date: dt.date) -> dt.date:
    return (date.replace(day=1) + dt.timedelta(days=31)).replace(day=1)
