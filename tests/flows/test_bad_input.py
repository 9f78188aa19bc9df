"""Whatever somebody types or sends: cleaned, shortened or refused, and never a broken row or a broken screen."""

from typing import Any

import pytest

from billing import addons, adjust, catalogue, orders, pausing, people, workspaces
from billing.access import Role
from billing.errors import BadValueError, BillingError, GoneError, TooLongError
from billing.orders import Choice
from billing.text import NAME_LENGTH, NOTE_LENGTH, clean
from tests.flows.checks import assert_books_balance
from tests.flows.conftest import START, World
from tests.flows.test_orders import TERMS

NASTY = {
    "html": "<b>Acme</b> & <script>alert(1)</script>",
    "override": "Acme \u202egnp.exe\u202c",
    "isolates": "\u2066Acme\u2069\u200f",
    "nul": "Ac\x00me",
    "lines": "Acme\r\nBcc: everybody\t\x1b[31m",
    "tags": "Acme\U000e0041\ufeff",
    "formula": "=HYPERLINK(1)",
    "surrogate-free emoji": "Team 👩‍👩‍👧 ok",
}
EMPTY = ["", "   ", "\n\t\r", "\x00\x01", "\u202e\u2069", "\u200b\u200d\u200c", "\u3164\u2800", "\U000e0041"]


def shown(text: str, length: int = NAME_LENGTH) -> None:
    """Fit to stand in a line of a message."""
    assert text
    assert len(text) <= length
    assert text == text.strip()
    assert not set(text) & {
        chr(n) for n in (*range(32), 0x7F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    }


async def name_of_person(world: World, text: str) -> str:
    await world.db.write(people.meet, world.call(), 900, text, None, "en")
    ((name,),) = await world.sql("SELECT name FROM people WHERE telegram_id = 900")
    return str(name)


async def name_of_workspace(world: World, text: str) -> str:
    plans = await world.db.read(workspaces.plans, world.partner_person)
    made = await world.at_desk(workspaces.create, text, plans[0][0].id, "UTC", START.date())
    found = await world.db.read(workspaces.page, world.partner_person, made.name, 0)
    assert made.id in {row.id for row in found.rows}, "what is shown is what can be looked for"
    return str(made.name)


async def label_of_addon(world: World, text: str) -> str:
    await world.at_desk(catalogue.set_label, world.addon["Extra bot"], text)
    ((label,),) = await world.sql("SELECT label FROM addons WHERE id = :a", a=world.addon["Extra bot"])
    return str(label)


async def name_of_partner(world: World, text: str) -> str:
    await world.at_desk(catalogue.set_partner_name, text)
    ((name,),) = await world.sql("SELECT name FROM partners")
    return str(name)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
async def test_names_are_made_harmless_and_kept(world: World, text: str) -> None:
    for use in (name_of_person, name_of_workspace, label_of_addon, name_of_partner):
        shown(await use(world, text))


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
async def test_reasons_and_notes_are_made_harmless_and_kept(world: World, text: str) -> None:
    given = await world.at_desk(adjust.adjust, world.workspace, 100, text)
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True, note=text)

    shown(given.note, NOTE_LENGTH)
    ((note,),) = await world.sql("SELECT pause_note FROM workspaces")
    shown(note, NOTE_LENGTH)


@pytest.mark.parametrize("length", [NOTE_LENGTH + 1, 5_000])
async def test_what_was_typed_too_long_is_refused_and_never_cut(world: World, length: int) -> None:
    """Only a name that nobody here typed is shortened."""
    text = "x" * length
    for use in (name_of_workspace, label_of_addon, name_of_partner):
        with pytest.raises(TooLongError):
            await use(world, text)
    with pytest.raises(TooLongError):
        await world.at_desk(adjust.adjust, world.workspace, 100, text)
    with pytest.raises(TooLongError):
        await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True, note=text)
    assert await name_of_person(world, text) == "x" * NAME_LENGTH
    assert await world.amounts() == []


@pytest.mark.parametrize("text", EMPTY)
async def test_what_shows_nothing_is_no_name(world: World, text: str) -> None:
    for use in (name_of_workspace, label_of_addon, name_of_partner):
        with pytest.raises(BadValueError):
            await use(world, text)
    assert await name_of_person(world, text) == "?"
    await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True, note=text)
    assert await world.sql("SELECT pause_note FROM workspaces") == [("",)]


