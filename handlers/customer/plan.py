"""/plan: the workspace's plan, chosen, changed, ended and kept by its owner (R25)."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from billing.access import Role
from billing.errors import BillingError, GoneError, NoSubscriptionError, PlanQuoteChangedError
from billing.plans import changing, comparing, pages
from billing.plans.comparing import PlanScreen
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import here, menu
from handlers.customer.plan_view import (
    change_view,
    ending_view,
    option_view,
    page_view,
    plan_view,
    quote_view,
)
from handlers.refusals import words
from handlers.screens import Screen, button, link, put, show
from handlers.services import Services
from handlers.tongue import Tongue, h

_LARGEST_ID = 2**63 - 1


def router() -> Router:
    router = Router(name="customer.plan")
    router.message.register(on_command, Command("plan"))
    router.callback_query.register(on_plan, buttons.Plan.filter())
    router.callback_query.register(on_option, buttons.PlanOption.filter())
    router.callback_query.register(on_subscribe, buttons.Subscribe.filter())
    router.callback_query.register(on_change, buttons.ChangePlan.filter())
    router.callback_query.register(on_page, buttons.PlanPage.filter())
    router.callback_query.register(on_cancel_page, buttons.CancelPlanPage.filter())
    router.callback_query.register(on_pay, buttons.PayPlan.filter())
    router.callback_query.register(on_end, buttons.EndPlan.filter())
    router.callback_query.register(on_keep, buttons.KeepPlan.filter())
    router.callback_query.register(on_ask, buttons.AskPlan.filter())
    router.callback_query.register(on_withdraw, buttons.WithdrawPlan.filter())
    return router


async def _facts(services: Services, speaker: Speaker, workspace_id: int) -> PlanScreen:
    return await services.db.read(comparing.plan_screen, speaker.person_id, workspace_id, speaker.call.at)


async def plan_screen(
    services: Services, speaker: Speaker, workspace_id: int, news: str | None = None
) -> Screen:
    """The plan and the others. Raises StrangerError, CycleDueError."""
    return plan_view(speaker.t, await _facts(services, speaker, workspace_id), news)


async def on_command(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/plan"""
    await show(bot, message, await plan_screen(services, speaker, here(speaker)))


async def on_plan(
    query: CallbackQuery, callback_data: buttons.Plan, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, await plan_screen(services, speaker, callback_data.workspace))


