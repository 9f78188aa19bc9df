"""Queries: workspaces, their add-ons, usage, deliveries, what they wait for."""

import datetime as dt

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, or_, select

from storage.models import (
    AddonChange,
    AddonState,
    AuditEntry,
    Delivery,
    Override,
    PurchaseIntent,
    RemovalRequest,
    Usage,
    Wallet,
    Workspace,
    WorkspaceCycle,
)
from storage.transaction import Tx

_PARTNER: BindParameter[int] = bindparam("partner")
_WORKSPACE: BindParameter[int] = bindparam("workspace")
# Built once: to build a statement takes as long as to run it, and screens read these at every tap.
_OVERRIDES = select(Override).where(Override.partner_id == _PARTNER, Override.workspace_id == _WORKSPACE)
_USAGE = select(Usage).where(Usage.partner_id == _PARTNER, Usage.workspace_id == _WORKSPACE)
_ADDON_STATES = (
    select(AddonState)
    .where(AddonState.partner_id == _PARTNER, AddonState.workspace_id == _WORKSPACE, AddonState.units > 0)
    .order_by(AddonState.since, AddonState.addon_id)
)
_INTENTS = (
    select(PurchaseIntent)
    .where(PurchaseIntent.partner_id == _PARTNER, PurchaseIntent.workspace_id == _WORKSPACE)
    .order_by(PurchaseIntent.at, PurchaseIntent.addon_id)
)


def find(tx: Tx, workspace_id: int) -> Workspace | None:
    """By its number alone; no lock, no right."""
    return tx.session.scalars(select(Workspace).where(Workspace.id == workspace_id)).one_or_none()


