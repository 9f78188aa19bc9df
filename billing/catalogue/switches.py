"""The partner's name and switches (R6, R8, R10, R15, R17, R26)."""

import datetime as dt

from billing import audit
from billing.access import desk_partner
from billing.call import Call
from billing.errors import BadValueError
from billing.gateway import Invoicing
from billing.invoicing import invoicing_of
from billing.text import required
from storage import catalogue
from storage.models import BillingSwitch, Partner
from storage.transaction import Tx

MOST_GRACE_DAYS, MOST_LEAD_HOURS, MOST_NOTICE_DAYS = 14, 168, 60
LEAST_LEAD_HOURS = 1


def set_credit_billing(tx: Tx, call: Call, *, on: bool) -> None:
    """The master switch of selling add-ons for points (R26)."""
    partner = desk_partner(tx, call.person_id)
    if _recorded(tx, call, partner, "credit_billing", "on", partner.credit_billing, on):
        partner.credit_billing = on
        # Switches stand in the order in which they were made, whichever press reached us first.
        earlier = [row.at + dt.datetime.resolution for row in catalogue.billing_switches(tx, partner.id)]
        tx.session.add(BillingSwitch(partner_id=partner.id, at=max([call.at, *earlier]), on=on))


def set_partner_name(tx: Tx, call: Call, name: str) -> None:
    """What customers and strangers read. Raises BadValueError (name, length)."""
    partner = desk_partner(tx, call.person_id)
    text = required(name, "name")
    if _recorded(tx, call, partner, "name", "name", partner.name, text):
        partner.name = text


def set_customers_may_remove(tx: Tx, call: Call, *, may: bool) -> None:
    """Whether customers remove add-ons themselves or ask the partner (R10)."""
    partner = desk_partner(tx, call.person_id)
    if _recorded(tx, call, partner, "customers_may_remove", "may", partner.customers_may_remove, may):
        partner.customers_may_remove = may


def set_invoicing(tx: Tx, call: Call, invoicing: Invoicing) -> None:
    """What payment pages make out from now on (R30); pages that are open stay as they are."""
    partner = desk_partner(tx, call.person_id)
    before = invoicing_of(partner)
    if _recorded(tx, call, partner, "invoicing", "invoicing", before.value, invoicing.value):
        partner.stripe_invoices = invoicing is not Invoicing.OFF
        partner.stripe_tax = invoicing is Invoicing.TAX


def set_charge_removal_date(tx: Tx, call: Call, *, on: bool) -> None:
    """Whether the date of removal is always charged (R8)."""
    partner = desk_partner(tx, call.person_id)
    if _recorded(tx, call, partner, "charge_removal_date", "on", partner.charge_removal_date, on):
        partner.charge_removal_date = on


def set_grace_days(tx: Tx, call: Call, days: int) -> None:
    """How many days units that points don't cover stay before they lapse (R15). Raises BadValueError."""
    partner = desk_partner(tx, call.person_id)
    _expect("grace", days, 0, MOST_GRACE_DAYS)
    if _recorded(tx, call, partner, "grace_days", "days", partner.grace_days, days):
        partner.grace_days = days


def set_lead_hours(tx: Tx, call: Call, hours: int) -> None:
    """How many hours before a renewal a saved card is first charged for it (R17). Raises BadValueError."""
    partner = desk_partner(tx, call.person_id)
    _expect("lead", hours, LEAST_LEAD_HOURS, MOST_LEAD_HOURS)
    if _recorded(tx, call, partner, "lead_hours", "hours", partner.lead_hours, hours):
        partner.lead_hours = hours


def set_price_notice_days(tx: Tx, call: Call, days: int) -> None:
    """How many days pass between telling a higher price and the first cycle that pays it (R6). BadValueError."""
    partner = desk_partner(tx, call.person_id)
    _expect("notice", days, 0, MOST_NOTICE_DAYS)
    if _recorded(tx, call, partner, "price_notice_days", "days", partner.price_notice_days, days):
        partner.price_notice_days = days


def _recorded(
    tx: Tx, call: Call, partner: Partner, action: str, unit: str, before: object, after: object
) -> bool:
    """Whether the new value differs; if so, it stands in the audit log (R33)."""
    if before == after:
        return False
    audit.record(tx, call, partner.id, action, before={unit: before}, after={unit: after})
    return True


def _expect(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadValueError(name, str(value))
