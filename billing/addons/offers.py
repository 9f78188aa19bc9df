"""What a workspace has and what it could have; whether anything is sold at all (R6, R26)."""

import datetime as dt
from dataclasses import dataclass

from billing import renewal
from billing.access import Role, seat
from billing.catalogue import price_at
from billing.charging import next_price
from storage import catalogue, workspaces
from storage.models import (
    Partner,
    Workspace,
)
from storage.topup import Till
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class AddonOffer:
    """An add-on as a customer sees it; points in hundredths."""

    id: int
    label: str
    price: int
    next_price: int
    units: int
    renews: bool
    request: int | None
    """Units that a waiting removal request asks to keep."""
    on_sale: bool
    whole_cycles: bool
    unpaid: int = 0
    """How many of the units wait for points to renew (R15)."""
    feature: str | None = None
    """What it switches on, where it is no limit that it raises (R20)."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A workspace's add-ons and the catalogue."""

    workspace_id: int
    workspace: str
    role: Role
    balance: int
    renewal: dt.date
    offers: tuple[AddonOffer, ...]
    selling: bool
    may_remove: bool
    partner: str

    @property
    def active(self) -> tuple[AddonOffer, ...]:
        return tuple(offer for offer in self.offers if offer.units)

    @property
    def next_cost(self) -> int:
        """What renews, by today's knowledge of prices."""
        return sum(offer.next_price * offer.units for offer in self.offers if offer.renews)


def is_selling(partner: Partner | Till) -> bool:
    """Credit billing on, Stripe connected, live mode or test payments allowed (R26)."""
    return partner.credit_billing and stripe_ready(partner)


def stripe_ready(partner: Partner | Till) -> bool:
    """A payment can be taken."""
    connected = partner.stripe_account is not None and partner.stripe_charges
    return connected and (partner.stripe_live or partner.test_payments)


def shop(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> Shop:
    """Active add-ons and what is on sale. Raises StrangerError, CycleDueError."""
    place = seat(tx, person_id, workspace_id)
    workspace, partner = place.workspace, place.partner
    renewal.expect_current(workspace, now)
    offers = load_offers(tx, partner, workspace)
    return Shop(
        workspace.id,
        workspace.name,
        place.role,
        workspaces.wallet(tx, partner.id, workspace.id).balance,
        workspace.cycle_end,
        offers,
        is_selling(partner),
        partner.customers_may_remove,
        partner.name,
    )


def load_offers(tx: Tx, partner: Partner, workspace: Workspace) -> tuple[AddonOffer, ...]:
    """What the workspace has and what it could have, in the partner's order."""
    prices = catalogue.addon_prices(tx, partner.id)
    states = {row.addon_id: row for row in workspaces.addon_states(tx, partner.id, workspace.id)}
    requests = {row.addon_id: row.units for row in workspaces.removal_requests(tx, partner.id, workspace.id)}
    offers = []
    for addon in catalogue.addons(tx, partner.id):
        state = states.get(addon.id)
        known = prices.get(addon.id, [])
        price = price_at(known, workspace.cycle_start, workspace.zone)
        if price is None or (state is None and not addon.on_sale):
            continue
        offers.append(
            AddonOffer(
                addon.id,
                addon.label,
                price,
                next_price(known, workspace) or 0,
                state.units if state else 0,
                state.renews if state else True,
                requests.get(addon.id),
                addon.on_sale,
                addon.whole_cycles,
                state.unpaid if state else 0,
                addon.feature,
            )
        )
    return tuple(offers)
