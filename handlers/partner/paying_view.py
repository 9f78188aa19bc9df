"""How a workspace pays, in two lines of its card: the plan's subscription (R25) and auto top-up (R19)."""

from billing.automatic.declines import CONFIRMATION
from billing.automatic.watching import WatchedAutoTopUp
from billing.plans.comparing import Paying
from handlers.customer.autotopup_view import result
from handlers.tongue import Tongue, h
from storage.models import TEST_OVER


def subscription_line(t: Tongue, paying: Paying | None) -> str | None:
    """None where no subscription pays for the plan."""
    if paying is None:
        return None
    if paying.given_up:
        return t("⚠ Subscription  unpaid, Stripe has given up")
    if paying.failing:
        return t("⚠ Subscription  payment failing, Stripe tries again")
    if paying.period_end is None:
        return t("Subscription  ends") if paying.ends else t("Subscription  running")
    day = t.when(paying.period_end, "D")
    if paying.ends:
        return t("Subscription  ends {day}", day=day)
    return t("Subscription  next payment {day}", day=day)


def automatic_line(t: Tongue, facts: WatchedAutoTopUp) -> str:
    """How it stands and why, which card, what came of it last."""
    stands = {
        "on": t("Auto top-up  on"),
        "ask": t("Auto top-up  asks first"),
        "suspended": t("⚠ Auto top-up  stopped"),
    }.get(facts.state, t("Auto top-up  off"))
    if facts.reason:
        stands = t("{state}: {why}", state=stands, why=_why(t, facts.reason))
    parts = [stands]
    if facts.card is not None:
        brand, last4 = facts.card
        parts.append(f"{h(brand.replace('_', ' ').capitalize())} ···· {h(last4)}")
    if facts.last is not None:
        said_already = facts.reason and facts.last.reason == facts.reason
        parts.append(
            t(
                "last {when}, {price}, {result}",
                when=t.when(facts.last.at, "d"),
                price=t.money(facts.last.price),
                result=t("failed") if said_already else result(t, facts.last, _why(t, facts.last.reason)),
            )
        )
    return " · ".join(parts)


def _why(t: Tongue, key: str) -> str:
    """A few words that end a line. Stripe asks not to tell of lost or stolen cards: those read as any other."""
    match key:
        case "debt":
            return t("the balance is below zero")
        case "dispute":
            return t("a payment was disputed")
        case "owner":
            return t("the owner was replaced")
        case "closed":
            return t("the workspace is closed")
        case "card_gone":
            return t("the card isn't there any more")
        case "pack":
            return t("its pack isn't sold like that any more")
        case "expired_card":
            return t("the card has expired")
        case "insufficient_funds" | "withdrawal_count_limit_exceeded" | "card_velocity_exceeded":
            return t("not enough money, or over the card's limit")
        case "unreachable":
            return t("Stripe couldn't be reached")
        case _ if key == CONFIRMATION:
            return t("the bank wants the customer to confirm it")
        case _ if key == TEST_OVER:
            return t("the test is over")
        case _:
            return t("the bank said no")
