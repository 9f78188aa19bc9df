"""The plan, the others beside it, and the way from one to another, as text and buttons (R24, R25)."""

from aiogram.types import InlineKeyboardButton

from billing.access import Role
from billing.gateway import TAX_REFUSED
from billing.money import Money
from billing.plans.comparing import Paying, PlanOption, PlanScreen
from billing.plans.moving import Fit
from billing.plans.pages import PageView, PlanPrice
from billing.plans.quotes import ChangeQuote, ChangeView
from handlers.customer import buttons
from handlers.customer.phrases import menu
from handlers.screens import Screen, button, link
from handlers.tongue import Tongue, h

_MOST_SHOWN = 12
"""Plans that are listed with what they allow; a message has an end."""


def price(t: Tongue, cost: PlanPrice) -> str:
    """49 USD a month, 500 USD a year, 120 USD every 3 months."""
    money = t.money(cost.amount)
    if cost.count > 1:
        return {
            "day": t("{money} every {count} days", money=money, count=cost.count),
            "week": t("{money} every {count} weeks", money=money, count=cost.count),
            "year": t("{money} every {count} years", money=money, count=cost.count),
        }.get(cost.interval, t("{money} every {count} months", money=money, count=cost.count))
    return {
        "day": t("{money} a day", money=money),
        "week": t("{money} a week", money=money),
        "year": t("{money} a year", money=money),
    }.get(cost.interval, t("{money} a month", money=money))


def _named(t: Tongue, name: str, cost: PlanPrice | None) -> str:
    """Business Lite · 49 USD a month, plain."""
    return f"{name} · {price(t, cost)}" if cost is not None else name


def plan_view(t: Tongue, facts: PlanScreen, news: str | None = None) -> Screen:
    """The plan as it runs, the others with what they allow."""
    ws, paying = facts.workspace_id, facts.paying
    others = [each for each in facts.options if not each.current]
    mine = next((each for each in facts.options if each.current), None)
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{t('Plan')}</b> · {h(facts.workspace)}",
        h(_named(t, facts.plan, facts.price)) if facts.plan is not None else t("No plan."),
        *_state(t, facts),
        t("You asked {partner} for {plan}.", partner=h(facts.partner), plan=h(facts.asked_for))
        if facts.asked_for is not None
        else None,
        t("The change to {plan} waits for its payment.", plan=h(facts.changing_to))
        if facts.changing_to is not None
        else None,
        *(["", _allows(t, mine)] if mine is not None else []),
        *[line for each in others[:_MOST_SHOWN] for line in ("", *_other(t, each))],
        rows=[
            *_urgent_rows(t, facts),
            _pay_mine_row(t, facts, mine),
            *[
                [button(_named(t, each.name, each.price), buttons.PlanOption(workspace=ws, plan=each.id))]
                for each in others
            ],
            [button(t("Don't ask for {plan}", plan=facts.asked_for), buttons.WithdrawPlan(workspace=ws))]
            if facts.asked_for is not None
            else None,
            [button(t("End the subscription"), buttons.EndPlan(workspace=ws))]
            if paying is not None and not paying.ends
            else None,
            [
                *(
                    [button(t("Payments"), buttons.Payments(workspace=ws))]
                    if facts.role >= Role.BILLING
                    else []
                ),
                menu(t),
            ],
        ],
    )


def _state(t: Tongue, facts: PlanScreen) -> list[str]:
    paying = facts.paying
    if paying is None:
        if facts.unpaid:
            return [f"❚❚ {t('Not paid, so the workspace is paused. Choose a plan to go on.')}"]
        return [t("Set by {partner}.", partner=h(facts.partner))] if facts.plan is not None else []
    if paying.given_up:
        return [f"❚❚ {t('Not paid, so the workspace is paused. Pay the open invoice to go on.')}"]
    if paying.failing:
        return [f"⚠ {t('The last payment failed. Pay it, or the workspace pauses when Stripe gives up.')}"]
    return [_until(t, paying)]


def _until(t: Tongue, paying: Paying) -> str:
    if paying.period_end is None:
        return t("Paid by subscription.")
    when = t.when(paying.period_end, "D")
    if not paying.ends:
        return t("Paid until {day}, then it goes on by itself.", day=when)
    return _ends(t, paying)


def _ends(t: Tongue, paying: Paying) -> str:
    when = t.when(paying.period_end, "D") if paying.period_end is not None else t("the end of what is paid")
    if paying.after is None:
        return t("Ends on {day}. Then there is no plan.", day=when)
    return t("Ends on {day}. Then {plan}.", day=when, plan=h(paying.after))


