"""One-time links (R34): into a workspace, in place of an owner who lost the account, or to the desk."""

import secrets

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from billing import people
from billing.access import DeskRole, Role, desk, role_of
from billing.errors import GoneError
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.routing import opens
from handlers.partner.workspace_view import role_names
from handlers.partner.workspaces import current_card, list_screen, sample, workspace_number
from handlers.screens import Screen, button, copy, show
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.invites")
    router.message.register(on_invite, Command("invite"))
    router.callback_query.register(opens(_choose_role), buttons.InviteTo.filter())
    router.callback_query.register(opens(_invite), buttons.Invite.filter())
    router.callback_query.register(opens(_replace_owner), buttons.ReplaceOwner.filter())
    router.callback_query.register(opens(_invite_to_desk), buttons.InviteToDesk.filter())
    return router


async def on_invite(
    message: Message, command: CommandObject, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """/invite [ID [role]]"""
    words = (command.args or "").lower().split()
    try:
        screen = await _command(services, speaker, *words[:2])
    except GoneError:
        screen = await _usage(services, speaker)
    await show(bot, message, screen)


async def _command(services: Services, speaker: Speaker, typed: str = "", role: str = "") -> Screen:
    if not typed:
        return await _where_to(services, speaker)
    number = workspace_number(typed)
    if not role:
        return await _choose_role(services, speaker, buttons.InviteTo(id=number))
    if role not in {each.code for each in Role}:
        raise GoneError
    return await _invited(services, speaker, number, role_of(role))


async def _usage(services: Services, speaker: Speaker) -> Screen:
    t = speaker.t
    number, name = await sample(services, speaker)
    return Screen.of(
        t("Makes a link that lets one person into a workspace."),
        t("<code>/invite {number} owner</code> makes one for {name}.", number=number, name=h(name)),
        t("Roles: <code>owner</code>, <code>billing</code>, <code>viewer</code>."),
        rows=[
            [button(t("Choose a workspace"), buttons.Workspaces(purpose="invite"))],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


async def _where_to(services: Services, speaker: Speaker) -> Screen:
    chosen = await list_screen(services, speaker, buttons.Workspaces(purpose="invite"))
    to_desk = [button(speaker.t("To your desk instead"), buttons.DeskPeople())]
    return Screen(chosen.text, (*chosen.rows[:-1], tuple(to_desk), chosen.rows[-1]))


async def _choose_role(services: Services, speaker: Speaker, tap: buttons.InviteTo) -> Screen:
    t = speaker.t
    card = await current_card(services, speaker, tap.id)
    return Screen.of(
        f"<b>{h(card.name)}</b>",
        t("What may the person do?"),
        "",
        t("Owner: everything, people included."),
        t("Billing: buy points, add and remove add-ons."),
        t("Viewer: look."),
        rows=[
            [
                button(t("Owner"), buttons.Invite(id=card.id, role="owner")),
                button(t("Billing"), buttons.Invite(id=card.id, role="billing")),
                button(t("Viewer"), buttons.Invite(id=card.id, role="viewer")),
            ],
            [button(t("‹ Back"), buttons.WorkspaceCard(id=card.id))],
        ],
    )


async def _invite(services: Services, speaker: Speaker, tap: buttons.Invite) -> Screen:
    return await _invited(services, speaker, tap.id, role_of(tap.role))


async def _invited(services: Services, speaker: Speaker, workspace_id: int, role: Role) -> Screen:
    card = await current_card(services, speaker, workspace_id)
    link = await _workspace_link(services, speaker, workspace_id, role)
    t = speaker.t
    news = t("A link into {name}, as {role}.", name=h(card.name), role=role_names(t)[role])
    return invited_view(t, workspace_id, card.name, link, news=news)


async def owner_link(services: Services, speaker: Speaker, workspace_id: int) -> str:
    """A fresh link for a workspace's owner."""
    return await _workspace_link(services, speaker, workspace_id, Role.OWNER)


async def _workspace_link(
    services: Services, speaker: Speaker, workspace_id: int, role: Role, *, replaces_owners: bool = False
) -> str:
    # Every link is drawn anew, so an update that is handled again makes another one: a call of its own.
    call = speaker.call.part(secrets.token_hex(4))
    code = secrets.token_urlsafe(24)
    await services.db.write(
        people.invite_from_desk, call, workspace_id, role, code, replaces_owners=replaces_owners
    )
    return _link(services, code)


def _link(services: Services, code: str) -> str:
    from handlers.start import JOIN  # imports the desk, which imports this

    return services.start_link(f"{JOIN}{code}")


async def _replace_owner(services: Services, speaker: Speaker, tap: buttons.ReplaceOwner) -> Screen:
    await services.db.read(desk, speaker.person_id, DeskRole.ADMIN)
    card = await current_card(services, speaker, tap.id)
    owners = ", ".join(each.name for each in card.members if each.role is Role.OWNER)
    t = speaker.t
    if not tap.sure:
        return replace_owner_view(t, card.id, card.name, owners)
    link = await _workspace_link(services, speaker, card.id, Role.OWNER, replaces_owners=True)
    news = t(
        "Whoever opens this link owns {name}; from then on {owners} can't get in any more.",
        name=h(card.name),
        owners=h(owners),
    )
    return invited_view(t, card.id, card.name, link, news=news)


def replace_owner_view(t: Tongue, workspace_id: int, name: str, owners: str) -> Screen:
    """What replacing means, before the second tap."""
    return Screen.of(
        t("<b>{name}</b>: replace the owner?", name=h(name)),
        t("For an owner who lost the account: {owners}.", owners=h(owners)),
        t("You get a link. Who opens it becomes the owner, and the old owner's rights end. All are told."),
        t("Make sure that you know who is asking."),
        rows=[
            [button(t("Make the link"), buttons.ReplaceOwner(id=workspace_id, sure=True), "danger")],
            [button(t("‹ Back"), buttons.WorkspaceCard(id=workspace_id))],
        ],
    )


async def _invite_to_desk(services: Services, speaker: Speaker, tap: buttons.InviteToDesk) -> Screen:
    call = speaker.call.part(secrets.token_hex(4))
    code = secrets.token_urlsafe(24)
    role = DeskRole[tap.role.upper()]
    await services.db.write(people.invite_admin, call, role, code)
    t = speaker.t
    return link_view(
        t,
        t("A link to your desk, as {role}.", role=desk_role_names(t)[role]),
        _link(services, code),
        Screen.of("", rows=[[button(t("‹ People"), buttons.DeskPeople())]]),
    )


def desk_role_names(t: Tongue) -> dict[DeskRole, str]:
    return {DeskRole.OWNER: t("owner"), DeskRole.ADMIN: t("admin"), DeskRole.SUPPORT: t("support")}


def invited_view(t: Tongue, workspace_id: int, name: str, link: str, *, news: str) -> Screen:
    """A fresh link into a workspace."""
    onwards = Screen.of(
        "",
        rows=[
            [button(t("Open {name}", name=name), buttons.WorkspaceCard(id=workspace_id))],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )
    return link_view(t, news, link, onwards)


def link_view(t: Tongue, news: str, link: str, onwards: Screen) -> Screen:
    """A link to pass on, ready to copy; it is shown this once."""
    return Screen.of(
        news,
        "",
        t("Send this to the person. It works once, for seven days:"),
        f"<code>{h(link)}</code>",
        rows=[[copy(t("Copy the link"), link)], *onwards.rows],
    )
