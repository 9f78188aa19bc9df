"""Queries: what auto top-up is set to, saved cards, pages that save one, automatic charges (R17-R19)."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import and_, func, or_, select

from storage.claims import claim
from storage.insertion import insert_new
from storage.models import TEST_OVER, AutoTopUp, CardSetup, Order, OrderStatus, Partner, SavedCard, Workspace
from storage.transaction import Tx

RUNNING_STATES = ("on", "ask")
_UNSETTLED = (OrderStatus.OPEN, OrderStatus.WAITING)


def setting(tx: Tx, partner_id: int, workspace_id: int) -> AutoTopUp | None:
    return tx.session.get(AutoTopUp, (partner_id, workspace_id))


def lock_setting(tx: Tx, partner_id: int, workspace_id: int) -> AutoTopUp:
    """The setting as it stands, made where there is none. The workspace is locked already."""
    insert_new(
        tx,
        AutoTopUp,
        partner_id=partner_id,
        workspace_id=workspace_id,
        state="off",
        reason="",
        soft_declines=0,
        tries=0,
    )
    return tx.session.scalars(
        select(AutoTopUp)
        .where(AutoTopUp.partner_id == partner_id, AutoTopUp.workspace_id == workspace_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def state(tx: Tx, partner_id: int, workspace_id: int) -> str:
    """on, off, ask or suspended, for a screen that shows no more than that."""
    found = tx.session.scalar(
        select(AutoTopUp.state).where(
            AutoTopUp.partner_id == partner_id, AutoTopUp.workspace_id == workspace_id
        )
    )
    return found or "off"


def suspended(tx: Tx, partner_id: int) -> int:
    """How many of a partner's workspaces have a card that is not charged any more."""
    return tx.session.scalars(
        select(func.count())
        .select_from(AutoTopUp)
        .where(AutoTopUp.partner_id == partner_id, AutoTopUp.state == "suspended")
    ).one()


def card(tx: Tx, partner_id: int, card_id: int) -> SavedCard | None:
    return tx.session.get(SavedCard, (partner_id, card_id))


def card_by_method(tx: Tx, partner_id: int, payment_method: str) -> SavedCard | None:
    return tx.session.scalars(
        select(SavedCard).where(
            SavedCard.partner_id == partner_id, SavedCard.payment_method == payment_method
        )
    ).one_or_none()


def cards_of(tx: Tx, partner_id: int, workspace_id: int) -> list[SavedCard]:
    """Cards that were not removed."""
    return list(
        tx.session.scalars(
            select(SavedCard).where(
                SavedCard.partner_id == partner_id,
                SavedCard.workspace_id == workspace_id,
                SavedCard.removed_at.is_(None),
            )
        )
    )


def claim_detaching(
    tx: Tx, now: dt.datetime, until: dt.datetime, limit: int
) -> list[tuple[int, int, str, bool]]:
    """Removed cards of which Stripe is to be told: partner_id, id, payment method, live."""
    taken = claim(tx, select(SavedCard), SavedCard.detach_at, now, until, limit)
    return [(row.partner_id, row.id, row.payment_method, row.live) for row in taken]


def setup(tx: Tx, partner_id: int, setup_id: int) -> CardSetup | None:
    return tx.session.get(CardSetup, (partner_id, setup_id))


def find_setup(tx: Tx, setup_id: int) -> CardSetup | None:
    """By id alone; no right."""
    return tx.session.scalars(select(CardSetup).where(CardSetup.id == setup_id)).one_or_none()


