"""A failed automatic charge is made good once, however many of its links are about (R18)."""

from collections.abc import AsyncIterator

import pytest

from billing.automatic import agreement, outcomes
from billing.errors import AutoTopUpError, GoneError
from tests.chat.fakes import LOST, PAID, THREE_D_SECURE
from tests.flows.automatic import PARTNER, Auto
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import World


async def needy(world: World) -> Auto:
    """Auto top-up is on; the renewal of 1 December needs 30 points and there are none."""
    auto = await Auto.over(world)
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await auto.turn_on()
    return auto


@pytest.fixture
async def auto(world: World) -> AsyncIterator[Auto]:
    yield await needy(world)
    await assert_books_balance(world)


async def first_attempt(auto: Auto) -> None:
    auto.turn(30, hour=0, minute=30)
    await auto.tick(3)


async def second_attempt(auto: Auto) -> None:
    auto.turn(1, month=12, hour=0, minute=5)
    await auto.tick(3)


async def attempts(auto: Auto) -> list[tuple[int, str]]:
    rows = await auto.world.sql("SELECT id, status FROM orders WHERE automatic ORDER BY created_at, id")
    return [(int(row[0]), row[1]) for row in rows]


async def twice_failed(auto: Auto) -> tuple[int, int]:
    auto.gateway.next_charges = [THREE_D_SECURE, THREE_D_SECURE]
    await first_attempt(auto)
    await second_attempt(auto)
    (first, one), (second, other) = await attempts(auto)
    assert (one, other) == ("failed", "failed")
    return first, second


async def recovered(auto: Auto, order_id: int) -> bool:
    _, last = await auto.world.db.read(agreement.charge_of, auto.world.owner, order_id)
    return last.recovered


async def paid(auto: Auto, url: str | None) -> None:
    assert url is not None
    auto.gateway.pay(url)
    auto.later(minutes=2)
    await auto.checkout.poll()


async def test_a_link_is_refused_after_the_retry_succeeded(auto: Auto) -> None:
    auto.gateway.next_charges = [THREE_D_SECURE, PAID]
    await first_attempt(auto)
    await second_attempt(auto)
    (failed, _), (_, status) = await attempts(auto)
    assert status == "paid"

    with pytest.raises(AutoTopUpError, match="recovered"):
        await auto.recover(failed)

    assert await recovered(auto, failed)
    assert list(auto.gateway.pages.values())[1:] == [], "only the page that saved the card"


async def test_of_two_failed_attempts_for_one_need_one_is_paid(auto: Auto) -> None:
    first, second = await twice_failed(auto)
    await paid(auto, (await auto.recover(second)).url)

    with pytest.raises(AutoTopUpError, match="recovered"):
        await auto.recover(first)

    assert await auto.world.balance() == 2_500
    assert (await recovered(auto, first), await recovered(auto, second)) == (True, True)


async def test_two_failed_attempts_have_one_page(auto: Auto) -> None:
    first, second = await twice_failed(auto)

    assert (await auto.recover(first)).url == (await auto.recover(second)).url


async def test_a_link_is_refused_when_points_came_another_way(auto: Auto) -> None:
    auto.gateway.next_charges = [THREE_D_SECURE]
    await first_attempt(auto)
    ((failed, _),) = await attempts(auto)
    await auto.world.give(3_000)

    with pytest.raises(AutoTopUpError, match="not_needed"):
        await auto.recover(failed)


async def test_what_was_paid_before_makes_nothing_good(auto: Auto) -> None:
    """The charge of a month ago was paid; this one failed."""
    await first_attempt(auto)
    auto.turn(2, month=12)
    await auto.tick(2)
    await auto.world.give(-await auto.world.balance())
    auto.gateway.next_charges = [THREE_D_SECURE]
    auto.turn(31, month=12, hour=0, minute=30)
    await auto.tick(3)
    (_, earlier), (failed, status) = await attempts(auto)
    assert (earlier, status) == ("paid", "failed")

    view = await auto.recover(failed)

    assert view.url is not None
    assert not await recovered(auto, failed)


async def test_a_charge_that_was_paid_after_all_closes_the_page_that_made_it_good(auto: Auto) -> None:
    """Stripe's answer was lost, the attempt given up, and a webhook tells a day later."""
    auto.gateway.next_charges = [THREE_D_SECURE, LOST]
    await first_attempt(auto)
    (failed, _), *_ = await attempts(auto)
    await second_attempt(auto)
    unknown, _ = (await attempts(auto))[1]
    await auto.world.db.write(outcomes.give_up, auto.world.call(), PARTNER, unknown)
    view = await auto.recover(failed)
    payment = next(payment for payment in auto.payments if payment.succeeded)

    await auto.hear("payment_intent.succeeded", payment.id)
    auto.later(minutes=2)
    await auto.checkout.poll()

    standing = await auto.world.sql("SELECT status, reason FROM orders WHERE id = :id", id=view.id)
    assert standing == [("cancelled", "recovered")]
    assert auto.gateway.pages[str(view.url).rsplit("/", 1)[1]].status == "expired"


async def test_only_an_automatic_order_of_the_workspace_can_be_made_good(auto: Auto) -> None:
    auto.gateway.next_charges = [THREE_D_SECURE]
    await first_attempt(auto)
    ((failed, _),) = await attempts(auto)
    page = await auto.recover(failed)

    for other in (page.id, 77):
        with pytest.raises(GoneError):
            await auto.recover(other)


async def test_twenty_who_press_either_link_at_once_get_one_page(pg_world: World) -> None:
    auto = await needy(pg_world)
    failed = await twice_failed(auto)

    answers = await twenty(pg_world.db, lambda number: auto.recover(failed[number % 2]))

    assert len({answer.url for answer in answers}) == 1
    ((pages,),) = await pg_world.sql("SELECT count(*) FROM orders WHERE recovers_id IS NOT NULL")
    assert pages == 1
