"""Paused by a limit: the rescue card, warnings before it, second taps (R21-R23)."""

import dataclasses

import pytest

from billing import adjust, pausing, usage
from billing.access import Role
from billing.usage import Asked
from storage import catalogue as rows
from storage.transaction import Tx

from .conftest import ON_BOTH
from .people import Person
from .world import World

pytestmark = ON_BOTH


async def uses(world: World, **used: int) -> None:
    world.clock.turn(seconds=1)
    await world.db.write(usage.report_usage, world.call(), world.acme, used, world.clock.now())


async def left_with(world: World, nora: Person, hundredths: int) -> None:
    """Acme Support's balance becomes this."""
    change = hundredths - await world.balance(world.acme)
    owner = await world.person_id(nora)
    await world.db.write(adjust.adjust, world.call(owner), world.acme, change, "for the test")


async def test_every_way_out_stands_first(dana: Person, market: World) -> None:
    def price(tx: Tx) -> None:
        for plan in rows.plans(tx, 1):
            if plan.name == "Business Large":
                plan.amount_minor, plan.currency = 4_900, "USD"

    await market.db.write(price)
    await uses(market, bot_users=10_260, bots=2)

    await dana.sends("/start")

    assert dana.screen.startswith(
        "Acme Support  ❚❚ paused\n"
        "Bots: 2 of 1, 1 too many.\n"
        "Bot users: 10,260 of 10,000, 260 too many.\n"
        "\n"
        "Get going again\n"
        "• 1 × Extra bot: 2.5 points now, 5 a month (15 of 30 days left)\n"
        "• 1 × +1,000 bot users: 2.5 points now, 5 a month (15 of 30 days left)\n"
        "  Together: 5 points now, 10 a month\n"
        "• Plan Business Large: 49\u00a0USD a month\n"
        "• Bring Bots back to 1: delete 1, free\n"
        "• Bring Bot users back to 10,000: delete 260, free\n"
        "\n"
        "You have 142.5 points."
    )
    assert dana.buttons[:3] == [
        "Buy all of it · 5 points",
        "See plan Business Large",
        "I deleted some: check again",
    ]


async def test_one_tap_buys_all_of_it_and_the_workspace_runs(dana: Person, market: World) -> None:
    await uses(market, bot_users=10_260, bots=2)
    await dana.sends("/start")

    await dana.taps("Buy all of it · 5 points")

    assert "Added for 5 points." in dana.screen
    assert "You have 1 × Extra bot, paid until 1 Dec." in dana.screen
    assert "137.5 points left." in dana.screen
    assert "The workspace runs again." in dana.screen
    await dana.taps("Undo Extra bot")
    assert "Undone." in dana.screen
    assert await market.balance(market.acme) == 14_000


async def test_short_of_points_paying_buys_all_of_it(dana: Person, nora: Person, market: World) -> None:
    """R12."""
    await left_with(market, nora, 290)
    await uses(market, bot_users=10_260, bots=2)
    await dana.sends("/start")
    assert "You have 2.9 points: 2.1 short." in dana.screen

    await dana.taps("Buy all of it · 5 points")

    assert dana.screen.startswith("You are 2.1 points short.")
    assert "Paying buys 1 × Extra bot, 1 × +1,000 bot users and starts your workspace again." in dana.screen
    await dana.taps("Pay just 2.10")
    market.gateway.pay(dana.url("Pay 2.10"))
    await market.hear_from_stripe()
    assert "Bought: 1 × Extra bot, for 2.5 points." in dana.screen or "Running again." in dana.screen
    await dana.sends("/start")
    assert "● active" in dana.screen
    assert await market.balance(market.acme) == 0


async def test_thinking_better_of_it_buys_nothing_later(dana: Person, nora: Person, market: World) -> None:
    await left_with(market, nora, 0)
    await uses(market, bots=2)
    await dana.sends("/start")
    await dana.taps("Buy 1 × Extra bot")

    await dana.taps("Don't buy")

    assert dana.toast == "Called off."
    await left_with(market, nora, 5_000)
    assert await market.balance(market.acme) == 5_000


