"""How an amount came about, kept with its posting so that the history can say it years later."""

import datetime as dt
from typing import Any

from billing.proration import Formula, Part


def pack(formula: Formula, units_before: int, units_after: int, waited: int = 0) -> dict[str, Any]:
    """As JSON for the ledger. A renewal's units go from those paid before. `waited`: units that waited for points and
    that an addition paid too (R15).
    """
    return {
        "price": formula.price,
        "of_days": formula.of_days,
        "parts": [[part.units, part.days, part.amount] for part in formula.parts],
        "amount": formula.amount,
        "rounding": formula.rounding,
        "before": units_before,
        "after": units_after,
        **({"freed": formula.freed, "freed_days": formula.freed_days} if formula.freed else {}),
        **({"waited": waited} if waited else {}),
    }


def pack_kept(
    price: int, of_days: int, units_before: int, units_after: int, until: dt.date
) -> dict[str, Any]:
    """Of a removal without refund: what was paid stays paid up to a date (R10)."""
    nothing = Formula(price, of_days, (), 0, 0)
    return {**pack(nothing, units_before, units_after), "paid_until": until.isoformat()}


def paid_until(stored: dict[str, Any]) -> dt.date | None:
    """Up to which date what was removed stays paid; None: it was removed with refund."""
    until = stored.get("paid_until")
    return dt.date.fromisoformat(until) if until is not None else None


def waited_units(stored: dict[str, Any] | None) -> int:
    """Units that waited for points and that an addition paid too."""
    return int(stored.get("waited", 0)) if stored else 0


def unpack(stored: dict[str, Any]) -> Formula:
    """Back from the ledger."""
    return Formula(
        stored["price"],
        stored["of_days"],
        tuple(Part(*part) for part in stored["parts"]),
        stored["amount"],
        stored["rounding"],
        stored.get("freed", 0),
        stored.get("freed_days", 0),
    )
