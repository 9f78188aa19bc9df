"""Points given and taken by hand (R31)."""

import datetime as dt

import pytest

from billing import addons, adjust, catalogue, people, workspaces
from billing.access import DeskRole, Role
from billing.errors import (
    BadValueError,
    BelowZeroError,
    GoneError,
    NotAllowedError,
    StrangerError,
    UndoOverError,
)
from billing.history import page
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import World


async def give(world: World, amount: int, note: str = "sorry", **kwargs: bool) -> adjust.Adjusted:
    given: adjust.Adjusted = await world.at_desk(adjust.adjust, world.workspace, amount, note, **kwargs)
    return given


async def test_points_are_given_and_taken_with_a_reason_the_customer_reads(world: World) -> None:
    await give(world, 1_000, "welcome")
    taken = await give(world, -250, "  typo\nin\u202e invoice ")

    assert (taken.balance_before, taken.balance, taken.note) == (1_000, 750, "typo in invoice")
    rows = (await world.db.read(page, world.owner, world.workspace, None)).rows
    assert [(row.amount, row.note, row.person) for row in rows] == [
        (-250, "typo in invoice", "Pat"),
        (1_000, "welcome", "Pat"),
    ]


async def test_a_debt_has_to_be_asked_for_twice(world: World) -> None:
    await give(world, 100)

    with pytest.raises(BelowZeroError) as refused:
        await give(world, -101)
    assert (refused.value.balance, refused.value.amount) == (100, -101)
    assert await world.balance() == 100

    assert (await give(world, -101, accept_debt=True)).balance == -1
    await assert_books_balance(world)


async def test_taking_all_that_is_there_is_no_debt(world: World) -> None:
    await give(world, 100)

    assert (await give(world, -100)).balance == 0


async def test_with_a_debt_every_taking_is_asked_for_twice_and_a_gift_is_not(world: World) -> None:
    await give(world, -500, accept_debt=True)

    with pytest.raises(BelowZeroError):
        await give(world, -1)
    assert (await give(world, 200)).balance == -300


@pytest.mark.parametrize("amount", [0, adjust.MOST + 1, -adjust.MOST - 1, 10**30, -(10**30)])
async def test_nothing_and_far_too_much_are_refused(world: World, amount: int) -> None:
    with pytest.raises(BadValueError):
        await give(world, amount, accept_debt=True)

    assert await world.amounts() == []


async def test_the_most_may_be_given_and_taken(world: World) -> None:
    await give(world, adjust.MOST)
    await give(world, -adjust.MOST)

    assert await world.balance() == 0


@pytest.mark.parametrize("note", ["", "   ", "\n\t", "\u202e\u200b", "\u200d", "\u3164", "\x00"])
async def test_a_reason_has_to_say_something(world: World, note: str) -> None:
    with pytest.raises(BadValueError):
        await give(world, 100, note)

    assert await world.amounts() == []


async def test_owners_and_billing_people_are_told_and_counted_and_viewers_are_not(world: World) -> None:
    """R36."""
    await world.member(300, "Bill", Role.BILLING)
    await world.member(301, "Vic", Role.VIEWER)

    assert (await give(world, 100)).told == 2
    assert await world.sql("SELECT chat_id FROM outbox WHERE kind = 'adjusted' ORDER BY chat_id") == [
        (200,),
        (300,),
    ]


async def test_an_adjustment_is_taken_back_once_and_told(world: World) -> None:
    given = await give(world, 1_000)

    undone = await world.at_desk(adjust.undo, world.workspace, given.number)
    again = await world.at_desk(adjust.undo, world.workspace, given.number)

    assert (undone.amount, undone.balance, undone.told) == (-1_000, 0, 1)
    assert (again.balance, again.told) == (0, 0)
    assert await world.amounts() == [1_000, -1_000]
    assert (await world.notices()).count("adjusted") == 2


async def test_a_gift_that_was_spent_is_taken_back_only_when_it_is_asked_for_twice(world: World) -> None:
    """R31: below zero."""
    given = await give(world, 3_000)
    await world.get("Extra bot", 1)

    with pytest.raises(BelowZeroError) as asked:
        await world.at_desk(adjust.undo, world.workspace, given.number)
    assert (asked.value.balance, asked.value.amount) == (0, -3_000)
    assert (await world.balance(), (await world.notices()).count("adjusted")) == (0, 1)

    undone = await world.at_desk(adjust.undo, world.workspace, given.number, accept_debt=True)
    assert (undone.balance, undone.told) == (-3_000, 1)
    await assert_books_balance(world)


