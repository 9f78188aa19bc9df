"""What is read in both chats when the test is over (R26)."""

import pytest

from billing import adjust
from billing.account import refresh_account
from billing.automatic import agreement
from storage import catalogue

from .conftest import NORA
from .people import Person
from .world import PARTNER, World


async def has_key(market: World, *, live: bool) -> None:
    """The bot starts with a key of this mode; notices go out."""
    market.gateway.live = live
    await refresh_account(market.payments, PARTNER, test_payments=True)
    await market.deliver()


@pytest.fixture
async def trial(market: World) -> World:
    """In test mode, where it is allowed."""
    await has_key(market, live=False)
    return market


async def buys(market: World, dana: Person, pack: str = "50 points") -> None:
    await dana.sends("/topup")
    await dana.taps(pack)
    market.gateway.pay(dana.url("Pay"))
    await market.hear_from_stripe()


async def test_both_are_told_what_was_taken_and_why(trial: World, dana: Person, nora: Person) -> None:
    """142.5 points of the partner's, 50 of a test payment: 142.5 stay."""
    await buys(trial, dana)

    await has_key(trial, live=True)

    assert (
        dana.screen
        == """\
Acme Support
The test is over: 50 points of test payments are gone.
In test mode no money moves, so those points were only to try it out. From now on payments are real.
You have 142.5 points.
[ Top up ]
[ History ] [ Open ]"""
    )
    assert (
        nora.screen
        == """\
✓ You are live. In 1 workspace what was tried out in test mode has ended: 50 test points are taken back.
[ Audit ] [ ‹ Desk ]"""
    )
    await nora.taps("Audit")
    assert "went live: tests in 1 workspace ended, 50 points taken back" in nora.screen
    assert "test over in Acme Support: 50 points taken back, balance 192.5 → 142.5" in nora.screen


async def test_spent_points_are_said_to_stay_spent(trial: World, dana: Person) -> None:
    """50 of a test payment and 142.5 of the partner's; all but 20 are gone again."""
    await buys(trial, dana)
    desk = await trial.person_id(Person(trial, NORA, "Nora"))
    await trial.db.write(adjust.adjust, trial.call(desk), trial.acme, -17_250, "used up")
    await trial.deliver()

    await has_key(trial, live=True)

    assert "The test is over: 20 points of test payments are gone." in dana.screen
    assert "30 points of test payments are spent already and stay so." in dana.screen
    assert "What was added with them stays until its renewal." in dana.screen
    assert "You have 0 points." in dana.screen


async def test_the_history_explains_it_to_both(trial: World, dana: Person, nora: Person) -> None:
    await buys(trial, dana)
    await has_key(trial, live=True)

    await dana.sends("/history")
    assert "Points of test payments taken back" in dana.screen
    await dana.taps("1")
    assert (
        "In test mode no money moves, so going live took what test payments had brought: 50 points."
        in dana.screen
    )
    await nora.sends(f"/ws {trial.acme}")
    await nora.taps("History")
    assert "points of test payments, as you went live" in nora.screen


async def test_an_open_payment_and_the_card_say_that_the_test_is_over(
    trial: World, dana: Person, nora: Person
) -> None:
    owner = await trial.person_id(dana)
    pack = (await trial.db.read(catalogue.packs, PARTNER))[0].id
    await trial.db.write(agreement.agree, trial.call(owner), trial.acme, pack, None)
    await dana.sends("/autotopup")
    await dana.taps("Save a card")
    trial.gateway.pay(dana.url("Stripe"))
    trial.clock.turn(seconds=90)
    await trial.services.automatic.run_due()
    await trial.deliver()
    await dana.sends("/topup")
    await dana.taps("50 points")

    await has_key(trial, live=True)

    assert "The test is over: from now on payments are real." in dana.screen
    assert "A test payment that was open can't be paid any more." in dana.screen
    assert "The test card is removed." in dana.screen
    assert "Auto top-up is off now. You can switch it on again." in dana.screen
    assert any(
        "This was a test payment, and the test is over. Nothing was charged." in each for each in dana.screens
    )
    await dana.taps("Auto top-up")
    assert "Switched off with the test card, as the test is over." in dana.screen


async def test_the_desk_says_beforehand_what_going_live_takes(trial: World, nora: Person) -> None:
    await nora.sends("/stripe")

    assert "Connected to Northwind in test mode." in nora.screen
    assert "Going live takes those points back, to zero at the lowest." in nora.screen
