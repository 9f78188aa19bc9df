"""Buying points: every status an order can have, told in the message that it was paid from."""

import pytest

from billing import adjust, catalogue
from billing.access import Role
from billing.account import keep_account
from billing.ledger import Kind

from .conftest import LONG_AGO, ON_BOTH
from .people import Person
from .world import PARTNER, World

pytestmark = ON_BOTH


async def _opens_pack(person: Person, pack: str) -> str:
    await person.sends("/topup")
    await person.taps(pack)
    return person.url("Pay")


async def test_packs_show_what_a_point_costs(dana: Person) -> None:
    await dana.sends("/topup")

    assert dana.buttons == [
        "10 points · 9\xa0USD · 0.90\xa0USD each",
        "50 points · 40\xa0USD · 0.80\xa0USD each",
        "150 + 25 bonus · 110\xa0USD · 0.63\xa0USD each · best price",
        "Exact amount · 1\xa0USD each",
        "Menu",
    ]


async def test_paying_changes_the_message_and_adds_the_points_once(dana: Person, market: World) -> None:
    url = await _opens_pack(dana, "50 points")
    assert "50 points for 40\xa0USD" in dana.screen
    assert dana.button("Pay 40\xa0USD").style == "success"
    messages = dana.messages

    market.gateway.pay(url)
    await market.hear_from_stripe()
    await market.hear_from_stripe()

    assert dana.messages == messages
    assert dana.screen.startswith("50 points arrived!\nYou have 192.5.")
    assert dana.url("Receipt").startswith("https://receipts.example/")
    assert await market.postings(market.acme) == [(Kind.ADJUSTMENT, 14_250), (Kind.TOPUP, 5_000)]


async def test_bonus_points_are_named(dana: Person, market: World) -> None:
    market.gateway.pay(await _opens_pack(dana, "150"))
    await market.hear_from_stripe()

    assert "175 points arrived!\n150 and 25 bonus.\nYou have 317.5." in dana.screen


async def test_coming_back_from_stripe_shows_the_points_at_once(dana: Person, market: World) -> None:
    url = await _opens_pack(dana, "50 points")
    market.gateway.pay(url)
    order = next(iter(market.gateway.pages.values())).metadata["order"]

    await dana.sends(f"/start paid_{order}")

    assert dana.screen.startswith("✓ Paid: 50 points for 40\xa0USD.\n\nAcme Support")
    assert "192.5 points" in dana.screen


async def test_coming_back_without_having_paid_says_so_and_the_newest_message_is_the_one_that_changes(
    dana: Person, market: World
) -> None:
    url = await _opens_pack(dana, "50 points")
    order = next(iter(market.gateway.pages.values())).metadata["order"]

    await dana.sends(f"/start paid_{order}")

    assert dana.screen.startswith("Nothing was paid yet.")
    market.gateway.pay(url)
    await market.hear_from_stripe()
    assert dana.screen.startswith("50 points arrived!")


async def test_an_exact_amount_names_the_pack_that_gives_more_for_less(dana: Person) -> None:
    await dana.sends("/topup")
    await dana.taps("Exact amount")
    await dana.sends("149")

    assert "A pack of 175 points costs 110\xa0USD." in dana.screen
    assert dana.button("Pay 110\xa0USD").style == "success"


async def test_an_exact_amount_has_the_pack_that_fits_best_beside_it(dana: Person) -> None:
    """R3: 2.10 points are 2.10 USD; ten are 9 USD."""
    await dana.sends("/topup")
    await dana.taps("Exact amount")
    await dana.sends("2.10")

    assert "A pack of 10 points costs 9\xa0USD." in dana.screen
    assert dana.button("Pay 2.10\xa0USD").style == "success"
    await dana.taps("Pay 9\xa0USD: 10 points")
    assert dana.url("Pay 9\xa0USD")


async def test_the_same_pack_again_is_the_same_page(dana: Person) -> None:
    assert await _opens_pack(dana, "50 points ·") == await _opens_pack(dana, "50 points ·")


async def test_a_slow_bank_is_waited_for(dana: Person, market: World) -> None:
    url = await _opens_pack(dana, "50 points")
    market.gateway.pay_later(url)
    await market.hear_from_stripe()
    assert "Your bank is sending the money. We tell you when it is here." in dana.screen
    assert await market.balance(market.acme) == 14_250
    await dana.sends("/topup")
    assert "Running: 50 points for 40\xa0USD" in dana.buttons

    market.gateway.pay(url)
    await dana.taps("Running")

    assert "50 points arrived!" in dana.screen


