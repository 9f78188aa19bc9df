"""Prices and packs: typed, checked against cost, saved once, in currencies of every kind (R2, R3, R6, R32)."""

import pytest

from .people import Person
from .test_partner_workspaces import _buy
from .world import World


async def test_a_rise_says_whom_it_touches_from_when_and_what_is_earned(
    market: World, nora: Person, dana: Person
) -> None:
    await _buy(market, "Extra bot", 1)
    await nora.sends("/addons")
    assert "● Extra bot  5 points (5\xa0USD)" in nora.screen
    await nora.taps("Extra bot")
    assert "1 workspace has it" in nora.screen
    await nora.taps("Change the price")
    await nora.sends("6")
    assert "Extra bot: 5 → 6 points a month" in nora.screen
    assert "Touches 1 workspace at its first renewal from 23 Nov; it is told today." in nora.screen
    assert "Costs you 5\xa0USD; brings 3.77\xa0USD to 6\xa0USD, by pack." in nora.screen
    assert "⚠ With “150 + 25 bonus · 110\xa0USD” you lose 1.23\xa0USD on each." in nora.screen
    assert nora.button("Save").style is None, "nothing that loses money is coloured"
    await nora.taps("Save")
    assert "From 23 Nov  6 points" in nora.screen
    await market.deliver()
    assert "Extra bot" in dana.screen


async def test_an_unsold_add_on_gets_its_first_price_and_goes_on_sale(market: World, nora: Person) -> None:
    await nora.sends("/addons")
    assert "○ Premium features  no price" in nora.screen
    await nora.taps("Premium features")
    assert nora.button("Set a price").style == "success"
    await nora.taps("Set a price")
    for typed, said in (
        ("cheap", "That isn't an amount."),
        ("-1", "A price is zero or more"),
        ("7.555", "That could be read in two ways."),
        ("7.5555", "That has too many decimals."),
    ):
        await nora.sends(typed)
        assert said in nora.screen
    await nora.sends("7,50")
    assert "Premium features: 7.5 points a month" in nora.screen
    assert "No workspace has it yet: holds from today." in nora.screen
    await nora.taps("Save")
    assert "Premium features · ● on sale" in nora.screen


async def test_add_ons_are_renamed_switched_and_sold_by_whole_months(market: World, nora: Person) -> None:
    await nora.sends("/addons")
    await nora.taps("Extra member")
    await nora.taps("Rename")
    await nora.sends("Seat & more")
    assert "Seat & more · ● on sale" in nora.screen
    await nora.taps("Take off sale")
    assert "○ not on sale" in nora.screen
    await nora.taps("Sell by whole months")
    assert "Sold by whole months" in nora.screen
    await _buy(market, "Extra bot", 1)
    await nora.taps("‹ Prices")
    await nora.taps("Extra bot")
    await nora.taps("Sell by whole months")
    assert "Some workspaces have or had units of it this month." in nora.toast


async def _form(nora: Person, points: str, bonus: str | None, price: str) -> None:
    await nora.sends("/packs")
    await nora.taps("Add a pack")
    await nora.sends(points)
    if bonus is None:
        await nora.taps("No bonus")
    else:
        await nora.sends(bonus)
    await nora.sends(price)


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ("1500 JPY", "1,500\xa0JPY"),
        ("¥1500", "1,500\xa0JPY"),
        ("12.5 KWD", "12.500\xa0KWD"),
        ("3000 ISK", "3,000\xa0ISK"),
        ("40", "40\xa0USD"),
        ("€ 40,50", "40.50\xa0EUR"),
    ],
)
async def test_packs_take_every_kind_of_currency(market: World, nora: Person, price: str, shown: str) -> None:
    await _form(nora, "100", "5", price)
    await nora.taps("Save")
    assert f"4. 100 + 5 bonus · {shown}" in nora.screen


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ("50 JPY", "One payment can be 100\xa0JPY to 99,999,999\xa0JPY."),
        ("0.10 USD", "One payment can be 0.50\xa0USD to 999,999.99\xa0USD."),
        ("12.50 JPY", "That has too many decimals."),
        ("100.50 ISK", "That has too many decimals."),
        ("1.2345 KWD", "That has too many decimals."),
        ("40 XYZ", "Stripe doesn't take that currency."),
        ("-40", "A price is more than zero."),
        ("free", "That isn't an amount."),
        ("100000000 USD", "That is too large."),
    ],
)
async def test_what_stripe_would_refuse_is_said_at_once(
    market: World, nora: Person, price: str, said: str
) -> None:
    await _form(nora, "100", None, price)
    assert said in nora.screen
    assert "What does it cost? For example 40 USD or 1500 JPY." in nora.screen
    await nora.sends("40 USD")
    await nora.taps("Save")
    assert "4. 100 points · 40\xa0USD" in nora.screen


