"""Handles stored updates: each chat's in order, many chats at once, over any number of processes."""

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import structlog

from billing.clock import Clock
from bot.metrics import Metrics
from bot.tasks import happens
from storage import inbox
from storage.database import Database
from storage.fsm import StateAndData
from storage.inbox import Done, NewUpdate, StoredUpdate

logger = structlog.get_logger(__name__)

Handle: TypeAlias = Callable[[dict[str, Any], str], Awaitable[object]]
"""Handles an update; the second argument is its tap. Raises when it should be tried again."""

CONCURRENCY = 32
"""Chats worked on at the same time."""
CAPACITY = 1_000
"""Updates in memory; above that new ones wait in their table."""
MAX_ATTEMPTS = 5
SETTLE_AFTER = 0.05
"""Seconds for which a done mark waits for others at most."""
SETTLE_AT = 64
LEASE = 10.0
"""Seconds until another process may take the chats of one that died."""
SCAN_EVERY = 1.0
GRACE = 20.0
"""Seconds that handlers get to finish at stop."""


class FsmCache(Protocol):
    """Keeps a private chat's FSM state while its lease is held, so that a tap needs no read of its own."""

    def prime(self, chat_id: int, state: StateAndData) -> None: ...

    def forget(self, chat_id: int) -> None: ...


@dataclass(slots=True, eq=False)
class _Chat:
    """A chat whose lease is ours. `known`: updates waiting, being handled, or done and not yet marked so."""

    id: int
    waiting: list[StoredUpdate] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    active: bool = False


