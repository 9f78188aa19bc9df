"""Twenty callers at once on people and on the partner's desk. On PostgreSQL, where at once means it."""

import datetime as dt
from itertools import pairwise

import pytest

from billing import catalogue, people, workspaces
from billing.access import DeskRole, Role
from billing.call import Call
from billing.errors import AlreadyMemberError, InviteError, LastOwnerError
from billing.money import Money
from storage import catalogue as rows
from storage.database import open_database
from tests.flows.checks import CALLERS, accepted, at_once, refusals, twenty
from tests.flows.conftest import BOT, PARTNER_TELEGRAM, START, World

OWNERS = "SELECT count(*) FROM members WHERE role = 'owner' AND ended_at IS NULL"


async def test_somebody_new_who_writes_twenty_times_at_once_is_one_person(pg_world: World) -> None:
    world = pg_world

    met = await twenty(
        world.db, lambda n: world.db.write(people.meet, world.call(), 777, f"Kim {n}", None, "en")
    )

    assert len({visitor.person_id for visitor in met}) == 1
    assert await world.sql("SELECT count(*) FROM people WHERE telegram_id = 777") == [(1,)]


async def test_one_link_opened_by_twenty_people_lets_one_in(pg_world: World) -> None:
    """R34."""
    world = pg_world
    crowd = [await world.newcomer(1_000 + n, f"P{n}") for n in range(CALLERS)]
    await world.do(people.invite_member, world.workspace, Role.BILLING, "code")

    answers = await twenty(world.db, lambda n: world.do(people.accept_invite, "code", by=crowd[n]))

    assert len(accepted(answers)) == 1
    assert {type(refusal) for refusal in refusals(answers)} == {InviteError}
    assert await world.sql("SELECT count(*) FROM members WHERE role = 'billing'") == [(1,)]


async def test_one_person_who_presses_the_link_twenty_times_is_in_once(pg_world: World) -> None:
    world = pg_world
    kim = await world.newcomer(777, "Kim")
    await world.do(people.invite_member, world.workspace, Role.BILLING, "code")

    answers = await twenty(world.db, lambda _: world.do(people.accept_invite, "code", by=kim))

    assert refusals(answers) == []
    assert (await world.notices()).count("joined") == 1


