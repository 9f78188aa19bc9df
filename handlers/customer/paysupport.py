"""/paysupport: where payments are found, who helps, and asking for one back."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import StatesGroup
from aiogram.types import CallbackQuery, Message

from billing import refund_requests
from billing.errors import NotRefundableError, TooLongError
from billing.money import Money
from billing.refund_requests import PaymentView, PaySupport
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import here, menu, payment_for, points
from handlers.customer.prompts import question
from handlers.questions import Answers
from handlers.refusals import words
from handlers.screens import Screen, button, link, show
from handlers.services import Services
from handlers.tongue import Tongue, h


class Ask(StatesGroup):
    """The pending question."""

    reason = question()


def router() -> Router:
    router = Router(name="customer.paysupport")
    router.message.register(on_command, Command("paysupport"))
    router.message.register(on_reason_typed, Answers(Ask.reason))
    router.callback_query.register(on_payment, buttons.Payment.filter())
    router.callback_query.register(on_ask, buttons.AskRefund.filter())
    return router


async def on_command(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/paysupport"""
    await show(bot, message, await support_screen(services, speaker))


async def support_screen(services: Services, speaker: Speaker) -> Screen:
    """The newest payments of the workspace that is open, and how to get help. Raises StrangerError."""
    now = services.clock.now()
    known = await services.db.read(refund_requests.support, speaker.person_id, here(speaker), now)
    return support_view(speaker.t, known)


def support_view(t: Tongue, known: PaySupport) -> Screen:
    """How payments are found, and the newest of them, each opened by its number."""
    ws = known.workspace_id
    lines = [
        f"{number}. {t.when(each.paid_at, 'd')}  <b>{t.money(each.paid)}</b>"
        f"  {h(payment_for(t, each.plan, each.points))}"
        + (f" · {t('went back: {amount}', amount=t.money(each.gone))}" if each.gone.amount_minor else "")
        for number, each in enumerate(known.payments, start=1)
    ]
    return Screen.of(
        f"<b>{t('Help with a payment')}</b>",
        t(
            "Paid, and no points yet? Open Top up: a payment on its way stands there and is looked up at once."
        ),
        t("Don't pay again for the same points. A payment that arrives late is credited by itself."),
        "",
        h(known.workspace) if lines else None,
        *lines,
        t("Open a payment for its receipt, or to ask for it back.") if lines else None,
        t("Nothing was paid yet.") if known.may_ask and not lines else None,
        None if known.may_ask else t("The owner and billing see the payments and can ask for one back."),
        t("Everything else: ask {partner}, from whom you buy.", partner=h(known.partner)),
        rows=[
            [
                button(str(number), buttons.Payment(order=each.order_id))
                for number, each in enumerate(known.payments, start=1)
            ],
            [button(t("All payments"), buttons.Payments(workspace=ws))] if lines else None,
            [
                button(t("Top up"), buttons.TopUp(workspace=ws)),
                button(t("History"), buttons.History(workspace=ws)),
            ],
            [
                button(t("How this works"), buttons.About(page="help")),
                button(t("What is kept"), buttons.About(page="privacy")),
            ],
            [menu(t)],
        ],
    )


async def on_payment(
    query: CallbackQuery, callback_data: buttons.Payment, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await _payment(services, speaker, callback_data.order))


async def _payment(services: Services, speaker: Speaker, order_id: int) -> Screen:
    now = services.clock.now()
    found = await services.db.read(refund_requests.payment, speaker.person_id, order_id, now)
    return payment_view(speaker.t, found)


def payment_view(t: Tongue, found: PaymentView, said: str | None = None) -> Screen:
    """One payment: what it brought, what of it went back, whether it was asked for."""
    bought, of_plan = payment_for(t, found.plan, found.points), found.plan is not None
    receipt = [link(t("Receipt"), found.receipt_url)] if found.receipt_url is not None else []
    ask = [button(t("Ask for a refund"), buttons.AskRefund(order=found.order_id))] if found.may_ask else []
    return Screen.of(
        f"<b>{t('{what} for {price}', what=h(bought), price=t.money(found.paid))}</b>",
        f"{h(found.workspace)}  {t.when(found.paid_at)}",
        _gone(t, found) if found.gone.amount_minor else None,
        t("A refund of it doesn't end the plan or change it.") if of_plan and found.may_ask else None,
        said or _answer(t, found),
        rows=[
            receipt,
            ask,
            [button(t("Plan"), buttons.Plan(workspace=found.workspace_id))] if of_plan else None,
            [button(t("‹ Payments"), buttons.Payments(workspace=found.workspace_id)), menu(t)],
        ],
    )


def _gone(t: Tongue, found: PaymentView) -> str:
    amount = t.money(found.gone)
    if found.plan is not None:
        return t("Went back: {amount}.", amount=amount)
    return t("Went back: {amount}, with {points}.", amount=amount, points=points(t, found.taken))


def _answer(t: Tongue, found: PaymentView) -> str | None:
    partner = h(found.partner)
    match found.request:
        case "asked":
            return t("You asked for it back. {partner} decides, and you are told.", partner=partner)
        case "declined":
            return t(
                "{partner} said no to your request of today. You can ask again tomorrow.", partner=partner
            )
        case _:
            return None


async def on_ask(
    query: CallbackQuery,
    callback_data: buttons.AskRefund,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """Asks why; the button under the question sends it without a reason."""
    order_id = callback_data.order
    if callback_data.sent:
        screen = await _send(services, speaker, order_id, "")
    else:
        screen = await _ask_reason(services, speaker, state, order_id)
    await show(bot, query, screen)


async def _ask_reason(
    services: Services, speaker: Speaker, state: FSMContext, order_id: int, said: str | None = None
) -> Screen:
    now = services.clock.now()
    found = await services.db.read(refund_requests.payment, speaker.person_id, order_id, now)
    t = speaker.t
    if not found.may_ask:
        return payment_view(t, found)
    await state.set_state(Ask.reason)
    await state.set_data({"order_id": order_id})
    rest = Money(found.paid.amount_minor - found.gone.amount_minor, found.paid.currency)
    return Screen.of(
        said,
        t(
            "Why should {price} come back? {partner} reads it.",
            price=t.money(rest),
            partner=h(found.partner),
        ),
        t("The plan goes on all the same. You end it under Plan.")
        if found.plan is not None
        else t(
            "Refunded in full, {points} leave the workspace, even if they are spent.",
            points=points(t, found.points - found.taken),
        ),
        rows=[
            [button(t("Ask without a reason"), buttons.AskRefund(order=order_id, sent=True))],
            [button(t("Cancel"), buttons.Payment(order=order_id))],
        ],
    )


async def on_reason_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    order_id = (await state.get_data())["order_id"]
    try:
        screen = await _send(services, speaker, order_id, typed)
    except TooLongError as error:
        screen = await _ask_reason(services, speaker, state, order_id, words(error, speaker.t))
    else:
        await state.clear()
    await show(bot, message, screen)


async def _send(services: Services, speaker: Speaker, order_id: int, reason: str) -> Screen:
    try:
        sent = await services.db.write(refund_requests.ask, speaker.call, order_id, reason)
    except NotRefundableError as refusal:
        now = services.clock.now()
        found = await services.db.read(refund_requests.payment, speaker.person_id, order_id, now)
        return payment_view(speaker.t, found, words(refusal, speaker.t))
    services.wake()
    return payment_view(speaker.t, sent)
