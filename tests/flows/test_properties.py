"""Whatever people do, in whatever order: what is posted is what the rules say, counted here date by date."""

import asyncio
import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing import addons, adjust, catalogue, orders, renewal, workspaces
from billing.errors import BillingError
from billing.gateway import SessionFacts
from billing.invariants import invariants_at
from billing.orders import Choice
from storage import catalogue as catalogue_rows
from storage.database import Tx, open_database
from storage.models import OrderStatus
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World
from tests.flows.date_by_date import Billing, Level, charged_levels, half_up, unit_dates
from tests.flows.test_orders import order, paid

PRICES = {"Extra bot": 3_100, "Extra member": 777}

CAREFUL = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

# --- what holds after every step ------------------------------------------------------------------------


def as_date(value: object) -> dt.date | None:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value  # type: ignore[return-value]  # a date


def moment(value: object) -> dt.datetime:
    found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(found, dt.datetime)
    return found.replace(tzinfo=dt.UTC)


def is_given(billing: Billing, on: object, more: int, at: object, by: int | None) -> bool:
    """Added by the partner while billing was off, or back by itself in a cycle that began so (R16)."""
    day = as_date(on)
    assert day is not None
    return more > 0 and (billing.is_off(moment(at)) if by is not None else billing.began_off(day))


async def check(world: World, forced: bool) -> None:
    await assert_books_balance(world)
    if not forced:
        assert await world.balance() >= 0
    cycles = [
        (as_date(start), as_date(end))
        for start, end in await world.sql('SELECT start, "end" FROM cycles ORDER BY start')
    ]
    starts = [start for start, _ in cycles if start is not None]
    billing = Billing(
        [
            (moment(at), bool(on))
            for at, on in await world.sql('SELECT at, "on" FROM billing_switches ORDER BY at')
        ]
    )
    for label, price in PRICES.items():
        addon = world.addon[label]
        changes = [
            (
                as_date(on),
                before,
                after,
                bool(lapsed),
                as_date(until),
                is_given(billing, on, after - before, at, by),
            )
            for on, before, after, lapsed, until, at, by in await world.sql(
                "SELECT on_date, units_before, units_after, lapsed, paid_until, at, person_id FROM addon_changes"
                " WHERE addon_id = :a AND undone_at IS NULL ORDER BY number",
                a=addon,
            )
        ]
        state = await world.sql("SELECT units, unpaid FROM addon_states WHERE addon_id = :a", a=addon)
        levels = charged_levels(changes)
        if state and state[0][1]:
            # What waits for points is not posted: as if it had lapsed (R15).
            levels.append(Level(max(starts[-1], levels[-1].on), state[0][0] - state[0][1], ended=True))
        for start, end in cycles:
            assert start is not None
            assert end is not None
            rows = await world.sql(
                "SELECT -amount, at, reference, explained FROM postings WHERE addon_id = :a AND cycle_start = :c"
                " ORDER BY number",
                a=addon,
                c=start.isoformat(),
            )
            running = 0
            settled = start
            for charged, at, reference, explained in rows:
                running += charged
                assert running >= 0, f"more paid back than was paid for {label} in {start}"
                if not reference.startswith("renew:") and "paid_until" not in str(explained):
                    settled = max(settled, moment(at).date())
            # Dates without billing go back with the next posting.
            off = {day for day in billing.off_dates(start, end) if day < settled}
            counted = unit_dates(levels, starts, start, end, off, free=billing.began_off(start))
            due = half_up(counted * price, (end - start).days)
            assert running == due, f"{label} in the cycle of {start}: {changes}"
        assert [units for units, _ in state] == ([changes[-1][2]] if changes else [0] * len(state))
    for name, query in invariants_at(world.now):
        if name in {"renewals", "waiting"}:
            assert not await world.db.scan(query), name


# --- what people do ----------------------------------------------------------------------------------------

Step = Callable[[World], Coroutine[Any, Any, Any]]
labels = st.sampled_from(sorted(PRICES))
few = st.integers(0, 3)


