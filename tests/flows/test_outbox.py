"""Every notice is sent once, within Telegram's limits, or its failure can be seen."""

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.methods import GetMe
from sqlalchemy import select

from bot.lease import Lease
from bot.sender import Sender
from storage import inbox, leases, outbox
from storage.database import Database, Tx
from storage.models import Base, OutboxMessage
from storage.outbox import DueMessage

BOT = 7
PARTNER = 1
_METHOD = GetMe()


class TurnableClock:
    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


class Telegram:
    """Notes what is sent and when; fails as it is told, a chat's errors one after another."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int]] = []
        self.tried: list[int] = []
        self.times: list[float] = []
        self.errors: dict[int, list[Exception]] = {}

    async def deliver(self, message: DueMessage) -> None:
        self.tried.append(message.id)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.005)
        if self.errors.get(message.chat_id):
            raise self.errors[message.chat_id].pop(0)
        self.sent.append((message.chat_id, message.id))


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


@pytest.fixture
async def db(database: Database) -> Database:
    await database.write(lambda tx: Base.metadata.create_all(tx.conn))
    return database


@pytest.fixture
def put(db: Database, clock: TurnableClock) -> Callable[..., Any]:
    numbers = itertools.count(1)

    async def put(*chats: int, delay: float = 0.0, number: int | None = None) -> None:
        now = clock.now()

        def use_case(tx: Tx) -> None:
            for chat in chats:
                outbox.put(
                    tx,
                    BOT,
                    number or next(numbers),
                    PARTNER,
                    chat,
                    chat,
                    "topped_up",
                    {"points": 1500},
                    now,
                    now + dt.timedelta(seconds=delay),
                )

        await db.write(use_case)

    return put


@asynccontextmanager
async def sending(
    db: Database, clock: TurnableClock, telegram: Telegram, owner: str = "one", **options: Any
) -> AsyncIterator[Sender]:
    lease = Lease(db, clock, "sender", owner, ttl=2)
    sender = Sender(
        db, clock, BOT, lease, telegram.deliver, **{"per_second": 200.0, "per_chat": 0.05, **options}
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run())
        yield sender
        await sender.stop()


async def eventually(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def statuses(db: Database) -> dict[int, str]:
    def query(tx: Tx) -> dict[int, str]:
        return {row.id: row.status for row in tx.conn.execute(select(OutboxMessage.__table__))}

    return await db.read(query)


async def test_a_notice_leaves_at_once_and_only_once(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    async with sending(db, clock, telegram) as sender:
        await asyncio.sleep(0.2)
        await put(5, number=9)
        await put(5, number=9)  # the use case ran twice
        sender.wake()
        await eventually(lambda: bool(telegram.sent), 0.5)
        await asyncio.sleep(0.2)
    assert telegram.sent == [(5, 9)]
    assert await statuses(db) == {9: "sent"}


async def test_a_notice_waits_until_it_is_due(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    async with sending(db, clock, telegram) as sender:
        await put(5, delay=3_600)
        sender.wake()
        await asyncio.sleep(0.2)
        assert telegram.tried == []
        clock.ahead += dt.timedelta(hours=1)
        sender.wake()
        await eventually(lambda: bool(telegram.sent))


async def test_the_rate_over_all_and_a_rest_for_each_chat(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    """Twenty a second; a chat that has much to hear doesn't keep the others waiting."""
    await put(*[1] * 4, *range(2, 20))
    async with sending(db, clock, telegram, per_second=50.0, per_chat=0.3):
        await eventually(lambda: len(telegram.sent) == 22)
    assert telegram.times[-1] - telegram.times[0] >= 0.9  # three rests of the first chat
    to_others = [index for index, (chat, _) in enumerate(telegram.sent) if chat != 1]
    assert max(to_others) < 20
    assert all(later - sooner > 0.015 for sooner, later in itertools.pairwise(telegram.times))
    first_chat = [number for chat, number in telegram.sent if chat == 1]
    assert first_chat == sorted(first_chat)


