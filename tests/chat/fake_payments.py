"""Saved cards, payments, and what goes back of them, in memory."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from billing.gateway import (
    Card,
    ChargeRequest,
    DisputeFacts,
    GatewayError,
    GatewayFailedError,
    GatewayUnknownError,
    PaymentFacts,
    RefundFacts,
    ReversalFacts,
)
from billing.marks import mark
from billing.money import Money

from .fake_answers import FakeAnswers


@dataclass(frozen=True, slots=True)
class ChargeEnd:
    """How a charge of a saved card ends. `lost`: it happens, the answer doesn't come."""

    status: str = "succeeded"
    decline: str | None = None
    advice: str | None = None
    lost: bool = False
    error: GatewayError | None = None
    """Raised instead, and nothing happens."""


PAID = ChargeEnd()
PROCESSING = ChargeEnd("processing")
THREE_D_SECURE = ChargeEnd("requires_payment_method", "authentication_required")
LOST = ChargeEnd(lost=True)
OUTAGE = ChargeEnd(error=GatewayUnknownError("timeout"))
FAILURE = ChargeEnd(error=GatewayFailedError("unreachable"))


def declined(code: str, advice: str | None = None) -> ChargeEnd:
    """The bank says no."""
    return ChargeEnd("requires_payment_method", code, advice)


