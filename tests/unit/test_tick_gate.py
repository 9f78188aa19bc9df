"""The gate before the ticks: closed, nothing is looked at behind the back of whoever turns the clock."""

import asyncio

from bot.tick_gate import TickGate
from bot.ticks import Tick


async def test_a_closed_gate_waits_for_who_is_at_work_and_lets_nobody_else_in() -> None:
    done: list[str] = []
    may_end = asyncio.Event()

    async def slow() -> None:
        await may_end.wait()
        done.append("slow")

    async def quick() -> None:
        done.append("quick")

    gate = TickGate([Tick("slow", 1, slow), Tick("quick", 1, quick)])
    slow_tick, quick_tick = (tick.work for tick in gate.ticks)

    async def closing() -> None:
        async with gate.closed():
            done.append("closed")
            await quick_tick()
            await gate.work("quick")()
            done.append("opens")

    async def at_work() -> None:
        await slow_tick()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(at_work())
        await asyncio.sleep(0)
        tasks.create_task(closing())
        await asyncio.sleep(0)
        await quick_tick()
        assert done == []
        may_end.set()
    assert done == ["slow", "closed", "quick", "opens"]
    await quick_tick()
    assert done[-1] == "quick"
