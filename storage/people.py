"""Queries: people, members, the partner's own people, invites."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from storage.insertion import insert_new
from storage.models import Chat, Invite, Member, Partner, PartnerAdmin, Person, Wallet, Workspace
from storage.prepared import Among, Prepared
from storage.transaction import Tx


@dataclass(frozen=True, slots=True)
class VisitorRow:
    """A person, whether they work at a desk, and one of their workspaces."""

    person_id: int
    name: str
    language: str
    last_workspace_id: int | None
    desk: bool
    workspace_id: int | None
    workspace: str | None
    role: str | None


# One statement, prepared: every tap begins with it.
_VISITOR = Prepared(
    select(
        Person.id,
        Person.name,
        Person.language,
        Person.workspace_id,
        exists().where(PartnerAdmin.person_id == Person.id).label("desk"),
        Workspace.id,
        Workspace.name,
        Member.role,
    )
    .select_from(Person)
    .outerjoin(Member, and_(Member.person_id == Person.id, Member.ended_at.is_(None)))
    .outerjoin(
        Workspace, and_(Workspace.partner_id == Member.partner_id, Workspace.id == Member.workspace_id)
    )
    .where(Person.telegram_id == bindparam("telegram_id"))
    .order_by(Workspace.name, Workspace.id)
)
# The wallet is read along with it: every screen shows the balance, and then has it in the session.
_SEAT = (
    select(Workspace, Partner, Member.role, Wallet)
    .join(Member, and_(Member.partner_id == Workspace.partner_id, Member.workspace_id == Workspace.id))
    .join(Partner, Partner.id == Workspace.partner_id)
    .join(Wallet, and_(Wallet.partner_id == Workspace.partner_id, Wallet.workspace_id == Workspace.id))
    .where(
        Workspace.id == bindparam("workspace"),
        Member.person_id == bindparam("person"),
        Member.ended_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who may be told: where, and what they asked for."""

    person_id: int
    chat_id: int | None
    blocked: bool
    quiet_from: int | None
    quiet_to: int | None
    muted: list[str]
    role: str

    @property
    def reachable(self) -> bool:
        return self.chat_id is not None and not self.blocked


class Reader(NamedTuple):
    """Somebody who can be written to."""

    chat_id: int
    person_id: int


def _listeners(role: InstrumentedAttribute[str]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Person.id,
            Person.telegram_id,
            Chat.blocked_at.is_not(None),
            Person.quiet_from,
            Person.quiet_to,
            Person.muted,
            role,
        )
        .select_from(role.class_)
        .join(Person, Person.id == role.class_.person_id)
        .outerjoin(Chat, and_(Chat.bot_id == bindparam("bot"), Chat.chat_id == Person.telegram_id))
        .where(role.class_.partner_id == bindparam("partner"))
        .order_by(role.class_.since, Person.id)
    )


_LISTENERS = _listeners(Member.role).where(
    Member.workspace_id == bindparam("workspace"), Member.ended_at.is_(None)
)
_READERS_AMONG = Prepared(
    select(Member.workspace_id, Person.telegram_id, Person.id)
    .join(Person, Person.id == Member.person_id)
    .outerjoin(Chat, and_(Chat.bot_id == bindparam("bot"), Chat.chat_id == Person.telegram_id))
    .where(
        Member.partner_id == bindparam("partner"),
        Among(Member.workspace_id, "workspaces"),
        Among(Member.role, "roles"),
        Member.ended_at.is_(None),
        Person.telegram_id.is_not(None),
        Chat.blocked_at.is_(None),
    )
    .order_by(Member.since, Person.id)
)
_DESK_LISTENERS = _listeners(PartnerAdmin.role)


def listeners(tx: Tx, bot_id: int, partner_id: int, workspace_id: int) -> list[Listener]:
    """A workspace's members, longest there first."""
    named = {"bot": bot_id, "partner": partner_id, "workspace": workspace_id}
    return [Listener(*row) for row in tx.session.execute(_LISTENERS, named)]


def readers_among(
    tx: Tx, bot_id: int, partner_id: int, workspace_ids: Collection[int], roles: Collection[str]
) -> dict[int, list[Reader]]:
    """By workspace the members in these roles who can be written to, longest there first."""
    found: dict[int, list[Reader]] = {}
    for workspace_id, chat_id, person_id in _READERS_AMONG.run(
        tx, bot=bot_id, partner=partner_id, workspaces=workspace_ids, roles=roles
    ):
        found.setdefault(workspace_id, []).append(Reader(chat_id, person_id))
    return found


