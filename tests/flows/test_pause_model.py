"""Whatever happens to a workspace, it is paused for exactly the reasons that its rows give (R21), counted here."""

import asyncio
import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing import addons, adjust, pausing, usage, workspaces
from billing.errors import BillingError
from billing.plans import changing, granting
from storage import catalogue as catalogue_rows
from storage.database import Tx, open_database
from tests.conftest import pg_copy
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World
from tests.flows.plans import Shop, open_shop
from tests.flows.test_properties import in_a_world

LIMITS = {"bots": 1, "bot_users": 1_000, "webhook_requests": 0}
"""Counted limits that are played with, and what plan Business allows."""
ADDONS = {"bots": "Extra bot", "bot_users": "+1,000 bot users", "webhook_requests": "+1,000 webhook requests"}

MODEL = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class Life:
    """A workspace and what people and Stripe have done to it that no row says."""

    world: World
    shop: Shop
    manual: bool = False
    unpaid: bool = False

    async def subscription(self, *status: str) -> str | None:
        """The one that stands for the workspace, if it stands like this at Stripe."""
        rows = await self.world.sql("SELECT id FROM subscriptions WHERE running")
        known = self.shop.gateway.subscriptions
        return next((found for (found,) in rows if known[found].status in status), None)

    async def news(self, subscription: str) -> None:
        await self.shop.hears("customer.subscription.updated", subscription)


@dataclass(frozen=True)
class Do:
    """One step, readable in a falsifying example."""

    what: str
    code: str = "bots"
    units: int = 0
    flag: bool = False

    async def run(self, life: Life) -> None:
        world, w = life.world, life.world.workspace
        match self.what:
            case "units":
                await world.get(ADDONS[self.code], self.units, accept_over=True)
            case "desk":
                addon = world.addon[ADDONS[self.code]]
                await world.at_desk(addons.set_units_from_desk, w, addon, self.units, refund=self.flag)
            case "points":
                await world.at_desk(adjust.adjust, w, self.units * 1_000, "by hand", accept_debt=self.flag)
            case "used":
                used = {
                    self.code: max(0, LIMITS[self.code] + self.units * (1 if self.code == "bots" else 600))
                }
                await world.db.write(usage.report_usage, world.call(), w, used, world.now)
            case "override":
                value = None if self.units < 0 else self.units * (1 if self.code == "bots" else 800)
                await world.at_desk(changing.set_override, w, self.code, value, over=True)
            case "allowance":
                value = self.units * (1 if self.code == "bots" else 800)
                plan = life.shop.plan["Business Lite" if self.flag else "Business"]
                await world.at_desk(granting.set_allowance, plan, self.code, value)
            case "plan":
                plans = [*sorted(life.shop.plan.values()), None]
                await world.at_desk(changing.set_plan, w, plans[self.units % len(plans)], over=True)
                life.unpaid = False
            case "manual":
                await world.at_desk(pausing.set_manual_pause, w, paused=self.flag, note="")
                life.manual = self.flag
            case "grace":
                await world.db.write(set_grace, self.units)
            case "turn":
                world.now += dt.timedelta(days=self.units)
                await world.db.write(workspaces.catch_up, world.call(), w)
            case _:
                await self.at_stripe(life)
        life.shop.gateway.clock.at = world.now

    async def at_stripe(self, life: Life) -> None:
        """What happens to the subscription."""
        gateway, running = life.shop.gateway, await life.subscription("active", "past_due", "unpaid")
        match self.what:
            case "subscribe":
                if await life.subscription("active", "past_due", "unpaid") is None:
                    await life.shop.running("Business Large" if self.flag else "Business Lite")
                    life.unpaid = False
            case "period" if (active := await life.subscription("active")) is not None:
                gateway.renew(active, paid=self.flag)
                await life.news(active)
            case "ends" if (active := await life.subscription("active")) is not None:
                await gateway.set_cancel_at_end(active, self.flag)
                await life.news(active)
            case "give up" if (owing := await life.subscription("past_due")) is not None:
                gateway.give_up(owing, "unpaid" if self.flag else "canceled")
                await life.news(owing)
                life.unpaid = True
            case "pay" if running is not None and gateway.subscriptions[running].status != "active":
                gateway.pay_invoice(running)
                await life.news(running)
                life.unpaid = False


def set_grace(tx: Tx, days: int) -> None:
    catalogue_rows.lock_partner(tx, 1).grace_days = days


# --- R21, from the rows --------------------------------------------------------------------------------------


async def granted(world: World) -> Counter[str]:
    """What may be used of each limit: the plan's value or the override of it, and what units grant."""
    found: Counter[str] = Counter({code: 0 for (code,) in await world.sql("SELECT code FROM limits")})
    of_plan = await world.sql(
        "SELECT a.limit_code, a.value FROM plan_allowances a JOIN workspaces w ON w.plan_id = a.plan_id"
        " WHERE w.id = :w",
        w=world.workspace,
    )
    found.update(dict(of_plan))
    for code, value in await world.sql(
        "SELECT limit_code, value FROM overrides WHERE workspace_id = :w", w=world.workspace
    ):
        found[code] = value
    for code, units, grant in await world.sql(
        'SELECT a.limit_code, s.units, a."grant" FROM addon_states s JOIN addons a ON a.id = s.addon_id'
        " WHERE s.workspace_id = :w AND a.limit_code IS NOT NULL",
        w=world.workspace,
    ):
        found[code] += units * grant
    return found


