"""The screens of a refund: what is left, what it takes, what became of it (R29)."""

from billing.money import Money
from billing.money import currency as currency_of
from billing.refund_requests import Declined
from billing.refunding import RefundOffer, RefundOrder, RefundQuote
from handlers.partner import buttons
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h


def offer_view(t: Tongue, offer: RefundOffer, said: str | None = None) -> Screen:
    """What was paid, what went back, what is left. `said`: why the last try came to nothing."""
    order, left = offer.order_id, offer.left
    may = bool(left.amount_minor) and not offer.dispute
    wish = offer.wish
    return Screen.of(
        said,
        f"<b>{h(offer.workspace)}</b> · {t('refund')}",
        *_payment_lines(t, offer),
        _left_line(t, offer),
        _plan_stays(t) if may and offer.plan is not None else None,
        *_wish_lines(t, offer),
        rows=[
            [
                button(
                    _doing(t, offer, left, offer.takes),
                    buttons.QuoteRefund(order=order, amount_minor=left.amount_minor),
                )
            ]
            if may
            else None,
            [button(t("Another amount"), buttons.TypeRefund(order=order))] if may else None,
            [button(t("Decline the request"), buttons.DeclineRefund(request=wish.id, order=order))]
            if wish is not None and wish.open
            else None,
            [
                button(t("‹ Payments"), buttons.Payments(id=offer.workspace_id)),
                button(t("Open {name}", name=offer.workspace), buttons.WorkspaceCard(id=offer.workspace_id)),
            ],
        ],
    )


def _doing(t: Tongue, offer: RefundOffer, amount: Money, takes: int) -> str:
    """What a refund does, plain: a plan's payment takes no points."""
    if offer.plan is not None:
        return t("Refund {amount}", amount=t.money(amount))
    return t("Refund {amount}, takes {points} points", amount=t.money(amount), points=t.points(takes))


def _plan_stays(t: Tongue) -> str:
    return t("A refund doesn't end the plan or change it.")


def _left_line(t: Tongue, offer: RefundOffer) -> str:
    if not offer.left.amount_minor:
        return t("Nothing is left to refund.")
    match offer.dispute:
        case "open":
            return t(
                "A dispute runs at the bank: answer it in Stripe's dashboard. A refund isn't possible meanwhile."
            )
        case "lost":
            return t("A dispute of it is lost, so Stripe refunds no more of it.")
        case _:
            return t("Left to refund: {left}.", left=t.money(offer.left))


def _payment_lines(t: Tongue, offer: RefundOffer) -> list[str]:
    brought = offer.points + offer.bonus
    of_plan = offer.plan is not None
    bought = h(offer.plan or t("a plan")) if of_plan else t("{points} points", points=t.points(brought))
    lines = [
        t(
            "Paid {price} on {day} for {what}.",
            price=t.money(offer.paid),
            day=t.when(offer.paid_at, "d"),
            what=bought,
        )
    ]
    if offer.gone.amount_minor:
        gone = t.money(offer.gone)
        lines.append(
            t("Went back so far: {amount}.", amount=gone)
            if of_plan
            else t(
                "Went back so far: {amount}, with {points} points.",
                amount=gone,
                points=t.points(offer.reversed),
            )
        )
    if offer.on_its_way.amount_minor:
        lines.append(
            t("On its way, Stripe hasn't confirmed it yet: {amount}.", amount=t.money(offer.on_its_way))
        )
    return lines


def _wish_lines(t: Tongue, offer: RefundOffer) -> list[str]:
    wish = offer.wish
    if wish is None or not wish.open:
        return []
    name = h(wish.person or t("former member"))
    lines = [t("{name} asked for it on {day}.", name=name, day=t.when(wish.at, "d"))]
    return [*lines, f"<i>{h(wish.reason)}</i>"] if wish.reason else lines


def quote_view(t: Tongue, quote: RefundQuote) -> Screen:
    """Refund 40 USD, takes 50 points; what the balance becomes. Of a plan: that it stays."""
    offer = quote.offer
    return Screen.of(
        f"<b>{h(offer.workspace)}</b>",
        *(_quoted_points(t, quote) if offer.plan is None else _quoted_plan(t, quote)),
        t("The money goes back to what it was paid with, in five to ten days. It can't be taken back."),
        rows=[
            [
                button(
                    _doing(t, offer, quote.amount, quote.takes),
                    buttons.MakeRefund(
                        order=offer.order_id,
                        amount_minor=quote.amount.amount_minor,
                        left_minor=offer.left.amount_minor,
                    ),
                    "danger",
                )
            ],
            [button(t("Cancel"), buttons.Refund(order=offer.order_id))],
        ],
    )


