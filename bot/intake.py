"""From Telegram's raw updates to rows of the inbox."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

from bot.worker import Worker
from storage.inbox import NewUpdate

_SPOKEN = frozenset({"message", "callback_query"})


class MalformedUpdateError(ValueError):
    """Not an update: no update_id."""


class Intake:
    """Commits what came in, by polling or by webhook. When `accept` returns, Telegram may be told so."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def accept(self, updates: Sequence[dict[str, Any]]) -> None:
        """Raises when the updates are not stored, and MalformedUpdateError."""
        if updates:
            await self._worker.accept([_new_update(update) for update in updates])


def _new_update(update: dict[str, Any]) -> NewUpdate:
    update_id = update.get("update_id")
    if not isinstance(update_id, int) or isinstance(update_id, bool):
        raise MalformedUpdateError("an update without update_id")
    return NewUpdate(
        update_id=update_id,
        chat_id=chat_of(update),
        tap=secrets.token_urlsafe(12),
        body=json.dumps(update, separators=(",", ":")),
        from_person=not _SPOKEN.isdisjoint(update),
    )


def chat_of(update: dict[str, Any]) -> int:
    """The chat in whose order an update is handled, whatever kind it is.

    Without a chat (inline queries, polls) it is the person, whose private chat has the same number; without a
    person 0.
    """
    for event in update.values():
        if not isinstance(event, dict):
            continue
        message = event.get("message")
        for holder in (event, message if isinstance(message, dict) else {}):
            chat = holder.get("chat")
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                return int(chat["id"])
        for key in ("from", "user"):
            person = event.get(key)
            if isinstance(person, dict) and isinstance(person.get("id"), int):
                return int(person["id"])
    return 0
