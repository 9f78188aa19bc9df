"""Two processes of one bot on one database: each update is handled once, a chat's in order."""

import re
from collections.abc import Iterator

import pytest

from .client import eventually, open_sim
from .desk import Desk
from .processes import Installation, Process, free_port, sandbox

PEOPLE = 5
GIFTS = 8


@pytest.fixture(params=["polling", "webhook"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_pg_url: str
) -> Iterator[tuple[Installation, Process, Process]]:
    with sandbox() as address:
        bot = Installation(
            tmp_path_factory.mktemp("pair"), address, migrated_pg_url, webhook=request.param == "webhook"
        )
        bot.connect_stripe()
        with bot.running() as first, bot.running(LISTEN_PORT=str(free_port())) as second:
            yield bot, first, second
            assert first.defects() == []
            assert second.defects() == []


async def test_updates_are_handled_once_and_in_order(pair: tuple[Installation, Process, Process]) -> None:
    bot, first, second = pair
    async with open_sim(bot.sandbox) as sim:
        await sim.ready()
        desk = await Desk.opened(sim)
        await desk.starts_to_sell()
        for number in range(PEOPLE):
            await desk.customer(f"Dana {number}", f"Twin {number}")
        numbers = [await desk.number(f"Twin {number}") for number in range(PEOPLE)]
        for gift in range(1, GIFTS + 1):
            for number in numbers:
                await desk.owner.sends(f"/points {number} +{gift} gift {gift}")

        async def all_answered() -> bool:
            said = [one.text for one in await desk.owner.messages()]
            return sum(f"gift {GIFTS}" in text for text in said) >= PEOPLE

        await eventually(all_answered, "every gift", within=30)
        said = [one.text for one in await desk.owner.messages()]
        for number in range(PEOPLE):
            about = [text for text in said if text.startswith(f"Twin {number}:")]
            gifts = [int(found) for text in about for found in re.findall(r"gift (\d+)", text)[:1]]
            assert gifts == list(range(1, GIFTS + 1)), "each once, in the order in which they were sent"
        assert await sim.unanswered() == 0
        assert [one for one in await sim.calls() if one.refused] == []
    assert first.running
    assert second.running


@pytest.mark.parametrize("pair", ["polling"], indirect=True)
async def test_the_other_takes_over_from_one_that_is_killed(
    pair: tuple[Installation, Process, Process],
) -> None:
    bot, first, second = pair
    async with open_sim(bot.sandbox) as sim:
        await sim.ready()
        stranger = await sim.person("Sam")
        await stranger.writes("/start")
        first.kill()
        before = len(await stranger.messages())
        await stranger.sends("/start")

        async def answered() -> bool:
            return len(await stranger.messages()) > before

        await eventually(answered, "an answer of the other process", within=30)
        assert second.running
