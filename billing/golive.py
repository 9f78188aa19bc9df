"""Going live: the points of test payments are taken back, test cards, orders and plans go (R26)."""

from typing import Any, Final

from billing import audit, notices, orders, renewal
from billing.automatic import cards, stopping
from billing.call import Call
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.payments import Payments
from billing.plans import pages, settling
from billing.walking import walk
from storage import automatic, catalogue, workspaces
from storage import golive as rows
from storage import refunds as refund_rows
from storage.models import TEST_OVER, Order, OrderStatus, Partner, Wallet, Workspace
from storage.transaction import Tx

_BATCH: Final = 100
ENDED: Final = "test_over"
"""The audit log's entry of one workspace."""
WENT_LIVE: Final = "went_live"
"""Its entry of all of them together, once no test is left."""


async def end_all_tests(payments: Payments, partner_id: int) -> int:
    """End what was tried out in test mode, a transaction a workspace; answers in how many there was something.

    Nothing happens unless the partner is live. What a crash left is found again: by what still counts.
    """
    ended, after = 0, 0
    with walk("going live") as steps:
        while found := await payments.db.read(_unended, partner_id, after):
            for workspace_id in found:
                at = payments.clock.now()
                call = Call(at, f"live:{workspace_id}:{at.isoformat()}", payments.bot_id)
                with steps.step(f"workspace {workspace_id}"):
                    ended += await payments.db.write(end_tests, call, workspace_id)
                payments.wake()
            after = found[-1]
    return ended


def _unended(tx: Tx, partner_id: int, after: int) -> list[int]:
    partner = catalogue.partner(tx, partner_id)
    return (
        rows.workspaces(tx, partner_id, after, _BATCH) if partner is not None and partner.stripe_live else []
    )


def end_tests(tx: Tx, call: Call, workspace_id: int) -> bool:
    """Everything of one workspace, with its due cycles worked off first; again, it changes nothing.

    False: there was nothing to end, or the partner isn't live. The last of a partner's workspaces tells the desk.
    """
    found = workspaces.lock(tx, workspace_id)
    assert found is not None, "what counts is of a workspace"
    workspace, wallet = found
    partner = catalogue.partner(tx, workspace.partner_id)
    assert partner is not None, "a workspace has a partner"
    if not partner.stripe_live or workspace_id not in rows.workspaces(tx, partner.id, workspace_id - 1, 1):
        return False
    renewal.catch_up(tx, call, partner, workspace, wallet)
    tx.session.expire(wallet)
    before = wallet.balance
    tried = rows.orders(tx, partner.id, workspace_id)
    taken, spent = _take_back(tx, call, workspace, wallet, tried)
    dropped = [order for order in tried if order.status != OrderStatus.PAID]
    for order in dropped:
        orders.drop_test(tx, call, order)
    removed, stopped = _drop_cards(tx, call, workspace)
    forgotten = _forget_purchases(tx, workspace) if dropped else []
    tx.session.flush()
    audit.record(
        tx,
        call,
        partner.id,
        ENDED,
        workspace_id=workspace_id,
        before={"balance": before},
        after={"balance": before - taken, "points": taken},
    )
    if taken or spent or dropped or removed or stopped:
        params: dict[str, Any] = {
            "taken": taken,
            "spent": spent,
            "balance": before - taken,
            "orders": len(dropped),
            "cards": removed,
            "stopped": stopped,
            "forgotten": forgotten,
        }
        notices.tell_workspace(tx, call, partner.id, workspace_id, "test_over", params)
    for page_id in rows.plan_pages(tx, partner.id, workspace_id):
        pages.outlive(tx, call, partner.id, page_id)
    for subscription in rows.subscriptions(tx, partner.id, workspace_id):
        settling.end_gone(tx, call, partner.id, subscription)
    tx.session.flush()
    _sum_up(tx, call, partner)
    return True