def _urgent_rows(t: Tongue, facts: PlanScreen) -> list[list[InlineKeyboardButton]]:
    """What there is to pay or to keep; the first in colour."""
    ws, paying = facts.workspace_id, facts.paying
    if paying is not None and (paying.failing or paying.given_up or facts.changing_to is not None):
        return [[button(t("Pay now"), buttons.PayPlan(workspace=ws), "success")]]
    if paying is not None and paying.ends:
        return [[button(t("Keep it after all"), buttons.KeepPlan(workspace=ws), "success")]]
    if facts.page_id is not None:
        return [[button(t("Go on with the payment"), buttons.PlanPage(page=facts.page_id), "success")]]
    return []


def _pay_mine_row(t: Tongue, facts: PlanScreen, mine: PlanOption | None) -> list[InlineKeyboardButton] | None:
    """The plan that it has, where no subscription pays for it: set by hand, or given up on."""
    if mine is None or not mine.payable or facts.paying is not None or facts.page_id is not None:
        return None
    target = buttons.PlanOption(workspace=facts.workspace_id, plan=mine.id)
    name = _named(t, mine.name, mine.price)
    return [button(t("Subscribe to {plan}", plan=name), target, "success" if facts.unpaid else None)]


def _allows(t: Tongue, option: PlanOption) -> str:
    return ", ".join(f"{h(each.label)} {t.number(each.then)}" for each in option.fits if each.then)


def _other(t: Tongue, option: PlanOption) -> list[str]:
    lines = [f"<b>{h(_named(t, option.name, option.price))}</b>", _allows(t, option)]
    if option.over:
        lines.append(t("⚠ Too small: {limits}", limits=", ".join(_used(t, each) for each in option.over)))
    return [line for line in lines if line]


def _used(t: Tongue, each: Fit) -> str:
    return t(
        "{label} {used} of {allowed}",
        label=h(each.label),
        used=t.number(each.used or 0),
        allowed=t.number(each.then),
    )


def compared(t: Tongue, fits: tuple[Fit, ...]) -> list[str]:
    """Each limit now and then, what changes first; what is used and wouldn't fit."""
    changing = [each for each in fits if each.now != each.then]
    same = [each for each in fits if each.now == each.then and each.now]
    lines = [f"{h(each.label)}  {t.number(each.now)} → <b>{t.number(each.then)}</b>" for each in changing]
    lines += [f"{h(each.label)}  {t.number(each.now)}" for each in same]
    return lines + [
        t(
            "⚠ You use {used} {label} and would have {allowed}: the workspace would pause.",
            used=t.number(each.used or 0),
            label=h(each.label),
            allowed=t.number(each.then),
        )
        for each in fits
        if each.over
    ]


def option_view(t: Tongue, facts: PlanScreen, option: PlanOption) -> Screen:
    """One plan beside the workspace's own, to subscribe to or to ask for."""
    ws, over = facts.workspace_id, bool(option.over)
    back = [button(t("‹ Plans"), buttons.Plan(workspace=ws)), menu(t)]
    lines = [
        f"<b>{h(_named(t, option.name, option.price))}</b>",
        t("instead of {plan}", plan=h(_named(t, facts.plan, facts.price)))
        if facts.plan is not None and not option.current
        else None,
        "",
        *compared(t, option.fits),
    ]
    if not option.payable:
        ask = button(
            t("Ask {partner}", partner=facts.partner),
            buttons.AskPlan(workspace=ws, plan=option.id),
            "success",
        )
        return Screen.of(
            *lines, "", t("{partner} sets this plan for you.", partner=h(facts.partner)), rows=[[ask], back]
        )
    if facts.paying is not None and facts.paying.ends and not facts.paying.given_up:
        return Screen.of(
            *lines,
            "",
            _ends(t, facts.paying),
            t("To change it, keep the subscription first."),
            rows=[[button(t("Keep it after all"), buttons.KeepPlan(workspace=ws), "success")], back],
        )
    text = t("Subscribe all the same") if over else t("Subscribe")
    if option.price is not None:
        text = f"{text} · {price(t, option.price)}"
    target = buttons.Subscribe(workspace=ws, plan=option.id, over=over)
    return Screen.of(
        *lines,
        "",
        t(
            "Paid on Stripe's page now, then by itself. You can end it at any time; it then runs until what is paid ends."
        ),
        rows=[[button(text, target, "danger" if over else "success")], back],
    )


def quote_view(t: Tongue, quote: ChangeQuote, news: str | None = None) -> Screen:
    """What moving the running subscription costs now and from then on (R11)."""
    wanted, minor = quote.wanted, quote.due_now.amount_minor
    over = bool(wanted.over)
    if minor > 0:
        now = t("Now  {money}, for the rest of what is paid", money=t.money(quote.due_now))
        text = t("Change for {money}", money=t.money(quote.due_now))
    elif minor == 0:
        now, text = t("Now  nothing"), t("Change")
    else:
        credit = Money(-minor, quote.due_now.currency)
        now = t("Now  nothing; {money} count towards your next invoices", money=t.money(credit))
        text = t("Change")
    target = buttons.ChangePlan(
        workspace=wanted.workspace_id,
        plan=wanted.plan_id,
        due=minor,
        as_of=int(quote.as_of.timestamp()),
        over=over,
    )
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{h(wanted.plan)}</b>",
        t("instead of {plan}", plan=h(wanted.before)) if wanted.before is not None else None,
        "",
        *compared(t, wanted.fits),
        "",
        now,
        t("Then  {price}", price=price(t, wanted.then)),
        rows=[
            [
                button(
                    t("{text} all the same", text=text) if over else text,
                    target,
                    "danger" if over else "success",
                )
            ],
            [button(t("‹ Plans"), buttons.Plan(workspace=wanted.workspace_id)), menu(t)],
        ],
    )


