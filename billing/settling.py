"""A payment whose order is not credited yet, looked at by the payment itself (R27)."""

from billing import orders
from billing.automatic import outcomes
from billing.call import Call
from billing.payments import Payments
from billing.plans.looking import Looking
from storage import orders as rows
from storage import subscriptions
from storage.models import OrderStatus


async def settle_payment(payments: Payments, partner_id: int, payment_intent: str) -> OrderStatus | None:
    """Fetch what a payment paid for and settle it; None: none of this bot's orders.

    Raises GatewayError.
    """
    gateway = payments.gateway(partner_id)
    page = await gateway.session_of_payment(payment_intent)
    if page is not None:
        call = Call(payments.clock.now(), f"settle:{page.id}", payments.bot_id)
        status = await payments.db.write(orders.settle, call, partner_id, page)
    else:
        charge = await gateway.fetch_payment(payment_intent)
        if not charge.succeeded:
            # Whoever charged it is still at it.
            return None
        call = Call(payments.clock.now(), f"settle:{charge.id}:{charge.status}", payments.bot_id)
        status = await payments.db.write(outcomes.settle, call, partner_id, charge)
        if status is None and charge.customer is not None:
            status = await _of_plan(payments, partner_id, charge.id, charge.customer)
    payments.wake()
    return status


async def _of_plan(
    payments: Payments, partner_id: int, payment_intent: str, customer: str
) -> OrderStatus | None:
    """A payment of a plan is kept with its subscription; only those of our customers are looked up."""
    if await payments.db.read(subscriptions.workspace_of_customer, partner_id, customer) is None:
        return None
    await Looking(payments).look_at_payment(partner_id, payment_intent)
    order = await payments.db.read(rows.by_payment, partner_id, payment_intent)
    return OrderStatus.PAID if order is not None else None
