"""Telling the host platform until it confirms (R35)."""

import datetime as dt
from dataclasses import dataclass, field

import pytest

from billing import addons, delivery, pausing, usage
from billing.host import Entitlements, HostError
from storage import catalogue as rows
from storage.database import Tx
from tests.flows.conftest import World


@dataclass
class HandTurnedClock:
    world: World

    def now(self) -> dt.datetime:
        return self.world.now


@dataclass
class FakeHost:
    """Notes what it is told; fails while told to."""

    told: list[Entitlements] = field(default_factory=list)
    failing: str = ""

    async def apply(self, entitlements: Entitlements) -> None:
        self.told.append(entitlements)
        if self.failing:
            raise HostError(self.failing)

    async def read_usage(self, workspace_id: int) -> dict[str, int] | None:
        return None


@pytest.fixture
async def host(world: World) -> FakeHost:
    """A host platform that the world's partner has just connected, with nothing waiting."""

    def connect(tx: Tx) -> None:
        rows.lock_partner(tx, 1).host = "generic"

    await world.db.write(connect)
    await world.give(20_000)
    host = FakeHost()
    await deliver(world, host)
    host.told.clear()
    return host


async def deliver(world: World, host: FakeHost) -> int:
    return await delivery.deliver_due(world.db, {"generic": host, "none": host}, HandTurnedClock(world))


async def waiting(world: World) -> float | None:
    """Seconds until the delivery is tried again; None: confirmed."""
    ((confirmed, next_at),) = await world.sql("SELECT confirmed_at, next_at FROM deliveries")
    if confirmed is not None:
        return None
    due = dt.datetime.fromisoformat(next_at) if isinstance(next_at, str) else next_at
    return (due.replace(tzinfo=dt.UTC) - world.now).total_seconds()


async def test_a_purchase_is_told_and_counts_as_delivered_once_confirmed(
    world: World, host: FakeHost
) -> None:
    changed = await world.get("Extra bot", 2)
    assert not changed.delivered

    assert await deliver(world, host) == 1
    assert await deliver(world, host) == 0

    (told,) = host.told
    assert (told.workspace_id, told.name, told.paused) == (world.workspace, "Acme Support", False)
    assert told.units == {"Extra bot": 2}
    assert {each.code: each.value for each in told.allowances}["bots"] == 3
    assert await waiting(world) is None


async def test_without_a_host_what_is_sold_counts_as_delivered(world: World) -> None:
    await world.give(3_000)

    assert (await world.get("Extra bot", 1)).delivered


async def test_a_pause_and_a_resume_are_told_with_rising_versions(world: World, host: FakeHost) -> None:
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True)
    await deliver(world, host)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=False)
    await deliver(world, host)

    assert [told.paused for told in host.told] == [True, False]
    assert host.told[0].version < host.told[1].version


async def test_a_failing_host_is_tried_again_ever_less_often_until_it_takes_it(
    world: World, host: FakeHost
) -> None:
    await world.get("Extra bot", 1)
    host.failing = "503 " + "x" * 5_000
    waits = []
    for _ in range(12):
        assert await deliver(world, host) == 0
        assert await deliver(world, host) == 0
        wait = await waiting(world)
        assert wait is not None
        waits.append(wait)
        world.now += dt.timedelta(seconds=wait)

    assert waits == sorted(waits)
    assert waits[:3] == [2, 4, 8]
    assert waits[-1] == 15 * 60
    assert len(host.told) == 12
    ((error,),) = await world.sql("SELECT error FROM deliveries")
    assert error.startswith("503")
    assert len(error) == 200

    host.failing = ""
    assert await deliver(world, host) == 1
    assert await waiting(world) is None


async def test_only_the_newest_of_several_changes_is_told(world: World, host: FakeHost) -> None:
    await world.get("Extra bot", 1)
    await world.get("Extra bot", 2)
    changed = await world.get("Extra bot", 3)
    await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)

    assert await deliver(world, host) == 1

    assert [told.units for told in host.told] == [{"Extra bot": 2}]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_change_made_while_the_host_was_told_is_told_at_once(
    world: World, host: FakeHost, fails: bool
) -> None:
    """The newest wins: neither a confirmation nor a failure of the older one holds it up."""
    await world.get("Extra bot", 1)
    (claimed,) = await world.db.write(delivery.claim, world.now)
    await world.get("Extra bot", 2)

    if fails:
        await world.db.write(delivery.postpone, claimed, "timeout", world.now)
    else:
        await world.db.write(delivery.confirm, claimed, world.now)

    assert await deliver(world, host) == 1
    assert [told.units for told in host.told] == [{"Extra bot": 2}]


async def test_a_claim_is_anothers_again_after_a_minute(world: World, host: FakeHost) -> None:
    """The process that claimed it may have died."""
    await world.get("Extra bot", 1)

    assert len(await world.db.write(delivery.claim, world.now)) == 1
    assert await world.db.write(delivery.claim, world.now) == []
    world.now += dt.timedelta(seconds=60)
    assert len(await world.db.write(delivery.claim, world.now)) == 1


async def test_the_host_is_told_only_what_differs_from_what_it_was_told(world: World, host: FakeHost) -> None:
    """Points and usage within the limits change nothing that it grants."""
    await world.give(100)
    await world.db.write(usage.report_usage, world.call(), world.workspace, {"bots": 1}, world.now)

    assert await deliver(world, host) == 0
    assert host.told == []
