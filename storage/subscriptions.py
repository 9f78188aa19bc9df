"""Queries: plans' prices, subscriptions, their pages and changes, plans that are asked for."""

import datetime as dt

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from storage.claims import claim
from storage.models import (
    Addon,
    AddonState,
    Order,
    Override,
    Plan,
    PlanAllowance,
    PlanChange,
    PlanCheckout,
    PlanPrice,
    PlanRequest,
    StripeCustomer,
    Subscription,
    Usage,
    Wallet,
    Workspace,
)
from storage.transaction import Tx

OPEN_CHANGE = ("asked", "waiting")


def lock_plan(tx: Tx, partner_id: int, plan_id: int, *, to_read: bool = False) -> Plan | None:
    """A plan, locked. `to_read`: for one who puts a workspace on it, many at a time; its editor waits."""
    return tx.session.scalars(
        select(Plan)
        .where(Plan.partner_id == partner_id, Plan.id == plan_id)
        .with_for_update(read=to_read)
        .execution_options(populate_existing=True)
    ).one_or_none()


def allowance(tx: Tx, partner_id: int, plan_id: int, code: str) -> PlanAllowance | None:
    return tx.session.get(PlanAllowance, (partner_id, plan_id, code))


def override(tx: Tx, partner_id: int, workspace_id: int, code: str) -> Override | None:
    return tx.session.get(Override, (partner_id, workspace_id, code))


def price(tx: Tx, partner_id: int, price_id: str) -> PlanPrice | None:
    return tx.session.get(PlanPrice, (partner_id, price_id))


def on_plan(tx: Tx, partner_id: int, plan_id: int) -> int:
    """How many workspaces are on a plan."""
    return tx.session.execute(
        select(func.count()).where(Workspace.partner_id == partner_id, Workspace.plan_id == plan_id)
    ).scalar_one()


def by_plan(tx: Tx, partner_id: int) -> dict[int, int]:
    """Plan id -> workspaces on it."""
    found = tx.session.execute(
        select(Workspace.plan_id, func.count())
        .where(Workspace.partner_id == partner_id, Workspace.plan_id.is_not(None))
        .group_by(Workspace.plan_id)
    )
    return {row[0]: row[1] for row in found if row[0] is not None}


def numbers_on_plan(tx: Tx, partner_id: int, plan_id: int, after: int, limit: int) -> list[int]:
    """Workspaces on a plan with numbers above `after`, in their order."""
    return list(
        tx.session.scalars(
            select(Workspace.id)
            .where(Workspace.partner_id == partner_id, Workspace.plan_id == plan_id, Workspace.id > after)
            .order_by(Workspace.id)
            .limit(limit)
        )
    )


def touched(tx: Tx, partner_id: int, plan_id: int, code: str) -> int:
    """Workspaces on a plan whose allowance of a limit is the plan's, without an override."""
    return tx.session.execute(
        select(func.count())
        .select_from(Workspace)
        .outerjoin(Override, _override_of(code))
        .where(
            Workspace.partner_id == partner_id, Workspace.plan_id == plan_id, Override.workspace_id.is_(None)
        )
    ).scalar_one()


def above(tx: Tx, partner_id: int, plan_id: int, code: str, value: int) -> list[Workspace]:
    """Of those, the ones whose newest report is above `value` and what add-ons grant; the cycle isn't looked at."""
    granted = (
        select(AddonState.workspace_id, func.sum(AddonState.units * Addon.grant).label("granted"))
        .join(Addon, and_(Addon.partner_id == AddonState.partner_id, Addon.id == AddonState.addon_id))
        .where(AddonState.partner_id == partner_id, Addon.limit_code == code)
        .group_by(AddonState.workspace_id)
        .subquery()
    )
    return list(
        tx.session.scalars(
            select(Workspace)
            .join(
                Usage,
                and_(
                    Usage.partner_id == Workspace.partner_id,
                    Usage.workspace_id == Workspace.id,
                    Usage.limit_code == code,
                ),
            )
            .outerjoin(Override, _override_of(code))
            .outerjoin(granted, granted.c.workspace_id == Workspace.id)
            .where(
                Workspace.partner_id == partner_id,
                Workspace.plan_id == plan_id,
                Override.workspace_id.is_(None),
                Usage.used > value + func.coalesce(granted.c.granted, 0),
            )
        )
    )


def _override_of(code: str) -> ColumnElement[bool]:
    return and_(
        Override.partner_id == Workspace.partner_id,
        Override.workspace_id == Workspace.id,
        Override.limit_code == code,
    )


