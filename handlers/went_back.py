"""Points of payments that were taken or given back, explained alike to customers and partners (R26, R29)."""

from billing.history import Row
from billing.money import Money
from handlers.tongue import Tongue


def went_back_lines(t: Tongue, row: Row) -> list[str]:
    """Why points of a payment, or of test payments, were taken or given back, and how many (R26, R29)."""
    back = row.went_back
    if back is None:
        return _tests_lines(t, row)
    refunded = Money(back.gone.amount_minor - back.disputed.amount_minor, back.gone.currency)
    causes = [
        t("Refunded so far: {amount} of {paid}.", amount=t.money(refunded), paid=t.money(back.paid))
        if refunded.amount_minor
        else None,
        t("Disputed at the bank: {amount} of {paid}.", amount=t.money(back.disputed), paid=t.money(back.paid))
        if back.disputed.amount_minor
        else None,
        None if back.gone.amount_minor else t("All of the payment counts again."),
    ]
    words = (
        t("In proportion that takes {taken} of its {credited} bonus points; {before} were taken before.")
        if back.bonus
        else t("In proportion that takes {taken} of its {credited} points; {before} were taken before.")
    )
    share = words.format(
        taken=t.points(back.taken),
        credited=t.points(back.credited),
        before=t.points(back.taken + row.amount),
    )
    return [*(cause for cause in causes if cause is not None), share]


def _tests_lines(t: Tongue, row: Row) -> list[str]:
    """What test payments had brought, and why no more of it was taken; empty for any other row."""
    tests = row.tried_out
    if tests is None:
        return []
    lines = [
        t(
            "In test mode no money moves, so going live took what test payments had brought: {points} points.",
            points=t.points(tests.credited),
        ),
    ]
    if tests.back:
        lines.append(t("Taken before, by refunds: {points}.", points=t.points(tests.back)))
    if tests.spent:
        lines.append(t("Not taken, as it was spent: {points}.", points=t.points(tests.spent)))
    return lines
