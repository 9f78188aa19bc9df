"""The partner's name and switches (R8, R10, R26)."""

from billing import audit
from billing.access import DeskRole, desk
from billing.call import Call
from billing.errors import BadValueError
from billing.text import clean
from storage import catalogue
from storage.models import (
    BillingSwitch,
)
from storage.transaction import Tx


def set_credit_billing(tx: Tx, call: Call, *, on: bool) -> None:
    """The master switch of selling add-ons for points (R26)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    partner = catalogue.lock_partner(tx, place.partner.id)
    if partner.credit_billing != on:
        partner.credit_billing = on
        tx.session.add(BillingSwitch(partner_id=partner.id, at=call.at, on=on))
        audit.record(tx, call, partner.id, "credit_billing", before={"on": not on}, after={"on": on})


def set_partner_name(tx: Tx, call: Call, name: str) -> None:
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    text = clean(name)
    if not text:
        raise BadValueError("name", name)
    audit.record(
        tx, call, place.partner.id, "name", before={"name": place.partner.name}, after={"name": text}
    )
    place.partner.name = text


def set_customers_may_remove(tx: Tx, call: Call, *, may: bool) -> None:
    """Whether customers remove add-ons themselves or ask the partner (R10)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    if place.partner.customers_may_remove != may:
        audit.record(
            tx, call, place.partner.id, "customers_may_remove", before={"may": not may}, after={"may": may}
        )
        place.partner.customers_may_remove = may


def set_charge_removal_date(tx: Tx, call: Call, *, on: bool) -> None:
    """Whether the date of removal is always charged (R8)."""
    place = desk(tx, call.person_id, DeskRole.ADMIN)
    if place.partner.charge_removal_date != on:
        audit.record(
            tx, call, place.partner.id, "charge_removal_date", before={"on": not on}, after={"on": on}
        )
        place.partner.charge_removal_date = on
