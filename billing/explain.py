"""How an amount came about, kept with its posting so that the history can say it years later."""

from typing import Any

from billing.proration import Formula, Part


def pack(formula: Formula, units_before: int, units_after: int) -> dict[str, Any]:
    """As JSON for the ledger."""
    return {
        "price": formula.price,
        "of_days": formula.of_days,
        "parts": [[part.units, part.days, part.amount] for part in formula.parts],
        "amount": formula.amount,
        "rounding": formula.rounding,
        "before": units_before,
        "after": units_after,
    }


def unpack(stored: dict[str, Any]) -> Formula:
    """Back from the ledger."""
    return Formula(
        stored["price"],
        stored["of_days"],
        tuple(Part(*part) for part in stored["parts"]),
        stored["amount"],
        stored["rounding"],
    )
