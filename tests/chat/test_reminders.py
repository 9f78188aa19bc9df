"""What a customer reads before a renewal, and what the buttons under it do (R36)."""

import datetime as dt

from sqlalchemy import select

from billing import addons, reminders
from storage.models import AddonState, AutoTopUp, SavedCard
from storage.transaction import Tx

from .conftest import ON_BOTH
from .people import Person
from .world import BOT_ID, PARTNER, World

pytestmark = ON_BOTH


async def buys(market: World, dana: Person, label: str, units: int) -> None:
    """Dana has so many units, confirmed at the price that was quoted."""
    person, addon = await market.person_id(dana), await market.addon(label)
    now = market.clock.now()
    quote = await market.db.read(addons.quote, person, market.acme, addon, units, now)
    await market.db.write(addons.set_units, market.call(person), market.acme, addon, units, quote.amount)


async def stands_at(market: World, day: int, hour: int = 10, month: int = 11) -> None:
    """The clock is turned to a moment of 2026, and what is due then is told."""
    market.clock.turn(
        seconds=(dt.datetime(2026, month, day, hour, tzinfo=dt.UTC) - market.clock.now()).total_seconds()
    )
    await reminders.remind_all_due(market.db, market.clock, BOT_ID)
    await market.deliver()


async def test_an_uncovered_renewal_says_what_is_missing_and_how_to_get_it(
    market: World, dana: Person
) -> None:
    """R3, R15, R36: what renews, what it costs, until when the points last, the pack, the exact sum."""
    await buys(market, dana, "+10,000 bot users", 5)

    await stands_at(market, 24)

    assert (
        dana.screen
        == """\
Acme Support
On 1 Dec 1 add-on renews for 150 points. You have 67.5 points: 82.5 points short.
• 5 × +10,000 bot users: 150 points
Your points last until 1 Dec. What they don't cover ends then.
[ 175 points · 110\u00a0USD ]
[ Just 82.5 points · 82.50\u00a0USD ]
[ Auto top-up ] [ Don't renew +10,000 bot users ]
[ Menu ]"""
    )


async def test_the_buttons_of_an_old_announcement_make_their_page_when_pressed(
    market: World, dana: Person
) -> None:
    """R13: days later, and for the sum that they named."""
    await buys(market, dana, "+10,000 bot users", 5)
    await stands_at(market, 24)
    old = dana.shown
    market.clock.turn(days=3)

    await dana.taps("Just 82.5 points", on=old)

    assert "82.5 points for 82.50\u00a0USD" in dana.screen
    assert dana.url("Pay").startswith("https://")


async def test_its_other_buttons_open_their_screens(market: World, dana: Person) -> None:
    await buys(market, dana, "+10,000 bot users", 5)
    await buys(market, dana, "Extra bot", 1)
    await stands_at(market, 24)
    told = dana.shown

    for name in ("Choose what to keep", "Auto top-up"):
        await dana.taps(name, on=told)
        assert dana.toast != "Updated", f"{name} leads nowhere"


async def test_with_auto_top_up_it_says_what_is_charged_to_which_card_and_when(
    market: World, dana: Person
) -> None:
    """R17, R36: a day before the renewal; the announcements are a day earlier too."""
    await buys(market, dana, "+10,000 bot users", 5)

    def agree(tx: Tx) -> None:
        at, ws = market.clock.now(), market.acme
        card = {"payment_method": "pm_1", "brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2028}
        tx.session.add(SavedCard(partner_id=PARTNER, id=7, workspace_id=ws, live=True, saved_at=at, **card))
        tx.session.add(AutoTopUp(partner_id=PARTNER, workspace_id=ws, state="on", pack_id=2, card_id=7))

    await market.db.write(agree)

    await stands_at(market, 23)

    assert (
        "Auto top-up charges Visa ···· 4242 80\u00a0USD on 30 Nov, if they are still missing then."
        in dana.screen
    )
    assert "ends then" not in dana.screen


async def test_a_covered_renewal_asks_for_nothing(market: World, dana: Person) -> None:
    await buys(market, dana, "Extra bot", 2)
    await buys(market, dana, "Extra member", 1)

    await stands_at(market, 28)

    assert (
        dana.screen
        == """\
Acme Support
On 1 Dec 2 add-ons renew for 15 points. You have 135 points.
• 2 × Extra bot: 10 points
• 1 × Extra member: 5 points
[ Don't renew some ]
[ Menu ]"""
    )
    await dana.taps("Don't renew some")
    assert "Extra bot" in dana.screen


async def test_a_single_add_on_is_let_go_with_one_tap_and_kept_with_the_next(
    market: World, dana: Person
) -> None:
    """R13, R36: the button names what it does, however often it is pressed."""
    await buys(market, dana, "Extra bot", 2)
    await stands_at(market, 28)
    told = dana.shown

    for _ in range(2):
        await dana.taps("Don't renew Extra bot", on=told)
        assert await renewing(market) == [False]
    await dana.taps("Renew again")

    assert await renewing(market) == [True]


async def renewing(market: World) -> list[bool]:
    """Of each add-on that Acme has units of."""
    found = await market.db.read(
        lambda tx: tx.session.execute(select(AddonState.renews).where(AddonState.units > 0)).all()
    )
    return [bool(row[0]) for row in found]


async def test_an_announcement_that_could_not_leave_in_time_is_dropped(market: World, dana: Person) -> None:
    """R36: nothing is announced after the renewal."""
    await buys(market, dana, "Extra bot", 2)
    market.clock.turn(days=12, hours=2)
    await reminders.remind_all_due(market.db, market.clock, BOT_ID)
    market.clock.turn(days=4)
    before = dana.messages

    await market.deliver()

    assert dana.messages == before
