"""People: who they are, how they get in by one-time links, what roles they hold (R34), how they are forgotten (R37)."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from billing import audit, notices
from billing.access import (
    DeskRole,
    Role,
    desk,
    desk_locked,
    desk_partner,
    desk_role_of,
    locked_seat,
    role_of,
    seat,
)
from billing.automatic.stopping import stop
from billing.call import Call
from billing.errors import AlreadyMemberError, BadValueError, GoneError, InviteError, LastOwnerError
from billing.text import clean
from storage import catalogue, people, workspaces
from storage.models import Invite, Member, PartnerAdmin
from storage.transaction import Tx

INVITE_LIFE = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who writes to the bot: what they are to us."""

    person_id: int
    name: str
    language: str
    workspaces: tuple[tuple[int, str, str], ...]
    """id, name, role code"""
    current: int | None
    """The workspace they looked at last, or the only one."""
    desk: bool


@dataclass(frozen=True, slots=True)
class MemberRow:
    person_id: int
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class People:
    """Who has access to a workspace."""

    workspace_id: int
    workspace: str
    partner: str
    role: Role
    """The reader's own."""
    you: int
    members: tuple[MemberRow, ...]


@dataclass(frozen=True, slots=True)
class DeskMember:
    person_id: int
    name: str
    role: DeskRole


