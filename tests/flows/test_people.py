"""How people get in by one-time links, what roles they hold, and that somebody always owns a workspace (R34)."""

import datetime as dt

import pytest

from billing import people
from billing.access import DeskRole, Role
from billing.errors import (
    AlreadyMemberError,
    BadValueError,
    GoneError,
    InviteError,
    LastOwnerError,
    NotAllowedError,
    StrangerError,
)
from tests.flows.conftest import OWNER_TELEGRAM, World


async def roles(world: World) -> dict[str, Role]:
    access = await world.db.read(people.access, world.owner, world.workspace)
    return {row.name: row.role for row in access.members}


async def join(world: World, person: int, code: str) -> people.Joined:
    joined: people.Joined = await world.do(people.accept_invite, code, by=person)
    return joined


async def test_a_link_lets_one_person_in_and_nobody_after(world: World) -> None:
    kim, lee = await world.newcomer(300, "Kim"), await world.newcomer(301, "Lee")
    await world.do(people.invite_member, world.workspace, Role.BILLING, "code")

    assert (await join(world, kim, "code")).workspace_id == world.workspace
    with pytest.raises(InviteError):
        await join(world, lee, "code")

    assert await roles(world) == {"Dana": Role.OWNER, "Kim": Role.BILLING}
    assert await world.sql("SELECT count(*) FROM invites WHERE code_hash = 'code'") == [(0,)]


async def test_the_same_tap_handled_again_answers_the_same_and_tells_nobody_twice(world: World) -> None:
    kim = await world.newcomer(300, "Kim")
    await world.do(people.invite_member, world.workspace, Role.BILLING, "code")
    tap = world.call(kim, "tap:join")

    first = await world.db.write(people.accept_invite, tap, "code")
    again = await world.db.write(people.accept_invite, tap, "code")

    assert again == first
    assert (await world.notices()).count("joined") == 1


@pytest.mark.parametrize(("seconds", "works"), [(-1, True), (0, False)])
async def test_a_link_ends_after_seven_days(world: World, seconds: int, works: bool) -> None:
    kim = await world.newcomer(300, "Kim")
    await world.do(people.invite_member, world.workspace, Role.VIEWER, "code")
    world.now += people.INVITE_LIFE + dt.timedelta(seconds=seconds)

    if works:
        await join(world, kim, "code")
    else:
        with pytest.raises(InviteError):
            await join(world, kim, "code")

    assert ("Kim" in await roles(world)) is works


@pytest.mark.parametrize("how", ["removed", "viewer", "billing", "handed over"])
async def test_an_owners_unused_links_end_with_the_ownership(world: World, how: str) -> None:
    kim = await world.member(300, "Kim", Role.OWNER)
    await world.do(people.invite_member, world.workspace, Role.OWNER, "way back", by=kim)
    match how:
        case "removed":
            await world.do(people.remove_member, world.workspace, kim)
        case "handed over":
            await world.do(people.hand_over, world.workspace, world.owner, by=kim)
        case _:
            await world.do(people.set_role, world.workspace, kim, Role[how.upper()])

    with pytest.raises(InviteError):
        await join(world, kim, "way back")
    with pytest.raises(InviteError):
        await join(world, await world.newcomer(301, "Lee"), "way back")

    assert (await roles(world)).get("Kim") is not Role.OWNER


async def test_a_removed_admins_links_open_neither_a_workspace_nor_the_desk(world: World) -> None:
    adam = await world.newcomer(600, "Adam")
    await world.at_desk(people.invite_admin, DeskRole.OWNER, "desk")
    await join(world, adam, "desk")
    for code, replaces in (("new owner", True), ("first owner", False)):
        await world.do(
            people.invite_from_desk, world.workspace, Role.OWNER, code, replaces_owners=replaces, by=adam
        )
    await world.do(people.invite_admin, DeskRole.OWNER, "desk again", by=adam)
    await world.at_desk(people.remove_admin, adam)

    for code in ("new owner", "first owner", "desk again"):
        with pytest.raises(InviteError):
            await join(world, adam, code)

    assert await roles(world) == {"Dana": Role.OWNER}


async def test_an_owner_at_the_desk_too_invites_to_the_workspace_after_leaving_the_desk(world: World) -> None:
    await world.at_desk(people.invite_admin, DeskRole.ADMIN, "desk")
    await join(world, world.owner, "desk")
    await world.do(people.invite_member, world.workspace, Role.VIEWER, "code")
    await world.at_desk(people.remove_admin, world.owner)

    await join(world, await world.newcomer(300, "Kim"), "code")

    assert (await roles(world))["Kim"] is Role.VIEWER


