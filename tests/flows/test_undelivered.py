"""A host platform that stays silent: told after an hour, the charge back after a day (R35)."""

import datetime as dt
from dataclasses import dataclass, field

import pytest

from billing import addons, delivery, undelivered, workspaces
from billing.host import Entitlements, HostError
from storage import catalogue as rows
from storage.database import Tx
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import World

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclass
class Clock:
    world: World

    def now(self) -> dt.datetime:
        return self.world.now


@dataclass
class FakeHost:
    told: list[Entitlements] = field(default_factory=list)
    silent: bool = False

    async def apply(self, entitlements: Entitlements) -> None:
        if self.silent:
            raise HostError("503")
        self.told.append(entitlements)

    async def read_usage(self, workspace_id: int) -> dict[str, int] | None:
        return None


@pytest.fixture
async def host(world: World) -> FakeHost:
    """A host that has confirmed the first extra bot, then falls silent."""
    return await falls_silent(world)


async def falls_silent(world: World) -> FakeHost:
    def connect(tx: Tx) -> None:
        rows.lock_partner(tx, 1).host = "generic"

    await world.db.write(connect)
    await world.give(50_000)
    host = FakeHost()
    await world.get("Extra bot", 1)
    await deliver(world, host)
    host.silent = True
    world.now += HOUR
    return host


async def deliver(world: World, host: FakeHost) -> None:
    await delivery.deliver_due(world.db, {"generic": host}, Clock(world))


async def mind(world: World) -> None:
    await undelivered.mind_silence(world.db, Clock(world), 4242)


async def bots(world: World) -> int:
    found = await world.sql("SELECT units FROM addon_states WHERE addon_id = :a", a=world.addon["Extra bot"])
    return int(found[0][0])


async def test_the_partner_is_told_once_after_an_hour(world: World, host: FakeHost) -> None:
    await world.get("Extra bot", 2)
    await deliver(world, host)
    world.now += HOUR - dt.timedelta(seconds=1)
    await mind(world)
    assert "desk_host_silent" not in await world.notices()

    for _ in range(3):
        world.now += HOUR
        await deliver(world, host)
        await mind(world)

    assert (await world.notices()).count("desk_host_silent") == 1


async def test_a_change_in_the_meantime_does_not_start_the_hour_anew(world: World, host: FakeHost) -> None:
    await world.get("Extra bot", 2)
    world.now += dt.timedelta(minutes=50)
    await world.get("Extra bot", 3)
    world.now += dt.timedelta(minutes=10)

    await mind(world)

    assert (await world.notices()).count("desk_host_silent") == 1


async def test_many_workspaces_are_one_notice(world: World, host: FakeHost) -> None:
    plans = await world.db.read(workspaces.plans, world.partner_person)
    for name in ("Bakery", "Gym"):
        await world.at_desk(workspaces.create, name, plans[0][0].id, "UTC", world.now.date())
    world.now += HOUR

    await mind(world)

    assert (await world.notices()).count("desk_host_silent") == 1


async def test_after_a_day_all_of_the_charge_goes_back(world: World, host: FakeHost) -> None:
    """R35: also of the dates that went by, and into the next cycle where one began."""
    world.turn(30, hour=13)
    before = await world.balance()
    await world.get("Extra bot", 3)
    world.now += DAY
    await mind(world)

    assert await bots(world) == 1
    # One bot was renewed for December, as it would have been without the others.
    assert await world.balance() == before - 3_000
    notices = await world.notices()
    assert (notices.count("undelivered"), notices.count("desk_undelivered")) == (1, 1)
    await assert_books_balance(world)


async def test_nothing_goes_back_twice(world: World, host: FakeHost) -> None:
    before = await world.balance()
    await world.get("Extra bot", 2)
    for _ in range(3):
        world.now += DAY
        await deliver(world, host)
        await mind(world)

    assert await world.balance() == before
    assert (await world.notices()).count("undelivered") == 1


async def test_what_was_bought_later_has_its_own_day(world: World, host: FakeHost) -> None:
    before = await world.balance()
    await world.get("Extra bot", 3)
    world.now += dt.timedelta(hours=20)
    later = await world.get("Extra bot", 4)
    world.now += dt.timedelta(hours=4)
    await mind(world)
    assert await bots(world) == 2
    assert await world.balance() == before - later.amount

    world.now += dt.timedelta(hours=20)
    await mind(world)
    assert await bots(world) == 1
    assert await world.balance() == before
    await assert_books_balance(world)


async def test_what_was_removed_since_is_not_paid_back_again(world: World, host: FakeHost) -> None:
    await world.get("Extra bot", 2)
    world.now += dt.timedelta(hours=5)
    await world.get("Extra bot", 1)
    balance = await world.balance()
    world.now += DAY

    await mind(world)

    assert await world.balance() == balance
    assert await bots(world) == 1


async def test_what_was_removed_and_bought_again_has_a_day_of_its_own(world: World, host: FakeHost) -> None:
    await world.get("Extra bot", 3)
    world.now += dt.timedelta(hours=5)
    await world.get("Extra bot", 1)
    world.now += dt.timedelta(hours=18)
    await world.get("Extra bot", 2)
    balance = await world.balance()
    world.now += dt.timedelta(hours=1)

    await mind(world)

    assert await bots(world) == 2
    assert await world.balance() == balance


async def test_a_late_confirmation_of_what_was_sold_keeps_it(world: World, host: FakeHost) -> None:
    """The host took the first purchase, its answer is late, and a second one waits by then."""
    await world.get("Extra bot", 2)
    (claimed,) = await world.db.write(delivery.claim, world.now)
    world.now += HOUR
    await world.get("Extra bot", 3)
    await world.db.write(delivery.confirm, claimed, world.now)
    world.now += DAY

    await mind(world)

    assert await bots(world) == 2


async def test_a_host_that_wakes_up_is_told_what_holds_by_then(world: World, host: FakeHost) -> None:
    await world.get("Extra bot", 2)
    await deliver(world, host)
    world.now += DAY
    await mind(world)
    host.silent = False

    await deliver(world, host)

    assert host.told[-1].units == {"Extra bot": 1}
    assert await world.sql("SELECT waiting_since, alerted_at FROM deliveries") == [(None, None)]


async def test_units_that_cost_nothing_stay(world: World, host: FakeHost) -> None:
    """R26: with credit billing off the partner gives them; there is no charge to go back."""
    from billing import catalogue

    await world.at_desk(catalogue.set_price, world.addon["Extra member"], 0)
    await world.get("Extra member", 1)
    world.now += DAY

    await mind(world)

    assert await world.sql(
        "SELECT units FROM addon_states WHERE addon_id = :a", a=world.addon["Extra member"]
    ) == [(1,)]


async def test_a_purchase_taken_back_cannot_be_undone_too(world: World, host: FakeHost) -> None:
    changed = await world.get("Extra bot", 2)
    before = await world.balance()
    world.now += DAY
    await mind(world)

    await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)

    assert await world.balance() == before + changed.amount


async def test_twenty_who_take_back_at_once_pay_back_once(pg_world: World) -> None:
    world = pg_world
    await falls_silent(world)
    before = await world.balance()
    await world.get("Extra bot", 2)
    world.now += DAY

    await twenty(world.db, lambda _: world.db.write(undelivered.take_back, world.call(), world.workspace))

    assert await world.balance() == before
    assert (await world.notices()).count("undelivered") == 1
    await assert_books_balance(world)
