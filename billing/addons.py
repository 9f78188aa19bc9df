"""Add-ons of a workspace: quote, change, undo, requests to remove (R7-R13)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing import audit, notices, renewal, standing
from billing.access import DeskRole, LockedSeat, Role, desk_locked, desk_workspace, locked_seat, seat
from billing.call import Call
from billing.catalogue import price_at
from billing.charging import Sale, Step, load_sale, next_price, running_cycle, today_of
from billing.cycle import Cycle
from billing.errors import (
    BadValueError,
    GoneError,
    NotAllowedError,
    NotEnoughPointsError,
    NotSellingError,
    OverLimitError,
    QuoteChangedError,
    UndoOverError,
)
from billing.explain import pack
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.proration import Formula
from storage import catalogue, workspaces
from storage.models import (
    Addon,
    AddonChange,
    AddonState,
    Partner,
    PurchaseIntent,
    RemovalRequest,
    Wallet,
    Workspace,
)
from storage.transaction import Tx

UNDO_TIME = dt.timedelta(minutes=10)
MOST_UNITS = 1_000


@dataclass(frozen=True, slots=True)
class Quote:
    """What a change of units would mean (R11). Hundredths of points throughout."""

    workspace_id: int
    workspace: str
    addon_id: int
    label: str
    units_before: int
    units_after: int
    price: int
    """Of a unit, in the running cycle."""
    formula: Formula
    days_left: int
    days_of: int
    balance: int
    renewal: dt.date
    next_cost: int
    """Of the units after, in the cycle that follows."""
    over: tuple[tuple[str, int, int], ...]
    """Limits that the change would newly exceed: label, used, allowance after (R23)."""
    role: Role
    may_remove: bool
    """False: a removal is a request to the partner (R10)."""
    whole_cycles: bool
    renews: bool

    @property
    def amount(self) -> int:
        """What is charged; below zero it is paid back."""
        return self.formula.amount

    @property
    def balance_after(self) -> int:
        return self.balance - self.amount

    @property
    def missing(self) -> int:
        """Points that have to be bought first; a debt is part of it (R29)."""
        return max(0, -self.balance_after) if self.amount > 0 else 0


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did."""

    workspace_id: int
    addon_id: int
    label: str
    units_before: int
    units: int
    amount: int
    """Charged; below zero paid back."""
    balance: int
    number: int | None
    """What Undo names; None where nothing was changed."""
    undo_until: dt.datetime | None
    paid_until: dt.date
    delivered: bool
    """Whether the host platform has confirmed it (R35)."""
    paused: bool
    repeated: bool = False


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

    @property
    def active(self) -> tuple[AddonOffer, ...]:
        return tuple(offer for offer in self.offers if offer.units)

    @property
    def next_cost(self) -> int:
        """What renews, by today's knowledge of prices."""
        return sum(offer.next_price * offer.units for offer in self.offers if offer.renews)


def is_selling(partner: Partner) -> bool:
    """Credit billing on, Stripe connected, live mode or test payments allowed (R26)."""
    return partner.credit_billing and stripe_ready(partner)


def stripe_ready(partner: Partner) -> bool:
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
    )


def load_offers(tx: Tx, partner: Partner, workspace: Workspace) -> tuple[AddonOffer, ...]:
    """What the workspace has and what it could have, in the partner's order."""
    cycle = running_cycle(workspace)
    prices = catalogue.addon_prices(tx, partner.id)
    states = {row.addon_id: row for row in workspaces.addon_states(tx, partner.id, workspace.id)}
    requests = {row.addon_id: row.units for row in workspaces.removal_requests(tx, partner.id, workspace.id)}
    offers = []
    for addon in catalogue.addons(tx, partner.id):
        state = states.get(addon.id)
        known = prices.get(addon.id, [])
        price = price_at(known, cycle.start)
        if price is None or (state is None and not addon.on_sale):
            continue
        offers.append(
            AddonOffer(
                addon.id,
                addon.label,
                price,
                next_price(known, cycle) or 0,
                state.units if state else 0,
                state.renews if state else True,
                requests.get(addon.id),
                addon.on_sale,
                addon.whole_cycles,
            )
        )
    return tuple(offers)