@dataclass(frozen=True)
class Do:
    """One step, readable in a falsifying example."""

    what: str
    label: str = ""
    units: int = 0
    flag: bool = False

    async def run(self, world: World) -> None:
        w, addon = world.workspace, world.addon.get(self.label, 0)
        match self.what:
            case "set":
                await world.get(self.label, self.units, accept_over=True)
            case "undo":
                ((number,),) = await world.sql(
                    "SELECT coalesce(max(changes), 0) FROM addon_states WHERE addon_id = :a", a=addon
                )
                await world.do(addons.undo, w, addon, number)
            case "desk":
                await world.at_desk(addons.set_units_from_desk, w, addon, self.units, refund=self.flag)
            case "ask":
                await world.do(addons.request_removal, w, addon, self.units)
            case "answer":
                await world.at_desk(addons.answer_request, w, addon, approve=self.flag)
            case "billing":
                # A tap has a moment of its own.
                world.now += dt.timedelta(seconds=1)
                await world.at_desk(catalogue.set_credit_billing, on=self.flag)
                world.now += dt.timedelta(seconds=1)
            case "renews":
                await world.do(addons.set_renews, w, addon, renews=self.flag)
            case "adjust":
                await world.at_desk(adjust.adjust, w, self.units, "by hand", accept_debt=self.flag)
            case "turn":
                world.now += dt.timedelta(minutes=self.units)
            case "grace":
                await world.db.write(set_grace, self.units)
            case "tick":
                await world.db.write(workspaces.catch_up, world.call(), w)
            case "keep":
                await world.do(renewal.set_keep_order, w, [addon])
            case _:
                raise AssertionError(self.what)


def set_grace(tx: Tx, days: int) -> None:
    catalogue_rows.lock_partner(tx, 1).grace_days = days


steps = st.lists(
    st.one_of(
        st.builds(Do, st.just("set"), labels, few),
        st.builds(Do, st.just("set"), labels, few),
        st.builds(Do, st.just("undo"), labels),
        st.builds(Do, st.just("desk"), labels, few, st.booleans()),
        st.builds(Do, st.just("ask"), labels, few),
        st.builds(Do, st.just("answer"), labels, st.just(0), st.booleans()),
        st.builds(Do, st.just("renews"), labels, st.just(0), st.booleans()),
        st.builds(Do, st.just("billing"), st.just(""), st.just(0), st.booleans()),
        st.builds(
            Do,
            st.just("adjust"),
            st.just(""),
            st.integers(-4_000, 6_000).filter(bool),
            st.sampled_from([False, False, False, True]),
        ),
        st.builds(Do, st.just("turn"), st.just(""), st.sampled_from([5, 1_440, 3 * 1_440, 11 * 1_440])),
        st.builds(Do, st.just("turn"), st.just(""), st.sampled_from([5, 1_440, 9 * 1_440, 30 * 1_440])),
        st.builds(
            Do, st.just("turn"), st.just(""), st.sampled_from([1_440, 2 * 1_440, 30 * 1_440, 95 * 1_440])
        ),
        st.builds(Do, st.just("grace"), st.just(""), st.sampled_from([0, 2, 6])),
        st.builds(Do, st.just("tick")),
        st.builds(Do, st.just("keep"), labels),
    ),
    min_size=8,
    max_size=22,
)


def in_a_world(template: tuple[Path, World], play: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    """Run a story in a fresh copy of the world."""
    path, built = template

    async def run(url: str) -> None:
        world = replace(built, db=open_database(url), addon=dict(built.addon))
        try:
            await play(world)
        finally:
            await world.db.close()

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, Path(folder) / "world.db")
        asyncio.run(run(f"sqlite+aiosqlite:///{folder}/world.db"))


DAY = Do("turn", units=1_440)
MONTH = Do("turn", units=30 * 1_440)
OFF, ON = Do("billing", flag=False), Do("billing", flag=True)
GRACE, TICK = Do("grace", units=6), Do("tick")
BOT, NO_BOT = Do("set", "Extra bot", 1), Do("set", "Extra bot", 0)