async def test_a_pack_needs_points(market: World, nora: Person) -> None:
    await nora.sends("/packs")
    await nora.taps("Add a pack")
    for typed in ("0", "-5"):
        await nora.sends(typed)
        assert "A pack has more than zero points." in nora.screen
    await nora.sends("20")
    await nora.sends("-1")
    assert "A bonus is zero or more points." in nora.screen


async def test_a_pack_that_sells_below_cost_is_shown_as_such(market: World, nora: Person) -> None:
    await _form(nora, "100", None, "50 USD")
    assert "⚠ Extra bot paid with these points loses you 2.50\xa0USD on each." in nora.screen
    assert nora.button("Save").style is None
    await _form(nora, "100", None, "5000 JPY")
    assert "No add-on has a cost in JPY: not compared." in nora.screen


async def test_saving_twice_makes_one_pack(market: World, nora: Person) -> None:
    await _form(nora, "20", None, "18 USD")
    asked = nora.shown
    await nora.taps("Save")
    await nora.taps("Save", on=asked)
    await nora.sends("/packs")
    assert nora.screen.count("20 points · 18\xa0USD ·") == 1


async def test_a_pack_is_changed_moved_and_taken_off_sale(market: World, nora: Person) -> None:
    await nora.sends("/packs")
    await nora.taps("50 points")
    await nora.taps("Change")
    await nora.taps("Keep 50")
    await nora.sends("5")
    await nora.taps("Keep 40")
    await nora.taps("Save")
    assert "2. 50 + 5 bonus · 40\xa0USD" in nora.screen
    await nora.taps("50 + 5 bonus")
    up = nora.shown
    await nora.taps("↑ Up")
    await nora.taps("↑ Up", on=up)
    assert "Place 1 of 3" in nora.screen
    await nora.taps("Take off sale")
    assert "Pages that are open already keep what they promised." in nora.screen
    assert nora.button("Take off sale").style == "danger"
    await nora.taps("Take off sale")
    assert "50 + 5" not in nora.screen


async def test_the_price_of_a_point_is_set_and_dropped(market: World, nora: Person) -> None:
    await nora.sends("/packs")
    await nora.taps("Price of a point")
    await nora.taps("Set a price")
    await nora.sends("nothing")
    assert "What does one point cost?" in nora.screen
    await nora.sends("0")
    assert "A price is more than zero." in nora.screen
    await nora.sends("150 JPY")
    assert "No add-on has a cost in JPY: not compared." in nora.screen
    await nora.taps("Save")
    assert "1 point = 150\xa0JPY" in nora.screen
    await nora.taps("Stop exact amounts in USD")
    assert "USD" not in nora.shown.text
    await nora.taps("‹ Packs")
    assert "Exact amounts  150\xa0JPY a point" in nora.screen


async def test_the_price_of_a_point_is_saved_only_after_its_losses_were_shown(
    market: World, nora: Person
) -> None:
    await nora.sends("/packs")
    await nora.taps("Price of a point")
    await nora.taps("Set a price")
    await nora.sends("0.01 USD")
    assert "1 point: 1\xa0USD → 0.01\xa0USD" in nora.screen
    assert "⚠ Extra bot paid with these points loses you 4.95\xa0USD on each." in nora.screen
    assert nora.button("Save").style is None
    await nora.taps("Cancel")
    assert "1 point = 1\xa0USD" in nora.screen


async def test_the_smallest_exact_purchase_is_set_and_kept_by_a_new_price(
    market: World, nora: Person, dana: Person
) -> None:
    await nora.sends("/packs")
    await nora.taps("Price of a point")
    assert "Smallest purchase  0.50\xa0USD, Stripe's own minimum" in nora.screen
    await nora.taps("Smallest purchase in USD")
    await nora.sends("5 EUR")
    assert "This is about USD." in nora.screen
    await nora.sends("-5")
    assert "A price is more than zero." in nora.screen
    await nora.sends("5")
    preview = nora.shown
    await nora.taps("Save")
    assert "Smallest purchase  5\xa0USD" in nora.screen
    await nora.taps("Save", on=preview)
    assert "Smallest purchase" not in nora.screen, "a second tap finds nothing to save"
    await nora.sends("/packs")
    await nora.taps("Price of a point")
    await nora.taps("Set a price")
    await nora.sends("2")
    assert "Smallest purchase  5\xa0USD" in nora.screen
    await nora.taps("Save")
    await dana.sends("/topup")
    await dana.taps("Exact amount")
    await dana.sends("1")
    assert "2.5 points for 5\xa0USD" in dana.screen

    await nora.taps("Smallest purchase in USD")
    await nora.taps("Stripe's minimum")
    await nora.taps("Save")
    await nora.sends("/audit")
    assert "price of a point in USD 1 → 1 (from 5\xa0USD)" in nora.screen
    assert "price of a point in USD 1 (from 5\xa0USD) → 2 (from 5\xa0USD)" in nora.screen
    assert "price of a point in USD 2 (from 5\xa0USD) → 2 ·" in nora.screen


