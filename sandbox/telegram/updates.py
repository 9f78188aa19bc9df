"""Updates that wait for a bot, and the long poll that fetches them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.clock import SandboxClock
from sandbox.telegram.keyboard import Json
from sandbox.telegram.refusal import RefusalError, conflict

_LONGEST_POLL = 50
_MOST_AT_ONCE = 100
_ON_REQUEST_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_FIRST_ID = 700_000_001
_POLL_GAP = 5.0

ANOTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_SET = "terminated by setWebhook request"
WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass(frozen=True, slots=True)
class Update:
    """`chat` keeps order: updates of one chat are delivered one after another."""

    update_id: int
    kind: str
    payload: Json
    chat: int

    def as_json(self) -> Json:
        return {"update_id": self.update_id, self.kind: self.payload}


class UpdateQueue:
    """The updates of one bot that it hasn't confirmed, oldest first."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._pending: dict[int, Update] = {}
        self._next_id = _FIRST_ID
        self._allowed: frozenset[str] | None = None
        self._held: asyncio.Future[None] | None = None
        self._last_poll: float | None = None
        self.on_add: Callable[[Update], None] | None = None

    @property
    def allowed(self) -> list[str] | None:
        """The kinds that the bot asked for; None if it takes the default ones."""
        return None if self._allowed is None else sorted(self._allowed)

    @property
    def is_polled(self) -> bool:
        """Whether a poll is held, or ended so lately that the next is to be expected."""
        if self._held is not None:
            return True
        return self._last_poll is not None and self._clock.monotonic() - self._last_poll < _POLL_GAP

    def note_poll(self) -> None:
        self._last_poll = self._clock.monotonic()

    def allow(self, kinds: Iterable[str] | None) -> None:
        """None leaves what was set before; an empty list is the default, everything but what must be asked for."""
        if kinds is not None:
            self._allowed = frozenset(kinds) or None

    def add(self, kind: str, payload: Json, chat: int) -> int | None:
        """The update's id; None if the bot doesn't take the kind."""
        wanted = kind not in _ON_REQUEST_ONLY if self._allowed is None else kind in self._allowed
        if not wanted:
            return None
        update = Update(self._next_id, kind, payload, chat)
        self._next_id += 1
        self._pending[update.update_id] = update
        if self._held is not None and not self._held.done():
            self._held.set_result(None)
        if self.on_add is not None:
            self.on_add(update)
        return update.update_id

    def pending(self) -> list[Update]:
        return list(self._pending.values())

    def first_of(self, chat: int) -> Update | None:
        return next((update for update in self._pending.values() if update.chat == chat), None)

    def confirm(self, update_id: int) -> None:
        self._pending.pop(update_id, None)

    def drop(self) -> None:
        self._pending.clear()

    async def poll(self, offset: int, limit: int, timeout: int) -> list[Update]:  # noqa: ASYNC109 - Telegram's word
        """What waits from `offset` on, or what comes within `timeout` seconds (50 at most).

        Everything below the offset is confirmed; a negative one confirms all but the last -offset. An older poll that is
        still held ends with 409.
        """
        self.end_poll(ANOTHER_POLL)
        if offset < 0:
            offset = max([0, *sorted(self._pending)[offset:][:1]])
        for update_id in [known for known in self._pending if known < offset]:
            del self._pending[update_id]
        if not self._pending and timeout > 0:
            await self._hold(min(timeout, _LONGEST_POLL))
        self.note_poll()
        return self.pending()[: min(max(limit, 1), _MOST_AT_ONCE)]

    async def _hold(self, seconds: float) -> None:
        held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held = held
        try:
            await asyncio.wait_for(held, seconds)
        except TimeoutError:
            return
        finally:
            if self._held is held:
                self._held = None

    def end_poll(self, reason: str) -> None:
        """Ends the held poll, if there is one, with 409 and `reason`."""
        self._end(conflict(reason))

    def close(self) -> None:
        """Ends the held poll because the sandbox closes."""
        self._end(RefusalError(500, "Internal Server Error: restart"))

    def _end(self, answer: RefusalError) -> None:
        if self._held is not None and not self._held.done():
            self._held.set_exception(answer)
        self._held = None
