"""Buying points: packs, exact amounts, the page to pay."""

from typing import Any

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from billing import addons, orders
from billing.errors import AmountError, BadValueError, BillingError, GoneError
from billing.money import Money
from billing.orders import Choice, ExactOffer, Fitting, PackOffer
from billing.points import PointsFormatError, parse_points
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.orders import (
    Pressed,
    forget_button,
    order_name,
    order_screen,
    refused_screen,
    remembered_lines,
)
from handlers.customer.phrases import here, menu, points
from handlers.customer.prompts import Ask
from handlers.customer.ways_to_pay import pack_target, pack_text
from handlers.questions import KEEPS_QUESTION, Answers
from handlers.refusals import words
from handlers.screens import Screen, button, put, show
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage.models import OrderStatus

__all__ = ["order_screen", "router", "topup_screen"]


def router() -> Router:
    router = Router(name="customer.topup")
    router.message.register(on_command, Command("topup"))
    router.message.register(on_points_typed, Answers(Ask.points), flags=KEEPS_QUESTION)
    router.callback_query.register(on_topup, buttons.TopUp.filter())
    router.callback_query.register(on_ask_exact, buttons.AskExact.filter(), flags=KEEPS_QUESTION)
    router.callback_query.register(on_pay, buttons.Pay.filter())
    router.callback_query.register(on_pay_for, buttons.PayFor.filter())
    router.callback_query.register(on_pay_several, buttons.PaySeveral.filter())
    router.callback_query.register(on_pay_several_for, buttons.PaySeveralFor.filter())
    router.callback_query.register(on_show_order, buttons.ShowOrder.filter())
    router.callback_query.register(on_cancel_order, buttons.CancelOrder.filter())
    router.callback_query.register(on_forget, buttons.Forget.filter())
    return router


