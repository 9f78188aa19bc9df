"""The sandbox's time: real time plus an offset that can be turned forward."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """The only place in sandbox/ that reads a clock of the machine.

    `now()` is what the calendar says inside the sandbox: aware, UTC. `monotonic()` is real elapsed time in
    seconds; what people wait for (a callback query's life, "typing…") is measured by it and never turned.
    """

    def __init__(self) -> None:
        self._offset = timedelta()
        self._listeners: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def monotonic(self) -> float:
        return time.monotonic()

    def turn(self, step: timedelta) -> datetime:
        """Moves time forward by `step` and tells the listeners; ValueError if it would run backwards."""
        if step < timedelta():
            raise ValueError("the clock only turns forward")
        self._offset += step
        now = self.now()
        for listener in self._listeners:
            listener(now)
        return now

    def turn_to(self, moment: datetime) -> datetime:
        """Turns to an aware moment in the future; ValueError if it is past or naive."""
        if moment.tzinfo is None:
            raise ValueError("the moment needs a time zone")
        return self.turn(moment - self.now())

    def on_turn(self, listener: Callable[[datetime], None]) -> None:
        """`listener` is called with the new time after every turn."""
        self._listeners.append(listener)
