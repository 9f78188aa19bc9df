"""Payments: credited exactly once, whoever brings the news, and nobody pays and gets nothing (R27, R28)."""

import datetime as dt
from dataclasses import replace

import pytest

from billing import addons, orders
from billing.access import Role
from billing.errors import AmountError, GoneError, NotAllowedError, NotSellingError, StrangerError
from billing.gateway import SessionFacts
from billing.marks import mark
from billing.money import Money
from billing.orders import CheckoutTerms, Choice, Placed
from storage import catalogue as rows
from storage.database import Tx
from storage.models import OrderStatus
from tests.flows.conftest import BOT, World

TERMS = CheckoutTerms(
    "cus_1",
    live=True,
    return_url=lambda order: f"https://t.me/bot?start=paid_{order}",
    language="en",
    title=lambda name, points, bonus: f"{(points + bonus) // 100} {name}",
    build=lambda request: {"order": request.order_id},
)


async def pack_ids(world: World) -> list[int]:
    def read(tx: Tx) -> list[int]:
        return [pack.id for pack in rows.packs(tx, 1)]

    return await world.db.read(read)


async def order(world: World, choice: Choice | None = None) -> tuple[Placed, SessionFacts]:
    """A placed order with its open page."""
    if choice is None:
        choice = Choice((await pack_ids(world))[1])
    placed: Placed = await world.do(orders.place, world.workspace, choice, TERMS, 200, 7)
    facts = SessionFacts(
        f"cs_{placed.view.id}",
        "https://pay",
        "open",
        "unpaid",
        placed.view.price,
        live=True,
        created=world.now,
        metadata={
            "order": str(placed.view.id),
            **mark(BOT, 1, world.workspace),
            "points": str(placed.view.points),
            "bonus": str(placed.view.bonus),
        },
    )
    await world.db.write(orders.attach, world.call(), 1, placed.view.id, facts)
    return placed, facts


def paid(facts: SessionFacts) -> SessionFacts:
    return replace(
        facts,
        status="complete",
        payment_status="paid",
        payment_intent=facts.id.replace("cs", "pi"),
        payment_state="succeeded",
        receipt_url="https://receipt",
    )


async def settle(world: World, facts: SessionFacts) -> OrderStatus | None:
    return await world.db.write(orders.settle, world.call(reference=f"settle:{facts.id}"), 1, facts)


async def test_points_and_bonus_arrive_as_two_lines_of_one_operation(world: World) -> None:
    """R2."""
    _, facts = await order(world)

    assert await settle(world, paid(facts)) is OrderStatus.PAID

    assert await world.amounts() == [5_000, 500]
    assert await world.sql("SELECT count(DISTINCT reference) FROM postings") == [(1,)]


async def test_the_same_payment_brought_many_times_is_credited_once(world: World) -> None:
    """R27."""
    _, facts = await order(world)

    for _ in range(3):
        assert await settle(world, paid(facts)) is OrderStatus.PAID

    assert await world.balance() == 5_500
    assert (await world.notices()).count("order") == 1


async def test_a_page_that_is_complete_but_unpaid_waits_and_is_told(world: World) -> None:
    """R28: a delayed method."""
    _, facts = await order(world)
    waiting = replace(facts, status="complete", payment_intent="pi_9", payment_state="processing")

    assert await settle(world, waiting) is OrderStatus.WAITING
    assert await world.balance() == 0

    assert await settle(world, paid(replace(facts, payment_intent="pi_9"))) is OrderStatus.PAID
    assert await world.balance() == 5_500


async def test_a_bank_that_refuses_in_the_end_fails_the_order(world: World) -> None:
    _, facts = await order(world)
    waiting = replace(facts, status="complete", payment_intent="pi_9", payment_state="processing")
    await settle(world, waiting)

    failed = replace(waiting, payment_state="requires_payment_method", decline="insufficient_funds")

    assert await settle(world, failed) is OrderStatus.FAILED
    assert await world.balance() == 0


async def test_a_declined_card_is_told_while_the_page_stays_open(world: World) -> None:
    _, facts = await order(world)

    declined = replace(facts, decline="insufficient_funds")

    assert await settle(world, declined) is OrderStatus.OPEN
    assert await settle(world, declined) is OrderStatus.OPEN
    assert (await world.notices()).count("order") == 1


