"""kill -9 while people tap, buy and pay: what they did is there once, and nothing of it is lost."""

import asyncio
import itertools
import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .checker import Happened, inconsistencies
from .client import NotPossibleError, Person, Sim, eventually, open_sim
from .desk import Desk
from .processes import Installation, Process, sandbox

KILLS = 7
BUYERS = 4
FEWEST = 5
"""Of payments, gifts and purchases each, or the load was none."""


@dataclass(slots=True)
class Load:
    """Several people at once, who go on whatever happens to the bot."""

    sim: Sim
    desk: Desk
    buyers: list[Person]
    numbers: list[int]
    chance: random.Random
    gifts: dict[str, tuple[int, int]] = field(default_factory=dict)
    bought: int = 0
    over: bool = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for buyer in self.buyers:
                group.create_task(self._again_and_again(self._pay, buyer))
                group.create_task(self._again_and_again(self._buy, buyer))
            group.create_task(self._give())

    async def _again_and_again(self, act: Callable[[Person], Awaitable[None]], buyer: Person) -> None:
        while not self.over:
            try:
                await act(buyer)
            except (AssertionError, NotPossibleError):
                # The bot was killed under this tap, or the screen is another by now: as people do, start over.
                await asyncio.sleep(0.2)

    async def _pay(self, buyer: Person) -> None:
        shop = await buyer.writes("/topup", shows="Top up")
        pack = self.chance.choice([one for one in shop.buttons if "each" in one.text])
        await self._tap(buyer, shop.id, pack.data)
        page = await buyer.sees("Pay on Stripe's page", on=shop.id)
        await self.sim.pay(page)
        await buyer.sees("arrived!", on=page.id)

    async def _buy(self, buyer: Person) -> None:
        shop = await buyer.writes("/addons", shows="Extra member")
        card = await buyer.taps("Extra member", on=shop.id)
        units = self.chance.choice([one for one in card.buttons if one.text.isdigit()])
        quote = await buyer.taps(units.text, on=shop.id)
        confirm = next((one for one in quote.buttons if one.text.startswith(("Add for", "Remove and"))), None)
        if confirm is not None:
            self.bought += 1
            for _ in range(self.chance.choice([1, 2])):
                await self._tap(buyer, shop.id, confirm.data)

    async def _give(self) -> None:
        for count in itertools.count(1):
            if self.over:
                return
            place = self.chance.choice(self.numbers)
            note = f"gift {count}"
            await self.desk.owner.sends(f"/points {place} +{count} {note}")
            self.gifts[note] = (place, count * 100)
            await asyncio.sleep(0.5)

    @staticmethod
    async def _tap(buyer: Person, message_id: int, data: str | None) -> None:
        assert data is not None
        await buyer.taps_only(message_id, data)


@dataclass(frozen=True, slots=True)
class Outcome:
    database: Path
    happened: Happened


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """The books after the kills, with everything drained."""
    folder = tmp_path_factory.mktemp("crash")
    database = folder / "bot.db"
    with sandbox() as address:
        bot = Installation(folder, address, f"sqlite+aiosqlite:///{database}", lease=1.5)
        bot.connect_stripe()
        bot.migrate()
        with ThreadPoolExecutor(1) as thread:
            happened = thread.submit(asyncio.run, _kill_under_load(bot, database)).result()
        yield Outcome(database, happened)


async def _kill_under_load(bot: Installation, database: Path) -> Happened:
    async with open_sim(bot.sandbox) as sim:
        process = await _started(bot)
        await sim.ready()
        desk = await Desk.opened(sim)
        await desk.starts_to_sell()
        buyers = [await desk.customer(f"Dana {number}", f"Crash {number}") for number in range(BUYERS)]
        numbers = [await desk.number(f"Crash {number}") for number in range(BUYERS)]
        load = Load(sim, desk, buyers, numbers, random.Random(20_261_122))  # a load, not a secret
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run())
            for _ in range(KILLS):
                await asyncio.sleep(load.chance.uniform(1.0, 3.5))
                await asyncio.to_thread(process.kill)
                process = await _started(bot)
            await eventually(lambda: _is_load(load), "enough to look at", within=60)
            load.over = True

        async def drained() -> bool:
            return not inconsistencies(database, await _what_happened(load))

        async def otherwise() -> str:
            return "\n".join(inconsistencies(database, await _what_happened(load)))

        await eventually(drained, "books that balance", otherwise, within=60)
        assert await asyncio.to_thread(process.stop) == 0
        return await _what_happened(load)


async def _is_load(load: Load) -> bool:
    paid = (await _what_happened(load)).paid
    return min(len(paid), len(load.gifts), load.bought) >= FEWEST


async def _started(bot: Installation) -> Process:
    """Not waited for: kills meet starting processes too."""
    return await asyncio.to_thread(bot.start)


async def _what_happened(load: Load) -> Happened:
    paid = {one["session"]: one["amount"] for one in await load.sim.payments() if one["status"] == "paid"}
    return Happened(paid, load.gifts, load.bought)


def test_books_balance_after_kills(outcome: Outcome) -> None:
    assert inconsistencies(outcome.database, outcome.happened) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE wallets SET balance = balance + 1 WHERE workspace_id = 1", "sum of its postings"),
        ("UPDATE postings SET balance_after = balance_after - 1 WHERE number = 2", "follow from"),
        ("UPDATE orders SET status = 'open' WHERE id = (SELECT MIN(order_id) FROM postings)", "not credited"),
        ("UPDATE orders SET amount_minor = 1 WHERE status = 'paid'", "other money"),
        (
            "UPDATE postings SET order_id = (SELECT MIN(order_id) FROM postings) WHERE kind = 'topup'",
            "exactly",
        ),
        ("UPDATE postings SET note = 'gift 1' WHERE note = 'gift 2'", "given twice"),
        ("DELETE FROM postings WHERE note = 'gift 3'", "not given as asked: gift 3"),
        ("UPDATE addon_states SET units = units + 1", "units aren't what"),
        ("UPDATE addon_changes SET units_before = 99 WHERE number = 1", "change doesn't follow"),
        ("UPDATE telegram_updates SET done_at = NULL WHERE update_id % 7 = 0", "update waits"),
        ("UPDATE outbox SET status = 'due'", "notice waits"),
    ],
)
def test_checker_finds_what_was_tampered_with(
    outcome: Outcome, tmp_path: Path, damage: str, named: str
) -> None:
    copy = tmp_path / "tampered.db"
    shutil.copy(outcome.database, copy)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute(damage).rowcount > 0
        connection.commit()
    assert any(named in one for one in inconsistencies(copy, outcome.happened))
