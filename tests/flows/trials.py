"""A partner who tries everything out in Stripe's test mode, and goes live."""

import json
from dataclasses import dataclass
from typing import Any

from billing import orders, people, workspaces
from billing.access import Role
from billing.account import refresh_account
from billing.automatic import agreement
from billing.automatic.agreement import AutoTopUpView
from billing.automatic.charging import AutomaticTopUps
from billing.checkout import Checkout
from billing.invariants import invariants_at
from billing.orders import Choice, OrderView
from billing.payments import Payments
from billing.plans.subscriptions import Subscriptions
from billing.refunds import Refunds
from storage import catalogue
from storage.database import Tx
from tests.chat.fakes import FakeGateway, TurnableClock
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import BOT, World

PARTNER = 1


@dataclass
class Trial:
    """The world with a gateway whose key is of one mode or the other. The pack is 50 + 5 points for 40 USD."""

    world: World
    gateway: FakeGateway
    payments: Payments
    checkout: Checkout
    automatic: AutomaticTopUps
    subscriptions: Subscriptions
    refunds: Refunds
    pack: int

    async def key(self, *, live: bool) -> None:
        """The process starts with another key and looks whose it is."""
        self.gateway.live = live
        self.later(minutes=1)
        await refresh_account(self.payments, PARTNER, test_payments=True)

    async def order(self, workspace: int | None = None) -> OrderView:
        """A page to pay the pack on."""
        return await self.checkout.open(
            self.world.call(self.world.owner),
            PARTNER,
            workspace or self.world.workspace,
            Choice(self.pack),
            language="en",
            title=lambda name, points, bonus: name,
            chat_id=200,
            message_id=7,
        )

    async def buy(self, workspace: int | None = None) -> OrderView:
        """The pack, paid and credited."""
        placed = await self.order(workspace)
        self.pay(placed)
        return await self.checkout.look(self.world.owner, placed.id)

    def pay(self, placed: OrderView) -> None:
        """Somebody pays on the page; nobody has told of it."""
        assert placed.url is not None
        self.gateway.pay(placed.url)

    async def hear_late(self, placed: OrderView) -> None:
        """Poller, webhook and return link of a process that still has the other key bring what was paid."""
        assert placed.url is not None
        page = await self.gateway.fetch_session(placed.url.rsplit("/", 1)[1])
        await self.checkout.page(PARTNER, page)
        await self.automatic.page(PARTNER, page)
        await self.checkout.look(self.world.owner, placed.id)
        self.later(minutes=5)
        await self.checkout.poll()
        await self.automatic.run_due()

    def later(self, **by: float) -> None:
        clock = self.gateway.clock
        clock.turn(**by)
        self.world.now = clock.at

    async def another_workspace(self, name: str) -> int:
        """Of the same owner."""
        plans = await self.world.db.read(workspaces.plans, self.world.partner_person)
        day = self.world.now.date()
        made = await self.world.at_desk(workspaces.create, name, plans[0][0].id, "UTC", day)
        await self.world.at_desk(people.invite_from_desk, made.id, Role.OWNER, f"code-{name}")
        await self.world.do(people.accept_invite, f"code-{name}")
        return int(made.id)

    async def agree(self) -> None:
        """To auto top-up with the pack, without a limit."""
        await self.world.do(agreement.agree, self.world.workspace, self.pack, None)

    async def card_page(self) -> str:
        """The address of a page that saves a card."""
        call = self.world.call(self.world.owner)
        page = await self.automatic.open_card_page(
            call, self.world.workspace, language="en", consent="…", message_id=9
        )
        assert page.url is not None
        return page.url

    async def screen(self) -> AutoTopUpView:
        asked = (self.world.owner, self.world.workspace, self.world.now)
        return await self.world.db.read(agreement.autotopup, *asked)

    async def status(self, placed: OrderView) -> tuple[str, str]:
        view, _ = await self.world.db.read(orders.view, self.world.owner, placed.id)
        return view.status, view.reason

    async def taken(self) -> list[int]:
        """Every posting that took test points, oldest first."""
        found = await self.world.sql(
            "SELECT amount FROM postings WHERE kind = 'test_points' ORDER BY at, number"
        )
        return [int(row[0]) for row in found]

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """Parameters of notices of a kind, in the order of their making."""
        found = await self.world.sql(
            "SELECT params FROM outbox WHERE kind = :k ORDER BY created_at, id", k=kind
        )
        return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in found]

    async def audited(self, action: str) -> int:
        ((count,),) = await self.world.sql("SELECT count(*) FROM audit WHERE action = :a", a=action)
        return int(count)

    async def assert_sound(self) -> None:
        """The books add up, and no invariant is broken."""
        await assert_books_balance(self.world)
        for name, query in invariants_at(self.world.now):
            assert list(await self.world.db.scan(query)) == [], name


async def open_trial(world: World) -> Trial:
    """In test mode, where it is allowed."""
    clock = TurnableClock(world.now)
    gateway = FakeGateway(clock)
    payments = Payments(
        world.db, {PARTNER: gateway}, clock, BOT, lambda payload: f"https://t.me/bot?start={payload}"
    )

    def packs(tx: Tx) -> list[int]:
        return [pack.id for pack in catalogue.packs(tx, PARTNER)]

    trial = Trial(
        world,
        gateway,
        payments,
        Checkout(payments),
        AutomaticTopUps(payments),
        Subscriptions(payments),
        Refunds(payments),
        (await world.db.read(packs))[1],
    )
    await trial.key(live=False)
    return trial
