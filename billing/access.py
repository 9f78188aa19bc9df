"""Who may do what (R34). Asked when a button is pressed, on the object, never taken from the button."""

from dataclasses import dataclass
from enum import IntEnum

from billing.errors import ClosedError, GoneError, NotAllowedError, StrangerError
from storage import catalogue, people, workspaces
from storage.models import Partner, Wallet, Workspace
from storage.transaction import Tx


class Role(IntEnum):
    """A role in a workspace; a higher one may all that a lower one may."""

    VIEWER = 1
    BILLING = 2
    OWNER = 3

    @property
    def code(self) -> str:
        return self.name.lower()


class DeskRole(IntEnum):
    """A role at the partner's desk."""

    SUPPORT = 1
    ADMIN = 2
    OWNER = 3

    @property
    def code(self) -> str:
        return self.name.lower()


def role_of(code: str) -> Role:
    return Role[code.upper()]


def desk_role_of(code: str) -> DeskRole:
    return DeskRole[code.upper()]


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in a workspace, just looked up."""

    workspace: Workspace
    partner: Partner
    role: Role


@dataclass(frozen=True, slots=True)
class LockedSeat:
    """A place in a workspace whose lock is held."""

    workspace: Workspace
    wallet: Wallet
    partner: Partner
    role: Role


@dataclass(frozen=True, slots=True)
class DeskSeat:
    """A person's place at a partner's desk."""

    partner: Partner
    role: DeskRole


def _expect(tx: Tx, workspace: Workspace, code: str, least: Role) -> Role:
    role = role_of(code)
    if role < least:
        found = people.members(tx, workspace.partner_id, workspace.id)
        raise NotAllowedError(
            least.code, tuple(person.name for each, person in found if role_of(each.role) >= least)
        )
    return role


def seat(tx: Tx, person_id: int | None, workspace_id: int, least: Role = Role.VIEWER) -> Seat:
    """The person's seat, for looking.

    Raises StrangerError, NotAllowedError.
    """
    found = people.seat(tx, person_id, workspace_id) if person_id is not None else None
    if found is None:
        raise StrangerError
    workspace, partner, role = found
    return Seat(workspace, partner, _expect(tx, workspace, role, least))


def locked_seat(tx: Tx, person_id: int | None, workspace_id: int, least: Role) -> LockedSeat:
    """The person's seat with the workspace locked, for changing.

    Raises StrangerError, NotAllowedError, ClosedError.
    """
    found = workspaces.lock(tx, workspace_id)
    if found is None or person_id is None:
        raise StrangerError
    workspace, wallet = found
    member = people.membership(tx, workspace.partner_id, workspace.id, person_id)
    if member is None:
        raise StrangerError
    role = _expect(tx, workspace, member.role, least)
    if workspace.closed_at is not None:
        raise ClosedError
    return LockedSeat(workspace, wallet, _partner(tx, workspace.partner_id), role)


def desk(tx: Tx, person_id: int | None, least: DeskRole = DeskRole.SUPPORT) -> DeskSeat:
    """The partner's desk of a person.

    Raises StrangerError, NotAllowedError.
    """
    desks = people.desks_of(tx, person_id) if person_id is not None else []
    if not desks:
        raise StrangerError
    role = desk_role_of(desks[0].role)
    if role < least:
        found = people.admins(tx, desks[0].partner_id)
        raise NotAllowedError(
            f"desk_{least.code}",
            tuple(person.name for each, person in found if desk_role_of(each.role) >= least),
        )
    return DeskSeat(_partner(tx, desks[0].partner_id), role)


def desk_partner(tx: Tx, person_id: int | None, least: DeskRole = DeskRole.ADMIN) -> Partner:
    """The partner at whose desk a person works, locked: what is changed there comes one after the other.

    Raises as desk.
    """
    return catalogue.lock_partner(tx, desk(tx, person_id, least).partner.id)


def desk_workspace(
    tx: Tx, person_id: int | None, workspace_id: int, least: DeskRole = DeskRole.SUPPORT
) -> tuple[DeskSeat, Workspace]:
    """A workspace seen from its partner's desk.

    Raises StrangerError, NotAllowedError, GoneError (also for another partner's workspace).
    """
    place = desk(tx, person_id, least)
    workspace = workspaces.find(tx, workspace_id)
    if workspace is None or workspace.partner_id != place.partner.id:
        raise GoneError
    return place, workspace


def desk_locked(
    tx: Tx, person_id: int | None, workspace_id: int, least: DeskRole = DeskRole.ADMIN
) -> tuple[DeskSeat, Workspace, Wallet]:
    """A workspace locked from its partner's desk. Raises as desk_workspace."""
    place = desk(tx, person_id, least)
    found = workspaces.lock(tx, workspace_id)
    if found is None or found[0].partner_id != place.partner.id:
        raise GoneError
    return place, *found


def _partner(tx: Tx, partner_id: int) -> Partner:
    found = catalogue.partner(tx, partner_id)
    assert found is not None, "a workspace has a partner"
    return found