def quote(tx: Tx, person_id: int, workspace_id: int, addon_id: int, units: int, now: dt.datetime) -> Quote:
    """What getting to `units` would cost or give back, for any member to see (R11).

    Raises GoneError, BadValueError, CycleDueError.
    """
    place = seat(tx, person_id, workspace_id)
    renewal.expect_current(place.workspace, now)
    balance = workspaces.wallet(tx, place.partner.id, workspace_id).balance
    return _Planned.load(tx, place.partner, place.workspace, addon_id, units, now).quote(
        tx, balance, place.role
    )


def quote_from_desk(
    tx: Tx, person_id: int, workspace_id: int, addon_id: int, units: int, now: dt.datetime
) -> Quote:
    """The same quote for the partner's people. Raises GoneError, BadValueError."""
    place, workspace = desk_workspace(tx, person_id, workspace_id)
    balance = workspaces.wallet(tx, place.partner.id, workspace_id).balance
    return _Planned.load(tx, place.partner, workspace, addon_id, units, now).quote(tx, balance, Role.OWNER)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A change before it is made."""

    partner: Partner
    workspace: Workspace
    addon: Addon
    sale: Sale
    units_before: int
    units_after: int
    today: dt.date
    renews: bool
    next_price: int

    @classmethod
    def load(
        cls,
        tx: Tx,
        partner: Partner,
        workspace: Workspace,
        addon_id: int,
        units: int,
        now: dt.datetime,
    ) -> "_Planned":
        addon = catalogue.addon(tx, partner.id, addon_id)
        if addon is None:
            raise GoneError
        if not 0 <= units <= MOST_UNITS:
            raise BadValueError("units", str(units))
        today = today_of(workspace, now)
        cycle = running_cycle(workspace)
        sale = load_sale(tx, partner, workspace, addon, cycle, today)
        state = workspaces.addon_state(tx, partner.id, workspace.id, addon_id)
        before = state.units if state is not None else 0
        if sale is None or (units > before and not addon.on_sale):
            raise GoneError
        prices = catalogue.addon_prices(tx, partner.id, addon_id)[addon_id]
        return cls(
            partner,
            workspace,
            addon,
            sale,
            before,
            units,
            today,
            state.renews if state is not None and before else True,
            next_price(prices, cycle) or 0,
        )

    @property
    def formula(self) -> Formula:
        if self.units_after == self.units_before:
            return Formula(self.sale.terms.price, self.sale.cycle.whole_days, (), 0, 0)
        return self.sale.formula(Step(self.today, self.units_before, self.units_after))

    def quote(self, tx: Tx, balance: int, role: Role) -> Quote:
        return Quote(
            self.workspace.id,
            self.workspace.name,
            self.addon.id,
            self.addon.label,
            self.units_before,
            self.units_after,
            self.sale.terms.price,
            self.formula,
            self.sale.cycle.days_left(self.today),
            self.sale.cycle.whole_days,
            balance,
            self.workspace.cycle_end,
            self.units_after * self.next_price,
            self._newly_over(tx),
            role,
            self.partner.customers_may_remove,
            self.addon.whole_cycles,
            self.renews,
        )

    def _newly_over(self, tx: Tx) -> tuple[tuple[str, int, int], ...]:
        if self.units_after >= self.units_before:
            return ()
        units = {
            row.addon_id: row.units for row in workspaces.addon_states(tx, self.partner.id, self.workspace.id)
        }
        now_over = {each.code for each in standing.standing(tx, self.workspace, units).over}
        units[self.addon.id] = self.units_after
        after = standing.standing(tx, self.workspace, units)
        return tuple(
            (each.label, each.used or 0, each.allowance) for each in after.over if each.code not in now_over
        )


def set_units(
    tx: Tx,
    call: Call,
    workspace_id: int,
    addon_id: int,
    units: int,
    quoted: int,
    *,
    accept_over: bool = False,
) -> Changed:
    """A customer gets an add-on to `units`, at the sum that was quoted (R11, R13).

    Raises NotSellingError, NotAllowedError (removal where it must be asked for), QuoteChangedError,
    OverLimitError, NotEnoughPointsError; then nothing is changed.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    done = workspaces.change_by_reference(tx, place.partner.id, call.reference, addon_id)
    if done is not None:
        return _changed_before(tx, place.partner, place.workspace, place.wallet, done)
    planned = _Planned.load(tx, place.partner, place.workspace, addon_id, units, call.at)
    if units < planned.units_before and not place.partner.customers_may_remove:
        raise NotAllowedError("remove", (place.partner.name,))
    if units > planned.units_before and not is_selling(place.partner):
        raise NotSellingError
    return _confirm(tx, call, place, planned, quoted, accept_over=accept_over)


