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
        *_wish_lines(t, offer),
        rows=[
            [
                button(
                    t(
                        "Refund {amount}, takes {points} points",
                        amount=t.money(left),
                        points=t.points(offer.takes),
                    ),
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
                button(t("‹ History"), buttons.History(id=offer.workspace_id)),
                button(t("Open {name}", name=offer.workspace), buttons.WorkspaceCard(id=offer.workspace_id)),
            ],
        ],
    )


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
    lines = [
        t(
            "Paid {price} on {day} for {points} points.",
            price=t.money(offer.paid),
            day=t.when(offer.paid_at, "d"),
            points=t.points(offer.points + offer.bonus),
        )
    ]
    if offer.gone.amount_minor:
        lines.append(
            t(
                "Went back so far: {amount}, with {points} points.",
                amount=t.money(offer.gone),
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
    """Refund 40 USD, takes 50 points; what the balance becomes."""
    offer, amount = quote.offer, t.money(quote.amount)
    after = quote.balance_after
    return Screen.of(
        f"<b>{h(offer.workspace)}</b>",
        t(
            "Refund {amount} of {paid}, takes {points} points.",
            amount=amount,
            paid=t.money(offer.paid),
            points=t.points(quote.takes),
        ),
        t("Balance {before} → {after}.", before=t.points(offer.balance), after=t.points(after)),
        t(
            "That is below zero: nothing is bought or renewed with points until {points} are topped up, "
            "and auto top-up goes off.",
            points=t.points(-after),
        )
        if after < 0
        else None,
        t("The money goes back to what it was paid with, in five to ten days. It can't be taken back."),
        rows=[
            [
                button(
                    t("Refund {amount}, takes {points} points", amount=amount, points=t.points(quote.takes)),
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
            lines = [refusal_line(t, amount, made.error), t("Nothing went back and no points were taken.")]
        case "failed":
            lines = [t("⚠ The bank sent {amount} back to you: the refund failed.", amount=amount)]
        case _:
            lines = [
                t("✓ {amount} refunded.", amount=amount),
                t(
                    "{workspace} has {points} points now.",
                    workspace=h(after.workspace),
                    points=t.points(after.balance),
                ),
                t("Its owner and billing people are told."),
            ]
    return Screen.of(
        f"<b>{h(after.workspace)}</b>", *lines, rows=[[again, open_it], [button(t("‹ Desk"), buttons.Desk())]]
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
