"""Queries: the partner, plans, limits, add-ons and their prices, packs, the price of a point."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import bindparam, func, or_, select

from storage.insertion import insert_new
from storage.models import (
    Addon,
    AddonChange,
    AddonPrice,
    AddonState,
    BillingSwitch,
    Counter,
    Limit,
    Pack,
    Partner,
    Plan,
    PlanAllowance,
    PointPrice,
    RemovalRequest,
    Workspace,
)
from storage.transaction import Tx

# Built once: to build a statement takes as long as to run it, and screens read these at every tap.
_LIMITS = select(Limit).where(Limit.partner_id == bindparam("partner")).order_by(Limit.position, Limit.code)
_ADDONS = select(Addon).where(Addon.partner_id == bindparam("partner")).order_by(Addon.position, Addon.id)
_PACKS = (
    select(Pack)
    .where(Pack.partner_id == bindparam("partner"), Pack.retired_at.is_(None))
    .order_by(Pack.position, Pack.id)
)
_POINT_PRICES = (
    select(PointPrice).where(PointPrice.partner_id == bindparam("partner")).order_by(PointPrice.currency)
)


def next_number(tx: Tx, name: str) -> int:
    """The next short number of a kind; the counter's row is the lock."""
    locked = select(Counter).where(Counter.name == name).with_for_update()
    counter = tx.session.scalars(locked).one_or_none()
    if counter is None:
        insert_new(tx, Counter, name=name, value=0)
        counter = tx.session.scalars(locked).one()
    counter.value += 1
    return counter.value


def lift_number(tx: Tx, name: str, taken: int) -> None:
    """The next number of a kind is above `taken`."""
    if tx.session.scalar(select(Counter.value).where(Counter.name == name)) is None:
        insert_new(tx, Counter, name=name, value=0)
    counter = tx.session.scalars(
        select(Counter)
        .where(Counter.name == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    counter.value = max(counter.value, taken)


def partner(tx: Tx, partner_id: int) -> Partner | None:
    return tx.session.get(Partner, partner_id)


def lock_partner(tx: Tx, partner_id: int) -> Partner:
    """The partner, locked: for changes of the catalogue that must not cross each other."""
    return tx.session.scalars(
        select(Partner)
        .where(Partner.id == partner_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def make_partner(tx: Tx, partner_id: int, name: str, at: dt.datetime) -> bool:
    """A new partner, unless it stands already; answers whether this call made it."""
    return insert_new(tx, Partner, id=partner_id, name=name, created_at=at)


def first_partner(tx: Tx) -> Partner | None:
    """The partner of the settings."""
    return tx.session.scalars(select(Partner).order_by(Partner.id).limit(1)).one_or_none()


def billing_switches(tx: Tx, partner_id: int) -> list[BillingSwitch]:
    return list(
        tx.session.scalars(
            select(BillingSwitch).where(BillingSwitch.partner_id == partner_id).order_by(BillingSwitch.at)
        )
    )


def limits(tx: Tx, partner_id: int) -> list[Limit]:
    return list(tx.session.scalars(_LIMITS, {"partner": partner_id}))


def plans(tx: Tx, partner_id: int) -> list[Plan]:
    return list(
        tx.session.scalars(select(Plan).where(Plan.partner_id == partner_id).order_by(Plan.position, Plan.id))
    )


def plan(tx: Tx, partner_id: int, plan_id: int) -> Plan | None:
    return tx.session.get(Plan, (partner_id, plan_id))


def plan_allowances(tx: Tx, partner_id: int, plan_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Plan id -> limit code -> value"""
    found: dict[int, dict[str, int]] = {plan_id: {} for plan_id in plan_ids}
    for row in tx.session.scalars(
        select(PlanAllowance).where(
            PlanAllowance.partner_id == partner_id, PlanAllowance.plan_id.in_(plan_ids)
        )
    ):
        found[row.plan_id][row.limit_code] = row.value
    return found


def addons(tx: Tx, partner_id: int) -> list[Addon]:
    return list(tx.session.scalars(_ADDONS, {"partner": partner_id}))


def addon(tx: Tx, partner_id: int, addon_id: int) -> Addon | None:
    return tx.session.get(Addon, (partner_id, addon_id))


def addon_prices(tx: Tx, partner_id: int, addon_id: int | None = None) -> dict[int, list[AddonPrice]]:
    """add-on id -> its prices, oldest first"""
    query = select(AddonPrice).where(AddonPrice.partner_id == partner_id)
    if addon_id is not None:
        query = query.where(AddonPrice.addon_id == addon_id)
    found: dict[int, list[AddonPrice]] = {}
    for row in tx.session.scalars(query.order_by(AddonPrice.addon_id, AddonPrice.applies_from)):
        found.setdefault(row.addon_id, []).append(row)
    return found


def workspaces_with_addon(tx: Tx, partner_id: int, addon_id: int) -> dict[int, str]:
    """Workspaces that have units of an add-on, each with the zone that its next cycle has."""
    rows = tx.session.execute(
        select(Workspace.id, func.coalesce(Workspace.next_zone, Workspace.zone))
        .join(
            AddonState,
            (AddonState.partner_id == Workspace.partner_id) & (AddonState.workspace_id == Workspace.id),
        )
        .where(AddonState.partner_id == partner_id, AddonState.addon_id == addon_id, AddonState.units > 0)
        .order_by(Workspace.id)
    )
    return {row[0]: row[1] for row in rows}


def cycles_with_addon(tx: Tx, partner_id: int, addon_id: int) -> list[tuple[dt.date, str]]:
    """Starts of running cycles in which workspaces have or had units of an add-on, with their zones; each once."""
    rows = tx.session.execute(
        select(Workspace.cycle_start, Workspace.zone)
        .distinct()
        .select_from(AddonState)
        .join(
            Workspace,
            (Workspace.partner_id == AddonState.partner_id) & (Workspace.id == AddonState.workspace_id),
        )
        .join(
            AddonChange,
            (AddonChange.partner_id == AddonState.partner_id)
            & (AddonChange.workspace_id == AddonState.workspace_id)
            & (AddonChange.addon_id == AddonState.addon_id),
        )
        .where(
            AddonState.partner_id == partner_id,
            AddonState.addon_id == addon_id,
            or_(AddonState.units > 0, AddonChange.on_date >= Workspace.cycle_start),
        )
    )
    return [(row[0], row[1]) for row in rows]


def workspaces_that_left(tx: Tx, partner_id: int, addon_id: int, since: dt.datetime) -> dict[int, str]:
    """Workspaces that gave their units of an add-on up since then, each with the zone that its next cycle has."""
    rows = tx.session.execute(
        select(Workspace.id, func.coalesce(Workspace.next_zone, Workspace.zone))
        .distinct()
        .join(
            AddonChange,
            (AddonChange.partner_id == Workspace.partner_id) & (AddonChange.workspace_id == Workspace.id),
        )
        .where(
            AddonChange.partner_id == partner_id,
            AddonChange.addon_id == addon_id,
            AddonChange.at >= since,
            AddonChange.units_before > 0,
            AddonChange.units_after == 0,
        )
        .order_by(Workspace.id)
    )
    return {row[0]: row[1] for row in rows}


def is_removal_asked(tx: Tx, partner_id: int, addon_id: int) -> bool:
    """Whether a removal of the add-on waits for the partner in any workspace (R10)."""
    asked = select(RemovalRequest.addon_id).where(
        RemovalRequest.partner_id == partner_id, RemovalRequest.addon_id == addon_id
    )
    return tx.session.execute(asked.limit(1)).first() is not None


def packs(tx: Tx, partner_id: int) -> list[Pack]:
    """Packs on sale, in the partner's order."""
    return list(tx.session.scalars(_PACKS, {"partner": partner_id}))


def pack(tx: Tx, partner_id: int, pack_id: int) -> Pack | None:
    return tx.session.get(Pack, (partner_id, pack_id))


def point_prices(tx: Tx, partner_id: int) -> list[PointPrice]:
    return list(tx.session.scalars(_POINT_PRICES, {"partner": partner_id}))


def point_price(tx: Tx, partner_id: int, currency: str) -> PointPrice | None:
    return tx.session.get(PointPrice, (partner_id, currency))


def count_priced(tx: Tx, partner_id: int) -> int:
    """Add-ons that are on sale."""
    return tx.session.execute(
        select(func.count()).select_from(Addon).where(Addon.partner_id == partner_id, Addon.on_sale)
    ).scalar_one()
