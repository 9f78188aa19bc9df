"""Auto top-up by visible text: consent, card, failures and what mends them (R17-R19)."""

import datetime as dt

import pytest

from billing.access import Role
from tests.chat.conftest import ON_BOTH
from tests.chat.fakes import PROCESSING, THREE_D_SECURE, declined
from tests.chat.people import Person
from tests.chat.world import World

pytestmark = ON_BOTH


@pytest.fixture
async def needy(market: World, dana: Person) -> Person:
    """Acme renews 30 extra bots for 150 points on 1 December, and Dana has 67.50."""
    await dana.sends("/addons")
    await dana.taps("Extra bot")
    await dana.taps("other")
    await dana.sends("30")
    await dana.taps("Add for")
    return dana


def plain(person: Person) -> str:
    """The screen with ordinary spaces before currencies."""
    return person.screen.replace("\xa0", " ")


async def turn_on(market: World, dana: Person, pack: str = "for 40") -> None:
    """Consent, a card on Stripe's page, and the message changes by itself."""
    await dana.sends("/autotopup")
    await dana.taps("Turn on")
    await dana.taps(pack)
    await dana.taps("Agree and save a card")
    market.gateway.pay(dana.url("Open Stripe's page"))
    await pass_time(market, seconds=70)


async def pass_time(market: World, **by: float) -> None:
    market.clock.turn(**by)
    await market.services.automatic.run_due()
    await market.checkout.poll()
    await market.deliver()


async def at_renewal(market: World, **after: float) -> None:
    """A day before the renewal, when the first attempt is made."""
    market.clock.at = dt.datetime(2026, 11, 30, 0, 1, tzinfo=dt.UTC) + dt.timedelta(**after)
    await pass_time(market, seconds=1)


async def test_from_off_to_on_with_every_condition_read_before(market: World, dana: Person) -> None:
    """R17, R19."""
    await dana.sends("/autotopup")
    assert "○ off" in dana.screen
    await dana.taps("Turn on")
    await dana.taps("for 40")
    for condition in (
        "Buys 50 points for 40 USD, several of it only if a renewal needs them",
        "1 day before a renewal that your points don't cover",
        "Never more than 80 USD in a calendar month",
        "until you agree anew",
        "To stop: one tap here",
    ):
        assert condition in plain(dana)

    await dana.taps("Agree and save a card")
    shown = dana.messages
    market.gateway.pay(dana.url("Open Stripe's page"))
    await pass_time(market, seconds=70)

    assert dana.messages == shown, "the same message changes"
    assert "✓ Card saved." in dana.screen
    assert "● on" in dana.screen
    assert "Visa ···· 4242, until 12/28, saved by Dana" in dana.screen
    assert "At most · 80 USD a month, 0 USD used" in plain(dana)


async def test_off_is_one_tap_and_on_again_a_consent(market: World, dana: Person) -> None:
    """R17: the card is there still."""
    await turn_on(market, dana)
    await dana.taps("Turn off")
    assert "○ off" in dana.screen
    assert dana.toast == "Turned off."

    await dana.taps("Turn on")
    await dana.taps("Agree and turn on")
    assert "● on" in dana.screen


async def test_the_return_link_shows_that_the_card_is_saved(market: World, dana: Person) -> None:
    await dana.sends("/autotopup")
    await dana.taps("Turn on")
    await dana.taps("10 points")
    await dana.taps("Agree and save a card")
    url = dana.url("Open Stripe's page")
    back = market.gateway._asked[url.rsplit("/", 1)[1]]["success_url"]
    await dana.opens(back)
    assert "No card was saved yet." in dana.screen

    market.gateway.pay(url)
    await dana.opens(back)
    assert "✓ Card saved." in dana.screen
    assert "● on" in dana.screen


async def test_a_pack_paid_now_saves_the_card_too(market: World, dana: Person) -> None:
    """R17."""
    await dana.sends("/autotopup")
    await dana.taps("Turn on")
    await dana.taps("for 40")
    await dana.taps("Agree, pay 40 USD now")
    market.gateway.pay(dana.url("Pay 40"))
    await pass_time(market, seconds=70)
    await pass_time(market, seconds=10)

    assert "Auto top-up is on." in dana.screen
    assert await market.balance(market.acme) == 14_250 + 5_000


async def test_a_charge_is_told_with_what_it_bought(market: World, needy: Person) -> None:
    """R18, R19."""
    await turn_on(market, needy)
    await needy.taps("Limit")
    await needy.taps("120 USD")
    await at_renewal(market)

    assert "Auto top-up bought" in needy.screen
    await needy.taps("Auto top-up")
    assert "fine" in needy.screen