def _confirm(
    tx: Tx, call: Call, place: LockedSeat, planned: _Planned, quoted: int, *, accept_over: bool
) -> Changed:
    seen = planned.quote(tx, place.wallet.balance, place.role)
    if planned.units_after != planned.units_before:
        if seen.amount != quoted:
            raise QuoteChangedError(seen)
        if seen.over and not accept_over:
            raise OverLimitError(seen)
        if seen.missing:
            raise NotEnoughPointsError(seen)
    return make_change(tx, call, planned, place.wallet)


def make_change(
    tx: Tx,
    call: Call,
    planned: _Planned,
    wallet: Wallet,
    *,
    refund: bool = True,
) -> Changed:
    """Post the difference, note the change, settle limits and the host; the workspace is locked.

    `refund` False: units go, what was paid for them stays paid (R10). The caller has checked the balance.
    """
    partner, workspace, addon = planned.partner, planned.workspace, planned.addon
    if planned.units_after == planned.units_before:
        return _unchanged(tx, partner, workspace, wallet, addon, planned.units_before)
    formula = planned.formula
    amount = formula.amount
    paid_until = None
    if not refund and planned.units_after < planned.units_before:
        amount, paid_until = 0, planned.sale.cycle.end
    line = Line(
        Kind.ADDON if planned.units_after > planned.units_before else Kind.REFUND,
        -amount,
        addon_id=addon.id,
        cycle_start=planned.sale.cycle.start,
        explained=pack(formula, planned.units_before, planned.units_after) if paid_until is None else None,
    )
    operation = Operation(
        partner.id, workspace.id, call.reference, (line,), call.at, call.person_id, forced=amount <= 0
    )
    (posted,) = post(tx, [operation])
    assert isinstance(posted, Posted), "the balance was checked under the lock"
    tx.session.expire(wallet)
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon.id)
    if state is None:
        state = AddonState(
            partner_id=partner.id,
            workspace_id=workspace.id,
            addon_id=addon.id,
            units=0,
            renews=True,
            since=call.at,
            changes=0,
        )
        tx.session.add(state)
    if state.units == 0:
        state.renews, state.keep_rank, state.since = True, None, call.at
    state.changes += 1
    state.units = planned.units_after
    tx.session.add(
        AddonChange(
            partner_id=partner.id,
            workspace_id=workspace.id,
            addon_id=addon.id,
            number=state.changes,
            on_date=planned.today,
            units_before=planned.units_before,
            units_after=planned.units_after,
            reference=call.reference,
            paid_until=paid_until,
            at=call.at,
            person_id=call.person_id,
        )
    )
    _forget(tx, partner.id, workspace.id, addon.id)
    standing.settle(tx, call, partner, workspace, told=True)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        planned.units_before,
        planned.units_after,
        amount,
        posted.balance_after,
        state.changes,
        call.at + UNDO_TIME,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
    )


def is_delivered(tx: Tx, partner_id: int, workspace_id: int) -> bool:
    """Whether the host has confirmed the newest entitlements."""
    row = workspaces.delivery(tx, partner_id, workspace_id)
    return row is None or row.confirmed_at is not None


def _forget(tx: Tx, partner_id: int, workspace_id: int, addon_id: int) -> None:
    """A change answers what was remembered or asked about the add-on."""
    intent = workspaces.intent(tx, partner_id, workspace_id, addon_id)
    if intent is not None:
        tx.session.delete(intent)
    request = workspaces.removal_request(tx, partner_id, workspace_id, addon_id)
    if request is not None:
        tx.session.delete(request)


def _unchanged(
    tx: Tx, partner: Partner, workspace: Workspace, wallet: Wallet, addon: Addon, units: int
) -> Changed:
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        units,
        units,
        0,
        wallet.balance,
        None,
        None,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
        repeated=True,
    )


