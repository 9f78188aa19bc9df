"""Reads a stopped bot's SQLite file by statements of its own and says what doesn't add up. Shares no code with the bot."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_BOOKS = {
    "a wallet isn't the sum of its postings": """
        SELECT w.workspace_id, w.balance, COALESCE(SUM(p.amount), 0) FROM wallets w
        LEFT JOIN postings p USING (partner_id, workspace_id)
        GROUP BY w.partner_id, w.workspace_id HAVING w.balance <> COALESCE(SUM(p.amount), 0)""",
    "a posting doesn't follow from the one before": """
        SELECT workspace_id, number FROM (
            SELECT workspace_id, number, amount, balance_after,
                   LAG(balance_after, 1, 0) OVER chain AS before, LAG(number, 1, 0) OVER chain AS previous
            FROM postings WINDOW chain AS (PARTITION BY partner_id, workspace_id ORDER BY number))
        WHERE balance_after <> before + amount OR number <> previous + 1""",
    "an add-on's units aren't what its changes lead to": """
        SELECT s.workspace_id, s.addon_id, s.units FROM addon_states s
        WHERE s.units <> (SELECT c.units_after FROM addon_changes c
                          WHERE (c.partner_id, c.workspace_id, c.addon_id) = (s.partner_id, s.workspace_id, s.addon_id)
                          ORDER BY c.number DESC LIMIT 1)""",
    "an add-on's change doesn't follow from the one before": """
        SELECT workspace_id, addon_id, number FROM (
            SELECT workspace_id, addon_id, number, units_before,
                   LAG(units_after, 1, 0) OVER (PARTITION BY partner_id, workspace_id, addon_id ORDER BY number) AS before
            FROM addon_changes)
        WHERE units_before <> before""",
    "one tap changed an add-on twice": """
        SELECT reference, COUNT(*) FROM addon_changes GROUP BY partner_id, reference HAVING COUNT(*) > 1""",
    "an update waits or was given up": """
        SELECT update_id, error FROM telegram_updates WHERE done_at IS NULL OR error <> ''""",
    "a notice waits or was given up": "SELECT id, kind, status FROM outbox WHERE status NOT IN ('sent', 'blocked')",
    "a paid order isn't credited exactly once, with exactly its points": """
        SELECT o.id, o.points, o.bonus, COUNT(p.number), SUM(p.amount) FROM orders o
        LEFT JOIN postings p ON p.partner_id = o.partner_id AND p.order_id = o.id AND p.kind IN ('topup', 'bonus')
        WHERE o.status = 'paid' GROUP BY o.partner_id, o.id
        HAVING COUNT(p.number) <> 1 + (o.bonus > 0) OR SUM(p.amount) <> o.points + o.bonus""",
    "points for an order that isn't paid": """
        SELECT p.order_id FROM postings p JOIN orders o ON o.partner_id = p.partner_id AND o.id = p.order_id
        WHERE p.kind IN ('topup', 'bonus') AND o.status <> 'paid'""",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """What people did, by their own account and Stripe's."""

    paid: Mapping[str, int]
    """Paid sessions, with the money in minor units."""
    gifts: Mapping[str, tuple[int, int]]
    """Points by hand, by their reason, each used once: workspace, hundredths."""
    orders_to_buy: int
    """How often somebody confirmed to buy add-ons."""


def inconsistencies(database: Path, happened: Happened) -> list[str]:
    """A sentence for each thing that doesn't add up."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = [
            f"{what}: {row}" for what, statement in _BOOKS.items() for row in connection.execute(statement)
        ]
        credited = dict(
            connection.execute("SELECT session_id, amount_minor FROM orders WHERE status = 'paid'")
        )
        found += [f"paid at Stripe, not credited: {one}" for one in happened.paid.keys() - credited.keys()]
        found += [f"credited, not paid at Stripe: {one}" for one in credited.keys() - happened.paid.keys()]
        found += [
            f"credited for other money: {one}"
            for one in happened.paid.keys() & credited.keys()
            if happened.paid[one] != credited[one]
        ]
        found += _gifts(connection, happened)
        (bought,) = connection.execute("SELECT COUNT(*) FROM addon_changes").fetchone()
        if bought > happened.orders_to_buy:
            found.append(f"{bought} changes of add-ons from {happened.orders_to_buy} taps")
        return found


def _gifts(connection: sqlite3.Connection, happened: Happened) -> list[str]:
    given: dict[str, list[tuple[int, int]]] = {}
    for note, workspace, amount in connection.execute(
        "SELECT note, workspace_id, amount FROM postings WHERE kind = 'adjustment'"
    ):
        given.setdefault(note, []).append((workspace, amount))
    found = [
        f"given twice, or nobody gave it: {note} {rows}" for note, rows in given.items() if len(rows) > 1
    ]
    return found + [
        f"not given as asked: {note} {asked}, but {given.get(note)}"
        for note, asked in happened.gifts.items()
        if asked not in given.get(note, [])
    ]
