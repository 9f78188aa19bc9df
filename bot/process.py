"""One running process: what it is made of, and in which order that starts and stops."""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import structlog
from aiogram import Bot, Dispatcher
from aiogram.methods.base import TelegramMethod

from billing.clock import Clock
from bot import telegram, upkeep
from bot.fsm import DatabaseStorage
from bot.intake import Intake
from bot.lease import Lease
from bot.memory import settle_memory
from bot.metrics import Metrics
from bot.polling import Poller
from bot.product import EVENTS, Assemble, Tools
from bot.replies import Insist, replying
from bot.sender import PauseSender, Sender
from bot.server import WebServer, bind
from bot.settings import Settings
from bot.tasks import Nursery
from bot.ticks import Tick, Ticks
from bot.web import Wiring, create_app
from bot.worker import Handle, Worker
from storage import inbox
from storage.database import Database, open_database

logger = structlog.get_logger(__name__)

STOP_WITHIN: Final = 30.0
"""Seconds that a part gets to stop after it was told."""


class Running:
    """A started process, for whoever runs it."""

    def __init__(self, port: int, db: Database, sender: Sender, ticks: Ticks) -> None:
        self.port = port
        self.db = db
        self._sender = sender
        self._ticks = ticks

    def look_again(self) -> None:
        """Look for whatever is due now: the clock was turned."""
        self._sender.wake()
        self._ticks.wake_all()


async def run(
    settings: Settings,
    clock: Clock,
    assemble: Assemble,
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[Running], None] = lambda _: None,
    catch_signals: bool = True,
) -> int:
    """Run until SIGTERM, SIGINT or `stop`; answers the exit code: 0, or 1 when a part failed.

    Expects settings that passed bot.preflight. Raises OSError when the port is taken.
    """
    stop = stop or asyncio.Event()
    if catch_signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    nursery = Nursery()
    async with _started(settings, clock, assemble, nursery) as running:
        logger.info("running", port=running.port, updates_by="webhook" if settings.public_url else "polling")
        on_ready(running)
        asked, failed = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(nursery.failed())
        await asyncio.wait({asked, failed}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (asked, failed):
            waiting.cancel()
        logger.info("stopping")
    logger.info("stopped")
    return 0 if nursery.failure is None else 1


@asynccontextmanager
async def _started(
    settings: Settings, clock: Clock, assemble: Assemble, nursery: Nursery
) -> AsyncIterator[Running]:
    """Start database, sender, worker, web, intake, ticks; at the end stop ticks, web, intake, sender, database."""
    async with AsyncExitStack() as stack:
        listener = bind(settings.listen_host, settings.listen_port)
        stack.callback(listener.close)
        bot = telegram.make_bot(settings)
        stack.push_async_callback(bot.session.close)
        db = open_database(settings.database_url, behind_pooler=settings.database_behind_pooler)
        stack.push_async_callback(db.close)
        stack.push_async_callback(nursery.finish, STOP_WITHIN)

        owner, metrics, fsm = secrets.token_hex(8), Metrics(), DatabaseStorage(db)

        def wake_sender() -> None:
            sender.wake()

        username = (await bot.me()).username or ""
        product = await assemble(Tools(settings, db, clock, bot, username, fsm, wake_sender))
        stack.push_async_callback(product.close)

        sender_lease = Lease(db, clock, f"sender:{bot.id}", owner)
        sender = Sender(db, clock, bot.id, sender_lease, product.deliver, metrics=metrics)
        bot.session.middleware(Insist())
        bot.session.middleware(PauseSender(sender))
        _start(stack, nursery, "sender", sender)

        handle = _handler(bot, product.dispatcher)
        worker = Worker(db, clock, bot.id, owner, handle, metrics=metrics, fsm=fsm, on_handled=sender.wake)
        _start(stack, nursery, "worker", worker)
        intake = Intake(worker)

        ticks = Ticks([*product.ticks, *_own_ticks(db, clock, bot.id)], metrics)
        poller: Poller | None = None

        async def checks() -> dict[str, bool]:
            return {
                "database": await _reachable(db, bot.id),
                "intake": worker.alive and (poller is None or poller.alive),
                "sender": sender.alive,
            }

        async def is_behind() -> bool:
            return product.is_behind is not None and await product.is_behind()

        async def measure() -> None:
            await upkeep.measure(db, clock, bot.id, metrics)

        wiring = Wiring(
            db=db,
            clock=clock,
            intake=intake,
            metrics=metrics,
            telegram_secret=telegram.webhook_secret(settings) if settings.public_url else "",
            verify=product.verify,
            wake_events=lambda: ticks.wake(EVENTS),
            checks=checks,
            is_behind=is_behind,
            measure=measure,
        )
        web = WebServer(create_app(wiring, product.routers), listener)
        allowed = product.dispatcher.resolve_used_update_types()
        if not settings.public_url:
            await telegram.receive_by_polling(bot)
            lease = Lease(db, clock, f"poller:{bot.id}", owner)
            poller = Poller(bot, intake, lease, allowed)
            _start(stack, nursery, "poller", poller)
        serving = nursery.start("web", web.run())
        stack.push_async_callback(_stop_web, web, serving)
        await telegram.set_commands(bot, product.commands)
        if settings.public_url:
            await telegram.receive_by_webhook(bot, settings, allowed)
        settle_memory()
        ticks.start()
        stack.push_async_callback(ticks.stop)
        stack.callback(nursery.stop)
        yield Running(web.port, db, sender, ticks)


def _start(stack: AsyncExitStack, nursery: Nursery, name: str, part: Sender | Worker | Poller) -> None:
    """Run it in the nursery; stopping comes in reverse order."""
    nursery.start(name, part.run())
    stack.push_async_callback(part.stop)
    stack.callback(nursery.stop)


async def _stop_web(web: WebServer, serving: asyncio.Task[None]) -> None:
    web.stop()
    await asyncio.wait([serving])


def _handler(bot: Bot, dispatcher: Dispatcher) -> Handle:
    async def handle(update: dict[str, Any], tap: str) -> None:
        with replying():
            answer = await dispatcher.feed_raw_update(bot, update, tap=tap)
            if isinstance(answer, TelegramMethod):
                await dispatcher.silent_call_request(bot, answer)

    return handle


def _own_ticks(db: Database, clock: Clock, bot_id: int) -> list[Tick]:
    async def sweep_inbox() -> None:
        await upkeep.sweep_inbox(db, clock, bot_id)

    async def sweep_outbox() -> None:
        await upkeep.sweep_outbox(db, clock, bot_id)

    async def sweep_events() -> None:
        await upkeep.sweep_events(db, clock)

    return [
        Tick("sweep inbox", 3_600, sweep_inbox),
        Tick("sweep outbox", 3_600, sweep_outbox),
        Tick("sweep stripe events", 3_600, sweep_events),
    ]


async def _reachable(db: Database, bot_id: int) -> bool:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(5):
            await db.read(inbox.backlog, bot_id)
            return True
    return False
