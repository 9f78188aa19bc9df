"""Turns of speech that several of the customer's screens share, and the buttons that lead back."""

from collections.abc import Iterable

from aiogram.types import InlineKeyboardButton

from billing.access import Role
from billing.addons import Completed
from billing.errors import StrangerError
from billing.history import Row
from billing.ledger import Kind
from billing.points import HUNDREDTHS
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.screens import button
from handlers.tongue import Tongue, h


def here(speaker: Speaker) -> int:
    """The workspace that a command means. Raises StrangerError for who has none."""
    if speaker.visitor.current is None:
        raise StrangerError
    return speaker.visitor.current


def points(t: Tongue, hundredths: int) -> str:
    """2.50 points, 1 point."""
    whole, rest = divmod(abs(hundredths), HUNDREDTHS)
    # A broken number goes with the plural.
    count = whole if rest == 0 else max(whole, 2)
    return t.n("{amount} point", "{amount} points", count, amount=t.points(hundredths))


def payment_for(t: Tongue, plan: str | None, hundredths: int) -> str:
    """What a payment bought, plain: Business Lite, 50 points. `plan` is empty for one unknown."""
    if plan is None:
        return points(t, hundredths)
    return plan or t("a plan")


def units_of(t: Tongue, units: int, label: str) -> str:
    """2 × Extra bot, plain."""
    return f"{t.number(units)} × {label}"


def role_name(t: Tongue, role: Role) -> str:
    match role:
        case Role.OWNER:
            return t("owner")
        case Role.BILLING:
            return t("billing")
        case Role.VIEWER:
            return t("viewer")


def over_limit(t: Tongue, label: str, used: int, allowance: int) -> str:
    """What is too many, by how much."""
    return t(
        "{label}: {used} of {allowance}, {over} too many.",
        label=h(label),
        used=t.number(used),
        allowance=t.number(allowance),
        over=t.number(used - allowance),
    )


def outcomes(
    t: Tongue, bought: Iterable[Completed], renewed: Iterable[tuple[str, int, int]] = ()
) -> list[str]:
    """What became of points that arrived: units that waited for them, then remembered purchases, a line each."""
    lines = [
        t("Renewed: {what}, for {cost}.", what=h(units_of(t, units, label)), cost=points(t, cost))
        for label, units, cost in renewed
    ]
    for each in bought:
        what = h(units_of(t, each.units, each.label))
        match each.outcome:
            case "bought":
                lines.append(t("Bought: {what}, for {cost}.", what=what, cost=points(t, each.amount)))
            case "short":
                lines.append(
                    t("Not bought yet: {what}. {missing} missing.", what=what, missing=points(t, each.amount))
                )
            case "off":
                lines.append(
                    t(
                        "Not bought: {what}. Buying is switched off at the moment; your points stay.",
                        what=what,
                    )
                )
            case "price":
                lines.append(t("Not bought: {what}. Its price has changed; look again.", what=what))
            case _:
                lines.append(t("Not bought: {what}. It isn't sold any more.", what=what))
    return lines


def look_again(t: Tongue, workspace_id: int, bought: Iterable[Completed]) -> list[list[InlineKeyboardButton]]:
    """A row for each remembered purchase that came to nothing and that can be made by hand, now or later."""
    return [
        [
            button(
                t("Buy {label}", label=each.label),
                buttons.AddonCard(workspace=workspace_id, addon=each.addon_id),
            )
        ]
        for each in bought
        if each.outcome in {"price", "off"}
    ]


def posting_name(t: Tongue, row: Row) -> str:
    """What a posting is, plain."""
    label = row.addon or ""
    match row.kind:
        case Kind.TOPUP:
            return t("Top-up")
        case Kind.BONUS:
            return t("Bonus of a top-up")
        case Kind.ADDON:
            return t("Added {what}", what=units_of(t, row.units_after - row.units_before, label))
        case Kind.REFUND if row.units_before > row.units_after:
            return t("Removed {what}", what=units_of(t, row.units_before - row.units_after, label))
        case Kind.REFUND:
            return t("Removed {label}", label=label)
        case Kind.RENEWAL:
            return t("Renewed {what}", what=units_of(t, row.units_after - row.units_before, label))
        case Kind.ADJUSTMENT:
            return t("By {partner}: {note}", partner=row.partner, note=row.note)
        case Kind.UNDO:
            return t("Undone: {what}", what=label or row.note)
        case Kind.PAYBACK if row.amount > 0:
            return t("Points of a payment came back")
        case Kind.PAYBACK:
            return t("A payment went back")
        case Kind.REDATED:
            return t("Days cut off by a new renewal date: {label}", label=label)
        case Kind.FREED:
            return t("Days on which nothing was charged: {label}", label=label)
        case Kind.TEST_POINTS:
            return t("Points of test payments taken back")


def menu(t: Tongue) -> InlineKeyboardButton:
    """Back to the first screen."""
    return InlineKeyboardButton(text=t("Menu"), callback_data="menu")
