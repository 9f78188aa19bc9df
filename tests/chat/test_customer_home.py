"""A customer's first screen: at a glance, paused, several workspaces, strangers, groups, commands."""

import pytest

from billing import pausing, usage
from billing.access import Role
from tests.looking import all_due

from .people import Person
from .world import World


async def _uses(world: World, **used: int) -> None:
    world.clock.turn(seconds=1)
    await world.db.write(usage.report_usage, world.call(), world.acme, used, world.clock.now())


async def test_start_shows_the_workspace_at_a_glance(dana: Person, market: World) -> None:
    await _uses(market, bots=1, members=4, bot_users=9_600)

    await dana.sends("/start")

    assert "Acme Support  ● active" in dana.screen
    assert "142.5 points" in dana.screen
    assert "Plan  Business Lite · renews 1 Dec, in 15 days" in dana.screen
    assert "██████████ Bots 1 of 1 · full" in dana.screen
    assert "████████░░ Members 4 of 5 · ⚠ 80 %" in dana.screen
    assert "█████████░ Bot users 9,600 of 10,000 · ⚠ 96 %" in dana.screen
    assert "as of" in dana.screen
    assert dana.buttons == [
        "Top up",
        "Add-ons",
        "Auto top-up: off",
        "History",
        "Plan",
        "More",
    ]


async def test_home_shows_what_each_addon_costs_and_what_the_month_has_cost_so_far(dana: Person) -> None:
    """For the 15 days that are left of 30."""
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("2")
    await dana.taps("Add for 5 points")
    await dana.sends("/addons")
    await dana.taps("Extra member")
    await dana.taps("1")
    await dana.taps("Add for 2.5 points")

    await dana.sends("/menu")
    assert "Extra bot ×2 · 10 a month\nExtra member ×1 · 5 a month" in dana.screen
    assert (
        "<blockquote expandable>Add-ons since 1 Nov: 7.5 points\nExtra bot: 5\nExtra member: 2.5</blockquote>"
        in dana.html
    )


async def test_home_of_who_never_bought_an_addon_is_silent_about_them(dana: Person) -> None:
    await dana.sends("/menu")

    assert "a month" not in dana.screen
    assert "blockquote" not in dana.html


@pytest.mark.parametrize(
    ("command", "first_line"),
    [
        ("/menu", "Acme Support  ● active"),
        ("/points", "Acme Support  ● active"),
        ("/topup", "Top up  Acme Support"),
        ("/addons", "Add-ons  Acme Support"),
        ("/history", "History  Acme Support"),
        ("/help", "How this works"),
        ("/privacy", "What is kept about you"),
        ("/paysupport", "Help with a payment"),
    ],
)
async def test_every_command_has_its_screen_and_a_way_back(
    dana: Person, command: str, first_line: str
) -> None:
    await dana.sends(command)

    assert dana.screen.splitlines()[0] == first_line
    if first_line != "Acme Support  ● active":
        await dana.taps("Menu")
        assert "● active" in dana.screen


async def test_renewal_is_covered_or_says_what_is_missing(dana: Person) -> None:
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("2")
    await dana.taps("Add for")
    await dana.taps("Menu")
    assert "Add-ons renew:\n1 Dec  10 points ✓\n1 Jan  10 points ✓\n1 Feb  10 points ✓" in dana.screen
    assert "137.5 points · last until about 1 Jan 2028" in dana.screen

    await dana.taps("Add-ons")
    await dana.taps("Extra bot")
    await dana.taps("other")
    await dana.sends("30")
    await dana.taps("Add for 70 points")
    await dana.taps("Menu")
    assert "1 Dec  150 points ⚠ 82.5 missing\n1 Jan  150 points ⚠ 150 missing" in dana.screen
    assert "last until about 1 Dec" in dana.screen


async def test_opening_the_bot_after_the_renewal_date_shows_the_new_cycle(
    dana: Person, market: World
) -> None:
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("1")
    await dana.taps("Add for 2.5 points")
    market.clock.turn(days=15)

    await dana.sends("/start")

    assert "135 points" in dana.screen
    assert "renews 1 Jan" in dana.screen


