"""Whether an automatic charge is needed, when, how many packs, and until when units wait for it (R15, R17, R18)."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from billing.charging import today_of
from billing.cycle import start_instant, zone_named
from billing.money import CURRENCIES
from storage import automatic, catalogue, workspaces
from storage.models import AutoTopUp, OrderStatus, Pack, Partner, Workspace
from storage.transaction import Tx

if TYPE_CHECKING:
    from billing.renewal import Need

RETRIES: Final = (dt.timedelta(days=1), dt.timedelta(days=3))
"""After the cycle's start: when a charge that was softly declined is tried again (R18)."""
LONGEST_WAIT: Final = dt.timedelta(days=5)
"""After the cycle's start: units wait no longer for a charge whose end isn't known (R15)."""
LOOK_AGAIN: Final = dt.timedelta(hours=1)
"""When something stands in the way of an attempt that is due."""
LOW_BALANCE_LOOK: Final = dt.timedelta(minutes=10)
"""How often a balance is compared with the threshold of the low-balance trigger."""
ASKED_LOW: Final = "low"
"""The reason why "ask me first" stands still: it has asked for this low balance, and the balance is low yet."""

Obstacle = Literal[
    "off",
    "closed",
    "not_selling",
    "paused",
    "debt",
    "card",
    "pack",
    "charging",
    "recovering",
]
"""What stands in the way of a charge."""


@dataclass(frozen=True, slots=True)
class Round:
    """The dates at which the points for one cycle are charged for, of which the first `tries` are done with.

    A date is missed only together with the whole cycle: after downtime the newest that has passed counts for
    all before it.
    """

    start: dt.date
    """Of the cycle."""
    dates: tuple[dt.datetime, ...]
    """Lead before the start, the start, a day and three days after it."""
    tries: int

    def due(self, at: dt.datetime) -> int | None:
        """The number of the date that has come; None: none, or it is done with."""
        passed = sum(date <= at for date in self.dates)
        return passed - 1 if passed > self.tries else None

    @property
    def next_at(self) -> dt.datetime | None:
        """The first date that is not done with."""
        return self.dates[self.tries] if self.tries < len(self.dates) else None


def round_for(partner: Partner, workspace: Workspace, setting: AutoTopUp, start: dt.date) -> Round:
    """The dates for the cycle that starts then."""
    begins = start_instant(start, zone_named(workspace.zone))
    dates = (
        begins - dt.timedelta(hours=partner.lead_hours),
        begins,
        *(begins + after for after in RETRIES),
    )
    return Round(start, dates, setting.tries if setting.tried_for == start else 0)


def running_round(partner: Partner, workspace: Workspace, setting: AutoTopUp) -> Round:
    """The dates that count now: for units that wait to be paid, otherwise for the next renewal."""
    waiting = workspace.lapses_at is not None
    start = workspace.cycle_start if waiting else workspace.cycle_end
    found = round_for(partner, workspace, setting, start)
    if waiting and found.next_at is None:
        return round_for(partner, workspace, setting, workspace.cycle_end)
    return found


