"""Add-ons of a workspace: what is charged, paid back, undone, refused (R7-R13)."""

import pytest

from billing import addons, catalogue, workspaces
from billing.access import Role
from billing.errors import (
    GoneError,
    NotAllowedError,
    NotEnoughPointsError,
    NotSellingError,
    OverLimitError,
    QuoteChangedError,
    StrangerError,
    UndoOverError,
)
from billing.usage import report_usage
from tests.flows.conftest import World


async def test_the_first_date_costs_the_whole_price(world: World) -> None:
    """R7: price 30, added on day 1 of 30 -> 30."""
    await world.give(10_000)

    changed = await world.get("Extra bot", 1)

    assert changed.amount == 3_000
    assert await world.balance() == 7_000


async def test_the_sixteenth_of_thirty_dates_costs_half(world: World) -> None:
    """R7: the day itself counts."""
    await world.give(10_000)
    world.turn(16)

    assert (await world.get("Extra bot", 1)).amount == 1_500


async def test_a_removal_on_the_sixteenth_gives_half_back(world: World) -> None:
    """R8."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)

    assert (await world.get("Extra bot", 0)).amount == -1_500
    assert await world.balance() == 8_500


async def test_confirming_an_old_quote_charges_nothing_and_shows_the_new_one(world: World) -> None:
    """R11."""
    await world.give(10_000)
    world.turn(16)

    with pytest.raises(QuoteChangedError) as refused:
        await world.do(addons.set_units, world.workspace, world.addon["Extra bot"], 1, 3_000)

    assert refused.value.quote.amount == 1_500
    assert await world.balance() == 10_000


async def test_pressing_twice_changes_nothing(world: World) -> None:
    """R13: a button names the target."""
    await world.give(10_000)
    await world.get("Extra bot", 2)

    again = await world.do(addons.set_units, world.workspace, world.addon["Extra bot"], 2, 6_000)

    assert again.repeated
    assert await world.balance() == 4_000


async def test_a_tap_handled_again_after_a_crash_charges_once_even_if_undone_between(world: World) -> None:
    await world.give(10_000)
    tap = world.call(world.owner, "tap:once")
    addon = world.addon["Extra bot"]
    first = await world.db.write(addons.set_units, tap, world.workspace, addon, 1, 3_000)
    assert first.number is not None
    await world.do(addons.undo, world.workspace, addon, first.number)

    again = await world.db.write(addons.set_units, tap, world.workspace, addon, 1, 3_000)

    assert again.repeated
    assert await world.balance() == 10_000


async def test_too_few_points_name_the_exact_number_missing(world: World) -> None:
    """R12."""
    await world.give(2_790)

    with pytest.raises(NotEnoughPointsError) as refused:
        await world.get("Extra bot", 1)

    assert refused.value.quote.missing == 210
    assert await world.amounts() == [2_790]


async def test_undo_takes_back_the_latest_change_and_only_that(world: World) -> None:
    """R9."""
    await world.give(20_000)
    await world.get("Extra bot", 1)
    world.turn(16)
    second = await world.get("Extra bot", 3)
    assert second.number is not None

    undone = await world.do(addons.undo, world.workspace, world.addon["Extra bot"], second.number)

    assert undone.units == 1
    assert await world.balance() == 17_000


async def test_undo_ends_after_ten_minutes(world: World) -> None:
    """R9."""
    await world.give(10_000)
    changed = await world.get("Extra bot", 1)
    assert changed.number is not None
    world.now += addons.UNDO_TIME + addons.UNDO_TIME / 600

    with pytest.raises(UndoOverError):
        await world.do(addons.undo, world.workspace, world.addon["Extra bot"], changed.number)

    assert await world.balance() == 7_000


async def test_undo_of_an_earlier_change_is_refused_once_another_followed(world: World) -> None:
    await world.give(20_000)
    first = await world.get("Extra bot", 1)
    await world.get("Extra bot", 2)
    assert first.number is not None

    with pytest.raises(UndoOverError):
        await world.do(addons.undo, world.workspace, world.addon["Extra bot"], first.number)


async def test_undoing_a_removal_whose_points_are_spent_is_refused(world: World) -> None:
    """The date itself stays paid (R8), so 100 of the 3,100 are gone."""
    await world.give(3_100)
    await world.get("Extra bot", 1)
    removed = await world.get("Extra bot", 0)
    await world.get("Extra member", 1)
    assert removed.number is not None

    with pytest.raises(NotEnoughPointsError):
        await world.do(addons.undo, world.workspace, world.addon["Extra bot"], removed.number)

    shop = await world.db.read(addons.shop, world.owner, world.workspace, world.now)
    assert [offer.label for offer in shop.active] == ["Extra member"]


async def test_a_removal_over_a_limit_wants_a_second_tap(world: World) -> None:
    """R23: two bots in use, the plan has one."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.db.write(report_usage, world.call(), world.workspace, {"bots": 2}, world.now)

    with pytest.raises(OverLimitError) as refused:
        await world.get("Extra bot", 0)

    assert refused.value.quote.over == (("Bots", 2, 1),)
    removed = await world.get("Extra bot", 0, accept_over=True)
    assert removed.paused


