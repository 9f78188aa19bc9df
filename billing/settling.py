"""A payment whose order is not credited yet, looked at by the payment itself (R27)."""

from billing import orders
from billing.automatic import outcomes
from billing.call import Call
from billing.payments import Payments
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
    payments.wake()
    return status
