"""Workspaces from the partner's desk: made, listed, searched, audited (R4, R26, R33)."""

import datetime as dt
from typing import Any

import pytest

from billing import adjust, catalogue, people, workspaces
from billing.access import DeskRole
from billing.cycle import UnknownZoneError
from billing.errors import BadValueError, GoneError, NotAllowedError, StrangerError
from storage import catalogue as rows
from tests.flows.conftest import World


async def create(
    world: World, name: str = "Blue Oak", zone: str = "UTC", renewal: dt.date | None = None
) -> Any:
    plans = await world.db.read(workspaces.plans, world.partner_person)
    return await world.at_desk(workspaces.create, name, plans[0][0].id, zone, renewal)


async def renewals(world: World, workspace: int, count: int) -> list[str]:
    """The next renewal dates, each reached by time alone."""
    found = []
    for _ in range(count):
        card = await world.db.read(workspaces.card, world.partner_person, workspace, world.now)
        found.append(card.renewal.isoformat())
        world.now = dt.datetime.combine(card.renewal, dt.time(12), dt.UTC)
        await world.db.write(workspaces.catch_up, world.call(), workspace)
    return found


@pytest.mark.parametrize(
    ("zone", "started"),
    [("UTC", "2026-11-01"), ("Pacific/Kiritimati", "2026-11-02"), ("America/Los_Angeles", "2026-11-01")],
)
async def test_a_cycle_starts_on_the_date_where_the_workspace_is(
    world: World, zone: str, started: str
) -> None:
    """R5: noon in UTC is tomorrow already on Kiritimati."""
    made = await create(world, zone=zone)

    assert made.cycle_start.isoformat() == started


async def test_a_zone_is_read_leniently_and_kept_by_its_name(world: World) -> None:
    assert (await create(world, zone="america/new york")).zone == "America/New_York"
    for unknown in ("Mars/Olympus", "", "../../etc/passwd", "Factory"):
        with pytest.raises(UnknownZoneError):
            await create(world, zone=unknown)


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        (dt.date(2026, 10, 29), ["2026-11-29", "2026-12-29", "2027-01-29", "2027-02-28", "2027-03-29"]),
        (dt.date(2026, 10, 30), ["2026-11-30", "2026-12-30", "2027-01-30", "2027-02-28", "2027-03-30"]),
        (dt.date(2026, 10, 31), ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]),
    ],
)
async def test_a_renewal_date_late_in_the_month_is_never_forgotten(
    world: World, anchor: dt.date, expected: list[str]
) -> None:
    """R4: clamped to the month's last day, and back on its own day in the next."""
    made = await create(world, renewal=anchor)

    assert await renewals(world, made.id, 5) == expected


async def test_any_past_or_coming_renewal_date_says_which_day_it_is(world: World) -> None:
    """R4: a year to either side; further away is a typing error."""
    today = world.now.date()
    for days in (-366, 366):
        made = await create(world, f"{days}", renewal=today + dt.timedelta(days=days))
        assert made.cycle_start <= today < made.cycle_end
    for days in (-367, 367):
        with pytest.raises(BadValueError):
            await create(world, renewal=today + dt.timedelta(days=days))


async def test_the_same_form_handled_again_makes_no_second_workspace(world: World) -> None:
    plans = await world.db.read(workspaces.plans, world.partner_person)
    call = world.call(world.partner_person, "tap:new")
    arguments = (call, "Blue Oak", plans[0][0].id, "UTC", None)

    first = await world.db.write(workspaces.create, *arguments)
    again = await world.db.write(workspaces.create, *arguments)

    assert first.id == again.id
    assert (await world.db.read(workspaces.page, world.partner_person, "", 0)).total == 2


async def test_a_workspace_wants_a_plan_of_the_partners_and_an_admin(world: World) -> None:
    plans = await world.db.read(workspaces.plans, world.partner_person)
    support = await world.newcomer(101, "Sue")
    await world.at_desk(people.invite_admin, DeskRole.SUPPORT, "desk")
    await world.do(people.accept_invite, "desk", by=support)

    with pytest.raises(GoneError):
        await world.at_desk(workspaces.create, "Blue Oak", 999, "UTC", None)
    with pytest.raises(NotAllowedError):
        await world.do(workspaces.create, "Blue Oak", plans[0][0].id, "UTC", None, by=support)
    with pytest.raises(StrangerError):
        await world.do(workspaces.create, "Blue Oak", plans[0][0].id, "UTC", None)


async def found(world: World, text: str, page: int = 0) -> list[str]:
    result = await world.db.read(workspaces.page, world.partner_person, text, page)
    return [row.name for row in result.rows]


