"""What a customer agrees to: pack, cap, triggers, on, off, ask first (R17), and the screen that shows it all (R19)."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from billing import renewal
from billing.access import LockedSeat, Role, locked_seat, seat
from billing.addons.offers import is_selling
from billing.automatic import needs
from billing.automatic.stopping import switch_off, tell_off
from billing.call import Call
from billing.catalogue import PackCard, pack_card
from billing.errors import AutoTopUpError, BadValueError, GoneError, NotSellingError
from billing.money import CURRENCIES, Money
from storage import automatic, catalogue, people, workspaces
from storage.models import TEST_OVER, AutoTopUp, Order, OrderStatus, Pack, Partner
from storage.transaction import Tx

State = Literal["on", "off", "ask", "suspended"]

_MOST_LOW = 1_000_000_000_00


@dataclass(frozen=True, slots=True)
class SavedCardView:
    """A card as its people know it. `saved_by`: a name, empty for somebody who was forgotten."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    saved_by: str


@dataclass(frozen=True, slots=True)
class LastCharge:
    """The newest attempt. `status` and `reason` as the order's."""

    order_id: int
    at: dt.datetime
    price: Money
    points: int
    status: OrderStatus
    reason: str
    recovered: bool
    """Made good by hand."""


@dataclass(frozen=True, slots=True)
class NextCharge:
    """When it is looked at next whether points are needed, and how many they would have to be (hundredths)."""

    at: dt.datetime
    cost: int
    over_cap: bool
    """The month's cap leaves no room for a pack then."""


@dataclass(frozen=True, slots=True)
class AutoTopUpView:
    """Everything about a workspace's auto top-up (R19)."""

    workspace_id: int
    workspace: str
    role: Role
    balance: int
    state: State
    reason: str
    agreed: bool
    """There is a consent that a saved card switches on."""
    pack: PackCard | None
    pack_sold: bool
    """False: retired or repriced since, so it waits for a new consent."""
    card: SavedCardView | None
    cap: Money | None
    used: Money | None
    low_balance: int | None
    lead_hours: int
    last: LastCharge | None
    next: NextCharge | None
    charging: bool
    recovery: int | None
    """The order on a page that makes a failed charge good and can still be paid."""
    selling: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """What agreeing to a pack would mean. `cap`: stays, or is proposed."""

    workspace_id: int
    workspace: str
    point_name: str
    pack: PackCard
    cap: Money | None
    lead_hours: int
    low_balance: int | None
    card: SavedCardView | None