@CAREFUL
@given(story=steps)
@example(story=[BOT, DAY, NO_BOT, DAY, DAY, BOT, DAY, DAY, NO_BOT, DAY, BOT, MONTH, NO_BOT])
@example(
    story=[OFF, Do("desk", "Extra bot", 3), DAY, ON, DAY, BOT, Do("set", "Extra bot", 2), MONTH, DAY, NO_BOT]
)
@example(
    story=[BOT, OFF, MONTH, TICK, DAY, ON, DAY, NO_BOT, Do("set", "Extra bot", 2), DAY, BOT, MONTH, TICK]
)
@example(
    story=[
        GRACE,
        Do("set", "Extra bot", 3),
        Do("adjust", units=-3_000),
        MONTH,
        TICK,
        OFF,
        Do("desk", "Extra bot", 3),
        Do("desk", "Extra bot", 4),
        ON,
        DAY,
        Do("adjust", units=6_000),
        NO_BOT,
        BOT,
        MONTH,
        TICK,
    ]
)
@example(story=[BOT, NO_BOT, Do("undo", "Extra bot"), DAY, NO_BOT, Do("undo", "Extra bot"), MONTH, MONTH])
@example(story=[Do("set", "Extra bot", 3), DAY, Do("desk", "Extra bot", 1, flag=False), DAY, BOT, MONTH, DAY])
@example(
    story=[
        Do("set", "Extra bot", 3),
        DAY,
        Do("ask", "Extra bot", 1),
        MONTH,
        Do("answer", "Extra bot", flag=True),
    ]
)
@example(story=[Do("set", "Extra bot", 2), Do("adjust", units=-5_000), MONTH, DAY, BOT, DAY, NO_BOT, MONTH])
@example(
    story=[
        GRACE,
        Do("set", "Extra bot", 3),
        MONTH,
        TICK,
        Do("set", "Extra bot", 1),
        Do("undo", "Extra bot"),
        DAY,
        Do("adjust", units=5_000),
        Do("set", "Extra bot", 0),
        MONTH,
    ]
)
@example(
    story=[
        GRACE,
        Do("set", "Extra bot", 3),
        Do("turn", units=95 * 1_440),
        TICK,
        DAY,
        Do("ask", "Extra bot", 1),
        Do("turn", units=9 * 1_440),
        Do("answer", "Extra bot", flag=True),
        Do("undo", "Extra bot"),
        Do("adjust", units=6_000),
        Do("set", "Extra bot", 2),
    ]
)
def test_whatever_people_do_the_cycle_costs_what_its_dates_say(
    sqlite_world: tuple[Path, World], story: list[Do]
) -> None:
    """R7-R10, R14-R16."""

    async def play(world: World) -> None:
        for label, price in PRICES.items():
            await world.at_desk(catalogue.set_price, world.addon[label], price)
        await world.give(12_000)
        forced = False
        for step in story:
            forced = forced or (step.what == "adjust" and step.flag)
            try:
                await step.run(world)
            except BillingError:
                continue
            finally:
                await check(world, forced)

    in_a_world(sqlite_world, play)


FACTS: dict[str, Callable[[SessionFacts], SessionFacts]] = {
    "open": lambda facts: facts,
    "declined": lambda facts: replace(facts, decline="insufficient_funds"),
    "waiting": lambda facts: replace(
        facts, status="complete", payment_intent=facts.id.replace("cs", "pi"), payment_state="processing"
    ),
    "expired": lambda facts: replace(facts, status="expired"),
    "paid": paid,
}


@CAREFUL
@given(
    news=st.lists(
        st.tuples(st.sampled_from(["webhook", "poller", "return"]), st.sampled_from(sorted(FACTS))),
        min_size=2,
        max_size=8,
    ),
    cancelled_after=st.none() | st.integers(0, 8),
)
@example(news=[("webhook", "paid"), ("poller", "waiting"), ("return", "expired")], cancelled_after=None)
@example(news=[("webhook", "waiting"), ("poller", "expired"), ("return", "open")], cancelled_after=None)
@example(news=[("poller", "expired"), ("webhook", "paid"), ("return", "declined")], cancelled_after=0)
@example(news=[("poller", "declined"), ("webhook", "expired"), ("return", "paid")], cancelled_after=2)
def test_whoever_brings_the_news_of_a_payment_in_any_order_it_ends_the_same(
    sqlite_world: tuple[Path, World], news: list[tuple[str, str]], cancelled_after: int | None
) -> None:
    """R27, R28: paid beats all; then on its way; then how the page ended."""

    async def play(world: World) -> None:
        await world.do(addons.remember_purchase, world.workspace, world.addon["Extra bot"], 1)
        placed, facts = await order(world, Choice(None, 3_000, "USD"))
        for number, (bringer, state) in enumerate(news):
            if number == cancelled_after:
                await world.do(orders.cancel, placed.view.id)
            call = world.call(reference=f"{bringer}:{number}")
            await world.db.write(orders.settle, call, 1, FACTS[state](facts))
        told = {state for _, state in news}
        ((status,),) = await world.sql("SELECT status FROM orders")
        if "paid" in told:
            assert status == OrderStatus.PAID
            assert await world.amounts() == [3_000, -3_000]
            assert (await world.notices()).count("desk_topup") == 1
        else:
            assert await world.amounts() == []
            if "waiting" in told:
                assert status == OrderStatus.WAITING
            elif cancelled_after is not None and cancelled_after < len(news):
                assert status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}
            else:
                assert status == (OrderStatus.EXPIRED if "expired" in told else OrderStatus.OPEN)
        await assert_books_balance(world)

    in_a_world(sqlite_world, play)
