"""Refunding from a payment's row (R29): what is left, whole or typed, quoted, confirmed; saying no to a wish."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from billing import refund_requests, refunding
from billing.errors import BadValueError, NotRefundableError, RefundChangedError
from billing.money import UnknownCurrencyError, parse_money
from billing.points import AmountFormatError
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import ask, question_screen
from handlers.partner.refunds_view import (
    asking_lines,
    declined_view,
    offer_view,
    quote_view,
    refunded_view,
)
from handlers.partner.routing import opens
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.refusals import words
from handlers.screens import Screen, button, show
from handlers.services import Services


class Ask(StatesGroup):
    """What is being asked about a refund."""

    amount = State()
    note = State()


def router() -> Router:
    router = Router(name="partner.refunds")
    router.callback_query.register(opens(offer_screen), buttons.Refund.filter())
    router.callback_query.register(opens(_quote), buttons.QuoteRefund.filter())
    router.callback_query.register(opens(_make), buttons.MakeRefund.filter())
    router.callback_query.register(on_type_amount, buttons.TypeRefund.filter())
    router.callback_query.register(on_decline, buttons.DeclineRefund.filter())
    router.callback_query.register(opens(_decline_plainly), buttons.DeclineWithoutNote.filter())
    router.message.register(on_amount_typed, Answers(Ask.amount))
    router.message.register(on_note_typed, Answers(Ask.note))
    return router


async def offer_screen(services: Services, speaker: Speaker, tap: buttons.Refund) -> Screen:
    """What of the payment can go back, asked at Stripe just now."""
    return offer_view(speaker.t, await services.refunds.offer(speaker.call, tap.order))


async def _quote(services: Services, speaker: Speaker, tap: buttons.QuoteRefund) -> Screen:
    return await _quoted(services, speaker, tap.order, tap.amount_minor)


async def _quoted(services: Services, speaker: Speaker, order_id: int, amount_minor: int) -> Screen:
    """What it would do, or what is left where that much is not."""
    try:
        quote = await services.db.read(refunding.quote, speaker.person_id, order_id, amount_minor)
    except NotRefundableError as refusal:
        offer = await services.refunds.offer(speaker.call, order_id)
        return offer_view(speaker.t, offer, words(refusal, speaker.t))
    return quote_view(speaker.t, quote)


async def _make(services: Services, speaker: Speaker, tap: buttons.MakeRefund) -> Screen:
    t = speaker.t
    try:
        made = await services.refunds.refund(speaker.call, tap.order, tap.amount_minor, tap.left_minor)
    except (RefundChangedError, NotRefundableError) as refusal:
        return offer_view(t, await services.refunds.offer(speaker.call, tap.order), words(refusal, t))
    services.wake()
    after = await services.db.read(refunding.offer, speaker.person_id, tap.order)
    return refunded_view(t, made, after)


async def on_type_amount(
    query: CallbackQuery,
    callback_data: buttons.TypeRefund,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    await show(bot, query, await _ask_amount(services, speaker, state, callback_data.order))


async def _ask_amount(
    services: Services, speaker: Speaker, state: FSMContext, order_id: int, said: str | None = None
) -> Screen:
    offer = await services.refunds.offer(speaker.call, order_id)
    await ask(services, speaker, state, Ask.amount, order_id=order_id)
    return question_screen(
        speaker.t, *asking_lines(speaker.t, offer), back=buttons.Refund(order=order_id), why=said
    )


async def on_amount_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    t, order_id = speaker.t, (await state.get_data())["order_id"]
    known = await services.db.read(refunding.offer, speaker.person_id, order_id)
    try:
        amount = parse_money(typed, known.left.currency, decimal=t.decimal_mark, group=t.group_mark)
        quote = await services.db.read(refunding.quote, speaker.person_id, order_id, amount.amount_minor)
    except (AmountFormatError, UnknownCurrencyError) as error:
        screen = await _ask_amount(services, speaker, state, order_id, why(error, t, "10"))
    except NotRefundableError as refusal:
        screen = await _ask_amount(services, speaker, state, order_id, words(refusal, t))
    else:
        await state.clear()
        screen = quote_view(t, quote)
    await show(bot, message, screen)


async def on_decline(
    query: CallbackQuery,
    callback_data: buttons.DeclineRefund,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    tap = callback_data
    await show(bot, query, await _ask_note(services, speaker, state, tap.request, tap.order))


async def _ask_note(
    services: Services,
    speaker: Speaker,
    state: FSMContext,
    request_id: int,
    order_id: int,
    said: str | None = None,
) -> Screen:
    await ask(services, speaker, state, Ask.note, request_id=request_id, order_id=order_id)
    t = speaker.t
    return question_screen(
        t,
        t("Why not? The customer reads it."),
        back=buttons.Refund(order=order_id),
        why=said,
        choices=[[button(t("Decline without a note"), buttons.DeclineWithoutNote(request=request_id))]],
    )


async def on_note_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    try:
        screen = await _decline(services, speaker, data["request_id"], typed)
    except BadValueError as error:
        said = why(error, speaker.t)
        screen = await _ask_note(services, speaker, state, data["request_id"], data["order_id"], said)
    else:
        await state.clear()
    await show(bot, message, screen)


async def _decline_plainly(services: Services, speaker: Speaker, tap: buttons.DeclineWithoutNote) -> Screen:
    return await _decline(services, speaker, tap.request, "")


async def _decline(services: Services, speaker: Speaker, request_id: int, note: str) -> Screen:
    done = await services.db.write(refund_requests.decline, speaker.call, request_id, note)
    services.wake()
    return declined_view(speaker.t, done)