async def test_percent_underscore_and_backslash_are_looked_for_as_they_are(world: World) -> None:
    for name in ("100% Oak", "100 Oak", "snake_case", "snakeXcase", "back\\slash", "backXslash", "a''b"):
        await create(world, name)

    assert await found(world, "0%") == ["100% Oak"]
    assert await found(world, "e_c") == ["snake_case"]
    assert await found(world, "k\\s") == ["back\\slash"]
    assert await found(world, "\\") == ["back\\slash"]
    assert await found(world, "''") == ["a''b"]
    assert await found(world, "SNAKE") == ["snake_case", "snakeXcase"]
    assert await found(world, "' OR 1=1 --") == []


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Ärzte Nord", "ärzte"),
        ("ärzte nord", "ÄRZTE"),
        ("Ökohaus ÉTÉ", "été"),
        ("ДЕЛЬТА", "дельта"),
        ("Σίγμα", "σί"),
    ],
)
async def test_capitals_of_any_alphabet_are_found_on_both_databases(
    world: World, name: str, typed: str
) -> None:
    for number in range(9):
        await create(world, f"{name} {number}")
    await create(world, "Blue Oak")

    first = await world.db.read(workspaces.page, world.partner_person, typed, 0)

    assert (first.total, first.pages, len(first.rows)) == (9, 2, 8)
    assert await found(world, typed, 1) == [f"{name} 8"]


async def test_a_number_finds_its_workspace_and_absurd_ones_find_nothing(world: World) -> None:
    made = await create(world)

    assert await found(world, str(made.id)) == ["Blue Oak"]
    assert await found(world, "9" * 15) == []
    assert await found(world, "9" * 60) == []


async def test_pages_hold_eight_and_neither_lose_nor_repeat_anybody(world: World) -> None:
    names = [f"W{n:02}" for n in range(16)]
    for name in names:
        await create(world, name)
    page = await world.db.read(workspaces.page, world.partner_person, "", 0)
    assert (page.pages, page.total) == (3, 17)

    seen = [name for number in range(4) for name in await found(world, "", number)]

    assert seen == ["Acme Support", *names]
    assert await found(world, "", -1) == seen[:8]


async def test_the_checklist_names_what_selling_lacks(world: World) -> None:
    """R26."""
    desk = await world.db.read(workspaces.desk_view, world.partner_person, world.now)
    assert desk.checklist.selling
    assert (desk.checklist.packs, desk.checklist.prices) == (2, 9)

    _, packs, _ = await world.db.read(catalogue.pack_cards, world.partner_person)
    for pack in packs:
        await world.at_desk(catalogue.retire_pack, pack.id)
    await world.at_desk(catalogue.set_credit_billing, on=False)
    desk = await world.db.read(workspaces.desk_view, world.partner_person, world.now)

    assert not desk.checklist.selling
    assert (desk.checklist.packs, desk.checklist.credit_billing, desk.checklist.stripe) == (0, False, True)


@pytest.mark.parametrize(
    ("live", "allowed", "selling"), [(True, False, True), (False, True, True), (False, False, False)]
)
async def test_test_mode_counts_only_where_it_is_allowed(
    world: World, live: bool, allowed: bool, selling: bool
) -> None:
    """R26."""

    def switch(tx: Any) -> None:
        partner = rows.lock_partner(tx, 1)
        partner.stripe_live, partner.test_payments = live, allowed

    await world.db.write(switch)

    desk = await world.db.read(workspaces.desk_view, world.partner_person, world.now)
    assert desk.checklist.selling is selling


async def test_the_audit_log_says_who_did_what_newest_first_and_pages_on(world: World) -> None:
    """R33."""
    for n in range(workspaces.PAGE):
        world.now += dt.timedelta(seconds=1)
        await world.at_desk(adjust.adjust, world.workspace, n + 1, f"gift {n}")

    first, older = await world.db.read(workspaces.audit_page, world.partner_person, world.workspace, 0)
    second, oldest = await world.db.read(workspaces.audit_page, world.partner_person, world.workspace, 1)

    assert [(entry.subject, who, where) for entry, who, where in first] == [
        (f"gift {n}", "Pat", "Acme Support") for n in reversed(range(workspaces.PAGE))
    ]
    assert older
    assert not oldest
    assert {entry.action for entry, _, _ in second} == {"workspace", "invite"}
    assert (await world.db.read(workspaces.audit_page, world.partner_person, None, -1))[0]


async def test_the_audit_log_is_the_partners_alone(world: World) -> None:
    with pytest.raises(StrangerError):
        await world.db.read(workspaces.audit_page, world.owner, None, 0)
    with pytest.raises(GoneError):
        await world.db.read(workspaces.audit_page, world.partner_person, 999, 0)
