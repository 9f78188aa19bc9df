"""Weeks that pass: reminders, renewals, grace, another renewal date, closing and opening again (R14, R15, R36, R37)."""

from .client import Message, eventually
from .reading import named_points
from .shop import balance
from .times import Place, Timed, month_after


async def announced(place: Place) -> list[str]:
    """The reminders that were sent."""
    return [one.text for one in await place.dana.messages() if "add-on renews for" in one.text]


async def is_announced(place: Place, times: int) -> None:
    async def there() -> bool:
        return len(await announced(place)) == times

    await eventually(there, f"reminder {times}")


async def with_a_bot(timed: Timed, points: int) -> Place:
    """A workspace with these points, of which an extra bot took 7.5."""
    place = await timed.opens()
    await place.gets(points)
    await place.buys("Extra bot", 1)
    return place


async def test_covered_renewal_is_announced_once_and_told(timed: Timed) -> None:
    place = await with_a_bot(timed, 20)
    await timed.turn_to(place.before(7))
    await place.home()
    assert await announced(place) == []
    await timed.turn_to(place.before(3))
    await is_announced(place, 1)
    await timed.turn_to(place.before(1))
    await timed.turn_to(place.renews())
    told = await place.dana.sees("Renewed until")
    assert "You have 5 points" in told.text
    assert len(await announced(place)) == 1


async def test_uncovered_renewal_is_announced_three_times_and_ends(timed: Timed) -> None:
    place = await with_a_bot(timed, 10)
    for times, days in enumerate((7, 3, 1), start=1):
        await timed.turn_to(place.before(days))
        await is_announced(place, times)
    await timed.turn_to(place.renews())
    await place.dana.sees("1 × Extra bot")
    reminders = await announced(place)
    assert len(reminders) == 3
    assert all("You have 2.5 points: 5 points short" in each for each in reminders)
    assert "Extra bot ×1" not in (await place.home()).text
    assert await balance(place.dana) == 2.5


async def test_paying_from_the_reminder_renews(timed: Timed) -> None:
    place = await with_a_bot(timed, 10)
    await timed.turn_to(place.before(7))
    reminder = await place.dana.sees("5 points short")
    page = await place.dana.orders("Just 5 points · 5 USD", on=reminder.id)
    await timed.sim.pay(page)
    await timed.turn(hours=1 / 60)
    await place.dana.sees("5 points arrived!", on=page.id)
    await timed.turn_to(place.renews())
    await place.dana.sees("1 × Extra bot, for 7.5 points")
    assert await balance(place.dana) == 0


async def test_six_weeks_at_once(timed_both: Timed) -> None:
    """As after a long stop: two renewals in order, none announced any more, nothing charged twice."""
    timed = timed_both
    place = await with_a_bot(timed, 20)
    await timed.turn_to(place.after(14))
    await place.dana.sees("Renewed until")
    assert await balance(place.dana) == 5
    await timed.turn_to(place.after(1, months=3))
    home = await place.home()
    assert "Extra bot ×1" not in home.text
    assert await balance(place.dana) == 5
    assert await announced(place) == []


async def test_grace_keeps_it_until_points_come(timed: Timed) -> None:
    await _grants(timed, 3)
    try:
        place = await with_a_bot(timed, 10)
        await timed.turn_to(place.renews())
        told = await place.dana.sees("Waiting for 7.5 points")
        assert "it works until" in told.text
        await timed.turn_to(place.after(2))
        await place.gets(5)
        await place.dana.sees("1 × Extra bot")
        assert "Extra bot ×1" in (await place.home()).text
        assert await balance(place.dana) == 0
    finally:
        await _grants(timed, 0)


async def _grants(timed: Timed, days: int) -> None:
    """The partner grants so many days of grace."""
    owner = timed.desk.owner
    desk = await owner.writes("/partner", shows="Settings")
    await owner.taps("Settings", on=desk.id)
    await owner.taps("Grace", on=desk.id)
    await owner.writes(str(days), shows="settings")


async def test_another_renewal_date(timed: Timed) -> None:
    place = await with_a_bot(timed, 20)
    owner = timed.desk.owner
    card = await owner.writes(f"/ws {await timed.desk.number(place.name)}", shows="‹ Workspaces")
    await owner.taps("Renewal date", on=card.id)
    await owner.taps("Other renewal date", on=card.id)
    sooner = place.before(10)
    effect = await owner.writes(sooner.isoformat(), shows="Set it")
    await owner.taps("Set it", on=effect.id)
    assert f"{sooner.day} " in (await place.home()).text
    await timed.turn_to(sooner)
    await place.dana.sees("Renewed until")
    assert "Extra bot ×1" in (await place.home()).text


async def test_closed_ends_with_the_cycle_and_opened_in_time_goes_on(timed_both: Timed) -> None:
    timed = timed_both
    place = await with_a_bot(timed, 30)
    await place.agrees()
    await _sets(place, "Close workspace", "Close it")
    assert "Closed: everything ends" in (await place.home()).text
    await _sets(place, "Open it again", "Open it again")
    await timed.turn_to(place.renews())
    await place.dana.sees("Renewed until")
    assert await balance(place.dana) == 15
    await _sets(place, "Close workspace", "Close it")
    await timed.turn_to(month_after(place.renews()))
    home = await place.home()
    assert "○ closed" in home.text
    assert "Extra bot ×1" not in home.text
    assert named_points(home.text) == 15
    assert await place.charges() == []


async def _sets(place: Place, wish: str, sure: str) -> Message:
    home = await place.home()
    await place.dana.taps("More", on=home.id)
    await place.dana.taps(wish, on=home.id)
    return await place.dana.taps(sure, on=home.id)
