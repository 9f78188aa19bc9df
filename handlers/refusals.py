"""Refusals in words."""

from billing.cycle import UnknownZoneError
from billing.errors import (
    AlreadyMemberError,
    AmountError,
    AutoTopUpError,
    BadValueError,
    BooksBehindError,
    ChangeRunsError,
    ClosedError,
    InviteError,
    LastOwnerError,
    NoSubscriptionError,
    NotAllowedError,
    NotRefundableError,
    NotSellingError,
    PaymentsDownError,
    PlanOverLimitError,
    RefundChangedError,
    SubscriptionRunsError,
    TaxRefusedError,
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
        case TaxRefusedError():
            return t(
                "Tax can't be worked out at the moment, so nothing can be paid. Nothing was charged; your partner "
                "has been told what to do."
            )
        case BooksBehindError():
            return t(
                "We are checking our books with Stripe, and nothing is charged meanwhile. Try again in an hour."
            )
        case PaymentsDownError():
            return t("Stripe doesn't answer right now. Nothing was charged. Try again in a minute.")
        case AmountError(minimum_minor=least, maximum_minor=most, currency=currency):
            return t(
                "One payment can be {least} to {most}.",
                least=t.money(Money(least, currency)),
                most=t.money(Money(most, currency)),
            )
        case NotRefundableError(reason=reason, left=left):
            return _not_refundable(t, reason, left)
        case RefundChangedError(left=left):
            return t("Something went back meanwhile: {left} is left now.", left=t.money(left))
        case ClosedError():
            return t("This workspace is closed. Its points stay; your partner can open it again.")
        case PlanOverLimitError(over=over):
            limits = ", ".join(h(each.label) for each in over)
            return t("More is used than that allows: {limits}.", limits=limits)
        case SubscriptionRunsError():
            return t("A subscription pays for the plan already. Change that one.")
        case NoSubscriptionError():
            return t("No subscription runs here any more.")
        case ChangeRunsError():
            return t("Another change of the plan waits for its payment.")
        case AutoTopUpError(reason=reason, cap=cap):
            return _auto_topup(t, reason, cap)
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
        case BadValueError(field="taken"):
            return t("Another one is called so.")
        case BadValueError(field="price_unknown"):
            return t("Stripe doesn't know this price. Copy its id from Stripe; it begins with price_.")
        case BadValueError(field="price_inactive"):
            return t("This price is archived in Stripe.")
        case BadValueError(field="price_once"):
            return t("This price isn't a fixed recurring sum. Make one that is paid each month or year.")
        case BadValueError(field="price_taken"):
            return t("This price pays for another plan.")
        case BadValueError(field="stripe_price"):
            return t("Stripe's price says what it costs.")
        case BadValueError(field="plans"):
            return t("That is the most plans there can be.")
        case BadValueError(field="name" | "label"):
            return t("A name needs letters.")
        case BadValueError(field="reason"):
            return t("A reason is missing. The customer reads it.")
        case BadValueError(field="amount"):
            return t("Stripe doesn't take that amount in this currency.")
        case BadValueError(field="whole_cycles"):
            return t(
                "Some workspaces have or had units of it this month. This can change once their month is over."
            )
        case BadValueError(field="price"):
            return t("It needs a price first.")
        case BadValueError(field="date"):
            return t("Take a date within a year from today.")
        case BadValueError():
            return t("That can't be used. Try something else.")
        case _:
            return t("That can't be done.")


def _not_refundable(t: Tongue, reason: str, left: Money | None) -> str:
    match reason:
        case "amount" if left is not None:
            return t("Take more than zero and at most {left}.", left=t.money(left))
        case "nothing":
            return t("All of it went back already.")
        case "disputed":
            return t(
                "A dispute runs at the bank, so Stripe takes no refund. Answer it in Stripe's dashboard."
            )
        case "mode":
            return t("This was paid in another mode of Stripe. Refund it in Stripe's dashboard.")
        case "gone":
            return t(
                "The Stripe account that is connected now doesn't know this payment. Refund it where it was paid."
            )
        case _:
            return t("Stripe isn't connected. Refund it in Stripe's dashboard, or connect it again.")


def _auto_topup(t: Tongue, reason: str, cap: Money | None) -> str:
    match reason:
        case "debt":
            return t("The balance is below zero. Top up by hand first, then auto top-up can go on.")
        case "charging":
            return t("The card is being charged right now. Wait a moment before you pay by hand.")
        case "recovering":
            return t("A page to pay is open already. Pay there or cancel it first.")
        case "recovered":
            return t("The points for this have been paid already, so nothing more is charged.")
        case "not_needed":
            return t("Nothing has to be paid for any more, so nothing was charged.")
        case "cap" if cap is not None:
            limit = t.money(cap)
            return t("Your limit of {limit} a month doesn't reach for it. Nothing was charged.", limit=limit)
        case "card":
            return t("There is no card to charge.")
        case "pack":
            return t("Choose a pack first.")
        case _:
            return t("Nothing can be charged at the moment.")


def plain(text: str) -> str:
    """HTML without markup of its own, as plain text for pop-ups."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
