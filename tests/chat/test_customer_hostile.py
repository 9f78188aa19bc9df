"""Forged buttons, lost rights, old menus, and names that want to be markup."""

import pytest
from aiogram.filters.callback_data import CallbackData

from billing import catalogue, pausing, people
from billing.access import Role
from billing.text import clean
from handlers.customer import buttons

from .people import Person
from .world import World

HOSTILE_NAMES = ["<b>Bold</b> & <script>", "\u202eевил\u202c gnp.exe", "x" * 5_000, "</code></b>", "🤖" * 200]


async def _bakery(market: World) -> tuple[int, Person]:
    """Another customer's workspace with points and add-ons, and its owner."""
    bakery = await market.workspace("Bakery", points=50_000)
    ben = market.person("Ben")
    await market.join(ben, bakery, Role.OWNER)
    await ben.sends("/addons")
    await ben.taps("Extra bot")
    await ben.taps("2")
    await ben.taps("Add for")
    return bakery, ben


def _every_button(workspace: int, addon: int, person: int) -> list[CallbackData]:
    return [
        buttons.Home(workspace=workspace),
        buttons.TopUp(workspace=workspace),
        buttons.AskExact(workspace=workspace, currency="USD"),
        buttons.Pay(workspace=workspace, pack_id=1),
        buttons.Pay(workspace=workspace, pack_id=0, points=500, currency="USD"),
        buttons.Forget(workspace=workspace, addon=addon),
        buttons.Addons(workspace=workspace),
        buttons.AddonCard(workspace=workspace, addon=addon),
        buttons.AskUnits(workspace=workspace, addon=addon),
        buttons.QuoteUnits(workspace=workspace, addon=addon, units=3),
        buttons.SetUnits(workspace=workspace, addon=addon, units=3, quoted=250),
        buttons.SetUnits(workspace=workspace, addon=addon, units=0, quoted=-467, over=True),
        buttons.UndoChange(workspace=workspace, addon=addon, number=1),
        buttons.Renews(workspace=workspace, addon=addon, renews=False),
        buttons.RequestRemoval(workspace=workspace, addon=addon, units=0),
        buttons.WithdrawRequest(workspace=workspace, addon=addon),
        buttons.PayFor(workspace=workspace, addon=addon, units=300, pack_id=1),
        buttons.PayFor(workspace=workspace, addon=addon, units=300),
        buttons.History(workspace=workspace),
        buttons.HistoryRow(workspace=workspace, number=1),
        buttons.Export(workspace=workspace),
        buttons.People(workspace=workspace),
        buttons.Member(workspace=workspace, person=person),
        buttons.ChooseInvite(workspace=workspace),
        buttons.Invite(workspace=workspace, role="owner"),
        buttons.SetRole(workspace=workspace, person=person, role="viewer"),
        buttons.Remove(workspace=workspace, person=person, sure=True),
        buttons.HandOver(workspace=workspace, person=person, sure=True),
    ]


async def test_buttons_of_a_foreign_workspace_show_and_change_nothing(dana: Person, market: World) -> None:
    bakery, ben = await _bakery(market)
    ben_id, bot = await market.person_id(ben), await market.addon("Extra bot")
    before = await market.postings(bakery)
    await dana.sends("/menu")
    for forged in _every_button(bakery, bot, ben_id):
        await dana.presses(forged)
        assert "Bakery" not in dana.screen, forged
        assert "Ben" not in dana.screen + dana.toast, forged
        assert dana.screen.startswith("Acme Support"), forged
    assert await market.postings(bakery) == before
    assert not market.gateway.pages
    access = await market.db.read(people.access, ben_id, bakery)
    assert [member.role for member in access.members] == [Role.OWNER]


async def test_a_stranger_with_forged_buttons_gets_the_greeting(stranger: Person, market: World) -> None:
    bot = await market.addon("Extra bot")
    await stranger.sends("/start")
    for forged in _every_button(market.acme, bot, 1):
        await stranger.presses(forged)
        assert stranger.screen.startswith("This bot belongs to"), forged
        assert stranger.buttons == [], forged
    assert await market.balance(market.acme) == 14_250


async def test_an_ex_member_keeps_nothing_of_an_old_menu(dana: Person, vic: Person, market: World) -> None:
    await vic.sends("/addons")
    menu = vic.shown
    dana_id, vic_id = await market.person_id(dana), await market.person_id(vic)
    await market.db.write(people.remove_member, market.call(dana_id), market.acme, vic_id)

    await vic.taps("Extra bot", on=menu)

    assert vic.screen.startswith("This bot belongs to")