@dataclass(slots=True)
class FakePayments(FakeAnswers):
    """Every payment by id, made on a page or by a charge; every card that can be charged."""

    charging: ChargeEnd = PAID
    """How charges end, unless `next_charges` says something else."""
    next_charges: list[ChargeEnd] = field(default_factory=list)
    """How the next ones end, in order."""
    payments: dict[str, PaymentFacts] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    refunds: dict[str, list[RefundFacts]] = field(default_factory=dict)
    disputes: dict[str, list[DisputeFacts]] = field(default_factory=dict)
    """Both by payment."""
    deleted_customers: set[str] = field(default_factory=set)
    _reversed: list[tuple[dt.datetime, str]] = field(default_factory=list)

    def charge_params(self, request: ChargeRequest) -> dict[str, Any]:
        return {
            "title": request.title,
            "amount": request.price.amount_minor,
            "currency": request.price.currency,
            "customer": request.customer,
            "payment_method": request.payment_method,
            "metadata": {
                "order": str(request.order_id),
                **mark(request.bot_id, request.partner_id, request.workspace_id),
                "points": str(request.points),
                "bonus": str(request.bonus),
            },
        }

    async def charge(self, params: dict[str, Any], key: str) -> PaymentFacts:
        return self._once(key, params, lambda: self._charge(params))

    def _charge(self, params: dict[str, Any]) -> PaymentFacts:
        end = self.next_charges.pop(0) if self.next_charges else self.charging
        if end.error is not None:
            raise end.error
        if params["customer"] in self.deleted_customers:
            raise GatewayError("card_gone", "No such customer", "customer")
        if params["payment_method"] not in self.cards:
            raise GatewayError("card_gone", "detached from a Customer")
        if end.lost:
            self.lost_answers += 1
        return self._paid(
            Money(params["amount"], params["currency"]),
            params["customer"],
            params["payment_method"],
            params["metadata"],
            end,
        )

    def _paid(
        self,
        amount: Money,
        customer: str | None,
        payment_method: str | None,
        metadata: dict[str, str],
        end: ChargeEnd = PAID,
        payment_intent: str | None = None,
    ) -> PaymentFacts:
        intent = payment_intent or self._id("pi")
        number = intent.removeprefix("pi_")
        self.payments[intent] = PaymentFacts(
            intent,
            end.status,
            amount,
            self.live,
            self.clock.now(),
            customer,
            payment_method,
            end.decline,
            end.advice,
            f"ch_{number}",
            f"https://receipts.example/{number}" if end.status == "succeeded" else None,
            metadata,
        )
        return self.payments[intent]

    async def fetch_payment(self, payment_intent: str) -> PaymentFacts:
        self._answer()
        return self._payment(payment_intent)

    async def payments_of(self, customer: str, since: dt.datetime) -> list[PaymentFacts]:
        self._answer()
        self._expect_customer(customer)
        return [
            each for each in self.payments.values() if each.customer == customer and each.created >= since
        ]

    async def payments_since(self, since: dt.datetime) -> list[PaymentFacts]:
        self._answer()
        return [each for each in self.payments.values() if each.succeeded and each.created >= since]

    async def cancel_payment(self, payment_intent: str) -> PaymentFacts:
        self._answer()
        found = self._payment(payment_intent)
        if found.status not in {"succeeded", "processing", "canceled"}:
            self.payments[payment_intent] = replace(found, status="canceled")
        return self.payments[payment_intent]

    async def card(self, payment_method: str) -> Card | None:
        self._answer()
        return self.cards.get(payment_method)

    async def detach_card(self, payment_method: str) -> None:
        self._answer()
        self.cards.pop(payment_method, None)

    async def payment_behind(self, kind: str, object_id: str) -> str | None:
        self._answer()
        for intent, payment in self.payments.items():
            known = [payment.charge, *(each.id for each in self.refunds.get(intent, ()))]
            if object_id in [*known, *(each.id for each in self.disputes.get(intent, ()))]:
                return intent
        return None

    async def reversals(self, payment_intent: str) -> ReversalFacts:
        self._answer()
        payment = self._payment(payment_intent)
        refunds, disputes = self.refunds.get(payment_intent, ()), self.disputes.get(payment_intent, ())
        refunded = sum(each.amount_minor for each in refunds if each.status not in {"failed", "canceled"})
        return ReversalFacts(payment_intent, payment.amount, refunded, tuple(disputes), tuple(refunds))

    async def reversed_since(self, since: dt.datetime) -> list[str]:
        self._answer()
        return list(dict.fromkeys(intent for at, intent in self._reversed if at >= since))

    async def refund(
        self, payment_intent: str, amount_minor: int, key: str, metadata: dict[str, str]
    ) -> RefundFacts:
        left = self._payment(payment_intent).amount.amount_minor - sum(
            each.amount_minor for each in self.refunds.get(payment_intent, ()) if each.status == "succeeded"
        )

        def make() -> RefundFacts:
            if left <= 0:
                raise GatewayError("charge_already_refunded")
            if amount_minor > left:
                raise GatewayError("InvalidRequestError", "greater than unrefunded amount on charge")
            return self.give_back(payment_intent, amount_minor, metadata)

        return self._once(key, (payment_intent, amount_minor, metadata), make)

    def save_card(self, last4: str = "4242", brand: str = "visa") -> str:
        """A card that was agreed to be charged; answers its id."""
        card = self._id("pm")
        self.cards[card] = Card(card, brand, last4, 12, self.clock.now().year + 2)
        return card

    def finish(self, payment_intent: str, *, decline: str | None = None) -> None:
        """The bank's answer to a payment that was processing."""
        status = "requires_payment_method" if decline else "succeeded"
        self.payments[payment_intent] = replace(self._payment(payment_intent), status=status, decline=decline)

    def give_back(
        self, payment_intent: str, amount_minor: int, metadata: dict[str, str] | None = None
    ) -> RefundFacts:
        """A refund, as if made on Stripe's own pages."""
        refund = RefundFacts(self._id("re"), "succeeded", amount_minor, None, metadata or {})
        self.refunds.setdefault(payment_intent, []).append(refund)
        self._reversed.append((self.clock.now(), payment_intent))
        return refund

    def fail_refund(self, payment_intent: str, refund: str) -> None:
        """The bank sends a refund back."""
        self.refunds[payment_intent] = [
            replace(each, status="failed", failure="expired_or_canceled_card") if each.id == refund else each
            for each in self.refunds[payment_intent]
        ]

    def dispute(
        self, payment_intent: str, amount_minor: int | None = None, status: str = "needs_response"
    ) -> str:
        """The cardholder goes to the bank; answers the dispute's id. An inquiry's status begins with "warning_"."""
        amount = self._payment(payment_intent).amount.amount_minor if amount_minor is None else amount_minor
        dispute = DisputeFacts(self._id("dp"), status, amount)
        self.disputes.setdefault(payment_intent, []).append(dispute)
        self._reversed.append((self.clock.now(), payment_intent))
        return dispute.id

    def close_dispute(self, payment_intent: str, *, won: bool) -> None:
        """The bank decides."""
        self.disputes[payment_intent] = [
            replace(each, status="won" if won else "lost") for each in self.disputes[payment_intent]
        ]

    def _expect_customer(self, customer: str) -> None:
        if customer in self.deleted_customers:
            raise GatewayError("resource_missing", f"No such customer: '{customer}'", "customer")

    def _payment(self, payment_intent: str) -> PaymentFacts:
        if payment_intent not in self.payments:
            raise GatewayError("resource_missing", payment_intent)
        return self.payments[payment_intent]
