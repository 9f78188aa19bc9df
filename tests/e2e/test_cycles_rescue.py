"""Over the limit: paused, one tap, one payment, bought and running (R21, R23)."""

from decimal import Decimal

from .shop import balance
from .times import Place, Timed


async def uses(timed: Timed, place: Place, limit: str, value: int) -> None:
    """What the chatbot platform reports, typed in at the desk."""
    owner = timed.desk.owner
    card = await owner.writes(f"/ws {await timed.desk.number(place.name)}", shows="‹ Workspaces")
    await owner.taps("Usage by hand", on=card.id)
    await owner.taps(limit, on=card.id)
    await owner.writes(str(value), shows=place.name)


async def test_one_tap_and_one_payment(timed_both: Timed) -> None:
    timed = timed_both
    place = await timed.opens()
    await uses(timed, place, "Members", 7)
    told = await place.dana.sees("Members: 7 of 5, 2 too many")
    card = await place.dana.taps("Get going again", on=told.id)
    assert "2 × Extra member: 15 points now" in card.text
    await place.dana.taps("Buy", on=card.id)
    page = await place.dana.orders("Pay just 15 USD", on=card.id)
    await timed.sim.pay(page)
    await timed.turn(hours=1 / 60)
    await place.dana.sees("15 points arrived!", on=page.id)
    await place.dana.sees("Running again")
    home = await place.home()
    assert "● active" in home.text
    assert "Extra member ×2" in home.text
    assert await balance(place.dana) == Decimal(0)


async def test_using_less_runs_again_for_nothing(timed: Timed) -> None:
    place = await timed.opens()
    await uses(timed, place, "Members", 7)
    await place.dana.sees("Members: 7 of 5, 2 too many")
    await uses(timed, place, "Members", 5)
    await place.dana.sees("Running again")
    assert "● active" in (await place.home()).text


async def test_points_at_hand_need_no_payment(timed: Timed) -> None:
    place = await timed.opens()
    await place.gets(20)
    await uses(timed, place, "Bots", 2)
    told = await place.dana.sees("Bots: 2 of 1, 1 too many")
    card = await place.dana.taps("Get going again", on=told.id)
    bought = await place.dana.taps("Buy", on=card.id)
    assert "● active" in (await place.home()).text, bought
    assert await balance(place.dana) == Decimal("12.5")
