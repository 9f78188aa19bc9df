"""The statements of the renewal sweep: due workspaces claimed by any number of processes, read and written in sets.

Rows are tuples and not ORM objects: of those, making a thousand takes longer than all the rest.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, func, or_, select, update

from storage.ledger import WalletKey, WalletRow
from storage.models import (
    Addon,
    AddonPrice,
    AddonState,
    BillingSwitch,
    Delivery,
    Limit,
    Override,
    Partner,
    PlanAllowance,
    RemovalRequest,
    Subscription,
    Usage,
    Wallet,
    Workspace,
    WorkspaceCycle,
)
from storage.prepared import Among, Prepared
from storage.sets import InsertSet, UpdateSet
from storage.transaction import Tx


class DueWorkspace(NamedTuple):
    """What a renewal asks of a workspace; the columns of storage.models.Workspace."""

    partner_id: int
    id: int
    name: str
    plan_id: int | None
    zone: str
    next_zone: str | None
    anchor: dt.date
    cycle_start: dt.date
    cycle_end: dt.date
    whole_start: dt.date
    whole_end: dt.date
    lapses_at: dt.datetime | None
    paused_limit: bool
    paused_unpaid: bool
    paused_manual: bool
    host_version: int
    closed_at: dt.datetime | None


class StateRow(NamedTuple):
    """An add-on of which a workspace has units."""

    workspace_id: int
    addon_id: int
    units: int
    unpaid: int
    renews: bool
    keep_rank: int | None
    since: dt.datetime


class UsageRow(NamedTuple):
    """The newest report of a limit."""

    used: int
    at: dt.datetime
    warned: int


class PartnerRow(NamedTuple):
    """What a renewal asks of a partner."""

    host: str


class LimitRow(NamedTuple):
    """One of the partner's limits."""

    code: str
    label: str
    counted: bool
    per_cycle: bool


class AddonRow(NamedTuple):
    """What is sold."""

    id: int
    label: str
    limit_code: str | None
    grant: int
    feature: str | None
    whole_cycles: bool


class PriceRow(NamedTuple):
    """An add-on's price; the columns of storage.models.AddonPrice."""

    addon_id: int
    applies_from: dt.date
    price: int
    set_at: dt.datetime


class SwitchRow(NamedTuple):
    """Credit billing went on or off."""

    at: dt.datetime
    on: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a partner sells."""

    partner: PartnerRow
    limits: list[LimitRow]
    """In the partner's order, as the add-ons."""
    addons: dict[int, AddonRow]
    prices: dict[int, list[PriceRow]]
    """Of each add-on, oldest first."""
    switches: list[SwitchRow]
    plans: dict[int, dict[str, int]]
    """What each grants, by limit."""


@dataclass(slots=True)
class DeliveryRow:
    """What the host knows of a workspace, locked; to be brought to a new version and written back."""

    partner_id: int
    workspace_id: int
    told: str
    waiting_since: dt.datetime | None
    alerted_at: dt.datetime | None
    confirmed_through: dt.datetime | None
    version: int = field(init=False)
    paused: bool = field(init=False)
    asked_at: dt.datetime = field(init=False)
    next_at: dt.datetime = field(init=False)
    confirmed_at: dt.datetime | None = field(init=False)
    attempts: int = field(init=False)
    error: str = field(init=False)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of many workspaces of one partner, by workspace; one without a row is missing."""

    states: dict[int, list[StateRow]]
    """Oldest first."""
    usage: dict[int, dict[str, UsageRow]]
    overrides: dict[int, dict[str, int]]
    deliveries: dict[int, DeliveryRow]
    requests: frozenset[int]
    """Those with removals that wait for the partner (R10)."""
    ending: frozenset[int]
    """Those whose plan's subscription ends with its paid period, or is wished to."""


