"""Payments, refunds and disputes at a gateway in memory, as a process of the bot meets them."""

import datetime as dt
from dataclasses import dataclass
from typing import cast

from billing.gateway import PaymentFacts, SessionFacts
from billing.money import Money
from billing.payments import Payments
from billing.refunds import Refunds
from storage.models import StripeEvent
from tests.chat.fakes import FakeGateway, TurnableClock
from tests.flows.conftest import BOT, World
from tests.flows.test_orders import order, paid


@dataclass
class Till:
    """The flow of refunds over a gateway. Amounts are of a pack of 50 + 5 points for 40 USD."""

    world: World
    gateway: FakeGateway
    refunds: Refunds
    payments: Payments
    _events: int = 0

    async def news(self, kind: str, payment: str) -> None:
        """A webhook of this kind about the payment's charge."""
        known = self.gateway.payments.get(payment)
        await self.news_of(kind, known.charge or "" if known is not None else payment)

    async def news_of(self, kind: str, object_id: str) -> None:
        """A webhook about an object."""
        self._events += 1
        now = self.world.now
        event = StripeEvent(
            partner_id=1,
            id=f"evt_{self._events}",
            type=kind,
            object_id=object_id,
            live=True,
            body="",
            received_at=now,
            next_at=now,
        )
        await self.refunds.news(event)

    def pay(self, page: SessionFacts) -> str:
        """The page is paid at the gateway, and nobody has told of it; answers the payment."""
        facts = paid(page)
        payment = facts.payment_intent
        assert payment is not None
        self.gateway.pages[facts.id] = facts
        self.gateway.payments[payment] = PaymentFacts(
            payment,
            "succeeded",
            facts.subtotal,
            live=True,
            created=self.world.now,
            charge=payment.replace("pi", "ch"),
            metadata=facts.metadata,
        )
        return payment

    def foreign_sale(self) -> str:
        """The partner sells something else at the same account; answers the payment."""
        self.gateway.payments["pi_other"] = PaymentFacts(
            "pi_other", "succeeded", Money(900, "USD"), live=True, created=self.world.now, charge="ch_other"
        )
        return "pi_other"

    async def paid_order(self) -> tuple[int, str]:
        """Paid and credited; (order, payment)."""
        placed, page = await order(self.world)
        payment = self.pay(page)
        await self.refunds.look(1, payment)
        return placed.view.id, payment

    async def taken(self) -> tuple[int, int, int]:
        """Of the only order: minor units gone, points and bonus taken back."""
        ((gone, points, bonus),) = await self.world.sql(
            "SELECT refunded_minor, reversed_points, reversed_bonus FROM orders"
        )
        return int(gone), int(points), int(bonus)


class _WorldClock:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> dt.datetime:
        return self._world.now


def open_till(world: World, gateway: FakeGateway | None = None) -> Till:
    """Refunds as a process runs them."""
    clock = _WorldClock(world)
    gateway = gateway or FakeGateway(cast("TurnableClock", clock))
    payments = Payments(
        world.db, {1: gateway}, clock, BOT, lambda payload: f"https://t.me/bot?start={payload}"
    )
    return Till(world, gateway, Refunds(payments), payments)
