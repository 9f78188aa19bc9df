"""/addons: what the partner sells per cycle, and its price beside its cost (R6, R32)."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import catalogue, margin
from billing.catalogue import AddonCard
from billing.errors import BadValueError
from billing.points import AmountFormatError
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.desk import desk_screen
from handlers.partner.margin_view import earnings, price_preview_view, suggestions_view
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens, says
from handlers.partner.typed import READING_ERRORS, money
from handlers.partner.typed import points as typed_points
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.addons")
    router.message.register(says(prices_screen), Command("addons"))
    router.callback_query.register(opens(_prices), buttons.Prices.filter())
    router.callback_query.register(opens(_suggest), buttons.SuggestPrices.filter())
    router.callback_query.register(opens(_save_suggested), buttons.SaveSuggestedPrices.filter())
    router.callback_query.register(opens(_price), buttons.Price.filter())
    router.callback_query.register(on_type_price, buttons.TypePrice.filter())
    router.message.register(on_price_typed, Answers(Ask.price))
    router.callback_query.register(opens(_save), buttons.SavePrice.filter())
    router.callback_query.register(on_type_cost, buttons.TypeCost.filter())
    router.message.register(on_cost_typed, Answers(Ask.cost))
    router.callback_query.register(on_type_label, buttons.TypeLabel.filter())
    router.message.register(on_label_typed, Answers(Ask.label))
    router.callback_query.register(opens(_on_sale), buttons.OnSale.filter())
    router.callback_query.register(opens(_whole_cycles), buttons.WholeCycles.filter())
    return router


def _today(services: Services) -> dt.date:
    return services.clock.now().date()


async def prices_screen(services: Services, speaker: Speaker) -> Screen:
    """All add-ons with price and cost."""
    _, cards = await services.db.read(catalogue.addon_cards, speaker.person_id, _today(services))
    return prices_view(speaker.t, cards)


async def _prices(services: Services, speaker: Speaker, _: buttons.Prices) -> Screen:
    return await prices_screen(services, speaker)


async def _suggest(services: Services, speaker: Speaker, tap: buttons.SuggestPrices) -> Screen:
    preview = await services.db.read(margin.suggestions_preview, speaker.person_id)
    if not preview.prices:
        return await _suggested_from(services, speaker, desk=tap.desk)
    return suggestions_view(speaker.t, preview, desk=tap.desk)


async def _save_suggested(services: Services, speaker: Speaker, tap: buttons.SaveSuggestedPrices) -> Screen:
    """Saves what was shown, or shows what it has become."""
    await services.db.write(catalogue.suggest_prices, speaker.call, tap.total)
    services.wake()
    preview = await services.db.read(margin.suggestions_preview, speaker.person_id)
    if not preview.prices:
        return await _suggested_from(services, speaker, desk=tap.desk)
    return suggestions_view(
        speaker.t, preview, desk=tap.desk, news=speaker.t("Something changed: nothing is saved yet.")
    )


async def _suggested_from(services: Services, speaker: Speaker, *, desk: bool) -> Screen:
    return await (desk_screen if desk else prices_screen)(services, speaker)


async def _price(services: Services, speaker: Speaker, tap: buttons.Price) -> Screen:
    return await price_screen(services, speaker, tap.addon_id)


async def price_screen(
    services: Services, speaker: Speaker, addon_id: int, news: str | None = None
) -> Screen:
    card = await services.db.read(catalogue.addon_card, speaker.person_id, addon_id, _today(services))
    return price_view(speaker.t, card, _today(services), news)


def prices_view(t: Tongue, cards: list[AddonCard]) -> Screen:
    """A line for each add-on, and a button that opens it."""
    unpriced = any(card.price is None and card.cost is not None for card in cards)
    return Screen.of(
        f"<b>{t('Prices')}</b>",
        t("For a unit and month. In brackets: what it costs you."),
        "",
        *[_line(t, card) for card in cards],
        rows=[
            [button(t("Use suggested prices"), buttons.SuggestPrices(desk=False))] if unpriced else None,
            *[
                [button(card.label, buttons.Price(addon_id=card.id)) for card in cards[start : start + 2]]
                for start in range(0, len(cards), 2)
            ],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def _line(t: Tongue, card: AddonCard) -> str:
    mark = "●" if card.on_sale else "○"
    price = t("{points} points", points=t.points(card.price)) if card.price is not None else t("no price")
    cost = f" ({t.money(card.cost)})" if card.cost is not None else ""
    return f"{mark} {h(card.label)}  {price}{cost}"


def price_view(t: Tongue, card: AddonCard, today: dt.date, news: str | None = None) -> Screen:
    """One add-on and its switches."""
    coming = (
        t(
            "From {day}  {points} points",
            day=t.near_day(card.coming_from, today),
            points=t.points(card.coming_price),
        )
        if card.coming_price is not None and card.coming_from is not None
        else None
    )
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{h(card.label)}</b> · {t('● on sale') if card.on_sale else t('○ not on sale')}",
        t("Price  {points} points a month", points=t.points(card.price))
        if card.price is not None
        else t("No price yet"),
        coming,
        t("Costs you  {cost}", cost=t.money(card.cost))
        if card.cost is not None
        else t("No cost price yet: what it earns isn't compared."),
        t.n("{count} workspace has it", "{count} workspaces have it", card.workspaces),
        t("Sold by whole months: full price on any day, nothing back.")
        if card.whole_cycles
        else t("Sold by days: part of a month costs that part."),
        rows=[
            [
                button(
                    t("Change the price") if card.price is not None else t("Set a price"),
                    buttons.TypePrice(addon_id=card.id),
                    "success" if card.price is None else None,
                ),
                button(t("Cost price"), buttons.TypeCost(addon_id=card.id)),
            ],
            [
                button(t("Take off sale"), buttons.OnSale(addon_id=card.id, on=False))
                if card.on_sale
                else button(t("Put on sale"), buttons.OnSale(addon_id=card.id, on=True)),
                button(t("Sell by days"), buttons.WholeCycles(addon_id=card.id, on=False))
                if card.whole_cycles
                else button(t("Sell by whole months"), buttons.WholeCycles(addon_id=card.id, on=True)),
            ],
            [button(t("Rename"), buttons.TypeLabel(addon_id=card.id))],
            [button(t("‹ Prices"), buttons.Prices())],
        ],
    )


async def on_type_price(
    query: CallbackQuery,
    callback_data: buttons.TypePrice,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    addon_id = callback_data.addon_id
    card = await services.db.read(catalogue.addon_card, speaker.person_id, addon_id, _today(services))
    await ask(services, speaker, state, Ask.price, addon_id=addon_id)
    await show(bot, query, _price_question(speaker.t, card))


def _price_question(t: Tongue, card: AddonCard, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{h(card.label)}</b>",
        t(
            "What should it cost a month, in points? For example <code>{number}</code> or <code>7.50</code>.",
            number=t.points(card.price or 750),
        ),
        t("It costs you {cost}.", cost=t.money(card.cost)) if card.cost is not None else None,
        back=buttons.Price(addon_id=card.id),
        why=said,
    )


async def on_price_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    addon_id = (await state.get_data())["addon_id"]
    today = _today(services)
    try:
        price = typed_points(typed, speaker.t)
        preview = await services.db.read(margin.price_preview, speaker.person_id, addon_id, price, today)
    except (AmountFormatError, BadValueError) as error:
        card = await services.db.read(catalogue.addon_card, speaker.person_id, addon_id, today)
        screen = _price_question(speaker.t, card, _why_price(error, speaker.t))
    else:
        await state.clear()
        screen = price_preview_view(speaker.t, preview, today)
    await show(bot, message, screen)


def _why_price(error: Exception, t: Tongue) -> str:
    if isinstance(error, BadValueError):
        return t("A price is zero or more, up to {most} points.", most=t.points(catalogue.MOST_PRICE))
    return why(error, t, "7.50")


async def _save(services: Services, speaker: Speaker, tap: buttons.SavePrice) -> Screen:
    await services.db.write(catalogue.set_price, speaker.call, tap.addon_id, tap.price)
    services.wake()
    return await price_screen(services, speaker, tap.addon_id, speaker.t("Saved."))


async def on_type_cost(
    query: CallbackQuery,
    callback_data: buttons.TypeCost,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    await ask(services, speaker, state, Ask.cost, addon_id=callback_data.addon_id)
    await show(bot, query, await _cost_question(services, speaker, callback_data.addon_id))


async def _cost_question(
    services: Services, speaker: Speaker, addon_id: int, said: str | None = None
) -> Screen:
    t = speaker.t
    usual = await _usual_currency(services, speaker)
    card = await services.db.read(catalogue.addon_card, speaker.person_id, addon_id, _today(services))
    return question_screen(
        t,
        f"<b>{h(card.label)}</b>",
        t(
            "What does a unit cost you a month? For example <code>5 {usual}</code>. Customers never see it.",
            usual=usual,
        ),
        t("It costs you {cost} now.", cost=t.money(card.cost)) if card.cost is not None else None,
        back=buttons.Price(addon_id=addon_id),
        why=said,
    )


async def _usual_currency(services: Services, speaker: Speaker) -> str:
    partner, _ = await services.db.read(catalogue.addon_cards, speaker.person_id, _today(services))
    return partner.currency


async def on_cost_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    """The add-on's own screen, with what its price earns over the new cost."""
    addon_id = (await state.get_data())["addon_id"]
    usual = await _usual_currency(services, speaker)
    try:
        cost = money(typed, usual, speaker.t)
        await services.db.write(catalogue.set_cost, speaker.call, addon_id, cost)
    except READING_ERRORS as error:
        said = why(error, speaker.t, f"5 {usual}")
        screen = await _cost_question(services, speaker, addon_id, said)
    else:
        await state.clear()
        screen = await price_screen(
            services, speaker, addon_id, await _cost_saved(services, speaker, addon_id)
        )
    await show(bot, message, screen)