async def on_command(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/topup"""
    await show(bot, message, await topup_screen(services, speaker, here(speaker)))


async def on_topup(
    query: CallbackQuery, callback_data: buttons.TopUp, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await topup_screen(services, speaker, callback_data.workspace))


async def topup_screen(services: Services, speaker: Speaker, workspace_id: int) -> Screen:
    """What can be bought. Raises StrangerError."""
    return topup_view(speaker.t, await services.db.read(orders.topup, speaker.person_id, workspace_id))


async def on_ask_exact(
    query: CallbackQuery,
    callback_data: buttons.AskExact,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    """Asks how many points; wants the right to pay before it asks."""
    ws, currency = callback_data.workspace, callback_data.currency
    await services.db.read(orders.payer, speaker.person_id, ws)
    facts = await services.db.read(orders.topup, speaker.person_id, ws)
    offer = next((each for each in facts.exact if each.currency == currency), None)
    if offer is None:
        raise GoneError
    await state.set_state(Ask.points)
    await state.set_data({"workspace": ws, "currency": currency})
    await show(bot, query, ask_points_view(speaker.t, ws, offer))


async def on_points_typed(
    message: Message, bot: Bot, services: Services, speaker: Speaker, state: FSMContext, typed: str
) -> None:
    """Shows the exact money for what was typed, or says why not and keeps asking."""
    data: dict[str, Any] = await state.get_data()
    ws, currency, t = int(data["workspace"]), str(data["currency"]), speaker.t
    try:
        wanted = parse_points(typed, decimal=t.decimal_mark, group=t.group_mark)
        bought, money, offer, fit = await services.db.read(
            orders.exact_price, speaker.person_id, ws, currency, wanted
        )
    except (PointsFormatError, AmountError, BadValueError) as refusal:
        await show(bot, message, wrong_points_view(t, ws, words(refusal, t)))
        return
    await state.clear()
    await show(bot, message, exact_view(t, ws, wanted, bought, money, offer, fit))


async def on_pay(
    query: CallbackQuery, callback_data: buttons.Pay, bot: Bot, services: Services, speaker: Speaker
) -> None:
    choice = Choice(callback_data.pack_id or None, callback_data.points, callback_data.currency)
    partner_id = await services.db.read(orders.payer, speaker.person_id, callback_data.workspace)
    await query.answer()
    await _open_page(query, callback_data, bot, services, speaker, partner_id, choice)


async def on_pay_for(
    query: CallbackQuery, callback_data: buttons.PayFor, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Remembers the purchase that the points are for, then pays or shows all packs (R12)."""
    ws = callback_data.workspace
    partner_id = await services.db.read(orders.payer, speaker.person_id, ws)
    await services.db.write(
        addons.remember_purchase, speaker.call, ws, callback_data.addon, callback_data.units
    )
    if not callback_data.pack_id and not callback_data.currency:
        await show(bot, query, await topup_screen(services, speaker, ws))
        return
    await query.answer()
    choice = Choice(callback_data.pack_id or None, callback_data.points, callback_data.currency)
    await _open_page(query, callback_data, bot, services, speaker, partner_id, choice)


async def on_pay_several(
    query: CallbackQuery, callback_data: buttons.PaySeveral, bot: Bot, services: Services, speaker: Speaker
) -> None:
    choice = Choice(callback_data.pack_id, packs=max(1, callback_data.packs))
    partner_id = await services.db.read(orders.payer, speaker.person_id, callback_data.workspace)
    await query.answer()
    await _open_page(query, callback_data, bot, services, speaker, partner_id, choice)


async def on_pay_several_for(
    query: CallbackQuery, callback_data: buttons.PaySeveralFor, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """As on_pay_for."""
    tap = callback_data
    partner_id = await services.db.read(orders.payer, speaker.person_id, tap.workspace)
    await services.db.write(addons.remember_purchase, speaker.call, tap.workspace, tap.addon, tap.units)
    await query.answer()
    choice = Choice(tap.pack_id, packs=max(1, tap.packs))
    await _open_page(query, tap, bot, services, speaker, partner_id, choice)


async def _open_page(
    query: CallbackQuery,
    pressed: Pressed,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    partner_id: int,
    choice: Choice,
) -> None:
    """The tap is answered already, Stripe being slow at times; so refusals get a screen."""
    t, message = speaker.t, query.message
    try:
        view = await services.checkout.open(
            speaker.call,
            partner_id,
            pressed.workspace,
            choice,
            language=t.code,
            title=lambda name, points, bonus: page_title(t, name, points, bonus),
            chat_id=message.chat.id if message is not None else query.from_user.id,
            message_id=message.message_id if message is not None else None,
        )
    except BillingError as refusal:
        await put(bot, query, refused_screen(t, refusal, pressed))
    else:
        await put(bot, query, order_screen(t, view))
    services.wake()


async def on_show_order(
    query: CallbackQuery, callback_data: buttons.ShowOrder, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Asks Stripe, too: somebody waits."""
    await services.db.read(orders.view, speaker.person_id, callback_data.order)
    await query.answer()
    await put(
        bot,
        query,
        order_screen(speaker.t, await services.checkout.look(speaker.person_id, callback_data.order)),
    )
    services.wake()


async def on_cancel_order(
    query: CallbackQuery, callback_data: buttons.CancelOrder, bot: Bot, services: Services, speaker: Speaker
) -> None:
    view = await services.checkout.cancel(speaker.call, callback_data.order)
    shown = query.message.message_id if query.message is not None else None
    if view.status == OrderStatus.CANCELLED or view.message_id != shown:
        await show(bot, query, order_screen(speaker.t, view))
    else:
        # Money was faster: the notice of it changes this very message.
        await query.answer()
    services.wake()


async def on_forget(
    query: CallbackQuery, callback_data: buttons.Forget, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(addons.forget_purchase, speaker.call, ws, callback_data.addon)
    await show(bot, query, await topup_screen(services, speaker, ws), speaker.t("Called off."))


def page_title(t: Tongue, point_name: str, amount: int, bonus: int) -> str:
    """What Stripe's page and receipt call it."""
    if bonus:
        return f"{t.points(amount)} + {t.points(bonus)} {point_name}"
    return f"{t.points(amount)} {point_name}"


def topup_view(t: Tongue, facts: orders.TopUp) -> Screen:
    """Packs with the price of a point, exact amounts, what is being paid already."""
    ws = facts.workspace_id
    lines = [
        f"<b>{t('Top up')}</b>  {h(facts.workspace)}",
        t("You have {points}.", points=points(t, facts.balance)),
    ]
    lines += remembered_lines(t, facts.remembered)
    if not facts.selling:
        lines.append(t("Buying is switched off at the moment."))
    elif not facts.packs and not facts.exact:
        lines.append(t("There is nothing to buy yet."))
    rows: list[list[InlineKeyboardButton]] = []
    if facts.selling:
        rows += [[_pack_button(t, ws, offer)] for offer in facts.packs]
        rows += [[_exact_button(t, ws, offer)] for offer in facts.exact]
    rows += [
        [button(t("Running: {order}", order=order_name(t, view)), buttons.ShowOrder(order=view.id))]
        for view in facts.running[:5]
    ]
    rows += [[forget_button(t, ws, each)] for each in facts.remembered[:5]]
    return Screen.of(*lines, rows=[*rows, [menu(t)]])


def _pack_button(t: Tongue, workspace_id: int, offer: PackOffer) -> InlineKeyboardButton:
    card = offer.card
    parts = [
        points(t, card.points)
        if not card.bonus
        else t("{points} + {bonus} bonus", points=t.points(card.points), bonus=t.points(card.bonus)),
        t.money(card.price),
        t("{price} each", price=t.price(offer.per_point, card.price.currency)),
    ]
    if offer.best:
        parts.append(t("best price"))
    return button(" · ".join(parts), buttons.Pay(workspace=workspace_id, pack_id=card.id))


def _exact_button(t: Tongue, workspace_id: int, offer: ExactOffer) -> InlineKeyboardButton:
    each = t.price(offer.price, offer.currency)
    text = t("Exact amount · {price} each", price=each)
    return button(text, buttons.AskExact(workspace=workspace_id, currency=offer.currency))


def ask_points_view(t: Tongue, workspace_id: int, offer: ExactOffer) -> Screen:
    return Screen.of(
        f"<b>{t('Exact amount')}</b>",
        t("One point costs {price}.", price=t.price(offer.price, offer.currency)),
        t("How many points? Send a number, such as {example}.", example=t.points(1_250)),
        rows=[_out_of_question(t, workspace_id)],
    )


def wrong_points_view(t: Tongue, workspace_id: int, why: str) -> Screen:
    return Screen.of(
        f"<b>{t('Exact amount')}</b>",
        why,
        t("How many points? Send a number, such as {example}.", example=t.points(1_250)),
        rows=[_out_of_question(t, workspace_id)],
    )


def _out_of_question(t: Tongue, workspace_id: int) -> list[InlineKeyboardButton]:
    return [button(t("Cancel"), buttons.TopUp(workspace=workspace_id)), menu(t)]


def _pack_line(t: Tongue, fit: Fitting) -> str | None:
    if fit.pack is None:
        return None
    card = fit.pack.card
    each = points(t, card.points + card.bonus)
    price = t.money(Money(card.price.amount_minor * fit.packs, card.price.currency))
    if fit.packs == 1:
        return t("A pack of {points} costs {price}.", points=each, price=price)
    return t("{count} packs of {points} cost {price}.", count=t.number(fit.packs), points=each, price=price)


def _pack_row(t: Tongue, workspace_id: int, fit: Fitting, style: str | None) -> list[InlineKeyboardButton]:
    if fit.pack is None:
        return []
    return [button(pack_text(t, fit.pack, fit.packs), pack_target(workspace_id, fit.pack, fit.packs), style)]


def exact_view(
    t: Tongue,
    workspace_id: int,
    wanted: int,
    bought: int,
    money: Money,
    offer: ExactOffer,
    fit: Fitting,
) -> Screen:
    """The money for an exact number of points, rounding and minimums included, and the pack that fits best beside it:
    first, and coloured, where it gives no less for no more.
    """
    target = buttons.Pay(workspace=workspace_id, pack_id=0, points=wanted, currency=money.currency)
    pack_first = fit.exact is None
    ways = [
        _pack_row(t, workspace_id, fit, "success" if pack_first else None),
        [button(t("Pay {price}", price=t.money(money)), target, None if pack_first else "success")],
    ]
    return Screen.of(
        f"<b>{t('{points} for {price}', points=points(t, bought), price=t.money(money))}</b>",
        t("One point costs {price}.", price=t.price(offer.price, offer.currency)),
        _pack_line(t, fit),
        rows=[
            *(ways if pack_first else reversed(ways)),
            [
                button(t("Other number"), buttons.AskExact(workspace=workspace_id, currency=money.currency)),
                button(t("Packs"), buttons.TopUp(workspace=workspace_id)),
            ],
            [menu(t)],
        ],
    )
