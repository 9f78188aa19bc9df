"""A subscription ends with its paid period, or goes on after all: a wish, committed, that Stripe is told of after (R25)."""

from billing.access import Role, locked_seat
from billing.call import Call
from billing.errors import NoSubscriptionError
from storage import subscriptions
from storage.transaction import Tx


def wish(tx: Tx, call: Call, workspace_id: int, *, ends: bool) -> tuple[int, str]:
    """The owner ends the subscription with its paid period, or keeps it after all; (partner, subscription).

    Raises NoSubscriptionError. The gateway is told by the flow, and by the poller where that fails.
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    row = subscriptions.running(tx, held.partner.id, workspace_id)
    if row is None:
        raise NoSubscriptionError
    row.end_wish, row.next_look_at = ends, call.at
    return held.partner.id, row.id


def end_with_period(
    tx: Tx, call: Call, partner_id: int, workspace_id: int, after_plan_id: int | None = None
) -> bool:
    """End what pays for a workspace's plan with its paid period, and close its open page; False: nothing runs.

    Part of the caller's transaction, with the workspace locked; the poller tells the gateway. `after_plan_id`: what
    the workspace is on from then, None: the partner's fallback plan.
    """
    page = subscriptions.open_page(tx, partner_id, workspace_id)
    if page is not None:
        page.status, page.next_look_at = "closing", call.at
    row = subscriptions.running(tx, partner_id, workspace_id)
    if row is None:
        return False
    row.after_plan_id = after_plan_id
    row.end_wish, row.next_look_at = True, call.at
    return True
