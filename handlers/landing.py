"""Where /start, /menu and every lost button lead: one's workspace, one's desk, or the stranger's greeting."""

from handlers.context import Speaker
from handlers.customer.home import home_screen
from handlers.partner.desk import desk_screen
from handlers.screens import Screen
from handlers.services import Services
from handlers.tongue import Tongue, h
from storage import catalogue


async def landing(services: Services, speaker: Speaker) -> Screen:
    """The first screen of whoever this is, looked up anew."""
    visitor = speaker.visitor
    if visitor.current is not None:
        return await home_screen(services, speaker, visitor.current)
    if visitor.desk:
        return await desk_screen(services, speaker)
    return await stranger(services, speaker.t)


async def stranger(services: Services, t: Tongue) -> Screen:
    """A greeting and nothing else (R34)."""
    partner = await services.db.read(catalogue.first_partner)
    name = h(partner.name) if partner is not None else ""
    return Screen.of(
        t("This bot belongs to {name}'s customers.", name=name),
        t("If you are one, open the invite link you were sent."),
    )
