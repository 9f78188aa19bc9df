"""Add-ons by a customer: quote, confirm, undo, remove, ask, pay for what is missing."""

import pytest

from billing import addons, catalogue, usage
from billing.ledger import Kind

from .conftest import ON_BOTH
from .people import Person
from .world import World

pytestmark = ON_BOTH


async def _opens(person: Person, label: str) -> None:
    await person.sends("/addons")
    await person.taps(label)


async def _buys(person: Person, label: str, units: int) -> None:
    await _opens(person, label)
    await person.taps(str(units))
    await person.taps("Add for")


async def _uses(world: World, **used: int) -> None:
    world.clock.turn(seconds=1)
    await world.db.write(usage.report_usage, world.call(), world.acme, used, world.clock.now())


async def _switch_off_removing(world: World, nora: Person) -> None:
    owner = await world.person_id(nora)
    await world.db.write(catalogue.set_customers_may_remove, world.call(owner), may=False)


async def test_quote_confirm_undo(dana: Person, market: World) -> None:
    await _opens(dana, "Extra bot · 5 points a month")
    assert dana.buttons[:5] == ["1", "2", "3", "5", "other"]

    await dana.taps("2")
    assert "2 more for 15 of 30 days: 5 points" in dana.screen
    assert "You have 142.5, then 137.5 points." in dana.screen
    assert "From 1 Dec: 10 points a month." in dana.screen
    assert "<blockquote expandable>How this is worked out\n2 × 5 × 15 / 30 = 5\nToday counts." in dana.html
    assert await market.balance(market.acme) == 14_250

    await dana.taps("Add for 5 points")
    assert "Added for 5 points.\nYou have 2 × Extra bot, paid until 1 Dec.\n137.5 points left." in dana.screen
    assert await market.balance(market.acme) == 13_750

    await dana.taps("Undo (10 min)")
    assert "Undone.\nYou have no Extra bot.\n142.5 points left." in dana.screen
    assert await market.balance(market.acme) == 14_250


async def test_one_more_is_quoted_against_what_there_is(dana: Person) -> None:
    await _buys(dana, "Extra bot", 1)
    await dana.taps("Add-ons")
    assert "• 1 × Extra bot · 5 points a month" in dana.screen
    await dana.taps("Extra bot ×1")
    assert "1 ✓" in dana.buttons

    await dana.taps("2")

    assert "2 × Extra bot instead of 1\n1 more for 15 of 30 days: 2.5 points" in dana.screen


async def test_a_double_tap_changes_nothing_and_keeps_undo(dana: Person, market: World) -> None:
    await _opens(dana, "Extra bot")
    await dana.taps("2")
    quote = dana.shown
    await dana.taps("Add for", on=quote)
    await dana.taps("Add for", on=quote)

    assert await market.balance(market.acme) == 13_750
    assert "2 × Extra bot, paid until 1 Dec.\n137.5 points left." in dana.screen
    await dana.taps("Undo (10 min)")
    undone = dana.shown
    assert await market.balance(market.acme) == 14_250
    assert "Undo (10 min)" not in [button.text for button in undone.buttons]


async def test_undo_ends_after_ten_minutes(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 2)
    market.clock.turn(minutes=11)

    await dana.taps("Undo (10 min)")

    assert dana.toast == "Undo works for ten minutes and only for the latest change."
    assert await market.balance(market.acme) == 13_750
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×2")
    assert "Undo (10 min)" not in dana.buttons


async def test_a_price_that_changed_is_shown_and_nothing_is_charged(
    dana: Person, nora: Person, market: World
) -> None:
    await _opens(dana, "Extra bot")
    await dana.taps("2")
    owner = await market.person_id(nora)
    await market.db.write(catalogue.set_price, market.call(owner), await market.addon("Extra bot"), 800)

    await dana.taps("Add for 5 points")

    assert dana.toast == "The price has changed."
    assert "Add for 8 points" in dana.buttons
    assert await market.balance(market.acme) == 14_250


async def test_a_quote_of_yesterday_is_quoted_anew(dana: Person, market: World) -> None:
    await _opens(dana, "Extra bot")
    await dana.taps("2")
    market.clock.turn(days=1)

    await dana.taps("Add for 5 points")

    assert "2 more for 14 of 30 days: 4.67 points" in dana.screen
    assert await market.balance(market.acme) == 14_250