def _take_back(
    tx: Tx, call: Call, workspace: Workspace, wallet: Wallet, tried: list[Order]
) -> tuple[int, int]:
    """Post what test payments brought and no refund has taken yet, to a balance of zero at the lowest.

    Hundredths that were taken, and that were not, as they are spent.
    """
    paid = [order for order in tried if order.status == OrderStatus.PAID]
    credited = sum(order.points + order.bonus for order in paid)
    back = sum(order.reversed_points + order.reversed_bonus for order in paid)
    taken = min(credited - back, max(0, wallet.balance))
    spent = credited - back - taken
    if taken:
        explained = {"credited": credited, "back": back, "spent": spent}
        operation = Operation(
            workspace.partner_id,
            workspace.id,
            # Every payment is taken back once, so the newest one names the round.
            f"live:{workspace.id}:{max(order.id for order in paid)}",
            (Line(Kind.TEST_POINTS, -taken, explained=explained),),
            call.at,
        )
        (posted,) = post(tx, [operation])
        assert isinstance(posted, Posted), "never more than there is"
        assert not posted.repeated, "its payments counted until now"
        tx.session.expire(wallet)
    for order in paid:
        order.reason = TEST_OVER
        for dispute in refund_rows.disputes(tx, order.partner_id, order.id):
            dispute.next_look_at = None
        for request in refund_rows.requests(tx, order.partner_id, order.id):
            if request.status == "asked":
                request.status = "declined"
    for refund in rows.refunds(tx, workspace.partner_id, [order.id for order in paid]):
        refund.next_look_at = None
        if refund.status == "asked":
            refund.status, refund.error = "refused", TEST_OVER
    return taken, spent


def _drop_cards(tx: Tx, call: Call, workspace: Workspace) -> tuple[int, bool]:
    """No test card is left, nor a page that saves one, nor a consent to charge it: (cards, whether it was on)."""
    removed = 0
    tests = rows.cards(tx, workspace.partner_id, workspace.id)
    for card in tests:
        removed += card.removed_at is None
        card.removed_at = card.removed_at or call.at
        # The live key can't reach it.
        card.detach_at = None
    for page in rows.setups(tx, workspace.partner_id, workspace.id):
        cards.close_page(tx, call, page)
    setting = automatic.setting(tx, workspace.partner_id, workspace.id)
    if setting is None:
        return removed, False
    card_id = setting.card_id
    charged = automatic.card(tx, workspace.partner_id, card_id) if card_id is not None else None
    if charged is not None and charged.live:
        return removed, False
    setting.card_id = None
    return removed, stopping.stop(tx, call, workspace, TEST_OVER)


def _forget_purchases(tx: Tx, workspace: Workspace) -> list[list[Any]]:
    """What waited for a payment that never counts: label and units of each."""
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, workspace.partner_id)}
    forgotten = []
    for intent in workspaces.intents(tx, workspace.partner_id, workspace.id):
        here = workspaces.addon_state(tx, workspace.partner_id, workspace.id, intent.addon_id)
        more = intent.units - (here.units if here is not None else 0)
        if more > 0:
            forgotten.append([labels.get(intent.addon_id, ""), more])
        tx.session.delete(intent)
    return forgotten


def _sum_up(tx: Tx, call: Call, partner: Partner) -> None:
    """Once no workspace is left: one entry and one line to the desk about all since the last time."""
    # Of two that end the last tests at the same time, the second sees what the first has done.
    catalogue.lock_partner(tx, partner.id)
    if rows.workspaces(tx, partner.id, 0, 1):
        return
    ended = rows.entries_since(tx, partner.id, ENDED, WENT_LIVE)
    newest = max(call.at, *(at for at, _ in ended))
    told = Call(newest, f"{call.reference}/all", call.bot_id)
    facts = {"workspaces": len(ended), "points": sum(after["points"] for _, after in ended)}
    audit.record(tx, told, partner.id, WENT_LIVE, after=facts)
    notices.tell_desk(tx, told, partner.id, "desk_test_over", facts)
