"""Queries: people, members, the partner's own people, invites."""

import datetime as dt

from sqlalchemy import func, select, update

from storage.insertion import insert_new
from storage.models import Invite, Member, PartnerAdmin, Person, Workspace
from storage.transaction import Tx


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


def workspaces_of(tx: Tx, person_id: int) -> list[tuple[Workspace, str]]:
    """Workspaces a person belongs to, with the role, by name."""
    found = tx.session.execute(
        select(Workspace, Member.role)
        .join(Member, (Member.partner_id == Workspace.partner_id) & (Member.workspace_id == Workspace.id))
        .where(Member.person_id == person_id, Member.ended_at.is_(None))
        .order_by(Workspace.name, Workspace.id)
    ).all()
    return [(row[0], row[1]) for row in found]


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
