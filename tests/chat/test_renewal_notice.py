"""What a customer reads when a renewal was worked off: what renewed, what waits, what ended, what to do (R14, R15)."""

import datetime as dt

from billing import adjust, workspaces
from storage import catalogue
from storage.transaction import Tx

from .conftest import ON_BOTH
from .people import Person
from .test_reminders import buys
from .world import PARTNER, World

pytestmark = ON_BOTH


def set_grace(tx: Tx, days: int) -> None:
    catalogue.lock_partner(tx, PARTNER).grace_days = days


async def boundary(market: World, day: int = 1) -> None:
    """It is that day of December 2026, what is due is worked off and told."""
    then = dt.datetime(2026, 12, day, 10, tzinfo=dt.UTC)
    market.clock.turn(seconds=(then - market.clock.now()).total_seconds())
    await market.db.write(workspaces.catch_up, market.call(), market.acme)
    await market.deliver()


async def test_what_waits_for_points_says_how_many_until_when_and_offers_to_top_up(
    market: World, dana: Person, nora: Person
) -> None:
    """R15: the points cover two of five at 30; the day after its last one it is offered again."""
    await market.db.write(set_grace, 3)
    await buys(market, dana, "+10,000 bot users", 5)

    await boundary(market)

    assert (
        dana.screen
        == """\
Acme Support
Renewed until 1 Jan: 2 × +10,000 bot users, for 60 points.
Waiting for 90 points: 3 × +10,000 bot users.
Unless points come it works until 3 Dec, then it ends.
You have 7.5 points.
[ Top up ]
[ Open ]"""
    )
    await boundary(market, day=4)
    assert (
        dana.screen
        == """\
Acme Support
Your points didn't cover 3 × +10,000 bot users: they have ended.
You have 7.5 points.
[ Buy +10,000 bot users again ]
[ Top up ]
[ Open ]"""
    )
    await dana.taps("Buy +10,000 bot users again")
    assert "+10,000 bot users" in dana.screen
    assert "Ended: 3 × +10,000 bot users." in nora.screen


async def test_points_that_come_in_time_say_what_they_renewed(
    market: World, dana: Person, nora: Person
) -> None:
    """R15, R31."""
    await market.db.write(set_grace, 3)
    await buys(market, dana, "+10,000 bot users", 5)
    await boundary(market)

    by = market.call(await market.person_id(nora))
    await market.db.write(adjust.adjust, by, market.acme, 9_000, "a gift")
    await market.deliver()

    assert "Renewed: 3 × +10,000 bot users, for 90 points." in dana.screen
