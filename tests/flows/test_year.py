"""A year in the life (R1-R18, R29): twelve workspaces in twelve time zones, and the books of an independent accountant."""

import datetime as dt
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from billing import delivery, reminders, undelivered
from billing.automatic.charging import AutomaticTopUps
from billing.checkout import Checkout
from billing.gateway import PaymentFacts
from billing.host import NoHost
from billing.invariants import invariants_at
from billing.payments import Payments
from billing.refunds import Refunds
from bot.sweeping import Sweep
from bot.year import YearCompany
from sandbox.playing import play
from sandbox.year import story
from tests.chat.fakes import PAID, ChargeEnd, FakeGateway, TurnableClock, declined
from tests.flows.conftest import BOT, World

PARTNER = 1
ENDS = {"paid": PAID, "soft": declined("insufficient_funds"), "hard": declined("lost_card")}
_ANSWERS = {None: "paid", "insufficient_funds": "soft", "lost_card": "hard"}


@dataclass(slots=True)
class ScriptedBank(FakeGateway):
    """Answers the charges of each workspace's card as its story says."""

    script: dict[str, list[ChargeEnd]] = field(default_factory=dict)

    def _charge(self, params: dict[str, Any]) -> PaymentFacts:
        script = self.script[params["metadata"]["workspace"]]
        self.charging = script.pop(0) if script else PAID
        return FakeGateway._charge(self, params)


@dataclass(slots=True)
class Till:
    """The bank as the company meets it."""

    gateway: ScriptedBank

    async def pay(self, url: str) -> None:
        self.gateway.pay(url)

    async def will_answer(self, workspace_id: int, answers: Sequence[str]) -> None:
        self.gateway.script[str(workspace_id)] = [ENDS[answer] for answer in answers]

    async def before_charges(self) -> None:
        """It knows what it will answer."""

    async def charges(self, workspace_id: int) -> list[tuple[dt.datetime, int, str]]:
        return [
            (facts.created, facts.amount.amount_minor, _ANSWERS[facts.decline])
            for facts in self.gateway.payments.values()
            if facts.metadata.get("workspace") == str(workspace_id) and not facts.id.startswith("pi_cs")
        ]


async def test_a_years_books_are_those_of_an_independent_accountant(world: World) -> None:
    told = story(dt.date(2026, 11, 1))
    clock = TurnableClock(world.now)
    gateway = ScriptedBank(clock)
    payments = Payments(
        world.db, {PARTNER: gateway}, clock, BOT, lambda payload: f"https://t.me/b?start={payload}"
    )
    automatic, sweep = AutomaticTopUps(payments), Sweep(world.db, clock, BOT, lambda: None)
    numbers = itertools.count(7_000)

    async def owner_of(_workspace: str) -> int:
        return next(numbers)

    def turn(at: dt.datetime) -> None:
        clock.at = world.now = at

    company = YearCompany(
        payments,
        PARTNER,
        world.partner_person,
        Till(gateway),
        ticks=(
            sweep.run,
            automatic.run_due,
            sweep.run,
            lambda: delivery.deliver_due(world.db, {"none": NoHost()}, clock),
            lambda: undelivered.mind_silence(world.db, clock, BOT),
            Checkout(payments).poll,
            Refunds(payments).poll,
            lambda: reminders.remind_all_due(world.db, clock, BOT),
        ),
        turn=turn,
        owner_of=owner_of,
    )

    verdicts = await play(told, company)

    report = [f"{verdict.name}: {difference}" for verdict in verdicts for difference in verdict.differences]
    assert not report, "\n" + "\n".join(report)
    await _every_balance_is_its_postings(world)
    await _each_renewal_is_told_once(world)
    for name, query in invariants_at(clock.now()):
        assert not await world.db.scan(query), name


async def _every_balance_is_its_postings(world: World) -> None:
    unlike = await world.sql(
        "SELECT w.workspace_id FROM wallets w WHERE w.balance <> "
        "(SELECT coalesce(sum(p.amount), 0) FROM postings p "
        "WHERE p.partner_id = w.partner_id AND p.workspace_id = w.workspace_id)"
    )
    assert not unlike


async def _each_renewal_is_told_once(world: World) -> None:
    """What renewed of a running cycle is told to the owner, to the hundredth and once, whatever made it renew (R36)."""
    told: Counter[tuple[int, str]] = Counter()
    for at, params in await world.sql("SELECT created_at, params FROM outbox"):
        read = json.loads(params) if isinstance(params, str) else params
        for _, _, cost in read.get("renewed", ()):
            told[int(read["workspace_id"]), str(at)] += cost
    renewed: Counter[tuple[int, str]] = Counter()
    lines = await world.sql(
        'SELECT p.workspace_id, w.zone, p.at, c."end", p.amount FROM postings p '
        "JOIN cycles c ON c.partner_id = p.partner_id AND c.workspace_id = p.workspace_id "
        "AND c.start = p.cycle_start "
        "JOIN workspaces w ON w.partner_id = p.partner_id AND w.id = p.workspace_id WHERE p.kind = 'renewal'"
    )
    for workspace, zone, at, end, amount in lines:
        instant = dt.datetime.fromisoformat(str(at))
        there = instant.replace(tzinfo=instant.tzinfo or dt.UTC).astimezone(ZoneInfo(zone)).date()
        if there < dt.date.fromisoformat(str(end)):
            renewed[int(workspace), str(at)] -= amount
    assert len(renewed) > 100
    assert told == renewed
