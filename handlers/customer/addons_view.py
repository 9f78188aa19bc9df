"""Screens of add-ons but for quotes: pure, from the use cases' facts to text and buttons."""

import datetime as dt

from aiogram.types import InlineKeyboardButton

from billing.addons import MOST_UNITS, AddonOffer, Changed, Shop
from handlers.customer import buttons
from handlers.customer.phrases import menu, points, units_of
from handlers.screens import Screen, button
from handlers.tongue import Tongue, h

_OFTEN_WANTED = (1, 2, 3, 5)


def shop_view(t: Tongue, shop: Shop, today: dt.date) -> Screen:
    """What is active, until when and at what cost, then what is on sale."""
    ws = shop.workspace_id
    day = t.near_day(shop.renewal, today)
    lines = [
        f"<b>{t('Add-ons')}</b>  {h(shop.workspace)}",
        t("You have {points}.", points=points(t, shop.balance)),
        "",
    ]
    if shop.active:
        lines.append(t("Paid until {day}:", day=day))
        lines += [_active_line(t, offer, day) for offer in shop.active]
        if shop.next_cost:
            lines.append(t("Then {cost} a month.", cost=points(t, shop.next_cost)))
    else:
        lines.append(t("None yet."))
    rest = [offer for offer in shop.offers if not offer.units]
    if not shop.offers:
        lines.append(t("Nothing is on sale yet."))
    elif not shop.selling:
        lines.append(t("Buying is switched off at the moment."))
    named = [(offer, f"{offer.label} ×{t.number(offer.units)}") for offer in shop.active]
    named += [
        (offer, f"{offer.label} · {t('{cost} a month', cost=points(t, offer.price))}") for offer in rest
    ]
    return Screen.of(
        *lines,
        rows=[
            *([button(text, buttons.AddonCard(workspace=ws, addon=offer.id))] for offer, text in named[:90]),
            [button(t("What to keep"), buttons.Keep(workspace=ws))] if shop.active else None,
            [menu(t)],
        ],
    )


def _active_line(t: Tongue, offer: AddonOffer, day: str) -> str:
    line = f"• {h(units_of(t, offer.units, offer.label))}"
    if offer.request is not None:
        return f"{line} · {t('removal asked for')}"
    if not offer.renews:
        return f"{line} · {t('ends {day}', day=day)}"
    return f"{line} · {t('{cost} a month', cost=points(t, offer.next_price * offer.units))}"


def card_view(t: Tongue, shop: Shop, offer: AddonOffer, undo: int | None, today: dt.date) -> Screen:
    """One add-on and the numbers of units to choose from. `undo`: the change that can be taken back now."""
    ws, day = shop.workspace_id, t.near_day(shop.renewal, today)
    lines = [
        f"<b>{h(offer.label)}</b>  {t('{cost} a month', cost=points(t, offer.price))}",
        t("From {day}: {cost} a month.", day=day, cost=points(t, offer.next_price))
        if offer.next_price != offer.price
        else None,
        t("Switches on: {feature}.", feature=h(offer.feature)) if offer.feature is not None else None,
        t("Sold by whole months: the full price on any day, nothing back.") if offer.whole_cycles else None,
        t("You have {units}.", units=t.number(offer.units)),
        t("Paid until {day}, then it ends.", day=day) if offer.units and not offer.renews else None,
    ]
    if offer.request is not None:
        lines.append(
            t("{partner} was asked to bring it to {units}.", partner=h(shop.partner), units=offer.request)
        )
    lines.append(t("How many do you want in all?") if offer.on_sale or offer.units > 1 else None)
    return Screen.of(
        *lines,
        rows=[
            *_targets(t, ws, offer),
            _ending(t, ws, offer, day),
            [_undo(t, ws, offer.id, undo)] if undo is not None else None,
            [button(t("Add-ons"), buttons.Addons(workspace=ws)), menu(t)],
        ],
    )