async def test_a_bank_that_refuses_in_the_end_is_told(dana: Person, market: World) -> None:
    url = await _opens_pack(dana, "50 points")
    market.gateway.pay_later(url)
    await market.hear_from_stripe()
    market.gateway.refuse_later(url, "insufficient_funds")
    await market.hear_from_stripe(minutes=11)

    assert (
        "The bank said no: not enough money, or over the card's limit. No points were added." in dana.screen
    )
    await dana.taps("Try again")
    assert "Pay 40\xa0USD" in dana.buttons
    assert dana.url("Pay 40\xa0USD") != url


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("insufficient_funds", "not enough money"),
        ("expired_card", "The card has expired."),
        ("generic_decline", "The bank said no and didn't say why."),
        ("stolen_card", "The bank said no and didn't say why."),
        ("lost_card", "The bank said no and didn't say why."),
        ("fraudulent", "The bank said no and didn't say why."),
    ],
)
async def test_a_declined_card_can_be_replaced_on_the_same_page(
    dana: Person, market: World, code: str, words: str
) -> None:
    url = await _opens_pack(dana, "50 points")
    market.gateway.decline(url, code)
    await market.hear_from_stripe()

    assert words in dana.screen
    assert "Nothing was charged." in dana.screen
    assert not any(word in dana.screen.lower() for word in ("stolen", "lost", "fraud"))
    assert dana.url("Pay 40\xa0USD") == url


async def test_a_page_that_nobody_paid_says_so(dana: Person, market: World) -> None:
    market.gateway.run_out(await _opens_pack(dana, "50 points"))
    await market.hear_from_stripe()

    assert "Nobody paid within a day, so the page is closed. Nothing was charged." in dana.screen
    await dana.taps("Other pack")
    assert dana.screen.startswith("Top up")


async def test_cancelling_closes_the_page(dana: Person, market: World) -> None:
    await _opens_pack(dana, "50 points")
    await dana.taps("Cancel")

    assert "Cancelled. Nothing was charged." in dana.screen
    assert [page.status for page in market.gateway.pages.values()] == ["expired"]


async def test_paid_just_before_cancelling_counts(dana: Person, market: World) -> None:
    market.gateway.pay(await _opens_pack(dana, "50 points"))
    await dana.taps("Cancel")
    await market.deliver()

    assert "50 points arrived!" in dana.screen


async def test_choosing_another_pack_closes_the_first_page(dana: Person, market: World) -> None:
    await _opens_pack(dana, "50 points")
    await _opens_pack(dana, "10 points")

    assert [page.status for page in market.gateway.pages.values()] == ["expired", "open"]


async def test_another_amount_than_ordered_is_not_credited(dana: Person, nora: Person, market: World) -> None:
    url = await _opens_pack(dana, "50 points")
    market.gateway.charge_another_amount(url, 100)
    market.gateway.pay(url)
    await market.hear_from_stripe()
    order = next(iter(market.gateway.pages.values())).metadata["order"]
    await dana.sends(f"/start paid_{order}")

    assert "What was paid differs from what was ordered" in dana.screen
    assert "Try again" not in dana.buttons
    assert await market.balance(market.acme) == 14_250


async def test_stripe_away_leaves_a_way_on(dana: Person, market: World) -> None:
    market.gateway.down = True
    await dana.sends("/topup")
    await dana.taps("50 points")
    assert "Stripe doesn't answer right now. Nothing was charged." in dana.screen

    market.gateway.down = False
    await dana.taps("Try again")
    assert dana.url("Pay 40\xa0USD").startswith("https://checkout.example/")


async def test_a_page_that_stripe_refuses_leaves_a_way_on(dana: Person, market: World) -> None:
    market.gateway.refuses = "amount_too_small"
    await dana.sends("/topup")
    await dana.taps("50 points")

    assert "One payment can be 0.50\xa0USD to 999,999.99\xa0USD." in dana.screen
    assert dana.buttons[-1] == "Menu"


async def test_a_retired_pack_is_not_sold_from_an_old_menu(dana: Person, nora: Person, market: World) -> None:
    await dana.sends("/topup")
    menu = dana.shown
    owner = await market.person_id(nora)
    _, packs, _ = await market.db.read(catalogue.pack_cards, owner)
    await market.db.write(catalogue.retire_pack, market.call(owner), packs[1].id)

    await dana.taps("50 points", on=menu)

    assert dana.buttons[-1] == "Menu"
    assert not market.gateway.pages


