"""What the partner's people are told of refunds, disputes and wishes to have a payment back (R29)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from billing import refunding, workspaces
from billing.errors import BillingError
from billing.money import Money
from billing.refunding import RefundOffer
from billing.workspaces import WorkspaceCard
from handlers.partner import buttons
from handlers.partner.refunds_view import refusal_line
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h

if TYPE_CHECKING:
    from handlers.notices import Reader, Writer


async def _card(services: Services, reader: "Reader", params: dict[str, Any]) -> WorkspaceCard | None:
    """The workspace, while the reader still works here."""
    try:
        return await services.db.read(
            workspaces.card, reader.person_id, params["workspace_id"], services.clock.now()
        )
    except BillingError:
        return None


async def _reversal(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    card = await _card(services, reader, params)
    if card is None:
        return None
    t = reader.t
    lines = [
        change_line(t, kind, Money(minor, params["currency"]), here=here)
        for kind, minor, here in params["changes"]
    ]
    moved, balance = params["moved"], params["balance"]
    return Screen.of(
        f"<b>{h(card.name)}</b>",
        _paid_line(t, params.get("plan"), t.money(Money(params["paid"], params["currency"]))),
        *lines,
        t("The plan stays as it is.") if params.get("plan") is not None else None,
        t("{points} points were taken; it has {balance}.", points=t.points(-moved), balance=t.points(balance))
        if moved < 0
        else None,
        t("{points} points are back; it has {balance}.", points=t.points(moved), balance=t.points(balance))
        if moved > 0
        else None,
        t("Below zero nothing is bought or renewed with points.") if moved < 0 and balance < 0 else None,
        t("Its auto top-up is off now.") if params["stopped"] else None,
        rows=[
            [
                button(t("Look at the payment"), buttons.Refund(order=params["order_id"])),
                button(t("Open {name}", name=card.name), buttons.WorkspaceCard(id=card.id)),
            ]
        ],
    )


def _paid_line(t: Tongue, plan: str | None, paid: str) -> str:
    if plan:
        return t("Its payment of {paid} for {plan}:", paid=paid, plan=h(plan))
    return t("Its payment of {paid}:", paid=paid)


def change_line(t: Tongue, kind: str, amount: Money, *, here: bool) -> str:
    """One thing that happened to a payment."""
    sum_ = t.money(amount)
    match kind:
        case "refunded" if here:
            return t("✓ {amount} refunded, as asked for here.", amount=sum_)
        case "refunded":
            return t("{amount} was refunded at Stripe.", amount=sum_)
        case "refund_failed":
            return t("⚠ A refund of {amount} failed: the bank sent it back to you.", amount=sum_)
        case "disputed":
            return t(
                "⚠ {amount} is disputed at the bank. Answer it in Stripe's dashboard in time.", amount=sum_
            )
        case "won":
            return t("✓ The dispute of {amount} is won.", amount=sum_)
        case "lost":
            return t("The dispute of {amount} is lost.", amount=sum_)
        case "inquiry":
            return t(
                "The bank asks about {amount}; no money is taken yet. Answer it in Stripe's dashboard.",
                amount=sum_,
            )
        case _:
            return t("What went back of it changed by {amount}.", amount=sum_)


async def _refund_refused(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """A refund whose answer was lost came to nothing in the end."""
    card = await _card(services, reader, params)
    if card is None:
        return None
    t = reader.t
    amount = t.money(Money(params["amount"], params["currency"]))
    return Screen.of(
        f"<b>{h(card.name)}</b>",
        refusal_line(t, amount, params["code"]),
        t("Nothing went back and no points were taken."),
        rows=[[button(t("Look at the payment"), buttons.Refund(order=params["order_id"]))]],
    )


async def _refund_request(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """A customer asks for a payment back; None once it is answered."""
    try:
        offer: RefundOffer = await services.db.read(refunding.seen, reader.person_id, params["order_id"])
    except BillingError:
        return None
    t, wish = reader.t, offer.wish
    if wish is None or not wish.open or wish.id != params["request_id"]:
        return None
    return Screen.of(
        t(
            "<b>{workspace}</b> asks for a payment back: {amount}.",
            workspace=h(offer.workspace),
            amount=t.money(offer.left),
        ),
        t("{name}: <i>{reason}</i>", name=h(wish.person), reason=h(wish.reason))
        if wish.reason
        else t("{name} gave no reason.", name=h(wish.person)),
        t("It paid {plan}. A refund doesn't change the plan.", plan=h(offer.plan or t("a plan")))
        if offer.plan is not None
        else t(
            "It brought {points} points; they have {balance} now.",
            points=t.points(offer.points + offer.bonus),
            balance=t.points(offer.balance),
        ),
        rows=[
            [
                button(t("Refund"), buttons.Refund(order=offer.order_id)),
                button(t("Decline"), buttons.DeclineRefund(request=wish.id, order=offer.order_id)),
            ],
            [button(t("Open {name}", name=offer.workspace), buttons.WorkspaceCard(id=offer.workspace_id))],
        ],
    )


async def _test_over(services: Services, reader: "Reader", params: dict[str, Any]) -> Screen | None:
    """You are live, and what was tried out is gone (R26); None for who doesn't work here any more."""
    try:
        await services.db.read(workspaces.desk_view, reader.person_id, services.clock.now())
    except BillingError:
        return None
    t, count = reader.t, params["workspaces"]
    return Screen.of(
        t.n(
            "✓ You are live. In {count} workspace what was tried out in test mode has ended: {points} test points are taken back.",
            "✓ You are live. In {count} workspaces what was tried out in test mode has ended: {points} test points are taken back.",
            count,
            points=t.points(params["points"]),
        ),
        rows=[[button(t("Audit"), buttons.Audit()), button(t("‹ Desk"), buttons.Desk())]],
    )


WRITERS: "Mapping[str, Writer]" = {
    "desk_reversal": _reversal,
    "desk_test_over": _test_over,
    "desk_refund_refused": _refund_refused,
    "refund_request": _refund_request,
}
