"""The ledger page by page: no row lost, none shown twice, each explaining itself."""

import datetime as dt

import pytest

from billing import addons, adjust, catalogue, dating, history, workspaces
from billing.access import Role
from billing.errors import GoneError, StrangerError
from billing.history import PAGE, HistoryPage
from billing.ledger import Kind
from billing.money import Money
from billing.proration import Part
from tests.flows.conftest import World
from tests.flows.test_orders import order, paid, settle


async def page(world: World, below: int | None) -> HistoryPage:
    return await world.db.read(history.page, world.owner, world.workspace, below)


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 2 * PAGE + 1])
async def test_every_row_stands_on_one_page_whichever_way_one_reads(world: World, count: int) -> None:
    for n in range(count):
        await world.at_desk(adjust.adjust, world.workspace, n + 1, "gift")

    forth = [await page(world, None)]
    while forth[-1].older is not None:
        forth.append(await page(world, forth[-1].older))
    back = [forth[-1]]
    while back[-1].newer is not None:
        back.append(await page(world, back[-1].newer))

    assert [row.number for each in forth for row in each.rows] == list(range(count, 0, -1))
    assert len(forth) == max(1, -(-count // PAGE))
    assert [each.rows for each in back[::-1]] == [each.rows for each in forth]
    assert {each.total for each in forth} == {count}


@pytest.mark.parametrize("below", [-5, 0, 1, 10**9])
async def test_a_page_that_is_not_there_shows_something_sensible(world: World, below: int) -> None:
    for n in range(3):
        await world.at_desk(adjust.adjust, world.workspace, n + 1, "gift")

    found = await page(world, below)

    assert len(found.rows) in {0, 3}
    assert (await world.db.read(history.page, world.owner, world.workspace, found.newer)).rows


async def test_a_row_knows_the_page_it_stands_on(world: World) -> None:
    for n in range(2 * PAGE + 1):
        await world.at_desk(adjust.adjust, world.workspace, n + 1, "gift")

    for number in range(1, 2 * PAGE + 2):
        row, its_page = await world.db.read(history.row, world.owner, world.workspace, number)
        assert row in its_page.rows
        assert row.number == number
    for missing in (0, -1, 2 * PAGE + 2):
        with pytest.raises(GoneError):
            await world.db.read(history.row, world.owner, world.workspace, missing)


async def test_a_purchase_explains_itself(world: World) -> None:
    """Two of thirty dates' halves: 2 units x 30 points x 15 of 30 dates."""
    await world.give(10_000)
    world.turn(16)
    await world.get("Extra bot", 2)

    row, _ = await world.db.read(history.row, world.owner, world.workspace, 2)

    assert (row.kind, row.addon, row.person) == (Kind.ADDON, "Extra bot", "Dana")
    assert (row.units_before, row.units_after, row.amount, row.balance) == (0, 2, -3_000, 7_000)
    assert row.formula is not None
    (part,) = row.formula.parts
    assert (part.units, row.formula.price, part.days, row.formula.of_days) == (2, 3_000, 15, 30)
    assert part.amount + row.formula.rounding == 3_000


async def newest(world: World) -> history.Row:
    ((number,),) = await world.sql("SELECT max(number) FROM postings")
    row, _ = await world.db.read(history.row, world.owner, world.workspace, number)
    return row


async def test_an_undo_explains_itself(world: World) -> None:
    """The formula of what was undone, the units before and after, who."""
    await world.give(10_000)
    world.turn(16)
    changed = await world.get("Extra bot", 2)
    await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)

    row = await newest(world)

    assert (row.kind, row.amount, row.person) == (Kind.UNDO, 3_000, "Dana")
    assert (row.units_before, row.units_after) == (2, 0)
    assert row.formula is not None
    assert row.formula.parts == (Part(-2, 15, -3_000),)


async def test_a_removal_without_refund_says_until_when_it_stays_paid(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    await world.at_desk(
        addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], 0, refund=False
    )

    row = await newest(world)

    assert (row.kind, row.amount, row.person) == (Kind.REFUND, 0, "Pat")
    assert (row.units_before, row.units_after, row.kept_until) == (2, 0, dt.date(2026, 12, 1))


async def test_days_that_are_cut_off_explain_themselves(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    world.turn(10)
    await world.at_desk(dating.set_renewal_date, world.workspace, dt.date(2026, 11, 21))

    row = await newest(world)

    assert (row.kind, row.amount, row.person) == (Kind.REDATED, 2_000, "Pat")
    assert row.formula is not None
    assert (row.formula.parts, row.formula.of_days) == ((Part(-2, 10, -2_000),), 30)


async def test_days_without_billing_explain_themselves(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    world.turn(5)
    await world.at_desk(catalogue.set_credit_billing, on=False)
    world.turn(8)
    await world.at_desk(catalogue.set_credit_billing, on=True)
    await world.do(addons.set_renews, world.workspace, world.addon["Extra bot"], renews=False)
    world.turn(1, 12)
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    row = await newest(world)

    assert (row.kind, row.amount, row.person) == (Kind.FREED, 600, None)
    assert row.formula is not None
    assert (row.formula.freed, row.formula.freed_days, row.formula.rounding) == (-600, 3, 0)


async def test_an_approved_removal_explains_itself(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    world.turn(16)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)
    world.turn(18)
    await world.at_desk(addons.answer_request, world.workspace, world.addon["Extra bot"], approve=True)

    row = await newest(world)

    assert (row.kind, row.amount) == (Kind.REFUND, 1_500)
    assert row.formula is not None
    assert row.formula.parts == (Part(-1, 15, -1_500),)


async def test_a_payment_explains_itself(world: World) -> None:
    _, facts = await order(world)
    await settle(world, paid(facts))

    rows = (await page(world, None)).rows

    assert [(row.kind, row.amount) for row in rows] == [(Kind.BONUS, 500), (Kind.TOPUP, 5_000)]
    assert {row.payment.price for row in rows if row.payment} == {Money(4_000, "USD")}
    assert {row.payment.receipt_url for row in rows if row.payment} == {"https://receipt"}


async def test_what_happened_by_itself_names_nobody(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(1, month=12)
    await world.get("Extra member", 1)

    renewal, _ = await world.db.read(history.row, world.owner, world.workspace, 3)

    assert (renewal.kind, renewal.person, renewal.amount) == (Kind.RENEWAL, None, -3_000)
    assert renewal.formula is not None
    assert [(part.units, part.days) for part in renewal.formula.parts] == [(1, 31)]


async def test_the_partner_reads_the_same_rows_and_others_read_none(world: World) -> None:
    await world.give(10_000)
    stranger = await world.newcomer(400, "Sam")
    viewer = await world.member(300, "Vic", Role.VIEWER)

    mine = (await page(world, None)).rows

    assert (await world.db.read(history.page, viewer, world.workspace, None)).rows == mine
    at_desk = await world.db.read(history.page, world.partner_person, world.workspace, None, from_desk=True)
    assert at_desk.rows == mine
    for person, from_desk in ((stranger, False), (stranger, True), (world.owner, True)):
        with pytest.raises(StrangerError):
            await world.db.read(history.page, person, world.workspace, None, from_desk=from_desk)
    with pytest.raises(StrangerError):
        await world.db.read(history.page, world.partner_person, 999, None, from_desk=True)


async def test_the_export_holds_everything_oldest_first(world: World) -> None:
    await world.give(10_000)
    bought = await world.get("Extra bot", 1)
    await world.do(addons.undo, world.workspace, world.addon["Extra bot"], bought.number)

    name, rows = await world.db.read(history.everything, world.owner, world.workspace)

    assert name == "Acme Support"
    assert [(row.number, row.kind, row.balance) for row in rows] == [
        (1, Kind.ADJUSTMENT, 10_000),
        (2, Kind.ADDON, 7_000),
        (3, Kind.UNDO, 10_000),
    ]