@pytest.mark.parametrize("code", ["wrong", "", "CODE", "code ", "x" * 5_000, "co\x00de"])
async def test_a_wrong_code_opens_nothing(world: World, code: str) -> None:
    kim = await world.newcomer(300, "Kim")
    await world.do(people.invite_member, world.workspace, Role.VIEWER, "code")

    with pytest.raises(InviteError):
        await join(world, kim, code)


async def test_a_member_who_opens_a_link_for_less_leaves_it_unused(world: World) -> None:
    kim = await world.newcomer(300, "Kim")
    await world.do(people.invite_member, world.workspace, Role.BILLING, "code")

    with pytest.raises(AlreadyMemberError):
        await join(world, world.owner, "code")

    await join(world, kim, "code")
    assert await roles(world) == {"Dana": Role.OWNER, "Kim": Role.BILLING}


async def test_a_link_for_more_lifts_a_member(world: World) -> None:
    kim = await world.member(300, "Kim", Role.VIEWER)
    await world.do(people.invite_member, world.workspace, Role.OWNER, "code")

    await join(world, kim, "code")

    assert (await roles(world))["Kim"] is Role.OWNER


async def test_only_an_owner_invites_and_gives_roles(world: World) -> None:
    billing = await world.member(300, "Bill", Role.BILLING)

    with pytest.raises(NotAllowedError):
        await world.do(people.invite_member, world.workspace, Role.VIEWER, "code", by=billing)
    with pytest.raises(NotAllowedError):
        await world.do(people.set_role, world.workspace, billing, Role.OWNER, by=billing)
    with pytest.raises(NotAllowedError):
        await world.do(people.remove_member, world.workspace, world.owner, by=billing)


async def test_a_new_role_holds_and_is_told_to_whose_it_is(world: World) -> None:
    kim = await world.member(300, "Kim", Role.VIEWER)

    await world.do(people.set_role, world.workspace, kim, Role.BILLING)
    await world.do(people.set_role, world.workspace, kim, Role.BILLING)

    assert (await roles(world))["Kim"] is Role.BILLING
    assert await world.sql("SELECT chat_id FROM outbox WHERE kind = 'role'") == [(300,)]


async def test_the_last_owner_can_neither_leave_nor_step_down(world: World) -> None:
    with pytest.raises(LastOwnerError):
        await world.do(people.remove_member, world.workspace, world.owner)
    with pytest.raises(LastOwnerError):
        await world.do(people.set_role, world.workspace, world.owner, Role.BILLING)

    assert await roles(world) == {"Dana": Role.OWNER}


async def test_the_last_owner_hands_over_and_may_then_leave(world: World) -> None:
    kim = await world.member(300, "Kim", Role.VIEWER)

    await world.do(people.hand_over, world.workspace, kim)
    assert await roles(world) == {"Kim": Role.OWNER, "Dana": Role.BILLING}

    await world.do(people.remove_member, world.workspace, world.owner)
    assert await world.sql("SELECT count(*) FROM members WHERE ended_at IS NULL") == [(1,)]


async def test_a_workspace_is_handed_to_another_member_only(world: World) -> None:
    stranger = await world.newcomer(400, "Sam")

    with pytest.raises(GoneError):
        await world.do(people.hand_over, world.workspace, stranger)
    with pytest.raises(BadValueError):
        await world.do(people.hand_over, world.workspace, world.owner)


async def test_who_left_is_a_stranger_at_once_and_can_come_back_by_a_new_link(world: World) -> None:
    kim = await world.member(300, "Kim", Role.BILLING)
    await world.do(people.remove_member, world.workspace, kim)
    await world.do(people.remove_member, world.workspace, kim)

    with pytest.raises(StrangerError):
        await world.db.read(people.access, kim, world.workspace)
    with pytest.raises(InviteError):
        await join(world, kim, "code-300")

    await world.do(people.invite_member, world.workspace, Role.VIEWER, "again")
    await join(world, kim, "again")
    assert (await roles(world))["Kim"] is Role.VIEWER


async def test_leaving_tells_nobody_and_being_removed_tells_whom_it_concerns(world: World) -> None:
    kim = await world.member(300, "Kim", Role.VIEWER)
    lee = await world.member(301, "Lee", Role.VIEWER)

    await world.do(people.remove_member, world.workspace, kim, by=kim)
    await world.do(people.remove_member, world.workspace, lee)

    assert await world.sql("SELECT chat_id FROM outbox WHERE kind = 'removed'") == [(301,)]