@pytest.mark.parametrize("text", [*NASTY.values(), *EMPTY])
async def test_any_text_may_be_looked_for_and_opens_no_link(world: World, text: str) -> None:
    await world.db.read(workspaces.page, world.partner_person, text, 0)
    with pytest.raises(BillingError):
        await world.do(people.accept_invite, text)


def test_cleaning_is_done_once_and_for_all() -> None:
    for text in (*NASTY.values(), *EMPTY):
        assert clean(clean(text)) == clean(text)
    assert clean("نص عربي") == "نص عربي"
    assert clean("👩‍👩‍👧") == "👩‍👩‍👧"
    assert clean("می‌خواهم") == "می‌خواهم"


@pytest.mark.parametrize("units", [-1, addons.MOST_UNITS + 1, 10**9 + 1, 10**30])
async def test_units_are_neither_negative_nor_absurd(world: World, units: int) -> None:
    await world.give(10_000)
    addon = world.addon["Extra bot"]
    uses: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
        (addons.set_units, (units, 0), {}),
        (addons.remember_purchase, (units,), {}),
        (addons.request_removal, (units,), {}),
    ]
    for use_case, arguments, options in uses:
        with pytest.raises(BadValueError):
            await world.do(use_case, world.workspace, addon, *arguments, **options)
    with pytest.raises(BadValueError):
        await world.at_desk(addons.set_units_from_desk, world.workspace, addon, units, refund=True)
    with pytest.raises(BadValueError):
        await world.db.read(addons.quote, world.owner, world.workspace, addon, units, world.now)
    assert await world.amounts() == [10_000]


@pytest.mark.parametrize("quoted", [-(10**30), -1, 0, 10**30])
async def test_a_sum_that_was_never_quoted_buys_nothing(world: World, quoted: int) -> None:
    """R11: what a button carries is compared, never trusted."""
    await world.give(10_000)

    with pytest.raises(BillingError):
        await world.do(addons.set_units, world.workspace, world.addon["Extra bot"], 1, quoted)

    assert await world.amounts() == [10_000]


@pytest.mark.parametrize("points", [0, -1, -(10**30), 10**11, 10**30])
async def test_an_exact_amount_that_cannot_be_paid_is_refused(world: World, points: int) -> None:
    with pytest.raises(BillingError):
        await world.do(orders.place, world.workspace, Choice(None, points, "USD"), TERMS, 200, 7)

    assert await world.sql("SELECT count(*) FROM orders") == [(0,)]


@pytest.mark.parametrize("currency", ["", "XXX", "usd\x00", "US", "EUR"])
async def test_a_currency_without_a_price_of_a_point_buys_nothing(world: World, currency: str) -> None:
    with pytest.raises(GoneError):
        await world.do(orders.place, world.workspace, Choice(None, 100, currency), TERMS, 200, 7)


@pytest.mark.parametrize("number", [0, -1, 999, 2**62])
async def test_things_that_are_not_there_are_gone(world: World, number: int) -> None:
    """Buttons of last year, or made up."""
    await world.give(10_000)
    w, addon = world.workspace, world.addon["Extra bot"]
    for call in (
        world.do(addons.set_units, w, number, 1, 0),
        world.do(addons.set_units, number, addon, 1, 0),
        world.do(addons.undo, w, addon, number),
        world.do(addons.undo, w, number, 1),
        world.do(addons.set_renews, w, number, renews=True),
        world.do(addons.remember_purchase, w, number, 1),
        world.do(addons.request_removal, w, number, 0),
        world.at_desk(addons.answer_request, w, number, approve=True),
        world.at_desk(addons.set_units_from_desk, w, number, 0, refund=True),
        world.at_desk(adjust.adjust, number, 100, "gift"),
        world.at_desk(adjust.undo, w, number),
        world.at_desk(catalogue.set_price, number, 100),
        world.at_desk(catalogue.retire_pack, number),
        world.at_desk(catalogue.move_pack, number, 0),
        world.do(orders.place, w, Choice(number), TERMS, 200, 7),
        world.do(orders.cancel, number),
        world.db.read(orders.view, world.owner, number),
        world.db.read(workspaces.card, world.partner_person, number, world.now),
        world.do(people.set_role, w, number, Role.OWNER),
        world.do(people.hand_over, w, number),
        world.do(people.look_at, number),
    ):
        with pytest.raises(BillingError):
            await call
    await world.do(people.remove_member, w, number)
    assert await world.amounts() == [10_000]
    await assert_books_balance(world)