def _targets(t: Tongue, workspace_id: int, offer: AddonOffer) -> list[list[InlineKeyboardButton]]:
    wanted = sorted({*_OFTEN_WANTED, offer.units} - {0})
    if not offer.on_sale:
        wanted = [units for units in wanted if units <= offer.units]
    row = [
        button(
            t.number(units) + (" ✓" if units == offer.units else ""),
            buttons.QuoteUnits(workspace=workspace_id, addon=offer.id, units=units),
        )
        for units in wanted
    ]
    return [row, [button(t("other"), buttons.AskUnits(workspace=workspace_id, addon=offer.id))]]


def _ending(t: Tongue, workspace_id: int, offer: AddonOffer, day: str) -> list[InlineKeyboardButton] | None:
    if not offer.units:
        return None
    row = [
        button(t("Remove"), buttons.QuoteUnits(workspace=workspace_id, addon=offer.id, units=0)),
        button(t("Renew again"), buttons.Renews(workspace=workspace_id, addon=offer.id, renews=True))
        if not offer.renews
        else button(
            t("End on {day}", day=day),
            buttons.Renews(workspace=workspace_id, addon=offer.id, renews=False),
        ),
    ]
    if offer.request is not None:
        row[0] = button(
            t("Keep it after all"), buttons.WithdrawRequest(workspace=workspace_id, addon=offer.id)
        )
    return row


def type_units_view(t: Tongue, shop: Shop, offer: AddonOffer, *, wrong: bool = False) -> Screen:
    """Asks for a number of units."""
    return Screen.of(
        f"<b>{h(offer.label)}</b>",
        t("That isn't a whole number from 0 to {most}.", most=t.number(MOST_UNITS)) if wrong else None,
        t("How many do you want in all? Send a number, such as 4."),
        rows=[
            [
                button(t("Cancel"), buttons.AddonCard(workspace=shop.workspace_id, addon=offer.id)),
                menu(t),
            ]
        ],
    )


def changed_view(
    t: Tongue, changed: Changed, undo: int | None, today: dt.date, *, undone: bool = False
) -> Screen:
    """What a change did, with the way to take it back while there is one."""
    ws, addon = changed.workspace_id, changed.addon_id
    return Screen.of(
        f"<b>{_done(t, changed, today, undone=undone)}</b>",
        _now_have(t, changed, today) if undone or changed.units != changed.units_before else None,
        t("{points} left.", points=points(t, changed.balance)),
        t("Waiting for your platform to confirm it.") if not changed.delivered else None,
        t("The workspace runs again.") if changed.resumed else None,
        t("The workspace is paused.") if changed.paused else None,
        rows=[
            [_undo(t, ws, addon, undo)] if undo is not None else None,
            [button(t("Add-ons"), buttons.Addons(workspace=ws)), menu(t)],
        ],
    )


def _done(t: Tongue, changed: Changed, today: dt.date, *, undone: bool) -> str:
    if undone:
        return t("Undone.")
    if changed.units > changed.units_before:
        return t("Added for {cost}.", cost=points(t, changed.amount))
    if changed.units < changed.units_before and not changed.amount:
        return t("Removed. Nothing is paid back for this month.")
    if changed.units < changed.units_before:
        return t("Removed. {back} are back.", back=points(t, -changed.amount))
    return _now_have(t, changed, today)


def _now_have(t: Tongue, changed: Changed, today: dt.date) -> str:
    if not changed.units:
        return t("You have no {label}.", label=h(changed.label))
    return t(
        "You have {what}, paid until {day}.",
        what=h(units_of(t, changed.units, changed.label)),
        day=t.near_day(changed.paid_until, today),
    )


def asked_view(t: Tongue, shop: Shop, offer: AddonOffer) -> Screen:
    """A request waits for the partner."""
    return Screen.of(
        f"<b>{h(offer.label)}</b>",
        t("{partner} has been asked and answers here. Today counts.", partner=h(shop.partner)),
        rows=[
            [
                button(
                    t("Keep it after all"),
                    buttons.WithdrawRequest(workspace=shop.workspace_id, addon=offer.id),
                )
            ],
            [button(t("Add-ons"), buttons.Addons(workspace=shop.workspace_id)), menu(t)],
        ],
    )


def _undo(t: Tongue, workspace_id: int, addon_id: int, number: int) -> InlineKeyboardButton:
    target = buttons.UndoChange(workspace=workspace_id, addon=addon_id, number=number)
    return button(t("Undo (10 min)"), target)
