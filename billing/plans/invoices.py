"""What a plan's invoices were paid by, kept as paid orders without points: found, shown and refunded alike (R29, R30)."""

from collections.abc import Sequence

from billing.call import Call, drawn_id
from billing.gateway import InvoicePayment
from storage import subscriptions, workspaces
from storage.models import Order, OrderStatus
from storage.transaction import Tx


def keep(
    tx: Tx, call: Call, partner_id: int, subscription_id: str, payments: Sequence[InvoicePayment], until: str
) -> None:
    """Keep all payments of a subscription that are not kept yet, whoever fetched them, any number of times.

    `until`: the newest invoice and its status as it was before they were fetched; they are fetched again once it
    is another.
    """
    known = subscriptions.subscription(tx, partner_id, subscription_id)
    if known is None:
        return
    workspaces.lock(tx, known.workspace_id)
    row = subscriptions.lock_subscription(tx, partner_id, subscription_id)
    assert row is not None
    kept = subscriptions.kept_payments(tx, partner_id, row.workspace_id)
    for payment in payments:
        if payment.payment_intent in kept:
            continue
        price = subscriptions.price(tx, partner_id, payment.price) if payment.price is not None else None
        tx.session.add(
            Order(
                partner_id=partner_id,
                id=drawn_id(f"invoice-payment:{payment.payment_intent}", "order"),
                workspace_id=row.workspace_id,
                invoice=payment.invoice,
                subscription=row.id,
                plan_id=price.plan_id if price is not None else row.plan_id,
                points=0,
                amount_minor=payment.paid.amount_minor,
                currency=payment.paid.currency,
                live=payment.live,
                status=OrderStatus.PAID,
                payment_intent=payment.payment_intent,
                receipt_url=payment.url,
                created_at=payment.paid_at,
                expires_at=payment.paid_at,
                paid_at=payment.paid_at,
                next_look_at=call.at,
            )
        )
    row.payments_until = until
