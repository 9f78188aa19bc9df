"""Tells everyone who watches the sandbox that something changed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Detail = str | int | bool | None

_BACKLOG = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is chat, calls, query, clock, host, stripe or bot; `detail` holds small ids, never content."""

    kind: str
    detail: dict[str, Detail] = field(default_factory=dict)


class Hub:
    """Changes fan out to subscribers; one that doesn't read loses the oldest, since a change only says "look again"."""

    def __init__(self) -> None:
        self._subscribers: set[asyncio.Queue[Change | None]] = set()

    def publish(self, kind: str, **detail: Detail) -> None:
        change = Change(kind, detail)
        for queue in self._subscribers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(change)

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[Change | None]]:
        """A queue of changes for the length of the block; None in it means that the sandbox closes."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue(_BACKLOG)
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)

    def close(self) -> None:
        for queue in self._subscribers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)
