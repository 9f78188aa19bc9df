"""Who may do what at the desk, who gets in, and what a forger gets: nothing (R33, R34)."""

import re
from collections import deque

import pytest
from aiogram.filters.callback_data import CallbackData

from billing import people
from billing.access import DeskRole
from handlers.partner import buttons

from .people import Person
from .test_partner_workspaces import _link
from .world import World


async def _joins_desk(world: World, name: str, role: DeskRole) -> Person:
    owner = await world.person_id(Person(world, 501, "Nora"))
    person = world.person(name)
    await world.db.write(people.invite_admin, world.call(owner), role, f"desk-{name}")
    await world.db.write(people.accept_invite, world.call(await world.person_id(person)), f"desk-{name}")
    return person


async def test_an_owner_invites_an_admin_who_may_all_but_invite(market: World, nora: Person) -> None:
    await nora.sends("/partner")
    await nora.taps("People")
    await nora.taps("Invite an admin")
    adam = market.person("Adam")
    await adam.opens(_link(nora.screen))
    assert "Northwind Chat · ● selling" in adam.screen
    await adam.sends(f"/points {market.acme} +5 hello")
    assert "142.5 → 147.5" in adam.screen
    await adam.sends("/admins")
    await adam.taps("Invite support")
    assert "Ask Nora" in adam.toast
    await nora.sends("/admins")
    assert "Adam · admin" in nora.screen
    await nora.taps("Remove Adam")
    await nora.taps("Remove Adam")
    assert "Adam" not in nora.screen
    await adam.sends("/partner")
    assert "This bot belongs to Northwind Chat's customers." in adam.screen


async def test_a_desk_is_handed_over_to_a_second_owner(market: World, nora: Person) -> None:
    await nora.sends("/admins")
    await nora.taps("Invite an owner")
    olaf = market.person("Olaf")
    await olaf.opens(_link(nora.screen))
    await olaf.sends("/admins")
    assert "Olaf · owner · you" in olaf.screen
    await olaf.taps("Remove Nora")
    assert "take it out there too" in olaf.screen
    await olaf.taps("Remove Nora")
    assert "Nora" not in olaf.screen
    await nora.sends("/partner")
    assert "This bot belongs to Northwind Chat's customers." in nora.screen


async def test_the_last_owner_cannot_be_removed(market: World, nora: Person) -> None:
    await nora.sends("/partner")
    await nora.presses(buttons.RemoveAdmin(person_id=await market.person_id(nora), sure=True))
    assert "Somebody has to own" in nora.toast


async def test_support_looks_and_changes_nothing(market: World, nora: Person) -> None:
    sue = await _joins_desk(market, "Sue", DeskRole.SUPPORT)
    await sue.sends("/workspaces")
    await sue.taps("Acme Support")
    assert "142.5 points" in sue.screen
    for step in ("± Points", "Pause", "Replace owner"):
        await sue.taps(step)
        assert "Your role at the desk only looks. Ask Nora." in sue.toast, step
    await sue.sends(f"/points {market.acme} +500 for me")
    assert "Your role at the desk only looks. Ask Nora." in sue.screen
    await sue.sends("/packs")
    await sue.taps("Add a pack")
    assert "only looks" in sue.toast
    await sue.sends("/settings")
    await sue.taps("Switch credit billing off")
    assert "only looks" in sue.toast
    await sue.sends("/addons")
    await sue.taps("Extra bot")
    await sue.presses(buttons.SavePrice(addon_id=await market.addon("Extra bot"), price=1))
    assert "only looks" in sue.toast
    assert await market.balance(market.acme) == 14_250


async def _forgeries(market: World) -> list[CallbackData]:
    bot = await market.addon("Extra bot")
    return [
        buttons.Desk(),
        buttons.Workspaces(),
        buttons.WorkspaceCard(id=market.acme),
        buttons.TakePoints(id=market.acme, amount=-100, debt=True),
        buttons.UndoPoints(id=market.acme, number=1),
        buttons.SetUnits(id=market.acme, addon_id=bot, units=3, refund=True, quoted=0),
        buttons.SetPause(id=market.acme, paused=True),
        buttons.AnswerRequest(id=market.acme, addon_id=bot, approve=True),
        buttons.Invite(id=market.acme, role="owner"),
        buttons.ReplaceOwner(id=market.acme, sure=True),
        buttons.InviteToDesk(role="owner"),
        buttons.SavePrice(addon_id=bot, price=0),
        buttons.RetirePack(id=1, sure=True),
        buttons.CreditBilling(on=False, settings=True),
        buttons.Audit(),
    ]