class Worker:
    """Owns the chats whose lease stands under `owner`. `run` until `stop`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bot_id: int,
        owner: str,
        handle: Handle,
        *,
        metrics: Metrics | None = None,
        fsm: FsmCache | None = None,
        on_handled: Callable[[], None] = lambda: None,
        concurrency: int = CONCURRENCY,
        capacity: int = CAPACITY,
        lease: float = LEASE,
        scan_every: float = SCAN_EVERY,
        retry_after: float = 0.2,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bot_id = bot_id
        self._owner = owner
        self._handle = handle
        self._metrics = metrics or Metrics()
        self._fsm = fsm
        self._on_handled = on_handled
        self._concurrency = concurrency
        self._capacity = capacity
        self._lease = lease
        self._scan_every = scan_every
        self._retry_after = retry_after
        self._chats: dict[int, _Chat] = {}
        self._ready: asyncio.Queue[_Chat | None] = asyncio.Queue()
        self._done: list[Done] = []
        self._something_done = asyncio.Event()
        self._much_done = asyncio.Event()
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()

    async def accept(self, updates: Sequence[NewUpdate]) -> None:
        """Commit updates to the inbox, then hand over those whose chats are ours. Raises when they aren't stored."""
        waiting = sum(len(chat.waiting) for chat in self._chats.values())
        touched = {new.chat_id for new in updates} & self._chats.keys()
        found = await self._db.write(
            inbox.accept,
            self._bot_id,
            updates,
            owner=self._owner,
            now=self._clock.now(),
            lease_until=self._lease_until(),
            held={chat_id: list(self._chats[chat_id].known) for chat_id in touched},
            store_only=self._stopping.is_set() or waiting >= self._capacity,
        )
        self._metrics.updates_received.inc(len(updates))
        self._adopt(found)

    async def run(self) -> None:
        """Work until `stop`; what is being handled then may finish."""
        try:
            async with asyncio.TaskGroup() as group:
                background = [
                    group.create_task(self._settle_forever()),
                    group.create_task(self._renew_forever()),
                    group.create_task(self._scan_forever()),
                ]
                handlers = [group.create_task(self._handle_forever()) for _ in range(self._concurrency)]
                await self._stopping.wait()
                for _ in handlers:
                    self._ready.put_nowait(None)
                _, late = await asyncio.wait(handlers, timeout=GRACE)
                for task in (*late, *background):
                    task.cancel()
            await self._let_go()
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Begin nothing new, wait for what runs, mark what is done, let go of the chats."""
        self._stopping.set()
        await self._stopped.wait()

    @property
    def alive(self) -> bool:
        return not self._stopped.is_set()

    def _lease_until(self) -> dt.datetime:
        return self._clock.now() + dt.timedelta(seconds=self._lease)

    def _adopt(self, found: Sequence[StoredUpdate]) -> None:
        for update in found:
            chat = self._chats.get(update.chat_id)
            if chat is None:
                chat = self._chats[update.chat_id] = _Chat(update.chat_id)
                if self._fsm is not None and update.fsm is not None:
                    self._fsm.prime(update.chat_id, update.fsm)
            if update.update_id in chat.known:
                continue
            chat.known.add(update.update_id)
            # The one that is being handled stays in front, even if an older one was late to be committed.
            head = chat.waiting[:1] if chat.active else []
            rest = [*chat.waiting[len(head) :], update]
            chat.waiting = [*head, *sorted(rest, key=lambda one: one.update_id)]
            if not chat.active:
                chat.active = True
                self._ready.put_nowait(chat)

    async def _handle_forever(self) -> None:
        while True:
            chat = await self._ready.get()
            if chat is None or self._stopping.is_set():
                return
            pause = await self._handle_first(chat)
            if pause is not None:
                asyncio.get_running_loop().call_later(pause, self._ready.put_nowait, chat)
            elif chat.waiting:
                self._ready.put_nowait(chat)
            else:
                chat.active = False

    async def _handle_first(self, chat: _Chat) -> float | None:
        """Handle the chat's oldest update. Answers seconds to wait when it is to be tried again."""
        update = chat.waiting[0]
        attempts = 0
        try:
            if not update.fresh:
                attempts = await self._db.write(inbox.begin_again, self._bot_id, update.update_id)
            if attempts > MAX_ATTEMPTS:
                self._give_up(chat, update, "the process ended while it was handled")
                return None
            with self._metrics.update_seconds.time():
                await self._handle(json.loads(update.body), update.tap)
        except Exception as error:
            logger.exception("update failed", update_id=update.update_id, attempts=attempts)
            if attempts >= MAX_ATTEMPTS:
                self._give_up(chat, update, f"{type(error).__name__}: {error}")
                return None
            self._metrics.updates_handled.labels("retried").inc()
            if update.fresh:
                await self._count_first_failure(chat, update)
            return self._retry_after * 2.0**attempts
        finally:
            self._on_handled()
        self._metrics.updates_handled.labels("done").inc()
        self._finish(chat, update, "")
        return None

    async def _count_first_failure(self, chat: _Chat, update: StoredUpdate) -> None:
        """A fresh update isn't counted before it is handled, which would cost every tap a commit."""
        try:
            attempts = await self._db.write(inbox.begin_again, self._bot_id, update.update_id)
        except Exception:
            logger.exception("attempt not counted", update_id=update.update_id)
            return
        chat.waiting[0] = StoredUpdate(
            update.update_id, update.chat_id, update.tap, update.body, attempts, fresh=False, fsm=None
        )

    def _give_up(self, chat: _Chat, update: StoredUpdate, error: str) -> None:
        logger.error("update given up", update_id=update.update_id, error=error)
        self._metrics.updates_handled.labels("dead").inc()
        self._finish(chat, update, error)

    def _finish(self, chat: _Chat, update: StoredUpdate, error: str) -> None:
        del chat.waiting[0]
        self._done.append(Done(update.update_id, chat.id, error))
        self._something_done.set()
        if len(self._done) >= SETTLE_AT:
            self._much_done.set()

    async def _settle_forever(self) -> None:
        while True:
            await self._something_done.wait()
            await happens(self._much_done, SETTLE_AFTER)
            try:
                await self._settle()
            except Exception:
                logger.exception("done marks not written, trying again")
                await asyncio.sleep(0.5)

    async def _settle(self) -> None:
        """Write the done marks and let go of chats in which nothing waits."""
        done, self._done = self._done, []
        self._something_done.clear()
        self._much_done.clear()
        touched = [self._chats[chat_id] for chat_id in {one.chat_id for one in done}]
        idle = [chat for chat in touched if not chat.active]
        try:
            found = await self._db.write(
                inbox.settle,
                self._bot_id,
                done,
                owner=self._owner,
                now=self._clock.now(),
                idle=[chat.id for chat in idle],
                known=[update for chat in idle for update in chat.known],
            )
        except BaseException:
            self._done = done + self._done
            self._something_done.set()
            raise
        for one in done:
            self._chats[one.chat_id].known.discard(one.update_id)
        self._adopt(found)
        for chat in idle:
            if not chat.active and not chat.known:
                self._forget(chat)

    def _forget(self, chat: _Chat) -> None:
        del self._chats[chat.id]
        if self._fsm is not None:
            self._fsm.forget(chat.id)

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            asked = list(self._chats)
            if not asked:
                continue
            try:
                ours = await self._db.write(
                    inbox.renew, self._bot_id, asked, owner=self._owner, until=self._lease_until()
                )
            except Exception:
                logger.exception("chats not renewed")
                continue
            for chat in [self._chats[chat_id] for chat_id in asked if chat_id in self._chats]:
                if chat.id not in ours and chat.active:
                    # Stalled for longer than the lease: what waits belongs to the process that took over.
                    logger.warning("chat lost", chat_id=chat.id)
                    for update in chat.waiting[1:]:
                        chat.known.discard(update.update_id)
                    del chat.waiting[1:]

    async def _scan_forever(self) -> None:
        while True:
            room = self._capacity - sum(len(chat.waiting) for chat in self._chats.values())
            if room > 0:
                await self._scan()
            await asyncio.sleep(self._scan_every)

    async def _scan(self) -> None:
        try:
            found = await self._db.write(
                inbox.claim,
                self._bot_id,
                owner=self._owner,
                now=self._clock.now(),
                lease_until=self._lease_until(),
                held=list(self._chats),
            )
        except Exception:
            logger.exception("inbox not scanned")
            return
        self._adopt(found)

    async def _let_go(self) -> None:
        if self._chats or self._done:
            await self._db.write(
                inbox.settle,
                self._bot_id,
                self._done,
                owner=self._owner,
                now=self._clock.now(),
                idle=list(self._chats),
                closing=True,
            )
        self._done.clear()
        self._chats.clear()
