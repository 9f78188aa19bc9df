"""Purchases that lack points: remembered, and made when the points arrive (R12)."""

from dataclasses import dataclass

from billing import renewal
from billing.access import Role, locked_seat
from billing.addons.making import make_change
from billing.addons.offers import is_selling
from billing.addons.quotes import Planned
from billing.call import Call
from billing.errors import (
    GoneError,
)
from storage import catalogue, workspaces
from storage.models import (
    Partner,
    PurchaseIntent,
    Wallet,
    Workspace,
)
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Completed:
    """What became of a remembered purchase: `outcome` is bought, short, price, gone or off (R26)."""

    addon_id: int
    label: str
    units: int
    outcome: str
    amount: int
    """Charged if bought, missing if short."""


def remember_purchase(tx: Tx, call: Call, workspace_id: int, addon_id: int, units: int) -> None:
    """Keep what somebody wants to buy until the points for it arrive (R12)."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    planned = Planned.load(tx, place.partner, place.workspace, addon_id, units, call.at)
    intent = workspaces.intent(tx, place.partner.id, workspace_id, addon_id)
    if intent is None:
        intent = PurchaseIntent(partner_id=place.partner.id, workspace_id=workspace_id, addon_id=addon_id)
        tx.session.add(intent)
    assert call.person_id is not None
    intent.units, intent.price = units, planned.sale.terms.price
    intent.person_id, intent.at = call.person_id, call.at


def forget_purchase(tx: Tx, call: Call, workspace_id: int, addon_id: int) -> None:
    """The customer calls a remembered purchase off."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    intent = workspaces.intent(tx, place.partner.id, workspace_id, addon_id)
    if intent is not None:
        tx.session.delete(intent)


def complete_purchases(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet
) -> list[Completed]:
    """Points arrived: buy what was remembered, oldest first, unless its price rose (R12). The caller settles limits."""
    outcomes = []
    for intent in workspaces.intents(tx, partner.id, workspace.id):
        try:
            planned = Planned.load(tx, partner, workspace, intent.addon_id, intent.units, call.at)
        except GoneError:
            tx.session.delete(intent)
            addon = catalogue.addon(tx, partner.id, intent.addon_id)
            label = addon.label if addon is not None else ""
            outcomes.append(Completed(intent.addon_id, label, intent.units, "gone", 0))
            continue
        label, amount = planned.addon.label, planned.formula.amount
        if planned.units_before >= intent.units:
            tx.session.delete(intent)
        elif planned.sale.terms.price > intent.price or not is_selling(partner):
            why = "price" if planned.sale.terms.price > intent.price else "off"
            tx.session.delete(intent)
            outcomes.append(Completed(intent.addon_id, label, intent.units, why, 0))
        elif amount > wallet.balance:
            missing = amount - wallet.balance
            outcomes.append(Completed(intent.addon_id, label, intent.units, "short", missing))
        else:
            by = Call(call.at, f"{call.reference}/buy-{intent.addon_id}", call.bot_id, intent.person_id)
            make_change(tx, by, planned, wallet, settles=False)
            outcomes.append(Completed(intent.addon_id, label, intent.units, "bought", amount))
    return outcomes
