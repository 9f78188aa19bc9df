"""Buying several add-ons as one purchase: all of them or none (R12, R22)."""

from dataclasses import dataclass

from billing import renewal, standing
from billing.access import LockedSeat, Role, Seat, locked_seat
from billing.addons import Changed, forget_purchase, is_selling, remember_purchase
from billing.addons.making import make_change
from billing.addons.quotes import Planned
from billing.call import Call
from billing.errors import MixChangedError, MixShortError, NotSellingError
from billing.rescue import Mix, mix_of
from storage import workspaces
from storage.transaction import Tx

Wanted = tuple[tuple[int, int], ...]
"""Add-ons with their units in all (R13)."""


@dataclass(frozen=True, slots=True)
class MixBought:
    """What was bought. Nothing, where all of it was there already: `changes` is empty."""

    workspace_id: int
    changes: tuple[Changed, ...]
    balance: int
    paused: bool
    resumed: bool

    @property
    def amount(self) -> int:
        """Hundredths charged."""
        return sum(change.amount for change in self.changes)


def buy_mix(tx: Tx, call: Call, workspace_id: int, wanted: Wanted, quoted: int) -> MixBought:
    """Get each add-on to its units, at the sum that was quoted for all of them (R11). Never takes units away.

    Raises NotSellingError, NotAllowedError, GoneError, MixChangedError, MixShortError; then none is bought.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    was_paused = bool(standing.reasons(place.workspace))
    planned = _missing(tx, call, place, wanted)
    amount = sum(each.formula.amount for each in planned)
    if planned:
        if not is_selling(place.partner):
            raise NotSellingError
        if amount != quoted:
            raise MixChangedError(amount)
        if amount > max(0, place.wallet.balance):
            raise MixShortError(amount - place.wallet.balance)
    changes = tuple(
        make_change(tx, call.part(f"mix-{each.addon.id}"), each, place.wallet, settles=each is planned[-1])
        for each in planned
    )
    paused = bool(standing.reasons(place.workspace))
    balance = changes[-1].balance if changes else place.wallet.balance
    return MixBought(workspace_id, changes, balance, paused, was_paused and not paused)


def _missing(tx: Tx, call: Call, place: LockedSeat, wanted: Wanted) -> list[Planned]:
    """What of it isn't there yet. Raises GoneError for what is not sold any more."""
    loaded = [
        Planned.load(tx, place.partner, place.workspace, addon_id, units, call.at)
        for addon_id, units in dict(wanted).items()
    ]
    missing = [each for each in loaded if each.units_before < each.units_after]
    # What gives points back comes first, so that the balance covers each as it covers all of them.
    return sorted(missing, key=lambda each: each.formula.amount)


def remember_mix(tx: Tx, call: Call, workspace_id: int, wanted: Wanted) -> Mix:
    """Keep all of it until the points arrive (R12); answers what it costs by then, as of today."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    renewal.catch_up(tx, call, place.partner, place.workspace, place.wallet)
    assert call.person_id is not None
    sought = Seat(place.workspace, place.partner, place.role)
    mix = mix_of(tx, sought, call.person_id, dict(wanted), call.at)
    for way in mix.ways:
        remember_purchase(tx, call, workspace_id, way.addon_id, way.units_after)
    return mix


def forget_all(tx: Tx, call: Call, workspace_id: int) -> None:
    """The customer calls every remembered purchase off."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.BILLING)
    for intent in workspaces.intents(tx, place.partner.id, workspace_id):
        forget_purchase(tx, call, workspace_id, intent.addon_id)