@pytest.mark.parametrize("ended", ["cancelled", "expired"])
async def test_money_that_arrives_for_an_ended_order_is_credited(world: World, ended: str) -> None:
    """R28: nobody pays and gets nothing."""
    placed, facts = await order(world)
    if ended == "cancelled":
        await world.do(orders.cancel, placed.view.id)
    else:
        assert await settle(world, replace(facts, status="expired")) is OrderStatus.EXPIRED

    assert await settle(world, paid(facts)) is OrderStatus.PAID
    assert await world.balance() == 5_500


async def test_a_payment_whose_order_is_lost_is_rebuilt_from_what_stripe_holds(world: World) -> None:
    """R27."""
    _, facts = await order(world)
    unknown = replace(
        paid(facts), id="cs_other", payment_intent="pi_other", metadata={**facts.metadata, "order": "77"}
    )

    assert await settle(world, unknown) is OrderStatus.PAID
    assert await settle(world, unknown) is OrderStatus.PAID
    assert await world.balance() == 5_500


@pytest.mark.parametrize(
    "wrong",
    [
        {"subtotal": Money(3_999, "USD")},
        {"subtotal": Money(4_000, "EUR")},
        {"live": False},
    ],
)
async def test_a_payment_that_is_not_what_was_ordered_is_not_credited_and_the_partner_is_told(
    world: World, wrong: dict[str, object]
) -> None:
    """R27: right amount, currency and mode."""
    _, facts = await order(world)

    assert await settle(world, replace(paid(facts), **wrong)) is OrderStatus.FAILED  # type: ignore[arg-type]  # fields by name

    assert await world.balance() == 0
    assert "mismatch" in await world.notices()


async def test_another_partners_page_is_none_of_ours(world: World) -> None:
    _, facts = await order(world)
    foreign = replace(
        paid(facts), id="cs_foreign", metadata={"order": "5", "workspace": "999", "points": "1"}
    )

    assert await settle(world, foreign) is None


async def test_the_same_choice_again_answers_the_open_order(world: World) -> None:
    """R13: the link is made when pressed, and pressing again makes no second one."""
    first, _ = await order(world)

    again: Placed = await world.do(
        orders.place, world.workspace, Choice((await pack_ids(world))[1]), TERMS, 200, 8
    )

    assert again.view.id == first.view.id
    assert again.session_id is not None


async def test_another_choice_supersedes_the_open_order(world: World) -> None:
    """R28."""
    first, facts = await order(world)

    other: Placed = await world.do(
        orders.place, world.workspace, Choice((await pack_ids(world))[0]), TERMS, 200, 8
    )

    assert other.superseded == ((first.view.id, facts.id),)


async def test_an_exact_amount_is_never_below_stripes_minimum_and_what_is_over_is_credited(
    world: World,
) -> None:
    """R3: 0.30 points at 1 USD a point would be 0.30 USD; Stripe takes no less than 0.50."""
    placed, facts = await order(world, Choice(None, 30, "USD"))

    assert placed.view.price == Money(50, "USD")
    await settle(world, paid(facts))
    assert await world.balance() == 50


async def test_a_shortfall_is_bought_exactly_and_the_purchase_made_at_once(world: World) -> None:
    """R12."""
    await world.give(2_790)
    await world.do(addons.remember_purchase, world.workspace, world.addon["Extra bot"], 1)
    _, facts = await order(world, Choice(None, 210, "USD"))

    await settle(world, paid(facts))

    assert await world.balance() == 0
    assert await world.sql("SELECT units FROM addon_states") == [(1,)]


async def test_the_pack_that_fits_is_the_cheapest_that_covers_what_is_missing(world: World) -> None:
    """R12."""
    small = await world.db.read(orders.fitting, world.owner, world.workspace, 210)
    large = await world.db.read(orders.fitting, world.owner, world.workspace, 5_400)

    assert small.pack is not None
    assert large.pack is not None
    assert (small.pack.card.points, small.exact) == (1_000, Money(210, "USD"))
    assert large.pack.card.points == 5_000


