"""Who has access to a workspace: invite, change a role, take access, leave, hand over (R34)."""

import secrets

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, InlineKeyboardButton

from billing import people
from billing.access import Role, role_of, seat
from billing.errors import GoneError, StrangerError
from billing.people import INVITE_LIFE, MemberRow, People
from handlers.context import Speaker
from handlers.customer import buttons
from handlers.customer.phrases import menu, role_name
from handlers.screens import Screen, button, copy, show
from handlers.services import Services
from handlers.tongue import Tongue, h

_ROLES = {role.code: role for role in Role}


def router() -> Router:
    router = Router(name="customer.people")
    router.callback_query.register(on_people, buttons.People.filter())
    router.callback_query.register(on_member, buttons.Member.filter())
    router.callback_query.register(on_choose_invite, buttons.ChooseInvite.filter())
    router.callback_query.register(on_invite, buttons.Invite.filter())
    router.callback_query.register(on_set_role, buttons.SetRole.filter())
    router.callback_query.register(on_remove, buttons.Remove.filter())
    router.callback_query.register(on_hand_over, buttons.HandOver.filter())
    return router


async def on_people(
    query: CallbackQuery, callback_data: buttons.People, bot: Bot, services: Services, speaker: Speaker
) -> None:
    await show(bot, query, people_view(speaker.t, await _access(services, speaker, callback_data.workspace)))


async def on_member(
    query: CallbackQuery, callback_data: buttons.Member, bot: Bot, services: Services, speaker: Speaker
) -> None:
    found = await _access(services, speaker, callback_data.workspace)
    await show(bot, query, member_view(speaker.t, found, _member(found, callback_data.person)))


async def on_choose_invite(
    query: CallbackQuery,
    callback_data: buttons.ChooseInvite,
    bot: Bot,
    services: Services,
    speaker: Speaker,
) -> None:
    found = await _owned(services, speaker, callback_data.workspace)
    await show(bot, query, choose_invite_view(speaker.t, found))


