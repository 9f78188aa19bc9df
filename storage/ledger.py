"""The statements of the ledger's door. Deciding is billing.ledger's; here is only SQL.

Set-based: one statement locks all wallets, one looks up all references, one inserts all postings, one
updates all wallets, whatever the size of the batch.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import bindparam, func, insert, select, tuple_, update

from storage.models import Posting, Wallet
from storage.prepared import Among, Prepared
from storage.sets import InsertSet, UpdateSet
from storage.transaction import Tx

WalletKey: TypeAlias = tuple[int, int]
"""partner_id, workspace_id"""


class PostingRow(NamedTuple):
    """A posting to write, with every column of the table."""

    partner_id: int
    workspace_id: int
    number: int
    reference: str
    line: int
    kind: str
    amount: int
    balance_after: int
    floor: int
    forced: bool
    at: dt.datetime
    person_id: int | None
    addon_id: int | None
    cycle_start: dt.date | None
    order_id: int | None
    note: str
    explained: dict[str, Any] | None


_wallets = Wallet.__table__.c
_postings = Posting.__table__.c

_LOCK_ONE = Prepared(
    select(_wallets.balance, _wallets.posted)
    .where(_wallets.partner_id == bindparam("partner"), _wallets.workspace_id == bindparam("workspace"))
    .with_for_update()
)
_LOCK_MANY = (
    select(_wallets.partner_id, _wallets.workspace_id, _wallets.balance, _wallets.posted)
    .where(tuple_(_wallets.partner_id, _wallets.workspace_id).in_(bindparam("keys", expanding=True)))
    .order_by(_wallets.partner_id, _wallets.workspace_id)
    .with_for_update()
)
# Plain rows, added up in Python: for GROUP BY, SQLite walks the primary key through all of the partner's postings.
_KNOWN = (
    select(
        _postings.reference,
        _postings.workspace_id,
        _postings.number,
        _postings.amount,
        _postings.balance_after,
    )
    .where(_postings.partner_id == bindparam("partner"))
    .order_by(_postings.reference, _postings.line)
)
_KNOWN_ONE = Prepared(_KNOWN.where(_postings.reference == bindparam("reference")))
_KNOWN_MANY = Prepared(_KNOWN.where(Among(_postings.reference, "references")))
_INSERT = insert(Posting.__table__)  # type: ignore[arg-type]  # declarative tables are typed FromClause
_UPDATE = (
    update(Wallet.__table__)  # type: ignore[arg-type]  # declarative tables are typed FromClause
    .where(_wallets.partner_id == bindparam("partner"), _wallets.workspace_id == bindparam("workspace"))
    .values(balance=bindparam("new_balance"), posted=bindparam("new_posted"))
)
_INSERT_ONE, _UPDATE_ONE = Prepared(_INSERT), Prepared(_UPDATE)
_INSERT_MANY = InsertSet(Posting, PostingRow._fields)
_UPDATE_MANY = UpdateSet(Wallet, ("partner_id", "workspace_id"), ("balance", "posted"))
# On PostgreSQL a batch of one saves itself a round trip; SQLite knows no UPDATE in a WITH.
_WRITE_ONE = Prepared(_INSERT.add_cte(_UPDATE.cte("moved")))
_CHUNK = 10_000
"""Bound parameters of one statement stay below asyncpg's 32,767."""


