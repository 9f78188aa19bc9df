"""Two ways of doing the same, taking turns on one machine: what is compared is their ratio, round by round."""

import asyncio
import itertools
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias

Round: TypeAlias = Callable[[], Awaitable[float]]
"""One round of one way; answers its figure."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out. `ours` and `bare` hold a figure for each round; one of `least` and `most` is the budget."""

    name: str
    unit: str
    ours: tuple[float, ...]
    bare: tuple[float, ...]
    least: float | None = None
    most: float | None = None

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours as a multiple of bare, round by round."""
        return tuple(our / bare for our, bare in zip(self.ours, self.bare, strict=True))

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def budget(self) -> str:
        return f"≥ {self.least}" if self.least is not None else f"≤ {self.most}"

    @property
    def holds(self) -> bool:
        enough = self.least is None or self.ratio >= self.least
        return enough and (self.most is None or self.ratio <= self.most)


async def take_turns(ours: Round, bare: Round, rounds: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Figures of both, after one round each to warm up.

    Who begins changes every round, so that a machine that gets slower or faster favours neither.
    """
    await ours()
    await bare()
    figures: dict[Round, list[float]] = {ours: [], bare: []}
    for number in range(rounds):
        for way in (ours, bare) if number % 2 == 0 else (bare, ours):
            figures[way].append(await way())
    return tuple(figures[ours]), tuple(figures[bare])


def rate(operation: Callable[[int], Awaitable[object]], *, callers: int, count: int) -> Round:
    """Rounds of `count` operations by so many callers at the same time; the figure is operations per second.

    Operations are numbered through from 1, over all rounds.
    """
    numbers = itertools.count(1)

    async def one_round() -> float:
        mine = itertools.islice(numbers, count)

        async def caller() -> None:
            for number in mine:
                await operation(number)

        begin = perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(caller())
        return count / (perf_counter() - begin)

    return one_round
