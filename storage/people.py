"""Queries: people, members, the partner's own people, invites."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, exists, func, select, update

from storage.insertion import insert_new
from storage.models import Invite, Member, Partner, PartnerAdmin, Person, Wallet, Workspace
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


# One statement, without the ORM: every tap begins with it.
_VISITOR = (
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
    return [VisitorRow(*row) for row in tx.conn.execute(_VISITOR, {"telegram_id": telegram_id})]


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