async def test_points_that_an_undo_brings_back_do_what_a_payment_does(world: World) -> None:
    """R31: what waits for points is renewed, what was remembered is bought."""
    await world.at_desk(catalogue.set_grace_days, 3)
    await give(world, 9_000)
    await world.get("Extra bot", 1)
    world.now = dt.datetime(2026, 11, 30, 23, 57, tzinfo=dt.UTC)
    await world.do(addons.remember_purchase, world.workspace, world.addon["Extra member"], 1)
    taken = await give(world, -6_000, "typo")
    world.now = dt.datetime(2026, 12, 1, 0, 3, tzinfo=dt.UTC)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)
    assert await world.sql("SELECT units, unpaid FROM addon_states") == [(1, 1)]

    undone = await world.at_desk(adjust.undo, world.workspace, taken.number)

    assert undone.renewed == (("Extra bot", 1, 3_000),)
    assert [(each.label, each.outcome) for each in undone.bought] == [("Extra member", "bought")]
    assert await world.balance() == 0
    told = (await world.sql("SELECT params FROM outbox WHERE kind = 'adjusted' ORDER BY created_at"))[-1][0]
    assert "Extra member" in str(told)
    await assert_books_balance(world)


@pytest.mark.parametrize(("seconds", "works"), [(0, True), (1, False)])
async def test_undo_ends_after_ten_minutes(world: World, seconds: int, works: bool) -> None:
    given = await give(world, 1_000)
    world.now += addons.UNDO_TIME + dt.timedelta(seconds=seconds)

    if works:
        await world.at_desk(adjust.undo, world.workspace, given.number)
    else:
        with pytest.raises(UndoOverError):
            await world.at_desk(adjust.undo, world.workspace, given.number)

    assert await world.balance() == (0 if works else 1_000)


async def test_only_adjustments_are_undone_here(world: World) -> None:
    await give(world, 3_000)
    await world.get("Extra bot", 1)

    for number in (2, 3, 0, -1):
        with pytest.raises(GoneError):
            await world.at_desk(adjust.undo, world.workspace, number)


async def test_an_undo_is_not_undone(world: World) -> None:
    given = await give(world, 3_000)
    await world.at_desk(adjust.undo, world.workspace, given.number)

    with pytest.raises(GoneError):
        await world.at_desk(adjust.undo, world.workspace, given.number + 1)


async def test_support_looks_and_gives_nothing_and_a_customer_gives_nothing_either(world: World) -> None:
    """R34."""
    support = await world.newcomer(101, "Sue")
    await world.at_desk(people.invite_admin, DeskRole.SUPPORT, "desk")
    await world.do(people.accept_invite, "desk", by=support)

    with pytest.raises(NotAllowedError):
        await world.do(adjust.adjust, world.workspace, 100, "gift", by=support)
    with pytest.raises(StrangerError):
        await world.do(adjust.adjust, world.workspace, 100, "gift")


async def test_a_workspace_that_is_not_there_gets_nothing(world: World) -> None:
    with pytest.raises(GoneError):
        await world.at_desk(adjust.adjust, 999, 100, "gift")


async def test_both_are_in_the_audit_log_with_what_was_and_what_is(world: World) -> None:
    """R33."""
    given = await give(world, 1_000, "welcome")
    await world.at_desk(adjust.undo, world.workspace, given.number)

    def entries(tx):
        from storage.workspaces import audit_page

        found = audit_page(tx, 1, world.workspace, 0, 10)
        return {row.action: (row.subject, row.before, row.after) for row in found if "points" in row.action}

    assert await world.db.read(entries) == {
        "points": ("welcome", {"balance": 0}, {"balance": 1_000}),
        "undo_points": ("welcome", {"balance": 1_000}, {"balance": 0}),
    }


async def test_the_same_tap_again_gives_nothing_more_and_tells_nobody(world: World) -> None:
    tap = world.call(world.partner_person, "tap:gift")
    first = await world.db.write(adjust.adjust, tap, world.workspace, 100, "gift")
    await give(world, 50)

    again = await world.db.write(adjust.adjust, tap, world.workspace, 100, "gift")

    assert (again.number, again.balance, again.told) == (first.number, 100, 0)
    assert await world.balance() == 150
