"""Refusals in words."""

from billing.cycle import UnknownZoneError
from billing.errors import (
    AlreadyMemberError,
    AmountError,
    BadValueError,
    ClosedError,
    InviteError,
    LastOwnerError,
    NotAllowedError,
    NotSellingError,
    PaymentsDownError,
    TooLongError,
    UndoOverError,
)
from billing.money import Money, UnknownCurrencyError
from billing.points import AmountFormatError
from handlers.tongue import Tongue, h


def words(error: Exception, t: Tongue) -> str:
    """What a refusal says, as HTML."""
    match error:
        case NotAllowedError(right="remove"):
            return t("Here the partner removes add-ons. Ask for it with one tap.")
        case NotAllowedError(right=right, who=who):
            names = h(", ".join(who[:3]))
            if right == "owner":
                return t("Only an owner can do this: {names}.", names=names)
            if right == "billing":
                return t("Only the owner or billing can do this: {names}.", names=names)
            return t("Your role at the desk only looks. Ask {names}.", names=names)
        case NotSellingError():
            return t("Buying is switched off at the moment. Your partner knows how to switch it on.")
        case PaymentsDownError():
            return t("Stripe doesn't answer right now. Nothing was charged. Try again in a minute.")
        case AmountError(minimum_minor=least, maximum_minor=most, currency=currency):
            return t(
                "One payment can be {least} to {most}.",
                least=t.money(Money(least, currency)),
                most=t.money(Money(most, currency)),
            )
        case ClosedError():
            return t("This workspace is closed. Its points stay; your partner can open it again.")
        case InviteError():
            return t(
                "This link doesn't work any more. Each link works once and for seven days: ask for a new one."
            )
        case AlreadyMemberError():
            return t("You are in already. The link still works: forward it to the person it is for.")
        case LastOwnerError():
            return t("Somebody has to own the workspace. Hand it over first.")
        case UndoOverError():
            return t("Undo works for ten minutes and only for the latest change.")
        case UnknownZoneError():
            return t("That time zone isn't known. Try the largest city near you: Berlin, Chicago, Dubai.")
        case UnknownCurrencyError():
            return t("Stripe doesn't know that currency. Try USD, EUR or JPY.")
        case AmountFormatError(key="amount-decimals"):
            return t("That has too many decimals.")
        case AmountFormatError(key="amount-too-large"):
            return t("That is too large.")
        case AmountFormatError(key="amount-ambiguous"):
            return t("That could be read in two ways. Leave out the thousands' mark.")
        case AmountFormatError():
            return t("That isn't an amount. Try 10 or 2.50.")
        case TooLongError(most=most):
            return t("That is too long: {most} characters at most.", most=t.number(most))
        case BadValueError(field="name" | "label"):
            return t("A name needs letters.")
        case BadValueError(field="reason"):
            return t("A reason is missing. The customer reads it.")
        case BadValueError(field="amount"):
            return t("Stripe doesn't take that amount in this currency.")
        case BadValueError(field="whole_cycles"):
            return t("Some workspaces have units of it. This can only change while nobody has.")
        case BadValueError(field="price"):
            return t("It needs a price first.")
        case BadValueError(field="date"):
            return t("Take a date within a year from today.")
        case BadValueError():
            return t("That can't be used. Try something else.")
        case _:
            return t("That can't be done.")


def plain(text: str) -> str:
    """HTML without markup of its own, as plain text for pop-ups."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