async def test_buying_what_was_missing_lets_a_paused_workspace_run_again(world: World) -> None:
    """R21: the limit reason goes in the transaction that made the difference."""
    await world.give(10_000)
    await world.db.write(report_usage, world.call(), world.workspace, {"bots": 2}, world.now)
    assert await world.sql("SELECT paused_limit FROM workspaces") in ([(1,)], [(True,)])

    changed = await world.get("Extra bot", 1)

    assert not changed.paused
    assert await world.sql("SELECT paused_limit FROM workspaces") in ([(0,)], [(False,)])


async def test_where_customers_may_not_remove_a_request_counts_from_the_day_it_was_asked(
    world: World,
) -> None:
    """R10: asked on the 16th, approved on the 20th -> half comes back."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    world.turn(16)
    with pytest.raises(NotAllowedError):
        await world.get("Extra bot", 0)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)
    world.turn(20)

    approved = await world.at_desk(
        addons.answer_request, world.workspace, world.addon["Extra bot"], approve=True
    )

    assert approved.amount == -1_500
    assert await world.balance() == 8_500


async def test_a_waiting_request_does_not_renew_and_is_paid_back_from_its_day(world: World) -> None:
    """R10, over a boundary: asked on 16 November, approved on 3 December."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    world.turn(16)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)
    world.turn(3, month=12)

    approved = await world.at_desk(
        addons.answer_request, world.workspace, world.addon["Extra bot"], approve=True
    )

    assert approved.amount == -1_500
    assert await world.balance() == 8_500


async def test_the_partner_removes_without_refund(world: World) -> None:
    """R10: what was paid stays paid; bought again in the same cycle it is paid anew."""
    await world.give(10_000)
    await world.get("Extra bot", 1)
    world.turn(16)
    addon = world.addon["Extra bot"]

    await world.at_desk(addons.set_units_from_desk, world.workspace, addon, 0, refund=False)

    assert await world.balance() == 7_000
    assert (await world.get("Extra bot", 1)).amount == 1_500


async def test_the_partner_removes_with_refund(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 2)
    world.turn(16)
    addon = world.addon["Extra bot"]

    removed = await world.at_desk(addons.set_units_from_desk, world.workspace, addon, 1, refund=True)

    assert removed.amount == -1_500
    assert "units_by_partner" in await world.notices()


async def test_a_remembered_purchase_is_made_when_points_arrive(world: World) -> None:
    """R12, R31: a partner's gift runs the same way as a payment."""
    await world.give(1_000)
    addon = world.addon["Extra bot"]
    await world.do(addons.remember_purchase, world.workspace, addon, 1)

    await world.give(2_500)

    assert await world.balance() == 500
    assert await world.sql("SELECT units FROM addon_states") == [(1,)]


async def test_a_remembered_purchase_is_dropped_when_its_price_rose(world: World) -> None:
    """R12."""
    addon = world.addon["Extra bot"]
    await world.do(addons.remember_purchase, world.workspace, addon, 1)
    await world.at_desk(catalogue.set_price, addon, 3_100)

    await world.give(5_000)

    assert await world.balance() == 5_000
    assert await world.sql("SELECT count(*) FROM purchase_intents") == [(0,)]