async def test_paused_home_leads_back_with_one_tap(dana: Person, market: World) -> None:
    await _uses(market, bot_users=10_260)
    await dana.sends("/start")
    assert dana.screen.startswith("Acme Support  ❚❚ paused\nBot users: 10,260 of 10,000, 260 too many.")
    assert "• 1 × +1,000 bot users: 2.5 points now, 5 a month (15 of 30 days left)" in dana.screen
    assert "• Bring Bot users back to" in dana.screen
    assert dana.button("Buy 1 × +1,000 bot users").style == "success"

    await dana.taps("Buy 1 × +1,000 bot users · 2.5 points")

    assert "Added for 2.5 points." in dana.screen
    assert "The workspace runs again." in dana.screen
    await dana.taps("Menu")
    assert "● active" in dana.screen


async def test_deleting_what_is_too_much_helps_as_well(dana: Person, market: World) -> None:
    await _uses(market, bot_users=10_260)
    await dana.sends("/start")
    await _uses(market, bot_users=9_000)

    await dana.taps("I deleted some: check again")

    assert "● active" in dana.screen


async def test_pauses_and_resumes_are_told(dana: Person, market: World) -> None:
    await _uses(market, bots=3)
    await market.deliver()
    assert "Paused. Nothing of yours is deleted." in dana.screen
    assert "Bots: 3 of 1, 2 too many." in dana.screen
    await dana.taps("Get going again")
    assert "❚❚ paused" in dana.screen

    await _uses(market, bots=1)
    await market.deliver()
    assert "Running again." in dana.screen


async def test_a_pause_by_the_partner_shows_the_note(dana: Person, nora: Person, market: World) -> None:
    owner = await market.person_id(nora)
    await market.db.write(
        pausing.set_manual_pause, market.call(owner), market.acme, paused=True, note="<Invoice> 7 & 8"
    )

    await dana.sends("/start")

    assert "Northwind Chat paused it.\n<Invoice> 7 & 8" in dana.screen


async def test_the_chosen_workspace_is_the_one_that_start_opens(dana: Person, market: World) -> None:
    bakery = await market.workspace("Bakery")
    await market.join(dana, bakery, Role.OWNER)
    await dana.sends("/start")
    assert dana.screen.startswith("Bakery")

    await dana.taps("Other workspaces")
    await dana.taps("Acme Support")
    assert dana.screen.startswith("Acme Support")

    await dana.sends("/start")
    assert dana.screen.startswith("Acme Support")


async def test_a_stranger_sees_a_greeting_and_nothing_else(stranger: Person, market: World) -> None:
    for text in ("/start", "/points", "/topup", "/addons", "/history", "hello", "/start paid_1"):
        await stranger.sends(text)
        assert stranger.screen.startswith("This bot belongs to Northwind Chat's customers.")
        assert stranger.buttons == []


async def test_a_group_hears_no_balance(dana: Person, market: World) -> None:
    await dana.sends("/points", in_group=-100)

    shown = market.telegram.last_shown(-100)
    assert "I only talk about points in private." in str(shown)
    assert "142" not in str(shown)


async def test_a_button_in_a_group_changes_nothing(dana: Person, market: World) -> None:
    await dana.sends("/points", in_group=-100)
    before = market.telegram.last_shown(-100)

    await dana.presses(f"cas:{market.acme}:{await market.addon('Extra bot')}:1:250:0", on=before)

    assert dana.toast == "I only talk about points in private."
    assert await market.balance(market.acme) == 14_250


async def test_an_invite_opens_the_workspace_once(market: World, dana: Person) -> None:
    await dana.sends("/start")
    await dana.taps("More")
    await dana.taps("People with access")
    await dana.taps("Invite somebody")
    await dana.taps("Billing: buys and removes too")
    copied = dana.button("Copy the link").copy_text
    assert copied is not None
    bill, late = market.person("Bill"), market.person("Late")

    await bill.opens(copied.text)
    assert "Welcome to Acme Support." in bill.screen
    assert "142.5 points" in bill.screen
    await market.deliver()
    assert "Bill has joined as billing." in dana.screen

    await late.opens(copied.text)
    assert "This link doesn't work any more." in late.screen


async def test_a_due_cycle_without_addons_needs_no_notice(dana: Person, market: World) -> None:
    market.clock.turn(days=40)
    assert market.acme in await market.db.read(all_due, market.clock.now())

    await dana.sends("/start")

    assert "renews 1 Jan" in dana.screen
    assert await market.deliver() == 0