async def test_a_price_typed_from_the_smallest_purchase_is_the_one_that_is_saved(
    market: World, nora: Person
) -> None:
    """The preview's own button leads there and back without losing what was typed."""
    await nora.sends("/packs")
    await nora.taps("Price of a point")
    await nora.taps("Set a price")
    await nora.sends("3")
    await nora.taps("Smallest purchase")
    await nora.sends("6")
    assert "1 point: 1\xa0USD → 3\xa0USD" in nora.screen
    await nora.taps("Save")
    assert "1 point = 3\xa0USD\nSmallest purchase  6\xa0USD" in nora.screen


async def test_suggested_prices_are_shown_with_their_losses_before_they_are_saved(
    market: World, nora: Person
) -> None:
    await nora.sends("/addons")
    await nora.taps("Use suggested prices")
    assert "Request timeout +10 s  30 points (20\xa0USD)" in nora.screen
    assert "⚠ With “150 + 25 bonus · 110\xa0USD” you lose 1.15\xa0USD on each." in nora.screen
    assert nora.button("Save").style is None
    await nora.taps("‹ Prices")
    assert "○ Request timeout +10 s  no price" in nora.screen

    await nora.taps("Use suggested prices")
    shown = nora.shown
    await nora.taps("Save")
    assert "● Request timeout +10 s  30 points" in nora.screen
    await nora.taps("Save", on=shown)
    assert "● Request timeout +10 s  30 points" in nora.screen


async def test_suggestions_that_changed_meanwhile_are_shown_anew(market: World, nora: Person) -> None:
    await nora.sends("/addons")
    await nora.taps("Use suggested prices")
    shown = nora.shown
    await nora.sends("/addons")
    await nora.taps("Request timeout")
    await nora.taps("Cost price")
    await nora.sends("40")

    await nora.taps("Save", on=shown)

    assert "Something changed: nothing is saved yet." in nora.screen
    assert "Request timeout +10 s  60 points (40\xa0USD)" in nora.screen
    await nora.taps("Save")
    assert "● Request timeout +10 s  60 points" in nora.screen


async def test_a_cost_price_is_typed_and_the_guard_speaks_at_once(
    market: World, nora: Person, dana: Person
) -> None:
    await nora.sends("/addons")
    await nora.taps("Premium features")
    assert "No cost price yet: what it earns isn't compared." in nora.screen
    await nora.taps("Cost price")
    await nora.sends("lots")
    assert "That isn't an amount. Try 5 USD." in nora.screen
    await nora.sends("12.5")
    assert nora.screen.startswith("Saved.\n\nPremium features")
    await nora.taps("‹ Prices")
    await nora.taps("Extra bot")
    await nora.taps("Cost price")
    assert "It costs you 5\xa0USD now." in nora.screen
    await nora.sends("6 EUR")
    assert "Costs you 6\xa0EUR; no pack is sold in EUR, so it isn't compared." in nora.screen
    assert "⚠ Not compared, as points are sold in it too: USD." in nora.screen
    await nora.taps("Cost price")
    await nora.sends("6 USD")
    assert "⚠ With “150 + 25 bonus · 110\xa0USD” you lose 2.86\xa0USD on each." in nora.screen

    await nora.sends("/audit")
    assert "cost price of Premium features – → 12.50\xa0USD" in nora.screen
    assert "cost price of Extra bot 6\xa0EUR → 6\xa0USD" in nora.screen
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    assert "USD" not in dana.screen


async def test_a_price_that_running_months_keep_says_so(market: World, nora: Person) -> None:
    """Acme had units of it this month and has none now."""
    await _buy(market, "Extra bot", 1)
    await _buy(market, "Extra bot", 0)
    await nora.sends("/addons")
    await nora.taps("Extra bot")
    await nora.taps("Change the price")
    await nora.sends("6")
    assert (
        "No workspace has it, but some had it this month: holds for months that begin on 2 Nov or later."
        in nora.screen
    )