@dataclass(frozen=True, slots=True)
class DeskPeople:
    """Who works at a partner's desk."""

    partner: str
    role: DeskRole
    """The reader's own."""
    you: int
    members: tuple[DeskMember, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """What an invite opened: a workspace, or (None) the partner's desk."""

    workspace_id: int | None
    name: str
    role: str


def meet(tx: Tx, call: Call, telegram_id: int, name: str, username: str | None, language: str) -> Visitor:
    """Note who writes; answers what they are to us. The row's id is drawn once and kept."""
    person = people.person_of(tx, telegram_id, call.id_for("person", telegram_id), call.at)
    person.name = shown_name(name)
    person.username = username
    person.language = language
    person.seen_at = call.at
    tx.session.flush()
    visitor = known(tx, telegram_id)
    assert visitor is not None, "just written"
    return visitor


def shown_name(name: str) -> str:
    """A person's name as we keep and show it."""
    return clean(name) or "?"


def known(tx: Tx, telegram_id: int) -> Visitor | None:
    """The visitor, if we met before."""
    rows = people.visitor(tx, telegram_id)
    if not rows:
        return None
    me = rows[0]
    mine = tuple(
        (row.workspace_id, row.workspace, row.role)
        for row in rows
        if row.workspace_id is not None and row.workspace is not None and row.role is not None
    )
    ids = [row[0] for row in mine]
    current = me.last_workspace_id if me.last_workspace_id in ids else (ids[0] if ids else None)
    return Visitor(me.person_id, me.name, me.language, mine, current, me.desk)


def look_at(tx: Tx, call: Call, workspace_id: int) -> None:
    """Remember which workspace /start should open next time."""
    place = seat(tx, call.person_id, workspace_id)
    person = people.person(tx, call.person_id or 0)
    assert person is not None
    person.workspace_id = place.workspace.id


def code_hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def invite_member(tx: Tx, call: Call, workspace_id: int, role: Role, code: str) -> Invite:
    """An owner invites into the workspace. `code` was drawn outside; only its hash is kept."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    return _invite(tx, call, place.partner.id, workspace_id, role.code, code)


def invite_from_desk(
    tx: Tx, call: Call, workspace_id: int, role: Role, code: str, *, replaces_owners: bool = False
) -> Invite:
    """The partner invites into a workspace: its first owner, or (R34) one who replaces those that lost the account."""
    place, workspace, _ = desk_locked(tx, call.person_id, workspace_id, DeskRole.ADMIN)
    audit.record(
        tx,
        call,
        place.partner.id,
        "replace_owner" if replaces_owners else "invite",
        workspace_id=workspace.id,
        after={"role": role.code},
    )
    invite = _invite(tx, call, place.partner.id, workspace_id, role.code, code)
    invite.replaces_owners = replaces_owners
    return invite


def invite_admin(tx: Tx, call: Call, role: DeskRole, code: str) -> Invite:
    """A partner's owner invites somebody to the desk."""
    place = desk(tx, call.person_id, DeskRole.OWNER)
    audit.record(tx, call, place.partner.id, "invite_admin", after={"role": role.code})
    return _invite(tx, call, place.partner.id, None, role.code, code)


def desk_people(tx: Tx, person_id: int) -> DeskPeople:
    """Who works at the reader's desk, longest first."""
    place = desk(tx, person_id)
    return DeskPeople(
        place.partner.name,
        place.role,
        person_id,
        tuple(
            DeskMember(person.id, person.name, desk_role_of(admin.role))
            for admin, person in people.admins(tx, place.partner.id)
        ),
    )


def remove_admin(tx: Tx, call: Call, person_id: int) -> None:
    """An owner takes somebody's place at the desk. Removing who is gone changes nothing.

    Raises LastOwnerError where no owner would be left.
    """
    # Two owners who remove each other: the second is asked again once it holds the lock.
    desk_partner(tx, call.person_id, DeskRole.OWNER)
    tx.session.expire_all()
    place = desk(tx, call.person_id, DeskRole.OWNER)
    admin = people.admin(tx, place.partner.id, person_id)
    if admin is None:
        return
    owners = [row for row, _ in people.admins(tx, place.partner.id) if row.role == DeskRole.OWNER.code]
    if owners == [admin]:
        raise LastOwnerError
    person = people.person(tx, person_id)
    audit.record(
        tx,
        call,
        place.partner.id,
        "remove_admin",
        subject=person.name if person is not None else "",
        before={"role": admin.role},
    )
    tx.session.delete(admin)


def _invite(tx: Tx, call: Call, partner_id: int, workspace_id: int | None, role: str, code: str) -> Invite:
    assert call.person_id is not None
    invite = Invite(
        code_hash=code_hash(code),
        partner_id=partner_id,
        workspace_id=workspace_id,
        role=role,
        replaces_owners=False,
        made_by=call.person_id,
        made_at=call.at,
        expires_at=call.at + INVITE_LIFE,
    )
    tx.session.add(invite)
    return invite


def accept_invite(tx: Tx, call: Call, code: str) -> Joined:
    """Use a one-time link. The same call again answers the same; anybody else's second use is refused.

    Raises InviteError, AlreadyMemberError (the link stays unused).
    """
    assert call.person_id is not None
    invite = people.invite(tx, code_hash(code))
    if invite is None:
        raise InviteError
    if invite.used_at is not None:
        if invite.used_by != call.person_id:
            raise InviteError
    elif invite.expires_at <= call.at:
        raise InviteError
    if invite.workspace_id is None:
        return _join_desk(tx, call, invite)
    return _join_workspace(tx, call, invite, invite.workspace_id)


def _join_desk(tx: Tx, call: Call, invite: Invite) -> Joined:
    assert call.person_id is not None
    catalogue.lock_partner(tx, invite.partner_id)
    admin = people.admin(tx, invite.partner_id, call.person_id)
    if invite.used_at is not None:
        if admin is None:
            raise InviteError
        return Joined(None, "", admin.role)
    if admin is not None and desk_role_of(admin.role) >= desk_role_of(invite.role):
        raise AlreadyMemberError(None)
    if admin is None:
        admin = PartnerAdmin(partner_id=invite.partner_id, person_id=call.person_id, since=call.at)
        tx.session.add(admin)
    admin.role = invite.role
    _use(invite, call)
    audit.record(tx, call, invite.partner_id, "join_desk", after={"role": invite.role})
    return Joined(None, "", invite.role)


def _join_workspace(tx: Tx, call: Call, invite: Invite, workspace_id: int) -> Joined:
    assert call.person_id is not None
    found = workspaces.lock(tx, workspace_id)
    if found is None or found[0].closed_at is not None:
        raise InviteError
    workspace = found[0]
    if invite.used_at is not None:
        member = people.membership(tx, invite.partner_id, workspace_id, call.person_id)
        if member is None:
            raise InviteError
        return Joined(workspace_id, workspace.name, member.role)
    member = people.any_membership(tx, invite.partner_id, workspace_id, call.person_id)
    running = member is not None and member.ended_at is None
    if member is not None and running and role_of(member.role) >= role_of(invite.role):
        raise AlreadyMemberError(workspace_id)
    stopped = False
    if invite.replaces_owners:
        _end_owners(tx, call, invite.partner_id, workspace_id)
        stopped = stop(tx, call, workspace, "owner", drop_card=True)
    if member is None:
        member = Member(partner_id=invite.partner_id, workspace_id=workspace_id, person_id=call.person_id)
        tx.session.add(member)
    member.role, member.since, member.ended_at = invite.role, call.at, None
    _use(invite, call)
    person = people.person(tx, call.person_id)
    assert person is not None
    person.workspace_id = workspace_id
    tx.session.flush()
    if stopped:
        notices.tell_workspace(
            tx, call, invite.partner_id, workspace_id, "auto_stopped", {"reason": "owner", "order_id": None}
        )
    joined = {"name": person.name, "role": invite.role}
    least = Role.VIEWER if invite.replaces_owners else Role.OWNER
    notices.tell_workspace(
        tx, call, invite.partner_id, workspace_id, "joined", joined, least=least, but=call.person_id
    )
    if invite.role == Role.OWNER.code:
        notices.tell_desk(
            tx,
            call,
            invite.partner_id,
            "desk_joined",
            {"workspace_id": workspace_id, "workspace": workspace.name, **joined},
        )
    return Joined(workspace_id, workspace.name, invite.role)


def _use(invite: Invite, call: Call) -> None:
    invite.used_at, invite.used_by = call.at, call.person_id


def _end_owners(tx: Tx, call: Call, partner_id: int, workspace_id: int) -> None:
    """Old rights end, with every link that was made by them; the old owners are told."""
    people.end_invites(tx, partner_id, workspace_id, call.at)
    for member, person in people.members(tx, partner_id, workspace_id):
        if member.role == Role.OWNER.code and person.id != call.person_id:
            member.ended_at = call.at
            notices.tell(tx, call, partner_id, "replaced", {"workspace_id": workspace_id}, [person])


def access(tx: Tx, person_id: int, workspace_id: int) -> People:
    """Who has access, for any member to see."""
    place = seat(tx, person_id, workspace_id)
    return People(
        workspace_id,
        place.workspace.name,
        place.partner.name,
        place.role,
        person_id,
        tuple(
            MemberRow(person.id, person.name, role_of(member.role))
            for member, person in people.members(tx, place.partner.id, workspace_id)
        ),
    )


def set_role(tx: Tx, call: Call, workspace_id: int, person_id: int, role: Role) -> None:
    """An owner gives a member a role.

    Raises LastOwnerError where nobody would be left to own it.
    """
    place = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    member = _member(tx, place.partner.id, workspace_id, person_id)
    if member.role == role.code:
        return
    _keep_an_owner(tx, member, role)
    member.role = role.code
    _tell_one(tx, call, place.partner.id, workspace_id, person_id, "role", {"role": role.code})


def remove_member(tx: Tx, call: Call, workspace_id: int, person_id: int) -> None:
    """An owner takes somebody's access, or anybody leaves. Removing who is gone changes nothing."""
    least = Role.VIEWER if person_id == call.person_id else Role.OWNER
    place = locked_seat(tx, call.person_id, workspace_id, least)
    member = people.membership(tx, place.partner.id, workspace_id, person_id)
    if member is None:
        return
    _keep_an_owner(tx, member, None)
    member.ended_at = call.at
    if person_id != call.person_id:
        _tell_one(tx, call, place.partner.id, workspace_id, person_id, "removed", {})


def hand_over(tx: Tx, call: Call, workspace_id: int, person_id: int) -> None:
    """The owner makes another member the owner and becomes a billing person."""
    place = locked_seat(tx, call.person_id, workspace_id, Role.OWNER)
    member = _member(tx, place.partner.id, workspace_id, person_id)
    assert call.person_id is not None
    mine = _member(tx, place.partner.id, workspace_id, call.person_id)
    if member is mine:
        raise BadValueError("member", "")
    member.role, mine.role = Role.OWNER.code, Role.BILLING.code
    _tell_one(tx, call, place.partner.id, workspace_id, person_id, "role", {"role": Role.OWNER.code})
    person = people.person(tx, person_id)
    notices.tell_desk(
        tx,
        call,
        place.partner.id,
        "desk_owner",
        {"workspace_id": workspace_id, "name": person.name if person is not None else ""},
        but=call.person_id,
    )


def _member(tx: Tx, partner_id: int, workspace_id: int, person_id: int) -> Member:
    member = people.membership(tx, partner_id, workspace_id, person_id)
    if member is None:
        raise GoneError
    return member


def _keep_an_owner(tx: Tx, member: Member, role: Role | None) -> None:
    loses = member.role == Role.OWNER.code and role is not Role.OWNER
    if loses and people.count_owners(tx, member.partner_id, member.workspace_id) == 1:
        raise LastOwnerError


def _tell_one(
    tx: Tx,
    call: Call,
    partner_id: int,
    workspace_id: int,
    person_id: int,
    kind: str,
    params: dict[str, str],
) -> None:
    person = people.person(tx, person_id)
    if person is not None and person_id != call.person_id:
        notices.tell(tx, call, partner_id, kind, {"workspace_id": workspace_id, **params}, [person])