@dataclass(slots=True)
class WalletRow:
    """A locked wallet: balance in hundredths, number of the newest posting."""

    balance: int
    posted: int


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A posting of a reference that was posted before."""

    reference: str
    workspace_id: int
    number: int
    amount: int
    balance_after: int


def lock_wallets(tx: Tx, keys: Collection[WalletKey]) -> dict[WalletKey, WalletRow]:
    """Lock in id order. A key without a wallet is missing in the answer."""
    if len(keys) == 1:
        (key,) = keys
        found = _LOCK_ONE.run(tx, partner=key[0], workspace=key[1])
        return {key: WalletRow(*found[0])} if found else {}
    ordered = sorted(set(keys))
    locked: dict[WalletKey, WalletRow] = {}
    for start in range(0, len(ordered), _CHUNK):
        for row in tx.conn.execute(_LOCK_MANY, {"keys": ordered[start : start + _CHUNK]}):
            locked[row.partner_id, row.workspace_id] = WalletRow(row.balance, row.posted)
    return locked


def known_lines(tx: Tx, partner_id: int, references: Sequence[str]) -> list[KnownLine]:
    """The postings of this partner under these references; those of a reference together, in their order."""
    if len(references) == 1:
        return [KnownLine(*row) for row in _KNOWN_ONE.run(tx, partner=partner_id, reference=references[0])]
    return [KnownLine(*row) for row in _KNOWN_MANY.run(tx, partner=partner_id, references=references)]


def write(tx: Tx, rows: Sequence[PostingRow], wallets: dict[WalletKey, WalletRow]) -> None:
    """Append rows and write back the locked wallets they moved."""
    if len(rows) > 1:
        _INSERT_MANY.run(tx, rows)
        _UPDATE_MANY.run(tx, [(wallet.balance, wallet.posted, *key) for key, wallet in wallets.items()])
        return
    (((partner_id, workspace_id), wallet),) = wallets.items()
    moved = {
        "partner": partner_id,
        "workspace": workspace_id,
        "new_balance": wallet.balance,
        "new_posted": wallet.posted,
    }
    if tx.dialect == "postgresql":
        _WRITE_ONE.run(tx, **rows[0]._asdict(), **moved)
    else:
        _INSERT_ONE.run(tx, **rows[0]._asdict())
        _UPDATE_ONE.run(tx, **moved)


def open_wallet(tx: Tx, partner_id: int, workspace_id: int) -> None:
    """An empty wallet for a new workspace."""
    tx.session.add(Wallet(partner_id=partner_id, workspace_id=workspace_id, balance=0, posted=0))


def posted_for(tx: Tx, partner_id: int, workspace_id: int, addon_id: int, cycle_start: dt.date) -> int:
    """What an add-on has cost so far in a cycle: hundredths, charges positive (R7)."""
    total = tx.conn.execute(
        select(func.coalesce(func.sum(_postings.amount), 0)).where(
            _postings.partner_id == partner_id,
            _postings.workspace_id == workspace_id,
            _postings.addon_id == addon_id,
            _postings.cycle_start == cycle_start,
        )
    ).scalar_one()
    return -int(total)


def posted_by_addon(
    tx: Tx, partner_id: int, workspace_id: int, addon_ids: Collection[int], cycle_start: dt.date
) -> dict[int, int]:
    """As posted_for, of several add-ons at once; those that nothing is posted for are left out."""
    found = tx.conn.execute(
        select(_postings.addon_id, func.sum(_postings.amount))
        .where(
            _postings.partner_id == partner_id,
            _postings.workspace_id == workspace_id,
            _postings.addon_id.in_(list(addon_ids)),
            _postings.cycle_start == cycle_start,
        )
        .group_by(_postings.addon_id)
    )
    return {addon_id: -int(total) for addon_id, total in found if addon_id is not None}


def postings_page(tx: Tx, partner_id: int, workspace_id: int, below: int, limit: int) -> list[Posting]:
    """Postings numbered under `below`, newest first: the same cost on the first page and on the last."""
    return list(
        tx.session.scalars(
            select(Posting)
            .where(
                Posting.partner_id == partner_id,
                Posting.workspace_id == workspace_id,
                Posting.number < below,
            )
            .order_by(Posting.number.desc())
            .limit(limit)
        )
    )


def posting(tx: Tx, partner_id: int, workspace_id: int, number: int) -> Posting | None:
    """One row of the ledger."""
    return tx.session.get(Posting, (partner_id, workspace_id, number))


def operation_lines(tx: Tx, partner_id: int, reference: str) -> list[Posting]:
    """The postings of one operation, by line."""
    return list(
        tx.session.scalars(
            select(Posting)
            .where(Posting.partner_id == partner_id, Posting.reference == reference)
            .order_by(Posting.line)
        )
    )
