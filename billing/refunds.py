"""Flows of refunds and disputes: fetched, believed, applied; refunds committed before they are sent (R29)."""

import datetime as dt

import structlog

from billing import refunding, reversals
from billing.call import Call
from billing.errors import NotRefundableError, PaymentsDownError
from billing.gateway import Gateway, GatewayError, GatewayFailedError, GatewayUnknownError
from billing.payments import Payments
from billing.refunding import RefundOffer, RefundOrder
from billing.restored import expect_charging, may_charge
from billing.reversals import Outcome
from billing.settling import settle_payment
from billing.walking import Walk, walk
from storage import refunds as rows
from storage.models import OrderStatus, StripeEvent

log = structlog.get_logger()

_TELLING = ("charge.refund", "charge.dispute.", "refund.")
"""Kinds of events after which something of a payment may be gone or back."""
_TRIES = 5
"""How often facts are fetched anew because somebody else learned something meanwhile."""
_LOOK_AGAIN = dt.timedelta(hours=1)
"""When a look at a refund that Stripe took is tried again where it came to nothing."""
_KEYS_LIVE = dt.timedelta(hours=23)
"""How long Stripe surely remembers an idempotency key."""
_AT_ONCE = 20
"""Of each kind, looked at in one tick at most."""
_SWEEP = dt.timedelta(minutes=15)
_FIRST_SWEEP_BACK = dt.timedelta(days=3)
_SWEEP_BACK = dt.timedelta(hours=1)


