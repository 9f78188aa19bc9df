"""What a person wants to be told, and when not (R36). Theirs alone, the same in every workspace."""

from dataclasses import dataclass

from billing.access import Role, role_of
from billing.call import Call
from billing.errors import BadValueError, GoneError, StrangerError
from billing.notices import DESK_OPTIONAL, OPTIONAL, Topic
from storage import people
from storage.models import Person
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's choices. `quiet`: from one hour of the workspace's day to another; None: never."""

    quiet: tuple[int, int] | None
    topics: tuple[tuple[Topic, bool], ...]
    """What they could be told and may switch off, and whether it is on."""
    pays: bool
    """Money and pauses of some workspace always reach them."""
    desk: bool


def preferences(tx: Tx, person_id: int) -> Preferences:
    """The person's choices. Raises StrangerError for who has no workspace and works at no desk."""
    person = people.person(tx, person_id)
    rows = (
        people.visitor(tx, person.telegram_id)
        if person is not None and person.telegram_id is not None
        else []
    )
    if person is None or not any(row.desk or row.role is not None for row in rows):
        raise StrangerError
    pays = any(row.role is not None and role_of(row.role) >= Role.BILLING for row in rows)
    desk = rows[0].desk
    quiet = None
    if person.quiet_from is not None and person.quiet_to is not None:
        quiet = (person.quiet_from, person.quiet_to)
    offered = (*(OPTIONAL if pays else ()), *(DESK_OPTIONAL if desk else ()))
    return Preferences(quiet, tuple((topic, topic not in person.muted) for topic in offered), pays, desk)


def set_topic(tx: Tx, call: Call, topic: str, *, on: bool) -> None:
    """Be told of a topic or not. Raises GoneError for one that can't be switched."""
    if topic not in (*OPTIONAL, *DESK_OPTIONAL):
        raise GoneError
    person = _locked(tx, call)
    person.muted = sorted({*person.muted, topic} - ({topic} if on else set()))


def set_quiet(tx: Tx, call: Call, start: int, end: int) -> None:
    """Quiet from one hour of the day to another (0 to 23); the same twice: never. Raises BadValueError."""
    if not (0 <= start <= 23 and 0 <= end <= 23):
        raise BadValueError("hours", f"{start}-{end}")
    person = _locked(tx, call)
    person.quiet_from, person.quiet_to = (start, end) if start != end else (None, None)


def _locked(tx: Tx, call: Call) -> Person:
    if call.person_id is None:
        raise StrangerError
    return people.lock_person(tx, call.person_id)
