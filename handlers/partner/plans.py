"""/plans: what plans there are, what they grant and cost, and whom an edit touches (R24, R25)."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery

from billing.plans import catalogue, changing, granting
from handlers.context import Speaker
from handlers.partner import buttons, plan_form
from handlers.partner.plans_view import drop_view, fallback_view, plan_view, plans_view, price_view
from handlers.partner.routing import opens, says
from handlers.screens import Screen, show
from handlers.services import Services

__all__ = ["plans_screen", "router"]


def router() -> Router:
    router = Router(name="partner.plans")
    router.message.register(says(plans_screen), Command("plans"))
    router.callback_query.register(opens(_plans), buttons.Plans.filter())
    router.callback_query.register(opens(_plan), buttons.Plan.filter())
    router.callback_query.register(opens(_sell), buttons.SellPlan.filter())
    router.callback_query.register(opens(_move), buttons.MovePlan.filter())
    router.callback_query.register(opens(_price), buttons.PlanPrice.filter())
    router.callback_query.register(opens(_hide_price), buttons.HidePrice.filter())
    router.callback_query.register(opens(_drop_stripe_price), buttons.DropStripePrice.filter())
    router.callback_query.register(on_save_allowance, buttons.SaveAllowance.filter())
    router.callback_query.register(opens(_fallback), buttons.Fallback.filter())
    router.callback_query.register(opens(_set_fallback), buttons.SetFallback.filter())
    plan_form.add_routes(router)
    return router


async def plans_screen(services: Services, speaker: Speaker, news: str | None = None) -> Screen:
    """All plans."""
    _, cards = await services.db.read(catalogue.plan_cards, speaker.person_id)
    requests = await services.db.read(changing.requests, speaker.person_id)
    return plans_view(speaker.t, cards, len(requests), news)


async def plan_screen(services: Services, speaker: Speaker, plan_id: int, news: str | None = None) -> Screen:
    """One of them. Raises GoneError."""
    card = await services.db.read(catalogue.plan_card, speaker.person_id, plan_id)
    return plan_view(speaker.t, card, news)


async def _plans(services: Services, speaker: Speaker, _: buttons.Plans) -> Screen:
    return await plans_screen(services, speaker)


async def _plan(services: Services, speaker: Speaker, tap: buttons.Plan) -> Screen:
    return await plan_screen(services, speaker, tap.id)


async def _sell(services: Services, speaker: Speaker, tap: buttons.SellPlan) -> Screen:
    await services.db.write(catalogue.sell_plan, speaker.call, tap.id, on_sale=tap.on)
    return await plan_screen(services, speaker, tap.id)


async def _move(services: Services, speaker: Speaker, tap: buttons.MovePlan) -> Screen:
    await services.db.write(catalogue.move_plan, speaker.call, tap.id, tap.place)
    return await plan_screen(services, speaker, tap.id)


async def _price(services: Services, speaker: Speaker, tap: buttons.PlanPrice) -> Screen:
    return price_view(speaker.t, await services.db.read(catalogue.plan_card, speaker.person_id, tap.id))


async def _hide_price(services: Services, speaker: Speaker, tap: buttons.HidePrice) -> Screen:
    await services.db.write(catalogue.show_price, speaker.call, tap.id, None)
    return await plan_screen(services, speaker, tap.id)


async def _drop_stripe_price(services: Services, speaker: Speaker, tap: buttons.DropStripePrice) -> Screen:
    card = await services.db.read(catalogue.plan_card, speaker.person_id, tap.id)
    if not tap.sure:
        return drop_view(speaker.t, card)
    await services.db.write(catalogue.drop_stripe_price, speaker.call, tap.id)
    return await plan_screen(services, speaker, tap.id)


async def on_save_allowance(
    query: CallbackQuery,
    callback_data: buttons.SaveAllowance,
    bot: Bot,
    services: Services,
    speaker: Speaker,
) -> None:
    """Many workspaces may be settled by it, so what is left of them is left to the ticks."""
    tap = callback_data
    settled = await services.db.write(granting.set_allowance, speaker.call, tap.id, tap.code, tap.value)
    services.wake()
    news = speaker.t.n("Saved for {count} workspace.", "Saved for {count} workspaces.", settled)
    await show(bot, query, await plan_screen(services, speaker, tap.id, news if settled else None))


async def _fallback(services: Services, speaker: Speaker, _tap: buttons.Fallback) -> Screen:
    _, cards = await services.db.read(catalogue.plan_cards, speaker.person_id)
    return fallback_view(speaker.t, cards)


async def _set_fallback(services: Services, speaker: Speaker, tap: buttons.SetFallback) -> Screen:
    await services.db.write(catalogue.set_fallback, speaker.call, tap.id or None)
    return await plans_screen(services, speaker)
