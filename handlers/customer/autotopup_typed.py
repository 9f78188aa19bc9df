"""Auto top-up's amounts that have no button: they are asked for and typed (R17)."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from billing import orders
from billing.automatic import agreement
from billing.catalogue import PackCard
from billing.errors import BadValueError
from billing.money import Money, MoneyFormatError, UnknownCurrencyError, parse_money
from billing.points import AmountFormatError, parse_points
from handlers.context import Speaker
from handlers.customer import autotopup_buttons as auto
from handlers.customer.autotopup import autotopup_screen, consent_of, facts_of
from handlers.customer.autotopup_choices import ask_limit_view, ask_low_view, consent_view
from handlers.customer.prompts import Ask
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.refusals import words
from handlers.screens import Screen, show
from handlers.services import Services
from handlers.tongue import Tongue


def router() -> Router:
    router = Router(name="customer.autotopup_typed")
    router.message.register(on_limit_typed, Answers(Ask.limit), flags=KEEPS_QUESTION)
    router.message.register(on_low_typed, Answers(Ask.low), flags=KEEPS_QUESTION)
    router.callback_query.register(on_ask_limit, auto.AskLimit.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(on_ask_low, auto.AskLow.filter(), flags=KEEPS_QUESTION)
    return router


async def on_ask_limit(
    query: CallbackQuery,
    callback_data: auto.AskLimit,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """Asks for the money; wants the right to pay before it asks."""
    ws, reading = callback_data.workspace, callback_data.pack_id
    await services.db.read(orders.payer, speaker.person_id, ws)
    pack = await _pack(services, speaker, ws, reading)
    if pack is None:
        await show(bot, query, await autotopup_screen(services, speaker, ws))
        return
    await state.set_state(Ask.limit)
    await state.set_data({"workspace": ws, "reading": reading})
    await show(bot, query, ask_limit_view(speaker.t, ws, pack))


async def on_limit_typed(
    message: Message, bot: Bot, services: Services, speaker: Speaker, state: FSMContext, typed: str
) -> None:
    """Takes the limit, or says what was wrong with it and keeps asking."""
    data, t = await state.get_data(), speaker.t
    ws, reading = int(data["workspace"]), int(data["reading"])
    pack = await _pack(services, speaker, ws, reading)
    if pack is None:
        await state.clear()
        await show(bot, message, await autotopup_screen(services, speaker, ws))
        return
    try:
        limit = _limit(typed, pack, t)
    except (AmountFormatError, UnknownCurrencyError, BadValueError) as error:
        await show(bot, message, ask_limit_view(t, ws, pack, _wrong_limit(error, pack, t)))
        return
    await state.clear()
    await show(bot, message, await _limited(services, speaker, ws, reading, limit))


def _limit(typed: str, pack: PackCard, t: Tongue) -> Money:
    """Raises AmountFormatError, UnknownCurrencyError, and BadValueError for a limit that leaves no pack to buy."""
    limit = parse_money(typed, pack.price.currency, decimal=t.decimal_mark, group=t.group_mark)
    if limit.amount_minor < pack.price.amount_minor:
        raise BadValueError("limit", typed)
    return limit


async def _limited(
    services: Services, speaker: Speaker, workspace_id: int, reading: int, limit: Money
) -> Screen:
    """The consent that is being read, with this limit; or the screen with the limit set."""
    if reading:
        return consent_view(
            speaker.t, await consent_of(services, speaker, workspace_id, reading, limit.amount_minor)
        )
    await services.db.write(agreement.set_cap, speaker.call, workspace_id, limit.amount_minor)
    services.wake()
    return await autotopup_screen(services, speaker, workspace_id)


async def _pack(services: Services, speaker: Speaker, workspace_id: int, reading: int) -> PackCard | None:
    """The pack of the consent that is being read, or the one that is agreed to; None where there is none."""
    if reading:
        return (await consent_of(services, speaker, workspace_id, reading, -1)).pack
    return (await facts_of(services, speaker, workspace_id)).pack


def _wrong_limit(error: Exception, pack: PackCard, t: Tongue) -> str:
    match error:
        case UnknownCurrencyError() | MoneyFormatError(key="amount-currency"):
            return t("The limit is counted in {currency}, as the pack is.", currency=pack.price.currency)
        case MoneyFormatError(key="amount-step"):
            return t("That has too many decimals.")
        case BadValueError(field="limit"):
            return t("One pack costs {price}: with less nothing could be bought.", price=t.money(pack.price))
        case AmountFormatError(key="amount-decimals" | "amount-too-large" | "amount-ambiguous"):
            return words(error, t)
        case _:
            return t("That isn't a sum of money.")


async def on_ask_low(
    query: CallbackQuery,
    callback_data: auto.AskLow,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """Asks for the points; wants the right to pay before it asks."""
    ws = callback_data.workspace
    await services.db.read(orders.payer, speaker.person_id, ws)
    await state.set_state(Ask.low)
    await state.set_data({"workspace": ws})
    await show(bot, query, ask_low_view(speaker.t, ws))


async def on_low_typed(
    message: Message, bot: Bot, services: Services, speaker: Speaker, state: FSMContext, typed: str
) -> None:
    """Takes the number of points, or says what was wrong with it and keeps asking."""
    ws, t = int((await state.get_data())["workspace"]), speaker.t
    try:
        low = parse_points(typed, decimal=t.decimal_mark, group=t.group_mark)
        await services.db.write(agreement.set_low_balance, speaker.call, ws, low)
    except (AmountFormatError, BadValueError) as error:
        await show(bot, message, ask_low_view(t, ws, _wrong_low(error, t)))
        return
    await state.clear()
    services.wake()
    await show(bot, message, await autotopup_screen(services, speaker, ws))


def _wrong_low(error: Exception, t: Tongue) -> str:
    match error:
        case BadValueError():
            return t("That is too much, or not enough: take a number above zero.")
        case AmountFormatError(key="amount-decimals" | "amount-too-large" | "amount-ambiguous"):
            return words(error, t)
        case _:
            return t("That isn't a number of points.")
