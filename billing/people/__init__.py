"""People: who they are, how they get in by one-time links, what roles they hold (R34)."""

from billing.people.desk import DeskMember, DeskPeople, desk_people, remove_admin
from billing.people.invites import (
    INVITE_LIFE,
    Joined,
    accept_invite,
    code_hash,
    invite_admin,
    invite_from_desk,
    invite_member,
)
from billing.people.members import MemberRow, People, access, hand_over, remove_member, set_role
from billing.people.visitors import Visitor, known, look_at, meet, shown_name

__all__ = [
    "INVITE_LIFE",
    "DeskMember",
    "DeskPeople",
    "Joined",
    "MemberRow",
    "People",
    "Visitor",
    "accept_invite",
    "access",
    "code_hash",
    "desk_people",
    "hand_over",
    "invite_admin",
    "invite_from_desk",
    "invite_member",
    "known",
    "look_at",
    "meet",
    "remove_admin",
    "remove_member",
    "set_role",
    "shown_name",
]
