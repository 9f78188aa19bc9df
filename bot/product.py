"""Between the process and what it runs: what the one lends, what the other is made of."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from aiogram import Bot, Dispatcher
from fastapi import APIRouter

from billing.clock import Clock
from billing.reconciliation import Progress, Reconciled
from bot.fsm import DatabaseStorage
from bot.sender import Deliver
from bot.settings import Settings
from bot.ticks import Tick
from bot.web import Verify
from storage.database import Database

EVENTS: Final = "stripe events"
"""The tick that a stored webhook wakes."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What the process lends. `wake` says that something may have been put into the outbox."""

    settings: Settings
    db: Database
    clock: Clock
    bot: Bot
    bot_username: str
    fsm: DatabaseStorage
    wake: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Product:
    """What the process runs. `close` lets go of connections to others, last of all before the database."""

    dispatcher: Dispatcher
    deliver: Deliver
    close: Callable[[], Awaitable[None]]
    verify: Verify | None = None
    reconcile: Callable[[dt.datetime, Progress], Awaitable[Reconciled]] | None = None
    is_behind: Callable[[], Awaitable[bool]] | None = None
    """Whether this is a restored backup that was not reconciled: nothing is charged or sent."""
    ticks: Sequence[Tick] = ()
    commands: Sequence[tuple[str, str]] = ()
    routers: Sequence[APIRouter] = ()


Assemble: TypeAlias = Callable[[Tools], Awaitable[Product]]