async def is_over(world: World, allowed: Counter[str]) -> bool:
    """Whether any counted limit is exceeded; usage per cycle that was measured before the cycle is none (R20)."""
    ((cycle_start,),) = await world.sql("SELECT cycle_start FROM workspaces WHERE id = :w", w=world.workspace)
    counted = await world.sql(
        "SELECT u.limit_code, u.used, l.per_cycle, u.at FROM usage u JOIN limits l ON l.code = u.limit_code"
        " WHERE u.workspace_id = :w AND l.counted",
        w=world.workspace,
    )
    return any(
        used > allowed[code]
        for code, used, per_cycle, at in counted
        if not (per_cycle and str(at)[:10] < str(cycle_start))
    )


async def check(life: Life) -> None:
    world = life.world
    await assert_books_balance(world)
    allowed = await granted(world)
    expected = {
        name
        for name, holds in (
            ("limit", await is_over(world, allowed)),
            ("unpaid", life.unpaid),
            ("manual", life.manual),
        )
        if holds
    }
    (row,) = await world.sql(
        "SELECT paused_limit, paused_unpaid, paused_manual FROM workspaces WHERE id = :w", w=world.workspace
    )
    assert {name for name, holds in zip(("limit", "unpaid", "manual"), row, strict=True) if holds} == expected
    ((told, paused),) = await world.sql(
        "SELECT told, paused FROM deliveries WHERE workspace_id = :w", w=world.workspace
    )
    _, told_paused, told_allowed, *_ = json.loads(told)
    assert told_paused == bool(paused) == bool(expected), "the host was told otherwise"
    assert dict(told_allowed) == dict(allowed), "the host grants otherwise"


async def play(world: World, story: list[Do]) -> None:
    await world.give(9_000)
    life = Life(world, await open_shop(world))
    for step in story:
        try:
            await step.run(life)
        except BillingError:
            continue
        finally:
            await check(life)


codes = st.sampled_from(sorted(LIMITS))
few = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.builds(Do, st.just("units"), codes, few),
        st.builds(Do, st.just("desk"), codes, few, st.booleans()),
        st.builds(Do, st.just("points"), st.just(""), st.integers(-9, 9).filter(bool), st.booleans()),
        st.builds(Do, st.just("used"), codes, st.integers(-1, 4)),
        st.builds(Do, st.just("used"), codes, st.integers(-1, 4)),
        st.builds(Do, st.just("override"), codes, st.integers(-1, 3)),
        st.builds(Do, st.just("allowance"), codes, few, st.booleans()),
        st.builds(Do, st.just("plan"), st.just(""), few),
        st.builds(Do, st.just("manual"), st.just(""), st.just(0), st.booleans()),
        st.builds(Do, st.just("grace"), st.just(""), st.sampled_from([0, 3])),
        st.builds(Do, st.just("turn"), st.just(""), st.sampled_from([1, 4, 15, 31, 70])),
        st.builds(Do, st.just("turn"), st.just(""), st.sampled_from([1, 4, 31])),
        st.builds(
            Do,
            st.sampled_from(["subscribe", "period", "period", "ends", "give up", "pay"]),
            st.just(""),
            st.just(0),
            st.booleans(),
        ),
    ),
    min_size=6,
    max_size=16,
)

SUBSCRIBE, OWING, CANCELED = Do("subscribe"), Do("period"), Do("give up")
GIVEN, PAID = Do("give up", flag=True), Do("pay")
FULL = Do("used", "bots", 1)

stories: list[list[Do]] = [
    [SUBSCRIBE, OWING, GIVEN, FULL, Do("manual", flag=True), PAID, Do("units", units=1), Do("manual")],
    [SUBSCRIBE, FULL, OWING, CANCELED, Do("turn", units=31), Do("plan", units=2), SUBSCRIBE],
    [
        Do("units", units=2),
        Do("used", units=2),
        Do("points", units=-6),
        Do("turn", units=31),
        Do("points", units=9),
    ],
    [
        Do("grace", units=3),
        Do("units", units=3),
        Do("used", units=3),
        Do("turn", units=31),
        Do("turn", units=4),
    ],
    [
        Do("used", "webhook_requests", 2),
        Do("turn", units=31),
        Do("used", "webhook_requests", 1),
        Do("turn", units=70),
    ],
    [SUBSCRIBE, FULL, Do("ends", flag=True), Do("period", flag=True), Do("plan"), Do("override", units=0)],
    [SUBSCRIBE, OWING, GIVEN, Do("plan", units=1), Do("allowance", "bot_users"), Do("used", "bot_users", 1)],
]


def given_stories(test: Callable[..., None]) -> Callable[..., None]:
    for story in stories:
        test = example(story=story)(test)
    return given(story=steps)(test)


@MODEL
@given_stories
def test_a_workspace_is_paused_for_what_its_rows_say(
    sqlite_world: tuple[Path, World], story: list[Do]
) -> None:
    """R20, R21, R25, R35."""
    in_a_world(sqlite_world, lambda world: play(world, story))


@settings(MODEL, max_examples=4)
@given_stories
def test_the_same_on_postgresql(pg_server: str, pg_built_world: tuple[str, World], story: list[Do]) -> None:
    name, built = pg_built_world

    async def run(url: str) -> None:
        world: Any = replace(built, db=open_database(url), addon=dict(built.addon))
        try:
            await play(world, story)
        finally:
            await world.db.close()

    with contextmanager(pg_copy)(pg_server, name) as url:
        asyncio.run(run(url))
