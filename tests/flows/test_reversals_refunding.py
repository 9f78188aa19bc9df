"""The partner refunds from the payment's row: never twice, never more than is left, whatever the line does (R29)."""

import datetime as dt

import pytest

from billing import people, refunding
from billing.access import DeskRole
from billing.errors import (
    GoneError,
    NotAllowedError,
    NotRefundableError,
    PaymentsDownError,
    RefundChangedError,
)
from billing.gateway import GatewayError, RefundFacts
from billing.money import Money
from tests.chat.fakes import FakeGateway
from tests.flows.checks import accepted, assert_books_balance, twenty
from tests.flows.conftest import World
from tests.flows.till import Till, open_till


@pytest.fixture
def till(world: World) -> Till:
    return open_till(world)


async def refund(till: Till, order_id: int, amount: int, left: int) -> refunding.RefundOrder:
    """As the confirming button does."""
    return await till.refunds.refund(till.world.call(till.world.partner_person), order_id, amount, left)


async def left(till: Till, order_id: int) -> int:
    """What the screen would offer."""
    offer = await till.refunds.offer(till.world.call(till.world.partner_person), order_id)
    return offer.left.amount_minor


async def test_the_quote_says_what_a_refund_takes_and_what_the_balance_becomes(till: Till) -> None:
    """R29: "refund 40 USD, takes 50 points"."""
    order_id, _ = await till.paid_order()
    await till.world.get("Extra bot", 1)
    await till.refunds.offer(till.world.call(till.world.partner_person), order_id)

    quote = await till.world.db.read(refunding.quote, till.world.partner_person, order_id, 4_000)

    assert (quote.takes, quote.offer.balance, quote.balance_after) == (5_500, 2_500, -3_000)


async def test_what_is_quoted_is_what_is_taken_refund_after_refund(till: Till) -> None:
    order_id, _ = await till.paid_order()
    world = till.world
    for amount in (333, 1, 1_999, 1_667):
        rest = await left(till, order_id)
        quote = await world.db.read(refunding.quote, world.partner_person, order_id, amount)
        done = await refund(till, order_id, amount, rest)
        assert done.status == "succeeded"
        assert await world.balance() == quote.balance_after

    assert await left(till, order_id) == 0
    assert await world.balance() == 0


async def test_a_second_tap_on_the_same_button_refunds_nothing(till: Till) -> None:
    """R13: the button names what was left when it was shown."""
    order_id, payment = await till.paid_order()
    await refund(till, order_id, 1_000, 4_000)

    with pytest.raises(RefundChangedError) as refusal:
        await refund(till, order_id, 1_000, 4_000)

    assert refusal.value.left == Money(3_000, "USD")
    assert len(till.gateway.refunds[payment]) == 1


async def test_a_refund_made_at_stripe_meanwhile_is_seen_before_another_is_made(till: Till) -> None:
    order_id, payment = await till.paid_order()
    till.gateway.give_back(payment, 3_500)

    with pytest.raises(RefundChangedError):
        await refund(till, order_id, 1_000, 4_000)


@pytest.mark.parametrize("amount", [0, 4_001])
async def test_no_more_than_is_left_and_no_less_than_something(till: Till, amount: int) -> None:
    order_id, _ = await till.paid_order()

    with pytest.raises(NotRefundableError, match="amount"):
        await refund(till, order_id, amount, 4_000)


async def test_a_lost_answer_is_repeated_under_the_same_key_and_told_when_it_is_known(till: Till) -> None:
    order_id, payment = await till.paid_order()
    till.gateway.lost_answers = 1
    assert (await refund(till, order_id, 1_000, 4_000)).status == "asked"
    assert await till.world.balance() == 5_500

    till.world.now += dt.timedelta(minutes=2)
    await till.refunds.poll()
    await till.refunds.poll()

    assert [each.amount_minor for each in till.gateway.refunds[payment]] == [1_000]
    assert await till.taken() == (1_000, 1_250, 125)
    assert (await till.world.notices()).count("desk_reversal") == 1


