"""Stories: time passes, everything that ticks ticks, and whoever is told is written down in order."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, cast

from billing import delivery, notices, reminders, undelivered
from billing.automatic.charging import AutomaticTopUps
from billing.call import Call
from billing.checkout import Checkout
from billing.host import Host, NoHost
from billing.orders import Choice
from billing.payments import Payments
from billing.plans import catalogue
from billing.plans.subscriptions import Subscriptions
from billing.refunds import Refunds
from billing.usage import UsageReader, report_usage
from bot.sweeping import Sweep
from handlers.notices import render
from handlers.services import Services
from storage import outbox
from tests.chat.fakes import FakeGateway, TurnableClock
from tests.flows.automatic import Auto
from tests.flows.conftest import BOT, World
from tests.flows.plans import LARGE, LITE, PARTNER, Shop

HOURS = (0, 1, 8, 10, 15, 20)
"""Of the day (UTC), at which a story looks. A process looks every few seconds and finds the same."""


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that was sent: on which date of 2026 or 2027 and at which hour (UTC), to whom, of what kind."""

    at: str
    who: str
    kind: str
    about: str
    """What it says in a word or two: reason, news, percentage."""
    text: str
    """As the person reads it."""
    moment: dt.datetime

    def __str__(self) -> str:
        return " ".join(part for part in (self.at[:6], self.who, self.kind, self.about) if part)


@dataclass
class StoryClock:
    """The world's time, as every part of the process reads it, Stripe too."""

    world: World

    def now(self) -> dt.datetime:
        return self.world.now

    @property
    def at(self) -> dt.datetime:
        return self.world.now

    @at.setter
    def at(self, at: dt.datetime) -> None:
        self.world.now = at

    def turn(self, **by: float) -> None:
        self.world.now += dt.timedelta(**by)