async def on_invite(
    query: CallbackQuery, callback_data: buttons.Invite, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Draws a one-time link; only its hash is kept."""
    from handlers.start import JOIN  # which imports the customer's first screen

    role, code = _role(callback_data.role), secrets.token_urlsafe(24)
    await services.db.write(people.invite_member, speaker.call, callback_data.workspace, role, code)
    found = await _access(services, speaker, callback_data.workspace)
    await show(bot, query, invite_view(speaker.t, found, role, services.start_link(JOIN + code)))


async def on_set_role(
    query: CallbackQuery, callback_data: buttons.SetRole, bot: Bot, services: Services, speaker: Speaker
) -> None:
    role = _role(callback_data.role)
    await services.db.write(
        people.set_role, speaker.call, callback_data.workspace, callback_data.person, role
    )
    services.wake()
    found = await _access(services, speaker, callback_data.workspace)
    await show(bot, query, member_view(speaker.t, found, _member(found, callback_data.person)))


async def on_remove(
    query: CallbackQuery, callback_data: buttons.Remove, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Taken on the second tap. Who left sees what a stranger sees."""
    leaves = callback_data.person == speaker.person_id
    found = await (_access if leaves else _owned)(services, speaker, callback_data.workspace)
    if leaves and _owners(found) == [found.you]:
        await show(bot, query, must_hand_over_view(speaker.t, found))
        return
    member = next((each for each in found.members if each.person_id == callback_data.person), None)
    if member is not None and not callback_data.sure:
        await show(bot, query, remove_view(speaker.t, found, member))
        return
    await services.db.write(people.remove_member, speaker.call, callback_data.workspace, callback_data.person)
    services.wake()
    if leaves:
        await show(bot, query, left_view(speaker.t, found))
        return
    await show(bot, query, people_view(speaker.t, await _access(services, speaker, callback_data.workspace)))


async def on_hand_over(
    query: CallbackQuery, callback_data: buttons.HandOver, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """Handed over on the second tap."""
    found = await _owned(services, speaker, callback_data.workspace)
    if not callback_data.sure:
        await show(bot, query, hand_over_view(speaker.t, found, _member(found, callback_data.person)))
        return
    await services.db.write(people.hand_over, speaker.call, callback_data.workspace, callback_data.person)
    services.wake()
    await show(bot, query, people_view(speaker.t, await _access(services, speaker, callback_data.workspace)))


async def _access(services: Services, speaker: Speaker, workspace_id: int) -> People:
    return await services.db.read(people.access, speaker.person_id, workspace_id)


async def _owned(services: Services, speaker: Speaker, workspace_id: int) -> People:
    """The same for what only an owner does, so that others read why at the first tap. Raises NotAllowedError."""
    await services.db.read(seat, speaker.person_id, workspace_id, Role.OWNER)
    return await _access(services, speaker, workspace_id)


def _owners(found: People) -> list[int]:
    return [each.person_id for each in found.members if each.role is Role.OWNER]


def _member(found: People, person_id: int) -> MemberRow:
    member = next((each for each in found.members if each.person_id == person_id), None)
    if member is None:
        raise GoneError
    return member


def _role(code: str) -> Role:
    """A role named by a button. A forged one is a stranger's."""
    if code not in _ROLES:
        raise StrangerError
    return role_of(code)


def people_view(t: Tongue, found: People) -> Screen:
    """Everybody with access, a button each."""
    ws = found.workspace_id
    lines = [f"<b>{t('People')}</b>  {h(found.workspace)}"]
    lines += [
        f"• {h(each.name)} · {role_name(t, each.role)}{_you(t, found, each)}" for each in found.members[:40]
    ]
    lines += [
        "",
        t("Owners may do everything. Billing buys and removes. Viewers see everything and change nothing."),
    ]
    return Screen.of(
        *lines,
        rows=[
            *(
                [
                    button(
                        f"{each.name} · {role_name(t, each.role)}",
                        buttons.Member(workspace=ws, person=each.person_id),
                    )
                ]
                for each in found.members[:40]
            ),
            [button(t("Invite somebody"), buttons.ChooseInvite(workspace=ws))],
            [menu(t)],
        ],
    )


def _you(t: Tongue, found: People, member: MemberRow) -> str:
    return f" · {t('you')}" if member.person_id == found.you else ""


def member_view(t: Tongue, found: People, member: MemberRow) -> Screen:
    """One person: roles to choose from, and the way out."""
    ws, person = found.workspace_id, member.person_id
    you = person == found.you
    rows = [
        [
            button(
                role_name(t, role) + (" ✓" if role is member.role else ""),
                buttons.SetRole(workspace=ws, person=person, role=role.code),
            )
            for role in Role
        ]
    ]
    if not you:
        rows.append([button(t("Hand over to them"), buttons.HandOver(workspace=ws, person=person))])
    leave = t("Leave") if you else t("Take access away")
    rows.append([button(leave, buttons.Remove(workspace=ws, person=person))])
    return Screen.of(
        f"<b>{h(member.name)}</b>  {h(found.workspace)}",
        t("Role: {role}{you}", role=role_name(t, member.role), you=_you(t, found, member)),
        rows=[*rows, _back(t, ws)],
    )


def choose_invite_view(t: Tongue, found: People) -> Screen:
    ws = found.workspace_id
    return Screen.of(
        f"<b>{t('Invite to {workspace}', workspace=h(found.workspace))}</b>",
        t("What may they do?"),
        rows=[
            [
                button(
                    t("Viewer: sees everything, changes nothing"),
                    buttons.Invite(workspace=ws, role=Role.VIEWER.code),
                )
            ],
            [
                button(
                    t("Billing: buys and removes too"), buttons.Invite(workspace=ws, role=Role.BILLING.code)
                )
            ],
            [button(t("Owner: everything, people too"), buttons.Invite(workspace=ws, role=Role.OWNER.code))],
            _back(t, ws),
        ],
    )


def invite_view(t: Tongue, found: People, role: Role, address: str) -> Screen:
    """The link, once: it isn't kept."""
    return Screen.of(
        f"<b>{t('Invite to {workspace}', workspace=h(found.workspace))}</b>",
        t("Role: {role}{you}", role=role_name(t, role), you=""),
        f"<code>{h(address)}</code>",
        t.n(
            "It works once and for {count} day. Send it to nobody but the person it is for.",
            "It works once and for {count} days. Send it to nobody but the person it is for.",
            INVITE_LIFE.days,
        ),
        rows=[[copy(t("Copy the link"), address)], _back(t, found.workspace_id)],
    )


def remove_view(t: Tongue, found: People, member: MemberRow) -> Screen:
    sure = buttons.Remove(workspace=found.workspace_id, person=member.person_id, sure=True)
    if member.person_id == found.you:
        return Screen.of(
            f"<b>{t('Leave {workspace}?', workspace=h(found.workspace))}</b>",
            t("You need a new invite to come back."),
            rows=[[button(t("Leave"), sure, "danger")], _back(t, found.workspace_id)],
        )
    return Screen.of(
        f"<b>{t('Take access from {name}?', name=h(member.name))}</b>",
        t("They are told, and need a new invite to come back."),
        rows=[[button(t("Take access away"), sure, "danger")], _back(t, found.workspace_id)],
    )


def must_hand_over_view(t: Tongue, found: People) -> Screen:
    """Why the only owner can't leave yet, and the way to it (R34)."""
    ws = found.workspace_id
    others = [each for each in found.members if each.person_id != found.you]
    return Screen.of(
        f"<b>{t('Somebody has to own {workspace}', workspace=h(found.workspace))}</b>",
        t("Hand it over first; then you can leave.")
        if others
        else t("Nobody else is in it yet. Invite somebody and hand it over; then you can leave."),
        rows=[
            *(
                [
                    button(
                        t("Hand over to {name}", name=each.name),
                        buttons.HandOver(workspace=ws, person=each.person_id),
                    )
                ]
                for each in others[:40]
            ),
            [button(t("Invite somebody"), buttons.ChooseInvite(workspace=ws))] if not others else None,
            _back(t, ws),
        ],
    )


def hand_over_view(t: Tongue, found: People, member: MemberRow) -> Screen:
    sure = buttons.HandOver(workspace=found.workspace_id, person=member.person_id, sure=True)
    return Screen.of(
        f"<b>{t('Hand {workspace} over to {name}?', workspace=h(found.workspace), name=h(member.name))}</b>",
        t("They become the owner, you become billing. Only they can give it back."),
        rows=[[button(t("Hand over"), sure, "danger")], _back(t, found.workspace_id)],
    )


def left_view(t: Tongue, found: People) -> Screen:
    return Screen.of(t("You have left {workspace}.", workspace=h(found.workspace)), rows=[[menu(t)]])


def _back(t: Tongue, workspace_id: int) -> list[InlineKeyboardButton]:
    return [button(t("People"), buttons.People(workspace=workspace_id)), menu(t)]
