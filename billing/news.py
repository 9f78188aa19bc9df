"""The inbox of the gateway's webhooks: verified, stored, then worked off by whoever fetches the object (DESIGN 5.6)."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from billing.gateway import GatewayError, SessionFacts, VerifiedEvent
from billing.payments import Payments
from storage import orders as rows
from storage.models import StripeEvent
from storage.transaction import Tx

_LEASE = dt.timedelta(seconds=45)
_RETRY = dt.timedelta(seconds=5)
_MOST_WAIT = dt.timedelta(minutes=30)

Listener: TypeAlias = Callable[[StripeEvent], Awaitable[None]]
"""Fetches what an event tells about and brings the books to it. May raise GatewayError: it is tried again."""
PageListener: TypeAlias = Callable[[int, SessionFacts], Awaitable[None]]
"""Takes a partner's page that was just fetched, and leaves one that isn't its own alone."""

_PAGE_EVENTS = "checkout.session."


class News:
    """Events of this process.

    `pages`: who is shown a page that an event tells of. `listeners`: who listens to which other kinds, by the
    beginning of their names.
    """

    def __init__(
        self,
        payments: Payments,
        pages: tuple[PageListener, ...],
        listeners: Mapping[str, tuple[Listener, ...]],
    ) -> None:
        self._payments = payments
        self._pages = pages
        self._db, self._clock = payments.db, payments.clock
        self._listeners = listeners

    def verify(self, partner_id: int, payload: bytes, signature: str) -> VerifiedEvent:
        """Check a webhook's signature. Raises GatewayError."""
        gateway = self._payments.gateway(partner_id)
        return replace(gateway.verify(payload, signature), partner_id=partner_id)

    async def work_off(self) -> int:
        """Fetch what stored webhooks tell about. Answers how many were done."""
        now = self._clock.now()
        done = 0
        for event in await self._db.write(rows.claim_events, now, now + _LEASE, 50):
            if event.partner_id not in self._payments.gateways:
                continue
            try:
                await self._tell(event)
            except GatewayError as error:
                wait = min(_RETRY * 2 ** min(event.attempts, 10), _MOST_WAIT)
                next_at = self._clock.now() + wait
                await self._db.write(finish_event, event.partner_id, event.id, None, error.code, next_at)
            else:
                done_at = self._clock.now()
                await self._db.write(finish_event, event.partner_id, event.id, done_at, "", done_at)
                done += 1
        return done

    async def _tell(self, event: StripeEvent) -> None:
        gateway = self._payments.gateway(event.partner_id)
        if event.live != gateway.live:
            return
        if event.type.startswith(_PAGE_EVENTS):
            facts = await gateway.fetch_session(event.object_id)
            for show in self._pages:
                await show(event.partner_id, facts)
            return
        for prefix, listeners in self._listeners.items():
            if event.type.startswith(prefix):
                for listener in listeners:
                    await listener(event)


def finish_event(
    tx: Tx, partner_id: int, event_id: str, done_at: dt.datetime | None, error: str, next_at: dt.datetime
) -> None:
    """Note how working off an event ended."""
    event = rows.event(tx, partner_id, event_id)
    assert event is not None
    event.done_at, event.error, event.next_at = done_at, error, next_at
