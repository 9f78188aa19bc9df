"""What to keep: the screen says how the points are spent at the coming renewal (R15)."""

import datetime as dt

import pytest

from billing import addons, adjust

from .conftest import ON_BOTH
from .people import Person
from .world import World

pytestmark = ON_BOTH


async def buys(market: World, dana: Person, label: str, units: int) -> None:
    person, addon = await market.person_id(dana), await market.addon(label)
    market.clock.turn(seconds=dt.timedelta(hours=1).total_seconds())
    quote = await market.db.read(addons.quote, person, market.acme, addon, units, market.clock.now())
    await market.db.write(addons.set_units, market.call(person), market.acme, addon, units, quote.amount)


async def has(market: World, nora: Person, hundredths: int) -> None:
    change = hundredths - await market.balance(market.acme)
    owner = await market.person_id(nora)
    await market.db.write(adjust.adjust, market.call(owner), market.acme, change, "for the test")


@pytest.fixture
async def short(market: World, dana: Person, nora: Person) -> None:
    """A bot, a member and a second bot, bought in turn at 5 points a month each; 10 points are left."""
    for label, units in (("Extra bot", 1), ("Extra member", 1), ("Extra bot", 2)):
        await buys(market, dana, label, units)
    await has(market, nora, 1_000)


async def test_by_default_points_go_from_unit_to_unit(short: None, dana: Person) -> None:
    await dana.sends("/addons")
    await dana.taps("What to keep")

    assert (
        dana.screen
        == """\
What to keep  Acme Support
On 1 Dec your points go from unit to unit, as far as they reach: what keeps you within a limit first, then the oldest.

1. 2 × Extra bot · 10 ⚠ only 1 of 2
2. 1 × Extra member · 5 ✓

You have 10 points; all of it costs 15.
[ Extra bot ] [ Let it end ]
[ ↑ Extra member ] [ Let it end ]
[ Add-ons ] [ Menu ]"""
    )


async def test_an_order_of_ones_own_goes_from_addon_to_addon(short: None, dana: Person) -> None:
    await dana.sends("/addons")
    await dana.taps("What to keep")
    await dana.taps("↑ Extra member")

    assert dana.screen.startswith(
        "What to keep  Acme Support\n"
        "On 1 Dec your points go to the first, then to the next, as far as they reach.\n"
        "\n"
        "1. 1 × Extra member · 5 ✓\n"
        "2. 2 × Extra bot · 10 ⚠ only 1 of 2\n"
    )


async def test_what_is_bought_after_an_order_was_set_follows_it(
    short: None, market: World, dana: Person, nora: Person
) -> None:
    await dana.sends("/addons")
    await dana.taps("What to keep")
    await dana.taps("↑ Extra member")
    await has(market, nora, 5_000)
    for label, units in (("+10,000 bot users", 1), ("+1,000 bot users", 2)):
        await buys(market, dana, label, units)

    await dana.sends("/addons")
    await dana.taps("What to keep")

    assert dana.screen.splitlines()[1] == (
        "On 1 Dec your points go to what you put first, then from unit to unit, as far as they reach: what keeps you "
        "within a limit first, then the oldest."
    )