def _changed_before(
    tx: Tx, partner: Partner, workspace: Workspace, wallet: Wallet, done: AddonChange
) -> Changed:
    """The stored result of a call that comes again."""
    addon = catalogue.addon(tx, partner.id, done.addon_id)
    assert addon is not None
    (line,) = post_lines(tx, partner.id, done.reference, done.addon_id)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        done.units_before,
        done.units_after,
        -line,
        wallet.balance,
        done.number if done.undone_at is None else None,
        done.at + UNDO_TIME,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
        repeated=True,
    )


def post_lines(tx: Tx, partner_id: int, reference: str, addon_id: int) -> list[int]:
    """What an operation did to one add-on, as one sum of hundredths."""
    from storage import ledger

    lines = ledger.operation_lines(tx, partner_id, reference)
    return [sum(line.amount for line in lines if line.addon_id == addon_id)]


def undo(tx: Tx, call: Call, workspace_id: int, addon_id: int, number: int) -> Changed:
    """Take back the latest change of an add-on within ten minutes, in every cycle it touched (R9).

    Raises UndoOverError; NotEnoughPointsError where a removal's refund is spent already.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    return _undo(tx, call, place.partner, place.workspace, place.wallet, addon_id, number, place.role)


def undo_from_desk(tx: Tx, call: Call, workspace_id: int, addon_id: int, number: int) -> Changed:
    """The partner takes back the latest change of an add-on. Raises as undo."""
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    changed = _undo(tx, call, place.partner, workspace, wallet, addon_id, number, Role.OWNER)
    audit.record(
        tx,
        call,
        place.partner.id,
        "undo",
        workspace_id=workspace_id,
        subject=changed.label,
        before={"units": changed.units_before},
        after={"units": changed.units, "points": -changed.amount},
    )
    return changed


def _undo(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    wallet: Wallet,
    addon_id: int,
    number: int,
    role: Role,
) -> Changed:
    addon = catalogue.addon(tx, partner.id, addon_id)
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon_id)
    latest = workspaces.addon_change(tx, partner.id, workspace.id, addon_id, number)
    if addon is None or state is None or latest is None:
        raise UndoOverError
    if latest.undone_at is not None:
        return _unchanged(tx, partner, workspace, wallet, addon, state.units)
    if state.changes != number or latest.lapsed or call.at > latest.at + UNDO_TIME:
        raise UndoOverError
    today = today_of(workspace, call.at)
    cycles = _cycles_since(tx, workspace, latest.on_date)
    latest.undone_at = call.at
    tx.session.flush()
    lines = _lines_to_target(
        tx, partner, workspace, addon, cycles, today, Kind.UNDO, (state.units, latest.units_before)
    )
    amount = -sum(line.amount for line in lines)
    operation = Operation(
        partner.id, workspace.id, call.reference, tuple(lines), call.at, call.person_id, forced=amount <= 0
    )
    (posted,) = post(tx, [operation])
    if not isinstance(posted, Posted):
        latest.undone_at = None
        tx.session.flush()
        planned = _Planned.load(tx, partner, workspace, addon_id, latest.units_before, call.at)
        raise NotEnoughPointsError(planned.quote(tx, wallet.balance, role))
    tx.session.expire(wallet)
    before = state.units
    state.units = latest.units_before
    standing.settle(tx, call, partner, workspace, told=True)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        before,
        state.units,
        amount,
        posted.balance_after,
        None,
        None,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
    )


def _cycles_since(tx: Tx, workspace: Workspace, day: dt.date) -> list[Cycle]:
    return [
        Cycle(row.start, row.end, row.whole_start, row.whole_end)
        for row in workspaces.cycles(tx, workspace.partner_id, workspace.id, day)
    ]


def _lines_to_target(
    tx: Tx,
    partner: Partner,
    workspace: Workspace,
    addon: Addon,
    cycles: Sequence[Cycle],
    today: dt.date,
    kind: Kind,
    units: tuple[int, int],
) -> list[Line]:
    """One line for every cycle, from what is posted to what the stored history makes due."""
    lines = []
    for cycle in cycles:
        sale = load_sale(tx, partner, workspace, addon, cycle, today)
        if sale is None:
            continue
        due = sale.target() - sale.posted
        lines.append(
            Line(
                kind,
                -due,
                addon_id=addon.id,
                cycle_start=cycle.start,
                explained={
                    "price": sale.terms.price,
                    "of_days": cycle.whole_days,
                    "parts": [],
                    "amount": due,
                    "rounding": 0,
                    "before": units[0],
                    "after": units[1],
                },
            )
        )
    return lines


def set_renews(tx: Tx, call: Call, workspace_id: int, addon_id: int, *, renews: bool) -> None:
    """Let an add-on end with its cycle, or renew again (R14). Nothing is charged or paid back."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    state = workspaces.addon_state(tx, place.partner.id, workspace_id, addon_id)
    if state is None or state.units == 0:
        raise GoneError
    state.renews = renews