async def test_what_no_pack_covers_is_paid_with_several_of_one_in_one_payment(world: World) -> None:
    """R12: 270 points short; the largest pack gives 55 for 40 USD, so five are paid at once and buy it."""
    quote = await world.quote("Extra bot", 9)
    assert quote.missing == 27_000
    fit = await world.db.read(orders.fitting, world.owner, world.workspace, quote.missing)
    assert fit.pack is not None
    assert (fit.pack.card.points, fit.packs, fit.exact) == (5_000, 5, None)
    await world.do(addons.remember_purchase, world.workspace, world.addon["Extra bot"], 9)

    placed, facts = await order(world, Choice(fit.pack.card.id, packs=fit.packs))
    await settle(world, paid(facts))

    assert (placed.view.packs, placed.view.price) == (5, Money(20_000, "USD"))
    assert await world.sql("SELECT units FROM addon_states") == [(9,)]
    assert await world.balance() == 27_500 - 27_000


async def test_no_more_packs_than_one_payment_has_room_for(world: World) -> None:
    """R12: where one payment can't reach, none is said to."""
    most = Money(99_999_999, "USD")
    largest = (await pack_ids(world))[1]
    far = 5_500 * (most.amount_minor // 4_000) + 1

    fit = await world.db.read(orders.fitting, world.owner, world.workspace, far)

    assert not fit.reaches
    with pytest.raises(AmountError):
        await order(world, Choice(largest, packs=most.amount_minor // 4_000 + 1))


async def test_the_pack_that_fits_best_is_beside_every_exact_amount(world: World) -> None:
    """R3: 2.10 points cost 2.10 USD, the smallest pack that covers them 9 USD."""
    _, money, _, beside = await world.db.read(orders.exact_price, world.owner, world.workspace, "USD", 210)

    assert beside.pack is not None
    assert (money, beside.pack.card.points, beside.exact) == (Money(210, "USD"), 1_000, Money(210, "USD"))


async def test_a_retired_pack_is_gone(world: World) -> None:
    from billing import catalogue

    pack = (await pack_ids(world))[0]
    await world.at_desk(catalogue.retire_pack, pack)

    with pytest.raises(GoneError):
        await order(world, Choice(pack))


async def test_only_owner_and_billing_can_pay(world: World) -> None:
    """R34."""
    viewer = await world.member(300, "Vic", Role.VIEWER)
    stranger = await world.newcomer(400, "Sam")
    choice = Choice((await pack_ids(world))[0])

    with pytest.raises(NotAllowedError):
        await world.do(orders.place, world.workspace, choice, TERMS, 1, 1, by=viewer)
    with pytest.raises(StrangerError):
        await world.do(orders.place, world.workspace, choice, TERMS, 1, 1, by=stranger)


async def test_test_mode_sells_only_where_it_is_allowed(world: World) -> None:
    """R26."""

    def go_test(tx: Tx) -> None:
        rows.lock_partner(tx, 1).stripe_live = False

    await world.db.write(go_test)

    with pytest.raises(NotSellingError):
        await order(world)


async def test_an_order_is_seen_by_its_workspace_only(world: World) -> None:
    placed, _ = await order(world)
    stranger = await world.newcomer(400, "Sam")

    with pytest.raises(StrangerError):
        await world.db.read(orders.view, stranger, placed.view.id)


async def test_an_open_page_is_looked_at_soon_then_less_often_but_within_a_minute(world: World) -> None:
    """The poller alone is a full replacement of webhooks."""
    from storage import orders as order_rows

    _, facts = await order(world)
    seen = []
    for _ in range(40):
        (((next_look),),) = await world.sql("SELECT next_look_at FROM orders")
        due = (
            dt.datetime.fromisoformat(next_look).replace(tzinfo=dt.UTC)
            if isinstance(next_look, str)
            else next_look
        )
        seen.append((due - world.now).total_seconds())
        world.now = due
        claimed = await world.db.write(
            order_rows.claim_due, world.now, world.now + dt.timedelta(seconds=45), 10
        )
        assert len(claimed) == 1
        await settle(world, facts)

    assert seen[0] <= 5
    assert max(seen) <= 60
