"""Everything at Stripe since an instant, brought to the books: finds what webhooks and pollers lost."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from billing import orders, reversals
from billing.call import Call
from billing.payments import Payments
from billing.refunds import Refunds
from billing.reversals import Outcome
from billing.settling import settle_payment
from storage import orders as rows
from storage.models import OrderStatus

Progress = Callable[[int, int], None]
"""How many of how many were looked at; the whole may grow on the way."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a look at everything since an instant found."""

    payments: int
    """Completed pages and charges without one."""
    credited: int
    """Payments on a page that were credited now."""
    automatic: int
    """Charges of saved cards that were credited now."""
    reversed: int
    """Payments whose refunds or disputes were applied now."""
    foreign: int
    """Payments that are none of this bot's."""


def nobody_watches(_done: int, _total: int) -> None:
    """Where no progress is shown."""


async def reconcile(
    payments: Payments, partner_id: int, since: dt.datetime, progress: Progress = nobody_watches
) -> Reconciled:
    """Settle every payment since, then apply what went back of any. Again, it changes nothing.

    Raises GatewayError.
    """
    gateway, db = payments.gateway(partner_id), payments.db
    refunds = Refunds(payments)
    pages = [page for page in await gateway.sessions_since(since) if page.mode == "payment"]
    on_pages = {page.payment_intent for page in pages}
    charges = [each for each in await gateway.payments_since(since) if each.id not in on_pages]
    gone = await gateway.reversed_since(since)
    total = len(pages) + len(charges) + len(gone)
    done = credited = automatic = applied = foreign = 0
    progress(done, total)
    for page in pages:
        before = await db.read(rows.by_session, partner_id, page.id)
        was_paid = before is not None and before.status == OrderStatus.PAID
        call = Call(payments.clock.now(), f"settle:{page.id}", payments.bot_id)
        status = await db.write(orders.settle, call, partner_id, page)
        foreign += status is None
        credited += status == OrderStatus.PAID and not was_paid
        progress(done := done + 1, total)
    for charge in charges:
        known = await db.read(reversals.known, partner_id, charge.id)
        if known is None or not known.credited:
            status = await settle_payment(payments, partner_id, charge.id)
            foreign += status is None
            known = await db.read(reversals.known, partner_id, charge.id)
            if known is not None and known.credited:
                automatic, credited = automatic + known.automatic, credited + (not known.automatic)
        progress(done := done + 1, total)
    for payment in gone:
        applied += await refunds.look(partner_id, payment) == Outcome.APPLIED
        progress(done := done + 1, total)
    payments.wake()
    return Reconciled(len(pages) + len(charges), credited, automatic, applied, foreign)