async def on_option(
    query: CallbackQuery, callback_data: buttons.PlanOption, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """An owner whose subscription runs is shown Stripe's sum; it takes a moment, so the tap is answered first."""
    facts = await _facts(services, speaker, callback_data.workspace)
    option = facts.option(callback_data.plan)
    if option is None or (option.current and (facts.paying is not None or not option.payable)):
        await show(bot, query, plan_view(speaker.t, facts), speaker.t("Updated"))
        return
    paying = facts.paying
    runs = paying is not None and not paying.ends and not paying.given_up
    if not (runs and option.payable and facts.role is Role.OWNER):
        await show(bot, query, option_view(speaker.t, facts, option))
        return
    await query.answer()
    try:
        quote = await services.subscriptions.quote(speaker.person_id, facts.workspace_id, option.id)
    except BillingError as refusal:
        await put(bot, query, await _refused(services, speaker, facts.workspace_id, refusal))
    else:
        await put(bot, query, quote_view(speaker.t, quote))


async def _refused(services: Services, speaker: Speaker, workspace_id: int, refusal: BillingError) -> Screen:
    """The fresh screen with why nothing came of it."""
    return await plan_screen(services, speaker, workspace_id, words(refusal, speaker.t))


async def on_subscribe(
    query: CallbackQuery, callback_data: buttons.Subscribe, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws, message = callback_data.workspace, query.message
    partner_id = await services.db.read(pages.owner, speaker.person_id, ws)
    await query.answer()
    try:
        view = await services.subscriptions.subscribe(
            speaker.call,
            partner_id,
            ws,
            callback_data.plan,
            language=speaker.t.code,
            over=callback_data.over,
            chat_id=message.chat.id if message is not None else query.from_user.id,
            message_id=message.message_id if message is not None else None,
        )
    except BillingError as refusal:
        await put(bot, query, await _refused(services, speaker, ws, refusal))
    else:
        await put(bot, query, page_view(speaker.t, view))
    services.wake()


async def on_change(
    query: CallbackQuery, callback_data: buttons.ChangePlan, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws, t = callback_data.workspace, speaker.t
    await services.db.read(pages.owner, speaker.person_id, ws)
    await query.answer()
    try:
        view = await services.subscriptions.change(
            speaker.call,
            ws,
            callback_data.plan,
            quoted_minor=callback_data.due,
            as_of=dt.datetime.fromtimestamp(callback_data.as_of, dt.UTC),
            over=callback_data.over,
        )
        url = None
        if view.status == "waiting":
            url = await services.subscriptions.pay_url(speaker.person_id, ws)
    except PlanQuoteChangedError as refusal:
        await put(bot, query, quote_view(t, refusal.quote, t("The sum has changed. This is the new one.")))
    except BillingError as refusal:
        await put(bot, query, await _refused(services, speaker, ws, refusal))
    else:
        await put(bot, query, change_view(t, view, url))
    services.wake()


async def on_page(
    query: CallbackQuery, callback_data: buttons.PlanPage, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Asks Stripe, too: somebody waits."""
    await services.db.read(pages.view, speaker.person_id, callback_data.page)
    await query.answer()
    view = await services.subscriptions.look(speaker.person_id, callback_data.page)
    await put(bot, query, page_view(speaker.t, view))
    services.wake()


async def on_cancel_page(
    query: CallbackQuery,
    callback_data: buttons.CancelPlanPage,
    bot: Bot,
    services: Services,
    speaker: Speaker,
) -> None:
    view = await services.db.write(pages.cancel, speaker.call, callback_data.page)
    await show(bot, query, page_view(speaker.t, view))


async def back_from_page(services: Services, speaker: Speaker, page_id: int) -> Screen:
    """Stripe's page leads back here by `plan_<id>`. Raises GoneError, StrangerError."""
    view = await services.subscriptions.look(speaker.person_id, min(page_id, _LARGEST_ID))
    services.wake()
    screen = page_view(speaker.t, view)
    if view.status != "open":
        return screen
    return Screen(f"{speaker.t('Nothing was paid yet.')}\n\n{screen.text}", screen.rows)


async def on_pay(
    query: CallbackQuery, callback_data: buttons.PayPlan, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws, t = callback_data.workspace, speaker.t
    await services.db.read(comparing.payable, speaker.person_id, ws)
    await query.answer()
    try:
        url = await services.subscriptions.pay_url(speaker.person_id, ws)
    except NoSubscriptionError:
        url = None
    except BillingError as refusal:
        await put(bot, query, await _refused(services, speaker, ws, refusal))
        return
    services.wake()
    if url is None:
        screen = await plan_screen(services, speaker, ws, t("Nothing is left to pay."))
    else:
        screen = _invoice_view(t, ws, url)
    await put(bot, query, screen)


def _invoice_view(t: Tongue, workspace_id: int, url: str) -> Screen:
    return Screen.of(
        t("Pay the open invoice on Stripe's page. What it holds up goes on by itself."),
        rows=[
            [link(t("Pay now"), url, "success")],
            [button(t("‹ Plans"), buttons.Plan(workspace=workspace_id)), menu(t)],
        ],
    )


async def on_end(
    query: CallbackQuery, callback_data: buttons.EndPlan, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.read(pages.owner, speaker.person_id, ws)
    facts = await _facts(services, speaker, ws)
    if facts.paying is None:
        raise GoneError
    await query.answer()
    if not callback_data.sure:
        credit = await services.subscriptions.credit(speaker.person_id, ws)
        await put(bot, query, ending_view(speaker.t, facts, credit))
        return
    await services.subscriptions.end_with_period(speaker.call, ws)
    await put(bot, query, await plan_screen(services, speaker, ws))
    services.wake()


async def on_keep(
    query: CallbackQuery, callback_data: buttons.KeepPlan, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.read(pages.owner, speaker.person_id, ws)
    await query.answer()
    try:
        await services.subscriptions.keep(speaker.call, ws)
    except BillingError as refusal:
        await put(bot, query, await _refused(services, speaker, ws, refusal))
    else:
        await put(bot, query, await plan_screen(services, speaker, ws, speaker.t("It goes on.")))
    services.wake()


async def on_ask(
    query: CallbackQuery, callback_data: buttons.AskPlan, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(changing.request_plan, speaker.call, ws, callback_data.plan)
    services.wake()
    facts = await _facts(services, speaker, ws)
    asked = speaker.t("{partner} has been asked and answers here.", partner=h(facts.partner))
    await show(bot, query, plan_view(speaker.t, facts, asked))


async def on_withdraw(
    query: CallbackQuery, callback_data: buttons.WithdrawPlan, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await services.db.write(changing.withdraw_request, speaker.call, callback_data.workspace)
    await show(bot, query, await plan_screen(services, speaker, callback_data.workspace))
