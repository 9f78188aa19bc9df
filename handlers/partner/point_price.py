"""What one point costs, and the least that an exact purchase costs; each answer is checked as it comes (R3, R32)."""

from decimal import Decimal
from typing import Any

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import catalogue, margin
from billing.errors import BadValueError, GoneError
from billing.money import Money, MoneyFormatError, parse_money
from billing.money import currency as currency_of
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.margin_view import least_purchase, point_price_preview_view
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.typed import READING_ERRORS, price_of_point
from handlers.partner.wrong import why
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue
from storage.models import PointPrice


def router() -> Router:
    router = Router(name="partner.point_price")
    router.callback_query.register(opens(_point_prices), buttons.PointPrices.filter())
    router.callback_query.register(on_type_price, buttons.TypePointPrice.filter())
    router.message.register(on_price_typed, Answers(Ask.point_price))
    router.callback_query.register(on_type_least, buttons.TypeLeastPurchase.filter(), flags=KEEPS_QUESTION)
    router.message.register(on_least_typed, Answers(Ask.point_minimum))
    router.callback_query.register(on_least, buttons.LeastPurchase.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(on_save, buttons.SavePointPrice.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(opens(_drop), buttons.DropPointPrice.filter())
    return router


async def _point_prices(services: Services, speaker: Speaker, _: buttons.PointPrices) -> Screen:
    return await point_prices_screen(services, speaker)


async def point_prices_screen(services: Services, speaker: Speaker, news: str | None = None) -> Screen:
    partner, _packs, prices = await services.db.read(catalogue.pack_cards, speaker.person_id)
    return point_prices_view(speaker.t, prices, partner.currency, news)


def point_prices_view(t: Tongue, prices: list[PointPrice], usual: str, news: str | None = None) -> Screen:
    """What one point costs in each currency."""
    return Screen.of(
        *([news, ""] if news is not None else []),
        f"<b>{t('Price of a point')}</b>",
        t("With it customers can buy exactly what they are short of."),
        "",
        *[line for row in prices for line in _price_lines(t, row)],
        None if prices else t("None yet."),
        rows=[
            *[
                [
                    button(
                        t("Smallest purchase in {currency}", currency=row.currency),
                        buttons.TypeLeastPurchase(currency=row.currency),
                    ),
                    button(
                        t("Stop exact amounts in {currency}", currency=row.currency),
                        buttons.DropPointPrice(currency=row.currency),
                    ),
                ]
                for row in prices
            ],
            [
                button(
                    t("Set a price, like 1 {currency}", currency=usual) if not prices else t("Set a price"),
                    buttons.TypePointPrice(),
                )
            ],
            [button(t("‹ Packs"), buttons.Packs())],
        ],
    )


def _price_lines(t: Tongue, row: PointPrice) -> list[str]:
    return [
        t("1 point = {price}", price=t.price(Decimal(row.price), row.currency)),
        least_purchase(t, Money(row.minimum_minor, row.currency)),
    ]


async def on_type_price(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    await ask(services, speaker, state, Ask.point_price)
    await show(bot, query, _price_question(speaker.t, await _usual_currency(services, speaker)))


async def _usual_currency(services: Services, speaker: Speaker) -> str:
    partner, _, _ = await services.db.read(catalogue.pack_cards, speaker.person_id)
    return partner.currency


def _price_question(t: Tongue, usual: str, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{t('Price of a point')}</b>",
        t(
            "What does one point cost? For example <code>1 {usual}</code> or <code>150 JPY</code>.",
            usual=usual,
        ),
        back=buttons.PointPrices(),
        why=said,
    )


async def on_price_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    usual = await _usual_currency(services, speaker)
    try:
        price, currency = price_of_point(typed, usual, speaker.t)
        screen = await _preview(services, speaker, state, {"price": price, "currency": currency})
    except READING_ERRORS as error:
        screen = _price_question(speaker.t, usual, why(error, speaker.t, f"1 {usual}"))
    await show(bot, message, screen)


async def _preview(
    services: Services, speaker: Speaker, state: FSMContext, data: dict[str, Any], least: int | None = None
) -> Screen:
    """What saving would mean; `least` in minor units, None: as it was."""
    today = services.clock.now().date()
    preview = await services.db.read(
        margin.point_price_preview, speaker.person_id, data["currency"], data["price"], least, today
    )
    await ask(
        services,
        speaker,
        state,
        Ask.point_confirm,
        currency=data["currency"],
        price=data["price"],
        least=preview.minimum.amount_minor,
    )
    return point_price_preview_view(speaker.t, preview)


async def on_type_least(
    query: CallbackQuery,
    callback_data: buttons.TypeLeastPurchase,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """From a preview it belongs to the price that was typed, else to the one that there is."""
    currency, data = callback_data.currency, await state.get_data()
    if "price" not in data or data.get("currency") != currency:
        _, _, prices = await services.db.read(catalogue.pack_cards, speaker.person_id)
        row = next((row for row in prices if row.currency == currency), None)
        if row is None:
            raise GoneError
        data = {"currency": currency, "price": row.price, "least": row.minimum_minor}
    await ask(services, speaker, state, Ask.point_minimum, **data)
    await show(bot, query, _least_question(speaker.t, data))


def _least_question(t: Tongue, data: dict[str, Any], said: str | None = None) -> Screen:
    currency = data["currency"]
    stripes = Money(currency_of(currency).minimum, currency)
    choices = [button(t("Stripe's minimum"), buttons.LeastPurchase(amount_minor=0))]
    if data["least"]:
        keep = t("Keep {price}", price=t.money(Money(data["least"], currency)))
        choices.append(button(keep, buttons.LeastPurchase(amount_minor=data["least"])))
    return question_screen(
        t,
        f"<b>{t('Smallest purchase in {currency}', currency=currency)}</b>",
        t(
            "What does an exact purchase cost at least? For example <code>5 {currency}</code>. "
            "Stripe takes nothing below {stripes}.",
            currency=currency,
            stripes=t.money(stripes),
        ),
        back=buttons.PointPrices(),
        why=said,
        choices=[choices],
    )


async def on_least_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    currency = data["currency"]
    try:
        least = parse_money(typed, currency, decimal=speaker.t.decimal_mark, group=speaker.t.group_mark)
        screen = await _preview(services, speaker, state, data, least.amount_minor)
    except MoneyFormatError as error:
        said = (
            speaker.t("This is about {currency}.", currency=currency)
            if error.key == "amount-currency"
            else why(error, speaker.t, f"5 {currency}")
        )
        screen = _least_question(speaker.t, data, said)
    except BadValueError as error:
        screen = _least_question(speaker.t, data, why(error, speaker.t, f"5 {currency}"))
    await show(bot, message, screen)


async def on_least(
    query: CallbackQuery,
    callback_data: buttons.LeastPurchase,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    data = await _known(state)
    await show(bot, query, await _preview(services, speaker, state, data, callback_data.amount_minor))


async def _known(state: FSMContext) -> dict[str, Any]:
    """What was answered so far. Raises GoneError where the form is not open any more."""
    data = await state.get_data()
    if not all(name in data for name in ("currency", "price", "least")):
        raise GoneError
    return data


async def on_save(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    """Saves what was shown, once: the form closes, so a second tap finds nothing to save."""
    data = await _known(state)
    await services.db.write(
        catalogue.set_point_price, speaker.call, data["currency"], data["price"], data["least"]
    )
    await state.clear()
    await show(bot, query, await point_prices_screen(services, speaker, speaker.t("Saved.")))


async def _drop(services: Services, speaker: Speaker, tap: buttons.DropPointPrice) -> Screen:
    await services.db.write(catalogue.drop_point_price, speaker.call, tap.currency)
    return await point_prices_screen(services, speaker)