def lock_wallets(tx: Tx, partner_id: int, workspace_ids: list[int]) -> None:
    """Lock workspaces in the order of their numbers."""
    tx.session.scalars(
        select(Wallet)
        .where(Wallet.partner_id == partner_id, Wallet.workspace_id.in_(workspace_ids))
        .order_by(Wallet.workspace_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def unsettled_plans(tx: Tx) -> list[tuple[int, int]]:
    """(partner, plan) whose workspaces have yet to be brought to changed allowances."""
    found = tx.session.execute(
        select(Plan.partner_id, Plan.id).where(Plan.settles_after.is_not(None)).order_by(Plan.id)
    )
    return [(row[0], row[1]) for row in found]


def subscription(tx: Tx, partner_id: int, subscription_id: str) -> Subscription | None:
    return tx.session.get(Subscription, (partner_id, subscription_id), populate_existing=True)


def lock_subscription(tx: Tx, partner_id: int, subscription_id: str) -> Subscription | None:
    return tx.session.scalars(
        select(Subscription)
        .where(Subscription.partner_id == partner_id, Subscription.id == subscription_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def running(tx: Tx, partner_id: int, workspace_id: int) -> Subscription | None:
    """The one that stands for a workspace; its workspace's lock keeps it as it is."""
    return tx.session.scalars(
        select(Subscription)
        .where(
            Subscription.partner_id == partner_id,
            Subscription.workspace_id == workspace_id,
            Subscription.running,
        )
        .execution_options(populate_existing=True)
    ).one_or_none()


def standing(tx: Tx, partner_id: int, live: bool) -> list[str]:  # noqa: FBT001
    """All of a mode that stand for a workspace."""
    found = select(Subscription.id).where(
        Subscription.partner_id == partner_id, Subscription.running, Subscription.live == live
    )
    return list(tx.session.scalars(found))


def kept_payments(tx: Tx, partner_id: int, workspace_id: int) -> set[str]:
    """The payments of a workspace's plans that are kept."""
    found = tx.session.scalars(
        select(Order.payment_intent).where(
            Order.partner_id == partner_id, Order.workspace_id == workspace_id, Order.invoice.is_not(None)
        )
    )
    return {payment for payment in found if payment is not None}


def look_soon(tx: Tx, partner_id: int, price: str, at: dt.datetime) -> None:
    """What runs at a price is looked at from `at` on."""
    tx.session.execute(
        update(Subscription)
        .where(Subscription.partner_id == partner_id, Subscription.price == price, Subscription.running)
        .values(next_look_at=at)
    )


def workspace_of_customer(tx: Tx, partner_id: int, customer: str) -> int | None:
    """Whose customer object it is."""
    return tx.session.scalars(
        select(StripeCustomer.workspace_id).where(
            StripeCustomer.partner_id == partner_id, StripeCustomer.customer == customer
        )
    ).one_or_none()


def claim_subscriptions(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, str]]:
    """Take subscriptions whose look is due; `until` is when somebody else may take them."""
    taken = claim(tx, select(Subscription), Subscription.next_look_at, now, until, limit)
    return [(row.partner_id, row.id) for row in taken]


def page(tx: Tx, partner_id: int, page_id: int) -> PlanCheckout | None:
    return tx.session.get(PlanCheckout, (partner_id, page_id), populate_existing=True)


def find_page(tx: Tx, page_id: int) -> PlanCheckout | None:
    """By id alone; no right."""
    return tx.session.scalars(select(PlanCheckout).where(PlanCheckout.id == page_id)).one_or_none()


def open_page(tx: Tx, partner_id: int, workspace_id: int) -> PlanCheckout | None:
    """The page on which a workspace's first subscription can be bought."""
    return tx.session.scalars(
        select(PlanCheckout)
        .where(
            PlanCheckout.partner_id == partner_id,
            PlanCheckout.workspace_id == workspace_id,
            PlanCheckout.status == "open",
        )
        .execution_options(populate_existing=True)
    ).one_or_none()


def claim_pages(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Take pages to look at, to make or to close."""
    taken = claim(
        tx,
        select(PlanCheckout).where(PlanCheckout.status.in_(("open", "closing"))),
        PlanCheckout.next_look_at,
        now,
        until,
        limit,
    )
    return [(row.partner_id, row.id) for row in taken]


def change(tx: Tx, partner_id: int, change_id: int) -> PlanChange | None:
    return tx.session.get(PlanChange, (partner_id, change_id), populate_existing=True)


def open_change(tx: Tx, partner_id: int, workspace_id: int) -> PlanChange | None:
    """The change of plan that is under way."""
    return tx.session.scalars(
        select(PlanChange)
        .where(
            PlanChange.partner_id == partner_id,
            PlanChange.workspace_id == workspace_id,
            PlanChange.status.in_(OPEN_CHANGE),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()


def claim_changes(tx: Tx, now: dt.datetime, until: dt.datetime, limit: int) -> list[tuple[int, int]]:
    """Take changes that Stripe was asked for without an answer, or that wait for their invoice."""
    taken = claim(
        tx,
        select(PlanChange).where(PlanChange.status.in_(OPEN_CHANGE)),
        PlanChange.next_look_at,
        now,
        until,
        limit,
    )
    return [(row.partner_id, row.id) for row in taken]


def request(tx: Tx, partner_id: int, workspace_id: int) -> PlanRequest | None:
    return tx.session.get(PlanRequest, (partner_id, workspace_id))


def requests(tx: Tx, partner_id: int) -> list[PlanRequest]:
    """Plans that are asked for, oldest first."""
    return list(
        tx.session.scalars(
            select(PlanRequest).where(PlanRequest.partner_id == partner_id).order_by(PlanRequest.asked_at)
        )
    )


def taken_name(tx: Tx, partner_id: int, name: str, but: int | None) -> bool:
    """Whether another plan is called so."""
    same = select(Plan.id).where(
        Plan.partner_id == partner_id,
        func.lower(Plan.name) == name.lower(),
        or_(Plan.id != but, but is None),  # type: ignore[arg-type]  # a plain bool is a literal to SQLAlchemy
    )
    return tx.session.execute(same.limit(1)).first() is not None