async def test_exact_amount_shows_the_money_before_it_is_paid(dana: Person, market: World) -> None:
    await dana.sends("/topup")
    await dana.taps("Exact amount")
    assert "One point costs 1\xa0USD." in dana.screen

    await dana.sends("12.34")
    assert "12.34 points for 12.34\xa0USD" in dana.screen
    assert not market.gateway.pages

    await dana.taps("Pay 12.34\xa0USD")
    market.gateway.pay(dana.url("Pay 12.34\xa0USD"))
    await market.hear_from_stripe()
    assert "12.34 points arrived!\nYou have 154.84." in dana.screen


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("many", "That isn't an amount. Try 10 or 2.50."),
        ("1.000", "That could be read in two ways."),
        ("0", "That can't be used."),
        ("-5", "That can't be used."),
        ("900000000", "One payment can be 0.50\xa0USD to 999,999.99\xa0USD."),
        ("<b>" * 1_500, "That isn't an amount."),
    ],
)
async def test_a_wrong_number_of_points_says_why_and_asks_again(dana: Person, typed: str, why: str) -> None:
    await dana.sends("/topup")
    await dana.taps("Exact amount")

    await dana.sends(typed)
    assert why in dana.screen
    assert "Send a number, such as 12.5." in dana.screen

    await dana.sends("10")
    assert "10 points for 10\xa0USD" in dana.screen


async def test_a_small_exact_amount_becomes_the_least_that_stripe_takes(dana: Person) -> None:
    await dana.sends("/topup")
    await dana.taps("Exact amount")
    await dana.sends("0.1")

    assert "0.5 points for 0.50\xa0USD" in dana.screen


async def test_a_command_wins_over_the_question(dana: Person) -> None:
    await dana.sends("/topup")
    await dana.taps("Exact amount")
    await dana.sends("/history")
    assert dana.screen.startswith("History")

    await dana.sends("10")
    assert "for 10\xa0USD" not in dana.screen


async def test_cancelling_the_question_ends_it(dana: Person) -> None:
    await dana.sends("/topup")
    await dana.taps("Exact amount")
    await dana.taps("Cancel")
    assert dana.screen.startswith("Top up")

    await dana.sends("10")
    assert "for 10\xa0USD" not in dana.screen


async def test_a_viewer_is_told_who_can_buy(vic: Person, market: World) -> None:
    await vic.sends("/topup")
    await vic.taps("50 points")
    assert vic.toast == "Only the owner or billing can do this: Dana."

    await vic.taps("Exact amount")
    assert vic.toast == "Only the owner or billing can do this: Dana."
    assert not market.gateway.pages


async def test_nothing_is_sold_while_billing_is_off(dana: Person, nora: Person, market: World) -> None:
    await dana.sends("/topup")
    menu = dana.shown
    owner = await market.person_id(nora)
    await market.db.write(catalogue.set_credit_billing, market.call(owner), on=False)

    await dana.taps("50 points", on=menu)
    assert "Buying is switched off at the moment." in dana.screen
    assert not market.gateway.pages

    await dana.sends("/topup")
    assert dana.buttons == ["Menu"]


async def test_test_mode_sells_nothing(dana: Person, market: World) -> None:
    facts = ("acct_1", "Northwind", False, True, "USD")
    await market.db.write(keep_account, PARTNER, facts, LONG_AGO, test_payments=False)

    await dana.sends("/topup")

    assert "Buying is switched off at the moment." in dana.screen


async def test_others_who_look_after_the_money_are_told(dana: Person, nora: Person, market: World) -> None:
    bill = market.person("Bill")
    await market.join(bill, market.acme, Role.BILLING)
    market.gateway.pay(await _opens_pack(dana, "50 points"))
    await market.hear_from_stripe()

    assert bill.screen.startswith("Acme Support\n50 points arrived!")


async def test_points_from_the_partner_are_told_with_the_reason(
    dana: Person, nora: Person, market: World
) -> None:
    owner = await market.person_id(nora)
    given = await market.db.write(adjust.adjust, market.call(owner), market.acme, 5_000, "welcome <bonus>")
    await market.deliver()
    assert "Northwind Chat added 50 points.\nwelcome <bonus>\nYou have 192.5 points." in dana.screen

    await market.db.write(adjust.undo, market.call(owner), market.acme, given.number)
    await market.deliver()
    assert "Northwind Chat took a change of points back: −50." in dana.screen
