"""What a change of an add-on would mean, before it is confirmed (R11, R12, R23)."""

import datetime as dt

from aiogram.types import InlineKeyboardButton

from billing.addons import Quote
from billing.orders import Fitting
from billing.proration import Formula
from handlers.customer import buttons
from handlers.customer.phrases import menu, points, units_of
from handlers.customer.ways_to_pay import too_far, ways_to_pay
from handlers.formulas import formula_text
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h


def quote_view(t: Tongue, quote: Quote, today: dt.date) -> Screen:
    """What more units cost, before they are charged (R11)."""
    target = buttons.SetUnits(
        workspace=quote.workspace_id, addon=quote.addon_id, units=quote.units_after, quoted=quote.amount
    )
    cost = points(t, quote.amount)
    text = t("Add for {cost}", cost=cost) if quote.amount > 0 else t("Add, free")
    return Screen.of(
        _heading(t, quote),
        _charge_line(t, quote),
        t(
            "You have {before}, then {after}.",
            before=t.points(quote.balance),
            after=points(t, quote.balance_after),
        ),
        _next_line(t, quote, today),
        worked_out(t, quote.formula, whole_cycles=quote.whole_cycles),
        rows=[[button(text, target, "success")], _back(t, quote)],
    )


def removal_view(t: Tongue, quote: Quote, today: dt.date, undo: int | None = None) -> Screen:
    """What fewer units give back and what they would break, or that the partner has to be asked (R10, R23).

    `undo`: the change that added units just now; taking it back gives all of its points back (R9).
    """
    removed = quote.units_before - quote.units_after
    what = units_of(t, removed, quote.label)
    lines = [f"<b>{t('Remove {what}?', what=h(what))}</b>", *over_lines(t, quote)]
    if not quote.may_remove:
        ask = buttons.RequestRemoval(
            workspace=quote.workspace_id, addon=quote.addon_id, units=quote.units_after
        )
        return Screen.of(
            *lines,
            t("{partner} removes add-ons. If it is agreed, today counts.", partner=h(quote.partner)),
            rows=[
                [button(t("Ask {partner}", partner=quote.partner), ask)],
                _undo_instead(t, quote, undo),
                _keep_until(t, quote, today),
                _back(t, quote),
            ],
        )
    target = buttons.SetUnits(
        workspace=quote.workspace_id, addon=quote.addon_id, units=quote.units_after, quoted=quote.amount
    )
    back = -quote.amount
    lines.insert(1, _refund_line(t, quote))
    text = t("Remove and get {back} back", back=t.points(back)) if back > 0 else t("Remove")
    return Screen.of(
        *lines,
        worked_out(t, quote.formula, whole_cycles=quote.whole_cycles),
        rows=[
            [button(text, target, "danger"), *(_undo_instead(t, quote, undo) or [])],
            _keep_until(t, quote, today),
            _back(t, quote),
        ],
    )


def still_over_view(t: Tongue, quote: Quote) -> Screen:
    """The second tap of a removal that pauses the workspace (R23)."""
    target = buttons.SetUnits(
        workspace=quote.workspace_id,
        addon=quote.addon_id,
        units=quote.units_after,
        quoted=quote.amount,
        over=True,
    )
    return Screen.of(
        f"<b>{t('This pauses {workspace}', workspace=h(quote.workspace))}</b>",
        *over_lines(t, quote),
        t("It stays paused until you are back within the limit."),
        rows=[[button(t("Remove all the same"), target, "danger")], _back(t, quote, t("Keep it"))],
    )


def ends_over_view(t: Tongue, quote: Quote, today: dt.date) -> Screen:
    """The second tap of letting an add-on end where the next month would begin paused (R23)."""
    target = buttons.Renews(workspace=quote.workspace_id, addon=quote.addon_id, renews=False, over=True)
    day = t.near_day(quote.renewal, today)
    return Screen.of(
        f"<b>{t('This pauses {workspace} on {day}', workspace=h(quote.workspace), day=day)}</b>",
        *[
            t(
                "⚠ {label}: you use {used} and would have {allowance}.",
                label=h(label),
                used=t.number(used),
                allowance=t.number(allowance),
            )
            for label, used, allowance in quote.over
        ],
        t("It stays paused until you are back within the limit."),
        rows=[
            [button(t("End it on {day} all the same", day=day), target, "danger")],
            _back(t, quote, t("Keep it")),
        ],
    )


