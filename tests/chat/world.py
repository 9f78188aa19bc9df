"""The bot in one process with everything around it in memory, but for its database."""

import itertools
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.types import ErrorEvent, TelegramObject, Update

from billing import adjust, people, workspaces
from billing.access import Role
from billing.automatic.charging import AutomaticTopUps
from billing.call import Call
from billing.checkout import Checkout
from billing.cycle import UnknownZoneError
from billing.errors import BillingError
from billing.ledger import Kind
from billing.payments import Payments
from billing.plans.subscriptions import Subscriptions
from billing.points import AmountFormatError
from billing.refunds import Refunds
from handlers import notices
from handlers.answers import AnswerOnce
from handlers.dispatcher import build_dispatcher
from handlers.screens import send
from handlers.services import Services
from storage import catalogue, ledger, outbox
from storage import people as person_rows
from storage.database import Database
from storage.workspaces import wallet

from .fakes import FakeGateway, TurnableClock
from .people import Person
from .telegram import Telegram

BOT_ID = 42
PARTNER = 1
_EXPECTED = (BillingError, AmountFormatError, UnknownZoneError)


class World:
    """What tests hold: the clock, Stripe, Telegram, and the people they make."""

    def __init__(self, db: Database, clock: TurnableClock) -> None:
        self.db = db
        self.clock = clock
        self.telegram = Telegram(clock)
        self.gateway = FakeGateway(clock)
        self.bot = Bot(f"{BOT_ID}:TEST", session=self.telegram)
        self.telegram.middleware(AnswerOnce())
        self.payments = Payments(
            db,
            {PARTNER: self.gateway},
            clock,
            BOT_ID,
            lambda payload: f"https://t.me/desk_bot?start={payload}",
        )
        self.checkout = Checkout(self.payments)
        self.services = Services(
            db,
            clock,
            self.checkout,
            AutomaticTopUps(self.payments),
            Subscriptions(self.payments),
            Refunds(self.payments),
            BOT_ID,
            "desk_bot",
            lambda: None,
        )
        self.dispatcher: Dispatcher = build_dispatcher(self.services, MemoryStorage())
        self.dispatcher.errors.outer_middleware(self._watch)
        self._bug: Exception | None = None
        self._numbers = itertools.count(1)
        self.acme = 0
        """The workspace of the customer's tests."""

    def person(self, name: str, telegram_id: int | None = None, language: str = "en") -> Person:
        """Somebody who has not spoken to the bot yet."""
        return Person(self, telegram_id or 1_000 + next(self._numbers), name, language)

    async def feed(self, update: Update) -> None:
        """Let the bot handle an update. A defect in a handler fails the test, whatever the person was told."""
        self._bug = None
        await self.dispatcher.feed_update(self.bot, update, tap=f"t{next(self._numbers)}")
        if self._bug is not None:
            raise self._bug

    async def _watch(self, handler: Any, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, ErrorEvent)
        if not isinstance(event.exception, _EXPECTED):
            self._bug = event.exception
        return await handler(event, data)

    async def deliver(self) -> int:
        """Send what waits in the outbox, as the sender does; answers how many messages went out."""
        sent = 0
        while due := await self.db.write(outbox.claim_due, BOT_ID, self.clock.now(), 50):
            for message in due:
                screen = await notices.render(self.services, message.kind, message.params, message.person_id)
                if screen is not None:
                    self.telegram.open_room(message.chat_id)
                    await send(self.bot, message.chat_id, screen, message.edits_message_id)
                    sent += 1
                await self.db.write(outbox.mark_sent, BOT_ID, message.id, self.clock.now())
        return sent

    async def hear_from_stripe(self, **later: float) -> None:
        """Some seconds pass, the poller looks at what is due, and notices go out."""
        self.clock.turn(**(later or {"seconds": 70}))
        await self.checkout.poll()
        await self.deliver()

    def call(self, person_id: int | None = None) -> Call:
        """A request of its own, for use cases that tests run directly."""
        return Call(self.clock.now(), f"test:{next(self._numbers)}", BOT_ID, person_id)

    async def person_id(self, person: Person) -> int:
        """The person's row; met now if they never spoke."""
        visitor = await self.db.write(people.meet, self.call(), person.id, person.name, None, person.language)
        return visitor.person_id

    async def join(self, person: Person, workspace_id: int, role: Role) -> None:
        """Make somebody a member, by an invite from the desk."""
        code = f"code-{next(self._numbers)}"
        owner = await self._desk_owner()
        await self.db.write(people.invite_from_desk, self.call(owner), workspace_id, role, code)
        await self.db.write(people.accept_invite, self.call(await self.person_id(person)), code)

    async def workspace(self, name: str, plan: str = "Business", points: int = 0) -> int:
        """A new workspace that renews on 1 December, with hundredths of points; answers its number."""
        owner = await self._desk_owner()
        found = await self.db.read(workspaces.plans, owner)
        plan_id = next(row.id for row, _ in found if row.name == plan)
        renewal = self.clock.now().date().replace(month=12, day=1)
        made = await self.db.write(workspaces.create, self.call(owner), name, plan_id, "UTC", renewal)
        if points:
            await self.db.write(adjust.adjust, self.call(owner), made.id, points, "welcome")
        return made.id

    async def balance(self, workspace_id: int) -> int:
        """Hundredths of points, as committed."""
        return (await self.db.read(wallet, PARTNER, workspace_id)).balance

    async def postings(self, workspace_id: int) -> list[tuple[Kind, int]]:
        """Kind and hundredths of everything in the ledger, oldest first."""
        found = await self.db.read(ledger.postings_page, PARTNER, workspace_id, 2**62, 1_000)
        return [(Kind(row.kind), row.amount) for row in reversed(found)]

    async def addon(self, label: str) -> int:
        """The number of the partner's add-on with this label."""
        rows = await self.db.read(catalogue.addons, PARTNER)
        return next(row.id for row in rows if row.label == label)

    async def _desk_owner(self) -> int:
        rows = await self.db.read(person_rows.admins, PARTNER)
        return rows[0][1].id
