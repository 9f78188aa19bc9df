"""Workspaces from the desk: made, found, paused, reported, their add-ons and the removals asked for."""

import re

import pytest

from billing import addons, catalogue, workspaces
from billing.ledger import Kind

from .people import Person
from .world import World


def _link(text: str) -> str:
    found = re.search(r"https://t\.me/desk_bot\?start=j_[\w-]+", text)
    assert found is not None, text
    return found[0]


async def test_a_workspace_is_made_and_its_link_opens_once(market: World, nora: Person) -> None:
    await nora.sends("/workspaces")
    await nora.taps("New workspace")
    await nora.sends("Globex <Ltd>")
    await nora.taps("Business Lite")
    await nora.taps("Berlin")
    await nora.taps("1 Dec")
    assert "Globex <Ltd> is set up: number 2." in nora.screen
    assert "Plan  Business Lite\nZone  Europe/Berlin\nRenews  1 Dec\n" in nora.screen
    link = _link(nora.screen)
    copied = nora.button("Copy the link").copy_text
    assert copied is not None
    assert copied.text == link
    gus, eve = market.person("Gus"), market.person("Eve")
    await gus.opens(link)
    assert "Globex <Ltd>" in gus.screen
    await eve.opens(link)
    assert "This link doesn't work any more." in eve.screen
    await market.deliver()
    assert "Gus opened the link and owns Globex <Ltd> now." in nora.screen


async def test_city_and_date_can_be_typed_and_mistyped(market: World, nora: Person) -> None:
    await nora.sends("/workspaces")
    await nora.taps("New workspace")
    await nora.sends("Initech")
    await nora.sends("the big one")
    assert "Which plan?" in nora.screen
    await nora.taps("Business Large")
    await nora.sends("Atlantis")
    assert "That time zone isn't known." in nora.screen
    await nora.sends("san")
    assert "Which of these?" in nora.screen
    await nora.sends("lisbon")
    await nora.sends("soon")
    assert "That isn't a date." in nora.screen
    await nora.sends("1.1.2031")
    assert "Take a date within a year from today." in nora.screen
    await nora.sends("15 Dec")
    assert "Initech is set up: number 2." in nora.screen
    assert "Plan  Business Large\nZone  Europe/Lisbon\nRenews  15 Dec\n" in nora.screen
    await nora.taps("Open Initech")
    assert "Renews  15 Dec · Europe/Lisbon" in nora.screen
    assert "Plan  Business Large" in nora.screen


async def test_the_last_step_pressed_twice_makes_one_workspace(market: World, nora: Person) -> None:
    await nora.sends("/workspaces")
    await nora.taps("New workspace")
    await nora.sends("Globex")
    await nora.taps("Business Lite")
    await nora.taps("UTC")
    asked = nora.shown
    await nora.taps("Today, 16 Nov")
    await nora.taps("Today, 16 Nov", on=asked)
    assert nora.toast == "That has changed. Here is what is there now."
    await nora.sends("/workspaces globex")
    assert "1 found" in nora.screen


async def test_the_list_is_paged_and_searched(market: World, nora: Person) -> None:
    for number in range(9):
        await market.workspace(f"Shop {number}", points=100 * number)
    await nora.sends("/workspaces")
    assert "Page 1 of 2" in nora.screen
    assert re.search(r"1 Acme Support +142\.5", nora.screen)
    await nora.taps("more ›")
    assert "Shop 8" in nora.screen
    assert "Acme Support" not in nora.screen
    await nora.taps("Search")
    await nora.sends("OP 3")
    assert "“OP 3”: 1 found" in nora.screen
    await nora.taps("Shop 3")
    assert "3 points" in nora.screen
    await nora.sends("/workspaces 100%|_")
    assert "None. A part of the name is enough" in nora.screen


async def test_pausing_and_running_again_tells_the_customer_why(
    market: World, nora: Person, dana: Person
) -> None:
    await nora.sends(f"/ws {market.acme}")
    assert "● active" in nora.screen
    await nora.taps("Pause")
    await nora.sends("invoice 17 is open")
    assert "❚❚ paused" in nora.screen
    assert "by you: invoice 17 is open" in nora.screen
    await market.deliver()
    assert "invoice 17 is open" in dana.screen
    await nora.taps("Let it run again")
    assert "● active" in nora.screen
    await nora.sends(f"/pause {market.acme}")
    assert "❚❚ paused" in nora.screen
    await nora.sends(f"/resume {market.acme}")
    assert "● active" in nora.screen
    await nora.sends("/pause")
    assert f"/pause {market.acme} unpaid invoice stops Acme Support." in nora.screen


