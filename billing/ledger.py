"""The ledger's one door (DESIGN 5.1). It takes a batch: a purchase is a batch of one, a sweep one of thousands."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from storage import ledger as rows
from storage.ledger import PostingRow, WalletKey, WalletRow
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
    REDATED = "redated"
    """Dates that a new renewal date cut off (R4)."""
    FREED = "freed"
    """Dates on which credit billing was off (R7)."""
    TEST_POINTS = "test_points"
    """Of payments in test mode, gone with going live (R26)."""


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


class Operation(NamedTuple):
    """One reference with its lines: taken or refused whole. `forced` passes the floor (R29, R31).

    A tuple, as what a sweep makes thousands of: a frozen dataclass takes four times as long to make.
    """

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
        return self.lines[0].amount if len(self.lines) == 1 else sum(line.amount for line in self.lines)


class Posted(NamedTuple):
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
    rows: list[PostingRow] = field(default_factory=list)


def post(
    tx: Tx, operations: Sequence[Operation], locked: dict[WalletKey, WalletRow] | None = None
) -> list[Posted | Refused]:
    """Post a batch, in its order; one answer per operation.

    Wallets are locked before references are looked up: under READ COMMITTED the look-up must see what a
    rival committed while we waited for the lock. `locked`: the wallets, of a caller that holds their locks already.
    """
    if not operations:
        return []
    if locked is None:
        locked = rows.lock_wallets(tx, {(op.partner_id, op.workspace_id) for op in operations})
    batch = _Batch(locked)
    done = _known(tx, operations)
    answers: list[Posted | Refused] = []
    for op in operations:
        known_as = op.partner_id, op.reference
        before = done.get(known_as)
        if before is not None:
            if before.workspace_id != op.workspace_id:
                raise ReferenceReusedError(op.reference)
            answers.append(before if before.repeated else before._replace(repeated=True))
            continue
        answer = _take(batch, op)
        if isinstance(answer, Posted):
            done[known_as] = answer
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
    lines = sorted(op.lines, key=lambda line: line.amount < 0) if len(op.lines) > 1 else op.lines
    for number, line in enumerate(lines):
        wallet.balance += line.amount
        wallet.posted += 1
        batch.rows.append(
            PostingRow(
                op.partner_id,
                op.workspace_id,
                wallet.posted,
                op.reference,
                number,
                line.kind,
                line.amount,
                wallet.balance,
                op.floor,
                op.forced,
                op.at,
                op.person_id,
                line.addon_id,
                line.cycle_start,
                line.order_id,
                line.note,
                line.explained,
            )
        )
    batch.touched[key] = wallet
    return Posted(op.workspace_id, op.reference, amount, wallet.balance, first, wallet.posted)
