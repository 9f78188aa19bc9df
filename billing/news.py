"""The inbox of the gateway's webhooks: what was stored is worked off by whoever fetches the object (DESIGN 5.6)."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog

from billing.gateway import (
    GatewayError,
    GatewayFailedError,
    GatewayKeyError,
    GatewayUnknownError,
    SessionFacts,
)
from billing.payments import Payments
from storage import orders as rows
from storage.models import StripeEvent
from storage.transaction import Tx

_LEASE = dt.timedelta(seconds=45)
_RETRY = dt.timedelta(seconds=5)
_MOST_WAIT = dt.timedelta(minutes=30)
_GIVEN_UP_AFTER = dt.timedelta(days=3)
"""For so long Stripe itself sends an event again."""
_LONGEST_ERROR = 500

log = structlog.get_logger()

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

    async def work_off(self) -> int:
        """Fetch what stored webhooks tell about. Answers how many were done.

        What fails keeps no other waiting: its error is noted on its row, and it is tried again, ever later.
        """
        now = self._clock.now()
        done = 0
        for event in await self._db.write(rows.claim_events, now, now + _LEASE, 50):
            if event.partner_id not in self._payments.gateways:
                continue
            try:
                await self._tell(event)
            except (GatewayUnknownError, GatewayFailedError, GatewayKeyError) as error:
                # Of no event's own doing, and it ends.
                await self._put_off(event, error.code)
            except GatewayError as error:
                await self._put_off(event, error.code, until=_GIVEN_UP_AFTER)
            except Exception as error:
                log.exception("event failed", stripe_event=event.id, type=event.type)
                await self._put_off(event, f"{type(error).__name__}: {error}", until=_GIVEN_UP_AFTER)
            else:
                done_at = self._clock.now()
                await self._db.write(finish_event, event.partner_id, event.id, done_at, "", done_at)
                done += 1
        return done

    async def _put_off(self, event: StripeEvent, error: str, *, until: dt.timedelta | None = None) -> None:
        """Try again later; `until`: not when it is older than that, the object can't be read and never will be."""
        now = self._clock.now()
        given_up = until is not None and now - event.received_at >= until
        if given_up:
            log.error("event given up", stripe_event=event.id, type=event.type, error=error)
        next_at = now + min(_RETRY * 2 ** min(event.attempts, 10), _MOST_WAIT)
        await self._db.write(
            finish_event,
            event.partner_id,
            event.id,
            now if given_up else None,
            error[:_LONGEST_ERROR],
            next_at,
        )

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
