"""A customer who is deleted in Stripe can pay again, and nobody charges a card that went with him."""

from collections.abc import AsyncIterator

import pytest

from billing import customers
from billing.access import Role
from billing.automatic import attempts
from billing.automatic.attempts import ChargeTerms
from billing.errors import PaymentsDownError
from billing.orders import Choice, OrderView
from billing.payments import Payments
from storage import orders as rows
from storage.models import OrderStatus, StripeEvent
from tests.chat.fakes import LOST, FakeGateway
from tests.flows.automatic import PARTNER, Auto
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import BOT, World
from tests.flows.plans import open_shop


@pytest.fixture
async def auto(world: World) -> AsyncIterator[Auto]:
    made = await Auto.over(world)
    yield made
    await assert_books_balance(world)


def customer_of(world: World) -> str:
    """The first that the gateway in memory makes."""
    return f"cus_{PARTNER}_{world.workspace}"


async def kept(world: World) -> list[str]:
    return [row[0] for row in await world.sql("SELECT customer FROM stripe_customers")]


async def opened(auto: Auto, pack: int | None = None, **kwargs: int) -> OrderView:
    return await auto.checkout.open(
        auto.world.call(auto.world.owner),
        PARTNER,
        auto.world.workspace,
        Choice(pack or auto.pack),
        language="en",
        title=lambda name, points, bonus: name,
        **kwargs,
    )


async def ran_out(auto: Auto) -> None:
    """Somebody had a page once."""
    view = await opened(auto)
    assert view.url is not None
    auto.gateway.run_out(view.url)
    auto.later(minutes=2)
    await auto.checkout.poll()


async def hear(auto: Auto) -> None:
    gone = StripeEvent(
        partner_id=PARTNER,
        id="evt_gone",
        type="customer.deleted",
        object_id=customer_of(auto.world),
        live=True,
    )
    payments = Payments(auto.world.db, {PARTNER: auto.gateway}, auto.clock, BOT, str)
    await customers.heard(payments, gone)


async def test_a_page_is_made_for_a_new_customer_at_the_first_press(auto: Auto) -> None:
    await ran_out(auto)
    auto.gateway.delete_customer(customer_of(auto.world))

    view = await opened(auto, chat_id=200, message_id=7)

    assert (view.status, view.message_id) == (OrderStatus.OPEN, 7)
    assert view.url is not None
    auto.gateway.pay(view.url)
    auto.later(minutes=2)
    await auto.checkout.poll()
    assert await auto.world.balance() == 5_500
    assert await kept(auto.world) == [f"{customer_of(auto.world)}_again"]
    statuses = await auto.world.sql("SELECT status, reason FROM orders ORDER BY created_at, status")
    assert [tuple(row) for row in statuses] == [("expired", ""), ("failed", "customer_gone"), ("paid", "")]


async def test_the_same_press_again_opens_the_same_page(auto: Auto) -> None:
    """The process died after the page was made, and the tap is handled again."""
    await ran_out(auto)
    auto.gateway.delete_customer(customer_of(auto.world))
    call = auto.world.call(auto.world.owner)

    async def press() -> OrderView:
        return await auto.checkout.open(
            call, PARTNER, auto.world.workspace, Choice(auto.pack), language="en", title=lambda *_: "points"
        )

    first, second = await press(), await press()

    assert first.url == second.url
    assert await kept(auto.world) == [f"{customer_of(auto.world)}_again"]


