"""Auto top-up: on, off, pack, limit, card, and making a failed charge good (R17-R19)."""

from dataclasses import replace

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from billing import orders, workspaces
from billing.automatic import agreement, cards
from billing.automatic.agreement import AutoTopUpView, Consent
from billing.errors import BillingError, CycleDueError
from billing.money import Money
from billing.orders import Choice
from handlers.context import Speaker
from handlers.customer import autotopup_buttons as auto
from handlers.customer import buttons
from handlers.customer.autotopup_choices import (
    card_page_view,
    card_view,
    consent_lines,
    consent_view,
    limit_view,
    low_view,
    packs_view,
    refused_view,
)
from handlers.customer.autotopup_view import autotopup_view, news_words
from handlers.customer.orders import order_screen
from handlers.customer.phrases import here
from handlers.customer.topup import page_title
from handlers.refusals import words
from handlers.screens import Screen, put, show
from handlers.services import Services


def router() -> Router:
    router = Router(name="customer.autotopup")
    router.message.register(on_command, Command("autotopup"))
    router.callback_query.register(on_screen, buttons.AutoTopUp.filter())
    router.callback_query.register(on_choose_pack, auto.ChoosePack.filter())
    router.callback_query.register(on_read_consent, auto.ReadConsent.filter())
    router.callback_query.register(on_agree, auto.Agree.filter())
    router.callback_query.register(on_turn_off, auto.TurnOff.filter())
    router.callback_query.register(on_ask_first, auto.AskFirst.filter())
    router.callback_query.register(on_choose_limit, auto.ChooseLimit.filter())
    router.callback_query.register(on_set_limit, auto.SetLimit.filter())
    router.callback_query.register(on_choose_low, auto.ChooseLow.filter())
    router.callback_query.register(on_set_low, auto.SetLow.filter())
    router.callback_query.register(on_card, auto.CardScreen.filter())
    router.callback_query.register(on_save_card, auto.SaveCard.filter())
    router.callback_query.register(on_remove_card, auto.RemoveCard.filter())
    router.callback_query.register(on_charge_now, auto.ChargeNow.filter())
    router.callback_query.register(on_pay_packs, auto.PayPacks.filter())
    router.callback_query.register(on_recover, auto.Recover.filter())
    return router