def autotopup(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> AutoTopUpView:
    """The screen's facts, for any member. Raises StrangerError, CycleDueError."""
    place = seat(tx, person_id, workspace_id)
    partner, workspace = place.partner, place.workspace
    renewal.expect_current(workspace, now)
    balance = workspaces.wallet(tx, partner.id, workspace_id).balance
    setting = automatic.setting(tx, partner.id, workspace_id)
    if setting is None:
        setting = AutoTopUp(partner_id=partner.id, workspace_id=workspace_id, state="off", reason="", tries=0)
    pack = catalogue.pack(tx, partner.id, setting.pack_id) if setting.pack_id is not None else None
    recovery = automatic.recovery(tx, partner.id, workspace_id)
    upcoming = None
    if setting.state in automatic.RUNNING_STATES:
        date = needs.running_round(partner, workspace, setting).next_at
        if date is not None:
            cost = renewal.need(tx, partner, workspace, now).cost
            at = max(date, setting.next_at or date) if date <= now else date
            over_cap = pack is not None and not needs.most_packs(tx, partner, workspace, setting, pack, at)
            upcoming = NextCharge(at, cost, over_cap)
    used = None
    if pack is not None:
        used = Money(needs.month_used(tx, partner, workspace, pack.currency, now), pack.currency)
    return AutoTopUpView(
        workspace_id,
        workspace.name,
        place.role,
        balance,
        _state(setting),
        setting.reason,
        setting.agreed_at is not None,
        pack_card(pack) if pack is not None else None,
        pack is not None and pack.retired_at is None,
        _card(tx, partner, setting),
        _cap(setting, pack),
        used,
        setting.low_balance,
        partner.lead_hours,
        _last(tx, partner.id, workspace_id),
        upcoming,
        automatic.open_charge(tx, partner.id, workspace_id) is not None,
        recovery.id if recovery is not None else None,
        is_selling(partner),
    )


def _state(setting: AutoTopUp) -> State:
    match setting.state:
        case "on" | "ask" | "suspended":
            return setting.state
        case _:
            return "off"


def _card(tx: Tx, partner: Partner, setting: AutoTopUp) -> SavedCardView | None:
    card = automatic.card(tx, partner.id, setting.card_id) if setting.card_id is not None else None
    if card is None or card.removed_at is not None or card.live != partner.stripe_live:
        return None
    saver = people.person(tx, card.saved_by) if card.saved_by is not None else None
    name = saver.name if saver is not None else ""
    return SavedCardView(card.brand, card.last4, card.exp_month, card.exp_year, name)


def _cap(setting: AutoTopUp, pack: Pack | None) -> Money | None:
    if setting.cap_minor is None or pack is None:
        return None
    return Money(setting.cap_minor, pack.currency)


def _last(tx: Tx, partner_id: int, workspace_id: int) -> LastCharge | None:
    order = automatic.newest_charge(tx, partner_id, workspace_id)
    if order is None or order.reason == TEST_OVER:
        return None
    return last_charge(tx, order)


def last_charge(tx: Tx, order: Order) -> LastCharge:
    """An automatic order as screens and notices tell of it."""
    return LastCharge(
        order.id,
        order.created_at,
        Money(order.amount_minor, order.currency),
        order.points + order.bonus,
        OrderStatus(order.status),
        order.reason,
        automatic.is_recovered(tx, order),
    )


def charge_of(tx: Tx, person_id: int, order_id: int) -> tuple[Order, LastCharge]:
    """An automatic order for a member of its workspace. Raises GoneError, StrangerError."""
    from storage import orders

    order = orders.find(tx, order_id)
    if order is None or not order.automatic:
        raise GoneError
    seat(tx, person_id, order.workspace_id)
    return order, last_charge(tx, order)


def packs_to_choose(tx: Tx, person_id: int, workspace_id: int) -> tuple[PackCard, ...]:
    """Packs on sale. Raises NotSellingError, NotAllowedError."""
    place = seat(tx, person_id, workspace_id, Role.BILLING)
    if not is_selling(place.partner):
        raise NotSellingError
    return tuple(pack_card(pack) for pack in catalogue.packs(tx, place.partner.id))


def consent(tx: Tx, person_id: int, workspace_id: int, pack_id: int, now: dt.datetime) -> Consent:
    """What agreeing to this pack would mean. Raises GoneError (off sale), NotSellingError, CycleDueError."""
    place = seat(tx, person_id, workspace_id, Role.BILLING)
    partner, workspace = place.partner, place.workspace
    renewal.expect_current(workspace, now)
    if not is_selling(partner):
        raise NotSellingError
    pack = _sold(tx, partner, pack_id)
    setting = automatic.setting(tx, partner.id, workspace_id)
    before = None
    if setting is not None and setting.pack_id is not None:
        before = catalogue.pack(tx, partner.id, setting.pack_id)
    if setting is None or before is None or before.currency != pack.currency:
        # Never more than was agreed to in another currency: what two usual renewals take.
        cost = renewal.need(tx, partner, workspace, now).cost
        packs = max(1, -(-cost // (pack.points + pack.bonus)))
        cap: int | None = min(2 * packs * pack.amount_minor, CURRENCIES[pack.currency].maximum)
    else:
        cap = setting.cap_minor
        if cap is not None:
            cap = max(cap, pack.amount_minor)
    return Consent(
        workspace_id,
        workspace.name,
        partner.point_name,
        pack_card(pack),
        Money(cap, pack.currency) if cap is not None else None,
        partner.lead_hours,
        setting.low_balance if setting is not None else None,
        _card(tx, partner, setting) if setting is not None else None,
    )


def _sold(tx: Tx, partner: Partner, pack_id: int) -> Pack:
    pack = catalogue.pack(tx, partner.id, pack_id)
    if pack is None or pack.retired_at is not None:
        raise GoneError
    return pack


def agree(
    tx: Tx, call: Call, workspace_id: int, pack_id: int, cap_minor: int | None, *, ask: bool = False
) -> State:
    """The customer agrees to what the consent screen said, cap included; `ask`: asks to be asked first.

    With a card it is on at once; without one it is on when a card is saved. Raises NotSellingError, GoneError
    (the pack was retired or repriced since), AutoTopUpError ("debt"), BadValueError.
    """
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    partner = held.partner
    if not is_selling(partner):
        raise NotSellingError
    pack = _sold(tx, partner, pack_id)
    _check_cap(cap_minor, pack)
    if held.wallet.balance < 0:
        raise AutoTopUpError("debt")
    setting = _locked_setting(tx, call, held)
    setting.pack_id, setting.cap_minor = pack.id, cap_minor
    setting.agreed_by, setting.agreed_at = call.person_id, call.at
    setting.reason, setting.soft_declines = "", 0
    if ask:
        setting.state = "ask"
    else:
        setting.state = "on" if needs.has_card(tx, partner, setting) else "off"
    needs.try_again(partner, held.workspace, setting, call.at)
    return _state(setting)


def turn_off(tx: Tx, call: Call, workspace_id: int) -> None:
    """Nothing is charged from now on; what is under way ends as it ends. Turning off twice changes nothing."""
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    setting = automatic.lock_setting(tx, held.partner.id, workspace_id)
    was_on = setting.state != "off"
    switch_off(setting)
    setting.reason = ""
    needs.set_next(held.partner, held.workspace, setting, call.at)
    tell_off(tx, call, held.workspace, was_on=was_on, card_gone=False)


def ask_first(tx: Tx, call: Call, workspace_id: int) -> None:
    """From now on a notice with one button takes the place of a charge. Raises AutoTopUpError without a pack."""
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    setting = _locked_setting(tx, call, held)
    if needs.agreed_pack(tx, held.partner, setting) is None:
        raise AutoTopUpError("pack")
    if setting.state == "ask":
        return
    setting.state, setting.reason, setting.soft_declines = "ask", "", 0
    needs.set_next(held.partner, held.workspace, setting, call.at)


def set_cap(tx: Tx, call: Call, workspace_id: int, cap_minor: int | None) -> None:
    """At most this much in a calendar month, in the pack's currency; None: no limit. Raises BadValueError."""
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    setting = _locked_setting(tx, call, held)
    pack = catalogue.pack(tx, held.partner.id, setting.pack_id) if setting.pack_id is not None else None
    if pack is None:
        raise AutoTopUpError("pack")
    _check_cap(cap_minor, pack)
    setting.cap_minor = cap_minor
    needs.set_next(held.partner, held.workspace, setting, call.at)


def set_low_balance(tx: Tx, call: Call, workspace_id: int, hundredths: int | None) -> None:
    """Also buy a pack when the balance falls below; None: only for renewals. Raises BadValueError."""
    held = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    if hundredths is not None and not 0 < hundredths <= _MOST_LOW:
        raise BadValueError("points", str(hundredths))
    setting = _locked_setting(tx, call, held)
    setting.low_balance = hundredths
    if setting.reason == needs.ASKED_LOW:
        setting.reason = ""
    needs.set_next(held.partner, held.workspace, setting, call.at)


def _locked_setting(tx: Tx, call: Call, held: LockedSeat) -> AutoTopUp:
    """What is decided on: the setting of a workspace that stands in today's cycle."""
    renewal.catch_up(tx, call, held.partner, held.workspace, held.wallet)
    return automatic.lock_setting(tx, held.partner.id, held.workspace.id)


def _check_cap(cap_minor: int | None, pack: Pack) -> None:
    if cap_minor is not None and not 0 < cap_minor <= CURRENCIES[pack.currency].maximum * 100:
        raise BadValueError("amount", str(cap_minor))