async def test_a_customer_who_stays_gone_is_made_once_more_and_then_refused(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ran_out(auto)
    auto.gateway.delete_customer(customer_of(auto.world))
    made = []

    async def dead(self: FakeGateway, *_: object) -> str:
        made.append(1)
        return customer_of(auto.world)

    monkeypatch.setattr(FakeGateway, "create_customer", dead)

    with pytest.raises(PaymentsDownError):
        await opened(auto)

    assert made == [1]


async def test_the_card_goes_with_the_customer_and_the_people_are_told(auto: Auto) -> None:
    await auto.world.give(3_000)
    await auto.world.get("Extra bot", 1)
    await auto.turn_on()
    auto.gateway.delete_customer(customer_of(auto.world))
    auto.turn(30)

    await auto.tick(3)

    screen = await auto.screen()
    assert (screen.state, screen.reason, screen.card) == ("suspended", "card_gone", None)
    assert await auto.told("auto_suspended") == 1
    assert await kept(auto.world) == []

    await auto.save_card("1111")
    await auto.tick(3)
    assert await auto.world.balance() == 5_500, "the new card was charged as the new customer"


async def test_a_card_is_saved_for_a_new_customer_at_the_first_press(auto: Auto) -> None:
    await ran_out(auto)
    await auto.agree()
    auto.gateway.delete_customer(customer_of(auto.world))

    await auto.save_card()

    assert (await auto.screen()).state == "on"


async def test_a_plan_is_bought_for_a_new_customer_at_the_first_press(world: World) -> None:
    shop = await open_shop(world)
    running = await shop.running()
    shop.gateway.delete_customer(customer_of(world))
    await shop.hears("customer.subscription.deleted", running)

    view = await shop.subscribe("Business Large", over=True)

    assert view.url is not None
    shop.gateway.pay(view.url)
    await shop.later(minutes=2)
    assert (await shop.stands())[0] == "Business Large"


async def test_a_webhook_is_believed_when_the_gateway_says_so_too(auto: Auto) -> None:
    await auto.turn_on()
    view = await opened(auto)

    await hear(auto)
    assert await kept(auto.world) == [customer_of(auto.world)]

    auto.gateway.delete_customer(customer_of(auto.world))
    await hear(auto)
    await hear(auto)

    assert await kept(auto.world) == []
    assert (await auto.screen()).state == "suspended"
    assert await auto.told("auto_suspended") == 1
    fresh = await opened(auto)
    assert fresh.id != view.id, "the page that was open can't be used any more"


async def test_a_page_of_the_deleted_customer_that_was_paid_before_is_credited(auto: Auto) -> None:
    """R28."""
    view = await opened(auto)
    assert view.url is not None
    auto.gateway.pay(view.url)
    auto.gateway.delete_customer(customer_of(auto.world))
    await hear(auto)

    for _ in range(3):
        auto.later(minutes=10)
        await auto.checkout.poll()

    assert await auto.world.balance() == 5_500


async def test_somebody_elses_customer_is_nobodys_business(auto: Auto) -> None:
    await ran_out(auto)

    assert not await auto.world.db.write(
        customers.forget_customer, auto.world.call(), PARTNER, "cus_of_another_shop"
    )
    assert await kept(auto.world) == [customer_of(auto.world)]


async def test_a_charge_whose_answer_was_lost_is_found_though_its_customer_is_gone(auto: Auto) -> None:
    """R18: it was paid, and no second one is made."""
    await auto.world.give(3_000)
    await auto.world.get("Extra bot", 1)
    await auto.turn_on()
    auto.turn(30)
    terms = ChargeTerms(live=True, build=auto.gateway.charge_params)
    charge = await auto.world.db.write(attempts.begin, auto.world.call(), auto.world.workspace, terms)
    assert charge is not None
    auto.gateway.next_charges = [LOST]
    await auto.flows._charge(auto.gateway, charge)
    auto.gateway.delete_customer(customer_of(auto.world))
    await hear(auto)

    await auto.tick(4, minutes=5)

    assert [status for status, _, _ in await auto.orders()] == ["paid"]
    assert await auto.world.balance() == 5_500


async def test_a_new_customer_is_not_forgotten_for_the_old_ones_sake(auto: Auto) -> None:
    """An order of the deleted one is sent again by the poller, after another was made."""
    await ran_out(auto)
    auto.gateway.down = True
    with pytest.raises(PaymentsDownError):
        await opened(auto)
    auto.gateway.down = False
    auto.gateway.delete_customer(customer_of(auto.world))
    await hear(auto)
    billing = await auto.world.member(300, "Bill", Role.BILLING)
    view = await auto.checkout.open(
        auto.world.call(billing),
        PARTNER,
        auto.world.workspace,
        Choice(auto.small),
        language="en",
        title=lambda name, points, bonus: name,
    )

    auto.later(minutes=5)
    await auto.checkout.poll()

    assert await kept(auto.world) == [f"{customer_of(auto.world)}_again"]
    assert view.status == OrderStatus.OPEN
    assert await auto.world.db.write(rows.claim_unsent, auto.clock.now(), auto.clock.now(), 9) == []


async def test_twenty_who_find_him_gone_make_one_new_customer_and_are_told_once(pg_world: World) -> None:
    auto = await Auto.over(pg_world)
    await auto.turn_on()
    auto.gateway.delete_customer(customer_of(pg_world))

    async def one(number: int) -> None:
        if number % 2:
            await hear(auto)
        else:
            await opened(auto)

    await twenty(pg_world.db, one)

    assert len(await kept(pg_world)) == 1
    assert await auto.told("auto_suspended") == 1
    assert await pg_world.sql("SELECT count(*) FROM orders WHERE status = 'open'") == [(1,)]
    await assert_books_balance(pg_world)
