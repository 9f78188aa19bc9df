"""Whose a subscription at the partner's Stripe account is: anything may be sold there beside our plans (R25, R27)."""

import structlog

from billing.gateway import SubscriptionFacts, metadata_number
from billing.marks import is_marked
from storage import subscriptions
from storage.transaction import Tx

log = structlog.get_logger()


def workspace_of(tx: Tx, bot_id: int, partner_id: int, facts: SubscriptionFacts) -> int | None:
    """The workspace whose plan it pays for; None: it is for something else, and is to be left alone.

    Ours is what we hold a row for, what bears our mark and what was bought on a page of ours. One that the partner
    made by hand for a customer of ours is known by its price, which a plan has or had.
    """
    known = subscriptions.subscription(tx, partner_id, facts.id)
    if known is not None:
        return known.workspace_id
    if is_marked(facts.metadata, bot_id, partner_id):
        return metadata_number(facts.metadata, "workspace")
    page = subscriptions.page(tx, partner_id, metadata_number(facts.metadata, "checkout"))
    if page is not None:
        return page.workspace_id
    workspace_id = None
    if subscriptions.price(tx, partner_id, facts.price) is not None:
        workspace_id = subscriptions.workspace_of_customer(tx, partner_id, facts.customer)
    if workspace_id is None:
        log.info("subscription to something else left alone", subscription=facts.id)
    return workspace_id