def _quoted_points(t: Tongue, quote: RefundQuote) -> list[str]:
    offer, after = quote.offer, quote.balance_after
    lines = [
        t(
            "Refund {amount} of {paid}, takes {points} points.",
            amount=t.money(quote.amount),
            paid=t.money(offer.paid),
            points=t.points(quote.takes),
        ),
        t("Balance {before} → {after}.", before=t.points(offer.balance), after=t.points(after)),
    ]
    if after < 0:
        lines.append(
            t(
                "That is below zero: nothing is bought or renewed with points until {points} are topped up, "
                "and auto top-up goes off.",
                points=t.points(-after),
            )
        )
    return lines


def _quoted_plan(t: Tongue, quote: RefundQuote) -> list[str]:
    paid = t.money(quote.offer.paid)
    return [t("Refund {amount} of {paid}.", amount=t.money(quote.amount), paid=paid), _plan_stays(t)]


def asking_lines(t: Tongue, offer: RefundOffer) -> list[str]:
    """How much? Something up to what is left."""
    step, left = currency_of(offer.left.currency).step, offer.left.amount_minor
    some = Money(left // 2 // step * step or left, offer.left.currency)
    return [
        f"<b>{h(offer.workspace)}</b> · {t('refund')}",
        t("How much? Up to {left} is left.", left=t.money(offer.left)),
        t("For example: {example}", example=f"<code>{t.money(some)}</code>"),
    ]


def refunded_view(t: Tongue, made: RefundOrder, after: RefundOffer) -> Screen:
    """What became of a refund."""
    amount = t.money(made.amount)
    again = button(t("Refund"), buttons.Refund(order=made.order_id))
    open_it = button(t("Open {name}", name=after.workspace), buttons.WorkspaceCard(id=after.workspace_id))
    match made.status:
        case "asked":
            lines = [
                t("Stripe hasn't confirmed the refund of {amount} yet.", amount=amount),
                t("It is repeated by itself, never twice. You are told what came of it."),
            ]
        case "refused":
            nothing = t("Nothing went back and no points were taken.")
            if after.plan is not None:
                nothing = t("Nothing went back.")
            lines = [refusal_line(t, amount, made.error), nothing]
        case "failed":
            lines = [t("⚠ The bank sent {amount} back to you: the refund failed.", amount=amount)]
        case _:
            lines = [
                t("✓ {amount} refunded.", amount=amount),
                t("The plan stays as it is.")
                if after.plan is not None
                else t(
                    "{workspace} has {points} points now.",
                    workspace=h(after.workspace),
                    points=t.points(after.balance),
                ),
                t("Its owner and billing people are told."),
            ]
    plan = (
        [button(t("Its plan"), buttons.WorkspacePlan(id=after.workspace_id))]
        if after.plan is not None
        else []
    )
    return Screen.of(
        f"<b>{h(after.workspace)}</b>",
        *lines,
        rows=[[again, open_it], plan, [button(t("‹ Desk"), buttons.Desk())]],
    )


def refusal_line(t: Tongue, amount: str, code: str) -> str:
    """Why Stripe would not, as far as it said."""
    match code:
        case "charge_already_refunded":
            why = t("All of it went back already.")
        case "charge_disputed":
            why = t("The payment is disputed at the bank.")
        case "balance_insufficient" | "insufficient_funds":
            why = t("The balance of your Stripe account doesn't cover it. Top it up there, then try again.")
        case "unreachable":
            why = t("Stripe couldn't be reached for a day.")
        case _:
            why = t("Stripe says: {code}.", code=f"<code>{h(code)}</code>")
    return f"{t('⚠ {amount} was not refunded.', amount=amount)} {why}"


def declined_view(t: Tongue, done: Declined) -> Screen:
    """What the customer hears now, or that somebody was quicker."""
    match done.status:
        case "refunded":
            line = t("It was refunded meanwhile.")
        case _ if done.told:
            line = t("Declined. They have been told.")
        case _:
            line = t("Declined.")
    return Screen.of(
        f"<b>{h(done.workspace)}</b>",
        line,
        rows=[
            [button(t("Open {name}", name=done.workspace), buttons.WorkspaceCard(id=done.workspace_id))],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )
