"""The partner's name and switches (R8, R10, R26)."""

import datetime as dt

from billing import audit
from billing.access import desk_partner
from billing.call import Call
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