_DELIVERY: Final = tuple(each.name for each in fields(DeliveryRow))
_delivery: Final = attrgetter(*_DELIVERY[2:], *_DELIVERY[:2])
_workspace_rows = (
    select(*(getattr(Workspace, name) for name in DueWorkspace._fields))
    .where(
        Workspace.renews_at <= bindparam("now"),
        or_(Workspace.claimed_until.is_(None), Workspace.claimed_until <= bindparam("now")),
    )
    .order_by(Workspace.renews_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DUE = Prepared(_workspace_rows)
_WALLETS = Prepared(
    select(Wallet.workspace_id, Wallet.balance, Wallet.posted)
    .where(Wallet.partner_id == bindparam("partner"), Among(Wallet.workspace_id, "workspaces"))
    .order_by(Wallet.workspace_id)
    .with_for_update(skip_locked=True)
)


def _among(model: Any, *columns: Any) -> Select[*tuple[Any, ...]]:
    return select(*columns).where(
        model.partner_id == bindparam("partner"), Among(model.workspace_id, "workspaces")
    )


_STATES = Prepared(
    _among(AddonState, *(getattr(AddonState, name) for name in StateRow._fields)).where(AddonState.units > 0)
)


def _of_partner(model: Any, *columns: Any) -> Select[*tuple[Any, ...]]:
    return select(*columns).where(model.partner_id == bindparam("partner"))


_PARTNER = Prepared(
    select(*(getattr(Partner, name) for name in PartnerRow._fields)).where(Partner.id == bindparam("partner"))
)
_LIMITS = Prepared(
    _of_partner(Limit, *(getattr(Limit, name) for name in LimitRow._fields)).order_by(
        Limit.position, Limit.code
    )
)
_ADDONS = Prepared(
    _of_partner(Addon, *(getattr(Addon, name) for name in AddonRow._fields)).order_by(
        Addon.position, Addon.id
    )
)
_PRICES = Prepared(
    _of_partner(AddonPrice, *(getattr(AddonPrice, name) for name in PriceRow._fields)).order_by(
        AddonPrice.addon_id, AddonPrice.applies_from
    )
)
_SWITCHES = Prepared(
    _of_partner(BillingSwitch, BillingSwitch.at, BillingSwitch.on).order_by(BillingSwitch.at)
)
_ALLOWANCES = Prepared(
    _of_partner(PlanAllowance, PlanAllowance.plan_id, PlanAllowance.limit_code, PlanAllowance.value)
)
_USAGE = Prepared(_among(Usage, Usage.workspace_id, Usage.limit_code, Usage.used, Usage.at, Usage.warned))
_OVERRIDES = Prepared(_among(Override, Override.workspace_id, Override.limit_code, Override.value))
_REQUESTS = Prepared(_among(RemovalRequest, RemovalRequest.workspace_id))
_ENDING = Prepared(
    _among(Subscription, Subscription.workspace_id).where(
        Subscription.running, or_(Subscription.cancels_at_end, Subscription.end_wish.is_(True))
    )
)
_DELIVERIES = Prepared(
    _among(Delivery, *(getattr(Delivery, each.name) for each in fields(DeliveryRow) if each.init))
    .order_by(Delivery.workspace_id)
    .with_for_update()
)
_ENTERED: Final = (
    "cycle_start",
    "cycle_end",
    "whole_start",
    "whole_end",
    "began_at",
    "zone",
    "next_zone",
    "renews_at",
    "claimed_until",
    "lapses_at",
    "graced_until",
    "remind_at",
    "reminded",
    "host_version",
)
_entered: Final = itemgetter(*_ENTERED[:-1])
_noted: Final = itemgetter("cycle_start", "cycle_end", "whole_start", "whole_end")
_MOVE = UpdateSet(Workspace, ("partner_id", "id"), _ENTERED)
_NOTE_CYCLES = InsertSet(
    WorkspaceCycle, ("partner_id", "workspace_id", "start", "end", "whole_start", "whole_end")
)
_WRITE_DELIVERIES = UpdateSet(Delivery, ("partner_id", "workspace_id"), _DELIVERY[2:])


def claim_due(tx: Tx, now: dt.datetime, most: int) -> tuple[list[DueWorkspace], dict[WalletKey, WalletRow]]:
    """At most so many due workspaces, earliest first, with their wallets: locked, and leased by nobody.

    Nothing is waited for: what another process sweeps or a tap decides about is left to them.
    """
    if tx.dialect == "postgresql":
        # Planned for a handful of workspaces, so by the keys' indexes, however many rows the tables have.
        tx.conn.run_prepared("SET LOCAL plan_cache_mode = force_generic_plan", ())
    found = [DueWorkspace._make(row) for row in _DUE.run_set(tx, now=now, most=most)]
    wallets = {
        (partner_id, workspace_id): WalletRow(balance, posted)
        for partner_id, ids in ids_by_partner(found).items()
        for workspace_id, balance, posted in _WALLETS.run(tx, partner=partner_id, workspaces=ids)
    }
    return [each for each in found if (each.partner_id, each.id) in wallets], wallets


def ids_by_partner(found: Collection[DueWorkspace]) -> dict[int, list[int]]:
    ids: dict[int, list[int]] = {}
    for each in found:
        ids.setdefault(each.partner_id, []).append(each.id)
    return ids


def terms(tx: Tx, partner_id: int) -> Terms:
    """What the renewals of a partner's workspaces are worked out by."""
    (partner,) = _PARTNER.run(tx, partner=partner_id)
    addons = map(AddonRow._make, _ADDONS.run(tx, partner=partner_id))
    prices: dict[int, list[PriceRow]] = {}
    for price in map(PriceRow._make, _PRICES.run(tx, partner=partner_id)):
        prices.setdefault(price.addon_id, []).append(price)
    plans: dict[int, dict[str, int]] = {}
    for plan_id, code, value in _ALLOWANCES.run(tx, partner=partner_id):
        plans.setdefault(plan_id, {})[code] = value
    return Terms(
        PartnerRow._make(partner),
        [LimitRow._make(row) for row in _LIMITS.run(tx, partner=partner_id)],
        {addon.id: addon for addon in addons},
        prices,
        [SwitchRow._make(row) for row in _SWITCHES.run(tx, partner=partner_id)],
        plans,
    )


def surroundings(tx: Tx, partner_id: int, workspace_ids: Sequence[int]) -> Surroundings:
    """What else of these workspaces a renewal depends on."""
    among = {"partner": partner_id, "workspaces": workspace_ids}
    states: dict[int, list[StateRow]] = {}
    for row in _STATES.run_set(tx, **among):
        states.setdefault(row[0], []).append(StateRow._make(row))
    for several in states.values():
        several.sort(key=_age)
    usage: dict[int, dict[str, UsageRow]] = {}
    for workspace_id, code, *report in _USAGE.run_set(tx, **among):
        usage.setdefault(workspace_id, {})[code] = UsageRow._make(report)
    overrides: dict[int, dict[str, int]] = {}
    for workspace_id, code, value in _OVERRIDES.run_set(tx, **among):
        overrides.setdefault(workspace_id, {})[code] = value
    requests = {row[0] for row in _REQUESTS.run_set(tx, **among)}
    deliveries = {row[1]: DeliveryRow(*row) for row in _DELIVERIES.run_set(tx, **among)}
    ending = {row[0] for row in _ENDING.run_set(tx, **among)}
    return Surroundings(states, usage, overrides, deliveries, frozenset(requests), frozenset(ending))


def _age(state: StateRow) -> tuple[dt.datetime, int]:
    return state.since, state.addon_id


@dataclass(frozen=True, slots=True)
class Entry:
    """A cycle that workspaces enter, as it is written."""

    columns: tuple[Any, ...]
    """Of the workspace, all but the version of what its host knows."""
    noted: tuple[dt.date, ...]

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Entry":
        """From the workspace's columns by name."""
        return cls(_entered(values), _noted(values))


def move_on(
    tx: Tx, entered: Sequence[tuple[DueWorkspace, Entry, int]], deliveries: Sequence[DeliveryRow]
) -> None:
    """Write workspaces that entered a cycle, each with the version of what its host knows."""
    _MOVE.run(tx, [(*entry.columns, version, each.partner_id, each.id) for each, entry, version in entered])
    _NOTE_CYCLES.run(tx, [(each.partner_id, each.id, *entry.noted) for each, entry, _ in entered])
    _WRITE_DELIVERIES.run(tx, [_delivery(row) for row in deliveries])


def lease(tx: Tx, workspace_ids: Sequence[int], until: dt.datetime) -> None:
    """Nobody else's sweep works these off until then."""
    if workspace_ids:
        tx.conn.execute(update(Workspace).where(Workspace.id.in_(workspace_ids)).values(claimed_until=until))


def lapses_due(tx: Tx, now: dt.datetime, most: int) -> list[int]:
    """Ids of workspaces in which units wait for points no longer, earliest first; locked, and leased by nobody."""
    return list(
        tx.conn.scalars(
            select(Workspace.id)
            .where(
                Workspace.lapses_at <= now,
                or_(Workspace.claimed_until.is_(None), Workspace.claimed_until <= now),
            )
            .order_by(Workspace.lapses_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
    )


def count_due(tx: Tx, now: dt.datetime) -> int:
    """Workspaces whose next cycle has begun."""
    return tx.conn.execute(
        select(func.count()).select_from(Workspace).where(Workspace.renews_at <= now)
    ).scalar_one()
