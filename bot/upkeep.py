"""What the process does for its own tables: how much waits, and what may go."""

import datetime as dt
from typing import Final

from billing.clock import Clock
from bot.metrics import Metrics
from storage import inbox, outbox, stripe_inbox
from storage.database import Database
from storage.inbox import Backlog

KEEP_UPDATES: Final = dt.timedelta(days=2)
"""Telegram keeps an update for a day; after a quiet week it draws ids anew."""
KEEP_NOTICES: Final = dt.timedelta(days=30)
KEEP_EVENTS: Final = dt.timedelta(days=30)
"""Stripe sends an event again for three days, and on its pages somebody can for a month."""
AT_ONCE: Final = 5_000


async def sweep_inbox(db: Database, clock: Clock, bot_id: int) -> None:
    """Delete done updates, a few thousand a transaction."""
    before = clock.now() - KEEP_UPDATES
    while await db.write(inbox.sweep, bot_id, before, AT_ONCE) == AT_ONCE:
        pass


async def sweep_outbox(db: Database, clock: Clock, bot_id: int) -> None:
    """Delete notices that were sent. Dead letters stay."""
    before = clock.now() - KEEP_NOTICES
    while await db.write(outbox.sweep, bot_id, before, AT_ONCE) == AT_ONCE:
        pass


async def sweep_events(db: Database, clock: Clock) -> None:
    """Delete Stripe's events that are done with."""
    before = clock.now() - KEEP_EVENTS
    while await db.write(stripe_inbox.sweep, before, AT_ONCE) == AT_ONCE:
        pass


async def measure(db: Database, clock: Clock, bot_id: int, metrics: Metrics) -> None:
    """Set the gauges of what waits."""
    now = clock.now()
    waiting: dict[str, Backlog] = {
        "updates": await db.read(inbox.backlog, bot_id),
        "messages": await db.read(outbox.backlog, bot_id, now),
        "events": await db.read(stripe_inbox.backlog),
    }
    for kind, backlog in waiting.items():
        age = (now - backlog.oldest).total_seconds() if backlog.oldest is not None else 0.0
        metrics.waiting.labels(kind).set(backlog.count)
        metrics.lag_seconds.labels(kind).set(max(age, 0.0))