async def test_the_partner_replaces_an_owner_who_lost_the_account(world: World) -> None:
    """Old rights end, and with them every link the old owner has sent out; the old owner is told."""
    thief, kim = await world.newcomer(666, "Thief"), await world.newcomer(300, "Kim")
    await world.do(people.invite_member, world.workspace, Role.OWNER, "sent by whoever has the account")
    await world.at_desk(
        people.invite_from_desk, world.workspace, Role.OWNER, "new owner", replaces_owners=True
    )

    await join(world, kim, "new owner")

    with pytest.raises(StrangerError):
        await world.db.read(people.access, world.owner, world.workspace)
    with pytest.raises(InviteError):
        await join(world, thief, "sent by whoever has the account")
    access = await world.db.read(people.access, kim, world.workspace)
    assert [(row.name, row.role) for row in access.members] == [("Kim", Role.OWNER)]
    assert await world.sql("SELECT chat_id FROM outbox WHERE kind = 'replaced'") == [(OWNER_TELEGRAM,)]


async def test_a_replacement_waits_until_the_link_is_used(world: World) -> None:
    await world.at_desk(
        people.invite_from_desk, world.workspace, Role.OWNER, "new owner", replaces_owners=True
    )

    assert await roles(world) == {"Dana": Role.OWNER}


async def test_an_invite_from_the_desk_is_audited_and_wants_an_admin(world: World) -> None:
    """R33."""
    helper = await world.newcomer(101, "Sue")
    await world.at_desk(people.invite_admin, DeskRole.SUPPORT, "desk")
    await join(world, helper, "desk")

    with pytest.raises(NotAllowedError):
        await world.do(people.invite_from_desk, world.workspace, Role.OWNER, "code", by=helper)
    with pytest.raises(StrangerError):
        await world.do(people.invite_from_desk, world.workspace, Role.OWNER, "code")

    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'invite'") == [(1,)]


async def test_only_the_desks_owner_invites_to_the_desk_and_removes_from_it(world: World) -> None:
    admin = await world.newcomer(101, "Ada")
    await world.at_desk(people.invite_admin, DeskRole.ADMIN, "desk")
    await join(world, admin, "desk")

    with pytest.raises(NotAllowedError):
        await world.do(people.invite_admin, DeskRole.OWNER, "mine", by=admin)
    with pytest.raises(NotAllowedError):
        await world.do(people.remove_admin, world.partner_person, by=admin)
    with pytest.raises(LastOwnerError):
        await world.at_desk(people.remove_admin, world.partner_person)

    await world.at_desk(people.remove_admin, admin)
    await world.at_desk(people.remove_admin, admin)
    with pytest.raises(StrangerError):
        await world.db.read(people.desk_people, admin)


async def test_a_link_to_the_desk_that_was_used_opens_nothing_for_who_was_removed(world: World) -> None:
    admin = await world.newcomer(101, "Ada")
    await world.at_desk(people.invite_admin, DeskRole.ADMIN, "desk")
    await join(world, admin, "desk")
    await world.at_desk(people.remove_admin, admin)

    with pytest.raises(InviteError):
        await join(world, admin, "desk")


async def test_a_link_to_the_desk_for_more_lifts_and_for_less_stays_unused(world: World) -> None:
    ada, bob = await world.newcomer(101, "Ada"), await world.newcomer(102, "Bob")
    for code, role in (("low", DeskRole.SUPPORT), ("high", DeskRole.ADMIN), ("spare", DeskRole.SUPPORT)):
        await world.at_desk(people.invite_admin, role, code)
    await join(world, ada, "low")

    assert (await join(world, ada, "high")).role == DeskRole.ADMIN.code
    with pytest.raises(AlreadyMemberError):
        await join(world, ada, "spare")

    await join(world, bob, "spare")
    desk = await world.db.read(people.desk_people, world.partner_person)
    assert {row.name: row.role for row in desk.members} == {
        "Pat": DeskRole.OWNER,
        "Ada": DeskRole.ADMIN,
        "Bob": DeskRole.SUPPORT,
    }


async def test_what_a_visitor_looked_at_last_opens_next_time_while_it_is_theirs(world: World) -> None:
    kim = await world.member(300, "Kim", Role.VIEWER)
    await world.do(people.look_at, world.workspace, by=kim)
    seen = await world.db.read(people.known, 300)
    assert seen is not None
    assert seen.current == world.workspace

    await world.do(people.remove_member, world.workspace, kim)

    seen = await world.db.read(people.known, 300)
    assert seen is not None
    assert (seen.current, seen.workspaces) == (None, ())