async def test_usage_typed_by_hand_pauses_over_the_limit(market: World, nora: Person, dana: Person) -> None:
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Usage by hand")
    await nora.taps("Bot users: ? of 10,000")
    await nora.sends("-5")
    assert "Take a whole number, zero or more." in nora.screen
    await nora.sends("10,260")
    assert "[ Bot users: 10,260 of 10,000 ]" in nora.screen
    await nora.taps("‹ Acme Support")
    assert "over a limit: Bot users +260" in nora.screen
    await nora.taps("Usage by hand")
    await nora.taps("Bot users")
    market.clock.turn(minutes=1)
    await nora.sends("9 000")
    await nora.taps("‹ Acme Support")
    assert "● active" in nora.screen


async def test_units_are_added_and_removed_with_and_without_refund(
    market: World, nora: Person, dana: Person
) -> None:
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Add-ons")
    await nora.taps("Extra bot · 5 points")
    await nora.taps("2")
    assert "Costs 5 points for 15 of 30 days." in nora.screen
    assert "142.5 points, then 137.5." in nora.screen
    await nora.taps("Add for 5 points")
    assert "Extra bot: 0 → 2" in nora.screen
    assert await market.balance(market.acme) == 13_750
    await market.deliver()
    assert "Extra bot" in dana.screen
    await nora.taps("‹ Add-ons")
    await nora.taps("Extra bot ×2")
    await nora.taps("1")
    assert nora.button("Remove and give 2.33 back").style == "danger", "the date it was added is paid"
    await nora.taps("Remove without refund")
    assert "No points were moved." in nora.screen
    await nora.taps("‹ Add-ons")
    await nora.taps("Extra bot ×1")
    await nora.taps("0")
    await nora.taps("Remove and give")
    assert "2.33 points went back." in nora.screen
    assert await market.balance(market.acme) == 13_983
    await nora.taps("Undo")
    assert await market.balance(market.acme) == 13_750
    await market.deliver()
    assert "Northwind Chat took a change of Extra bot back: from 0 to 1.\nIt took 2.33 points." in dana.screen
    await nora.sends("/audit")
    assert "Nora: took back: Extra bot of Acme Support 0 → 1, −2.33 points" in nora.screen


async def test_a_customer_has_no_undo_for_what_the_partner_did(
    market: World, nora: Person, dana: Person
) -> None:
    """R9."""
    await _buy(market, "Extra bot", 2)
    await dana.sends("/addons")
    await dana.taps("Extra bot ×2")
    assert "Undo" in str(dana.buttons)
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Add-ons")
    await nora.taps("Extra bot ×2")
    await nora.taps("1")
    await nora.taps("Remove without refund")

    await dana.sends("/addons")
    await dana.taps("Extra bot ×1")

    assert "Undo" not in str(dana.buttons)


async def test_a_removal_says_when_it_would_pause(market: World, nora: Person) -> None:
    await _buy(market, "Extra bot", 1)
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Usage by hand")
    await nora.taps("Bots")
    await nora.sends("2")
    await nora.taps("‹ Acme Support")
    await nora.taps("Add-ons")
    await nora.taps("Extra bot ×1")
    await nora.taps("0")
    assert "⚠ It uses 2 Bots and would have 1: it would pause." in nora.screen


async def _buy(market: World, label: str, units: int) -> None:
    dana = await market.person_id(Person(market, 601, "Dana"))
    addon = await market.addon(label)
    quote = await market.db.read(addons.quote, dana, market.acme, addon, units, market.clock.now())
    await market.db.write(addons.set_units, market.call(dana), market.acme, addon, units, quote.amount)


