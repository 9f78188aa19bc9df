"""Stripe as this process sees it: nothing is asked of an account before it is known to be the one of the books."""

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Final

import structlog

from billing import account, restored
from billing.errors import PaymentsDownError
from billing.gateway import Gateway, GatewayError
from billing.payments import Payments

logger = structlog.get_logger(__name__)

EVERY: Final = dt.timedelta(minutes=10)
"""How often an account that is known is looked at again."""
AGAIN: Final = dt.timedelta(minutes=1)
"""How often while the key is refused or opens another account: somebody may be about to mend it."""
PATIENCE: Final = 5.0
"""Seconds that the start waits for Stripe; without an answer charging waits on, and the bot doesn't."""


class StripeConnection:
    """Looks whose account the key opens (R25), then whether this database is older than what happened there (DESIGN 5.6).

    `payments`: what all flows work with; its gateway is there while the account is known.
    """

    def __init__(self, keys: Payments, partner_id: int, *, test_payments: bool) -> None:
        self._keys = keys
        self._partner_id = partner_id
        self._test_payments = test_payments
        self._connected: dict[int, Gateway] = {}
        self._next_look: dt.datetime | None = None
        self.payments = replace(keys, gateways=self._connected)

    async def begin(self) -> None:
        """The first look, as long as a start can wait; the tick goes on with what is left."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.look()
        except TimeoutError:
            logger.warning("stripe doesn't answer: charging waits")

    async def look(self) -> None:
        """Soon again while Stripe doesn't answer, otherwise every ten minutes."""
        now = self._keys.clock.now()
        if self._next_look is not None and now < self._next_look:
            return
        opens = await account.refresh_account(self._keys, self._partner_id, test_payments=self._test_payments)
        gateway = self._keys.gateways.get(self._partner_id)
        if opens and gateway is not None:
            self._connected[self._partner_id] = gateway
        elif opens is False:
            self._connected.pop(self._partner_id, None)
            self._next_look = now + (AGAIN if gateway is not None else EVERY)
        if self._partner_id not in self._connected:
            return
        try:
            await restored.look(self.payments, self._partner_id)
        except (GatewayError, PaymentsDownError) as error:
            logger.warning("stripe not looked through", error=str(error))
        else:
            self._next_look = now + EVERY
