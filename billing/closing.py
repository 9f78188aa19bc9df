"""Closing a workspace (R37): add-ons and plan end with the cycle, the card goes at once, points stay."""

import datetime as dt
from dataclasses import dataclass

from billing import audit, notices, renewal, standing
from billing.access import Role, desk_locked, seat
from billing.automatic.stopping import stop
from billing.call import Call
from billing.errors import StrangerError
from billing.plans.ending import end_with_period
from storage import catalogue, people, workspaces
from storage.models import Partner, Wallet, Workspace
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing means, or meant. Hundredths of points."""

    workspace_id: int
    workspace: str
    partner: str
    ends: dt.date
    """Until when everything goes on."""
    over: bool
    """Whether that day has come: what has ended stays ended."""
    balance: int
    active: tuple[tuple[str, int], ...]
    """Label and units of what ends."""
    closed: bool
    zone: str


def closing(tx: Tx, person_id: int, workspace_id: int, now: dt.datetime) -> Closing:
    """What closing would mean, for an owner. Raises StrangerError, NotAllowedError, CycleDueError."""
    place = seat(tx, person_id, workspace_id, Role.OWNER)
    renewal.expect_current(place.workspace, now)
    balance = workspaces.wallet(tx, place.partner.id, workspace_id).balance
    return _closing(tx, place.partner, place.workspace, balance)


def close(tx: Tx, call: Call, workspace_id: int) -> Closing:
    """An owner closes it. Nothing renews any more and no card is charged; until the cycle's end everything goes on.

    Raises StrangerError, NotAllowedError.
    """
    partner, workspace, wallet = _owned(tx, call, workspace_id)
    renewal.catch_up(tx, call, partner, workspace, wallet)
    if workspace.closed_at is None:
        workspace.closed_at = call.at
        stop(tx, call, workspace, "closed", drop_card=True)
        end_with_period(tx, call, partner.id, workspace_id)
        for intent in workspaces.intents(tx, partner.id, workspace_id):
            tx.session.delete(intent)
        tx.session.flush()
        _tell(tx, call, partner, workspace, "closed")
    return _closing(tx, partner, workspace, wallet.balance)


def reopen(tx: Tx, call: Call, workspace_id: int) -> Closing:
    """An owner opens it again: what hasn't ended renews again. Auto top-up and the card have to be set up anew.

    Raises StrangerError, NotAllowedError.
    """
    partner, workspace, wallet = _owned(tx, call, workspace_id)
    renewal.catch_up(tx, call, partner, workspace, wallet)
    if workspace.closed_at is not None:
        _open(tx, call, partner, workspace)
    return _closing(tx, partner, workspace, wallet.balance)


def reopen_from_desk(tx: Tx, call: Call, workspace_id: int) -> None:
    """The partner opens it again for its owner. Raises GoneError, NotAllowedError."""
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    if workspace.closed_at is None:
        return
    audit.record(tx, call, place.partner.id, "reopen", workspace_id=workspace_id, subject=workspace.name)
    _open(tx, call, place.partner, workspace)


def _open(tx: Tx, call: Call, partner: Partner, workspace: Workspace) -> None:
    workspace.closed_at = None
    tx.session.flush()
    _tell(tx, call, partner, workspace, "reopened")
    # What held it while it was closed was told to nobody.
    before = frozenset[str]() if workspace.plan_id is None else None
    standing.settle(tx, call, partner, workspace, before=before)


def _owned(tx: Tx, call: Call, workspace_id: int) -> tuple[Partner, Workspace, Wallet]:
    """The locked workspace of an owner, open or closed."""
    found = workspaces.lock(tx, workspace_id)
    if found is None or call.person_id is None:
        raise StrangerError
    workspace, wallet = found
    place = seat(tx, call.person_id, workspace_id, Role.OWNER)
    return place.partner, workspace, wallet


def _tell(tx: Tx, call: Call, partner: Partner, workspace: Workspace, kind: str) -> None:
    person = people.person(tx, call.person_id) if call.person_id is not None else None
    facts = {"by": person.name if person is not None else "", "until": workspace.cycle_end.isoformat()}
    notices.tell_workspace(tx, call, partner.id, workspace.id, kind, facts, but=call.person_id)
    notices.tell_desk(
        tx,
        call,
        partner.id,
        f"desk_{kind}",
        {"workspace_id": workspace.id, "workspace": workspace.name, **facts},
        but=call.person_id,
    )


def _closing(tx: Tx, partner: Partner, workspace: Workspace, balance: int) -> Closing:
    labels = {addon.id: addon.label for addon in catalogue.addons(tx, partner.id)}
    return Closing(
        workspace.id,
        workspace.name,
        partner.name,
        workspace.cycle_end,
        workspace.plan_id is None,
        balance,
        tuple(
            (labels[state.addon_id], state.units)
            for state in workspaces.addon_states(tx, partner.id, workspace.id)
        ),
        workspace.closed_at is not None,
        workspace.zone,
    )
