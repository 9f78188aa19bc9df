"""A bench whose clock is turned, and a customer's workspace in it over the months."""

import calendar
import datetime as dt
import itertools
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized

from .client import Json, Message, Person, Sim
from .conftest import Bench
from .desk import Desk
from .shop import GOOD_CARD

_numbers = itertools.count(1)


def month_after(day: dt.date, months: int = 1) -> dt.date:
    """The same day of a later month, or its last one."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return dt.date(day.year + years, month + 1, min(day.day, last))


@dataclass(slots=True)
class Timed:
    """A bot at work in a world whose clock goes forward when a test says so: the bot's and the sandbox's as one."""

    bench: Bench
    ahead: "Synchronized[float]"

    @property
    def sim(self) -> Sim:
        return self.bench.sim

    @property
    def desk(self) -> Desk:
        return self.bench.desk

    async def now(self) -> dt.datetime:
        return dt.datetime.fromisoformat((await self.sim.get("/sim/clock"))["now"])

    async def turn(self, *, days: float = 0, hours: float = 0) -> None:
        await self.sim.post("/sim/clock", {"days": days, "hours": hours})
        self.ahead.value += dt.timedelta(days=days, hours=hours).total_seconds()

    async def turn_to(self, day: dt.date, hour: int = 12) -> None:
        """That hour of the day, UTC."""
        moment = dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC)
        left = (moment - await self.now()).total_seconds()
        assert left >= 0, f"{moment} is over"
        await self.turn(hours=left / 3_600)

    async def opens(self) -> "Place":
        """A new workspace with its owner, at noon, when nobody sleeps."""
        today = (await self.now()).date() + dt.timedelta(days=1)
        await self.turn_to(today)
        name = f"Place {next(_numbers)}"
        return Place(self, await self.bench.customer("Dana", name), name, today)


@dataclass(slots=True)
class Place:
    """A workspace that began on a day, renews each month on it, and has an owner who taps."""

    timed: Timed
    dana: Person
    name: str
    began: dt.date

    def renews(self, months: int = 1) -> dt.date:
        return month_after(self.began, months)

    def before(self, days: int, months: int = 1) -> dt.date:
        """So many days before a renewal."""
        return self.renews(months) - dt.timedelta(days=days)

    def after(self, days: int, months: int = 1) -> dt.date:
        return self.before(-days, months)

    async def customer(self) -> str:
        """Stripe's customer of this workspace."""
        listed = await self.timed.sim.stripe_list("customers", self.timed.bench.bot.stripe_key)
        (found,) = [one["id"] for one in listed if one["name"] == self.name]
        return str(found)

    async def payments(self) -> list[Json]:
        """All that its people were asked to pay, or paid, newest first."""
        customer = await self.customer()
        return [one for one in await self.timed.sim.payments() if one["customer"] == customer]

    async def charges(self, status: str = "paid") -> list[Json]:
        """What the saved card was charged, or was tried to be, without a page."""
        return [one for one in await self.payments() if one["session"] is None and one["status"] == status]

    async def subscription(self) -> Json:
        """The only subscription that it has at Stripe."""
        (found,) = await self._mine("subscriptions")
        return found

    async def declines(self, code: str | None, *, always: bool = True) -> None:
        """The bank says no to the saved card from now on, or yes again (None)."""
        (card,) = await self._mine("cards")
        await self.timed.sim.bank("decline", payment_method=card["id"], code=code, always=always)

    async def _mine(self, what: str) -> list[Json]:
        customer = await self.customer()
        every = (await self.timed.sim.get("/sim/stripe/payments"))[what]
        return [one for one in every if one["customer"] == customer]

    async def gets(self, points: int) -> None:
        """Points by hand, so that nothing else is bought for them."""
        await self.timed.desk.gives(self.name, f"+{points}", f"{points} for a start")
        await self.dana.sees(f"{points} for a start")

    async def buys(self, addon: str, units: int) -> Message:
        shop = await self.dana.writes("/addons", shows=addon)
        await self.dana.taps(addon, on=shop.id)
        await self.dana.taps(str(units), on=shop.id)
        return await self.dana.taps("Add for", on=shop.id)

    async def agrees(self, pack: str = "10 points", card: str = GOOD_CARD) -> Message:
        """Switch auto top-up on for a pack, and save a card on Stripe's page."""
        screen = await self.dana.writes("/autotopup", shows="○ off")
        await self.dana.taps("Turn on", on=screen.id)
        consent = await self.dana.taps(pack, on=screen.id)
        assert "what you agree to" in consent.text
        await self.dana.taps("Agree and save a card", on=screen.id)
        page = await self.dana.sees("Save a card", on=screen.id)
        saved = await self.timed.sim.pay(page, card)
        assert saved.get("status") == "complete", saved
        await self.timed.turn(hours=1 / 60)  # for a bot that nobody tells
        return await self.dana.sees("● on", on=screen.id)

    async def home(self) -> Message:
        return await self.dana.writes("/menu", shows=self.name)
