"""The partner's name and switches (R6, R8, R10, R15, R17, R26)."""

import datetime as dt

from billing import audit
from billing.access import desk_partner
from billing.call import Call
from billing.errors import BadValueError
from billing.text import required
from storage import catalogue
from storage.models import (
    BillingSwitch,
)
from storage.transaction import Tx


def set_credit_billing(tx: Tx, call: Call, *, on: bool) -> None:
    """The master switch of selling add-ons for points (R26)."""
    partner = desk_partner(tx, call.person_id)
    if partner.credit_billing != on:
        partner.credit_billing = on
        # Switches stand in the order in which they were made, whichever press reached us first.
        earlier = [row.at + dt.datetime.resolution for row in catalogue.billing_switches(tx, partner.id)]
        tx.session.add(BillingSwitch(partner_id=partner.id, at=max([call.at, *earlier]), on=on))
        audit.record(tx, call, partner.id, "credit_billing", before={"on": not on}, after={"on": on})


def set_partner_name(tx: Tx, call: Call, name: str) -> None:
    """What customers and strangers read. Raises BadValueError (name, length)."""
    partner = desk_partner(tx, call.person_id)
    text = required(name, "name")
    audit.record(tx, call, partner.id, "name", before={"name": partner.name}, after={"name": text})
    partner.name = text


def set_customers_may_remove(tx: Tx, call: Call, *, may: bool) -> None:
    """Whether customers remove add-ons themselves or ask the partner (R10)."""
    partner = desk_partner(tx, call.person_id)
    if partner.customers_may_remove != may:
        audit.record(
            tx, call, partner.id, "customers_may_remove", before={"may": not may}, after={"may": may}
        )
        partner.customers_may_remove = may


def set_charge_removal_date(tx: Tx, call: Call, *, on: bool) -> None:
    """Whether the date of removal is always charged (R8)."""
    partner = desk_partner(tx, call.person_id)
    if partner.charge_removal_date != on:
        audit.record(tx, call, partner.id, "charge_removal_date", before={"on": not on}, after={"on": on})
        partner.charge_removal_date = on


MOST_GRACE_DAYS, MOST_LEAD_HOURS, MOST_NOTICE_DAYS = 14, 168, 60
LEAST_LEAD_HOURS = 1


def set_grace_days(tx: Tx, call: Call, days: int) -> None:
    """How many days units that points don't cover stay before they lapse (R15). Raises BadValueError."""
    partner = desk_partner(tx, call.person_id)
    _expect("grace", days, 0, MOST_GRACE_DAYS)
    if partner.grace_days != days:
        audit.record(
            tx, call, partner.id, "grace_days", before={"days": partner.grace_days}, after={"days": days}
        )
        partner.grace_days = days


def set_lead_hours(tx: Tx, call: Call, hours: int) -> None:
    """How many hours before a renewal a saved card is first charged for it (R17). Raises BadValueError."""
    partner = desk_partner(tx, call.person_id)
    _expect("lead", hours, LEAST_LEAD_HOURS, MOST_LEAD_HOURS)
    if partner.lead_hours != hours:
        audit.record(
            tx, call, partner.id, "lead_hours", before={"hours": partner.lead_hours}, after={"hours": hours}
        )
        partner.lead_hours = hours


def set_price_notice_days(tx: Tx, call: Call, days: int) -> None:
    """How many days pass between telling a higher price and the first cycle that pays it (R6). BadValueError."""
    partner = desk_partner(tx, call.person_id)
    _expect("notice", days, 0, MOST_NOTICE_DAYS)
    if partner.price_notice_days != days:
        audit.record(
            tx,
            call,
            partner.id,
            "price_notice_days",
            before={"days": partner.price_notice_days},
            after={"days": days},
        )
        partner.price_notice_days = days


def _expect(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadValueError(name, str(value))