async def test_a_refund_that_never_left_is_sent_by_the_tick(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died, or Stripe was down, between the commit and the call."""
    order_id, payment = await till.paid_order()
    await left(till, order_id)
    world = till.world
    await world.at_desk(refunding.ask, order_id, 1_000, 4_000)

    world.now += dt.timedelta(minutes=2)
    await till.refunds.poll()

    assert await till.taken() == (1_000, 1_250, 125)
    assert len(till.gateway.refunds[payment]) == 1


async def test_what_is_on_its_way_is_not_offered_again(till: Till) -> None:
    order_id, _ = await till.paid_order()
    await left(till, order_id)
    await till.world.at_desk(refunding.ask, order_id, 1_000, 4_000)

    assert await left(till, order_id) == 3_000


async def test_a_refund_that_cannot_be_sent_for_a_day_ends_and_is_told(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id, _ = await till.paid_order()
    await left(till, order_id)
    await till.world.at_desk(refunding.ask, order_id, 1_000, 4_000)

    till.world.now += dt.timedelta(hours=24)
    await till.refunds.poll()

    assert await till.world.sql("SELECT status, error FROM refunds") == [("refused", "unreachable")]
    assert (await till.world.notices()).count("desk_refund_refused") == 1
    assert await left(till, order_id) == 4_000


async def test_what_stripe_refuses_takes_nothing_and_says_why(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id, _ = await till.paid_order()

    async def refuse(*_args: object) -> RefundFacts:
        raise GatewayError("balance_insufficient")

    monkeypatch.setattr(FakeGateway, "refund", refuse)

    done = await refund(till, order_id, 1_000, 4_000)

    assert (done.status, done.error) == ("refused", "balance_insufficient")
    assert await till.world.balance() == 5_500
    assert await left(till, order_id) == 4_000


async def test_a_refund_that_fails_later_gives_the_points_back_and_can_be_made_again(till: Till) -> None:
    order_id, payment = await till.paid_order()
    await refund(till, order_id, 4_000, 4_000)
    till.gateway.fail_refund(payment, till.gateway.refunds[payment][0].id)

    await till.news("refund.failed", payment)

    assert await till.world.balance() == 5_500
    assert await left(till, order_id) == 4_000
    assert (await till.world.notices()).count("desk_reversal") == 1


async def test_a_disputed_payment_is_not_refunded_here(till: Till) -> None:
    order_id, payment = await till.paid_order()
    till.gateway.dispute(payment, 1_000)

    with pytest.raises(NotRefundableError, match="disputed"):
        await refund(till, order_id, 1_000, await left(till, order_id))


@pytest.mark.parametrize(
    ("trouble", "reason"), [("disconnected", "disconnected"), ("mode", "mode"), ("account", "gone")]
)
async def test_a_payment_of_another_account_or_mode_says_where_to_refund_it(
    till: Till, trouble: str, reason: str
) -> None:
    order_id, payment = await till.paid_order()
    if trouble == "disconnected":
        till.payments.gateways.clear()  # type: ignore[attr-defined]  # the process's own dict
    elif trouble == "mode":
        till.gateway.live = False
    else:
        del till.gateway.payments[payment]

    with pytest.raises(NotRefundableError, match=reason):
        await refund(till, order_id, 1_000, 4_000)


async def test_while_stripe_is_down_nothing_is_asked_for(till: Till) -> None:
    order_id, _ = await till.paid_order()
    till.gateway.down = True

    with pytest.raises(PaymentsDownError):
        await refund(till, order_id, 1_000, 4_000)

    assert await till.world.sql("SELECT count(*) FROM refunds") == [(0,)]


async def test_only_admins_of_this_desk_refund(till: Till) -> None:
    """R34."""
    world = till.world
    order_id, _ = await till.paid_order()
    sue = await world.newcomer(400, "Sue")
    await world.at_desk(people.invite_admin, DeskRole.SUPPORT, "sue")
    await world.do(people.accept_invite, "sue", by=sue)

    with pytest.raises(NotAllowedError):
        await till.refunds.refund(world.call(sue), order_id, 1_000, 4_000)
    with pytest.raises(GoneError):
        await refund(till, 999, 1_000, 4_000)


async def test_refunds_stand_in_the_audit_log(till: Till) -> None:
    """R33."""
    order_id, _ = await till.paid_order()
    await refund(till, order_id, 1_000, 4_000)

    rows = await till.world.sql("SELECT action, person_id FROM audit WHERE action = 'refund'")
    assert rows == [("refund", till.world.partner_person)]


async def test_who_refunds_is_shown_it_and_gets_no_notice(till: Till) -> None:
    order_id, payment = await till.paid_order()
    await refund(till, order_id, 1_000, 4_000)
    await till.news("refund.created", payment)

    told = await till.world.notices()
    assert (told.count("reversal"), told.count("desk_reversal")) == (1, 0)


async def test_without_webhooks_the_tick_finds_refunds_and_the_end_of_disputes(till: Till) -> None:
    _, payment = await till.paid_order()
    till.gateway.dispute(payment, 1_000)
    await till.refunds.poll()
    assert await till.taken() == (1_000, 1_250, 125)

    till.gateway.close_dispute(payment, won=True)
    till.world.now += dt.timedelta(hours=7)
    await till.refunds.poll()

    assert await till.taken() == (0, 0, 0)


async def test_twenty_refunds_at_once_never_exceed_what_was_paid(pg_world: World) -> None:
    """R29: each sees what is left and refunds 15 of 40 USD; only two can."""
    till = open_till(pg_world)
    order_id, payment = await till.paid_order()

    async def some(_: int) -> object:
        return await refund(till, order_id, 1_500, await left(till, order_id))

    done: list[object] = []
    for _ in range(3):
        done += accepted(await twenty(pg_world.db, some))

    assert len(done) == 2
    assert sum(each.amount_minor for each in till.gateway.refunds[payment]) == 3_000
    assert await till.taken() == (3_000, 3_750, 375)
    await assert_books_balance(pg_world)


async def test_one_confirmation_pressed_by_twenty_refunds_once(pg_world: World) -> None:
    till = open_till(pg_world)
    order_id, payment = await till.paid_order()

    done = accepted(await twenty(pg_world.db, lambda _: refund(till, order_id, 1_000, 4_000)))

    assert len(done) == 1
    assert len(till.gateway.refunds[payment]) == 1


async def test_a_tap_that_is_handled_again_is_the_same_refund(till: Till) -> None:
    """The process died after the refund, before the tap counted as done."""
    order_id, payment = await till.paid_order()
    tap = till.world.call(till.world.partner_person)

    first = await till.refunds.refund(tap, order_id, 1_000, 4_000)
    again = await till.refunds.refund(tap, order_id, 1_000, 4_000)

    assert again == first
    assert len(till.gateway.refunds[payment]) == 1