def change_view(t: Tongue, view: ChangeView, pay_url: str | None = None) -> Screen:
    """What came of a change so far."""
    ws = view.workspace_id
    match view.status:
        case "done":
            said = t("You are on {plan} now.", plan=h(view.plan))
        case "waiting":
            said = t(
                "The bank didn't take the payment by itself. Pay it, and {plan} starts.", plan=h(view.plan)
            )
        case "asked":
            said = t("We don't know yet whether Stripe made the change. Don't try again: we are asking.")
        case _:
            said = t("Stripe didn't make the change. Nothing was charged.")
    return Screen.of(
        f"<b>{h(view.workspace)}</b>",
        said,
        rows=[
            [link(t("Pay now"), pay_url, "success")] if pay_url is not None else None,
            [button(t("‹ Plans"), buttons.Plan(workspace=ws)), menu(t)],
        ],
    )


def page_view(t: Tongue, view: PageView) -> Screen:
    """The message with the link to pay, and what came of it."""
    title = f"<b>{h(_named(t, view.plan, view.price))}</b>\n{h(view.workspace)}"
    plans = button(t("‹ Plans"), buttons.Plan(workspace=view.workspace_id))
    again = button(t("Try again"), buttons.PlanOption(workspace=view.workspace_id, plan=view.plan_id))
    match view.status:
        case "open" if view.url is not None:
            pay = t("Pay {price}", price=t.money(view.price.amount)) if view.price else t("Pay")
            return Screen.of(
                title,
                t("Pay on Stripe's page. The plan starts here by itself."),
                t("Tax is added on the page.") if view.taxed else None,
                rows=[
                    [link(pay, view.url, "success")],
                    [button(t("Cancel"), buttons.CancelPlanPage(page=view.id)), menu(t)],
                ],
            )
        case "open":
            look = button(t("Check again"), buttons.PlanPage(page=view.id))
            return Screen.of(title, t("Stripe is making the page."), rows=[[look], [plans, menu(t)]])
        case "done":
            return Screen.of(
                title,
                t("{plan} has started!", plan=h(view.plan)),
                t("The workspace is still paused; its first screen says why.") if view.paused else None,
                rows=[[plans, menu(t)]],
            )
        case "duplicate":
            said = t("There was a plan already, so this one was ended at once. The money goes back.")
            return Screen.of(title, said, rows=[[plans, menu(t)]])
        case "closing" | "cancelled":
            said = t("Called off. Nothing was charged.")
        case "expired":
            said = t("Nobody paid within a day, so the page is closed. Nothing was charged.")
        case _ if view.reason == TAX_REFUSED:
            said = t(
                "Tax couldn't be worked out, so there is no page. Your partner has been told. Nothing was charged."
            )
        case _ if view.reason == "unreachable":
            said = t("Stripe couldn't be reached for a day, so there is no page. Nothing was charged.")
        case _:
            said = t("Nothing came of it: the plan was not paid.")
    return Screen.of(title, said, rows=[[again], [plans, menu(t)]])


def ending_view(t: Tongue, facts: PlanScreen, credit: Money | None) -> Screen:
    """What ending means, before it is done. `credit`: what Stripe keeps for invoices that won't come."""
    paying = facts.paying
    assert paying is not None
    when = t.when(paying.period_end, "D") if paying.period_end is not None else None
    return Screen.of(
        t("<b>End the subscription of {plan}?</b>", plan=h(facts.plan or facts.workspace)),
        t("It runs until {day}; nothing is charged after.", day=when) if when is not None else None,
        t("Then {plan}.", plan=h(paying.after))
        if paying.after is not None
        else t("Then there is no plan: add-ons don't renew, and what is used may be over its limits."),
        t("Points stay."),
        t(
            "{amount} of credit are left at Stripe from a smaller plan. They pay for a plan that you take later; "
            "ask {partner} if you want them back.",
            amount=t.money(credit),
            partner=h(facts.partner),
        )
        if credit is not None
        else None,
        rows=[
            [button(t("End it"), buttons.EndPlan(workspace=facts.workspace_id, sure=True), "danger")],
            [button(t("Keep it"), buttons.Plan(workspace=facts.workspace_id))],
        ],
    )