def remember_purchase(tx: Tx, call: Call, workspace_id: int, addon_id: int, units: int) -> None:
    """Keep what somebody wants to buy until the points for it arrive (R12)."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    planned = _Planned.load(tx, place.partner, place.workspace, addon_id, units, call.at)
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


@dataclass(frozen=True, slots=True)
class Completed:
    """What became of a remembered purchase: `outcome` is bought, short, price or gone."""

    addon_id: int
    label: str
    units: int
    outcome: str
    amount: int
    """Charged if bought, missing if short."""


def complete_purchases(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet
) -> list[Completed]:
    """Points arrived: buy what was remembered, oldest first, unless its price rose (R12)."""
    outcomes = []
    for intent in workspaces.intents(tx, partner.id, workspace.id):
        try:
            planned = _Planned.load(tx, partner, workspace, intent.addon_id, intent.units, call.at)
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
            tx.session.delete(intent)
            outcomes.append(Completed(intent.addon_id, label, intent.units, "price", 0))
        elif amount > wallet.balance:
            missing = amount - wallet.balance
            outcomes.append(Completed(intent.addon_id, label, intent.units, "short", missing))
        else:
            by = Call(call.at, f"{call.reference}/buy-{intent.addon_id}", call.bot_id, intent.person_id)
            make_change(tx, by, planned, wallet)
            outcomes.append(Completed(intent.addon_id, label, intent.units, "bought", amount))
    return outcomes


def request_removal(tx: Tx, call: Call, workspace_id: int, addon_id: int, units: int) -> None:
    """A customer asks the partner to bring an add-on down to `units`; it counts from today (R10)."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    planned = _Planned.load(tx, place.partner, place.workspace, addon_id, units, call.at)
    if units >= planned.units_before:
        raise BadValueError("units", str(units))
    request = workspaces.removal_request(tx, place.partner.id, workspace_id, addon_id)
    if request is not None and request.units == units:
        return
    if request is None:
        request = RemovalRequest(partner_id=place.partner.id, workspace_id=workspace_id, addon_id=addon_id)
        tx.session.add(request)
    assert call.person_id is not None
    request.units, request.asked_on, request.asked_at = units, planned.today, call.at
    request.person_id = call.person_id
    notices.tell_desk(
        tx,
        call,
        place.partner.id,
        "removal_request",
        {
            "workspace_id": workspace_id,
            "workspace": place.workspace.name,
            "addon_id": addon_id,
            "addon": planned.addon.label,
            "before": planned.units_before,
            "units": units,
        },
    )


def withdraw_request(tx: Tx, call: Call, workspace_id: int, addon_id: int) -> None:
    """The customer keeps the add-on after all."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    request = workspaces.removal_request(tx, place.partner.id, workspace_id, addon_id)
    if request is not None:
        tx.session.delete(request)


def answer_request(tx: Tx, call: Call, workspace_id: int, addon_id: int, *, approve: bool) -> Changed | None:
    """The partner approves a removal, which counts from the day it was asked, or declines it (R10).

    None: declined. Raises GoneError where nothing waits.
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    partner = place.partner
    renewal.catch_up(tx, call, partner, workspace, wallet)
    request = workspaces.removal_request(tx, partner.id, workspace_id, addon_id)
    addon = catalogue.addon(tx, partner.id, addon_id)
    if request is None or addon is None:
        raise GoneError
    units, asked_on, asked_at = request.units, request.asked_on, request.asked_at
    tx.session.delete(request)
    audit.record(
        tx,
        call,
        partner.id,
        "approve_removal" if approve else "decline_removal",
        workspace_id=workspace_id,
        subject=addon.label,
        after={"units": units},
    )
    told = {"addon": addon.label, "units": units, "approved": approve}
    if not approve:
        notices.tell_workspace(tx, call, partner.id, workspace_id, "removal_answer", {**told, "amount": 0})
        return None
    changed = _remove_as_of(tx, call, partner, workspace, wallet, addon, units, asked_on, asked_at)
    notices.tell_workspace(
        tx, call, partner.id, workspace_id, "removal_answer", {**told, "amount": -changed.amount}
    )
    return changed


