"""What the top-up screens read of a customer's place and of the partner's prices; prepared, as every tap on them is."""

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, exists, or_, select

from storage.models import Member, Order, Pack, Partner, PointPrice, PurchaseIntent, Wallet, Workspace
from storage.orders import LOOKING
from storage.prepared import Prepared
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Till:
    """A workspace as its member sees it when points are bought, with what decides whether they can be."""

    partner_id: int
    workspace: str
    role: str
    balance: int
    credit_billing: bool
    stripe_account: str | None
    stripe_charges: bool
    stripe_live: bool
    test_payments: bool
    running: bool
    """There are orders that may still be paid."""
    remembered: bool
    """There are purchases to be made when points arrive (R12)."""


@dataclass(frozen=True, slots=True)
class PackOnSale:
    """Hundredths of points for money (R2)."""

    id: int
    points: int
    bonus: int
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class PriceOfPoint:
    """What a point costs in a currency (R3): major units, as their exact text."""

    currency: str
    price: str
    minimum_minor: int


_TILL = Prepared(
    select(
        Workspace.partner_id,
        Workspace.name,
        Member.role,
        Wallet.balance,
        Partner.credit_billing,
        Partner.stripe_account,
        Partner.stripe_charges,
        Partner.stripe_live,
        Partner.test_payments,
        exists()
        .where(
            Order.partner_id == Workspace.partner_id,
            Order.workspace_id == Workspace.id,
            or_(*(Order.status == status for status in LOOKING)),
        )
        .label("running"),
        exists()
        .where(PurchaseIntent.partner_id == Workspace.partner_id, PurchaseIntent.workspace_id == Workspace.id)
        .label("remembered"),
    )
    .select_from(Workspace)
    .join(Member, and_(Member.partner_id == Workspace.partner_id, Member.workspace_id == Workspace.id))
    .join(Partner, Partner.id == Workspace.partner_id)
    .join(Wallet, and_(Wallet.partner_id == Workspace.partner_id, Wallet.workspace_id == Workspace.id))
    .where(
        Workspace.id == bindparam("workspace"),
        Member.person_id == bindparam("person"),
        Member.ended_at.is_(None),
    )
)
_PACKS = Prepared(
    select(Pack.id, Pack.points, Pack.bonus, Pack.amount_minor, Pack.currency)
    .where(Pack.partner_id == bindparam("partner"), Pack.retired_at.is_(None))
    .order_by(Pack.position, Pack.id)
)
_PRICES = Prepared(
    select(PointPrice.currency, PointPrice.price, PointPrice.minimum_minor)
    .where(PointPrice.partner_id == bindparam("partner"))
    .order_by(PointPrice.currency)
)


def till(tx: Tx, person_id: int, workspace_id: int) -> Till | None:
    """None: the person is no member of the workspace."""
    rows = _TILL.run(tx, person=person_id, workspace=workspace_id)
    return Till(*rows[0]) if rows else None


def packs(tx: Tx, partner_id: int) -> list[PackOnSale]:
    """In the partner's order."""
    return [PackOnSale(*row) for row in _PACKS.run(tx, partner=partner_id)]


def point_prices(tx: Tx, partner_id: int) -> list[PriceOfPoint]:
    """By currency."""
    return [PriceOfPoint(*row) for row in _PRICES.run(tx, partner=partner_id)]
