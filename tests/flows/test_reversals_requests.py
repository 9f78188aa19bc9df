"""A customer asks for a payment back, once per payment and day, and hears what the partner decided."""

import pytest

from billing import refund_requests
from billing.access import Role
from billing.errors import GoneError, NotAllowedError, NotRefundableError, StrangerError
from tests.flows.checks import twenty
from tests.flows.conftest import World
from tests.flows.till import Till, open_till


@pytest.fixture
def till(world: World) -> Till:
    return open_till(world)


async def the_request(world: World) -> int:
    ((number,),) = await world.sql("SELECT id FROM refund_requests")
    return int(number)


async def test_asking_again_on_the_same_day_changes_nothing_and_tomorrow_asks_anew(till: Till) -> None:
    world = till.world
    order_id, _ = await till.paid_order()

    for _ in range(2):
        view = await world.do(refund_requests.ask, order_id, "wrong pack")
        assert (view.request, view.may_ask) == ("asked", False)
    assert (await world.notices()).count("refund_request") == 1

    world.turn(2)
    await world.do(refund_requests.ask, order_id, "still the wrong pack")
    assert (await world.notices()).count("refund_request") == 2


async def test_twenty_wishes_at_once_are_one(pg_world: World) -> None:
    till = open_till(pg_world)
    order_id, _ = await till.paid_order()

    await twenty(pg_world.db, lambda _: pg_world.do(refund_requests.ask, order_id, ""))

    assert await pg_world.sql("SELECT count(*) FROM refund_requests") == [(1,)]
    assert (await pg_world.notices()).count("refund_request") == 1


async def test_a_refund_answers_the_wish(till: Till) -> None:
    world = till.world
    order_id, _ = await till.paid_order()
    await world.do(refund_requests.ask, order_id, "")

    await till.refunds.refund(world.call(world.partner_person), order_id, 1_000, 4_000)

    view = await world.db.read(refund_requests.payment, world.owner, order_id, world.now)
    assert (view.request, view.gone.amount_minor, view.taken) == ("refunded", 1_000, 1_375)
    assert (await world.notices()).count("reversal") == 1


async def test_a_declined_wish_is_told_once_with_its_note(till: Till) -> None:
    world = till.world
    order_id, _ = await till.paid_order()
    await world.do(refund_requests.ask, order_id, "")

    for note in ("spent already", "second thoughts"):
        done = await world.at_desk(refund_requests.decline, await the_request(world), note)
        assert done.status == "declined"

    assert (await world.notices()).count("refund_declined") == 1
    assert await world.sql("SELECT note FROM refund_requests") == [("spent already",)]


async def test_what_went_back_already_is_not_asked_for(till: Till) -> None:
    world = till.world
    order_id, payment = await till.paid_order()
    till.gateway.give_back(payment, 4_000)
    await till.refunds.look(1, payment)

    with pytest.raises(NotRefundableError, match="nothing"):
        await world.do(refund_requests.ask, order_id, "")


async def test_who_may_see_and_ask(till: Till) -> None:
    """R34: viewers and strangers see no payment; another desk's people can't answer."""
    world = till.world
    order_id, _ = await till.paid_order()
    vic = await world.member(301, "Vic", Role.VIEWER)
    sam = await world.newcomer(302, "Sam")
    await world.do(refund_requests.ask, order_id, "")

    seen = await world.db.read(refund_requests.support, vic, world.workspace, world.now)
    assert (seen.payments, seen.may_ask) == ((), False)
    with pytest.raises(NotAllowedError):
        await world.do(refund_requests.ask, order_id, "", by=vic)
    with pytest.raises(StrangerError):
        await world.do(refund_requests.ask, order_id, "", by=sam)
    with pytest.raises(StrangerError):
        await world.db.read(refund_requests.payment, sam, order_id, world.now)
    with pytest.raises(StrangerError):
        await world.do(refund_requests.decline, await the_request(world), "", by=sam)
    with pytest.raises(GoneError):
        await world.at_desk(refund_requests.decline, 999, "")