def schedule(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> None:
    """Bring the date of the next look in line with the workspace's dates; the workspace is locked."""
    setting = automatic.setting(tx, partner.id, workspace.id)
    if setting is not None:
        set_next(partner, workspace, setting, at)


def set_next(partner: Partner, workspace: Workspace, setting: AutoTopUp, at: dt.datetime) -> None:
    """As schedule, for a setting that is at hand. Where no charge will come any more, units don't wait for one."""
    from billing import renewal  # which asks here how long units wait

    if setting.state != "on":
        renewal.charge_given_up(workspace, at)
    if setting.state not in automatic.RUNNING_STATES:
        setting.next_at = None
        return
    setting.next_at = running_round(partner, workspace, setting).next_at
    if setting.low_balance is not None:
        look = at + LOW_BALANCE_LOOK
        setting.next_at = look if setting.next_at is None else min(setting.next_at, look)


def try_again(partner: Partner, workspace: Workspace, setting: AutoTopUp, at: dt.datetime) -> None:
    """Another card, or a new consent: the date that has come is not over, so that it is tried at once."""
    waiting = workspace.lapses_at is not None
    this_round = round_for(
        partner, workspace, setting, workspace.cycle_start if waiting else workspace.cycle_end
    )
    passed = sum(date <= at for date in this_round.dates)
    if 0 < passed <= this_round.tries:
        setting.tries = passed - 1
    set_next(partner, workspace, setting, at)


def obstacle(
    tx: Tx, partner: Partner, workspace: Workspace, setting: AutoTopUp, balance: int
) -> Obstacle | None:
    """What stands in the way of a charge; None: nothing does."""
    from billing.addons.offers import is_selling  # which renews first, and that asks here

    if setting.state not in automatic.RUNNING_STATES:
        return "off"
    if workspace.closed_at is not None:
        return "closed"
    if not is_selling(partner):
        return "not_selling"
    if workspace.paused_manual or workspace.paused_unpaid or workspace.plan_id is None:
        return "paused"
    if balance < 0:
        return "debt"
    if automatic.open_charge(tx, partner.id, workspace.id) is not None:
        return "charging"
    if automatic.recovery(tx, partner.id, workspace.id) is not None:
        return "recovering"
    if agreed_pack(tx, partner, setting) is None:
        return "pack"
    if setting.state == "on" and not has_card(tx, partner, setting):
        return "card"
    return None


def agreed_pack(tx: Tx, partner: Partner, setting: AutoTopUp) -> Pack | None:
    """The pack that was agreed to, while it is sold: a repriced one is another pack, and needs another consent."""
    if setting.pack_id is None:
        return None
    pack = catalogue.pack(tx, partner.id, setting.pack_id)
    return pack if pack is not None and pack.retired_at is None else None


def has_card(tx: Tx, partner: Partner, setting: AutoTopUp) -> bool:
    """Whether there is a card to charge in the mode that is sold in."""
    card = automatic.card(tx, partner.id, setting.card_id) if setting.card_id is not None else None
    return card is not None and card.removed_at is None and card.live == partner.stripe_live


def month_used(tx: Tx, partner: Partner, workspace: Workspace, currency: str, at: dt.datetime) -> int:
    """Minor units charged automatically, or being charged, in the calendar month of the workspace's zone (R17)."""
    zone = zone_named(workspace.zone)
    first = today_of(workspace, at).replace(day=1)
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return automatic.charged_minor(
        tx, partner.id, workspace.id, currency, start_instant(first, zone), start_instant(following, zone)
    )


def most_packs(
    tx: Tx, partner: Partner, workspace: Workspace, setting: AutoTopUp, pack: Pack, at: dt.datetime
) -> int:
    """How many of the pack the cap and one payment leave room for."""
    most = CURRENCIES[pack.currency].maximum // pack.amount_minor
    if setting.cap_minor is None:
        return most
    left = setting.cap_minor - month_used(tx, partner, workspace, pack.currency, at)
    return max(0, min(most, left // pack.amount_minor))


def is_anything(
    tx: Tx, partner: Partner, workspace: Workspace, setting: AutoTopUp | None, balance: int, at: dt.datetime
) -> bool:
    """Whether points are needed now: for a renewal, or as the balance is low. Due cycles are worked off."""
    from billing import renewal  # which asks here

    if setting is not None and setting.low_balance is not None and balance < setting.low_balance:
        return True
    return renewal.need(tx, partner, workspace, at).missing > 0


def fewest_packs(each: int, need: "Need", most: int) -> int:
    """The fewest packs of `each` hundredths that cover the need, or renew as much as `most` of them can.

    None where they renew no further unit.
    """
    enough = -(-need.missing // each)
    if enough <= most:
        return enough
    best = need.units_kept(most * each)
    if best <= need.units_kept():
        return 0
    return next(packs for packs in range(1, most + 1) if need.units_kept(packs * each) >= best)


def waits_for_charge(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> dt.datetime | None:
    """Until when units that are unpaid in the running cycle must not lapse; None when no charge will come.

    The last date of an attempt, with an hour for it to happen, or the end of waiting for an answer: five days after the
    cycle's start at most, or after the attempt where that came late (R16). To be asked again then; what ends
    the wait earlier tells renewal so (set_next).
    """
    begins = start_instant(workspace.cycle_start, zone_named(workspace.zone))
    lead = dt.timedelta(hours=partner.lead_hours)
    first = automatic.first_charge_at(tx, partner.id, workspace.id, begins - lead)
    latest = max(begins, first or begins) + LONGEST_WAIT
    unknown = automatic.open_charge(tx, partner.id, workspace.id)
    if unknown is None:
        unknown = automatic.recovery(tx, partner.id, workspace.id)
        if unknown is not None and unknown.status == OrderStatus.OPEN:
            latest = min(latest, max(unknown.expires_at, at) + LOOK_AGAIN)
    if unknown is not None:
        if unknown.created_at < begins:
            latest = min(latest, _first_start(tx, workspace, unknown.created_at) + LONGEST_WAIT)
        return latest if latest > at else None
    this_round = _still_charging(tx, partner, workspace, at)
    if this_round is None:
        return None
    until = max(this_round.dates[-1], at) + LOOK_AGAIN
    newest = automatic.newest_charge(tx, partner.id, workspace.id)
    if this_round.due(at) is not None and (newest is None or newest.created_at < begins):
        return until
    return min(until, latest) if latest > at else None


def _first_start(tx: Tx, workspace: Workspace, at: dt.datetime) -> dt.datetime:
    """When the first cycle began that a charge made before it may have been for: short ones may have ended since."""
    made = today_of(workspace, at)
    starts = [each.start for each in workspaces.cycles(tx, workspace.partner_id, workspace.id, made)]
    first = min((start for start in starts if start >= made), default=workspace.cycle_start)
    return start_instant(first, zone_named(workspace.zone))


def _still_charging(tx: Tx, partner: Partner, workspace: Workspace, at: dt.datetime) -> Round | None:
    """The dates of attempts for the running cycle, while one is to come and can buy anything."""
    from billing import renewal  # which asks here

    setting = automatic.setting(tx, partner.id, workspace.id)
    if setting is None or setting.state != "on":
        return None
    balance = workspaces.wallet(tx, partner.id, workspace.id).balance
    pack = agreed_pack(tx, partner, setting)
    if obstacle(tx, partner, workspace, setting, balance) is not None or pack is None:
        return None
    this_round = round_for(partner, workspace, setting, workspace.cycle_start)
    most = most_packs(tx, partner, workspace, setting, pack, at)
    if this_round.next_at is None or most == 0:
        return None
    # At the boundary itself it isn't known yet what will wait.
    if workspace.lapses_at is not None:
        need = renewal.need(tx, partner, workspace, at)
        if not fewest_packs(pack.points + pack.bonus, need, most):
            return None
    return this_round
