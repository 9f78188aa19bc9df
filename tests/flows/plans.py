"""A world whose plans are sold: Lite for 49 and Large for 99 USD a month, and a gateway in memory."""

from dataclasses import dataclass, field
from typing import Any

from billing import workspaces
from billing.account import refresh_account
from billing.call import Call
from billing.payments import Payments
from billing.plans import catalogue
from billing.plans.pages import PageView
from billing.plans.subscriptions import Subscriptions
from storage.models import StripeEvent
from tests.chat.fakes import FakeGateway, TurnableClock
from tests.flows.conftest import BOT, World

PARTNER = 1
LITE, LARGE = "price_lite", "price_large"


@dataclass
class Shop:
    """The world with its gateway; the clock is the world's and Stripe's."""

    world: World
    gateway: FakeGateway
    flow: Subscriptions
    payments: Payments
    plan: dict[str, int] = field(default_factory=dict)

    async def subscribe(
        self, plan: str = "Business Lite", *, by: int | None = None, **kwargs: Any
    ) -> PageView:
        world = self.world
        call = world.call(by or world.owner)
        return await self.flow.subscribe(
            call, PARTNER, world.workspace, self.plan[plan], language="en", **kwargs
        )

    async def running(self, plan: str = "Business Lite") -> str:
        """A subscription that was bought on a page and stands; answers its id."""
        view = await self.subscribe(plan)
        assert view.url is not None
        self.gateway.pay(view.url)
        await self.later(minutes=2)
        ((subscription,),) = await self.world.sql("SELECT id FROM subscriptions WHERE running")
        return str(subscription)

    async def key(self, *, live: bool) -> None:
        """The process has another key, and has looked whose it is."""
        self.gateway.live = live
        await refresh_account(self.payments, PARTNER, test_payments=True)

    async def later(self, **by: float) -> None:
        """Time passes, and the poller looks."""
        clock = self.gateway.clock
        clock.turn(**(by or {"seconds": 70}))
        self.world.now = clock.at
        await self.flow.poll()

    async def hears(self, kind: str, object_id: str, body: str = "{}") -> None:
        """A webhook is worked off."""
        if kind.startswith("checkout.session."):
            await self.flow.page(PARTNER, await self.gateway.fetch_session(object_id))
            return
        now = self.gateway.clock.at
        await self.flow.news(
            StripeEvent(
                partner_id=PARTNER,
                id=f"evt_{object_id}",
                type=kind,
                object_id=object_id,
                live=True,
                body=body,
                received_at=now,
                next_at=now,
            )
        )

    async def stands(self) -> tuple[str | None, bool, bool]:
        """Plan, unpaid, over a limit."""
        rows = await self.world.sql(
            "SELECT p.name, w.paused_unpaid, w.paused_limit FROM workspaces w"
            " LEFT JOIN plans p ON p.id = w.plan_id WHERE w.id = :w",
            w=self.world.workspace,
        )
        name, unpaid, over = rows[0]
        return name, bool(unpaid), bool(over)

    async def told(self, kind: str = "plan") -> list[str]:
        """What people were told, in order, one entry for each person."""
        rows = await self.world.sql(
            "SELECT params FROM outbox WHERE kind = :k ORDER BY created_at, id", k=kind
        )
        return [_what(row[0]) for row in rows]


def _what(params: Any) -> str:
    import json

    return str((json.loads(params) if isinstance(params, str) else params)["what"])


async def open_shop(world: World) -> Shop:
    """Two plans get a Stripe price; the third is given by hand."""
    clock = TurnableClock(world.now)
    gateway = FakeGateway(clock)
    payments = Payments(
        world.db, {PARTNER: gateway}, clock, BOT, lambda payload: f"https://t.me/desk_bot?start={payload}"
    )
    shop = Shop(world, gateway, Subscriptions(payments), payments)
    found = await world.db.read(workspaces.plans, world.partner_person)
    shop.plan = {row.name: row.id for row, _ in found}
    for name, price, amount in (("Business Lite", LITE, 4_900), ("Business Large", LARGE, 9_900)):
        gateway.sell(price, amount)
        call = Call(world.now, f"price:{price}", BOT, world.partner_person)
        await catalogue.set_stripe_price(payments, call, PARTNER, shop.plan[name], price)
    return shop