async def test_a_changed_sum_shows_the_card_anew(dana: Person, market: World) -> None:
    """R11."""
    await uses(market, bots=2)
    await dana.sends("/start")
    market.clock.turn(days=1)

    await dana.taps("Buy 1 × Extra bot · 2.5 points")

    assert dana.toast == "The price has changed."
    assert "Buy 1 × Extra bot · 2.33 points" in dana.buttons
    assert await market.balance(market.acme) == 14_250


@pytest.mark.parametrize("wanted", ["", "x", "1x2x3", "1x9999999", "0x1", "1-2", "999999999999999x1"])
async def test_a_forged_button_buys_nothing(dana: Person, market: World, wanted: str) -> None:
    await uses(market, bots=2)
    await dana.sends("/start")

    await dana.presses(f"crm:{market.acme}:{wanted}:250")

    assert await market.balance(market.acme) == 14_250


async def test_what_is_counted_each_month_can_only_be_waited_for(dana: Person, market: World) -> None:
    await uses(market, webhook_requests=5)

    await dana.sends("/start")

    assert "• Wait: Webhook requests start again at zero on 1 Dec" in dana.screen
    assert "Buy" not in " ".join(dana.buttons)


async def test_a_viewer_reads_the_ways_without_the_buttons(dana: Person, vic: Person, market: World) -> None:
    """R34."""
    await uses(market, bots=2)

    await vic.sends("/start")

    assert "• 1 × Extra bot: 2.5 points now" in vic.screen
    assert "To buy: Dana." in vic.screen
    assert not any(text.startswith(("Buy", "See plan")) for text in vic.buttons)
    assert "I deleted some: check again" in vic.buttons


async def test_the_partners_own_pause_says_that_buying_is_not_all(
    dana: Person, nora: Person, market: World
) -> None:
    """R21."""
    await uses(market, bots=2)
    owner = await market.person_id(nora)
    await market.db.write(
        pausing.set_manual_pause, market.call(owner), market.acme, paused=True, note="Invoice 7"
    )
    await dana.sends("/start")
    assert "Northwind Chat paused it.\nInvoice 7" in dana.screen
    assert "It runs again when all of this is settled." in dana.screen

    await dana.taps("Buy 1 × Extra bot")

    assert "The workspace is paused." in dana.screen


async def test_an_unpaid_plan_shows_the_way_to_pay(dana: Person, market: World) -> None:
    def unpaid(tx: Tx) -> None:
        from storage import workspaces

        found = workspaces.lock(tx, market.acme)
        assert found is not None
        found[0].paused_unpaid = True

    await market.db.write(unpaid)

    await dana.sends("/start")

    assert "The plan isn't paid." in dana.screen
    assert dana.button("Pay the plan").style == "success"


@pytest.mark.parametrize(
    ("asked", "toast"),
    [
        ("read", "Checked just now."),
        ("silent", "Your platform doesn't answer right now. Try again in a minute."),
        ("unable", "Your platform reports by itself. This is its newest report."),
    ],
)
async def test_checking_again_asks_the_platform_at_that_tap(
    dana: Person, market: World, asked: Asked, toast: str
) -> None:
    async def ask(workspace_id: int) -> Asked:
        assert workspace_id == market.acme
        if asked == "read":
            await uses(market, bots=1)
        return asked

    services = dataclasses.replace(market.services, ask_usage=ask)
    market.dispatcher["services"] = services
    await uses(market, bots=2)
    await dana.sends("/start")

    await dana.taps("I deleted some: check again")

    assert dana.toast == toast
    assert ("● active" in dana.screen) == (asked == "read")


