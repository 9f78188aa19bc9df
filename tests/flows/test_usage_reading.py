"""Asking host platforms what is used (R20)."""

import datetime as dt
from dataclasses import dataclass, field

import pytest

from billing import usage, workspaces
from billing.host import Entitlements, Host, HostError
from billing.usage import UsageReader
from storage import catalogue as rows
from storage.database import Tx
from tests.flows.conftest import BOT, World


@dataclass
class Clock:
    world: World

    def now(self) -> dt.datetime:
        return self.world.now


@dataclass
class CountingHost:
    """Says what it is told to; `meanwhile` happens while it thinks."""

    world: World
    used: dict[str, int] | None = field(default_factory=dict)
    silent: bool = False
    pushes: dict[str, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    async def apply(self, entitlements: Entitlements) -> None:
        raise NotImplementedError

    async def read_usage(self, workspace_id: int) -> dict[str, int] | None:
        self.asked.append(workspace_id)
        if self.silent:
            raise HostError("timeout")
        if self.pushes:
            world = self.world
            world.now += dt.timedelta(seconds=1)
            await world.db.write(usage.report_usage, world.call(), workspace_id, self.pushes, world.now)
        return self.used


@pytest.fixture
async def host(world: World) -> CountingHost:
    def connect(tx: Tx) -> None:
        rows.lock_partner(tx, 1).host = "generic"

    await world.db.write(connect)
    return CountingHost(world)


def reader(world: World, host: Host) -> UsageReader:
    return UsageReader(world.db, {"generic": host}, Clock(world), BOT)


async def used(world: World) -> list[tuple[str, int]]:
    found = await world.sql("SELECT limit_code, used FROM usage ORDER BY limit_code")
    return [(code, int(count)) for code, count in found]


async def test_what_the_host_says_is_a_report(world: World, host: CountingHost) -> None:
    host.used = {"bots": 2, "rockets": 9}

    assert await reader(world, host).ask(world.workspace) == "read"

    assert await used(world) == [("bots", 2)]
    assert await world.sql("SELECT paused_limit FROM workspaces") == [(True,)]


async def test_what_it_pushes_while_it_is_asked_is_newer(world: World, host: CountingHost) -> None:
    host.used, host.pushes = {"bots": 5}, {"bots": 1}

    await reader(world, host).ask(world.workspace)

    assert await used(world) == [("bots", 1)]


async def test_a_host_that_does_not_answer_changes_nothing(world: World, host: CountingHost) -> None:
    host.silent = True

    assert await reader(world, host).ask(world.workspace) == "silent"

    assert await used(world) == []


@pytest.mark.parametrize("connected", [True, False])
async def test_a_host_that_cannot_say_is_none_to_ask(
    world: World, host: CountingHost, connected: bool
) -> None:
    host.used = None
    asking = reader(world, host) if connected else UsageReader(world.db, {}, Clock(world), BOT)

    assert await asking.ask(world.workspace) == "unable"


async def test_every_workspace_on_a_host_is_polled(world: World, host: CountingHost) -> None:
    plans = await world.db.read(workspaces.plans, world.partner_person)
    for number in range(24):
        await world.at_desk(workspaces.create, f"No {number}", plans[0][0].id, "UTC", world.now.date())
    host.used = {"members": 1}

    assert await reader(world, host).poll() == 25

    assert sorted(host.asked) == sorted(set(host.asked))
    assert await world.sql("SELECT count(*) FROM usage WHERE used = 1") == [(25,)]


async def test_without_a_host_nobody_is_asked(world: World) -> None:
    host = CountingHost(world)

    assert await reader(world, host).poll() == 0

    assert host.asked == []