@dataclass
class Story:
    """Plays a world's time by the hours and reads the post. Nobody who has blocked the bot gets any."""

    world: World
    told: list[Told] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    """Telegram ids; the bot learns of it when it writes to them."""
    hosts: dict[str, Host] = field(default_factory=lambda: {"none": NoHost()})
    hours: tuple[int, ...] = HOURS

    def __post_init__(self) -> None:
        self._clock = cast("TurnableClock", StoryClock(self.world))
        self.gateway = FakeGateway(self._clock)
        payments = Payments(
            self.world.db,
            {PARTNER: self.gateway},
            self._clock,
            BOT,
            lambda code: f"https://t.me/bot?start={code}",
        )
        self._payments = payments
        self.checkout, self.automatic = Checkout(payments), AutomaticTopUps(payments)
        self.subscriptions, self.refunds = Subscriptions(payments), Refunds(payments)
        self._sweep = Sweep(self.world.db, self._clock, BOT, lambda: None)
        self._services = Services(
            self.world.db,
            self._clock,
            self.checkout,
            self.automatic,
            self.subscriptions,
            self.refunds,
            BOT,
            "northwind_bot",
            lambda: None,
        )

    def now(self) -> dt.datetime:
        """The clock of what ticks."""
        return self.world.now

    async def begin(self) -> "Story":
        """What was told up to now is no part of the story."""
        await self._send()
        self.told.clear()
        return self

    async def auto(self) -> Auto:
        """The workspace's auto top-up."""
        packs = await self.world.sql("SELECT id FROM packs WHERE retired_at IS NULL ORDER BY points")
        (small,), (pack,) = packs
        return Auto(self.world, self.gateway, self._clock, self.automatic, self.checkout, pack, small)

    async def shop(self) -> Shop:
        """Plans that are sold: Lite for 49 and Large for 99 USD a month."""
        found = await self.world.sql("SELECT name, id FROM plans")
        shop = Shop(self.world, self.gateway, self.subscriptions, self._payments, dict(found))
        for name, price, amount in (("Business Lite", LITE, 4_900), ("Business Large", LARGE, 9_900)):
            self.gateway.sell(price, amount)
            call = self.world.call(self.world.partner_person)
            await catalogue.set_stripe_price(self._payments, call, PARTNER, shop.plan[name], price)
        return shop

    async def until(self, month: int, day: int, hour: int = 12, *, year: int = 2026) -> None:
        """Live on to a moment (UTC), everything running."""
        end = dt.datetime(year, month, day, hour, tzinfo=dt.UTC)
        while self.world.now < end:
            self.world.now = min(self._next_hour(), end)
            await self.tick()

    async def asleep_until(self, month: int, day: int, hour: int = 12, *, year: int = 2026) -> None:
        """Nothing runs up to that moment; then everything looks at once."""
        self.world.now = dt.datetime(year, month, day, hour, tzinfo=dt.UTC)
        await self.tick()

    async def soon(self, minutes: int = 5) -> None:
        """A few minutes pass."""
        self.world.now += dt.timedelta(minutes=minutes)
        await self.tick()

    async def tick(self) -> None:
        """What the process does by itself, in the order of bot.assembly, then what the sender does."""
        db = self.world.db
        await self._sweep.run()
        await self.checkout.poll()
        await self.automatic.run_due()
        await self.automatic.look_ahead()
        await self.subscriptions.poll()
        await self.refunds.poll()
        await delivery.deliver_due(db, self.hosts, self)
        await undelivered.mind_silence(db, self, BOT)
        await UsageReader(db, self.hosts, self, BOT).poll()
        await reminders.remind_all_due(db, self, BOT)
        await self._send()

    def post(self) -> list[tuple[str, str]]:
        """To whom what was sent, in order."""
        return [(each.who, each.kind) for each in self.told]

    def lines(self) -> list[str]:
        """Date, who, kind and what it says; at one moment by name and kind."""
        told = sorted(self.told, key=lambda each: (each.moment, each.who, each.kind))
        return [str(each) for each in told]

    def text(self, kind: str) -> str:
        """What the newest notice of a kind said."""
        return next(each.text for each in reversed(self.told) if each.kind == kind)

    def when(self, kind: str, who: str = "Dana") -> list[str]:
        """The dates and hours at which somebody was told."""
        return [each.at for each in self.told if (each.kind, each.who) == (kind, who)]

    async def top_up(self, choice: Choice | None = None, *, by: int | None = None) -> str:
        """Somebody pays for points on Stripe's page (the pack of 50 + 5 unless told); answers the payment."""
        auto = await self.auto()
        placed = await self.checkout.open(
            self.world.call(by or self.world.owner),
            PARTNER,
            self.world.workspace,
            choice or Choice(auto.pack),
            language="en",
            title=lambda name, points, bonus: name,
        )
        assert placed.url is not None
        self.gateway.pay(placed.url)
        await self.soon()
        return f"pi_{placed.url.rsplit('/', 1)[1]}"

    async def uses(self, **used: int) -> None:
        """The host reports usage by limit code."""
        await self.world.db.write(report_usage, self.world.call(), self.world.workspace, used, self.world.now)
        await self.soon()

    def _next_hour(self) -> dt.datetime:
        hour = next((hour for hour in self.hours if hour > self.world.now.hour), self.hours[0] + 24)
        midnight = self.world.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + dt.timedelta(hours=hour)

    async def _send(self) -> None:
        db, now = self.world.db, self.world.now
        names = dict(await self.world.sql("SELECT telegram_id, name FROM people"))
        sent: list[Told] = []
        while due := await db.write(outbox.claim_due, BOT, now, 50):
            for message in due:
                if message.chat_id in self.blocked:
                    call = Call(now, f"blocked:{message.id}", BOT)
                    await db.write(notices.chat_blocked, call, message.chat_id)
                    continue
                screen = await render(self._services, message.kind, message.params, message.person_id)
                await db.write(outbox.mark_sent, BOT, message.id, now)
                if screen is not None:
                    who, about = names[message.chat_id], _about(message.kind, message.params)
                    sent.append(Told(f"{now:%d %b %H}", who, message.kind, about, screen.text, now))
        self.told += sent


def _about(kind: str, params: dict[str, Any]) -> str:
    match kind:
        case "plan" | "desk_plan":
            return str(params["what"])
        case "renewal":
            return "+".join(part for part in ("renewed", "unpaid", "ended") if params[part])
        case "reversal" | "desk_reversal":
            return "+".join(change[0] for change in params["changes"])
        case "paused" | "still_paused" | "resumed":
            return "+".join(params["reasons"])
        case "usage_warning":
            return "+".join(str(each[-1]) for each in params["limits"])
        case "auto_card":
            return str(params["news"])
        case _:
            return str(params.get("reason") or "")


async def begun(world: World, *, points: int = 0, units: int = 1, day: int = 20, month: int = 11) -> Story:
    """Acme has so many extra bots for 30 points a month each and so many hundredths left; what follows is the story."""
    if units or points:
        await world.give(3_000 * units + points)
    if units:
        await world.get("Extra bot", units)
    world.turn(day, month)
    return await Story(world).begin()
