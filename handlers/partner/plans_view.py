"""The partner's plans as text and buttons (R24, R25)."""

from billing.plans.catalogue import PlanCard
from billing.plans.granting import Touch
from handlers.customer.plan_view import price
from handlers.partner import buttons
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h


def plans_view(t: Tongue, cards: list[PlanCard], requests: int, news: str | None = None) -> Screen:
    """Every plan in the customers' order."""
    fallback = next((card.name for card in cards if card.fallback), None)
    asked = t.n("{count} plan is asked for", "{count} plans are asked for", requests)
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{t('Plans')}</b>",
        t("What customers choose from, in their order."),
        "",
        *[_line(t, card) for card in cards],
        "",
        t("An ended plan falls back to {plan}.", plan=h(fallback))
        if fallback is not None
        else t("An ended plan falls back to no plan."),
        rows=[
            [button(asked, buttons.PlanRequests(), "success")] if requests else None,
            *[
                [button(card.name, buttons.Plan(id=card.id)) for card in cards[start : start + 2]]
                for start in range(0, len(cards), 2)
            ],
            [
                button(t("New plan"), buttons.TypePlanName(id=0)),
                button(t("What it falls back to"), buttons.Fallback()),
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def _line(t: Tongue, card: PlanCard) -> str:
    mark = "●" if card.on_sale else "○"
    cost = price(t, card.price) if card.price is not None else t("no price")
    on_it = t.n("{count} workspace", "{count} workspaces", card.workspaces)
    return f"{mark} {h(card.name)}  {cost} · {on_it}"


def plan_view(t: Tongue, card: PlanCard, news: str | None = None) -> Screen:
    """One plan with all that can be changed about it."""
    allowances = [
        button(f"{label}: {t.number(value)}", buttons.TypeAllowance(id=card.id, code=code))
        for code, label, value in card.allowances
    ]
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{h(card.name)}</b> · {t('● on sale') if card.on_sale else t('○ not on sale')}",
        price(t, card.price) if card.price is not None else t("No price yet"),
        t("Paid by subscription: {price}", price=f"<code>{h(card.stripe_price)}</code>")
        if card.stripe_price is not None
        else t("Given by hand: customers ask you for it."),
        t.n("{count} workspace is on it", "{count} workspaces are on it", card.workspaces),
        t("An ended plan falls back to this one.") if card.fallback else None,
        t("Its workspaces are still being brought to the new allowances.") if card.settling else None,
        "",
        t("Tap an allowance to change it."),
        rows=[
            *[allowances[start : start + 2] for start in range(0, len(allowances), 2)],
            [
                button(t("Price"), buttons.PlanPrice(id=card.id)),
                button(t("Rename"), buttons.TypePlanName(id=card.id)),
                button(t("Take off sale"), buttons.SellPlan(id=card.id, on=False))
                if card.on_sale
                else button(t("Put on sale"), buttons.SellPlan(id=card.id, on=True)),
            ],
            [
                *(
                    [button(t("↑ Up"), buttons.MovePlan(id=card.id, place=card.place - 1))]
                    if card.place
                    else []
                ),
                *(
                    [button(t("↓ Down"), buttons.MovePlan(id=card.id, place=card.place + 1))]
                    if card.place + 1 < card.of
                    else []
                ),
            ],
            [button(t("‹ Plans"), buttons.Plans()), button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def price_view(t: Tongue, card: PlanCard) -> Screen:
    """How a plan is paid: by a Stripe price, or by hand with a sum that is only shown."""
    by_stripe = card.stripe_price is not None
    return Screen.of(
        f"<b>{h(card.name)}</b>",
        price(t, card.price) if card.price is not None else t("No price yet"),
        t(
            "Stripe's price {price} says the sum; who pays an older one goes on with it.",
            price=f"<code>{h(card.stripe_price or '')}</code>",
        )
        if by_stripe
        else t("Without a Stripe price customers ask you for this plan, and you set it with one tap."),
        rows=[
            [
                button(
                    t("Other Stripe price") if by_stripe else t("Stripe price"),
                    buttons.TypeStripePrice(id=card.id),
                    None if by_stripe else "success",
                )
            ],
            [button(t("No Stripe price"), buttons.DropStripePrice(id=card.id, sure=False))]
            if by_stripe
            else [button(t("Price to show"), buttons.TypeShownPrice(id=card.id))],
            [button(t("Show no price"), buttons.HidePrice(id=card.id))]
            if not by_stripe and card.price is not None
            else None,
            [button(t("‹ {name}", name=card.name), buttons.Plan(id=card.id))],
        ],
    )


def drop_view(t: Tongue, card: PlanCard) -> Screen:
    """Before a plan stops being sold by subscription."""
    return Screen.of(
        t("<b>Sell {plan} without Stripe?</b>", plan=h(card.name)),
        t("Subscriptions that run go on and are charged as before. New customers ask you for it."),
        rows=[
            [button(t("No Stripe price"), buttons.DropStripePrice(id=card.id, sure=True), "danger")],
            [button(t("‹ {name}", name=card.name), buttons.Plan(id=card.id))],
        ],
    )


def touch_view(t: Tongue, touch: Touch) -> Screen:
    """Whom a changed allowance touches, before it is saved."""
    save = buttons.SaveAllowance(id=touch.plan_id, code=touch.code, value=touch.value)
    return Screen.of(
        f"<b>{h(touch.plan)}</b> · {h(touch.label)}: {t.number(touch.before)} → {t.number(touch.value)}",
        t.n("Touches {count} workspace.", "Touches {count} workspaces.", touch.workspaces),
        t.n(
            "⚠ {count} would be over its limit and pause at once.",
            "⚠ {count} would be over their limits and pause at once.",
            touch.over,
        )
        if touch.over
        else t("None would be over its limit by it."),
        rows=[
            [button(t("Save"), save, "danger" if touch.over else "success")],
            [button(t("Other number"), buttons.TypeAllowance(id=touch.plan_id, code=touch.code))],
            [button(t("‹ {name}", name=touch.plan), buttons.Plan(id=touch.plan_id))],
        ],
    )


def fallback_view(t: Tongue, cards: list[PlanCard]) -> Screen:
    """What an ended plan falls back to; none by default, so that nobody is given one for nothing."""
    chosen = next((card.id for card in cards if card.fallback), 0)

    def mark(name: str, plan_id: int) -> str:
        return f"{name} ✓" if plan_id == chosen else name

    return Screen.of(
        f"<b>{t('When a plan ends')}</b>",
        t("A subscription that was cancelled runs until what is paid ends. Which plan comes then?"),
        t(
            "On a small plan the workspace goes on within its limits. Without a plan nothing is allowed or renewed."
        ),
        t("⚠ Nobody pays for it then, also where the plan has a price."),
        rows=[
            [button(mark(t("No plan"), 0), buttons.SetFallback(id=0))],
            *[[button(mark(card.name, card.id), buttons.SetFallback(id=card.id))] for card in cards],
            [button(t("‹ Plans"), buttons.Plans())],
        ],
    )
