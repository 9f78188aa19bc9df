"""Refunds and disputes against the sandbox: points go with the money and come back with it, and both sides are told (R29)."""

from .client import Json, Message
from .shop import balance, order
from .times import Place, Timed


async def paid_pack(timed: Timed) -> Place:
    """A workspace that paid 9 USD for 10 points."""
    place = await timed.opens()
    page = await order(place.dana)
    await timed.sim.pay(page)
    await timed.turn(hours=1 / 60)  # for a bot that nobody tells
    await place.dana.sees("10 points arrived!", on=page.id)
    return place


async def charge_of(place: Place) -> str:
    (paid,) = [one for one in await place.payments() if one["status"] == "paid"]
    return str(paid["charge"])


async def payment_at_desk(timed: Timed, place: Place) -> Message:
    """The desk's row of the payment."""
    owner = timed.desk.owner
    card = await owner.writes(f"/ws {await timed.desk.number(place.name)}", shows="‹ Workspaces")
    await owner.taps("History", on=card.id)
    return await owner.taps("1", on=card.id)


async def test_refund_from_the_desk(timed_both: Timed) -> None:
    timed = timed_both
    place = await paid_pack(timed)
    owner = timed.desk.owner
    row = await payment_at_desk(timed, place)
    await owner.taps("Refund", on=row.id)
    await owner.taps("Another amount", on=row.id)
    quote = await owner.writes("4.50", shows="Refund 4.50 USD, takes 5 points")
    await owner.taps("Refund 4.50 USD", on=quote.id)
    await owner.sees("4.50 USD refunded", on=quote.id)
    told = await place.dana.sees("4.50 USD of your payment of 9 USD was refunded")
    assert "5 points were taken" in told.text
    assert await balance(place.dana) == 5
    await timed.turn(days=1)
    (payment,) = await place.payments()
    assert payment["amount_refunded"] == 450
    assert await balance(place.dana) == 5


async def test_refund_with_a_lost_answer_is_made_once(timed: Timed) -> None:
    place = await paid_pack(timed)
    owner = timed.desk.owner
    row = await payment_at_desk(timed, place)
    offer = await owner.taps("Refund", on=row.id)
    await owner.taps("Refund 9 USD", on=offer.id)
    await timed.sim.fails("stripe", "POST /v1/refunds", "lost", times=9)
    await owner.taps("Refund 9 USD", on=row.id)
    await timed.sim.no_more_failures()
    await timed.turn(hours=1)
    await place.dana.sees("Your payment of 9 USD was refunded")
    (payment,) = await place.payments()
    assert [one["amount"] for one in payment["refunds"]] == [900]
    assert await balance(place.dana) == 0


async def test_refund_at_stripe(timed_both: Timed) -> None:
    place = await paid_pack(timed_both)
    await refunded_there(timed_both, place)


async def refunded_there(timed: Timed, place: Place) -> Json:
    made = await timed.sim.bank("refund", charge=await charge_of(place), amount=450)
    await looks(timed)
    await place.dana.sees("4.50 USD of your payment of 9 USD was refunded")
    assert await balance(place.dana) == 5
    return made


async def test_refund_that_fails_counts_as_paid_again(timed_told: Timed) -> None:
    timed = timed_told
    place = await paid_pack(timed)
    made = await refunded_there(timed, place)
    await timed.sim.bank("fail_refund", refund=made["id"])
    await looks(timed)
    told = await place.dana.sees("didn't arrive at the bank")
    assert "5 points are back" in told.text
    assert await balance(place.dana) == 10


async def looks(timed: Timed) -> None:
    """Long enough for a bot that nobody tells."""
    for _ in range(3):
        await timed.turn(hours=8)


async def disputed(timed: Timed) -> tuple[Place, Json]:
    place = await paid_pack(timed)
    dispute = await timed.sim.bank("dispute", charge=await charge_of(place))
    await looks(timed)
    told = await place.dana.sees("Your payment of 9 USD is disputed at the bank")
    assert "10 points were taken" in told.text
    await timed.desk.owner.sees("9 USD is disputed at the bank")
    assert await balance(place.dana) == 0
    return place, dispute


async def test_dispute_won_gives_the_points_back(timed_both: Timed) -> None:
    place, dispute = await disputed(timed_both)
    await timed_both.sim.bank("dispute/close", dispute=dispute["id"], won=True)
    await looks(timed_both)
    told = await place.dana.sees("the payment counts again")
    assert "10 points are back" in told.text
    assert await balance(place.dana) == 10


async def test_dispute_lost_keeps_the_points(timed_both: Timed) -> None:
    place, dispute = await disputed(timed_both)
    await timed_both.sim.bank("dispute/close", dispute=dispute["id"], won=False)
    await looks(timed_both)
    await timed_both.desk.owner.sees("The dispute of 9 USD is lost")
    assert await balance(place.dana) == 0


async def test_debt_stops_buying_until_it_is_paid(timed: Timed) -> None:
    place = await paid_pack(timed)
    await place.buys("Extra bot", 1)
    await timed.sim.bank("refund", charge=await charge_of(place))
    await looks(timed)
    told = await place.dana.sees("That is below zero")
    assert told.button("Top up") is not None
    assert await balance(place.dana) == -7.5
    await timed.turn_to(place.after(1))
    assert "Extra bot ×" not in (await place.home()).text
    assert await balance(place.dana) == -7.5
