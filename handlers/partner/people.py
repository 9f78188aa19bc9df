"""Who works at the desk, and inviting more of them (R34)."""

from aiogram import Router
from aiogram.filters import Command

from billing import people
from billing.access import DeskRole, desk
from billing.people import DeskMember, DeskPeople
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.invites import desk_role_names
from handlers.partner.routing import opens, says
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.people")
    router.message.register(says(people_screen), Command("admins"))
    router.callback_query.register(opens(_people), buttons.DeskPeople.filter())
    router.callback_query.register(opens(_remove), buttons.RemoveAdmin.filter())
    return router


async def people_screen(services: Services, speaker: Speaker) -> Screen:
    """Everybody at the desk."""
    found = await services.db.read(people.desk_people, speaker.person_id)
    return people_view(speaker.t, found)


async def _people(services: Services, speaker: Speaker, _: buttons.DeskPeople) -> Screen:
    return await people_screen(services, speaker)


async def _remove(services: Services, speaker: Speaker, tap: buttons.RemoveAdmin) -> Screen:
    await services.db.read(desk, speaker.person_id, DeskRole.OWNER)
    found = await services.db.read(people.desk_people, speaker.person_id)
    member = next((each for each in found.members if each.person_id == tap.person_id), None)
    if member is not None and not tap.sure:
        return remove_view(speaker.t, member)
    await services.db.write(people.remove_admin, speaker.call, tap.person_id)
    return await people_screen(services, speaker)


def people_view(t: Tongue, found: DeskPeople) -> Screen:
    """Names and roles. Everybody sees the buttons; who may not is told who may."""
    roles = desk_role_names(t)
    others = [each for each in found.members if each.person_id != found.you]
    return Screen.of(
        f"<b>{h(found.partner)}</b> · {t('people')}",
        "",
        *[
            f"{h(each.name or '?')} · {roles[each.role]}{' · ' + t('you') if each.person_id == found.you else ''}"
            for each in found.members
        ],
        "",
        t("Owner: everything. Admin: all but people and Stripe. Support: looks."),
        rows=[
            [
                button(t("Invite an admin"), buttons.InviteToDesk(role="admin")),
                button(t("Invite support"), buttons.InviteToDesk(role="support")),
            ],
            [button(t("Invite an owner"), buttons.InviteToDesk(role="owner"))],
            *[
                [
                    button(
                        t("Remove {name}", name=each.name or "?"),
                        buttons.RemoveAdmin(person_id=each.person_id, sure=False),
                    )
                ]
                for each in others
            ],
            [button(t("Invite a customer"), buttons.Workspaces(purpose="invite"))],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def remove_view(t: Tongue, member: DeskMember) -> Screen:
    """The second tap."""
    return Screen.of(
        t("Remove <b>{name}</b> from your desk?", name=h(member.name or "?")),
        t("It ends at once, with the links they made. What they did stays in the audit."),
        t(
            "If their number stands in OWNER_IDS, take it out there too: owners named there are back at the next start."
        )
        if member.role is DeskRole.OWNER
        else None,
        rows=[
            [
                button(
                    t("Remove {name}", name=member.name or "?"),
                    buttons.RemoveAdmin(person_id=member.person_id, sure=True),
                    "danger",
                )
            ],
            [button(t("‹ Back"), buttons.DeskPeople())],
        ],
    )