async def _ask_for_removal(market: World, dana: Person) -> None:
    """Dana has 2 extra bots since 16 November and asks on the 17th to come down to 1."""
    await _buy(market, "Extra bot", 2)
    market.clock.turn(days=1)
    owner = await market.person_id(Person(market, 501, "Nora"))
    await market.db.write(catalogue.set_customers_may_remove, market.call(owner), may=False)
    addon = await market.addon("Extra bot")
    asked = market.call(await market.person_id(dana))
    await market.db.write(addons.request_removal, asked, market.acme, addon, 1)
    await market.deliver()


async def test_an_approved_removal_pays_back_from_the_day_it_was_asked(
    market: World, nora: Person, dana: Person
) -> None:
    await _ask_for_removal(market, dana)
    assert "Acme Support asks to remove an add-on." in nora.screen
    assert "Extra bot: 2 → 1" in nora.screen
    notice = nora.shown
    market.clock.turn(days=5)
    before = await market.balance(market.acme)
    await nora.taps("Approve")
    # 5 points × 14 of 30 days; from the day of the approval it would be 1.50.
    assert "2.33 points went back, counted from the day it was asked." in nora.screen
    assert await market.balance(market.acme) == before + 233
    approved = nora.shown
    await nora.taps("Approve", on=notice)
    assert "That request is answered already." in nora.screen
    await nora.sends("/audit")
    assert "Nora: approved: Extra bot of Acme Support 2 → 1, +2.33 points" in nora.screen
    assert await market.balance(market.acme) == before + 233
    assert (await market.postings(market.acme))[-1] == (Kind.REFUND, 233)
    await nora.taps("Undo (10 min)", on=approved)
    assert await market.balance(market.acme) == before


async def test_requests_wait_on_the_desk_and_can_be_declined(
    market: World, nora: Person, dana: Person
) -> None:
    await _ask_for_removal(market, dana)
    before = await market.balance(market.acme)
    await nora.sends("/partner")
    assert "Look at  1 removal request" in nora.screen
    await nora.taps("1 removal request")
    assert "1. Acme Support: Extra bot down to 1, asked on 17 Nov 2026" in nora.screen
    await nora.taps("1. Decline")
    assert "Declined. The customer keeps it and is told." in nora.screen
    assert await market.balance(market.acme) == before
    await nora.taps("‹ Desk")
    assert "removal request" not in nora.screen


async def test_a_request_that_is_declined_after_the_renewal_date_says_what_has_ended(
    market: World, nora: Person, dana: Person
) -> None:
    """R10: what is asked for doesn't renew, so by then there is less to keep."""
    await _ask_for_removal(market, dana)
    notice = nora.shown
    market.clock.turn(days=16)
    await market.db.write(workspaces.catch_up, market.call(), market.acme)

    await nora.taps("Decline", on=notice)
    await market.deliver()

    assert "Declined, but the renewal date came first: Extra bot is down to 1." in nora.screen
    assert "Northwind Chat declined to remove Extra bot." in dana.screen
    assert "The renewal date came first: nothing renews while its removal is asked for." in dana.screen
    assert "You have 1 of it now." in dana.screen
    await dana.taps("Buy Extra bot again")
    assert "Extra bot  5 points a month" in dana.screen


async def test_the_history_explains_each_row(market: World, nora: Person) -> None:
    await _buy(market, "Extra bot", 1)
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("History")
    assert "2. −2.5 Extra bot 0 → 1" in nora.screen
    assert "1. +142.5 welcome" in nora.screen
    await nora.taps("2")
    assert "1 × 5 × 15 / 30 = 2.5" in nora.screen
    assert "By Dana." in nora.screen
    await nora.taps("‹ History")
    await nora.taps("‹ Acme Support")
    assert "Add-ons  Extra bot ×1" in nora.screen


async def test_a_cycle_that_is_due_is_worked_off_before_anything_is_shown(
    market: World, nora: Person
) -> None:
    await _buy(market, "Extra bot", 1)
    market.clock.turn(days=20)
    await nora.sends(f"/ws {market.acme}")
    assert "Renews  1 Jan" in nora.screen
    assert "135 points" in nora.screen


@pytest.mark.parametrize("typed", ["/ws", "/ws 999", "/ws abc", "/ws -1", "/ws 99999999999999999999"])
async def test_an_unknown_number_gets_an_example(market: World, nora: Person, typed: str) -> None:
    await nora.sends(typed)
    assert f"/ws {market.acme} shows Acme Support." in nora.screen
