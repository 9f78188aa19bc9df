"""Getting in by a one-time link that expires (R34)."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from billing import audit, notices
from billing.access import DeskRole, Role, desk, desk_locked, desk_role_of, locked_seat, role_of
from billing.automatic.stopping import stop
from billing.call import Call
from billing.errors import AlreadyMemberError, InviteError
from storage import catalogue, people, workspaces
from storage.models import Invite, Member, PartnerAdmin
from storage.transaction import Tx

INVITE_LIFE = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Joined:
    """What an invite opened: a workspace, or (None) the partner's desk."""

    workspace_id: int | None
    name: str
    role: str


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
    if not _may_still_invite(tx, invite):
        raise InviteError
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
    if not _may_still_invite(tx, invite):
        raise InviteError
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


def _may_still_invite(tx: Tx, invite: Invite) -> bool:
    """Whether who made the link could make it today: rights that ended take their unused links along (R34)."""
    admin = people.admin(tx, invite.partner_id, invite.made_by)
    at_desk = desk_role_of(admin.role) if admin is not None else None
    if invite.workspace_id is None:
        return at_desk is DeskRole.OWNER
    if at_desk is not None and at_desk >= DeskRole.ADMIN:
        return True
    member = people.membership(tx, invite.partner_id, invite.workspace_id, invite.made_by)
    return not invite.replaces_owners and member is not None and member.role == Role.OWNER.code


def _use(invite: Invite, call: Call) -> None:
    invite.used_at, invite.used_by = call.at, call.person_id


def _end_owners(tx: Tx, call: Call, partner_id: int, workspace_id: int) -> None:
    """Old rights end, with every link that was made by them; the old owners are told."""
    people.end_invites(tx, partner_id, workspace_id, call.at)
    for member, person in people.members(tx, partner_id, workspace_id):
        if member.role == Role.OWNER.code and person.id != call.person_id:
            member.ended_at = call.at
            notices.tell(tx, call, partner_id, "replaced", {"workspace_id": workspace_id}, [person])
