"""What is typed about a plan: its name, its price, what it grants."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from billing.errors import BadValueError, PaymentsDownError
from billing.gateway import GatewayError
from billing.plans import catalogue, granting
from billing.plans.catalogue import PlanCard
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.plans_view import plan_view, touch_view
from handlers.partner.prompts import ask, question_screen
from handlers.partner.typed import READING_ERRORS, count, money
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.refusals import words
from handlers.screens import Screen, show
from handlers.services import Services
from handlers.tongue import Tongue, h


class AskPlan(StatesGroup):
    """What is being asked about a plan."""

    name = State()
    shown_price = State()
    stripe_price = State()
    allowance = State()


def add_routes(router: Router) -> None:
    """Buttons that ask, and what is answered."""
    router.callback_query.register(on_type_name, buttons.TypePlanName.filter())
    router.message.register(on_name_typed, Answers(AskPlan.name))
    router.callback_query.register(on_type_shown_price, buttons.TypeShownPrice.filter())
    router.message.register(on_shown_price_typed, Answers(AskPlan.shown_price))
    router.callback_query.register(on_type_stripe_price, buttons.TypeStripePrice.filter())
    router.message.register(on_stripe_price_typed, Answers(AskPlan.stripe_price))
    router.callback_query.register(on_type_allowance, buttons.TypeAllowance.filter())
    router.message.register(on_allowance_typed, Answers(AskPlan.allowance))


async def _card(services: Services, speaker: Speaker, plan_id: int) -> PlanCard:
    return await services.db.read(catalogue.plan_card, speaker.person_id, plan_id)


async def on_type_name(
    query: CallbackQuery,
    callback_data: buttons.TypePlanName,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await _card(services, speaker, callback_data.id) if callback_data.id else None
    await ask(services, speaker, state, AskPlan.name, plan_id=callback_data.id)
    await show(bot, query, _name_question(speaker.t, card))


def _name_question(t: Tongue, card: PlanCard | None, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{h(card.name) if card is not None else t('New plan')}</b>",
        t("What should it be called? Customers read it."),
        back=buttons.Plan(id=card.id) if card is not None else buttons.Plans(),
        why=said,
    )


async def on_name_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    plan_id, t = (await state.get_data())["plan_id"], speaker.t
    try:
        if plan_id:
            await services.db.write(catalogue.rename_plan, speaker.call, plan_id, typed)
        else:
            plan_id = await services.db.write(catalogue.make_plan, speaker.call, typed)
            news = t("Now say what it grants and costs, then put it on sale.")
            await state.clear()
            await show(bot, message, plan_view(t, await _card(services, speaker, plan_id), news))
            return
    except BadValueError as error:
        card = await _card(services, speaker, plan_id) if plan_id else None
        await show(bot, message, _name_question(t, card, why(error, t)))
        return
    await state.clear()
    await show(bot, message, plan_view(t, await _card(services, speaker, plan_id)))


async def on_type_shown_price(
    query: CallbackQuery,
    callback_data: buttons.TypeShownPrice,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await _card(services, speaker, callback_data.id)
    await ask(services, speaker, state, AskPlan.shown_price, plan_id=card.id)
    await show(bot, query, await _shown_price_question(services, speaker, card))


async def _shown_price_question(
    services: Services, speaker: Speaker, card: PlanCard, said: str | None = None
) -> Screen:
    t = speaker.t
    partner, _ = await services.db.read(catalogue.plan_cards, speaker.person_id)
    return question_screen(
        t,
        f"<b>{h(card.name)}</b>",
        t(
            "What does it cost a month? For example <code>49 {usual}</code>. It is only shown.",
            usual=partner.currency,
        ),
        back=buttons.Plan(id=card.id),
        why=said,
    )


async def on_shown_price_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    plan_id, t = (await state.get_data())["plan_id"], speaker.t
    partner, _ = await services.db.read(catalogue.plan_cards, speaker.person_id)
    try:
        cost = money(typed, partner.currency, t)
        await services.db.write(catalogue.show_price, speaker.call, plan_id, cost)
    except READING_ERRORS as error:
        card = await _card(services, speaker, plan_id)
        said = why(error, t, f"49 {partner.currency}")
        await show(bot, message, await _shown_price_question(services, speaker, card, said))
        return
    await state.clear()
    await show(bot, message, plan_view(t, await _card(services, speaker, plan_id)))


async def on_type_stripe_price(
    query: CallbackQuery,
    callback_data: buttons.TypeStripePrice,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    card = await _card(services, speaker, callback_data.id)
    await ask(services, speaker, state, AskPlan.stripe_price, plan_id=card.id)
    await show(bot, query, _stripe_price_question(speaker.t, card))


def _stripe_price_question(t: Tongue, card: PlanCard, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{h(card.name)}</b>",
        t(
            "In Stripe open the product and copy the id of its recurring price. It begins with <code>price_</code>."
        ),
        t("Sum and currency are taken from there."),
        back=buttons.PlanPrice(id=card.id),
        why=said,
    )


async def on_stripe_price_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    plan_id, t = (await state.get_data())["plan_id"], speaker.t
    partner, _ = await services.db.read(catalogue.plan_cards, speaker.person_id)
    try:
        await services.subscriptions.set_stripe_price(speaker.call, partner.id, plan_id, typed)
    except (BadValueError, PaymentsDownError, GatewayError) as error:
        card = await _card(services, speaker, plan_id)
        said = words(PaymentsDownError() if isinstance(error, GatewayError) else error, t)
        await show(bot, message, _stripe_price_question(t, card, said))
        return
    await state.clear()
    await show(bot, message, plan_view(t, await _card(services, speaker, plan_id)))


async def on_type_allowance(
    query: CallbackQuery,
    callback_data: buttons.TypeAllowance,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    touch = await services.db.read(granting.touch, speaker.person_id, callback_data.id, callback_data.code, 0)
    await ask(services, speaker, state, AskPlan.allowance, plan_id=touch.plan_id, code=touch.code)
    await show(bot, query, _allowance_question(speaker.t, touch))


def _allowance_question(t: Tongue, touch: granting.Touch, said: str | None = None) -> Screen:
    return question_screen(
        t,
        f"<b>{h(touch.plan)}</b> · {h(touch.label)}: {t.number(touch.before)}",
        t(
            "How many should it grant? Type a number, for example <code>{number}</code>.",
            number=touch.before or 10,
        ),
        t("Whom it touches is shown before anything changes."),
        back=buttons.Plan(id=touch.plan_id),
        why=said,
    )


async def on_allowance_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data, t = await state.get_data(), speaker.t
    asked = (speaker.person_id, data["plan_id"], data["code"])
    try:
        value = count(typed, t, most=granting.MOST_GRANTED)
        screen = touch_view(t, await services.db.read(granting.touch, *asked, value))
    except READING_ERRORS as error:
        touch = await services.db.read(granting.touch, *asked, 0)
        screen = _allowance_question(t, touch, why(error, t, "10"))
    else:
        await state.clear()
    await show(bot, message, screen)
