"""What workspaces use and may use, from the desk: /usage, own limits, a silent platform (R20, R35)."""

import datetime as dt

from billing import undelivered, usage
from storage import catalogue as rows
from storage.transaction import Tx

from .conftest import ON_BOTH
from .people import Person
from .world import BOT_ID, World

pytestmark = ON_BOTH


async def test_usage_is_noted_by_command(nora: Person, dana: Person, market: World) -> None:
    await nora.sends(f"/usage {market.acme} bots 2")

    assert nora.screen.startswith("Noted: Bots 2.")
    assert "❚❚ Paused: over a limit." in nora.screen
    assert "Bots: 2 of 1" in nora.buttons
    await market.deliver()
    assert "Bots: 2 of 1, 1 too many." in dana.screen


async def test_a_limit_is_known_by_its_label_or_its_beginning(nora: Person, market: World) -> None:
    await nora.sends(f"/usage {market.acme} Bot users 10,450")
    assert "Bot users: 10,450 of 10,000" in nora.buttons

    market.clock.turn(minutes=1)
    await nora.sends(f"/usage #{market.acme} memb 3")
    assert "Members: 3 of 5" in nora.buttons


async def test_what_the_command_cannot_mean_is_explained(nora: Person, market: World) -> None:
    await nora.sends("/usage")
    assert f"/usage {market.acme} bots 2 says that Acme Support uses 2 bots." in nora.screen
    await nora.sends("/usage 999 bots 2")
    assert "Notes what a workspace uses" in nora.screen

    await nora.sends(f"/usage {market.acme} bot 2")
    assert nora.screen.startswith("Name one of its limits: bots, members, bot_users, webhook_requests.")
    await nora.sends(f"/usage {market.acme} bots many")
    assert "That isn't an amount." in nora.screen
    await nora.sends(f"/usage {market.acme}")
    assert "Bots: ? of 1" in nora.buttons


async def test_usage_is_noted_by_menu(nora: Person, market: World) -> None:
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Usage by hand")
    await nora.taps("Members")

    await nora.sends("4")

    assert "Members: 4 of 5" in nora.buttons


async def test_a_limit_of_the_partners_own_is_made_sold_and_bought(
    nora: Person, dana: Person, market: World
) -> None:
    """R20."""
    await nora.sends("/settings")
    await nora.taps("Limits")
    assert "Webhook requests · counted anew each month" in nora.screen
    assert "Request timeout, s · only granted" in nora.screen
    await nora.taps("Add a limit")
    await nora.sends("Bots")
    await nora.taps("Counted, like bots")
    assert "There is a limit of that name already." in nora.screen

    await nora.sends("Broadcasts")
    await nora.taps("Counted anew each month")
    assert "Your platform reports it as broadcasts." in nora.screen
    await nora.taps("Sell more of it")
    await nora.sends("0")
    assert "A unit gives one or more." in nora.screen
    await nora.sends("10")
    assert nora.screen.startswith("+10 Broadcasts · ○ not on sale")
    await nora.taps("Set a price")
    await nora.sends("3")
    await nora.taps("Save")

    await dana.sends("/addons")
    await dana.taps("+10 Broadcasts · 3 points a month")
    await dana.taps("1")
    await dana.taps("Add for 1.5 points")
    await nora.sends(f"/usage {market.acme} broadcasts 4")
    assert "Broadcasts: 4 of 10" in nora.buttons


async def test_a_limit_is_renamed(nora: Person, market: World) -> None:
    await nora.sends("/settings")
    await nora.taps("Limits")
    await nora.taps("Bots")
    await nora.taps("Rename")

    await nora.sends("Chatbots")

    assert nora.screen.startswith("Chatbots · counted")
    assert "Your platform reports it as bots." in nora.screen
    await nora.sends("/audit")
    assert "renamed the limit Bots to Chatbots" in nora.screen


async def test_a_feature_is_named_where_its_addons_label_does_not(
    nora: Person, dana: Person, market: World
) -> None:
    """R20: named features."""
    await nora.sends("/addons")
    await nora.taps("Premium features")
    await nora.taps("Set a price")
    await nora.sends("4")
    await nora.taps("Save")
    await nora.taps("Rename")
    await nora.sends("Gold pack")
    await dana.sends("/addons")
    await dana.taps("Gold pack")
    assert "Switches on: Premium features." in dana.screen
    await dana.taps("1")
    await dana.taps("Add for 2 points")

    await dana.sends("/start")
    assert "Switched on: Premium features" in dana.screen
    await nora.sends(f"/ws {market.acme}")
    assert "Switched on  Premium features" in nora.screen


async def test_a_silent_platform_is_told_and_a_day_later_undoes_the_sale(
    nora: Person, dana: Person, market: World
) -> None:
    """R35."""

    def connect(tx: Tx) -> None:
        rows.lock_partner(tx, 1).host = "generic"

    await market.db.write(connect)
    market.clock.turn(seconds=1)
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("1")
    await dana.taps("Add for")
    assert "Waiting for your platform to confirm it." in dana.screen

    market.clock.turn(hours=1)
    await undelivered.mind_silence(market.db, market.clock, BOT_ID)
    await market.deliver()
    assert nora.screen.startswith("⚠ Your platform hasn't confirmed changes for an hour.")
    assert "Waiting: Acme Support." in nora.screen

    market.clock.turn(hours=23)
    await undelivered.mind_silence(market.db, market.clock, BOT_ID)
    await market.deliver()
    assert "Undone: 1 × Extra bot, 2.5 points went back." in nora.screen
    assert "Your platform didn't take this within a day, so it is undone:" in dana.screen
    assert "1 × Extra bot: 2.5 points are back." in dana.screen
    assert await market.balance(market.acme) == 14_250


async def test_an_older_report_does_not_undo_what_was_typed(nora: Person, market: World) -> None:
    await nora.sends(f"/usage {market.acme} members 3")
    earlier = market.clock.now() - dt.timedelta(minutes=5)

    await market.db.write(usage.report_usage, market.call(), market.acme, {"members": 1}, earlier)

    await nora.sends(f"/usage {market.acme}")
    assert "Members: 3 of 5" in nora.buttons
