"""/packs: top-up options in order (R2), and what one point costs (R3)."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import Message

from billing import catalogue
from billing.catalogue import PackCard
from billing.errors import GoneError
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.desk import desk_screen
from handlers.partner.pack_view import pack_view, packs_view, retire_view
from handlers.partner.routing import opens
from handlers.screens import Screen, show
from handlers.services import Services


def router() -> Router:
    router = Router(name="partner.packs")
    router.message.register(on_packs, Command("packs"))
    router.callback_query.register(opens(_packs), buttons.Packs.filter())
    router.callback_query.register(opens(_starters), buttons.MakeStarterPacks.filter())
    router.callback_query.register(opens(_pack), buttons.Pack.filter())
    router.callback_query.register(opens(_move), buttons.MovePack.filter())
    router.callback_query.register(opens(_retire), buttons.RetirePack.filter())
    return router


async def on_packs(message: Message, bot: Bot, services: Services, speaker: Speaker) -> None:
    """/packs"""
    await show(bot, message, await packs_screen(services, speaker))


async def packs_screen(services: Services, speaker: Speaker, news: str | None = None) -> Screen:
    """All packs on sale."""
    _, packs, prices = await services.db.read(catalogue.pack_cards, speaker.person_id)
    return packs_view(speaker.t, packs, prices, news)


async def known_pack(services: Services, speaker: Speaker, pack_id: int) -> tuple[list[PackCard], PackCard]:
    """All packs and the one meant. Raises GoneError."""
    _, packs, _ = await services.db.read(catalogue.pack_cards, speaker.person_id)
    found = next((pack for pack in packs if pack.id == pack_id), None)
    if found is None:
        raise GoneError
    return packs, found


async def _packs(services: Services, speaker: Speaker, _: buttons.Packs) -> Screen:
    return await packs_screen(services, speaker)


async def _starters(services: Services, speaker: Speaker, tap: buttons.MakeStarterPacks) -> Screen:
    await services.db.write(catalogue.starter_packs, speaker.call)
    screen = desk_screen if tap.desk else packs_screen
    return await screen(services, speaker)


async def _pack(services: Services, speaker: Speaker, tap: buttons.Pack) -> Screen:
    packs, pack = await known_pack(services, speaker, tap.id)
    return pack_view(speaker.t, packs, pack)


async def _move(services: Services, speaker: Speaker, tap: buttons.MovePack) -> Screen:
    await services.db.write(catalogue.move_pack, speaker.call, tap.id, tap.place)
    packs, pack = await known_pack(services, speaker, tap.id)
    return pack_view(speaker.t, packs, pack)


async def _retire(services: Services, speaker: Speaker, tap: buttons.RetirePack) -> Screen:
    if tap.sure:
        await services.db.write(catalogue.retire_pack, speaker.call, tap.id)
        return await packs_screen(services, speaker, speaker.t("Taken off sale."))
    _, pack = await known_pack(services, speaker, tap.id)
    return retire_view(speaker.t, pack)
