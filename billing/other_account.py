"""Moving over to another Stripe account: what only the old one's key reaches is left behind (R25)."""

from dataclasses import dataclass
from typing import Final

from billing import audit, renewal
from billing.access import DeskRole, desk, desk_partner
from billing.automatic import cards
from billing.automatic.ground import UNREACHABLE
from billing.call import Call
from billing.customers import forget_customer
from billing.errors import GoneError
from billing.plans import pages, settling
from storage import accounts, automatic, workspaces
from storage.accounts import Left
from storage.database import Database
from storage.models import OrderStatus
from storage.transaction import Tx

MOVED: Final = "moved_account"
"""The audit log's entry."""
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class OtherAccount:
    """The account that the key opens beside the one that the books are about."""

    id: str
    name: str
    known: str
    """The first one's name."""
    left: Left
    may_move: bool


def other_account(tx: Tx, person_id: int) -> OtherAccount | None:
    """For the desk; None: the key opens the account that the books are about. Raises StrangerError."""
    place = desk(tx, person_id)
    partner = place.partner
    if partner.other_account is None:
        return None
    return OtherAccount(
        partner.other_account,
        partner.other_account_name or partner.other_account,
        partner.stripe_name or partner.stripe_account or "",
        accounts.left(tx, partner.id),
        place.role >= DeskRole.OWNER,
    )


async def move(db: Database, call: Call, account: str) -> None:
    """Move the books to the account that an owner was shown, a transaction a workspace, the account last.

    A crash midway leaves the rest to the next tap. Raises GoneError (another one by now), NotAllowedError.
    """
    after = 0
    while found := await db.read(_left_behind, call.person_id, account, after, _BATCH):
        for workspace_id in found:
            await db.write(leave, call.part(str(workspace_id)), account, workspace_id)
        after = found[-1]
    await db.write(finish, call, account)


def _left_behind(tx: Tx, person_id: int | None, account: str, after: int, limit: int) -> list[int]:
    partner = desk(tx, person_id, DeskRole.OWNER).partner
    if partner.other_account != account:
        raise GoneError
    return accounts.workspaces(tx, partner.id, after, limit)


def leave(tx: Tx, call: Call, account: str, workspace_id: int) -> None:
    """A workspace's customer, cards, open pages and subscription stay at the old account; its people are told."""
    found = workspaces.lock(tx, workspace_id)
    partner = desk(tx, call.person_id, DeskRole.OWNER).partner
    if found is None or found[0].partner_id != partner.id or partner.other_account != account:
        raise GoneError
    workspace, wallet = found
    renewal.catch_up(tx, call, partner, workspace, wallet)
    for customer in accounts.customers(tx, partner.id, workspace_id):
        forget_customer(tx, call, partner.id, customer)
    setting = automatic.lock_setting(tx, partner.id, workspace_id)
    for card in accounts.cards(tx, partner.id, workspace_id):
        cards.lose(tx, call, partner, workspace, setting, card)
    for setup in accounts.setups(tx, partner.id, workspace_id):
        cards.close_page(tx, call, setup)
    for order in accounts.orders(tx, partner.id, workspace_id):
        order.status, order.reason = OrderStatus.FAILED, UNREACHABLE
    for page_id in accounts.plan_pages(tx, partner.id, workspace_id):
        pages.outlive(tx, call, partner.id, page_id)
    for subscription in accounts.subscriptions(tx, partner.id, workspace_id):
        settling.end_gone(tx, call, partner.id, subscription)


def finish(tx: Tx, call: Call, account: str) -> None:
    """From now on the books are about the other account; the next look at Stripe says whether it may charge."""
    partner = desk_partner(tx, call.person_id, DeskRole.OWNER)
    if partner.stripe_account == account:
        return
    if partner.other_account != account or accounts.workspaces(tx, partner.id, 0, 1):
        raise GoneError
    accounts.stop_looking(tx, partner.id)
    audit.record(
        tx,
        call,
        partner.id,
        MOVED,
        before={"account": partner.stripe_name or partner.stripe_account},
        after={"account": partner.other_account_name or account},
    )
    partner.stripe_account, partner.stripe_name = account, partner.other_account_name
    partner.other_account = partner.other_account_name = None
    partner.stripe_charges = False
