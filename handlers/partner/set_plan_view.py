"""A workspace's plan and allowances from the desk, as text and buttons (R23, R24)."""

from billing.plans.changing import Allowance, PlanChoice, PlanSet
from billing.plans.comparing import Paying
from billing.plans.moving import Fit
from handlers.partner import buttons
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h


def _name(t: Tongue, plan: str | None) -> str:
    return h(plan) if plan is not None else t("no plan")


def choice_view(t: Tongue, choice: PlanChoice, news: str | None = None) -> Screen:
    """The plans to put it on; what is asked for first."""
    ws = choice.workspace_id
    asked = choice.asked_for
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{h(choice.workspace)}</b> · {t('plan')}",
        t("It is on {plan}.", plan=_name(t, choice.plan)),
        _paying(t, choice.paying) if choice.paying is not None else None,
        t("It asks for {plan}.", plan=h(asked[1])) if asked is not None else None,
        rows=[
            [
                button(
                    t("Approve: {plan}", plan=asked[1]),
                    buttons.SetPlan(id=ws, plan_id=asked[0]),
                    "success",
                ),
                button(t("Decline"), buttons.DeclinePlan(id=ws)),
            ]
            if asked is not None
            else None,
            *[
                [
                    button(
                        f"{name} ✓" if plan_id == choice.plan_id else name,
                        buttons.PreviewPlan(id=ws, plan_id=plan_id),
                    )
                ]
                for plan_id, name in choice.plans
            ],
            [button(t("No plan"), buttons.PreviewPlan(id=ws, plan_id=0))] if choice.plan_id else None,
            [button(t("Allowances"), buttons.Allowances(id=ws))],
            [button(t("‹ {name}", name=choice.workspace), buttons.WorkspaceCard(id=ws))],
        ],
    )


def _paying(t: Tongue, paying: Paying) -> str:
    if paying.given_up:
        return t("⚠ Its subscription isn't paid and Stripe gave up. A plan set by hand ends it.")
    if paying.failing:
        return t("⚠ Its subscription's last payment failed; Stripe tries again.")
    when = _when(t, paying)
    if paying.ends:
        after = _name(t, paying.after)
        return t("Its subscription ends on {day}. Then {plan}.", day=when, plan=after)
    return t("A subscription pays for it, until {day} so far.", day=when)


def _when(t: Tongue, paying: Paying) -> str:
    return t.when(paying.period_end, "D") if paying.period_end is not None else t("the end of what is paid")


def preview_view(
    t: Tongue, choice: PlanChoice, plan_id: int, plan: str | None, fits: tuple[Fit, ...]
) -> Screen:
    """What another plan would change, and whether what is used fits."""
    ws, paying = choice.workspace_id, choice.paying
    over = [each for each in fits if each.over and each.then < each.now]
    after = paying is not None and not paying.given_up
    if plan_id == (choice.plan_id or 0) and not after:
        return choice_view(t, choice, t("It is on that plan already."))
    if after and paying is not None:
        text = t("From then on: {plan}", plan=plan or t("no plan"))
        what = t(
            "A subscription pays until {day}. It is ended with that day, and {plan} comes then.",
            day=_when(t, paying),
            plan=_name(t, plan),
        )
    else:
        text = (
            t("Set {plan} all the same", plan=plan or t("no plan"))
            if over
            else t("Set {plan}", plan=plan or t("no plan"))
        )
        what = t("Counts at once; the customer is told.")
    target = buttons.SetPlan(id=ws, plan_id=plan_id, over=bool(over), after=after)
    return Screen.of(
        f"<b>{h(choice.workspace)}</b>: {_name(t, choice.plan)} → {_name(t, plan)}",
        "",
        *[
            f"{h(each.label)}  {t.number(each.now)} → {t.number(each.then)}"
            for each in fits
            if each.now != each.then
        ],
        *over_lines(t, over),
        "",
        what,
        rows=[
            [button(text, target, "danger" if over or after else "success")],
            [button(t("‹ Back"), buttons.WorkspacePlan(id=ws))],
        ],
    )