async def test_a_decline_says_why_and_is_mended_by_hand(market: World, needy: Person) -> None:
    """R18: the first failure, in plain words, with a button that mends it."""
    await turn_on(market, needy)
    market.gateway.next_charges = [declined("insufficient_funds")]
    await at_renewal(market)

    assert "⚠ Auto top-up couldn't charge 80 USD." in plain(needy)
    assert "not enough money" in needy.screen
    assert "Nothing was charged." in needy.screen
    assert "tried again" in needy.screen
    await needy.taps("Pay 80")
    before = await market.balance(market.acme)
    market.gateway.pay(needy.url("Pay 80"))
    await pass_time(market, seconds=70)

    assert await market.balance(market.acme) == before + 10_000
    await needy.sends("/autotopup")
    assert "paid by hand" in needy.screen


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent"])
async def test_a_reason_that_only_the_bank_may_tell_is_just_a_no(
    market: World, needy: Person, nora: Person, code: str
) -> None:
    """R18: and a hard decline stops it; the desk hears of the card."""
    await turn_on(market, needy)
    market.gateway.next_charges = [declined(code)]
    await at_renewal(market)

    assert "Auto top-up has stopped. The bank said no and didn't say why." in needy.screen
    assert "Nothing more is tried" in needy.screen
    await pass_time(market, hours=9)
    assert "The card of Acme Support fails" in nora.screen

    await needy.taps("Other card")
    market.gateway.pay(needy.url("Open Stripe's page"), "5555")
    await pass_time(market, seconds=70)
    await needy.sends("/autotopup")
    assert "● on" in needy.screen


async def test_three_d_secure_asks_to_confirm_and_pay(market: World, needy: Person) -> None:
    """R18."""
    await turn_on(market, needy)
    market.gateway.next_charges = [THREE_D_SECURE]
    await at_renewal(market)

    assert "The bank wants you to confirm the payment." in needy.screen
    await needy.taps("Confirm and pay 80")
    page = needy.url("Pay 80")
    await needy.sends("/autotopup")
    assert "A page to pay is open. Nothing is charged while it is." in needy.screen
    market.gateway.pay(page)
    await pass_time(market, seconds=70)
    assert "paid by hand" in await screen(needy)


async def screen(person: Person) -> str:
    await person.sends("/autotopup")
    return person.screen


async def test_asked_first_one_button_charges(market: World, needy: Person) -> None:
    """R17: the third state."""
    await turn_on(market, needy)
    await needy.taps("Ask me first")
    assert "◐ asks you first" in needy.screen
    await at_renewal(market)
    asked = needy.shown
    await needy.taps("Charge 80")
    assert "✓ Charged. The points are here." in needy.screen or "bought" in needy.screen
    await market.deliver()

    await needy.taps("Charge 80", on=asked)
    assert "Nothing has to be paid for any more" in needy.screen


async def test_while_nobody_knows_it_says_not_to_pay_again(market: World, needy: Person) -> None:
    """R19."""
    await turn_on(market, needy)
    market.gateway.charging = PROCESSING
    await at_renewal(market)
    assert "the bank is sending the money" in await screen(needy)
    market.gateway.down = True


async def test_who_only_looks_sees_it_without_buttons(market: World, dana: Person, vic: Person) -> None:
    """R19, R34."""
    await turn_on(market, dana)
    await vic.sends("/autotopup")
    assert "● on" in vic.screen
    assert vic.buttons == ["Menu"]

    await dana.sends("/autotopup")
    off = dana.button("Turn off").callback_data
    assert off is not None
    await vic.presses(off)
    assert "● on" in await screen(dana)


async def test_limit_low_balance_and_card_are_a_tap_each(market: World, dana: Person) -> None:
    """R19."""
    await turn_on(market, dana)
    await dana.taps("Limit")
    await dana.taps("No limit")
    assert "no limit" in dana.screen
    await dana.taps("Low balance")
    await dana.taps("25 points")
    assert "Also · below 25 points" in dana.screen
    await dana.taps("Card")
    await dana.taps("Remove card")
    assert "○ off" in dana.screen
    await pass_time(market, seconds=10)
    assert market.gateway.cards == {}


