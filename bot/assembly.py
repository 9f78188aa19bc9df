"""What this process runs, put together from handlers/ and billing/."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from billing import catalogue, customers, delivery, reconciliation, reminders, restored, undelivered
from billing.automatic.charging import AutomaticTopUps
from billing.call import Call
from billing.checkout import Checkout
from billing.gateway import Gateway, VerifiedEvent
from billing.host import Host, NoHost
from billing.invariants import invariants_at
from billing.news import News
from billing.payments import Payments
from billing.plans.subscriptions import Subscriptions
from billing.reconciliation import Progress, Reconciled
from billing.refunds import Refunds
from billing.usage import Asked, UsageReader
from bot.connection import StripeConnection
from bot.product import EVENTS, Product, Tools
from bot.settings import Settings
from bot.sweeping import Sweep
from bot.ticks import Tick
from handlers import commands, notices, screens
from handlers.answers import AnswerOnce
from handlers.dispatcher import build_dispatcher
from handlers.services import Services
from handlers.tongue import tongue
from storage.outbox import DueMessage

__all__ = ["Product", "Tools", "assemble"]


logger = structlog.get_logger(__name__)
HOST_PATIENCE: Final = 1.0
"""Seconds that a tap waits for the host platform before it says that it is being told."""
ANSWER_PATIENCE: Final = 5.0
"""Seconds that a tap waits for the host platform to say what is used."""
NO_HOSTS: Final[Mapping[str, Host]] = {"none": NoHost()}


async def assemble(tools: Tools, hosts: Mapping[str, Host] = NO_HOSTS) -> Product:
    """The real thing. Makes sure that the partner of the settings stands.

    `hosts`: chatbot platforms by the name that a partner's row carries.
    """
    settings, db, clock = tools.settings, tools.db, tools.clock
    bot_id = tools.bot.id
    partner_id = await db.write(
        catalogue.first_partner, Call(clock.now(), "settings", bot_id), "Addondesk", settings.owner_ids
    )
    keys, close = _gateways(settings, partner_id)

    def start_link(payload: str) -> str:
        return f"https://t.me/{tools.bot_username}?start={payload}"

    stripe = StripeConnection(
        Payments(db, keys, clock, bot_id, start_link, tools.wake),
        partner_id,
        test_payments=settings.allow_test_payments,
    )
    payments = stripe.payments
    # Before the first message is sent, and before a card can be charged.
    await stripe.begin()
    checkout, automatic = Checkout(payments), AutomaticTopUps(payments)
    subscriptions, refunds = Subscriptions(payments), Refunds(payments)
    news = News(
        payments,
        (checkout.page, automatic.page, subscriptions.page),
        {
            "payment_intent.": (checkout.news, automatic.news),
            "payment_method.": (automatic.news,),
            "charge.": (refunds.news,),
            "refund.": (refunds.news,),
            "customer.subscription.": (subscriptions.news,),
            "customer.deleted": (partial(customers.heard, payments),),
            "invoice.": (subscriptions.news,),
        },
    )

    async def tell_hosts() -> None:
        if await delivery.deliver_due(db, hosts, clock):
            tools.wake()

    async def tell_host_now() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HOST_PATIENCE):
                await tell_hosts()

    usage = UsageReader(db, hosts, clock, bot_id)

    async def ask_usage(workspace_id: int) -> Asked:
        try:
            async with asyncio.timeout(ANSWER_PATIENCE):
                return await usage.ask(workspace_id)
        except TimeoutError:
            return "silent"

    async def mind_silent_hosts() -> None:
        if await undelivered.mind_silence(db, clock, bot_id):
            tools.wake()

    async def read_usage() -> None:
        if await usage.poll():
            tools.wake()

    services = Services(
        db,
        clock,
        checkout,
        automatic,
        subscriptions,
        refunds,
        bot_id,
        tools.bot_username,
        tools.wake,
        tell_host_now,
        ask_usage,
    )

    async def deliver(message: DueMessage) -> None:
        screen = await notices.render(services, message.kind, message.params, message.person_id)
        if screen is not None:
            await screens.send(tools.bot, message.chat_id, screen, message.edits_message_id)

    async def verify(payload: bytes, signature: str, token: str | None) -> VerifiedEvent:
        if token is not None:
            raise LookupError(token)
        # Also while the account is not known yet: the event waits in the inbox.
        return replace(keys[partner_id].verify(payload, signature), partner_id=partner_id)

    async def is_behind() -> bool:
        return await db.read(restored.behind_since, partner_id) is not None

    def once_caught_up(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """Points that were bought since the backup aren't there yet: nobody loses add-ons for want of them."""

        async def wait_or_work() -> None:
            if not await is_behind():
                await work()

        return wait_or_work

    async def remind() -> None:
        if await reminders.remind_all_due(db, clock, bot_id):
            tools.wake()

    async def reconcile(since: dt.datetime, progress: Progress) -> Reconciled:
        await stripe.look()
        return await reconciliation.reconcile(payments, partner_id, since, progress)

    async def check_books() -> None:
        """What breaks an invariant is a defect: loud in the log, and `addondesk doctor` says the same."""
        for name, query in invariants_at(clock.now()):
            if broken := await db.scan(query):
                logger.error("invariant broken", invariant=name, lines=list(broken))

    tools.bot.session.middleware(AnswerOnce())
    return Product(
        dispatcher=build_dispatcher(services, tools.fsm),
        deliver=deliver,
        close=close,
        verify=verify if keys else None,
        reconcile=reconcile if keys else None,
        is_behind=is_behind,
        ticks=(
            Tick("open orders", 3, checkout.poll),
            Tick("automatic top-ups", 10, automatic.run_due),
            Tick("automatic top-ups ahead", 600, automatic.look_ahead),
            Tick("subscriptions", 30, subscriptions.poll),
            Tick("refunds", 10, refunds.poll),
            Tick(EVENTS, 5, news.work_off),
            Tick("host deliveries", 2, tell_hosts),
            Tick("silent hosts", 60, mind_silent_hosts),
            Tick("usage", 300, read_usage),
            Tick("cycles", 60, once_caught_up(Sweep(db, clock, bot_id, tools.wake).run)),
            Tick("reminders", 60, once_caught_up(remind)),
            Tick("stripe account", 30, stripe.look),
            Tick("books", 900, check_books),
        ),
        commands=commands.described(commands.CUSTOMER, tongue("en")),
    )


def _gateways(
    settings: Settings, partner_id: int
) -> tuple[dict[int, Gateway], Callable[[], Awaitable[None]]]:
    async def nothing_to_close() -> None:
        """No connection was made."""

    key = settings.stripe_secret_key.get_secret_value()
    if not key:
        return {}, nothing_to_close
    from billing.stripe_gateway import StripeGateway, http_client

    http = http_client()
    signing = settings.stripe_webhook_secret.get_secret_value()
    gateway = StripeGateway(
        key, (signing,) if signing else (), partner_id, http=http, api_url=settings.stripe_api_url
    )

    return {partner_id: gateway}, http.close_async