def lock(tx: Tx, workspace_id: int) -> tuple[Workspace, Wallet] | None:
    """The workspace with its wallet row locked: what every deciding use case begins with (DESIGN 4)."""
    row = tx.session.execute(
        select(Workspace, Wallet)
        .join(Wallet, (Wallet.partner_id == Workspace.partner_id) & (Wallet.workspace_id == Workspace.id))
        .where(Workspace.id == workspace_id)
        .with_for_update(of=Wallet)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    workspace, wallet = row
    # Read again now that the lock is held: the join's snapshot of the unlocked table may be older.
    tx.session.refresh(workspace)
    return workspace, wallet


def by_origin(tx: Tx, partner_id: int, origin: str) -> Workspace | None:
    return tx.session.scalars(
        select(Workspace).where(Workspace.partner_id == partner_id, Workspace.origin == origin)
    ).one_or_none()


def wallet(tx: Tx, partner_id: int, workspace_id: int) -> Wallet:
    found = tx.session.get(Wallet, (partner_id, workspace_id))
    assert found is not None, "a workspace has a wallet"
    return found


def page(
    tx: Tx, partner_id: int, text: str, offset: int, limit: int
) -> tuple[list[tuple[Workspace, int]], int]:
    """Workspaces with their balance whose name or number matches, by name; and how many there are."""
    where = [Workspace.partner_id == partner_id]
    if text:
        pattern = "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        matches: list[ColumnElement[bool]] = [Workspace.name.ilike(pattern, escape="\\")]
        if text.isdecimal() and len(text) < 16:
            matches.append(Workspace.id == int(text))
        where.append(or_(*matches))
    total = tx.session.execute(select(func.count()).select_from(Workspace).where(*where)).scalar_one()
    found = tx.session.execute(
        select(Workspace, Wallet.balance)
        .join(Wallet, (Wallet.partner_id == Workspace.partner_id) & (Wallet.workspace_id == Workspace.id))
        .where(*where)
        .order_by(func.lower(Workspace.name), Workspace.id)
        .offset(offset)
        .limit(limit)
    ).all()
    return [(row[0], row[1]) for row in found], total


def count(tx: Tx, partner_id: int) -> tuple[int, int]:
    """All workspaces, and the paused ones."""
    paused = or_(Workspace.paused_limit, Workspace.paused_unpaid, Workspace.paused_manual)
    row = tx.session.execute(
        select(func.count(), func.count().filter(paused)).where(Workspace.partner_id == partner_id)
    ).one()
    return row[0], row[1]


def overrides(tx: Tx, partner_id: int, workspace_id: int) -> dict[str, int]:
    return {
        row.limit_code: row.value
        for row in tx.session.scalars(_OVERRIDES, {"partner": partner_id, "workspace": workspace_id})
    }


def usage(tx: Tx, partner_id: int, workspace_id: int) -> dict[str, Usage]:
    return {
        row.limit_code: row
        for row in tx.session.scalars(_USAGE, {"partner": partner_id, "workspace": workspace_id})
    }


def addon_states(tx: Tx, partner_id: int, workspace_id: int) -> list[AddonState]:
    """Add-ons with units, oldest first."""
    return list(tx.session.scalars(_ADDON_STATES, {"partner": partner_id, "workspace": workspace_id}))


def addon_state(tx: Tx, partner_id: int, workspace_id: int, addon_id: int) -> AddonState | None:
    return tx.session.get(AddonState, (partner_id, workspace_id, addon_id))


def addon_changes(
    tx: Tx, partner_id: int, workspace_id: int, addon_id: int, before: dt.date
) -> list[AddonChange]:
    """Changes that count, dated before a day, oldest first."""
    return list(
        tx.session.scalars(
            select(AddonChange)
            .where(
                AddonChange.partner_id == partner_id,
                AddonChange.workspace_id == workspace_id,
                AddonChange.addon_id == addon_id,
                AddonChange.on_date < before,
                AddonChange.undone_at.is_(None),
            )
            .order_by(AddonChange.number)
        )
    )


def addon_histories(tx: Tx, partner_id: int, workspace_id: int) -> dict[int, list[AddonChange]]:
    """By add-on, all changes that count, oldest first."""
    found: dict[int, list[AddonChange]] = {}
    for row in tx.session.scalars(
        select(AddonChange)
        .where(
            AddonChange.partner_id == partner_id,
            AddonChange.workspace_id == workspace_id,
            AddonChange.undone_at.is_(None),
        )
        .order_by(AddonChange.addon_id, AddonChange.number)
    ):
        found.setdefault(row.addon_id, []).append(row)
    return found


def addon_change(
    tx: Tx, partner_id: int, workspace_id: int, addon_id: int, number: int
) -> AddonChange | None:
    return tx.session.get(AddonChange, (partner_id, workspace_id, addon_id, number))


def change_by_reference(tx: Tx, partner_id: int, reference: str, addon_id: int) -> AddonChange | None:
    """The change a call has made before."""
    return tx.session.scalars(
        select(AddonChange)
        .where(
            AddonChange.partner_id == partner_id,
            AddonChange.reference == reference,
            AddonChange.addon_id == addon_id,
        )
        .order_by(AddonChange.number.desc())
        .limit(1)
    ).one_or_none()


def changes_stood_in_for(tx: Tx, removal: AddonChange) -> list[AddonChange]:
    """Ends with time that a removal, which counts from the day it was asked (R10), has stood in for."""
    return list(
        tx.session.scalars(
            select(AddonChange).where(
                AddonChange.partner_id == removal.partner_id,
                AddonChange.workspace_id == removal.workspace_id,
                AddonChange.addon_id == removal.addon_id,
                AddonChange.person_id.is_(None),
                AddonChange.number < removal.number,
                AddonChange.undone_at == removal.at,
            )
        )
    )


def cycles(tx: Tx, partner_id: int, workspace_id: int, from_date: dt.date) -> list[WorkspaceCycle]:
    """Cycles that end after a date, oldest first."""
    return list(
        tx.session.scalars(
            select(WorkspaceCycle)
            .where(
                WorkspaceCycle.partner_id == partner_id,
                WorkspaceCycle.workspace_id == workspace_id,
                WorkspaceCycle.end > from_date,
            )
            .order_by(WorkspaceCycle.start)
        )
    )


def intents(tx: Tx, partner_id: int, workspace_id: int) -> list[PurchaseIntent]:
    """Remembered purchases, oldest first."""
    return list(tx.session.scalars(_INTENTS, {"partner": partner_id, "workspace": workspace_id}))


def intent(tx: Tx, partner_id: int, workspace_id: int, addon_id: int) -> PurchaseIntent | None:
    return tx.session.get(PurchaseIntent, (partner_id, workspace_id, addon_id))


def removal_request(tx: Tx, partner_id: int, workspace_id: int, addon_id: int) -> RemovalRequest | None:
    return tx.session.get(RemovalRequest, (partner_id, workspace_id, addon_id))


def removal_requests(tx: Tx, partner_id: int, workspace_id: int | None = None) -> list[RemovalRequest]:
    """Waiting requests, oldest first."""
    query = select(RemovalRequest).where(RemovalRequest.partner_id == partner_id)
    if workspace_id is not None:
        query = query.where(RemovalRequest.workspace_id == workspace_id)
    return list(tx.session.scalars(query.order_by(RemovalRequest.asked_at)))


def delivery(tx: Tx, partner_id: int, workspace_id: int) -> Delivery | None:
    return tx.session.get(Delivery, (partner_id, workspace_id))


def lock_delivery(tx: Tx, partner_id: int, workspace_id: int) -> Delivery | None:
    """Locked and as it stands: what is told and what is confirmed come from different transactions."""
    return tx.session.scalars(
        select(Delivery)
        .where(Delivery.partner_id == partner_id, Delivery.workspace_id == workspace_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def has_due_delivery(tx: Tx, now: dt.datetime) -> bool:
    """Whether a look for deliveries would find one: asked often, and mostly in vain."""
    due = select(Delivery.version).where(Delivery.confirmed_at.is_(None), Delivery.next_at <= now)
    return tx.conn.execute(due.limit(1)).first() is not None


def due_deliveries(tx: Tx, now: dt.datetime, limit: int) -> list[Delivery]:
    """Deliveries the host has not confirmed and that are due, locked for whoever claims them."""
    return list(
        tx.session.scalars(
            select(Delivery)
            .where(Delivery.confirmed_at.is_(None), Delivery.next_at <= now)
            .order_by(Delivery.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def audit_page(
    tx: Tx, partner_id: int, workspace_id: int | None, offset: int, limit: int
) -> list[AuditEntry]:
    """Audit entries, newest first."""
    query = select(AuditEntry).where(AuditEntry.partner_id == partner_id)
    if workspace_id is not None:
        query = query.where(AuditEntry.workspace_id == workspace_id)
    return list(
        tx.session.scalars(
            query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).offset(offset).limit(limit)
        )
    )


def cut_cycle(tx: Tx, partner_id: int, workspace_id: int, start: dt.date, end: dt.date) -> None:
    """The running cycle ends earlier than it was noted to."""
    row = tx.session.get(WorkspaceCycle, (partner_id, workspace_id, start))
    assert row is not None, "a running cycle is noted"
    row.end = end
