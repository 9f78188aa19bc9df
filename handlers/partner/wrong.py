"""What was wrong with a typed answer, in words that help with the next try."""

from billing.errors import BadValueError
from billing.money import MoneyFormatError, UnknownCurrencyError
from billing.points import AmountFormatError
from handlers.refusals import words
from handlers.tongue import Tongue, h


def why(error: Exception, t: Tongue, example: str = "") -> str:
    """The reason as HTML; `example` fits the question, for what wasn't read as a number at all."""
    match error:
        case UnknownCurrencyError():
            return t("Stripe doesn't take that currency. Write its three letters: USD, EUR, JPY.")
        case MoneyFormatError(key="amount-currency"):
            return t("Write the currency's three letters behind the number.")
        case MoneyFormatError(key="amount-negative" | "amount-not-positive"):
            return t("A price is more than zero.")
        case MoneyFormatError(key="amount-step"):
            return t("That has too many decimals.")
        case AmountFormatError(key="amount-empty" | "amount-not-a-number") if example:
            return t("That isn't an amount. Try {example}.", example=f"<code>{h(example)}</code>")
        case BadValueError(field="points", value="0"):
            return t("Zero points change nothing.")
        case BadValueError(field="points"):
            return t("That is too much, or not enough: take a number above zero.")
        case BadValueError(field="bonus"):
            return t("A bonus is zero or more points.")
        case BadValueError(field="count"):
            return t("Take a whole number, zero or more.")
        case BadValueError(field="grace" | "lead" | "notice"):
            return t("That is outside of the range.")
        case BadValueError(field="limit_twice"):
            return t("There is a limit of that name already.")
        case BadValueError(field="limits"):
            return t("There can be no more limits than these.")
        case BadValueError(field="grant"):
            return t("A unit gives one or more.")
        case BadValueError(field="day"):
            return t("That isn't a date.")
        case BadValueError(field="point_price"):
            return t("A price is more than zero.")
        case _:
            return words(error, t)
