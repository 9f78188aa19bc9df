"""Invoices with company, tax id and tax (R30): what a partner wants, and what to do where Stripe refuses."""

from billing import notices
from billing.call import Call
from billing.gateway import TAX_REFUSED, GatewayError, Invoicing
from billing.payments import Payments
from storage.models import Partner
from storage.transaction import Tx


def invoicing_of(partner: Partner) -> Invoicing:
    """What the partner's payment pages make out."""
    if not partner.stripe_invoices:
        return Invoicing.OFF
    return Invoicing.TAX if partner.stripe_tax else Invoicing.INVOICES


async def tell_if_tax_refused(payments: Payments, error: GatewayError, partner_id: int) -> bool:
    """After the refusal of a page: whether tax is the reason. Then the partner is told what to do, once a day."""
    if error.code != TAX_REFUSED:
        return False
    now = payments.clock.now()
    call = Call(now, f"tax-refused:{partner_id}:{now.date()}", payments.bot_id)
    await payments.db.write(_tell_desk, call, partner_id)
    payments.wake()
    return True


def _tell_desk(tx: Tx, call: Call, partner_id: int) -> None:
    notices.tell_desk(tx, call, partner_id, "desk_tax", {})