class Refunds:
    """Refunds of this process; of its own it only remembers when it looked around at Stripe last."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments
        self._db, self._clock, self._bot_id = payments.db, payments.clock, payments.bot_id
        self._swept: dict[int, dt.datetime] = {}

    async def news(self, event: StripeEvent) -> None:
        """A webhook told of a refund or a dispute: fetch what it is about, believe what was fetched."""
        if not event.type.startswith(_TELLING):
            return
        gateway = self._payments.gateway(event.partner_id)
        payment = await gateway.payment_behind(event.type, event.object_id)
        if payment is not None:
            await self.look(event.partner_id, payment)

    async def look(self, partner_id: int, payment_intent: str, *, by: int | None = None) -> Outcome:
        """Bring a payment to what Stripe says of it now; one that isn't credited yet is settled first.

        `by`: who asked for it. Raises GatewayError.
        """
        gateway = self._payments.gateway(partner_id)
        for _ in range(_TRIES):
            known = await self._db.read(reversals.known, partner_id, payment_intent)
            if known is None or not known.credited:
                if await settle_payment(self._payments, partner_id, payment_intent) != OrderStatus.PAID:
                    return Outcome.UNKNOWN
                known = await self._db.read(reversals.known, partner_id, payment_intent)
            if known is None or known.live != gateway.live:
                return Outcome.UNKNOWN
            facts = await gateway.reversals(payment_intent)
            call = Call(self._clock.now(), f"back:{payment_intent}", self._bot_id, by)
            outcome = await self._db.write(reversals.reverse, call, partner_id, facts, known.version)
            if outcome == Outcome.APPLIED:
                self._payments.wake()
            if outcome != Outcome.STALE:
                return outcome
        raise GatewayUnknownError("contended", payment_intent)

    async def offer(self, call: Call, order_id: int) -> RefundOffer:
        """What of a payment can go back, asked at Stripe just now.

        Raises NotRefundableError, PaymentsDownError, GoneError, NotAllowedError, StrangerError.
        """
        assert call.person_id is not None
        await self._refresh(call, order_id)
        return await self._db.read(refunding.offer, call.person_id, order_id)

    async def _refresh(self, call: Call, order_id: int) -> int:
        """Bring a payment to what Stripe says of it; answers whose it is."""
        assert call.person_id is not None
        partner_id, payment, live = await self._db.read(refunding.payment_of, call.person_id, order_id)
        gateway = self._payments.gateways.get(partner_id)
        if gateway is None:
            raise NotRefundableError("disconnected")
        if gateway.live != live:
            raise NotRefundableError("mode")
        try:
            await self.look(partner_id, payment, by=call.person_id)
        except (GatewayUnknownError, GatewayFailedError) as error:
            raise PaymentsDownError from error
        except GatewayError as error:
            log.warning("payment not found", order=order_id, code=error.code)
            raise NotRefundableError("gone") from error
        return partner_id

    async def refund(self, call: Call, order_id: int, amount_minor: int, left_minor: int) -> RefundOrder:
        """Refund a payment or a part of it; the answer's status says what came of it.

        "asked": Stripe didn't answer, and it is sent again under the same key. "refused": Stripe would not.
        Raises RefundChangedError, and as offer.
        """
        await expect_charging(self._payments, await self._refresh(call, order_id))
        asked = await self._db.write(refunding.ask, call, order_id, amount_minor, left_minor)
        if asked.status == "asked":
            await self._send(asked, call)
        return await self._db.read(refunding.refund_order, asked.partner_id, asked.id)

    async def _send(self, asked: RefundOrder, call: Call) -> None:
        """Ask the gateway, then read from it what came of it."""
        gateway = self._payments.gateway(asked.partner_id)
        if not asked.sent and not await self._request(gateway, asked, call):
            return
        try:
            await self.look(asked.partner_id, asked.payment_intent, by=call.person_id)
        except GatewayError as error:
            # Taken, but what it came to is not known: the tick looks again.
            log.warning("refund not seen yet", refund=asked.id, code=error.code)

    async def _request(self, gateway: Gateway, asked: RefundOrder, call: Call) -> bool:
        try:
            made = await gateway.refund(
                asked.payment_intent, asked.amount.amount_minor, asked.key, asked.metadata
            )
        except (GatewayUnknownError, GatewayFailedError) as error:
            # It may be on its way: the tick repeats it under the same key.
            log.warning("refund unknown", refund=asked.id, code=error.code)
            return False
        except GatewayError as error:
            log.warning("refund refused", refund=asked.id, code=error.code)
            await self._db.write(refunding.refuse, call, asked.partner_id, asked.id, error.code)
            self._payments.wake()
            return False
        await self._db.write(refunding.answered, asked.partner_id, asked.id, made.id)
        return True

    async def poll(self) -> int:
        """Repeat refunds whose answer was lost, look whether others failed, and find what no webhook told of.

        Answers how many payments were looked at. Raises an ExceptionGroup of what nobody expected, at the end.
        """
        now = self._clock.now()
        looked, known = 0, self._payments.gateways
        with walk("refunds") as each:
            asked = await self._db.write(rows.claim_asked, now, now + refunding.ASKED_LOOK, _AT_ONCE)
            for partner_id, refund_id in asked:
                with each.step(f"refund {refund_id}"):
                    if partner_id in known:
                        await self._again(partner_id, refund_id)
                        looked += 1
            taken = await self._db.write(rows.claim_taken, now, now + _LOOK_AGAIN, _AT_ONCE)
            for partner_id, refund_id in taken:
                with each.step(f"refund {refund_id}"):
                    if partner_id in known:
                        looked += await self._still_taken(partner_id, refund_id)
            disputes = await self._db.write(rows.claim_disputes, now, now + reversals.DISPUTE_LOOK, _AT_ONCE)
            for partner_id, payment in disputes:
                with each.step(f"payment {payment}"):
                    if partner_id in known:
                        looked += await self._try_look(partner_id, payment)
            for partner_id in known:
                looked += await self._sweep(partner_id, each)
        return looked

    async def _again(self, partner_id: int, refund_id: int) -> None:
        asked = await self._db.read(refunding.refund_order, partner_id, refund_id)
        if asked.live != self._payments.gateway(partner_id).live:
            return
        if not await may_charge(self._payments, partner_id):
            return
        call = Call(self._clock.now(), f"refund:{refund_id}", self._bot_id)
        if asked.status == "asked" and not asked.sent:
            # It may have been made though no answer came; then Stripe knows it by our number.
            if not await self._try_look(partner_id, asked.payment_intent):
                return
            asked = await self._db.read(refunding.refund_order, partner_id, refund_id)
            if asked.status == "asked" and call.at - asked.created_at > _KEYS_LIVE:
                await self._db.write(refunding.refuse, call, partner_id, refund_id, "unreachable")
                self._payments.wake()
                return
        if asked.status == "asked":
            await self._send(asked, call)

    async def _still_taken(self, partner_id: int, refund_id: int) -> bool:
        """Whether a refund that Stripe took has failed meanwhile; answers whether it could be seen."""
        taken = await self._db.read(refunding.refund_order, partner_id, refund_id)
        in_mode = taken.live == self._payments.gateway(partner_id).live
        if in_mode and not await self._try_look(partner_id, taken.payment_intent):
            return False
        await self._db.write(refunding.looked, partner_id, refund_id, self._clock.now())
        return True

    async def _try_look(self, partner_id: int, payment_intent: str) -> bool:
        try:
            await self.look(partner_id, payment_intent)
        except GatewayError as error:
            log.warning("reversals unknown", payment=payment_intent, code=error.code)
            return False
        return True

    async def _sweep(self, partner_id: int, each: Walk) -> int:
        """The replacement of webhooks: everything that went back or was disputed lately."""
        now = self._clock.now()
        last = self._swept.get(partner_id)
        if last is not None and now - last < _SWEEP:
            return 0
        since = now - _FIRST_SWEEP_BACK if last is None else last - _SWEEP_BACK
        try:
            found = await self._payments.gateway(partner_id).reversed_since(since)
        except GatewayError as error:
            log.warning("reversals unknown", code=error.code)
            return 0
        self._swept[partner_id] = now
        looked = 0
        for payment in found:
            with each.step(f"payment {payment}"):
                looked += await self._try_look(partner_id, payment)
        return looked
