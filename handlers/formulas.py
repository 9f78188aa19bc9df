"""How a posting or a quote was worked out, read alike by customers and partners (R7, R11)."""

from billing.history import Row
from billing.ledger import Kind
from billing.proration import Formula
from handlers.tongue import Tongue


def formula_text(t: Tongue, formula: Formula, *, whole_cycles: bool = False) -> str | None:
    """1 × 5 × 15 / 30 = 2.50, a line a part; None where there is nothing to work out.

    Points that come back are worked out above zero, as the sentence beside them names them.
    """
    price, sign = t.points(formula.price), -1 if formula.amount < 0 else 1
    lines = [
        f"{part.units * sign} × {price}{'' if whole_cycles else f' × {part.days} / {formula.of_days}'}"
        f" = {t.points(part.amount * sign)}".replace("-", "−")
        for part in formula.parts
    ]
    if formula.freed:
        lines.append(
            t.n(
                "{count} day without billing: {amount}",
                "{count} days without billing: {amount}",
                formula.freed_days,
                amount=t.points(formula.freed * sign, sign=True),
            )
        )
    if formula.rounding and not whole_cycles:
        amount = t.points(formula.rounding * sign, sign=True)
        # Rounding is a hundredth a part at most; what is more was charged or given back for days that were over.
        is_rounding = abs(formula.rounding) <= len(formula.parts)
        lines.append(
            t("rounding {amount}", amount=amount)
            if is_rounding
            else t("earlier days: {amount}", amount=amount)
        )
    if len(lines) > 1:
        lines.append(f"= {t.points(formula.amount * sign)}")
    return "\n".join(lines) or None


def explanation(t: Tongue, row: Row) -> list[str]:
    """Why a posting of an add-on is what it is: a sentence where its name doesn't say it, then the formula."""
    lines = [_reason(t, row), formula_text(t, row.formula) if row.formula is not None else None]
    return [line for line in lines if line is not None]


def _reason(t: Tongue, row: Row) -> str | None:
    before, after = t.number(row.units_before), t.number(row.units_after)
    if row.kept_until is not None:
        return t("Removed without refund: what was paid stays paid until {day}.", day=t.day(row.kept_until))
    if row.kind == Kind.UNDO and row.units_before != row.units_after:
        return t("From {before} back to {after}.", before=before, after=after)
    if row.kind == Kind.REDATED:
        return t("The month ends earlier now. The days that are cut off come back.")
    if row.formula is None or row.amount:
        return None
    if row.kind in {Kind.ADDON, Kind.RENEWAL} and not row.formula.parts:
        return t("Credit billing was off: free to the end of the month.")
    if row.kind in {Kind.REFUND, Kind.UNDO} and not row.formula.parts:
        return t("Nothing comes back for this month.")
    return None
