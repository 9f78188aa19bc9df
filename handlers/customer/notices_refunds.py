"""What customers are told of points taken back: by refunds and disputes (R29), by going live (R26)."""

from billing.addons import Completed
from billing.money import Money
from handlers.customer import buttons
from handlers.customer.phrases import look_again, outcomes, points, units_of
from handlers.customer.telling import Params, about_workspace, opens, told
from handlers.notices import Reader, Writer
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h


async def reversal(services: Services, reader: Reader, params: Params) -> Screen | None:
    """Something of a payment went back, is disputed, or came back."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    moved, balance, ws = params["moved"], params["balance"], about.workspace_id
    paid = Money(params["paid"], params["currency"])
    lines = [
        line
        for kind, minor, _ in params["changes"]
        if (line := change_line(t, kind, Money(minor, paid.currency), paid)) is not None
    ]
    if moved < 0:
        lines.append(t("{points} were taken for it.", points=points(t, -moved)))
    elif moved > 0:
        lines.append(t("{points} are back.", points=points(t, moved)))
    bought = [Completed(*each) for each in params["bought"]]
    lines += outcomes(t, bought, params["renewed"])
    if params.get("plan") is None:
        lines.append(t("You have {points}.", points=points(t, balance)))
    else:
        lines.append(
            t("It was for {plan}. A refund changes no plan.", plan=h(params["plan"] or t("the plan")))
        )
    short = moved < 0 and balance < 0
    if short:
        lines.append(
            t(
                "That is below zero: nothing is bought or renewed with points until you top up {points}. "
                "What you have stays until its renewal.",
                points=points(t, -balance),
            )
        )
    if params["stopped"]:
        lines.append(t("Auto top-up is off now. You can switch it on again."))
    gave_back = moved > 0 and any(kind == "won" for kind, _, _ in params["changes"])
    automatic = [button(t("Auto top-up"), buttons.AutoTopUp(workspace=ws))] if gave_back else []
    if gave_back:
        lines.append(t("Auto top-up was switched off for it: look whether you want it on again."))
    look = button(t("History"), buttons.History(workspace=ws))
    if params.get("plan") is not None:
        look = button(t("Payments"), buttons.Payments(workspace=ws))
    top_up = [button(t("Top up"), buttons.TopUp(workspace=ws), "success")] if short else []
    return told(
        t,
        about,
        *lines,
        rows=[*look_again(t, ws, bought), top_up, automatic, [look, *opens(t, ws)]],
    )


def change_line(t: Tongue, kind: str, amount: Money, paid: Money) -> str | None:
    """One thing that happened to the payment, as its payer sees it; None for what is the partner's business."""
    named = {"amount": t.money(amount), "paid": t.money(paid)}
    match kind:
        case "refunded" if amount == paid:
            return t("Your payment of {paid} was refunded. It takes the bank five to ten days.", **named)
        case "refunded":
            return t(
                "{amount} of your payment of {paid} was refunded. It takes the bank five to ten days.",
                **named,
            )
        case "refund_failed":
            return t("The refund of {amount} didn't arrive at the bank, so it counts as paid again.", **named)
        case "disputed":
            return t("Your payment of {paid} is disputed at the bank: {amount} is held back.", **named)
        case "won":
            return t("The dispute of {amount} is over and the payment counts again.", **named)
        case "lost":
            return t("The dispute is over: {amount} of your payment of {paid} went back.", **named)
        case "moved":
            return t("What went back of your payment of {paid} changed by {amount}.", **named)
        case _:
            return None


async def refund_declined(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner said no to a wish to have a payment back."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    return told(
        t,
        about,
        t("{partner} doesn't refund the payment you asked about.", partner=h(about.partner)),
        f"<i>{h(params['note'])}</i>" if params["note"] else None,
        rows=[
            [
                button(t("Look at the payment"), buttons.Payment(order=params["order_id"])),
                *opens(t, about.workspace_id),
            ]
        ],
    )


async def test_over(services: Services, reader: Reader, params: Params) -> Screen | None:
    """The partner went live: what was tried out in test mode is gone (R26)."""
    t, about = reader.t, await about_workspace(services, reader, params)
    if about is None:
        return None
    taken, spent, ws = params["taken"], params["spent"], about.workspace_id
    forgotten = ", ".join(h(units_of(t, units, label)) for label, units in params["forgotten"])
    lines = [
        t("The test is over: {points} of test payments are gone.", points=points(t, taken))
        if taken
        else t("The test is over: from now on payments are real."),
        t(
            "In test mode no money moves, so those points were only to try it out. From now on payments are real."
        )
        if taken
        else None,
        t("{points} of test payments are spent already and stay so.", points=points(t, spent))
        if spent
        else None,
        t("What was added with them stays until its renewal.") if spent else None,
        t("A test payment that was open can't be paid any more.") if params["orders"] else None,
        t("Not bought, as it waited for that payment: {what}.", what=forgotten) if forgotten else None,
        t("The test card is removed.") if params["cards"] else None,
        t("Auto top-up is off now. You can switch it on again.") if params["stopped"] else None,
        t("You have {points}.", points=points(t, params["balance"])),
    ]
    automatic = [button(t("Auto top-up"), buttons.AutoTopUp(workspace=ws))] if params["stopped"] else []
    return told(
        t,
        about,
        *lines,
        rows=[
            [button(t("Top up"), buttons.TopUp(workspace=ws), "success"), *automatic],
            [button(t("History"), buttons.History(workspace=ws)), *opens(t, ws)],
        ],
    )


WRITERS: dict[str, Writer] = {
    "reversal": reversal,
    "refund_declined": refund_declined,
    "test_over": test_over,
}
