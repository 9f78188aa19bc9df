"""What a forked child runs: the command line, in a folder, with nothing but the given settings."""

import asyncio
import datetime as dt
import os
import sys
from collections.abc import Mapping
from multiprocessing.sharedctypes import Synchronized

from billing import stripe_gateway
from billing.clock import Clock, SystemClock
from bot import assembly, cli, preflight, process
from bot.lease import Lease
from bot.process import Running
from bot.product import Assemble
from bot.settings import Settings
from bot.worker import Worker
from storage import migrate, postgres, sqlite

IMPORTED = (assembly, cli, migrate, postgres, preflight, process, sqlite, stripe_gateway)
"""Importing takes seconds: it happens once, before the fork."""


_LOOK = 0.05
"""Seconds after which a turned clock is noticed, as somebody who waits would notice it."""


class TurnedClock:
    """The machine's clock and as many seconds ahead as the test says."""

    def __init__(self, ahead: "Synchronized[float]") -> None:
        self._ahead = ahead
        self._wall = SystemClock()

    @property
    def ahead(self) -> float:
        return self._ahead.value

    def now(self) -> dt.datetime:
        return self._wall.now() + dt.timedelta(seconds=self.ahead)


def addondesk(
    arguments: list[str],
    settings: Mapping[str, str],
    folder: str,
    log: str,
    lease: float | None = None,
    ahead: "Synchronized[float] | None" = None,
) -> None:
    """`addondesk …` with its stderr in the file `log`.

    `lease`: seconds until somebody may take over, if not the usual ten. `ahead`: by how many seconds its clock goes ahead.
    """
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(written, sys.stderr.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(settings)
    if lease is not None:
        _default(Lease, ttl=lease)
        _default(Worker, lease=lease)
    if ahead is not None:
        _turn(TurnedClock(ahead))
    sys.argv = ["addondesk", *arguments]
    cli.main()


def _default(part: type, **value: float) -> None:
    """Another default for a keyword of its constructor."""
    defaults = vars(part)["__init__"].__kwdefaults__
    assert value.keys() <= defaults.keys()
    defaults.update(value)


def _turn(clock: TurnedClock) -> None:
    """`addondesk run` goes by this clock and looks again when it was turned, as in the demo."""
    real = process.run

    async def run(settings: Settings, _wall: Clock, assemble: Assemble, **_: object) -> int:
        return await real(settings, clock, assemble, on_ready=lambda running: _notice(running, clock))

    process.run = run  # type: ignore[assignment]  # the command line calls it with no more than this takes


def _notice(running: Running, clock: TurnedClock, known: float = 0.0) -> None:
    ahead = clock.ahead
    if ahead != known:
        running.look_again()
    asyncio.get_running_loop().call_later(_LOOK, _notice, running, clock, ahead)
