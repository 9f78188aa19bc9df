"""Out of a pause: buy what is missing as one purchase, or have the host platform asked again (R22)."""

import datetime as dt

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from billing import addons, mixes, orders
from billing.access import Role, seat
from billing.errors import MixChangedError, MixShortError
from billing.mixes import MixBought
from billing.usage import Asked
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.home import home_screen
from handlers.customer.rescue_view import as_wanted, bought_view, short_view
from handlers.screens import Screen, show
from handlers.services import Services
from handlers.tongue import Tongue


def router() -> Router:
    router = Router(name="customer.rescue")
    router.callback_query.register(on_buy, buttons.BuyMix.filter())
    router.callback_query.register(on_forget_all, buttons.ForgetAll.filter())
    router.callback_query.register(on_check, buttons.CheckUsage.filter())
    return router


async def on_buy(
    query: CallbackQuery, callback_data: buttons.BuyMix, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Buys all of it; too few points: remembers all of it and shows what is missing."""
    ws, wanted = callback_data.workspace, as_wanted(callback_data.wanted)
    try:
        bought = await services.db.write(mixes.buy_mix, speaker.call, ws, wanted, callback_data.quoted)
    except MixChangedError:
        toast = speaker.t("The price has changed.")
        await show(bot, query, await home_screen(services, speaker, ws), toast)
    except MixShortError:
        await show(bot, query, await _short(services, speaker, ws, wanted))
    else:
        await show(bot, query, await _bought(services, speaker, bought))
    services.wake()


async def _short(services: Services, speaker: Speaker, workspace_id: int, wanted: mixes.Wanted) -> Screen:
    mix = await services.db.write(mixes.remember_mix, speaker.call.part("keep"), workspace_id, wanted)
    fit = await services.db.read(orders.fitting, speaker.person_id, workspace_id, mix.missing)
    return short_view(speaker.t, workspace_id, mix, fit)


async def _bought(services: Services, speaker: Speaker, bought: MixBought) -> Screen:
    """The change once the host platform was told; home where all of it was there already."""
    if not bought.changes:
        return await home_screen(services, speaker, bought.workspace_id)
    delivered = all(change.delivered for change in bought.changes)
    if not delivered:
        await services.tell_host()
        delivered = await services.db.read(addons.delivered, speaker.person_id, bought.workspace_id)
    return bought_view(speaker.t, bought, _today(speaker), delivered=delivered)


async def on_forget_all(
    query: CallbackQuery, callback_data: buttons.ForgetAll, bot: Bot, services: Services, speaker: Speaker
) -> None:
    ws = callback_data.workspace
    await services.db.write(mixes.forget_all, speaker.call, ws)
    await show(bot, query, await home_screen(services, speaker, ws), speaker.t("Called off."))


async def on_check(
    query: CallbackQuery, callback_data: buttons.CheckUsage, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Asks the host platform now, where it can say."""
    ws = callback_data.workspace
    place = await services.db.read(seat, speaker.person_id, ws, Role.VIEWER)
    asked = await services.ask_usage(place.workspace.id)
    services.wake()
    await show(bot, query, await home_screen(services, speaker, ws), _said(speaker.t, asked))


def _said(t: Tongue, asked: Asked) -> str | None:
    match asked:
        case "read":
            return t("Checked just now.")
        case "silent":
            return t("Your platform doesn't answer right now. Try again in a minute.")
        case "unable":
            return t("Your platform reports by itself. This is its newest report.")


def _today(speaker: Speaker) -> dt.date:
    """Near enough to tell whether a date needs its year."""
    return speaker.call.at.date()