def _remove_as_of(
    tx: Tx,
    call: Call,
    partner: Partner,
    workspace: Workspace,
    wallet: Wallet,
    addon: Addon,
    units: int,
    asked_on: dt.date,
    asked_at: dt.datetime,
) -> Changed:
    """Remove as if it had been done when it was asked, in every cycle since."""
    state = workspaces.addon_state(tx, partner.id, workspace.id, addon.id)
    assert state is not None
    before = state.units
    for change in workspaces.addon_changes(tx, partner.id, workspace.id, addon.id, dt.date.max):
        # The units that the waiting request kept from renewing are gone by this removal instead.
        if change.lapsed and change.at > asked_at and change.units_after >= units:
            change.undone_at = call.at
            before = max(before, change.units_before)
    if before <= units:
        return _unchanged(tx, partner, workspace, wallet, addon, state.units)
    state.changes += 1
    state.units = units
    tx.session.add(
        AddonChange(
            partner_id=partner.id,
            workspace_id=workspace.id,
            addon_id=addon.id,
            number=state.changes,
            on_date=asked_on,
            units_before=before,
            units_after=units,
            reference=call.reference,
            at=call.at,
            person_id=call.person_id,
        )
    )
    tx.session.flush()
    lines = _lines_to_target(
        tx,
        partner,
        workspace,
        addon,
        _cycles_since(tx, workspace, asked_on),
        today_of(workspace, call.at),
        Kind.REFUND,
        (before, units),
    )
    operation = Operation(
        partner.id, workspace.id, call.reference, tuple(lines), call.at, call.person_id, forced=True
    )
    (posted,) = post(tx, [operation])
    assert isinstance(posted, Posted)
    tx.session.expire(wallet)
    standing.settle(tx, call, partner, workspace)
    return Changed(
        workspace.id,
        addon.id,
        addon.label,
        before,
        units,
        -posted.amount,
        posted.balance_after,
        None,
        None,
        workspace.cycle_end,
        is_delivered(tx, partner.id, workspace.id),
        bool(standing.reasons(workspace)),
    )


def set_units_from_desk(
    tx: Tx,
    call: Call,
    workspace_id: int,
    addon_id: int,
    units: int,
    *,
    refund: bool,
    quoted: int | None = None,
) -> Changed:
    """The partner removes units, with or without refund (R10); with credit billing off also adds them, free (R26).

    Raises GoneError, QuoteChangedError where a sum was `quoted` that holds no more (R11), NotEnoughPointsError
    where points would be needed.
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    done = workspaces.change_by_reference(tx, place.partner.id, call.reference, addon_id)
    if done is not None:
        return _changed_before(tx, place.partner, workspace, wallet, done)
    planned = _Planned.load(tx, place.partner, workspace, addon_id, units, call.at)
    seen = planned.quote(tx, wallet.balance, Role.OWNER)
    if quoted is not None and refund and seen.amount != quoted:
        raise QuoteChangedError(seen)
    if seen.missing:
        raise NotEnoughPointsError(seen)
    changed = make_change(tx, call, planned, wallet, refund=refund)
    if not changed.repeated:
        audit.record(
            tx,
            call,
            place.partner.id,
            "units",
            workspace_id=workspace_id,
            subject=changed.label,
            before={"units": changed.units_before},
            after={"units": changed.units, "points": -changed.amount},
        )
        notices.tell_workspace(
            tx,
            call,
            place.partner.id,
            workspace_id,
            "units_by_partner",
            {
                "addon": changed.label,
                "before": changed.units_before,
                "units": changed.units,
                "amount": -changed.amount,
                "balance": changed.balance,
            },
        )
    return changed
