"""People with access: roles, taking access, leaving, handing over (R34)."""

from billing import adjust, people
from billing.access import Role

from .people import Person
from .world import World


async def _opens(person: Person, name: str) -> None:
    await person.sends("/menu")
    await person.taps("More")
    await person.taps("People with access")
    await person.taps(f"{name} ·")


async def test_everybody_sees_who_has_access(vic: Person) -> None:
    await vic.sends("/menu")
    await vic.taps("More")
    await vic.taps("People with access")

    assert "• Dana · owner\n• Vic · viewer · you" in vic.screen


async def test_an_owner_gives_a_role_and_the_person_is_told(dana: Person, vic: Person, market: World) -> None:
    await _opens(dana, "Vic")
    await dana.taps("billing")
    assert "billing ✓" in dana.buttons
    await market.deliver()
    assert "Your role is billing now." in vic.screen

    await vic.sends("/topup")
    await vic.taps("50 points")
    assert vic.url("Pay").startswith("https://")


async def test_only_an_owner_changes_people(vic: Person, market: World) -> None:
    await _opens(vic, "Dana")
    for button in ("viewer", "Hand over to them"):
        before = vic.shown
        await vic.taps(button)
        assert vic.toast == "Only an owner can do this: Dana."
        await vic.presses(before.button("People").callback_data or "")
        assert "Dana · owner" in vic.screen
        await vic.taps("Dana ·")


async def test_a_viewer_cant_invite(vic: Person) -> None:
    await vic.sends("/menu")
    await vic.taps("More")
    await vic.taps("People with access")
    await vic.taps("Invite somebody")

    assert vic.toast == "Only an owner can do this: Dana."


async def test_taking_access_wants_a_second_tap_and_is_told(dana: Person, vic: Person, market: World) -> None:
    await vic.sends("/topup")
    await _opens(dana, "Vic")
    await dana.taps("Take access away")
    assert dana.screen.startswith("Take access from Vic?")
    await dana.taps("Take access away")
    assert "Vic" not in dana.screen

    await market.deliver()
    assert vic.screen.startswith("Acme Support\nYou have no access any more.")
    await vic.taps("Menu")
    assert vic.screen.startswith("This bot belongs to Northwind Chat's customers.")


async def test_who_leaves_needs_a_new_invite(vic: Person, dana: Person, market: World) -> None:
    await _opens(vic, "Vic")
    await vic.taps("Leave")
    assert "You need a new invite to come back." in vic.screen
    await vic.taps("Leave")
    assert "You have left Acme Support." in vic.screen

    await vic.sends("/start")
    assert "Acme" not in vic.screen


async def test_the_last_owner_cant_leave(dana: Person) -> None:
    await _opens(dana, "Dana")
    await dana.taps("Leave")
    assert dana.screen.startswith("Somebody has to own Acme Support")
    assert "Invite somebody" in dana.buttons

    await _opens(dana, "Dana")
    await dana.taps("viewer")
    assert dana.toast == "Somebody has to own the workspace. Hand it over first."


async def test_handing_over_swaps_the_roles(dana: Person, vic: Person, market: World) -> None:
    await _opens(dana, "Vic")
    await dana.taps("Hand over to them")
    assert "They become the owner, you become billing." in dana.screen
    await dana.taps("Hand over")
    assert "• Vic · owner" in dana.screen
    assert "• Dana · billing · you" in dana.screen

    await market.deliver()
    assert "Your role is owner now." in vic.screen


async def test_a_replaced_owner_is_told(dana: Person, nora: Person, market: World) -> None:
    owner = await market.person_id(nora)
    await market.db.write(
        people.invite_from_desk, market.call(owner), market.acme, Role.OWNER, "new", replaces_owners=True
    )
    fresh = market.person("Fay")
    await fresh.sends("/start j_new")
    assert "Welcome to Acme Support." in fresh.screen
    await market.deliver()

    assert "Northwind Chat has given it a new owner, so your access has ended." in dana.screen


async def test_news_on_its_way_doesnt_reach_who_was_removed(
    dana: Person, nora: Person, market: World
) -> None:
    bill = market.person("Bill")
    await market.join(bill, market.acme, Role.BILLING)
    await market.deliver()
    market.clock.turn(seconds=1)
    owner = await market.person_id(nora)
    await market.db.write(adjust.adjust, market.call(owner), market.acme, 7_700, "secret bonus")
    dana_id, bill_id = await market.person_id(dana), await market.person_id(bill)
    await market.db.write(people.remove_member, market.call(dana_id), market.acme, bill_id)
    await market.deliver()

    assert "Northwind Chat added 77 points." in dana.screen
    assert bill.messages == 1
    assert "You have no access any more." in bill.screen