def over_lines(t: Tongue, over: list[Fit] | tuple[Fit, ...]) -> list[str]:
    """What is used and wouldn't fit."""
    return [
        t(
            "⚠ It uses {used} {label} and would have {allowed}: it would pause.",
            used=t.number(each.used or 0),
            label=h(each.label),
            allowed=t.number(each.then),
        )
        for each in over
    ]


def set_news(t: Tongue, done: PlanSet) -> str:
    """What was done, a line."""
    if done.ends is not None:
        return t(
            "The subscription ends on {day}. Then {plan}.", day=_when(t, done.ends), plan=_name(t, done.plan)
        )
    said = t("{workspace} is on {plan} now.", workspace=h(done.workspace), plan=_name(t, done.plan))
    return f"{said} {t('It is paused.')}" if done.paused else said


def allowances_view(
    t: Tongue, workspace_id: int, workspace: str, found: tuple[Allowance, ...], news: str | None = None
) -> Screen:
    """Each limit, and where what is allowed of it comes from."""
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{h(workspace)}</b> · {t('allowances')}",
        "",
        *[_allowance(t, each) for each in found],
        "",
        t("Tap one to set another value for this workspace alone."),
        rows=[
            *[
                [
                    button(
                        f"{each.standing.label}: {t.number(each.plan if each.override is None else each.override)}",
                        buttons.TypeOverride(id=workspace_id, code=each.standing.code),
                    ),
                    *(
                        [
                            button(
                                t("Back to the plan's {value}", value=t.number(each.plan)),
                                buttons.ClearOverride(id=workspace_id, code=each.standing.code, over=False),
                            )
                        ]
                        if each.override is not None
                        else []
                    ),
                ]
                for each in found
            ],
            [
                button(t("Plan"), buttons.WorkspacePlan(id=workspace_id)),
                button(t("‹ {name}", name=workspace), buttons.WorkspaceCard(id=workspace_id)),
            ],
        ],
    )


def _allowance(t: Tongue, each: Allowance) -> str:
    base = each.plan if each.override is None else each.override
    granted = each.standing.allowance - base
    source = (
        t("plan {plan}", plan=t.number(each.plan))
        if each.override is None
        else t("set to {value} instead of {plan}", value=t.number(each.override), plan=t.number(each.plan))
    )
    added = t(", add-ons {granted}", granted=t.number(granted)) if granted else ""
    return f"{h(each.standing.label)}  <b>{t.number(each.standing.allowance)}</b> ({source}{added})"


def override_over_view(
    t: Tongue, workspace_id: int, code: str, value: int | None, over: tuple[Fit, ...]
) -> Screen:
    """The second tap of R23."""
    target = (
        buttons.ClearOverride(id=workspace_id, code=code, over=True)
        if value is None
        else buttons.SetOverride(id=workspace_id, code=code, value=value, over=True)
    )
    return Screen.of(
        *over_lines(t, over),
        rows=[
            [button(t("Set it all the same"), target, "danger")],
            [button(t("‹ Back"), buttons.Allowances(id=workspace_id))],
        ],
    )


def requests_view(t: Tongue, found: list[tuple[int, str, int, str]], news: str | None = None) -> Screen:
    """Plans that are asked for, each with one tap to give it."""
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{t('Plans that are asked for')}</b>",
        *[f"{h(workspace)}: {h(plan)}" for _, workspace, _, plan in found],
        None if found else t("None."),
        rows=[
            *[
                [
                    button(
                        t("Approve: {plan} for {workspace}", plan=plan, workspace=workspace),
                        buttons.SetPlan(id=ws, plan_id=plan_id),
                        "success" if place == 0 else None,
                    ),
                    button(t("Decline"), buttons.DeclinePlan(id=ws)),
                ]
                for place, (ws, workspace, plan_id, plan) in enumerate(found[:20])
            ],
            [button(t("‹ Plans"), buttons.Plans()), button(t("‹ Desk"), buttons.Desk())],
        ],
    )