async def test_rights_are_those_of_the_moment_of_the_tap(dana: Person, market: World) -> None:
    bill = market.person("Bill")
    await market.join(bill, market.acme, Role.BILLING)
    await bill.sends("/addons")
    await bill.taps("Extra bot")
    await bill.taps("2")
    dana_id, bill_id = await market.person_id(dana), await market.person_id(bill)
    await market.db.write(people.set_role, market.call(dana_id), market.acme, bill_id, Role.VIEWER)

    await bill.taps("Add for")

    assert bill.toast == "Only the owner or billing can do this: Dana."
    assert await market.balance(market.acme) == 14_250


async def test_a_foreign_order_is_neither_shown_nor_cancelled(dana: Person, market: World) -> None:
    _, ben = await _bakery(market)
    await ben.sends("/topup")
    await ben.taps("50 points ·")
    order = int(next(iter(market.gateway.pages.values())).metadata["order"])
    await dana.sends("/menu")

    for forged in (buttons.ShowOrder(order=order), buttons.CancelOrder(order=order)):
        await dana.presses(forged)
        assert "50 points" not in dana.screen
    for typed in (order, 2**63, 10**60):
        await dana.sends(f"/start paid_{typed}")
        assert "50 points" not in dana.screen
    assert [page.status for page in market.gateway.pages.values()] == ["open"]


@pytest.mark.parametrize(
    "data",
    [
        "nonsense",
        "cas:1:2",
        "cas:x:y:z:q:0",
        "ch:99999999",
        "ch:-1",
        f"ch:{2**80}",
        "cac:1:99999999",
        "cmj:1:god",
        "co:1",
        "cb:secrets",
        "caq:1:1:-5",
        "caq:1:1:99999999999",
        "clr:1:999999",
        "cl:1:-7",
        "cp:1:0:-100:USD",
        "cp:1:0:100:XXX",
        "cx:1:XXX",
        "car:1:2:1",
    ],
)
async def test_an_unknown_button_leaves_a_usable_screen(dana: Person, market: World, data: str) -> None:
    await dana.sends("/menu")

    await dana.presses(data)

    assert dana.buttons[-1] in {"Menu", "More"}
    assert await market.balance(market.acme) == 14_250


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_names_are_text_everywhere(market: World, nora: Person, name: str) -> None:
    """A person's name is cut, what a partner types for others is refused when it is too long."""
    typed = clean(name)
    workspace = await market.workspace(typed, points=100)
    eve = market.person(name)
    await market.join(eve, workspace, Role.OWNER)
    bot = await market.addon("Extra bot")
    owner = await market.person_id(nora)
    await market.db.write(catalogue.set_label, market.call(owner), bot, typed)
    await market.db.write(catalogue.set_partner_name, market.call(owner), typed)
    await market.db.write(pausing.set_manual_pause, market.call(owner), workspace, paused=True, note=typed)
    await market.deliver()
    eve_id = await market.person_id(eve)

    for command in ("/start", "/topup", "/addons", "/history", "/help", "/privacy", "/paysupport"):
        await eve.sends(command)
        assert "\u202e" not in eve.screen
    for shown in _every_button(workspace, bot, eve_id)[:-4]:
        await eve.presses(shown)
        assert "\u202e" not in eve.screen + eve.toast
        assert len(eve.screen) < 4_000


async def test_every_screen_has_a_way_back(dana: Person, market: World) -> None:
    bot, dana_id = await market.addon("Extra bot"), await market.person_id(dana)
    await dana.sends("/menu")
    for target in _every_button(market.acme, bot, dana_id)[:-4]:
        await dana.presses(target)
        back = {"Menu", "Back", "More", "Keep it"} & set(dana.buttons)
        assert back, f"{target!r} leads to a dead end:\n{dana.screen}"


async def test_a_button_carries_at_most_64_bytes() -> None:
    largest = 2**63 - 1
    for button in _every_button(largest // 10**9, 10_000, largest):
        assert len(button.pack().encode()) <= 64
    far = buttons.PayFor(workspace=10**9, addon=10**6, units=1_000, pack_id=0, points=10**11, currency="USD")
    assert len(far.pack().encode()) <= 64
    assert len(buttons.ShowOrder(order=largest).pack().encode()) <= 64


async def test_what_nobody_understands_leads_on(dana: Person) -> None:
    await dana.sends("what is this?")

    assert "● active" in dana.screen
