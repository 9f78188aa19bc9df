"""Updates are neither lost nor handled twice, and each chat's are handled in order."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from bot.fsm import DatabaseStorage
from bot.intake import Intake, MalformedUpdateError, chat_of
from bot.worker import Handle, Worker
from storage import inbox
from storage.database import Database, Tx, open_database
from storage.models import Base, TelegramUpdate

BOT = 7
Handled = list[tuple[int, str]]


class TurnableClock:
    """Real time plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
async def db(database: Database) -> Database:
    await database.write(lambda tx: Base.metadata.create_all(tx.conn))
    return database


def message(update_id: int, chat_id: int = 100, text: str = "hi") -> dict[str, Any]:
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 0,
            "text": text,
            "chat": {"id": chat_id, "type": "private"},
            "from": {"id": chat_id, "is_bot": False, "first_name": "A"},
        },
    }


@asynccontextmanager
async def working(
    db: Database, clock: TurnableClock, handle: Handle, owner: str = "one", **options: Any
) -> AsyncIterator[tuple[Worker, Intake]]:
    worker = Worker(db, clock, BOT, owner, handle, **{"lease": 2.0, "scan_every": 0.05, **options})
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        yield worker, Intake(worker)
        await worker.stop()


async def eventually(condition: Any, seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def rows(db: Database) -> dict[int, tuple[bool, int, str]]:
    def query(tx: Tx) -> dict[int, tuple[bool, int, str]]:
        return {
            row.update_id: (row.done_at is not None, row.attempts, row.error)
            for row in tx.conn.execute(select(TelegramUpdate.__table__))
        }

    return await db.read(query)


def recorder(handled: Handled, seconds: float = 0.0) -> Handle:
    async def handle(update: dict[str, Any], tap: str) -> None:
        await asyncio.sleep(seconds)
        handled.append((update["update_id"], tap))

    return handle


async def test_an_update_is_handled_once_and_marked_done(db: Database, clock: TurnableClock) -> None:
    handled: Handled = []
    async with working(db, clock, recorder(handled)) as (_, intake):
        await intake.accept([message(1), message(2, chat_id=200)])
        await eventually(lambda: len(handled) == 2)
    assert {update_id for update_id, _ in handled} == {1, 2}
    assert len({tap for _, tap in handled}) == 2
    assert await rows(db) == {1: (True, 0, ""), 2: (True, 0, "")}


async def test_a_repeated_update_is_handled_once(db: Database, clock: TurnableClock) -> None:
    """Telegram sends a webhook again when our answer was late, before and after it was handled."""
    handled: Handled = []
    async with working(db, clock, recorder(handled, 0.02)) as (_, intake):
        await asyncio.gather(*(intake.accept([message(1)]) for _ in range(8)))
        await eventually(lambda: handled)
        await asyncio.sleep(0.2)
        await intake.accept([message(1)])
        await asyncio.sleep(0.2)
    assert len(handled) == 1


async def test_nothing_is_lost_when_the_process_dies_between_commit_and_done(
    db: Database, clock: TurnableClock
) -> None:
    """What was committed and never handled is handled by the next process, with the same tap, once."""
    stored = [
        inbox.NewUpdate(
            number, 100 + number % 3, f"tap{number}", f'{{"update_id":{number}}}', from_person=True
        )
        for number in range(1, 31)
    ]
    until = clock.now() + dt.timedelta(seconds=30)
    await db.write(inbox.accept, BOT, stored, owner="dead", now=clock.now(), lease_until=until, held={})
    handled: Handled = []
    async with working(db, clock, recorder(handled)) as (_, intake):
        await asyncio.sleep(0.2)
        assert handled == []  # the dead one's leases still hold
        clock.ahead += dt.timedelta(seconds=31)
        await intake.accept([message(31, chat_id=101)])  # also after a restart Telegram repeats some
        await intake.accept([message(30, chat_id=100)])
        await eventually(lambda: len(handled) == 31)
        await asyncio.sleep(0.1)
    assert sorted(update_id for update_id, _ in handled) == list(range(1, 32))
    assert dict(handled)[30] == "tap30"
    for chat in range(3):
        mine = [update_id for update_id, _ in handled if update_id % 3 == chat]
        assert mine == sorted(mine)


async def test_a_worker_that_stops_leaves_the_rest_to_the_next(db: Database, clock: TurnableClock) -> None:
    handled: Handled = []
    async with working(db, clock, recorder(handled, 0.05)) as (_, intake):
        await intake.accept([message(number) for number in range(1, 11)])
        await eventually(lambda: len(handled) >= 2)
    first = len(handled)
    assert first < 10
    async with working(db, clock, recorder(handled), owner="two"):
        await eventually(lambda: len(handled) == 10)  # at once: the first has let go of the chat
    assert [update_id for update_id, _ in handled] == list(range(1, 11))


@pytest.mark.parametrize("capacity", [1_000, 5])
async def test_order_in_each_chat_with_two_processes(
    pg_url: str, clock: TurnableClock, capacity: int
) -> None:
    """Updates of three chats arrive now here, now there."""
    databases = [open_database(pg_url), open_database(pg_url)]
    await databases[0].write(lambda tx: Base.metadata.create_all(tx.conn))
    running: set[int] = set()
    order: dict[int, list[int]] = {1: [], 2: [], 3: []}

    async def handle(update: dict[str, Any], _tap: str) -> None:
        chat = chat_of(update)
        assert chat not in running
        running.add(chat)
        await asyncio.sleep(0.003)
        running.remove(chat)
        order[chat].append(update["update_id"])

    async with (
        working(databases[0], clock, handle, "one", capacity=capacity) as (_, first),
        working(databases[1], clock, handle, "two", capacity=capacity) as (_, second),
    ):
        for number in range(1, 121):
            await (first, second)[number % 2].accept([message(number, chat_id=1 + number // 2 % 3)])
        await eventually(lambda: sum(map(len, order.values())) == 120, 20)
    for numbers in order.values():
        assert numbers == sorted(numbers)
    for database in databases:
        await database.close()


async def test_an_update_that_fails_is_tried_again_before_the_next_of_its_chat(
    db: Database, clock: TurnableClock
) -> None:
    seen: list[int] = []

    async def handle(update: dict[str, Any], _tap: str) -> None:
        seen.append(update["update_id"])
        if seen == [1]:
            raise ConnectionError("the host was away")

    async with working(db, clock, handle, retry_after=0.01) as (_, intake):
        await intake.accept([message(1), message(2)])
        await eventually(lambda: seen == [1, 1, 2])
    assert await rows(db) == {1: (True, 2, ""), 2: (True, 0, "")}


async def test_a_poisonous_update_is_given_up_after_five_attempts_and_visible(
    db: Database, clock: TurnableClock
) -> None:
    seen: list[int] = []

    async def handle(update: dict[str, Any], _tap: str) -> None:
        seen.append(update["update_id"])
        if update["update_id"] == 1:
            raise ZeroDivisionError("poison")

    async with working(db, clock, handle, retry_after=0.001) as (_, intake):
        await intake.accept([message(1), message(2)])
        await eventually(lambda: 2 in seen)
    assert seen == [1] * 5 + [2]
    (dead,) = await db.read(inbox.dead_updates, BOT)
    assert (dead.update_id, dead.error) == (1, "ZeroDivisionError: poison")


async def test_an_update_that_kills_its_process_is_given_up(db: Database, clock: TurnableClock) -> None:
    """Nobody is left to count afterwards, so an attempt is counted before it is made."""
    begun = 0

    async def die(_update: dict[str, Any], _tap: str) -> None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(60)

    for life in range(10):
        worker = Worker(db, clock, BOT, f"life {life}", die, scan_every=0.01)
        running = asyncio.ensure_future(worker.run())
        before = begun
        if life == 0:
            await Intake(worker).accept([message(1)])
        async with asyncio.timeout(5):
            while begun == before and not (await rows(db))[1][0]:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        clock.ahead += dt.timedelta(minutes=1)
    assert begun == 6
    assert (await rows(db))[1] == (True, 6, "the process ended while it was handled")


async def test_an_old_update_id_does_not_mute_a_new_tap(db: Database, clock: TurnableClock) -> None:
    """After a quiet week Telegram draws ids anew."""
    handled: Handled = []
    async with working(db, clock, recorder(handled)) as (_, intake):
        await intake.accept([message(1)])
        await eventually(lambda: len(handled) == 1)
        await asyncio.sleep(0.2)
        clock.ahead += dt.timedelta(days=3)
        assert await db.write(inbox.sweep, BOT, clock.now() - dt.timedelta(days=2)) == 1
        await intake.accept([message(1)])
        await eventually(lambda: len(handled) == 2)


async def test_a_tap_is_handled_without_waiting_for_a_scan(db: Database, clock: TurnableClock) -> None:
    handled: Handled = []
    async with working(db, clock, recorder(handled), scan_every=60) as (_, intake):
        for number in range(1, 20):
            await intake.accept([message(number)])
        await eventually(lambda: len(handled) == 19, 2)


async def test_what_is_asked_of_a_person_survives_a_restart(db: Database, clock: TurnableClock) -> None:
    from aiogram.fsm.storage.base import StorageKey

    key = StorageKey(bot_id=BOT, chat_id=100, user_id=100)
    other = StorageKey(bot_id=BOT, chat_id=-5, user_id=100)
    answers: list[tuple[str | None, dict[str, Any]]] = []
    storage = DatabaseStorage(db)
    asked = asyncio.Event()

    async def ask(_update: dict[str, Any], _tap: str) -> None:
        await storage.set_state(key, "asking:amount")
        await storage.set_data(key, {"pack": 3})
        await storage.set_state(other, "asking:group")
        asked.set()

    async def answer(_update: dict[str, Any], _tap: str) -> None:
        answers.append((await storage.get_state(key), await storage.get_data(key)))
        await storage.set_state(key, None)
        await storage.set_data(key, {})
        answers.append((await storage.get_state(key), await storage.get_data(key)))

    async with working(db, clock, ask, fsm=storage) as (_, intake):
        await intake.accept([message(1)])
        await asked.wait()
    storage = DatabaseStorage(db)
    async with working(db, clock, answer, "two", fsm=storage) as (_, intake):
        await intake.accept([message(2)])
        await eventually(lambda: len(answers) == 2)
    assert answers == [("asking:amount", {"pack": 3}), (None, {})]
    assert await DatabaseStorage(db).get_state(key) is None
    assert await DatabaseStorage(db).get_state(other) == "asking:group"


def test_the_chat_of_every_kind_of_update() -> None:
    person = {"id": 5, "is_bot": False, "first_name": "A"}
    assert chat_of(message(1, 42)) == 42
    pressed = {"id": "1", "from": person, "message": {"message_id": 1, "chat": {"id": -9}}}
    assert chat_of({"update_id": 1, "callback_query": pressed}) == -9
    assert chat_of({"update_id": 1, "callback_query": {"id": "1", "from": person}}) == 5
    assert chat_of({"update_id": 1, "my_chat_member": {"chat": {"id": 8}, "from": person}}) == 8
    assert chat_of({"update_id": 1, "inline_query": {"id": "1", "from": person}}) == 5
    assert chat_of({"update_id": 1, "poll_answer": {"poll_id": "1", "user": person}}) == 5
    assert chat_of({"update_id": 1, "poll": {"id": "1"}}) == 0


async def test_a_malformed_update_is_refused(db: Database, clock: TurnableClock) -> None:
    async with working(db, clock, recorder([])) as (_, intake):
        with pytest.raises(MalformedUpdateError):
            await intake.accept([{"message": {}}])
    assert await rows(db) == {}
