"""Whose Stripe account the key opens, and whether it may charge (R26)."""

import datetime as dt

import structlog

from billing.gateway import GatewayError, GatewayKeyError
from billing.payments import Payments
from storage import catalogue
from storage.models import Partner
from storage.transaction import Tx

log = structlog.get_logger()


async def refresh_account(payments: Payments, partner_id: int, *, test_payments: bool) -> None:
    """Ask Stripe whose key this is and whether it may charge, and keep the answer (R26)."""
    gateway = payments.gateways.get(partner_id)
    if gateway is None:
        await payments.db.write(keep_account, partner_id, None, payments.clock.now(), test_payments)
        return
    try:
        account = await gateway.account()
    except GatewayKeyError:
        await payments.db.write(keep_account, partner_id, None, payments.clock.now(), test_payments)
    except GatewayError as error:
        log.warning("account unknown", code=error.code)
    else:
        facts = (account.id, account.name, account.live, account.charges_enabled, account.currency)
        await payments.db.write(keep_account, partner_id, facts, payments.clock.now(), test_payments)


def keep_account(
    tx: Tx,
    partner_id: int,
    facts: tuple[str, str, bool, bool, str] | None,
    at: dt.datetime,
    test_payments: bool,  # noqa: FBT001
) -> None:
    """Store what Stripe said of the key; None: it is refused or there is none."""
    partner: Partner = catalogue.lock_partner(tx, partner_id)
    partner.test_payments = test_payments
    partner.stripe_checked_at = at
    if facts is None:
        partner.stripe_account, partner.stripe_charges = None, False
        return
    first = partner.stripe_account is None and not catalogue.packs(tx, partner_id)
    partner.stripe_account, partner.stripe_name, partner.stripe_live, partner.stripe_charges, currency = facts
    if first:
        partner.currency = currency
