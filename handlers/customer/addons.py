"""Add-ons of a workspace: look, quote, confirm, undo, end, ask the partner (R7-R14)."""

import datetime as dt
from dataclasses import replace
from typing import Any

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import addons, orders
from billing.access import Role, seat
from billing.addons import AddonOffer, Changed, Quote, Shop
from billing.errors import (
    GoneError,
    NotAllowedError,
    NotEnoughPointsError,
    OverLimitError,
    QuoteChangedError,
)
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.addons_view import (
    asked_view,
    card_view,
    changed_view,
    shop_view,
    type_units_view,
)
from handlers.customer.phrases import here
from handlers.customer.prompts import Ask
from handlers.customer.quotes_view import (
    ends_over_view,
    quote_view,
    removal_view,
    short_view,
    still_over_view,
)
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.refusals import plain, words
from handlers.screens import Screen, show
from handlers.services import Services


def router() -> Router:
    router = Router(name="customer.addons")
    router.message.register(on_command, Command("addons"))
    router.message.register(on_units_typed, Answers(Ask.units), flags=KEEPS_QUESTION)
    router.callback_query.register(on_addons, buttons.Addons.filter())
    router.callback_query.register(on_card, buttons.AddonCard.filter())
    router.callback_query.register(on_ask_units, buttons.AskUnits.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(on_quote, buttons.QuoteUnits.filter())
    router.callback_query.register(on_set, buttons.SetUnits.filter())
    router.callback_query.register(on_undo, buttons.UndoChange.filter())
    router.callback_query.register(on_renews, buttons.Renews.filter())
    router.callback_query.register(on_request, buttons.RequestRemoval.filter())
    router.callback_query.register(on_withdraw, buttons.WithdrawRequest.filter())
    return router


async def on_command(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/addons"""
    await show(bot, message, await shop_screen(services, speaker, here(speaker)))


async def on_addons(
    query: CallbackQuery, callback_data: buttons.Addons, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await shop_screen(services, speaker, callback_data.workspace))


async def on_card(
    query: CallbackQuery, callback_data: buttons.AddonCard, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await _card(services, speaker, callback_data.workspace, callback_data.addon))


async def on_ask_units(
    query: CallbackQuery,
    callback_data: buttons.AskUnits,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """Asks for a number of units that has no button."""
    shop, offer = await _offer(services, speaker, callback_data.workspace, callback_data.addon)
    await state.set_state(Ask.units)
    await state.set_data({"workspace": shop.workspace_id, "addon": offer.id})
    toast = await _only_looks(services, speaker, shop.workspace_id)
    await show(bot, query, type_units_view(speaker.t, shop, offer), toast)


async def on_units_typed(
    message: Message, bot: Bot, services: Services, speaker: Speaker, state: FSMContext, typed: str
) -> None:
    """The quote for the number that was typed, or what was wrong with it."""
    data: dict[str, Any] = await state.get_data()
    ws, addon = int(data["workspace"]), int(data["addon"])
    text = typed.strip()
    if not (text.isdecimal() and len(text) < 9 and int(text) <= addons.MOST_UNITS):
        shop, offer = await _offer(services, speaker, ws, addon)
        await show(bot, message, type_units_view(speaker.t, shop, offer, wrong=True))
        return
    await state.clear()
    await show(bot, message, await _quoted(services, speaker, ws, addon, int(text)))


async def on_quote(
    query: CallbackQuery, callback_data: buttons.QuoteUnits, bot: Bot, services: Services, speaker: Speaker
) -> None:
    wanted = callback_data
    screen = await _quoted(services, speaker, wanted.workspace, wanted.addon, wanted.units)
    await show(bot, query, screen, await _only_looks(services, speaker, wanted.workspace))


async def on_set(
    query: CallbackQuery, callback_data: buttons.SetUnits, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Confirms a quote; where it doesn't hold any more, shows what holds."""
    t, wanted = speaker.t, callback_data
    try:
        changed = await services.db.write(
            addons.set_units,
            speaker.call,
            wanted.workspace,
            wanted.addon,
            wanted.units,
            wanted.quoted,
            accept_over=wanted.over,
        )
    except QuoteChangedError as refusal:
        screen, toast = await _quote_screen(services, speaker, refusal.quote), t("The price has changed.")
        await show(bot, query, screen, toast)
    except OverLimitError as refusal:
        await show(bot, query, still_over_view(t, refusal.quote))
    except NotEnoughPointsError as refusal:
        await show(bot, query, await _quote_screen(services, speaker, refusal.quote))
    else:
        await show(bot, query, await _changed(services, speaker, changed))
    services.wake()


async def on_undo(
    query: CallbackQuery, callback_data: buttons.UndoChange, bot: Bot, services: Services, speaker: Speaker
) -> None:
    undone = callback_data
    try:
        changed = await services.db.write(
            addons.undo, speaker.call, undone.workspace, undone.addon, undone.number
        )
    except NotEnoughPointsError as refusal:
        await show(bot, query, await _quote_screen(services, speaker, refusal.quote))
    else:
        changed = await _told(services, speaker, changed)
        await show(bot, query, changed_view(speaker.t, changed, None, _today(speaker), undone=True))
    services.wake()


async def on_renews(
    query: CallbackQuery, callback_data: buttons.Renews, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Ends with the cycle, or renews again."""
    ws, addon, renews = callback_data.workspace, callback_data.addon, callback_data.renews
    try:
        await services.db.write(
            addons.set_renews, speaker.call, ws, addon, renews=renews, accept_over=callback_data.over
        )
    except OverLimitError as refusal:
        await show(bot, query, ends_over_view(speaker.t, refusal.quote, _today(speaker)))
        return
    services.wake()
    toast = speaker.t("It renews again.") if renews else speaker.t("It ends with this month.")
    await show(bot, query, await _card(services, speaker, ws, addon), toast)


async def on_request(
    query: CallbackQuery,
    callback_data: buttons.RequestRemoval,
    bot: Bot,
    services: Services,
    speaker: Speaker,
) -> None:
    """Asks the partner to remove (R10)."""
    ws, addon = callback_data.workspace, callback_data.addon
    await services.db.write(addons.request_removal, speaker.call, ws, addon, callback_data.units)
    services.wake()
    shop, offer = await _offer(services, speaker, ws, addon)
    await show(bot, query, asked_view(speaker.t, shop, offer))


async def on_withdraw(
    query: CallbackQuery,
    callback_data: buttons.WithdrawRequest,
    bot: Bot,
    services: Services,
    speaker: Speaker,
) -> None:
    ws, addon = callback_data.workspace, callback_data.addon
    await services.db.write(addons.withdraw_request, speaker.call, ws, addon)
    await show(bot, query, await _card(services, speaker, ws, addon), speaker.t("The request is withdrawn."))


async def shop_screen(services: Services, speaker: Speaker, workspace_id: int) -> Screen:
    """What the workspace has and what it could have."""
    return shop_view(speaker.t, await _shop(services, speaker, workspace_id), _today(speaker))


async def _only_looks(services: Services, speaker: Speaker, workspace_id: int) -> str | None:
    """Who may buy and remove, said to somebody who may only see what it would cost (R11, R34)."""
    try:
        await services.db.read(seat, speaker.person_id, workspace_id, Role.BILLING)
    except NotAllowedError as refusal:
        return plain(words(refusal, speaker.t))
    return None


async def _shop(services: Services, speaker: Speaker, workspace_id: int) -> Shop:
    return await services.db.read(addons.shop, speaker.person_id, workspace_id, speaker.call.at)


async def _offer(
    services: Services, speaker: Speaker, workspace_id: int, addon_id: int
) -> tuple[Shop, AddonOffer]:
    shop = await _shop(services, speaker, workspace_id)
    offer = next((each for each in shop.offers if each.id == addon_id), None)
    if offer is None:
        raise GoneError
    return shop, offer


async def _card(services: Services, speaker: Speaker, workspace_id: int, addon_id: int) -> Screen:
    shop, offer = await _offer(services, speaker, workspace_id, addon_id)
    number = await services.db.read(
        addons.undoable, speaker.person_id, workspace_id, addon_id, speaker.call.at
    )
    return card_view(speaker.t, shop, offer, number, _today(speaker))


async def _quoted(
    services: Services, speaker: Speaker, workspace_id: int, addon_id: int, units: int
) -> Screen:
    quote = await services.db.read(
        addons.quote, speaker.person_id, workspace_id, addon_id, units, speaker.call.at
    )
    if quote.units_after == quote.units_before:
        return await _card(services, speaker, workspace_id, addon_id)
    return await _quote_screen(services, speaker, quote)


async def _quote_screen(services: Services, speaker: Speaker, quote: Quote) -> Screen:
    today = _today(speaker)
    if quote.units_after < quote.units_before:
        number = await services.db.read(
            addons.undoable,
            speaker.person_id,
            quote.workspace_id,
            quote.addon_id,
            speaker.call.at,
            adding=True,
        )
        return removal_view(speaker.t, quote, today, number)
    if quote.missing:
        fit = await services.db.read(orders.fitting, speaker.person_id, quote.workspace_id, quote.missing)
        return short_view(speaker.t, quote, fit, today)
    return quote_view(speaker.t, quote, today)


async def _changed(services: Services, speaker: Speaker, changed: Changed) -> Screen:
    """What was changed; for a second tap the same again, with Undo while it works."""
    changed = await _told(services, speaker, changed)
    number = changed.number
    if changed.repeated:
        number = await services.db.read(
            addons.undoable, speaker.person_id, changed.workspace_id, changed.addon_id, speaker.call.at
        )
    return changed_view(speaker.t, changed, number, _today(speaker))


async def _told(services: Services, speaker: Speaker, changed: Changed) -> Changed:
    """The change once the host platform was told: most confirm before the reader looks up."""
    if changed.delivered:
        return changed
    await services.tell_host()
    done = await services.db.read(addons.delivered, speaker.person_id, changed.workspace_id)
    return replace(changed, delivered=done)


def _today(speaker: Speaker) -> dt.date:
    """Near enough to tell whether a date needs its year."""
    return speaker.call.at.date()
