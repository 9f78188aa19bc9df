"""Auto top-up with a gateway in memory: what its tests turn, press and read."""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing import renewal, workspaces
from billing.automatic import agreement
from billing.automatic.agreement import AutoTopUpView
from billing.automatic.charging import AutomaticTopUps
from billing.call import Call
from billing.checkout import Checkout
from billing.orders import Choice, OrderView
from billing.payments import Payments
from storage import catalogue
from storage import workspaces as rows
from storage.database import Tx
from storage.models import StripeEvent
from tests.chat.fakes import FakeGateway, TurnableClock
from tests.flows.conftest import BOT, World

PARTNER = 1
BIG = 4_000
"""Cents that the pack of 50 + 5 points costs."""
_events = itertools.count(1)


@dataclass
class Auto:
    """A workspace's auto top-up, its Stripe and its clock."""

    world: World
    gateway: FakeGateway
    clock: TurnableClock
    flows: AutomaticTopUps
    checkout: Checkout
    pack: int
    """The pack of 50 + 5 points."""
    small: int
    """The pack of 10 points."""

    @classmethod
    async def over(cls, world: World) -> "Auto":
        clock = TurnableClock(world.now)
        gateway = FakeGateway(clock)
        payments = Payments(
            world.db, {PARTNER: gateway}, clock, BOT, lambda payload: f"https://t.me/bot?start={payload}"
        )

        def packs(tx: Tx) -> list[int]:
            return [pack.id for pack in catalogue.packs(tx, PARTNER)]

        small, pack = await world.db.read(packs)
        return cls(world, gateway, clock, AutomaticTopUps(payments), Checkout(payments), pack, small)

    def turn(self, day: int, month: int = 11, hour: int = 12, minute: int = 0) -> None:
        """Stand at an instant of 2026."""
        self.clock.at = self.world.now = dt.datetime(2026, month, day, hour, minute, tzinfo=dt.UTC)

    def later(self, **by: float) -> None:
        self.clock.turn(**by)
        self.world.now = self.clock.at

    async def turn_on(
        self, *, pack: int | None = None, cap: int | None = None, ask: bool = False, last4: str = "4242"
    ) -> None:
        """Agree and save a card."""
        await self.agree(pack=pack, cap=cap, ask=ask)
        await self.save_card(last4)

    async def agree(self, *, pack: int | None = None, cap: int | None = None, ask: bool = False) -> str:
        found = await self.world.do(agreement.agree, self.world.workspace, pack or self.pack, cap, ask=ask)
        return str(found)

    async def save_card(self, last4: str = "4242") -> None:
        url = await self.card_page()
        self.gateway.pay(url, last4)
        self.later(seconds=90)
        await self.flows.run_due()

    async def card_page(self) -> str:
        call = self.world.call(self.world.owner)
        page = await self.flows.open_card_page(call, self.world.workspace, language="en", consent="…")
        assert page.url is not None
        return page.url

    async def tick(self, times: int = 1, **later: float) -> None:
        """Time passes, and all that waits for it runs: due cycles, lapses, auto top-up."""
        for _ in range(times):
            self.later(**(later or {"seconds": 10}))
            await self.world.db.write(workspaces.catch_up, self.world.call(), self.world.workspace)
            await self.flows.run_due()
            await self.world.db.write(end_waits, self.world.call(), self.world.workspace)

    async def recover(self, order_id: int, packs: int = 1, by: int | None = None) -> OrderView:
        """Press the button of a failure's notice."""
        return await self.checkout.open(
            self.world.call(by or self.world.owner),
            PARTNER,
            self.world.workspace,
            Choice(self.pack, packs=packs, recovers_id=order_id),
            language="en",
            title=lambda name, points, bonus: name,
        )

    async def hear(self, kind: str, object_id: str) -> None:
        """A webhook comes, of a page or a payment, and everybody who listens does his part."""
        if kind.startswith("checkout.session."):
            facts = await self.gateway.fetch_session(object_id)
            await self.checkout.page(PARTNER, facts)
            await self.flows.page(PARTNER, facts)
            return
        event = StripeEvent(
            partner_id=PARTNER, id=f"evt_{next(_events)}", type=kind, object_id=object_id, live=True
        )
        if not kind.startswith("payment_method."):
            await self.checkout.news(event)
        await self.flows.news(event)

    async def screen(self) -> AutoTopUpView:
        return await self.world.db.read(
            agreement.autotopup, self.world.owner, self.world.workspace, self.world.now
        )

    async def orders(self) -> list[tuple[str, str, int]]:
        """Status, reason and minor units of every automatic order, oldest first."""
        found = await self.world.sql(
            "SELECT status, reason, amount_minor FROM orders WHERE automatic ORDER BY created_at, id"
        )
        return [(row[0], row[1], row[2]) for row in found]

    async def units(self) -> int:
        ((units,),) = await self.world.sql("SELECT coalesce(sum(units), 0) FROM addon_states")
        return int(units)

    async def told(self, kind: str) -> int:
        """How many notices of a kind were queued for the owner."""
        return (await self.world.notices()).count(kind)

    @property
    def payments(self) -> list[Any]:
        return list(self.gateway.payments.values())


def end_waits(tx: Tx, call: Call, workspace_id: int) -> None:
    """What the tick of lapses does for one workspace."""
    found = rows.lock(tx, workspace_id)
    assert found is not None
    partner = catalogue.partner(tx, found[0].partner_id)
    assert partner is not None
    renewal.lapse_due(tx, call, partner, *found)


def set_partner(**values: Any) -> Callable[[Tx], None]:
    """A use case that sets the partner's switches."""

    def run(tx: Tx) -> None:
        partner = catalogue.lock_partner(tx, PARTNER)
        for name, value in values.items():
            setattr(partner, name, value)

    return run