async def test_a_warning_names_what_is_left_and_leads_to_more(dana: Person, market: World) -> None:
    """R22."""
    await uses(market, bot_users=9_600)
    await market.deliver()

    assert "⚠ Bot users: 9,600 of 10,000 used, 96 %. 400 left." in dana.screen
    assert dana.buttons == ["+1,000 bot users · 5 points a month", "Top up", "Open"]
    await dana.taps("+1,000 bot users")
    assert "1 × +1,000 bot users" in dana.screen
    assert "Add for 2.5 points" in dana.buttons


async def test_ending_an_addon_that_is_needed_wants_a_second_tap(dana: Person, market: World) -> None:
    """R23: it ends with the month, and the next one would begin paused."""
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("1")
    await dana.taps("Add for")
    await uses(market, bots=2)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot")

    await dana.taps("End on 1 Dec")

    assert dana.screen.startswith("This pauses Acme Support on 1 Dec\n⚠ Bots: you use 2 and would have 1.")
    await dana.taps("Keep it")
    await dana.taps("End on 1 Dec")
    await dana.taps("End it on 1 Dec all the same")
    assert "Paid until 1 Dec, then it ends." in dana.screen


async def test_ending_an_addon_that_is_not_needed_takes_one_tap(dana: Person, market: World) -> None:
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("1")
    await dana.taps("Add for")
    await dana.taps("Add-ons")
    await dana.taps("Extra bot")

    await dana.taps("End on 1 Dec")

    assert "Paid until 1 Dec, then it ends." in dana.screen


async def test_a_removal_at_the_desk_that_pauses_wants_a_second_tap(
    dana: Person, nora: Person, market: World
) -> None:
    """R23."""
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("1")
    await dana.taps("Add for")
    await uses(market, bots=2)
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Add-ons")
    await nora.taps("Extra bot")
    await nora.taps("0")
    assert "it would pause" in nora.screen

    await nora.taps("Remove without refund")

    assert nora.screen.startswith("This pauses Acme Support\n⚠ It uses 2 Bots and would have 1")
    await nora.taps("Remove all the same")
    assert "Extra bot: 1 → 0" in nora.screen
    assert "The workspace is paused." in nora.screen


async def test_approving_a_removal_that_pauses_wants_a_second_tap(
    dana: Person, nora: Person, market: World
) -> None:
    """R10, R23."""
    await nora.sends("/settings")
    await nora.taps("Let customers ask for removals")
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("1")
    await dana.taps("Add for")
    await uses(market, bots=2)
    await dana.taps("Add-ons")
    await dana.taps("Extra bot")
    await dana.taps("Remove")
    assert "⚠ Bots: you use 2 and would have 1. The workspace would pause." in dana.screen
    await dana.taps("Ask Northwind Chat")
    await market.deliver()

    await nora.taps("Approve")

    assert nora.screen.startswith("This pauses Acme Support")
    await nora.taps("Approve all the same")
    assert "Extra bot: 1 → 0." in nora.screen


async def test_billing_people_are_told_and_viewers_are_not(dana: Person, market: World) -> None:
    bill, vera = market.person("Bill"), market.person("Vera")
    await market.join(bill, market.acme, Role.BILLING)
    await market.join(vera, market.acme, Role.VIEWER)
    await market.deliver()
    before = vera.messages

    await uses(market, bot_users=9_600)
    await market.deliver()

    assert "96 %" in bill.screen
    assert vera.messages == before


async def test_points_given_to_a_paused_workspace_come_with_the_way_out(
    dana: Person, nora: Person, market: World
) -> None:
    """Points alone buy nothing that nobody asked for (R12, R22)."""
    await uses(market, bots=2)
    await market.deliver()

    await left_with(market, nora, 20_000)
    await market.deliver()

    assert "Still paused: it is over a limit." in dana.screen
    await dana.taps("Get going again")
    assert dana.buttons[0].startswith("Buy 1 × Extra bot")