async def test_a_limit_and_a_low_balance_of_ones_own_are_typed(market: World, dana: Person) -> None:
    """R17: what can't be read is answered with what was wrong and an example, and the question stays."""
    await turn_on(market, dana)
    await dana.taps("Limit")
    await dana.taps("Other amount")
    for typed, said in (
        ("a lot", "That isn't a sum of money."),
        ("100 EUR", "The limit is counted in USD"),
        ("12.345", "That could be read in two ways."),
        ("12.3456", "That has too many decimals."),
        ("39.99", "One pack costs 40 USD: with less nothing could be bought."),
        ("0", "One pack costs 40 USD"),
        ("-80", "That isn't a sum of money."),
        ("1" * 20, "That is too large."),
    ):
        await dana.sends(typed)
        assert said in plain(dana)
        assert "such as 160 USD" in plain(dana)
    await dana.sends("$1,250.50")
    assert "At most · 1,250.50 USD a month" in plain(dana)
    await dana.taps("Limit")
    assert "Other amount (1,250.50 USD ✓)" in [each.replace("\xa0", " ") for each in dana.buttons]

    await dana.taps("Back")
    await dana.taps("Low balance")
    await dana.taps("Other amount")
    for typed, said in (("few", "That isn't a number of points."), ("0", "take a number above zero")):
        await dana.sends(typed)
        assert said in dana.screen
        assert "such as 12.5" in dana.screen
    await dana.sends("7.25")
    assert "Also · below 7.25 points" in dana.screen


async def test_a_limit_is_typed_while_the_consent_is_read(market: World, dana: Person) -> None:
    """R17: nothing is set before it is agreed to."""
    await dana.sends("/autotopup")
    await dana.taps("Turn on")
    await dana.taps("for 40")
    await dana.taps("Other limit")
    await dana.taps("Other amount")
    await dana.sends("90 usd")
    assert "Never more than 90 USD in a calendar month" in plain(dana)
    await dana.taps("Agree and save a card")
    market.gateway.pay(dana.url("Open Stripe's page"))
    await pass_time(market, seconds=70)
    assert "At most · 90 USD a month" in plain(dana)


async def test_amounts_are_read_as_the_reader_writes_them(market: World, dana: Person) -> None:
    """A comma for decimals in German, also where the words are English."""
    await turn_on(market, dana)
    hans = market.person("Hans", language="de")
    await market.join(hans, market.acme, Role.BILLING)
    await hans.sends("/autotopup")
    await hans.taps("Low balance")
    await hans.taps("Other amount")
    await hans.sends("1.250,50")
    await dana.sends("/autotopup")
    assert "below 1,250.5 points" in dana.screen


async def test_who_only_looks_is_asked_for_no_limit(market: World, dana: Person, vic: Person) -> None:
    """R34."""
    await turn_on(market, dana)
    await dana.taps("Limit")
    other = dana.button("Other amount").callback_data
    assert other is not None
    await vic.sends("/autotopup")

    await vic.presses(other)
    await vic.sends("90")

    assert "At most · 80 USD a month" in plain_of(await screen(dana))


def plain_of(text: str) -> str:
    return text.replace("\xa0", " ")


async def test_a_retired_pack_asks_for_another_consent(market: World, needy: Person, nora: Person) -> None:
    """R17."""
    await turn_on(market, needy)
    await nora.sends("/packs")
    await nora.taps("50 points")
    await nora.taps("Take off sale")
    await nora.taps("Take off sale")
    await at_renewal(market)

    assert "Auto top-up waits for you." in needy.screen
    await needy.taps("Choose a pack")
    await needy.taps("10 points")
    await needy.taps("Agree and turn on")
    assert "● on" in needy.screen


async def test_stripe_down_is_a_screen_with_a_way_back(market: World, dana: Person) -> None:
    await dana.sends("/autotopup")
    await dana.taps("Turn on")
    await dana.taps("for 40")
    market.gateway.down = True
    await dana.taps("Agree and save a card")
    assert "Stripe doesn't answer right now." in dana.screen
    await dana.taps("Back")
    assert "A card is missing" in dana.screen
    market.gateway.down = False
    await dana.taps("Save a card")
    assert dana.url("Open Stripe's page")


async def test_an_owner_who_is_replaced_loses_the_card_and_all_hear_of_it(
    market: World, dana: Person, nora: Person
) -> None:
    """R34."""
    bill = market.person("Bill")
    await market.join(bill, market.acme, Role.BILLING)
    await turn_on(market, dana)
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Replace owner")
    await nora.taps("Make the link")
    copied = nora.button("Copy").copy_text
    assert copied is not None
    nell = market.person("Nell")
    await nell.opens(copied.text)
    await market.deliver()

    assert any("Switched off with the card" in each for each in bill.screens)
    assert "○ off" in await screen(nell)
