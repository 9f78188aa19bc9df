"""A workspace's customer object at the gateway: made when something is paid for the first time, then kept."""

import structlog

from billing.access import Role, seat
from billing.errors import PaymentsDownError
from billing.gateway import GatewayError
from billing.payments import Payments
from storage import orders
from storage.transaction import Tx

log = structlog.get_logger()


async def customer_for(
    payments: Payments, partner_id: int, workspace_id: int, person_id: int, least: Role
) -> str:
    """The customer that somebody with the right to it pays as.

    Raises PaymentsDownError, StrangerError, NotAllowedError.
    """
    gateway = payments.gateway(partner_id)
    known, name = await payments.db.read(customer_of, person_id, workspace_id, gateway.live, least)
    if known is not None:
        return known
    try:
        made = await gateway.create_customer(partner_id, workspace_id, name)
    except GatewayError as error:
        log.warning("customer not made", code=error.code)
        raise PaymentsDownError from error
    return await payments.db.write(keep_customer, partner_id, workspace_id, gateway.live, made)


def customer_of(
    tx: Tx,
    person_id: int,
    workspace_id: int,
    live: bool,  # noqa: FBT001
    least: Role = Role.BILLING,
) -> tuple[str | None, str]:
    """The workspace's customer, if it has one, and the workspace's name; also checks the right."""
    place = seat(tx, person_id, workspace_id, least)
    row = orders.customer(tx, place.partner.id, workspace_id, live)
    return (row.customer if row is not None else None), place.workspace.name


def keep_customer(tx: Tx, partner_id: int, workspace_id: int, live: bool, customer: str) -> str:  # noqa: FBT001
    """Store a new customer; one that came first stays. Answers the one that is kept."""
    orders.keep_customer(tx, partner_id, workspace_id, live, customer)
    row = orders.customer(tx, partner_id, workspace_id, live)
    assert row is not None, "it was just kept"
    return row.customer
