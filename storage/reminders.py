"""Queries: renewals that may have to be announced, and what would be charged for one automatically."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, cast, func, select, update

from storage.models import AddonPrice, AddonState, Partner, Wallet, Workspace
from storage.prepared import Prepared
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class DueLook:
    """A workspace whose next renewal is to be looked at. Hundredths.

    `most`: what the renewal costs at the very most, at the dearest of all prices, coming ones too; 0: it costs nothing.
    """

    partner_id: int
    workspace_id: int
    zone: str
    renews_at: dt.datetime
    lead_hours: int
    reminded: int | None
    balance: int
    most: int


_AT = Workspace.__table__.c.remind_at.type
_DEAREST = (
    select(func.max(AddonPrice.price))
    .where(
        AddonPrice.partner_id == AddonState.partner_id,
        AddonPrice.addon_id == AddonState.addon_id,
    )
    .correlate(AddonState)
    .scalar_subquery()
)
_MOST = (
    select(cast(func.coalesce(func.sum(AddonState.units * _DEAREST), 0), BigInteger))
    .where(
        AddonState.partner_id == Workspace.partner_id,
        AddonState.workspace_id == Workspace.id,
        AddonState.renews,
    )
    .correlate(Workspace)
    .scalar_subquery()
)
_DUE = (
    select(
        Workspace.partner_id,
        Workspace.id,
        Workspace.zone,
        Workspace.renews_at,
        Partner.lead_hours,
        Workspace.reminded,
        Wallet.balance,
        _MOST,
    )
    .join(Partner, Partner.id == Workspace.partner_id)
    .join(Wallet, (Wallet.partner_id == Workspace.partner_id) & (Wallet.workspace_id == Workspace.id))
    .where(Workspace.remind_at <= bindparam("now", type_=_AT))
    .order_by(Workspace.remind_at, Workspace.id)
    .limit(bindparam("most"))
    .with_for_update(of=Workspace, skip_locked=True)
)
_MOVE = (
    update(Workspace.__table__)  # type: ignore[arg-type]  # declarative tables are typed FromClause
    .where(
        Workspace.__table__.c.partner_id == bindparam("partner"),
        Workspace.__table__.c.id == bindparam("workspace"),
    )
    .values(remind_at=bindparam("next_at", type_=_AT))
)
_ANY_DUE = Prepared(select(Workspace.id).where(Workspace.remind_at <= bindparam("now", type_=_AT)).limit(1))


def due(tx: Tx, now: dt.datetime, limit: int) -> list[DueLook]:
    """Workspaces to look at, longest due first, locked; none that somebody else is changing right now."""
    return [DueLook(*row) for row in tx.conn.execute(_DUE, {"now": now, "most": limit})]


def move(tx: Tx, moves: Mapping[tuple[int, int], dt.datetime | None]) -> None:
    """When to look at each workspace (partner, workspace) again."""
    if moves:
        tx.conn.execute(
            _MOVE,
            [
                {"partner": partner, "workspace": workspace, "next_at": at}
                for (partner, workspace), at in moves.items()
            ],
        )


def any_due(tx: Tx, now: dt.datetime) -> bool:
    """Whether a look would find one: asked often, and mostly in vain."""
    return bool(_ANY_DUE.run(tx, now=now))