def short_view(t: Tongue, quote: Quote, fit: Fitting, today: dt.date) -> Screen:
    """Not enough points: how many are missing and how to get them (R12)."""
    what = h(units_of(t, quote.units_after, quote.label))
    rows = ways_to_pay(t, fit, quote.workspace_id, (quote.addon_id, quote.units_after))
    all_packs = buttons.PayFor(workspace=quote.workspace_id, addon=quote.addon_id, units=quote.units_after)
    rows.append([button(t("Other packs"), all_packs), *_back(t, quote)])
    return Screen.of(
        _heading(t, quote),
        _charge_line(t, quote),
        t(
            "You have {balance}: {missing} short.",
            balance=points(t, quote.balance),
            missing=points(t, quote.missing),
        ),
        _next_line(t, quote, today),
        t("Paying buys {what} by itself.", what=what) if fit.reaches else too_far(t, what),
        rows=[*rows, [menu(t)]],
    )


def over_lines(t: Tongue, quote: Quote) -> list[str]:
    """The limits that a removal would exceed."""
    return [
        t(
            "⚠ {label}: you use {used} and would have {allowance}. The workspace would pause.",
            label=h(label),
            used=t.number(used),
            allowance=t.number(allowance),
        )
        for label, used, allowance in quote.over
    ]


def worked_out(t: Tongue, formula: Formula, *, whole_cycles: bool) -> str | None:
    """How the sum comes about, folded away."""
    text = formula_text(t, formula, whole_cycles=whole_cycles)
    if text is None:
        return None
    return f"<blockquote expandable>{t('How this is worked out')}\n{text}\n{t('Today counts.')}</blockquote>"


def _heading(t: Tongue, quote: Quote) -> str:
    what = h(units_of(t, quote.units_after, quote.label))
    if not quote.units_before:
        return f"<b>{what}</b>"
    return f"<b>{t('{what} instead of {before}', what=what, before=t.number(quote.units_before))}</b>"


def _charge_line(t: Tongue, quote: Quote) -> str:
    more = t.number(quote.units_after - quote.units_before)
    cost = points(t, quote.amount)
    if quote.unpaid:
        return t(
            "{more} more, and {waiting} that waited for points: {cost}",
            more=more,
            waiting=t.number(quote.unpaid),
            cost=cost,
        )
    if quote.whole_cycles:
        return t("{more} more for this month: {cost}", more=more, cost=cost)
    return t(
        "{more} more for {left} of {of} days: {cost}",
        more=more,
        left=_days(quote),
        of=quote.days_of,
        cost=cost,
    )


def _days(quote: Quote) -> int:
    """The dates that the sum is for: one less than are left where today is paid already (R8)."""
    parts = quote.formula.parts
    return parts[0].days if len(parts) == 1 else quote.days_left


def _next_line(t: Tongue, quote: Quote, today: dt.date) -> str:
    day = t.near_day(quote.renewal, today)
    if not quote.renews:
        return t("It ends on {day}.", day=day)
    return t("From {day}: {cost} a month.", day=day, cost=points(t, quote.next_cost))


def _refund_line(t: Tongue, quote: Quote) -> str:
    if quote.amount < 0:
        back = points(t, -quote.amount)
        return t.n(
            "You get back {back} for {count} unused day.",
            "You get back {back} for {count} unused days.",
            _days(quote),
            back=back,
        )
    if quote.unpaid:
        return t("Nothing is paid back: this month isn't paid for what waits for points.")
    return t("Nothing is paid back for this month.")


def _keep_until(t: Tongue, quote: Quote, today: dt.date) -> list[InlineKeyboardButton] | None:
    if quote.units_after or not quote.renews:
        return None
    target = buttons.Renews(workspace=quote.workspace_id, addon=quote.addon_id, renews=False)
    return [button(t("Keep until {day}, then end", day=t.near_day(quote.renewal, today)), target)]


def _undo_instead(t: Tongue, quote: Quote, number: int | None) -> list[InlineKeyboardButton] | None:
    if number is None:
        return None
    target = buttons.UndoChange(workspace=quote.workspace_id, addon=quote.addon_id, number=number)
    return [button(t("Undo instead"), target)]


def _back(t: Tongue, quote: Quote, text: str | None = None) -> list[InlineKeyboardButton]:
    target = buttons.AddonCard(workspace=quote.workspace_id, addon=quote.addon_id)
    return [button(text or t("Back"), target)]