async def test_a_rise_spares_the_running_cycle_and_those_before_notice_is_over(world: World) -> None:
    """R6: told on 28 November, seven days before 5 December: the December cycle keeps the old price."""
    await world.give(50_000)
    await world.get("Extra bot", 1)
    world.turn(28)
    await world.at_desk(catalogue.set_price, world.addon["Extra bot"], 6_000)

    assert (await world.quote("Extra bot", 2)).amount == 300
    world.turn(2, month=12)
    await world.get("Extra member", 1)

    assert (await world.sql("SELECT amount FROM postings WHERE kind = 'renewal'")) == [(-3_000,)]


async def test_a_viewer_may_not_buy_and_is_told_who_may(world: World) -> None:
    """R34."""
    await world.give(10_000)
    viewer = await world.member(300, "Vic", Role.VIEWER)

    with pytest.raises(NotAllowedError) as refused:
        await world.do(addons.set_units, world.workspace, world.addon["Extra bot"], 1, 3_000, by=viewer)

    assert refused.value.who == ("Dana",)


async def test_somebody_from_elsewhere_gets_nothing(world: World) -> None:
    stranger = await world.newcomer(400, "Sam")

    with pytest.raises(StrangerError):
        await world.db.read(addons.quote, stranger, world.workspace, world.addon["Extra bot"], 1, world.now)
    with pytest.raises(StrangerError):
        await world.do(addons.set_units, world.workspace, world.addon["Extra bot"], 1, 3_000, by=stranger)


async def test_nothing_is_sold_while_credit_billing_is_off(world: World) -> None:
    """R26."""
    await world.give(10_000)
    await world.at_desk(catalogue.set_credit_billing, on=False)

    with pytest.raises(NotSellingError):
        await world.get("Extra bot", 1)


async def test_an_addon_off_sale_cannot_be_bought_but_kept(world: World) -> None:
    await world.give(10_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_on_sale, world.addon["Extra bot"], on_sale=False)

    with pytest.raises(GoneError):
        await world.quote("Extra bot", 2)
    assert (await world.get("Extra bot", 0)).amount == -3_000 + 100


async def test_whole_cycles_cost_the_full_price_on_any_day_and_give_nothing_back(world: World) -> None:
    """R7, the partner's switch."""
    await world.give(10_000)
    await world.at_desk(catalogue.set_whole_cycles, world.addon["Extra bot"], whole_cycles=True)
    world.turn(25)

    assert (await world.get("Extra bot", 1)).amount == 3_000
    assert (await world.get("Extra bot", 0)).amount == 0


async def test_while_credit_billing_is_off_the_partner_adds_for_nothing_whatever_was_not_charged_before(
    world: World,
) -> None:
    """R26: off from 1 November on, whose 30 points come back; on again from 10 to 19 December, off on the 20th."""
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await world.at_desk(catalogue.set_credit_billing, on=False)
    world.turn(10, month=12)
    await world.at_desk(catalogue.set_credit_billing, on=True)
    world.turn(20, month=12)
    await world.at_desk(catalogue.set_credit_billing, on=False)

    changed = await world.at_desk(
        addons.set_units_from_desk, world.workspace, world.addon["Extra bot"], 3, refund=True
    )

    assert (changed.units, changed.amount, await world.balance()) == (3, 0, 3_000)


async def test_a_request_that_is_withdrawn_after_the_boundary_brings_nothing_back(world: World) -> None:
    """R10, R14: it kept the add-on from renewing, and the cycle that began is worked off first."""
    await world.at_desk(catalogue.set_customers_may_remove, may=False)
    await world.give(20_000)
    await world.get("Extra bot", 1)
    await world.do(addons.request_removal, world.workspace, world.addon["Extra bot"], 0)
    world.turn(1, 12)

    await world.do(addons.withdraw_request, world.workspace, world.addon["Extra bot"])
    await world.db.write(workspaces.catch_up, world.call(), world.workspace)

    assert await world.sql("SELECT units FROM addon_states") == [(0,)]
    assert await world.amounts() == [20_000, -3_000]
