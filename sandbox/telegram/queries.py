"""Callback queries: asked by a tap, answered once, worthless after a while."""

from collections import deque
from dataclasses import dataclass

from sandbox.clock import SandboxClock
from sandbox.telegram.keyboard import Json
from sandbox.telegram.refusal import QUERY_TOO_OLD, bad_request

_NOTICES_KEPT = 20
_FIRST_ID = 4_000_000_000_000_000_001


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """`asked_at` is in the clock's monotonic seconds."""

    query_id: str
    user_id: int
    message_id: int
    asked_at: float

    def as_json(self) -> Json:
        return {"query_id": self.query_id, "message_id": self.message_id}


@dataclass(frozen=True, slots=True)
class Notice:
    """What an answer showed on top of the chat, or as an alert."""

    query_id: str
    user_id: int
    text: str
    show_alert: bool
    at: str

    def as_json(self) -> Json:
        return {"query_id": self.query_id, "text": self.text, "show_alert": self.show_alert, "at": self.at}


class CallbackQueries:
    """The queries of one bot; `lifetime` in seconds of real time."""

    def __init__(self, clock: SandboxClock, lifetime: float) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._next_id = _FIRST_ID
        self._open: dict[str, OpenQuery] = {}
        self._notices: dict[int, deque[Notice]] = {}

    def ask(self, user_id: int, message_id: int) -> str:
        query_id = str(self._next_id)
        self._next_id += 1
        self._open[query_id] = OpenQuery(query_id, user_id, message_id, self._clock.monotonic())
        return query_id

    def answer(self, query_id: str, text: str, *, show_alert: bool) -> OpenQuery:
        """Closes the query; RefusalError if it is unknown, was answered before, or is too old."""
        self._forget_old()
        query = self._open.pop(query_id, None)
        if query is None:
            raise bad_request(QUERY_TOO_OLD)
        if text:
            at = self._clock.now().isoformat()
            notices = self._notices.setdefault(query.user_id, deque(maxlen=_NOTICES_KEPT))
            notices.append(Notice(query_id, query.user_id, text, show_alert, at))
        return query

    def unanswered(self, user_id: int | None = None) -> list[OpenQuery]:
        """The queries that still wait: the button shows its spinner."""
        self._forget_old()
        return [query for query in self._open.values() if user_id in (None, query.user_id)]

    def notices(self, user_id: int) -> list[Notice]:
        """The last 20 answers with a text, oldest first."""
        return list(self._notices.get(user_id, ()))

    def _forget_old(self) -> None:
        oldest = self._clock.monotonic() - self._lifetime
        for query in [query for query in self._open.values() if query.asked_at < oldest]:
            del self._open[query.query_id]
