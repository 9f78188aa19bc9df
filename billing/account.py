"""Whose Stripe account the key opens, whether it may charge, and in which mode (R26)."""

import datetime as dt

import structlog

from billing import golive
from billing.gateway import GatewayError, GatewayKeyError
from billing.payments import Payments
from storage import accounts, catalogue
from storage.models import Partner
from storage.transaction import Tx

log = structlog.get_logger()


async def refresh_account(payments: Payments, partner_id: int, *, test_payments: bool) -> bool | None:
    """Ask Stripe whose key this is and whether it may charge, and keep the answer (R26).

    Answers whether it opens the account that the books are about; None: Stripe doesn't say. A partner who is live has
    what was tried out in test mode ended, however often this runs.
    """
    opens = await _ask(payments, partner_id, test_payments=test_payments)
    await golive.end_all_tests(payments, partner_id)
    return opens


async def _ask(payments: Payments, partner_id: int, *, test_payments: bool) -> bool | None:
    gateway = payments.gateways.get(partner_id)
    if gateway is None:
        return await payments.db.write(keep_account, partner_id, None, payments.clock.now(), test_payments)
    try:
        account = await gateway.account()
    except GatewayKeyError:
        return await payments.db.write(keep_account, partner_id, None, payments.clock.now(), test_payments)
    except GatewayError as error:
        log.warning("account unknown", code=error.code)
        return None
    facts = (account.id, account.name, account.live, account.charges_enabled, account.currency)
    opens = await payments.db.write(keep_account, partner_id, facts, payments.clock.now(), test_payments)
    if not opens:
        log.error(
            "this key is of another Stripe account than the saved cards and subscriptions are at:"
            " nothing is sold, looked up or ended until the old key is back or an owner moves over at the desk",
            partner=partner_id,
            account=account.id,
        )
    return opens


def keep_account(
    tx: Tx,
    partner_id: int,
    facts: tuple[str, str, bool, bool, str] | None,
    at: dt.datetime,
    test_payments: bool,  # noqa: FBT001
) -> bool:
    """Store what Stripe said of the key; None: it is refused or there is none.

    Answers whether it opens the account that the books are about. Another one is only noted while customers, cards or
    subscriptions are at the first, where its key alone reaches them (R25).
    """
    partner: Partner = catalogue.lock_partner(tx, partner_id)
    partner.test_payments = test_payments
    partner.stripe_checked_at = at
    partner.other_account = partner.other_account_name = None
    if facts is None:
        # Which account the books are about stays known for the next key.
        partner.stripe_charges = False
        return False
    account, name, live, charges, currency = facts
    if partner.stripe_account not in {None, account} and accounts.is_held(tx, partner_id, live):
        partner.other_account, partner.other_account_name = account, name
        partner.stripe_charges = False
        return False
    first = partner.stripe_account is None and not catalogue.packs(tx, partner_id)
    partner.stripe_account, partner.stripe_name = account, name
    partner.stripe_live, partner.stripe_charges = live, charges
    if first:
        partner.currency = currency
    return True
