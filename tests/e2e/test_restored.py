"""An older copy of the database takes the place of the one that charged a card: nothing is charged or sent twice (DESIGN 5.6)."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp

from .client import eventually, open_sim
from .conftest import Bench
from .desk import Desk
from .processes import Installation, command, sandbox, turnable
from .shop import balance
from .test_cycles_autotopup import has, runs_short
from .times import Timed


async def ready(bot: Installation) -> dict[str, bool]:
    async with aiohttp.ClientSession() as http, http.get(f"{bot.address}/readyz") as answer:
        found: dict[str, bool] = await answer.json()
        return found


async def says(bot: Installation, what: str) -> tuple[int, str]:
    """Exit code of a command, and what it printed."""

    def run() -> tuple[int, str]:
        process = command(what, folder=bot.folder, **bot.settings, COLUMNS="250")
        said, wrong = process.communicate(timeout=60)
        return process.returncode, said + wrong

    return await asyncio.to_thread(run)


async def test_a_restored_backup_charges_nothing_until_it_is_reconciled(tmp_path: Path) -> None:
    database, backup = tmp_path / "bot.db", tmp_path / "backup.db"
    with sandbox() as address:
        bot = Installation(tmp_path, address, f"sqlite+aiosqlite:///{database}", lease=1.5, ahead=turnable())
        await asyncio.to_thread(bot.migrate)
        process = await asyncio.to_thread(bot.start)
        async with open_sim(address) as sim:
            await sim.ready()
            bench = Bench(bot, process, sim, await Desk.opened(sim), 0)
            await bench.desk.starts_to_sell()
            assert bot.ahead is not None
            timed = Timed(bench, bot.ahead)
            place = await runs_short(timed)
            with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(backup)) as copy:
                live.backup(copy)
            await timed.turn_to(place.before(1))
            await place.dana.sees("Auto top-up bought 10 points")
            await asyncio.to_thread(process.stop)

            for path in tmp_path.glob("bot.db*"):
                path.unlink()
            shutil.move(backup, database)
            again = await asyncio.to_thread(bot.start)
            try:
                await asyncio.to_thread(again.wait_until_running)
                assert not (await ready(bot))["books_up_to_date"]
                assert again.logged(
                    "this database is older than what happened at Stripe: a restored backup?"
                    " Nothing is charged or sent until `addondesk reconcile` has run"
                )
                for _ in range(3):
                    await timed.turn(hours=0.2)
                    await asyncio.sleep(0.5)
                await has(place, charges=1)
                assert await balance(place.dana) == 2.5
                code, said = await says(bot, "doctor")
                assert (code, "addondesk reconcile" in said) == (1, True)

                code, said = await says(bot, "reconcile")
                assert (code, "automatic top-ups credited now" in said) == (0, True)

                async def up_to_date() -> bool:
                    return (await ready(bot))["books_up_to_date"]

                await eventually(up_to_date, "the flag to go without a restart")
                await timed.turn_to(place.renews())
                await place.dana.sees("1 × Extra bot, for 7.5 points")
                await has(place, charges=1)
                assert await balance(place.dana) == 5
                code, _ = await says(bot, "doctor")
                assert code == 0
                assert again.defects() == []
            finally:
                await asyncio.to_thread(again.stop)