async def on_command(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/autotopup"""
    await show(bot, message, await autotopup_screen(services, speaker, here(speaker)))


async def on_screen(
    query: CallbackQuery, callback_data: buttons.AutoTopUp, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await autotopup_screen(services, speaker, callback_data.workspace))


async def autotopup_screen(
    services: Services, speaker: Speaker, workspace_id: int, news: str | None = None
) -> Screen:
    """All about a workspace's auto top-up. Raises StrangerError."""
    return autotopup_view(speaker.t, await facts_of(services, speaker, workspace_id), news)


async def back_from_card(services: Services, speaker: Speaker, setup_id: int) -> Screen:
    """Stripe's page leads back here, whether a card was saved or not. Raises GoneError, StrangerError."""
    page = await services.automatic.look_at_card(speaker.person_id, setup_id)
    services.wake()
    if page.status == "open" and page.url is not None:
        view = card_page_view(speaker.t, page.workspace_id, page.url)
        return Screen(f"{speaker.t('No card was saved yet.')}\n\n{view.text}", view.rows)
    news = news_words(speaker.t, "saved") if page.status == "done" else None
    return await autotopup_screen(services, speaker, page.workspace_id, news)


async def facts_of(services: Services, speaker: Speaker, workspace_id: int) -> AutoTopUpView:
    """As of now, with due cycles worked off. Raises StrangerError."""
    asked = (speaker.person_id, workspace_id, services.clock.now())
    try:
        return await services.db.read(agreement.autotopup, *asked)
    except CycleDueError:
        await services.db.write(workspaces.catch_up, speaker.call, workspace_id)
        services.wake()
        return await services.db.read(agreement.autotopup, *asked)


async def consent_of(services: Services, speaker: Speaker, workspace_id: int, pack: int, cap: int) -> Consent:
    """What agreeing to a pack means, with the limit that was chosen meanwhile. `cap`: as a button carries it."""
    asked = (speaker.person_id, workspace_id, pack, services.clock.now())
    try:
        facts = await services.db.read(agreement.consent, *asked)
    except CycleDueError:
        await services.db.write(workspaces.catch_up, speaker.call, workspace_id)
        facts = await services.db.read(agreement.consent, *asked)
    if cap < 0:
        return facts
    return replace(facts, cap=Money(cap, facts.pack.price.currency) if cap else None)


async def on_choose_pack(
    query: CallbackQuery, callback_data: auto.ChoosePack, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    packs = await services.db.read(agreement.packs_to_choose, speaker.person_id, ws)
    await show(bot, query, packs_view(speaker.t, ws, packs))


async def on_read_consent(
    query: CallbackQuery, callback_data: auto.ReadConsent, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws, pack, cap = callback_data.workspace, callback_data.pack_id, callback_data.cap
    facts = await consent_of(services, speaker, ws, pack, cap)
    await show(bot, query, consent_view(speaker.t, facts))


async def on_agree(
    query: CallbackQuery, callback_data: auto.Agree, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Agreed; what it leads to may be a page of Stripe's."""
    ws, way, pack, t = callback_data.workspace, callback_data.way, callback_data.pack_id, speaker.t
    cap = max(0, callback_data.cap)
    await services.db.write(agreement.agree, speaker.call, ws, pack, cap or None, ask=way == "ask")
    services.wake()
    if way == "card":
        await _open_card_page(query, bot, services, speaker, ws)
    elif way == "pay":
        await query.answer()
        await _open_page(query, bot, services, speaker, ws, Choice(pack, save_card=True))
    else:
        await show(bot, query, await autotopup_screen(services, speaker, ws), t("Agreed."))


async def on_turn_off(
    query: CallbackQuery, callback_data: auto.TurnOff, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(agreement.turn_off, speaker.call, ws)
    await show(bot, query, await autotopup_screen(services, speaker, ws), speaker.t("Turned off."))


async def on_ask_first(
    query: CallbackQuery, callback_data: auto.AskFirst, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(agreement.ask_first, speaker.call, ws)
    services.wake()
    await show(bot, query, await autotopup_screen(services, speaker, ws))


async def on_choose_limit(
    query: CallbackQuery, callback_data: auto.ChooseLimit, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws, pack = callback_data.workspace, callback_data.pack_id
    if pack:
        consent = await consent_of(services, speaker, ws, pack, -1)
        await show(bot, query, limit_view(speaker.t, ws, consent.pack, consent.cap, reading=True))
        return
    facts = await facts_of(services, speaker, ws)
    if facts.pack is None:
        await show(bot, query, autotopup_view(speaker.t, facts))
        return
    await show(bot, query, limit_view(speaker.t, ws, facts.pack, facts.cap, reading=False))


async def on_set_limit(
    query: CallbackQuery, callback_data: auto.SetLimit, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(agreement.set_cap, speaker.call, ws, max(0, callback_data.cap) or None)
    services.wake()
    await show(bot, query, await autotopup_screen(services, speaker, ws))


async def on_choose_low(
    query: CallbackQuery, callback_data: auto.ChooseLow, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, low_view(speaker.t, await facts_of(services, speaker, callback_data.workspace)))


async def on_set_low(
    query: CallbackQuery, callback_data: auto.SetLow, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(agreement.set_low_balance, speaker.call, ws, callback_data.points or None)
    services.wake()
    await show(bot, query, await autotopup_screen(services, speaker, ws))


async def on_card(
    query: CallbackQuery, callback_data: auto.CardScreen, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, card_view(speaker.t, await facts_of(services, speaker, callback_data.workspace)))


async def on_save_card(
    query: CallbackQuery, callback_data: auto.SaveCard, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await _open_card_page(query, bot, services, speaker, callback_data.workspace)


async def _open_card_page(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, workspace_id: int
) -> None:
    """The tap is answered first, Stripe being slow at times; so refusals get a screen."""
    t, message = speaker.t, query.message
    facts = await facts_of(services, speaker, workspace_id)
    consent = ""
    if facts.pack is not None and facts.pack_sold:
        cap = facts.cap.amount_minor if facts.cap is not None else 0
        agreed = await consent_of(services, speaker, workspace_id, facts.pack.id, cap)
        consent = " ".join(consent_lines(t, agreed))
    await services.db.read(orders.payer, speaker.person_id, workspace_id)
    await query.answer()
    try:
        page = await services.automatic.open_card_page(
            speaker.call,
            workspace_id,
            language=t.code,
            consent=consent,
            chat_id=message.chat.id if message is not None else query.from_user.id,
            message_id=message.message_id if message is not None else None,
        )
    except BillingError as refusal:
        await put(bot, query, refused_view(t, workspace_id, words(refusal, t)))
    else:
        await put(bot, query, card_page_view(t, workspace_id, page.url or ""))


async def on_remove_card(
    query: CallbackQuery, callback_data: auto.RemoveCard, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(cards.remove, speaker.call, ws)
    await show(bot, query, await autotopup_screen(services, speaker, ws), speaker.t("Card removed."))


async def on_charge_now(
    query: CallbackQuery, callback_data: auto.ChargeNow, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """The button of "ask me first"."""
    ws, t = callback_data.workspace, speaker.t
    await services.db.read(orders.payer, speaker.person_id, ws)
    await query.answer()
    try:
        status = await services.automatic.charge_now(speaker.call, ws)
    except BillingError as refusal:
        await put(bot, query, refused_view(t, ws, words(refusal, t)))
    else:
        await put(bot, query, await autotopup_screen(services, speaker, ws, news_words(t, status)))
    services.wake()


async def on_pay_packs(
    query: CallbackQuery, callback_data: auto.PayPacks, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.read(orders.payer, speaker.person_id, ws)
    await query.answer()
    choice = Choice(callback_data.pack_id, packs=max(1, callback_data.packs))
    await _open_page(query, bot, services, speaker, ws, choice)


async def on_recover(
    query: CallbackQuery, callback_data: auto.Recover, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """A failed charge, paid by hand on a page that is made now (R18)."""
    order, _ = await services.db.read(agreement.charge_of, speaker.person_id, callback_data.order)
    ws = order.workspace_id
    await services.db.read(orders.payer, speaker.person_id, ws)
    await query.answer()
    choice = Choice(order.pack_id, packs=order.packs, recovers_id=order.id)
    await _open_page(query, bot, services, speaker, ws, choice)


async def _open_page(
    query: CallbackQuery, bot: Bot, services: Services, speaker: Speaker, workspace_id: int, choice: Choice
) -> None:
    t, message = speaker.t, query.message
    partner_id = await services.db.read(orders.payer, speaker.person_id, workspace_id)
    try:
        view = await services.checkout.open(
            speaker.call,
            partner_id,
            workspace_id,
            choice,
            language=t.code,
            title=lambda name, amount, bonus: page_title(t, name, amount, bonus),
            chat_id=message.chat.id if message is not None else query.from_user.id,
            message_id=message.message_id if message is not None else None,
        )
    except BillingError as refusal:
        await put(bot, query, refused_view(t, workspace_id, words(refusal, t)))
    else:
        await put(bot, query, order_screen(t, view))
    services.wake()
