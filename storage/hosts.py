"""Queries: which host platform a workspace is on, and what hosts have not confirmed."""

import datetime as dt

from sqlalchemy import select

from storage.models import AddonChange, Delivery, Partner, Workspace
from storage.transaction import Tx

NO_HOST = "none"


def host_of(tx: Tx, workspace_id: int) -> str | None:
    """The name of the host platform that a workspace is on."""
    return tx.session.execute(
        select(Partner.host)
        .join(Workspace, Workspace.partner_id == Partner.id)
        .where(Workspace.id == workspace_id)
    ).scalar_one_or_none()


def hosted(tx: Tx, after: int, limit: int) -> list[int]:
    """Ids of open workspaces that are on a host platform, ascending from above `after`."""
    return list(
        tx.session.scalars(
            select(Workspace.id)
            .join(Partner, Partner.id == Workspace.partner_id)
            .where(Partner.host != NO_HOST, Workspace.id > after, Workspace.closed_at.is_(None))
            .order_by(Workspace.id)
            .limit(limit)
        )
    )


def silent(tx: Tx, since: dt.datetime) -> list[tuple[int, int]]:
    """Partner and workspace of deliveries that wait since before then and whose partner wasn't told, oldest first."""
    rows = tx.session.execute(
        select(Delivery.partner_id, Delivery.workspace_id)
        .where(Delivery.waiting_since <= since, Delivery.alerted_at.is_(None))
        .order_by(Delivery.waiting_since, Delivery.workspace_id)
    )
    return [(row[0], row[1]) for row in rows]


def newest_alert(tx: Tx, partner_id: int) -> dt.datetime | None:
    """When the partner was last told of a delivery that still waits."""
    return tx.session.scalars(
        select(Delivery.alerted_at)
        .where(Delivery.partner_id == partner_id, Delivery.alerted_at.is_not(None))
        .order_by(Delivery.alerted_at.desc())
        .limit(1)
    ).one_or_none()


def undelivered(tx: Tx, before: dt.datetime) -> list[int]:
    """Ids of workspaces that got units before then of which the host has confirmed nothing."""
    return list(
        tx.session.scalars(
            select(Delivery.workspace_id)
            .join(
                AddonChange,
                (AddonChange.partner_id == Delivery.partner_id)
                & (AddonChange.workspace_id == Delivery.workspace_id),
            )
            .where(
                Delivery.waiting_since <= before,
                AddonChange.at <= before,
                (Delivery.confirmed_through.is_(None)) | (AddonChange.at > Delivery.confirmed_through),
                AddonChange.units_after > AddonChange.units_before,
                AddonChange.undone_at.is_(None),
                AddonChange.lapsed.is_(False),
            )
            .distinct()
            .order_by(Delivery.workspace_id)
        )
    )