def lock_setup(tx: Tx, partner_id: int, setup_id: int) -> CardSetup | None:
    return tx.session.scalars(
        select(CardSetup)
        .where(CardSetup.partner_id == partner_id, CardSetup.id == setup_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def setup_by_session(tx: Tx, partner_id: int, session_id: str) -> CardSetup | None:
    return tx.session.scalars(
        select(CardSetup).where(CardSetup.partner_id == partner_id, CardSetup.session_id == session_id)
    ).one_or_none()


def open_setups(tx: Tx, partner_id: int, workspace_id: int) -> list[CardSetup]:
    return list(
        tx.session.scalars(
            select(CardSetup).where(
                CardSetup.partner_id == partner_id,
                CardSetup.workspace_id == workspace_id,
                CardSetup.status == "open",
            )
        )
    )


def claim_setups(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Pages that save a card and are to be looked at: partner_id, id."""
    taken = claim(
        tx, select(CardSetup).where(CardSetup.status == "open"), CardSetup.next_look_at, now, until, limit
    )
    return [(row.partner_id, row.id) for row in taken]


def open_charge(tx: Tx, partner_id: int, workspace_id: int) -> Order | None:
    """The automatic order whose end is not known (R18: at most one)."""
    return tx.session.scalars(
        select(Order).where(
            Order.partner_id == partner_id,
            Order.workspace_id == workspace_id,
            Order.automatic,
            Order.status.in_(_UNSETTLED),
        )
    ).one_or_none()


def recovery(tx: Tx, partner_id: int, workspace_id: int) -> Order | None:
    """The order on a page that makes a failed charge good and may still be paid."""
    return tx.session.scalars(
        select(Order)
        .where(
            Order.partner_id == partner_id,
            Order.workspace_id == workspace_id,
            Order.recovers_id.is_not(None),
            Order.status.in_(_UNSETTLED),
        )
        .order_by(Order.created_at.desc())
        .limit(1)
    ).one_or_none()


def is_recovered(tx: Tx, failed: Order) -> bool:
    """Whether a charge that failed is made good: by hand, or since it was made by whatever else was for the same need."""
    found = tx.session.scalars(
        select(Order.id)
        .where(
            Order.partner_id == failed.partner_id,
            Order.workspace_id == failed.workspace_id,
            Order.status == OrderStatus.PAID,
            Order.reason != TEST_OVER,
            or_(
                Order.recovers_id == failed.id,
                and_(or_(Order.automatic, Order.recovers_id.is_not(None)), Order.paid_at > failed.created_at),
            ),
        )
        .limit(1)
    ).one_or_none()
    return found is not None


def newest_charge(tx: Tx, partner_id: int, workspace_id: int) -> Order | None:
    """The automatic order that was made last, whatever came of it."""
    return tx.session.scalars(
        select(Order)
        .where(Order.partner_id == partner_id, Order.workspace_id == workspace_id, Order.automatic)
        .order_by(Order.created_at.desc(), Order.id.desc())
        .limit(1)
    ).one_or_none()


def first_charge_at(tx: Tx, partner_id: int, workspace_id: int, since: dt.datetime) -> dt.datetime | None:
    """When the first automatic order from an instant on was made."""
    return tx.session.scalar(
        select(func.min(Order.created_at)).where(
            Order.partner_id == partner_id,
            Order.workspace_id == workspace_id,
            Order.automatic,
            Order.created_at >= since,
        )
    )


def charge_before(tx: Tx, order: Order) -> Order | None:
    """The automatic order that was made before this one."""
    return tx.session.scalars(
        select(Order)
        .where(
            Order.partner_id == order.partner_id,
            Order.workspace_id == order.workspace_id,
            Order.automatic,
            Order.created_at < order.created_at,
        )
        .order_by(Order.created_at.desc())
        .limit(1)
    ).one_or_none()


def charged_minor(
    tx: Tx, partner_id: int, workspace_id: int, currency: str, since: dt.datetime, before: dt.datetime
) -> int:
    """Minor units of automatic orders made in a span of time that were paid or may still be."""
    found = tx.session.scalars(
        select(func.coalesce(func.sum(Order.amount_minor), 0)).where(
            Order.partner_id == partner_id,
            Order.workspace_id == workspace_id,
            Order.automatic,
            Order.currency == currency,
            Order.status.in_((*_UNSETTLED, OrderStatus.PAID)),
            Order.reason != TEST_OVER,
            Order.created_at >= since,
            Order.created_at < before,
        )
    ).one()
    return int(found)


def claim_charges(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Automatic orders whose end is not known and that are to be looked at: partner_id, id."""
    taken = claim(
        tx,
        select(Order).where(Order.status.in_(_UNSETTLED), Order.automatic),
        Order.next_look_at,
        now,
        until,
        limit,
    )
    return [(row.partner_id, row.id) for row in taken]


def claim_due(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Settings of which it is to be seen whether an attempt is due: partner_id, workspace_id."""
    taken = claim(
        tx, select(AutoTopUp).where(AutoTopUp.state.in_(RUNNING_STATES)), AutoTopUp.next_at, now, until, limit
    )
    return [(row.partner_id, row.workspace_id) for row in taken]


def lead_hours(tx: Tx) -> list[int]:
    """The different leads that partners have set."""
    return list(tx.session.scalars(select(Partner.lead_hours).distinct()))


def overlooked(
    tx: Tx, now: dt.datetime, leads: Iterable[int], soon: dt.datetime, limit: int
) -> list[tuple[int, int]]:
    """Settings that would be looked at too late for the renewal that comes: partner_id, workspace_id.

    Renewal dates and leads are changed elsewhere; this needs no word of it. `soon`: what is looked at by then
    is not overlooked.
    """
    near = [
        (Partner.lead_hours == hours) & (Workspace.renews_at <= now + dt.timedelta(hours=hours))
        for hours in leads
    ]
    if not near:
        return []
    rows = tx.session.execute(
        select(AutoTopUp.partner_id, AutoTopUp.workspace_id)
        .join(
            Workspace,
            (Workspace.partner_id == AutoTopUp.partner_id) & (Workspace.id == AutoTopUp.workspace_id),
        )
        .join(Partner, Partner.id == AutoTopUp.partner_id)
        .where(
            AutoTopUp.state.in_(RUNNING_STATES),
            or_(AutoTopUp.next_at.is_(None), AutoTopUp.next_at > soon),
            or_(AutoTopUp.tried_for.is_(None), AutoTopUp.tried_for < Workspace.cycle_end),
            or_(*near),
        )
        .order_by(AutoTopUp.partner_id, AutoTopUp.workspace_id)
        .limit(limit)
    ).all()
    return [(row[0], row[1]) for row in rows]