async def test_twenty_links_for_one_person_make_one_membership_and_one_desk_seat(pg_world: World) -> None:
    world = pg_world
    kim = await world.newcomer(777, "Kim")
    for n in range(CALLERS // 2):
        await world.do(people.invite_member, world.workspace, Role.BILLING, f"code-{n}")
        await world.at_desk(people.invite_admin, DeskRole.SUPPORT, f"desk-{n}")

    answers = await twenty(
        world.db, lambda n: world.do(people.accept_invite, f"{'desk' if n % 2 else 'code'}-{n // 2}", by=kim)
    )

    assert len(accepted(answers)) == 2
    assert {type(refusal) for refusal in refusals(answers)} == {AlreadyMemberError}
    assert await world.sql("SELECT count(*) FROM invites WHERE used_by = :p", p=kim) == [(2,)]


async def test_owners_who_race_to_leave_demote_and_remove_each_other_leave_an_owner(pg_world: World) -> None:
    """R34: the last owner can only hand over."""
    world = pg_world
    owners = [world.owner, *[await world.member(1_000 + n, f"O{n}", Role.OWNER) for n in range(5)]]

    def race(n: int) -> object:
        me, other = owners[n % 6], owners[(n + 1) % 6]
        if n % 4 == 0:
            return world.do(people.remove_member, world.workspace, me, by=me)
        if n % 4 == 1:
            return world.do(people.set_role, world.workspace, other, Role.VIEWER, by=me)
        if n % 4 == 2:
            return world.do(people.remove_member, world.workspace, other, by=me)
        return world.do(people.hand_over, world.workspace, other, by=me)

    await twenty(world.db, race)  # type: ignore[arg-type]  # each is awaitable

    assert (await world.sql(OWNERS))[0][0] >= 1


async def test_two_last_owners_who_leave_at_once_cannot_both(pg_world: World) -> None:
    world = pg_world
    other = await world.member(1_000, "O", Role.OWNER)

    answers = await at_once(
        world.do(people.remove_member, world.workspace, person, by=person) for person in (world.owner, other)
    )

    assert [type(refusal) for refusal in refusals(answers)] == [LastOwnerError]
    assert await world.sql(OWNERS) == [(1,)]


async def test_two_last_owners_of_the_desk_who_remove_each_other_cannot_both(pg_world: World) -> None:
    world = pg_world
    other = await world.newcomer(101, "Robin")
    await world.at_desk(people.invite_admin, DeskRole.OWNER, "desk")
    await world.do(people.accept_invite, "desk", by=other)

    await at_once(
        world.do(people.remove_admin, removed, by=by)
        for by, removed in ((world.partner_person, other), (other, world.partner_person))
    )

    assert await world.sql("SELECT count(*) FROM partner_admins WHERE role = 'owner'") == [(1,)]


async def test_twenty_invites_at_once_are_twenty_links(pg_world: World) -> None:
    world = pg_world

    await twenty(
        world.db, lambda n: world.do(people.invite_member, world.workspace, Role.VIEWER, f"code-{n}")
    )
    await twenty(
        world.db, lambda n: world.at_desk(people.invite_from_desk, world.workspace, Role.OWNER, f"desk-{n}")
    )

    assert await world.sql("SELECT count(*) FROM invites WHERE used_at IS NULL") == [(40,)]


async def test_one_form_sent_twenty_times_makes_one_workspace(pg_world: World) -> None:
    world = pg_world
    plans = await world.db.read(workspaces.plans, world.partner_person)
    call = world.call(world.partner_person, "tap:new")

    made = await twenty(
        world.db,
        lambda _: world.db.write(workspaces.create, call, "Blue Oak", plans[0][0].id, "UTC", START.date()),
    )

    assert len({each.id for each in made}) == 1
    assert await world.sql("SELECT count(*) FROM workspaces WHERE name = 'Blue Oak'") == [(1,)]
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'workspace'") == [(2,)]


async def test_twenty_workspaces_at_once_get_numbers_of_their_own(pg_world: World) -> None:
    world = pg_world
    plans = await world.db.read(workspaces.plans, world.partner_person)

    made = await twenty(
        world.db, lambda n: world.at_desk(workspaces.create, f"W{n}", plans[0][0].id, "UTC", START.date())
    )

    assert len({each.id for each in made}) == CALLERS
    assert await world.sql("SELECT count(*) FROM wallets") == [(CALLERS + 1,)]


async def test_packs_added_changed_moved_and_retired_at_once_keep_one_order(pg_world: World) -> None:
    world = pg_world
    _, (first, second), _ = await world.db.read(catalogue.pack_cards, world.partner_person)

    def change(n: int) -> object:
        if n % 4 == 0:
            return world.at_desk(catalogue.save_pack, None, 100 + n, 0, Money(500 + n, "USD"))
        if n % 4 == 1:
            return world.at_desk(catalogue.save_pack, first.id, 100 + n, 0, Money(500 + n, "USD"))
        if n % 4 == 2:
            return world.at_desk(catalogue.move_pack, second.id, n % 3)
        return world.at_desk(catalogue.retire_pack, first.id)

    answers = await twenty(world.db, change)  # type: ignore[arg-type]  # each is awaitable

    on_sale = await world.sql("SELECT position FROM packs WHERE retired_at IS NULL ORDER BY position")
    changed = sum(not isinstance(answer, Exception) for answer in answers[1::4])
    assert changed <= 1, "a pack was replaced twice"
    assert len(on_sale) == len(set(on_sale)) == 2 + 5 - (1 - changed)
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'retire_pack'") == [(1 - changed,)]


async def test_a_pack_moved_by_twenty_stands_somewhere_once(pg_world: World) -> None:
    world = pg_world
    for n in range(3):
        await world.at_desk(catalogue.save_pack, None, 100 + n, 0, Money(500 + n, "USD"))
    _, cards, _ = await world.db.read(catalogue.pack_cards, world.partner_person)

    await twenty(world.db, lambda n: world.at_desk(catalogue.move_pack, cards[n % 5].id, n % 5))

    positions = await world.sql("SELECT position FROM packs WHERE retired_at IS NULL ORDER BY position")
    assert [row[0] for row in positions] == [1, 2, 3, 4, 5]


async def test_starter_packs_asked_for_twenty_times_are_three(pg_world: World) -> None:
    world = pg_world
    _, cards, _ = await world.db.read(catalogue.pack_cards, world.partner_person)
    for card in cards:
        await world.at_desk(catalogue.retire_pack, card.id)

    made = await twenty(world.db, lambda _: world.at_desk(catalogue.starter_packs))

    assert sorted(made) == [0] * 19 + [3]
    assert await world.sql("SELECT count(*) FROM packs WHERE retired_at IS NULL") == [(3,)]


async def test_twenty_prices_at_once_leave_one_for_today_and_one_to_come(pg_world: World) -> None:
    world = pg_world
    await world.give(10_000)
    await world.get("Extra bot", 1)
    addon = world.addon["Extra bot"]

    await twenty(world.db, lambda n: world.at_desk(catalogue.set_price, addon, 3_100 + n))

    rows = await world.sql(
        "SELECT price FROM addon_prices WHERE addon_id = :a ORDER BY applies_from", a=addon
    )
    assert len(rows) == 2
    assert rows[0] == (3_000,)


async def test_prices_suggested_twenty_times_are_set_once(pg_world: World) -> None:
    world = pg_world
    bot = world.addon["Extra bot"]

    def forget(tx: object) -> None:
        from sqlalchemy import text

        tx.conn.execute(text("DELETE FROM addon_prices WHERE addon_id = :a"), {"a": bot})  # type: ignore[attr-defined]  # a Tx

    await world.db.write(forget)

    made = await twenty(world.db, lambda _: world.at_desk(catalogue.suggest_prices))

    assert sorted(made) == [0] * 19 + [1]


async def test_the_price_of_a_point_set_and_dropped_by_twenty_is_set_or_not(pg_world: World) -> None:
    world = pg_world

    await twenty(
        world.db,
        lambda n: (
            world.at_desk(catalogue.drop_point_price, "EUR")
            if n % 4 == 3
            else world.at_desk(catalogue.set_point_price, "EUR", f"0.{n + 10}")
        ),
    )

    assert (await world.sql("SELECT count(*) FROM point_prices WHERE currency = 'EUR'"))[0][0] in {0, 1}


async def test_credit_billing_switched_by_twenty_ends_as_its_history_says(pg_world: World) -> None:
    """R26: free dates are counted from that history."""
    world = pg_world

    await twenty(world.db, lambda n: world.at_desk(catalogue.set_credit_billing, on=n % 2 == 0))

    flips = [row[0] for row in await world.sql('SELECT "on" FROM billing_switches ORDER BY at')]
    assert all(a != b for a, b in pairwise(flips)), "a switch that switches nothing"
    assert [(flips[-1],)] == await world.sql("SELECT credit_billing FROM partners")


async def test_labels_and_switches_set_by_twenty_are_set(pg_world: World) -> None:
    world = pg_world
    addon = world.addon["Extra bot"]
    uses = (
        lambda n: world.at_desk(catalogue.set_label, addon, f"Bot {n}"),
        lambda n: world.at_desk(catalogue.set_on_sale, addon, on_sale=n % 8 == 0),
        lambda n: world.at_desk(catalogue.set_whole_cycles, addon, whole_cycles=n % 8 == 0),
        lambda n: world.at_desk(catalogue.set_customers_may_remove, may=n % 8 == 0),
    )

    answers = await twenty(world.db, lambda n: uses[n % 4](n))

    assert refusals(answers) == []


@pytest.mark.parametrize("again", [False, True])
async def test_twenty_processes_that_start_at_once_make_one_partner(
    migrated_pg_url: str, again: bool
) -> None:
    db = open_database(migrated_pg_url)
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    calls = [Call(now, f"start:{n}", BOT) for n in range(CALLERS)]
    if again:
        await db.write(catalogue.first_partner, calls[0], "Northwind Chat", [PARTNER_TELEGRAM])
    try:
        made = await twenty(
            db,
            lambda n: db.write(catalogue.first_partner, calls[n], "Northwind Chat", [PARTNER_TELEGRAM, 101]),
        )
        desk = await db.read(lambda tx: len(rows.addons(tx, 1)))
    finally:
        await db.close()

    assert set(made) == {1}
    assert desk == 9
