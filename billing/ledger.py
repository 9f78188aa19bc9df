"""The ledger's one door (DESIGN 5.1). It takes a batch: a purchase is a batch of one, a sweep one of thousands."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any

from storage import ledger as rows
from storage.ledger import WalletKey, WalletRow
from storage.transaction import Tx


class Kind(StrEnum):
    """What a posting is, for the history and the reports."""

    TOPUP = "topup"
    BONUS = "bonus"
    ADDON = "addon"
    REFUND = "refund"
    RENEWAL = "renewal"
    ADJUSTMENT = "adjustment"
    UNDO = "undo"
    PAYBACK = "payback"


@dataclass(frozen=True, slots=True)
class Line:
    """One posting-to-be: hundredths of a point, positive into the wallet."""

    kind: Kind
    amount: int
    addon_id: int | None = None
    cycle_start: dt.date | None = None
    order_id: int | None = None
    note: str = ""
    explained: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One reference with its lines: taken or refused whole. `forced` passes the floor (R29, R31)."""

    partner_id: int
    workspace_id: int
    reference: str
    lines: tuple[Line, ...]
    at: dt.datetime
    person_id: int | None = None
    forced: bool = False
    floor: int = 0

    @property
    def amount(self) -> int:
        """The sum of the lines."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Posted:
    """An operation that stands in the ledger. `repeated`: it stood there before this call."""

    workspace_id: int
    reference: str
    amount: int
    balance_after: int
    first: int
    last: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """An operation that the balance does not cover; `missing` hundredths of a point."""

    workspace_id: int
    reference: str
    missing: int


class ReferenceReusedError(Exception):
    """A reference came back for another workspace: a defect of the caller, never a repeat."""


@dataclass(slots=True)
class _Batch:
    wallets: dict[WalletKey, WalletRow]
    touched: dict[WalletKey, WalletRow] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)


def post(tx: Tx, operations: Sequence[Operation]) -> list[Posted | Refused]:
    """Post a batch, in its order; one answer per operation.

    Wallets are locked before references are looked up: under READ COMMITTED the look-up must see what a
    rival committed while we waited for the lock.
    """
    if not operations:
        return []
    batch = _Batch(rows.lock_wallets(tx, {(op.partner_id, op.workspace_id) for op in operations}))
    done = _known(tx, operations)
    answers: list[Posted | Refused] = []
    for op in operations:
        before = done.get((op.partner_id, op.reference))
        if before is not None:
            if before.workspace_id != op.workspace_id:
                raise ReferenceReusedError(op.reference)
            answers.append(before)
            continue
        answer = _take(batch, op)
        if isinstance(answer, Posted):
            done[op.partner_id, op.reference] = Posted(
                answer.workspace_id,
                answer.reference,
                answer.amount,
                answer.balance_after,
                answer.first,
                answer.last,
                repeated=True,
            )
        answers.append(answer)
    if batch.rows:
        rows.write(tx, batch.rows, batch.touched)
    return answers


def _known(tx: Tx, operations: Iterable[Operation]) -> dict[tuple[int, str], Posted]:
    by_partner: dict[int, list[str]] = {}
    for op in operations:
        by_partner.setdefault(op.partner_id, []).append(op.reference)
    known: dict[tuple[int, str], Posted] = {}
    for partner_id, references in by_partner.items():
        lines = rows.known_lines(tx, partner_id, references)
        for reference, together in groupby(lines, attrgetter("reference")):
            first, *_ = found = list(together)
            last = found[-1]
            known[partner_id, reference] = Posted(
                first.workspace_id,
                reference,
                sum(line.amount for line in found),
                last.balance_after,
                first.number,
                last.number,
                repeated=True,
            )
    return known


def _take(batch: _Batch, op: Operation) -> Posted | Refused:
    key = (op.partner_id, op.workspace_id)
    wallet = batch.wallets[key]
    amount = op.amount
    if amount < 0 and not op.forced and wallet.balance + amount < op.floor:
        return Refused(op.workspace_id, op.reference, op.floor - wallet.balance - amount)
    first = wallet.posted + 1
    # An operation is refused or taken as a whole, so the floor is judged on its sum: credits go first,
    # lest a line that takes away dips below the floor on the way.
    for number, line in enumerate(sorted(op.lines, key=lambda line: line.amount < 0)):
        wallet.balance += line.amount
        wallet.posted += 1
        batch.rows.append(
            {
                "partner_id": op.partner_id,
                "workspace_id": op.workspace_id,
                "number": wallet.posted,
                "reference": op.reference,
                "line": number,
                "kind": line.kind,
                "amount": line.amount,
                "balance_after": wallet.balance,
                "floor": op.floor,
                "forced": op.forced,
                "at": op.at,
                "person_id": op.person_id,
                "addon_id": line.addon_id,
                "cycle_start": line.cycle_start,
                "order_id": line.order_id,
                "note": line.note,
                "explained": line.explained,
            }
        )
    batch.touched[key] = wallet
    return Posted(op.workspace_id, op.reference, amount, wallet.balance, first, wallet.posted)
