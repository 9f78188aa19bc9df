"""Typing a pack: points, bonus, price; each answer is checked as it comes."""

from typing import Any

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import catalogue, margin
from billing.errors import AmountError, BadValueError, GoneError
from billing.money import Money, UnknownCurrencyError
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.margin_view import pack_preview_view
from handlers.partner.pack_view import pack_label, pack_points
from handlers.partner.packs import known_pack, packs_screen
from handlers.partner.prompts import Ask, ask, question_screen
from handlers.partner.typed import READING_ERRORS, money
from handlers.partner.typed import points as typed_points
from handlers.partner.wrong import why
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue


def router() -> Router:
    router = Router(name="partner.pack_form")
    router.callback_query.register(on_type_pack, buttons.TypePack.filter())
    router.message.register(on_points_typed, Answers(Ask.pack_points))
    router.callback_query.register(on_points, buttons.PackPoints.filter(), flags=KEEPS_QUESTION)
    router.message.register(on_bonus_typed, Answers(Ask.pack_bonus))
    router.callback_query.register(on_bonus, buttons.PackBonus.filter(), flags=KEEPS_QUESTION)
    router.message.register(on_price_typed, Answers(Ask.pack_price))
    router.callback_query.register(on_price, buttons.PackPrice.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(on_save, buttons.SavePack.filter(), flags=KEEPS_QUESTION)
    return router


async def on_type_pack(
    query: CallbackQuery,
    callback_data: buttons.TypePack,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """The form keeps what the pack was, so that each answer can be left as it is."""
    data: dict[str, Any] = {"pack_id": callback_data.id}
    if callback_data.id:
        _, pack = await known_pack(services, speaker, callback_data.id)
        data["was"] = [pack.points, pack.bonus, pack.price.amount_minor, pack.price.currency]
    await ask(services, speaker, state, Ask.pack_points, **data)
    await show(bot, query, _points_question(speaker.t, data))


def _points_question(t: Tongue, data: dict[str, Any], said: str | None = None) -> Screen:
    was = data.get("was")
    keep = (
        [[button(t("Keep {points}", points=t.points(was[0])), buttons.PackPoints(points=was[0]))]]
        if was
        else []
    )
    return question_screen(
        t,
        f"<b>{t('Change the pack') if was else t('New pack')}</b>",
        t("How many points? For example <code>50</code>."),
        back=buttons.Packs(),
        why=said,
        choices=keep,
    )


async def on_points_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    try:
        points = typed_points(typed, speaker.t)
        screen = await _points_known(services, speaker, state, data, points)
    except READING_ERRORS as error:
        screen = _points_question(speaker.t, data, _why_points(error, speaker.t))
    await show(bot, message, screen)


def _why_points(error: Exception, t: Tongue) -> str:
    if isinstance(error, BadValueError):
        return t("A pack has more than zero points.")
    return why(error, t, "50")


async def on_points(
    query: CallbackQuery,
    callback_data: buttons.PackPoints,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    data = await _known(state, "pack_id")
    await show(bot, query, await _points_known(services, speaker, state, data, callback_data.points))


async def _known(state: FSMContext, *names: str) -> dict[str, Any]:
    """What was answered so far. Raises GoneError where the form is not open any more."""
    data = await state.get_data()
    if not all(name in data for name in names):
        raise GoneError
    return data


async def _points_known(
    services: Services, speaker: Speaker, state: FSMContext, data: dict[str, Any], points: int
) -> Screen:
    margin.check_pack_points(points, 0)
    data = {**data, "points": points}
    await ask(services, speaker, state, Ask.pack_bonus, **data)
    return _bonus_question(speaker.t, data)


def _bonus_question(t: Tongue, data: dict[str, Any], said: str | None = None) -> Screen:
    was = data.get("was")
    keep = [button(t("No bonus"), buttons.PackBonus(bonus=0))]
    if was and was[1]:
        keep.append(button(t("Keep {points}", points=t.points(was[1])), buttons.PackBonus(bonus=was[1])))
    return question_screen(
        t,
        f"<b>{pack_points(t, data['points'], 0)}</b>",
        t("How many bonus points on top? For example <code>5</code>."),
        back=buttons.Packs(),
        why=said,
        choices=[keep],
    )


async def on_bonus_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    try:
        bonus = typed_points(typed, speaker.t)
        screen = await _bonus_known(services, speaker, state, data, bonus)
    except READING_ERRORS as error:
        screen = _bonus_question(speaker.t, data, why(error, speaker.t, "5"))
    await show(bot, message, screen)


async def on_bonus(
    query: CallbackQuery,
    callback_data: buttons.PackBonus,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    data = await _known(state, "pack_id", "points")
    await show(bot, query, await _bonus_known(services, speaker, state, data, callback_data.bonus))


async def _bonus_known(
    services: Services, speaker: Speaker, state: FSMContext, data: dict[str, Any], bonus: int
) -> Screen:
    margin.check_pack_points(data["points"], bonus)
    data = {**data, "bonus": bonus}
    await ask(services, speaker, state, Ask.pack_price, **data)
    return _price_question(speaker.t, data, await _usual_currency(services, speaker))


async def _usual_currency(services: Services, speaker: Speaker) -> str:
    partner, _, _ = await services.db.read(catalogue.pack_cards, speaker.person_id)
    return partner.currency


def _price_question(t: Tongue, data: dict[str, Any], usual: str, said: str | None = None) -> Screen:
    was = data.get("was")
    keep = []
    if was:
        kept = Money(was[2], was[3])
        keep = [
            [
                button(
                    t("Keep {price}", price=t.money(kept)),
                    buttons.PackPrice(amount_minor=kept.amount_minor, currency=kept.currency),
                )
            ]
        ]
    return question_screen(
        t,
        f"<b>{pack_points(t, data['points'], data['bonus'])}</b>",
        t("What does it cost? For example <code>40 {usual}</code> or <code>1500 JPY</code>.", usual=usual),
        back=buttons.Packs(),
        why=said,
        choices=keep,
    )


async def on_price_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await _known(state, "pack_id", "points", "bonus")
    usual = await _usual_currency(services, speaker)
    try:
        screen = await _price_known(services, speaker, state, data, money(typed, usual, speaker.t))
    except (*READING_ERRORS, AmountError) as error:
        screen = _price_question(speaker.t, data, usual, why(error, speaker.t, f"40 {usual}"))
    await show(bot, message, screen)


async def on_price(
    query: CallbackQuery,
    callback_data: buttons.PackPrice,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    data = await _known(state, "pack_id", "points", "bonus")
    try:
        price = Money(callback_data.amount_minor, callback_data.currency)
    except UnknownCurrencyError:
        raise GoneError from None
    await show(bot, query, await _price_known(services, speaker, state, data, price))


async def _price_known(
    services: Services, speaker: Speaker, state: FSMContext, data: dict[str, Any], price: Money
) -> Screen:
    today = services.clock.now().date()
    preview = await services.db.read(
        margin.pack_preview, speaker.person_id, data["points"], data["bonus"], price, today
    )
    data = {**data, "price": [price.amount_minor, price.currency]}
    await ask(services, speaker, state, Ask.pack_confirm, **data)
    return pack_preview_view(speaker.t, preview, data["pack_id"])


async def on_save(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    """Saves what was typed, once: the form closes, so a second tap finds nothing to save."""
    data = await _known(state, "pack_id", "points", "bonus", "price")
    saved = await services.db.write(
        catalogue.save_pack,
        speaker.call,
        data["pack_id"] or None,
        data["points"],
        data["bonus"],
        Money(*data["price"]),
    )
    await state.clear()
    news = speaker.t("Saved: {pack}", pack=pack_label(speaker.t, saved))
    await show(bot, query, await packs_screen(services, speaker, news))