def desk_listeners(tx: Tx, bot_id: int, partner_id: int) -> list[Listener]:
    """The partner's people, longest there first."""
    named = {"bot": bot_id, "partner": partner_id}
    return [Listener(*row) for row in tx.session.execute(_DESK_LISTENERS, named)]


def lock_person(tx: Tx, person_id: int) -> Person:
    """A person whose own settings are about to change."""
    return tx.session.get_one(Person, person_id, with_for_update=True, populate_existing=True)


def person(tx: Tx, person_id: int) -> Person | None:
    return tx.session.get(Person, person_id)


def person_by_telegram(tx: Tx, telegram_id: int) -> Person | None:
    return tx.session.scalars(select(Person).where(Person.telegram_id == telegram_id)).one_or_none()


def person_of(tx: Tx, telegram_id: int, new_id: int, at: dt.datetime) -> Person:
    """The person of a Telegram account; a new one gets `new_id`."""
    found = person_by_telegram(tx, telegram_id)
    if found is None:
        insert_new(tx, Person, id=new_id, telegram_id=telegram_id, seen_at=at)
        found = person_by_telegram(tx, telegram_id)
        assert found is not None, "inserted, by us or by a rival"
    return found


def membership(tx: Tx, partner_id: int, workspace_id: int, person_id: int) -> Member | None:
    """The running membership."""
    row = tx.session.get(Member, (partner_id, workspace_id, person_id))
    return row if row is not None and row.ended_at is None else None


def any_membership(tx: Tx, partner_id: int, workspace_id: int, person_id: int) -> Member | None:
    """The membership, running or ended."""
    return tx.session.get(Member, (partner_id, workspace_id, person_id))


def members(tx: Tx, partner_id: int, workspace_id: int) -> list[tuple[Member, Person]]:
    """The running memberships, owners first, then by time."""
    found = tx.session.execute(
        select(Member, Person)
        .join(Person, Person.id == Member.person_id)
        .where(
            Member.partner_id == partner_id, Member.workspace_id == workspace_id, Member.ended_at.is_(None)
        )
        .order_by(Member.since, Member.person_id)
    ).all()
    rank = {"owner": 0, "billing": 1, "viewer": 2}
    return sorted(((row[0], row[1]) for row in found), key=lambda pair: rank[pair[0].role])


def visitor(tx: Tx, telegram_id: int) -> list[VisitorRow]:
    """What a person is to us: a row for each workspace they belong to, by name; one without if there is none."""
    return [VisitorRow(*row) for row in _VISITOR.run(tx, telegram_id=telegram_id)]


def seat(tx: Tx, person_id: int, workspace_id: int) -> tuple[Workspace, Partner, str] | None:
    """A workspace and its partner for one of its members, with the member's role."""
    row = tx.session.execute(_SEAT, {"person": person_id, "workspace": workspace_id}).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def desks_of(tx: Tx, person_id: int) -> list[PartnerAdmin]:
    """Partners a person works for."""
    return list(
        tx.session.scalars(
            select(PartnerAdmin).where(PartnerAdmin.person_id == person_id).order_by(PartnerAdmin.partner_id)
        )
    )


def admin(tx: Tx, partner_id: int, person_id: int) -> PartnerAdmin | None:
    return tx.session.get(PartnerAdmin, (partner_id, person_id))


def admins(tx: Tx, partner_id: int) -> list[tuple[PartnerAdmin, Person]]:
    """The partner's people, by time."""
    found = tx.session.execute(
        select(PartnerAdmin, Person)
        .join(Person, Person.id == PartnerAdmin.person_id)
        .where(PartnerAdmin.partner_id == partner_id)
        .order_by(PartnerAdmin.since, PartnerAdmin.person_id)
    ).all()
    return [(row[0], row[1]) for row in found]


def invite(tx: Tx, code_hash: str) -> Invite | None:
    """The invite, locked."""
    return tx.session.scalars(
        select(Invite).where(Invite.code_hash == code_hash).with_for_update()
    ).one_or_none()


def end_invites(tx: Tx, partner_id: int, workspace_id: int, at: dt.datetime) -> None:
    """Unused invites of a workspace expire now."""
    tx.session.execute(
        update(Invite)
        .where(
            Invite.partner_id == partner_id,
            Invite.workspace_id == workspace_id,
            Invite.used_at.is_(None),
            Invite.expires_at > at,
        )
        .values(expires_at=at)
    )


def count_owners(tx: Tx, partner_id: int, workspace_id: int) -> int:
    return tx.session.execute(
        select(func.count())
        .select_from(Member)
        .where(
            Member.partner_id == partner_id,
            Member.workspace_id == workspace_id,
            Member.role == "owner",
            Member.ended_at.is_(None),
        )
    ).scalar_one()
