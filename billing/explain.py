"""How an amount came about, kept with its posting so that the history can say it years later."""

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
        **({"waited": waited} if waited else {}),
    }


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
    )