async def test_all_sending_stops_for_as_long_as_telegram_asks(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    telegram.errors[1] = [TelegramRetryAfter(method=_METHOD, message="Too Many Requests", retry_after=1)]
    await put(1)
    async with sending(db, clock, telegram, per_second=100.0) as sender:
        await eventually(lambda: telegram.tried == [1])
        await asyncio.sleep(0.1)
        await put(*range(2, 12))
        sender.wake()
        await asyncio.sleep(0.6)
        assert telegram.tried == [1]
        await eventually(lambda: len(telegram.sent) == 11)
    assert telegram.times[1] - telegram.times[0] >= 1


async def test_a_reply_that_was_told_to_wait_stops_notices_too(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    async with sending(db, clock, telegram) as sender:
        sender.pause(0.6)
        await put(1)
        sender.wake()
        await asyncio.sleep(0.4)
        assert telegram.tried == []
        await eventually(lambda: bool(telegram.sent))


async def test_a_chat_that_blocked_the_bot_is_left_alone_until_it_speaks(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    telegram.errors[1] = [TelegramForbiddenError(method=_METHOD, message="bot was blocked by the user")]
    await put(1, 1, 1, 2)
    async with sending(db, clock, telegram) as sender:
        await eventually(lambda: (2, 4) in telegram.sent)
        await put(1)
        sender.wake()
        await asyncio.sleep(0.3)
        assert await statuses(db) == {1: "blocked", 2: "blocked", 3: "blocked", 4: "sent", 5: "blocked"}
        assert await db.read(outbox.blocked_chats, BOT, [1, 2]) == {1}
        spoken = inbox.NewUpdate(1, 1, "tap", "{}", from_person=True)
        now = clock.now()
        await db.write(inbox.accept, BOT, [spoken], owner="w", now=now, lease_until=now, held={})
        await put(1)
        sender.wake()
        await eventually(lambda: (1, 6) in telegram.sent)
    assert telegram.tried.count(1) == 1
    assert await db.read(outbox.blocked_chats, BOT, [1, 2]) == set()


async def test_what_telegram_refuses_is_a_dead_letter_the_partner_sees(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    telegram.errors[1] = [TelegramBadRequest(method=_METHOD, message="chat not found")]
    await put(1, 1)
    async with sending(db, clock, telegram):
        await eventually(lambda: telegram.sent == [(1, 2)])
    (dead,) = await db.read(outbox.dead_letters, PARTNER)
    assert (dead.id, dead.kind) == (1, "topped_up")
    assert "chat not found" in dead.error
    assert await db.read(outbox.dead_letters, 2) == []


async def test_an_outage_delays_a_notice_and_ten_attempts_end_it(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    def outage() -> TelegramAPIError:
        return TelegramNetworkError(method=_METHOD, message="connection reset")

    telegram.errors = {1: [outage() for _ in range(3)], 2: [outage() for _ in range(20)]}
    await put(1, 2)
    async with sending(db, clock, telegram) as sender:
        for _ in range(40):
            clock.ahead += dt.timedelta(minutes=20)
            sender.wake()
            await asyncio.sleep(0.12)
            if telegram.tried.count(2) == 10 and "sending" not in (await statuses(db)).values():
                break
        clock.ahead += dt.timedelta(days=1)
        sender.wake()
        await asyncio.sleep(0.2)
    assert telegram.sent == [(1, 1)]
    assert telegram.tried.count(2) == 10
    assert await statuses(db) == {1: "sent", 2: "dead"}


async def test_what_was_being_sent_in_a_crash_is_sent_again_by_the_next_sender_alone(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    await put(1)
    now = clock.now()
    until = now + dt.timedelta(seconds=30)
    assert await db.write(leases.take, "sender", "dead", now, until)
    assert len(await db.write(outbox.claim_due, BOT, now, 5)) == 1
    async with sending(db, clock, telegram, "one"), sending(db, clock, telegram, "two"):
        await asyncio.sleep(0.6)
        assert telegram.tried == []  # somebody may be sending it still
        clock.ahead += dt.timedelta(seconds=31)
        await eventually(lambda: bool(telegram.sent))
        await put(*range(2, 12))
        await eventually(lambda: len(telegram.sent) == 11)
        await asyncio.sleep(0.2)
    assert len(telegram.tried) == len(set(telegram.tried)) == 11


async def test_a_lease_that_was_lost_ends_the_work(db: Database, clock: TurnableClock) -> None:
    """A process that stalled for longer than its lease must not go on beside its successor."""
    lease = Lease(db, clock, "poller", "one", ttl=0.6)
    stopping = asyncio.Event()
    began: list[float] = []
    ended: list[float] = []

    async def work() -> None:
        began.append(1)
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    async with asyncio.TaskGroup() as group:
        holding = group.create_task(lease.hold(work, stopping))
        await eventually(lambda: len(began) == 1)
        now = clock.now() + dt.timedelta(seconds=5)
        assert await db.write(leases.take, "poller", "two", now, now + dt.timedelta(seconds=60))
        await eventually(lambda: len(ended) == 1, 3)
        await asyncio.sleep(0.3)
        assert len(began) == 1
        await db.write(leases.release, "poller", "two")
        await eventually(lambda: len(began) == 2, 3)
        holding.cancel()


async def test_sent_notices_are_swept_and_dead_letters_stay(
    db: Database, clock: TurnableClock, telegram: Telegram, put: Callable[..., Any]
) -> None:
    telegram.errors[1] = [TelegramBadRequest(method=_METHOD, message="chat not found")]
    await put(1, 2)
    async with sending(db, clock, telegram):
        await eventually(lambda: len(telegram.tried) == 2)
    assert await db.write(outbox.sweep, BOT, clock.now() + dt.timedelta(days=1)) == 1
    assert await statuses(db) == {1: "dead"}
