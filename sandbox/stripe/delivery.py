"""Sends events to webhooks: signed, with retries, and on demand held back, twice, out of order or not at all."""

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from sandbox.hub import Hub
from sandbox.stripe.accounts import Account, Obj

_TRIES = 10
_LONGEST_DELAY = 60.0
_PATIENCE = aiohttp.ClientTimeout(total=20)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST to a webhook. `status` is None if no answer came."""

    at: datetime
    event: str
    kind: str
    url: str
    status: int | None
    error: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "event": self.event,
            "type": self.kind,
            "url": self.url,
            "status": self.status,
            "error": self.error,
        }

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class _Parcel:
    """One event on its way to one endpoint. A repeat doesn't count as what the event still waits for."""

    account: Account
    event: Obj
    endpoint: Obj
    repeat: bool = False
    tries: int = 0


class Deliveries:
    """Waits between tries are real seconds: 1, 2, 4 … up to a minute, ten tries in all.

    `held` keeps events back until `release`; `drop_next` loses that many events for good.
    """

    def __init__(self, hub: Hub) -> None:
        self.first_delay = 1.0
        self.held = False
        self.drop_next = 0
        self.attempts: deque[Attempt] = deque(maxlen=500)
        self._hub = hub
        self._waiting: list[_Parcel] = []
        self._under_way: set[asyncio.Future[None]] = set()
        self._first_tries = 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def idle(self) -> bool:
        """Whether every event that isn't held has been sent at least once."""
        return self._first_tries == 0

    def publish(self, account: Account, event: Obj) -> int:
        parcels = _addressed(account, event)
        self._hub.publish("stripe", event=event["id"], type=event["type"])
        if self.drop_next > 0 and parcels:
            self.drop_next -= 1
        else:
            self._dispatch(parcels)
        return len(parcels)

    def resend(self, account: Account, event: Obj) -> int:
        """Sends an event once more to everyone who gets its kind; returns to how many."""
        parcels = _addressed(account, event, repeat=True)
        self._dispatch(parcels)
        return len(parcels)

    def release(self, *, reverse: bool = False) -> int:
        """Sends what was held, one after another, newest first if `reverse`; returns how many."""
        self.held = False
        waiting, self._waiting = self._waiting, []
        if reverse:
            waiting.reverse()
        self._begin(waiting)
        return len(waiting)

    async def close(self) -> None:
        for future in list(self._under_way):
            future.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _dispatch(self, parcels: list[_Parcel]) -> None:
        if self.held:
            self._waiting += parcels
        else:
            for parcel in parcels:
                self._begin([parcel])

    def _begin(self, parcels: list[_Parcel]) -> None:
        if parcels:
            self._first_tries += len(parcels)
            self._keep(asyncio.ensure_future(self._first_round(parcels)))

    def _keep(self, future: asyncio.Future[None]) -> None:
        # Sending outlives the request that caused the event; the set holds the only reference to it.
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)

    async def _first_round(self, parcels: Iterable[_Parcel]) -> None:
        for parcel in parcels:
            try:
                taken = await self._try(parcel)
            finally:
                self._first_tries -= 1
            if not taken:
                self._keep(asyncio.ensure_future(self._retry(parcel)))

    async def _retry(self, parcel: _Parcel) -> None:
        while parcel.tries < _TRIES:
            await asyncio.sleep(min(self.first_delay * 2 ** (parcel.tries - 1), _LONGEST_DELAY))
            if await self._try(parcel):
                return

    async def _try(self, parcel: _Parcel) -> bool:
        """Whether the endpoint took it, or is gone so that nobody waits any more."""
        parcel.tries += 1
        account, endpoint, event = parcel.account, parcel.endpoint, parcel.event
        if account.find("webhook_endpoint", endpoint["id"]) is None or endpoint["status"] != "enabled":
            return True
        attempt = await self._post(parcel)
        self.attempts.append(attempt)
        if attempt.taken and not parcel.repeat:
            event["pending_webhooks"] -= 1
        self._hub.publish("stripe", event=event["id"], delivered=attempt.taken)
        return attempt.taken

    async def _post(self, parcel: _Parcel) -> Attempt:
        account, endpoint, event = parcel.account, parcel.endpoint, parcel.event
        version = endpoint["api_version"] or event["api_version"]
        payload = json.dumps(event | {"api_version": version}, indent=2).encode()
        now = account.server.clock.now()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(
                payload, account.webhook_secrets[endpoint["id"]], int(now.timestamp())
            ),
        }
        status, error = None, None
        try:
            async with self._client().post(
                endpoint["url"], data=payload, headers=headers, timeout=_PATIENCE, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as failure:
            error = type(failure).__name__
        return Attempt(now, event["id"], event["type"], endpoint["url"], status, error)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


def signature(payload: bytes, secret: str, timestamp: int) -> str:
    """The Stripe-Signature header of a body sent at `timestamp` (seconds since 1970)."""
    signed = f"{timestamp}.".encode() + payload
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def _addressed(account: Account, event: Obj, *, repeat: bool = False) -> list[_Parcel]:
    return [
        _Parcel(account, event, endpoint, repeat=repeat)
        for endpoint in account.all("webhook_endpoint")
        if endpoint["status"] == "enabled"
        and ("*" in endpoint["enabled_events"] or event["type"] in endpoint["enabled_events"])
    ]