async def test_a_new_price_is_told_before_it_is_charged(dana: Person, nora: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    owner = await market.person_id(nora)
    await market.db.write(catalogue.set_price, market.call(owner), await market.addon("Extra bot"), 600)
    await market.deliver()

    assert "Extra bot costs 6 points a month instead of 5" in dana.screen
    await dana.sends("/addons")
    await dana.taps("Extra bot ×1")
    assert "From 1 Dec: 6 points a month." in dana.screen


async def test_any_number_of_units_can_be_typed(dana: Person, market: World) -> None:
    await _opens(dana, "Extra bot")
    await dana.taps("other")
    for wrong in ("four", "1001", "2.5", "-1", "9" * 5_000):
        await dana.sends(wrong)
        assert "That isn't a whole number from 0 to 1,000." in dana.screen

    await dana.sends("4")
    await dana.taps("Add for 10 points")

    assert await market.balance(market.acme) == 13_250


async def test_typing_can_be_left(dana: Person) -> None:
    await _opens(dana, "Extra bot")
    await dana.taps("other")
    await dana.taps("Cancel")
    assert dana.screen.startswith("Extra bot")

    await dana.sends("4")

    assert "Add for" not in dana.screen


async def test_removal_gives_the_unused_days_back(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 2)
    market.clock.turn(days=5)
    await dana.sends("/addons")
    await dana.taps("Extra bot ×2")
    await dana.taps("Remove")
    assert "Remove 2 × Extra bot?\nYou get back 3.33 points for 10 unused days." in dana.screen
    assert dana.button("Remove and get 3.33 back").style == "danger"

    await dana.taps("Remove and get 3.33 back")

    assert "Removed. 3.33 points are back." in dana.screen
    assert await market.balance(market.acme) == 13_750 + 333


async def test_removed_on_the_day_it_was_added_pays_that_day(dana: Person) -> None:
    await _buys(dana, "Extra bot", 1)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")

    assert "You get back 2.33 points for 14 unused days." in dana.screen


async def test_fewer_units_are_a_removal(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 3)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×3")
    await dana.taps("1")
    assert "Remove 2 × Extra bot?" in dana.screen
    assert "Keep until" not in dana.screen

    await dana.taps("Remove and get")

    assert "1 × Extra bot, paid until 1 Dec." in dana.screen


async def test_a_removal_over_a_limit_wants_a_second_tap(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    await _uses(market, bots=2)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")
    assert "⚠ Bots: you use 2 and would have 1. The workspace would pause." in dana.screen

    await dana.taps("Remove and get")
    assert dana.screen.startswith("This pauses Acme Support")
    assert await market.balance(market.acme) == 14_000

    await dana.taps("Remove all the same")
    assert "The workspace is paused." in dana.screen
    assert await market.balance(market.acme) == 14_233


async def test_keeping_it_after_the_warning_changes_nothing(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    await _uses(market, bots=2)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")
    await dana.taps("Remove and get")
    await dana.taps("Keep it")

    assert "You have 1." in dana.screen
    assert await market.balance(market.acme) == 14_000


async def test_keep_until_the_renewal_then_end(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")
    await dana.taps("Keep until 1 Dec, then end")
    assert "Paid until 1 Dec, then it ends." in dana.screen
    assert await market.balance(market.acme) == 14_000

    market.clock.turn(days=15)
    await dana.sends("/start")
    await market.deliver()
    assert "Ended, as it was set not to renew: 1 × Extra bot." in dana.screen
    assert await market.balance(market.acme) == 14_000


async def test_ending_can_be_thought_better_of(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("End on 1 Dec")
    await dana.taps("Renew again")
    market.clock.turn(days=15)
    await dana.sends("/start")
    await market.deliver()

    assert "Renewed until 1 Jan: 1 × Extra bot, for 5 points." in dana.screen
    assert "You have 135 points." in dana.screen


async def test_where_the_partner_removes_a_request_is_sent_and_answered(
    dana: Person, nora: Person, market: World
) -> None:
    await _buys(dana, "Extra bot", 1)
    await _switch_off_removing(market, nora)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")
    assert "Northwind Chat removes add-ons. If it is agreed, today counts." in dana.screen

    await dana.taps("Ask Northwind Chat")
    assert "Northwind Chat has been asked" in dana.screen
    await dana.taps("Add-ons")
    assert "1 × Extra bot · removal asked for" in dana.screen

    market.clock.turn(days=3)
    owner, bot = await market.person_id(nora), await market.addon("Extra bot")
    await market.db.write(addons.answer_request, market.call(owner), market.acme, bot, approve=True)
    await market.deliver()
    assert "Northwind Chat removed Extra bot as you asked." in dana.screen
    assert "2.33 points are back." in dana.screen


async def test_a_declined_request_is_told(dana: Person, nora: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    await _switch_off_removing(market, nora)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")
    await dana.taps("Ask Northwind Chat")
    owner, bot = await market.person_id(nora), await market.addon("Extra bot")
    await market.db.write(addons.answer_request, market.call(owner), market.acme, bot, approve=False)
    await market.deliver()

    assert "Northwind Chat keeps Extra bot as it is." in dana.screen


async def test_a_request_can_be_withdrawn(dana: Person, nora: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    await _switch_off_removing(market, nora)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")
    await dana.taps("Ask Northwind Chat")
    await dana.taps("Keep it after all")

    assert dana.toast == "The request is withdrawn."
    assert "was asked" not in dana.screen


async def test_an_old_remove_button_is_refused_where_the_partner_removes(
    dana: Person, nora: Person, market: World
) -> None:
    await _buys(dana, "Extra bot", 1)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")
    await _switch_off_removing(market, nora)

    await dana.taps("Remove and get")

    assert dana.toast == "Here the partner removes add-ons. Ask for it with one tap."
    assert await market.balance(market.acme) == 14_000


async def _wants_too_much(person: Person) -> None:
    await _wants(person, 60)


async def _wants(person: Person, units: int) -> None:
    await _opens(person, "Extra bot")
    await person.taps("other")
    await person.sends(str(units))


async def test_not_enough_points_is_paid_and_bought_by_itself(dana: Person, market: World) -> None:
    await _wants_too_much(dana)
    assert "You have 142.5 points: 7.5 points short." in dana.screen
    assert "Paying buys 60 × Extra bot by itself." in dana.screen
    assert dana.button("Pay 9 USD: 10 points").style == "success"

    await dana.taps("Pay 9 USD: 10 points")
    market.gateway.pay(dana.url("Pay 9 USD"))
    await market.hear_from_stripe()

    assert "10 points arrived!" in dana.screen
    assert "Bought: 60 × Extra bot, for 150 points." in dana.screen
    assert "You have 2.5." in dana.screen
    assert [kind for kind, _ in await market.postings(market.acme)] == [
        Kind.ADJUSTMENT,
        Kind.TOPUP,
        Kind.ADDON,
    ]


async def test_more_than_any_pack_gives_is_paid_with_several_in_one_payment(
    dana: Person, nora: Person, market: World
) -> None:
    """R12: 607.5 points short, and the largest pack gives 175."""
    await market.db.write(catalogue.drop_point_price, market.call(await market.person_id(nora)), "USD")
    await _wants(dana, 300)
    assert "You have 142.5 points: 607.5 points short." in dana.screen

    await dana.taps("Pay 440 USD: 4 × 175 points")
    assert "300 × Extra bot is bought as soon as there are enough points." in dana.screen
    market.gateway.pay(dana.url("Pay 440 USD"))
    await market.hear_from_stripe()

    assert "Bought: 300 × Extra bot, for 750 points." in dana.screen


async def test_just_what_is_missing_can_be_paid(dana: Person, market: World) -> None:
    await _wants_too_much(dana)
    await dana.taps("Pay just 7.50 USD")
    market.gateway.pay(dana.url("Pay 7.50 USD"))
    await market.hear_from_stripe()

    assert "Bought: 60 × Extra bot" in dana.screen
    assert await market.balance(market.acme) == 0


async def test_other_packs_keep_the_purchase_in_mind(dana: Person, market: World) -> None:
    await _wants_too_much(dana)
    await dana.taps("Other packs")
    assert "60 × Extra bot is bought as soon as there are enough points." in dana.screen

    await dana.taps("50 points ·")
    market.gateway.pay(dana.url("Pay 40 USD"))
    await market.hear_from_stripe()

    assert "Bought: 60 × Extra bot" in dana.screen


async def test_points_that_come_while_buying_is_off_say_so_and_lead_back_to_it(
    dana: Person, nora: Person, market: World
) -> None:
    """R12, R26."""
    await _wants_too_much(dana)
    await dana.taps("Other packs")
    await dana.taps("50 points ·")
    page = dana.url("Pay 40 USD")
    await market.db.write(catalogue.set_credit_billing, market.call(await market.person_id(nora)), on=False)

    market.gateway.pay(page)
    await market.hear_from_stripe()

    assert (
        "Not bought: 60 × Extra bot. Buying is switched off at the moment; your points stay." in dana.screen
    )
    await dana.taps("Buy Extra bot")
    assert "Extra bot  5 points a month" in dana.screen


async def test_a_remembered_purchase_can_be_called_off(dana: Person, market: World) -> None:
    await _wants_too_much(dana)
    await dana.taps("Other packs")
    await dana.taps("Don't buy 60 × Extra bot")
    assert dana.toast == "Called off."
    assert "is bought as soon" not in dana.screen

    await dana.taps("50 points ·")
    market.gateway.pay(dana.url("Pay 40 USD"))
    await market.hear_from_stripe()
    assert "Bought" not in dana.screen
    assert await market.balance(market.acme) == 19_250


async def test_a_cancelled_payment_says_what_is_still_remembered(dana: Person, market: World) -> None:
    await _wants_too_much(dana)
    await dana.taps("Pay just")
    await dana.taps("Cancel")
    assert "Still bought as soon as there are enough points: 60 × Extra bot." in dana.screen

    await dana.taps("Don't buy 60 × Extra bot")
    assert "is bought as soon" not in dana.screen


async def test_a_remembered_purchase_whose_price_rose_is_not_made(
    dana: Person, nora: Person, market: World
) -> None:
    await _wants_too_much(dana)
    await dana.taps("Pay 9 USD: 10 points")
    page = dana.url("Pay 9 USD")
    owner = await market.person_id(nora)
    await market.db.write(catalogue.set_price, market.call(owner), await market.addon("Extra bot"), 510)
    market.gateway.pay(page)
    await market.hear_from_stripe()

    assert "Not bought: 60 × Extra bot. Its price has changed; look again." in dana.screen
    assert await market.balance(market.acme) == 15_250


async def test_a_viewer_sees_quotes_and_is_told_who_may_buy(vic: Person, market: World) -> None:
    await _opens(vic, "Extra bot")
    await vic.taps("2")
    assert vic.toast == "Only the owner or billing can do this: Dana."
    await vic.taps("Add for 5 points")

    assert vic.toast == "Only the owner or billing can do this: Dana."
    assert await market.balance(market.acme) == 14_250


@pytest.mark.parametrize("label", ["Pay 9 USD", "Pay just", "Other packs"])
async def test_a_viewer_can_neither_pay_nor_remember(vic: Person, market: World, label: str) -> None:
    await _wants_too_much(vic)
    await vic.taps(label)

    assert vic.toast == "Only the owner or billing can do this: Dana."
    assert not market.gateway.pages


async def test_off_sale_keeps_what_there_is_and_sells_no_more(
    dana: Person, nora: Person, market: World
) -> None:
    await _buys(dana, "Extra bot", 2)
    await _opens(dana, "Extra member")
    await dana.taps("1")
    quote = dana.shown
    owner = await market.person_id(nora)
    for label in ("Extra bot", "Extra member"):
        addon = await market.addon(label)
        await market.db.write(catalogue.set_on_sale, market.call(owner), addon, on_sale=False)

    await dana.taps("Add for", on=quote)
    assert dana.toast == "That has changed. Here is what is there now."

    await dana.sends("/addons")
    assert "Extra member" not in dana.screen
    await dana.taps("Extra bot ×2")
    assert dana.buttons[:3] == ["1", "2 ✓", "other"]
    await dana.taps("1")
    assert "Remove 1 × Extra bot?" in dana.screen


async def test_whole_months_are_said_to_be_so(dana: Person, nora: Person, market: World) -> None:
    owner, bot = await market.person_id(nora), await market.addon("Extra bot")
    await market.db.write(catalogue.set_whole_cycles, market.call(owner), bot, whole_cycles=True)
    await _opens(dana, "Extra bot")
    assert "Sold by whole months" in dana.screen
    await dana.taps("1")
    assert "1 more for this month: 5 points" in dana.screen
    await dana.taps("Add for 5 points")
    await dana.taps("Add-ons")
    await dana.taps("Extra bot ×1")
    await dana.taps("Remove")

    assert "Nothing is paid back for this month." in dana.screen
    assert "Keep until 1 Dec, then end" in dana.buttons


async def test_units_changed_by_the_partner_are_told(dana: Person, nora: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 2)
    owner, bot = await market.person_id(nora), await market.addon("Extra bot")
    await market.db.write(addons.set_units_from_desk, market.call(owner), market.acme, bot, 1, refund=True)
    await market.deliver()

    assert "Northwind Chat changed Extra bot from 2 to 1." in dana.screen


async def test_undoing_a_removal_whose_refund_is_spent_says_what_is_missing(
    dana: Person, nora: Person, market: World
) -> None:
    await _buys(dana, "+10,000 bot users", 1)
    await dana.taps("Add-ons")
    await dana.taps("+10,000 bot users ×1")
    await dana.taps("Remove")
    await dana.taps("Remove and get 14 back")
    removed = dana.shown
    await _opens(dana, "Extra bot")
    await dana.taps("other")
    await dana.sends("56")
    await dana.taps("Add for 140 points")

    await dana.taps("Undo (10 min)", on=removed)

    assert "short." in dana.screen
    assert await market.balance(market.acme) == 150
