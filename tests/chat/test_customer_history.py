"""The ledger in the chat: pages, rows that explain themselves, the export."""

import csv
import io

from billing import adjust
from billing.access import Role

from .people import Person
from .world import World


async def _buys(person: Person, label: str, units: int) -> None:
    await person.sends("/addons")
    await person.taps(label)
    await person.taps(str(units))
    await person.taps("Add for")


async def _adjusts(world: World, nora: Person, times: int, note: str = "top {n}") -> None:
    owner = await world.person_id(nora)
    for n in range(times):
        await world.db.write(adjust.adjust, world.call(owner), world.acme, 100, note.format(n=n))


async def test_a_row_explains_itself(dana: Person, market: World) -> None:
    await _buys(dana, "Extra bot", 1)
    await dana.sends("/history")
    assert "−2.5  Added 1 × Extra bot" in dana.screen

    await dana.taps("1")

    assert "−2.5 points" in dana.screen
    assert "1 × 5 × 15 / 30 = 2.5" in dana.screen
    assert "Balance 140" in dana.screen
    assert "By Dana" in dana.screen


async def test_a_payment_has_its_receipt(dana: Person, market: World) -> None:
    await dana.sends("/topup")
    await dana.taps("150 + 25")
    market.gateway.pay(dana.url("Pay"))
    await market.hear_from_stripe()
    await dana.sends("/history")
    assert "+25  Bonus of a top-up" in dana.screen
    assert "+150  Top-up" in dana.screen

    await dana.taps("2")

    assert "+150 points" in dana.screen
    assert "Paid 110\xa0USD." in dana.screen
    assert dana.url("Receipt") == "https://receipts.example/cs_1"


async def test_pages_turn_both_ways_over_every_row_once(dana: Person, nora: Person, market: World) -> None:
    await _adjusts(market, nora, 13)
    await dana.sends("/history")
    seen = []
    while True:
        seen += [line.split(": ")[1] for line in dana.screen.splitlines() if "By Northwind Chat" in line]
        if not any("older" in button for button in dana.buttons):
            break
        await dana.taps("older")
    assert seen == [f"top {n}" for n in reversed(range(13))] + ["welcome"]
    assert len(seen) == 14

    await dana.taps("newer")
    await dana.taps("newer")
    assert "top 12" in dana.screen
    assert not any("newer" in button for button in dana.buttons)


async def test_an_opened_row_leads_back_to_its_page(dana: Person, nora: Person, market: World) -> None:
    await _adjusts(market, nora, 13)
    await dana.sends("/history")
    await dana.taps("older")
    page = dana.screen
    await dana.taps("3")
    await dana.taps("History")

    assert dana.screen == page


async def test_rows_are_stepped_through(dana: Person, nora: Person, market: World) -> None:
    await _adjusts(market, nora, 2)
    await dana.sends("/history")
    await dana.taps("1")
    assert "top 1" in dana.screen
    assert not any("newer" in button for button in dana.buttons)
    await dana.taps("older")
    assert "top 0" in dana.screen
    await dana.taps("older")
    assert "welcome" in dana.screen
    assert not any("older" in button for button in dana.buttons)


async def test_the_export_opens_in_a_spreadsheet_and_runs_nothing(
    dana: Person, nora: Person, market: World
) -> None:
    await _adjusts(market, nora, 1, '=HYPERLINK("evil"),"x"')
    await _buys(dana, "Extra bot", 1)
    await dana.sends("/history")
    await dana.taps("Export CSV")

    content = dana.shown.document
    assert content is not None
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["What"], row["Points"], row["Balance"]) for row in rows] == [
        ("By Northwind Chat: welcome", "142.5", "142.5"),
        ('By Northwind Chat: =HYPERLINK("evil"),"x"', "1", "143.5"),
        ("Added 1 × Extra bot", "-2.5", "141"),
    ]
    assert rows[1]["Note"] == '\'=HYPERLINK("evil"),"x"'
    assert rows[2]["By"] == "Dana"
    assert rows[2]["Time (UTC)"] == "2026-11-16 09:12"
    await dana.taps("Menu")
    assert "● active" in dana.screen


async def test_an_empty_ledger_says_so(dana: Person, market: World) -> None:
    empty = await market.workspace("Empty")
    person = market.person("Eve")
    await market.join(person, empty, Role.OWNER)
    await person.sends("/history")

    assert "Nothing has happened yet." in person.screen
    assert person.buttons == ["Menu"]


async def test_a_viewer_may_look_and_export(vic: Person) -> None:
    await vic.sends("/history")
    await vic.taps("1")
    await vic.taps("Export CSV")

    assert vic.shown.document is not None
