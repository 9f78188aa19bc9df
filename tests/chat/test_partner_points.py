"""Points by hand (R31): by command, by menu, below zero, undone, mistyped."""

import pytest

from billing.access import DeskRole
from billing.ledger import Kind
from storage.models import Partner, PartnerAdmin, Plan
from storage.transaction import Tx

from .people import Person
from .test_reminders import buys
from .test_renewal_notice import boundary, set_grace
from .world import PARTNER, World


async def test_the_command_adds_points_and_says_who_knows(market: World, nora: Person, dana: Person) -> None:
    await nora.sends(f"/points {market.acme} +50 welcome bonus")
    assert "Acme Support: +50 points, welcome bonus" in nora.screen
    assert "142.5 → 192.5. They have been told." in nora.screen
    assert await market.balance(market.acme) == 19_250
    assert await market.deliver() == 1
    assert "welcome bonus" in dana.screen


async def test_undo_takes_the_points_back_once_and_only_for_ten_minutes(market: World, nora: Person) -> None:
    await nora.sends(f"/points {market.acme} +50 oops")
    first = nora.shown
    await nora.taps("Undo")
    assert "192.5 → 142.5" in nora.screen
    await nora.taps("Undo", on=first)
    assert await market.balance(market.acme) == 14_250
    await nora.sends(f"/points {market.acme} +50 again")
    market.clock.turn(minutes=10, seconds=1)
    await nora.taps("Undo")
    assert "ten minutes" in nora.toast
    assert await market.balance(market.acme) == 19_250


async def test_a_debt_wants_a_second_tap_and_is_made_once(market: World, nora: Person) -> None:
    await nora.sends(f"/points {market.acme} -150 double credit")
    assert "Acme Support has 142.5; taking 150 leaves −7.5 and stops buying." in nora.screen
    assert await market.balance(market.acme) == 14_250
    asked = nora.shown
    assert nora.button("Take 150 all the same").style == "danger"
    await nora.taps("Take 150 all the same")
    assert "−150 points, double credit" in nora.screen
    assert "142.5 → −7.5" in nora.screen
    await nora.taps("Take 150 all the same", on=asked)
    assert await market.balance(market.acme) == -750


async def test_undoing_a_gift_that_is_spent_wants_a_second_tap_too(market: World, nora: Person) -> None:
    """R31."""
    await nora.sends(f"/points {market.acme} +50 welcome")
    gift = nora.shown
    await nora.sends(f"/points {market.acme} -180 spent")

    await nora.taps("Undo", on=gift)
    assert "Acme Support has 12.5; taking 50 leaves −37.5 and stops buying." in nora.screen
    assert await market.balance(market.acme) == 1_250
    await nora.taps("Take 50 all the same")

    assert "−50 points, taken back: welcome" in nora.screen
    assert await market.balance(market.acme) == -3_750


async def test_the_partner_reads_what_the_points_renewed_and_bought(
    market: World, nora: Person, dana: Person
) -> None:
    """R31: the same way as a payment."""
    await market.db.write(set_grace, 3)
    await buys(market, dana, "+10,000 bot users", 5)
    await boundary(market)

    await nora.sends(f"/points {market.acme} +82.5 sorry")

    assert "Renewed with it: 3 × +10,000 bot users, for 90 points." in nora.screen


async def test_taking_what_is_there_leaves_zero(market: World, nora: Person) -> None:
    await nora.sends(f"/points {market.acme} -150 double credit")
    await nora.taps("Take 142.5")
    assert "142.5 → 0" in nora.screen
    assert (Kind.ADJUSTMENT, -14_250) in await market.postings(market.acme)


async def test_by_menu_workspace_then_amount_then_reason(market: World, nora: Person) -> None:
    await nora.sends("/partner")
    await nora.taps("Adjust points")
    await nora.taps("Acme Support")
    assert "How many points?" in nora.screen
    await nora.sends("many")
    assert "That isn't an amount." in nora.screen
    assert "How many points?" in nora.screen
    await nora.sends("+12.50")
    assert "A reason is missing." in nora.screen
    await nora.sends("thank you")
    assert "142.5 → 155" in nora.screen


