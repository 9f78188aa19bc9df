"""The partner adds or takes points by hand (R31). It runs the same way as a payment."""

import datetime as dt
from dataclasses import dataclass

from billing import audit, notices, renewal, standing
from billing.access import DeskRole, desk_locked
from billing.addons import UNDO_TIME, Completed
from billing.arrival import NOTHING_ARRIVED, Arrival, points_arrived
from billing.call import Call
from billing.errors import BadValueError, BelowZeroError, GoneError, UndoOverError
from billing.ledger import Kind, Line, Operation, Posted, post
from billing.text import NOTE_LENGTH, required
from storage import ledger
from storage.models import Partner, Wallet, Workspace
from storage.transaction import Tx

MOST = 1_000_000_000_00
"""Hundredths that one adjustment may move."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What an adjustment did; hundredths."""

    workspace_id: int
    workspace: str
    point_name: str
    amount: int
    balance_before: int
    balance: int
    note: str
    number: int
    """The posting: what Undo names."""
    undo_until: dt.datetime | None
    told: int
    """How many people were told."""
    bought: tuple[Completed, ...]
    renewed: tuple[tuple[str, int, int], ...] = ()
    """Units that waited for points to renew: label, units, hundredths charged."""


def adjust(
    tx: Tx, call: Call, workspace_id: int, amount: int, note: str, *, accept_debt: bool = False
) -> Adjusted:
    """Add (positive) or take (negative) hundredths, with a reason; completes remembered purchases, tells the customer.

    Raises BelowZeroError until it is asked for twice, BadValueError (points, reason, length).
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    if amount == 0 or abs(amount) > MOST:
        raise BadValueError("points", str(amount))
    reason = required(note, "reason", NOTE_LENGTH)
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    operation = Operation(
        place.partner.id,
        workspace_id,
        call.reference,
        (Line(Kind.ADJUSTMENT, amount, note=reason),),
        call.at,
        call.person_id,
        forced=accept_debt or amount > 0,
    )
    (posted,) = post(tx, [operation])
    if not isinstance(posted, Posted):
        raise BelowZeroError(wallet.balance, amount)
    arrival = NOTHING_ARRIVED
    told = 0
    if not posted.repeated:
        arrival = _settle(tx, call, place.partner, workspace, wallet, amount)
        told = notices.tell_workspace(
            tx,
            call,
            place.partner.id,
            workspace_id,
            "adjusted",
            {
                "amount": amount,
                "note": reason,
                "balance": wallet.balance,
                **arrival.params(),
            },
        )
        audit.record(
            tx,
            call,
            place.partner.id,
            "points",
            workspace_id=workspace_id,
            subject=reason,
            before={"balance": posted.balance_after - amount},
            after={"balance": posted.balance_after},
        )
    return Adjusted(
        workspace_id,
        workspace.name,
        place.partner.point_name,
        amount,
        posted.balance_after - amount,
        posted.balance_after,
        reason,
        posted.last,
        call.at + UNDO_TIME,
        told,
        arrival.bought,
        arrival.renewed,
    )


def undo(tx: Tx, call: Call, workspace_id: int, number: int, *, accept_debt: bool = False) -> Adjusted:
    """Take an adjustment back within ten minutes, as a posting of its own. Twice is once.

    Points that come back complete what waited for them. Raises UndoOverError, GoneError, and BelowZeroError until it
    is asked for twice where what was given is spent.
    """
    place, workspace, wallet = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    posting = ledger.posting(tx, place.partner.id, workspace_id, number)
    if posting is None or posting.kind != Kind.ADJUSTMENT:
        raise GoneError
    renewal.catch_up(tx, call, place.partner, workspace, wallet)
    operation = Operation(
        place.partner.id,
        workspace_id,
        f"undo:{posting.reference}",
        (Line(Kind.UNDO, -posting.amount, note=posting.note),),
        call.at,
        call.person_id,
        forced=accept_debt or posting.amount < 0,
    )
    known = ledger.operation_lines(tx, place.partner.id, operation.reference)
    if not known and call.at > posting.at + UNDO_TIME:
        raise UndoOverError
    (posted,) = post(tx, [operation])
    if not isinstance(posted, Posted):
        raise BelowZeroError(wallet.balance, -posting.amount)
    arrival = NOTHING_ARRIVED
    told = 0
    if not posted.repeated:
        arrival = _settle(tx, call, place.partner, workspace, wallet, -posting.amount)
        told = notices.tell_workspace(
            tx,
            call,
            place.partner.id,
            workspace_id,
            "adjusted",
            {
                "amount": -posting.amount,
                "note": posting.note,
                "balance": wallet.balance,
                "undo": True,
                **arrival.params(),
            },
        )
        audit.record(
            tx,
            call,
            place.partner.id,
            "undo_points",
            workspace_id=workspace_id,
            subject=posting.note,
            before={"balance": posted.balance_after + posting.amount},
            after={"balance": posted.balance_after},
        )
    return Adjusted(
        workspace_id,
        workspace.name,
        place.partner.point_name,
        -posting.amount,
        posted.balance_after + posting.amount,
        posted.balance_after,
        posting.note,
        posted.last,
        None,
        told,
        arrival.bought,
        arrival.renewed,
    )


def _settle(
    tx: Tx, call: Call, partner: Partner, workspace: Workspace, wallet: Wallet, amount: int
) -> Arrival:
    """What follows from points that were posted: those that came do as a payment's do."""
    if amount > 0:
        return points_arrived(tx, call, partner, workspace, wallet)
    tx.session.expire(wallet)
    standing.settle(tx, call, partner, workspace)
    return NOTHING_ARRIVED
