"""The full replacement of webhooks: pages, changes and subscriptions are looked at when they are due (R25)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog

from billing.call import Call
from billing.errors import PaymentsDownError
from billing.gateway import Gateway, GatewayError, GatewayFailedError, GatewayUnknownError
from billing.plans import granting, pages, quotes, settling
from billing.plans.looking import Looking
from billing.plans.settling import ENDED
from billing.restored import may_charge
from billing.walking import walk
from storage import subscriptions as rows

log = structlog.get_logger()

_LEASE = dt.timedelta(seconds=45)
_KEYS_LIVE = dt.timedelta(hours=23)
"""How long Stripe surely remembers an idempotency key."""
_MISSING = "resource_missing"
"""Stripe's word for what it doesn't know."""


class Poller(Looking):
    """Takes up what is due, under leases: any number of processes may poll."""

    async def poll(self) -> int:
        """Look at pages, changes and subscriptions that are due: the full replacement of webhooks.

        Answers how many. Raises an ExceptionGroup of what nobody expected, after the last of them.
        """
        now = self._clock.now()
        until = now + _LEASE
        done = 0
        with walk("subscriptions") as each:
            for partner_id, page_id in await self._db.write(rows.claim_pages, now, until, 20):
                with each.step(f"page {page_id}"):
                    done += await self._try(partner_id, self._poll_page, page_id)
            for partner_id, change_id in await self._db.write(rows.claim_changes, now, until, 20):
                with each.step(f"change {change_id}"):
                    done += await self._try(partner_id, self._poll_change, change_id)
            for partner_id, subscription in await self._db.write(rows.claim_subscriptions, now, until, 50):
                with each.step(f"subscription {subscription}"):
                    done += await self._try(partner_id, self._poll_subscription, subscription)
            for partner_id, plan_id in await self._db.read(granting.unsettled):
                with each.step(f"plan {plan_id}"):
                    await self._settle_plan(partner_id, plan_id)
        return done

    async def _settle_plan(self, partner_id: int, plan_id: int) -> None:
        """Bring the rest of a plan's workspaces to its changed allowances, a transaction a batch."""
        batch = granting.BATCH
        while batch == granting.BATCH:
            batch = await self._db.write(granting.settle_plan, self._call("plan"), partner_id, plan_id)
            self._payments.wake()

    async def _try(self, partner_id: int, look: Callable[..., Any], which: int | str) -> int:
        """One look; a gateway that doesn't answer keeps nobody else waiting."""
        if partner_id not in self._payments.gateways:
            return 0
        try:
            await look(partner_id, self._payments.gateway(partner_id), which)
        except GatewayError as error:
            log.warning("look failed", which=which, code=error.code)
        return 1

    async def _poll_page(self, partner_id: int, gateway: Gateway, page_id: int) -> None:
        page = await self._db.read(rows.page, partner_id, page_id)
        if page is None:
            return
        call = self._call(f"plan-page:{page_id}")
        if page.live != gateway.live:
            await self._db.write(pages.outlive, call, partner_id, page_id)
            return
        session_id = page.session_id
        if session_id is None:
            if call.at - page.created_at > _KEYS_LIVE:
                await self._db.write(pages.refuse, call, partner_id, page_id, "unreachable")
                self._payments.wake()
                return
            try:
                await self._make_page(call, partner_id, page_id, page.session_params)
            except PaymentsDownError:
                return
            again = await self._db.read(rows.page, partner_id, page_id)
            session_id = again.session_id if again is not None else None
            if session_id is None:
                return
        look = gateway.expire_session if page.status == "closing" else gateway.fetch_session
        await self._bring_page(partner_id, await look(session_id), page_id)

    async def _poll_change(self, partner_id: int, gateway: Gateway, change_id: int) -> None:
        change = await self._db.read(rows.change, partner_id, change_id)
        if change is None:
            return
        call = self._call(f"subscription:{change.subscription}")
        await self._db.write(quotes.look_later, call, partner_id, change_id)
        facts = await gateway.fetch_subscription(change.subscription)
        await self._settle(call, partner_id, facts)
        asked = await self._db.read(quotes.asked, partner_id, change_id)
        if asked is None or not await may_charge(self._payments, partner_id):
            return
        if call.at - asked.created_at > _KEYS_LIVE:
            await self._db.write(quotes.fail, call, partner_id, change_id, "unreachable")
            self._payments.wake()
            return
        try:
            await self._carry_out(asked, facts, None)
        except (GatewayUnknownError, GatewayFailedError):
            raise
        except GatewayError as error:
            await self._db.write(quotes.fail, call, partner_id, change_id, error.code)
            self._payments.wake()

    async def _poll_subscription(self, partner_id: int, gateway: Gateway, subscription: str) -> None:
        row = await self._db.read(rows.subscription, partner_id, subscription)
        if row is None:
            return
        call = self._call(f"subscription:{subscription}")
        if row.live != gateway.live:
            if gateway.live:
                await self._db.write(settling.end_gone, call, partner_id, subscription)
            return
        if (row.dropped or row.end_wish is not None) and not await may_charge(self._payments, partner_id):
            return
        try:
            if row.dropped:
                await self._end_dropped(call, partner_id, gateway, subscription, row.dropped)
            elif row.end_wish is not None:
                await self._carry_wish_out(partner_id, subscription, row.end_wish, None)
            else:
                await self._look(partner_id, subscription)
        except GatewayError as error:
            if error.code != _MISSING:
                raise
            await self._db.write(settling.end_gone, call, partner_id, subscription)
            self._payments.wake()

    async def _end_dropped(
        self, call: Call, partner_id: int, gateway: Gateway, subscription: str, why: str
    ) -> None:
        facts = await gateway.end_subscription(subscription, why != "replaced", f"end-{subscription}")
        if facts.status in ENDED:
            await self._db.write(settling.finish_drop, call, partner_id, facts)
            self._payments.wake()