async def _cost_saved(services: Services, speaker: Speaker, addon_id: int) -> str:
    today, saved = _today(services), speaker.t("Saved.")
    card = await services.db.read(catalogue.addon_card, speaker.person_id, addon_id, today)
    if card.price is None:
        return saved
    asked = (speaker.person_id, addon_id, card.price, today)
    preview = await services.db.read(margin.price_preview, *asked)
    return "\n".join([saved, *earnings(speaker.t, preview)])


async def on_type_label(
    query: CallbackQuery,
    callback_data: buttons.TypeLabel,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    await ask(services, speaker, state, Ask.label, addon_id=callback_data.addon_id)
    await show(bot, query, _label_question(speaker.t, callback_data.addon_id))


def _label_question(t: Tongue, addon_id: int, said: str | None = None) -> Screen:
    return question_screen(
        t,
        t("What should customers read? For example <i>Extra bot</i>."),
        back=buttons.Price(addon_id=addon_id),
        why=said,
    )


async def on_label_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    addon_id = (await state.get_data())["addon_id"]
    try:
        await services.db.write(catalogue.set_label, speaker.call, addon_id, typed)
    except BadValueError as error:
        screen = _label_question(speaker.t, addon_id, why(error, speaker.t))
    else:
        await state.clear()
        screen = await price_screen(services, speaker, addon_id)
    await show(bot, message, screen)


async def _on_sale(services: Services, speaker: Speaker, tap: buttons.OnSale) -> Screen:
    await services.db.write(catalogue.set_on_sale, speaker.call, tap.addon_id, on_sale=tap.on)
    return await price_screen(services, speaker, tap.addon_id)


async def _whole_cycles(services: Services, speaker: Speaker, tap: buttons.WholeCycles) -> Screen:
    await services.db.write(catalogue.set_whole_cycles, speaker.call, tap.addon_id, whole_cycles=tap.on)
    return await price_screen(services, speaker, tap.addon_id)
