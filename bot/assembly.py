"""What this process runs, put together from handlers/ and billing/."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from billing import catalogue, delivery, workspaces
from billing.call import Call
from billing.checkout import Checkout, Reconciled
from billing.gateway import Gateway, VerifiedEvent
from billing.host import Host, NoHost
from billing.invariants import invariants_at
from bot.product import EVENTS, Product, Tools
from bot.settings import Settings
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
    gateways, close = _gateways(settings, partner_id)

    def paid_link(order_id: int) -> str:
        return f"https://t.me/{tools.bot_username}?start=paid_{order_id}"

    checkout = Checkout(db, gateways, clock, bot_id, paid_link, wake=tools.wake)

    async def tell_hosts() -> None:
        if await delivery.deliver_due(db, hosts, clock):
            tools.wake()

    async def tell_host_now() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HOST_PATIENCE):
                await tell_hosts()

    services = Services(db, clock, checkout, bot_id, tools.bot_username, tools.wake, tell_host_now)

    async def deliver(message: DueMessage) -> None:
        screen = await notices.render(services, message.kind, message.params, message.person_id)
        if screen is not None:
            await screens.send(tools.bot, message.chat_id, screen, message.edits_message_id)

    async def verify(payload: bytes, signature: str, token: str | None) -> VerifiedEvent:
        if token is not None:
            raise LookupError(token)
        return checkout.verify(partner_id, payload, signature)

    async def work_off_cycles() -> None:
        """One transaction a workspace, so that taps are answered in between."""
        while due := await db.read(workspaces.due, clock.now()):
            for workspace_id in due:
                call = Call(clock.now(), f"tick:{workspace_id}:{clock.now().isoformat()}", bot_id)
                await db.write(workspaces.catch_up, call, workspace_id)
            tools.wake()

    async def refresh_account() -> None:
        await checkout.refresh_account(partner_id, test_payments=settings.allow_test_payments)

    async def reconcile(since: dt.datetime) -> Reconciled:
        return await checkout.reconcile(partner_id, since)

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
        verify=verify if gateways else None,
        reconcile=reconcile if gateways else None,
        ticks=(
            Tick("open orders", 3, checkout.poll),
            Tick(EVENTS, 5, checkout.work_off_events),
            Tick("host deliveries", 2, tell_hosts),
            Tick("cycles", 60, work_off_cycles),
            Tick("stripe account", 600, refresh_account),
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