async def test_cancel_and_commands_win_over_a_pending_question(market: World, nora: Person) -> None:
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("± Points")
    await nora.taps("Cancel")
    await nora.sends("+50 too late")
    assert await market.balance(market.acme) == 14_250
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("± Points")
    await nora.sends("/packs")
    assert "Packs" in nora.screen
    await nora.sends("+50 too late")
    assert await market.balance(market.acme) == 14_250


@pytest.mark.parametrize(
    ("typed", "said", "balance"),
    [
        ("0 nothing", "Zero points change nothing.", 14_250),
        ("1e9 much", "That isn't an amount.", 14_250),
        ("NaN much", "That isn't an amount.", 14_250),
        ("1.2345 x", "That has too many decimals.", 14_250),
        ("1.234 x", "That could be read in two ways.", 14_250),
        ("999999999999 x", "That is too large.", 14_250),
        ("+50", "A reason is missing. The customer reads it.", 14_250),
        ("-1 a little", "142.5 → 141.5", 14_150),
        ("−1 a little", "142.5 → 141.5", 14_150),
        ("٣ three", "142.5 → 145.5", 14_550),
        ("1,5 comma", "142.5 → 144", 14_400),
        ("1.5 point", "142.5 → 144", 14_400),
    ],
)
async def test_what_people_type_is_read_or_answered_with_why(
    market: World, nora: Person, typed: str, said: str, balance: int
) -> None:
    await nora.sends(f"/points {market.acme} {typed}")
    assert said in nora.screen
    assert await market.balance(market.acme) == balance


async def test_usage_is_an_example_from_the_partners_own_list(market: World, nora: Person) -> None:
    for typed in (
        "/points",
        f"/points {market.acme}",
        f"/points {market.acme} lots please",
        "/points x +5 y",
    ):
        await nora.sends(typed)
        assert f"/points {market.acme} +50 welcome bonus gives Acme Support 50 points" in nora.screen, typed


async def test_a_reason_can_follow_a_command_without_one(market: World, nora: Person) -> None:
    await nora.sends(f"/points {market.acme} +50")
    await nora.sends("welcome bonus")
    assert "142.5 → 192.5" in nora.screen


async def test_nobody_to_tell_is_said(market: World, nora: Person) -> None:
    empty = await market.workspace("Globex")
    await nora.sends(f"/points {empty} +5 start")
    assert "Nobody could be told yet: the workspace has no people." in nora.screen


async def test_another_partners_workspace_is_as_unknown_as_none(market: World, nora: Person) -> None:
    foreign = await _other_partners_workspace(market)
    for number in (foreign, 987_654, 10**17):
        await nora.sends(f"/points {number} +50 gift")
        assert f"There is no workspace {number} here." in nora.screen
        await nora.sends(f"/ws {number}")
        assert f"There is no workspace {number} here." in nora.screen
    assert await _balance(market, 2, foreign) == 0


async def _other_partners_workspace(market: World) -> int:
    from billing import workspaces

    other = market.person("Olga")
    person_id = await market.person_id(other)

    def found_it(tx: Tx) -> None:
        tx.session.add(Partner(id=2, name="Southwind", created_at=market.clock.now()))
        tx.session.add(
            PartnerAdmin(
                partner_id=2, person_id=person_id, role=DeskRole.OWNER.code, since=market.clock.now()
            )
        )
        tx.session.add(Plan(partner_id=2, id=99, name="Solo"))

    await market.db.write(found_it)
    made = await market.db.write(workspaces.create, market.call(person_id), "Secret", 99, "UTC", None)
    return made.id


async def _balance(market: World, partner_id: int, workspace_id: int) -> int:
    from storage.workspaces import wallet

    assert partner_id != PARTNER
    return (await market.db.read(wallet, partner_id, workspace_id)).balance
