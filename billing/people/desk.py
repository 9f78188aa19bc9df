"""Who works at the partner's desk (R34)."""

from dataclasses import dataclass

from billing import audit
from billing.access import DeskRole, desk, desk_partner, desk_role_of
from billing.call import Call
from billing.errors import LastOwnerError
from storage import people
from storage.transaction import Tx


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
