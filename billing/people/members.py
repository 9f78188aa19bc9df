"""Who has access to a workspace, and in which role (R34)."""

from dataclasses import dataclass

from billing import notices
from billing.access import Role, locked_seat, role_of, seat
from billing.call import Call
from billing.errors import BadValueError, GoneError, LastOwnerError
from storage import people
from storage.models import Member
from storage.transaction import Tx


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
