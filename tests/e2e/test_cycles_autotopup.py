"""Auto top-up against the sandbox, by the clock: charged once, told, renewed; and what a bank can say instead (R17, R18)."""

import asyncio
from pathlib import Path

import pytest

from .client import eventually, open_sim
from .conftest import Bench
from .desk import Desk
from .processes import Installation, sandbox, turnable
from .shop import balance
from .times import Place, Timed

CHARGING = "POST /v1/payment_intents"
"""How faults and the log name a charge of a saved card."""

FAULTS = 9
"""More than one attempt uses up, its client's retries included."""


async def runs_short(timed: Timed, card: str = "4242424242424242") -> Place:
    """A workspace with an add-on, 2.5 points for the 7.5 of its renewal, and auto top-up on."""
    place = await timed.opens()
    await place.gets(10)
    await place.buys("Extra bot", 1)
    await place.agrees(card=card)
    return place


async def has(place: Place, *, charges: int = 0, tries: int = 0) -> None:
    """So many charges succeed, so many fail, and no more."""

    async def there() -> bool:
        return (len(await place.charges()), len(await place.charges("failed"))) == (charges, tries)

    await eventually(there, f"{charges} charges and {tries} declines")


async def test_charged_ahead_and_renewed(timed_both: Timed) -> None:
    timed = timed_both
    place = await runs_short(timed)
    await timed.turn_to(place.before(8))
    assert await place.charges() == []
    await timed.turn_to(place.before(1))
    told = await place.dana.sees("Auto top-up bought 10 points for 9 USD")
    assert "You have 12.5 points" in told.text
    await timed.turn_to(place.renews())
    renewed = await place.dana.sees("1 × Extra bot, for 7.5 points")
    assert "You have 5 points" in renewed.text
    assert [one["amount"] for one in await place.charges()] == [900]


async def test_soft_declines_are_tried_again_and_told_once(timed: Timed) -> None:
    place = await runs_short(timed)
    await place.declines("insufficient_funds")
    await timed.turn_to(place.before(1))
    told = await place.dana.sees("Auto top-up couldn't charge 9 USD")
    assert "Nothing was charged" in told.text
    await timed.turn_to(place.renews(), hour=2)
    await has(place, tries=2)
    await place.declines(None)
    await timed.turn_to(place.after(1))
    await place.dana.sees("Auto top-up bought 10 points")
    assert len(await place.charges("failed")) == 2
    assert len(await place.charges()) == 1
    assert sum("couldn't charge" in one.text for one in await place.dana.messages()) == 1
    assert await balance(place.dana) == 5


async def test_four_soft_declines_suspend_and_lapse(timed: Timed) -> None:
    place = await runs_short(timed)
    await place.declines("insufficient_funds")
    for tries, (day, hour) in enumerate(
        ((place.before(1), 12), (place.renews(), 2), (place.after(1), 2), (place.after(3), 2)), start=1
    ):
        await timed.turn_to(day, hour)
        await has(place, tries=tries)
    told = await place.dana.sees("Auto top-up has stopped")
    assert told.button("Pay 9 USD now") is not None
    await timed.turn_to(place.after(9))
    assert len(await place.charges("failed")) == 4
    assert await place.charges() == []
    await place.dana.taps("Pay 9 USD now", on=told.id)
    await place.dana.sees("Nothing has to be paid for any more", on=told.id)
    ended = await place.dana.sees("Your points didn't cover")
    assert ended.button("Buy Extra bot again") is not None
    assert await balance(place.dana) == 2.5


async def test_hard_decline_suspends_at_once(timed: Timed) -> None:
    place = await runs_short(timed)
    await place.declines("lost_card")
    await timed.turn_to(place.before(1))
    told = await place.dana.sees("Auto top-up has stopped")
    assert told.button("Other card") is not None
    await timed.turn_to(place.after(4))
    await has(place, tries=1)
    assert await place.charges() == []
    assert "stopped" in (await place.dana.writes("/autotopup", shows="Auto top-up")).text


async def test_bank_wants_a_confirmation(timed_both: Timed) -> None:
    timed = timed_both
    place = await runs_short(timed)
    await place.declines("authentication_required")
    await timed.turn_to(place.before(1))
    told = await place.dana.sees("The bank wants you to confirm the payment")
    await place.dana.taps("Confirm and pay 9 USD", on=told.id)
    page = await place.dana.sees("Pay on Stripe's page", on=told.id)
    await timed.turn_to(place.renews(), hour=2)
    await timed.sim.pay(page, three_d_secure="complete")
    await place.dana.sees("10 points arrived!", on=told.id)
    await timed.turn_to(place.after(4))
    paid = [one["amount"] for one in await place.payments() if one["status"] == "paid"]
    assert paid == [900]
    assert await balance(place.dana) == 5


@pytest.mark.parametrize("times", [1, 4])
async def test_lost_answer_is_credited_once(timed: Timed, times: int) -> None:
    place = await runs_short(timed)
    await timed.sim.fails("stripe", CHARGING, "lost", times=times)
    await timed.turn_to(place.before(1))
    await has(place, charges=1)
    await timed.sim.no_more_failures()
    await timed.turn(hours=1)
    await place.dana.sees("Auto top-up bought 10 points")
    await timed.turn_to(place.renews())
    await place.dana.sees("1 × Extra bot, for 7.5 points")
    assert len(await place.charges()) == 1
    assert await balance(place.dana) == 5


@pytest.mark.parametrize("kind", ["hang", "lost"])
async def test_killed_while_it_charges(tmp_path: Path, kind: str) -> None:
    """The attempt stands in the database, its answer was never read."""
    with sandbox() as address:
        bot = Installation(
            tmp_path,
            address,
            f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}",
            lease=1.5,
            ahead=turnable(),
        )
        await asyncio.to_thread(bot.migrate)
        process = await asyncio.to_thread(bot.start)
        async with open_sim(address) as sim:
            await sim.ready()
            bench = Bench(bot, process, sim, await Desk.opened(sim), 0)
            await bench.desk.starts_to_sell()
            assert bot.ahead is not None
            timed = Timed(bench, bot.ahead)
            place = await runs_short(timed)
            await sim.fails("stripe", CHARGING, kind, times=FAULTS, seconds=4)
            await timed.turn_to(place.before(1))

            async def asked() -> bool:
                return bool((await sim.faults())[0]["times"] < FAULTS)

            await eventually(asked, "a charge")
            await asyncio.to_thread(process.kill)
            await sim.no_more_failures()
            again = await asyncio.to_thread(bot.start)

            async def told() -> bool:
                # Stripe may still be busy with the call that was cut off, so it is looked at several times.
                await asyncio.sleep(0.5)
                await timed.turn(hours=0.05)
                return any("Auto top-up bought 10 points" in one.text for one in await place.dana.messages())

            try:
                await asyncio.to_thread(again.wait_until_running)
                await eventually(told, "the points", within=30)
                assert len(await place.charges()) == 1
                credited = await place.dana.sees("Auto top-up bought 10 points")
                assert "You have 12.5 points" in credited.text
                assert again.defects() == []
            finally:
                await asyncio.to_thread(again.stop)