async def test_a_customer_who_forges_the_desks_buttons_gets_nothing(market: World, dana: Person) -> None:
    await dana.sends("/start")
    own = dana.screen
    for forged in await _forgeries(market):
        await dana.presses(forged)
        assert dana.screen == own, forged
    for command in ("/partner", "/workspaces", f"/ws {market.acme}", "/audit", "/settings", "/admins"):
        await dana.sends(command)
        assert dana.screen == own, command
    await dana.sends(f"/points {market.acme} +500 for me")
    assert await market.balance(market.acme) == 14_250


async def test_commands_that_customers_have_too_stay_theirs(
    market: World, nora: Person, dana: Person
) -> None:
    await dana.sends("/points")
    assert "142.5" in dana.screen
    assert "Adds or takes points" not in dana.screen
    await dana.sends("/addons")
    assert "Extra bot" in dana.screen
    assert "what it costs you" not in dana.screen
    await nora.sends("/addons")
    assert "what it costs you" in nora.screen


async def test_a_stranger_who_forges_sees_the_greeting(market: World, stranger: Person) -> None:
    await stranger.sends("/start")
    for forged in await _forgeries(market):
        await stranger.presses(forged)
        assert "This bot belongs to Northwind Chat's customers." in stranger.screen


@pytest.mark.parametrize("data", ["pw:abc", "pw:-1", f"pw:{2**70}", "pw", "pzs:1:maybe", "pl|open|-1|x"])
async def test_data_that_no_button_ever_carried_leads_to_the_desk(
    market: World, nora: Person, data: str
) -> None:
    await nora.sends("/audit")
    await nora.presses(data)
    assert "Northwind Chat · ● selling" in nora.screen


async def test_an_owner_who_lost_the_account_is_replaced(market: World, nora: Person, dana: Person) -> None:
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Replace owner")
    assert "For an owner who lost the account: Dana." in nora.screen
    assert nora.button("Make the link").style == "danger"
    await nora.taps("Make the link")
    dora = market.person("Dora")
    await dora.opens(_link(nora.screen))
    assert "Acme Support" in dora.screen
    await dana.sends("/start")
    assert "This bot belongs to Northwind Chat's customers." in dana.screen
    await nora.sends(f"/ws {market.acme}")
    assert "People  Dora (owner)" in nora.screen


async def test_invite_by_command(market: World, nora: Person) -> None:
    await nora.sends(f"/invite {market.acme} viewer")
    assert "A link into Acme Support, as viewer." in nora.screen
    vera = market.person("Vera")
    await vera.opens(_link(nora.screen))
    await nora.sends(f"/ws {market.acme}")
    assert "Vera (viewer)" in nora.screen
    for typed in (f"/invite {market.acme} boss", "/invite 999 owner", "/invite someone"):
        await nora.sends(typed)
        assert f"/invite {market.acme} owner makes one for Acme Support." in nora.screen
    await nora.sends("/invite")
    await nora.taps("Acme Support")
    await nora.taps("Billing")
    assert "A link into Acme Support, as billing." in nora.screen


async def test_the_audit_tells_who_did_what(market: World, nora: Person) -> None:
    await nora.sends(f"/points {market.acme} +50 welcome <bonus>")
    await nora.sends(f"/pause {market.acme} late & later")
    await nora.sends("/audit")
    assert re.search(r"Nora: points of Acme Support 142\.5 → 192\.5, welcome <bonus> · ", nora.screen)
    assert "Nora: paused Acme Support, late & later · " in nora.screen
    assert '<tg-time unix="1794820320"' in nora.html
    told = nora.screen
    await nora.taps("older ›")
    told += nora.screen
    assert "price of +1,000 bot users – → 5" in told
    assert "added a pack: 150 + 25 bonus · 110\xa0USD" in told
    await nora.taps("‹ newer")
    await nora.sends(f"/ws {market.acme}")
    await nora.taps("Audit")
    assert "price of" not in nora.screen
    await nora.taps("‹ Workspace")
    assert "❚❚ paused" in nora.screen


async def test_every_screen_of_the_desk_opens_and_has_a_way_back(market: World, nora: Person) -> None:
    await nora.sends("/partner")
    seen = {"menu"}
    waiting = deque([nora.shown])
    screens = 0
    while waiting:
        shown = waiting.popleft()
        for button in shown.buttons:
            data = button.callback_data
            # One of a kind is enough for lists; ids differ, screens don't.
            kind = re.sub(r"\d+", "#", data) if data is not None else None
            if data is None or kind in seen:
                continue
            seen.add(kind or "")
            await nora.presses(data, on=shown)
            screens += 1
            targets = [each for each in nora.shown.buttons if each.callback_data is not None]
            assert targets, f"no way on from:\n{nora.screen}"
            assert any(re.match("‹|Cancel|Open", each.text) or each.text == "Menu" for each in targets) or (
                nora.screen.startswith("Northwind Chat ·")
            ), nora.screen
            waiting.append(nora.shown)
    assert screens > 45
