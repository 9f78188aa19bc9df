"""Refunds and disputes take points back in proportion, and give them back when they come to nothing (R29)."""

import pytest

from billing import addons, adjust
from billing.access import Role
from billing.errors import NotEnoughPointsError
from billing.gateway import PaymentFacts, ReversalFacts
from billing.ledger import Kind
from billing.marks import mark
from billing.money import Money
from billing.reversals import Outcome
from storage.database import Tx
from storage.models import AutoTopUp
from tests.chat.fakes import FakeGateway
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import BOT, World
from tests.flows.till import Till, open_till


@pytest.fixture
def till(world: World) -> Till:
    return open_till(world)


async def test_a_refund_takes_its_share_of_points_and_of_bonus(till: Till) -> None:
    """R29: 10 of 40 USD take 12.50 of 50 points and 1.25 of 5 bonus points, as one operation of two lines."""
    _, payment = await till.paid_order()

    till.gateway.give_back(payment, 1_000)
    await till.news("charge.refunded", payment)

    assert await till.world.amounts() == [5_000, 500, -1_250, -125]
    rows = await till.world.sql(
        "SELECT count(DISTINCT reference), kind FROM postings WHERE amount < 0 GROUP BY kind"
    )
    assert rows == [(1, Kind.PAYBACK)]


async def test_the_same_news_again_takes_nothing_more(till: Till) -> None:
    _, payment = await till.paid_order()
    till.gateway.give_back(payment, 1_000)

    for kind in ("refund.created", "charge.refunded", "refund.updated", "charge.refunded"):
        await till.news(kind, payment)

    assert await till.world.balance() == 5_500 - 1_375
    assert (await till.world.notices()).count("reversal") == 1


async def test_two_equal_refunds_are_two(till: Till) -> None:
    """R29: by the cumulative amount, so the second is no replay of the first."""
    _, payment = await till.paid_order()

    for _ in range(2):
        till.gateway.give_back(payment, 1_000)
        await till.news("refund.created", payment)

    assert await till.taken() == (2_000, 2_500, 250)


async def test_a_refund_that_fails_gives_the_points_back(till: Till) -> None:
    _, payment = await till.paid_order()
    refund = till.gateway.give_back(payment, 4_000)
    await till.news("refund.created", payment)
    assert await till.world.balance() == 0

    till.gateway.fail_refund(payment, refund.id)
    await till.news("refund.failed", payment)

    assert await till.world.balance() == 5_500
    assert await till.taken() == (0, 0, 0)
    assert (await till.world.notices()).count("desk_reversal") == 2


async def test_a_dispute_takes_the_points_and_a_won_one_gives_them_back(till: Till) -> None:
    _, payment = await till.paid_order()
    till.gateway.dispute(payment, 4_000)
    await till.news("charge.dispute.created", payment)
    assert await till.world.balance() == 0

    till.gateway.close_dispute(payment, won=True)
    await till.news("charge.dispute.closed", payment)

    assert await till.world.balance() == 5_500


async def test_a_lost_dispute_keeps_the_points_and_the_desk_hears_of_its_end(till: Till) -> None:
    _, payment = await till.paid_order()
    till.gateway.dispute(payment, 4_000)
    await till.news("charge.dispute.created", payment)

    till.gateway.close_dispute(payment, won=False)
    await till.news("charge.dispute.closed", payment)
    await till.news("charge.dispute.funds_withdrawn", payment)

    assert await till.world.balance() == 0
    told = await till.world.notices()
    assert (told.count("reversal"), told.count("desk_reversal")) == (1, 2)


async def test_an_inquiry_takes_nothing_and_only_the_desk_hears_of_it(till: Till) -> None:
    _, payment = await till.paid_order()

    till.gateway.dispute(payment, status="warning_needs_response")
    await till.news("charge.dispute.created", payment)

    assert await till.world.balance() == 5_500
    told = await till.world.notices()
    assert (told.count("reversal"), told.count("desk_reversal")) == (0, 1)


async def test_a_dispute_of_a_partly_refunded_payment_takes_the_rest_and_no_more(till: Till) -> None:
    _, payment = await till.paid_order()
    till.gateway.give_back(payment, 1_000)
    till.gateway.dispute(payment, status="lost")

    await till.news("charge.dispute.created", payment)

    assert await till.taken() == (4_000, 5_000, 500)


async def test_spent_points_leave_a_debt_that_stops_buying_and_counts_as_missing(till: Till) -> None:
    """R29: the balance goes below zero; a shortfall includes the debt, and paying it off makes buying possible."""
    world = till.world
    _, payment = await till.paid_order()
    await world.get("Extra bot", 1)
    till.gateway.give_back(payment, 4_000)
    await till.news("charge.refunded", payment)
    assert await world.balance() == -3_000

    assert (await world.quote("Extra bot", 2)).missing == 6_000
    with pytest.raises(NotEnoughPointsError):
        await world.get("Extra bot", 2)

    await till.paid_order()
    assert await world.balance() == 2_500


async def test_points_that_come_back_buy_what_was_remembered(till: Till) -> None:
    """R12, R29: points given back run like points that arrive."""
    world = till.world
    _, payment = await till.paid_order()
    till.gateway.dispute(payment, 4_000)
    await till.news("charge.dispute.created", payment)
    await world.do(addons.remember_purchase, world.workspace, world.addon["Extra bot"], 1)

    till.gateway.close_dispute(payment, won=True)
    await till.news("charge.dispute.closed", payment)

    assert await world.balance() == 2_500


@pytest.mark.parametrize(("how", "reason"), [("dispute", "dispute"), ("debt", "debt"), ("covered", "")])
async def test_auto_top_up_ends_with_a_dispute_and_with_a_debt(till: Till, how: str, reason: str) -> None:
    """R29."""
    world = till.world
    _, payment = await till.paid_order()
    await world.db.write(_switch_on, world.workspace)
    if how == "debt":
        await world.at_desk(adjust.adjust, world.workspace, -5_000, "spent")
    if how == "dispute":
        till.gateway.dispute(payment, 100)
    else:
        till.gateway.give_back(payment, 4_000)

    await till.news("charge.refunded", payment)

    state = "on" if how == "covered" else "off"
    assert await world.sql("SELECT state, reason FROM auto_topups") == [(state, reason)]


def _switch_on(tx: Tx, workspace_id: int) -> None:
    tx.session.add(AutoTopUp(partner_id=1, workspace_id=workspace_id, state="on"))


async def test_the_cycles_that_are_due_are_worked_off_before_points_go(till: Till) -> None:
    """R14: what was covered on its date is renewed, whatever is taken back later."""
    world = till.world
    _, payment = await till.paid_order()
    await world.get("Extra bot", 1)
    await world.give(500)
    till.gateway.give_back(payment, 4_000)
    world.turn(2, month=12)

    await till.news("charge.refunded", payment)

    assert await world.balance() == 5_500 - 3_000 + 500 - 3_000 - 5_500


async def test_owners_and_billing_people_are_told_and_viewers_are_not(till: Till) -> None:
    """R36."""
    world = till.world
    _, payment = await till.paid_order()
    await world.member(301, "Bill", Role.BILLING)
    await world.member(302, "Vic", Role.VIEWER)

    till.gateway.give_back(payment, 1_000)
    await till.news("charge.refunded", payment)

    rows = await world.sql("SELECT chat_id FROM outbox WHERE kind = 'reversal' ORDER BY chat_id")
    assert rows == [(200,), (301,)]


async def test_a_payment_of_somebody_else_is_left_alone(till: Till) -> None:
    """A partner's other sales at the same account."""
    other = till.foreign_sale()
    till.gateway.give_back(other, 900)

    assert await till.refunds.look(1, other) is Outcome.UNKNOWN
    await till.news("charge.refunded", other)
    await till.news_of("charge.dispute.created", "dp_nobodys")

    assert await till.world.amounts() == []


async def test_facts_that_were_fetched_before_others_were_applied_are_fetched_anew(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old look at Stripe that is slow to commit must not undo a newer one."""
    _, payment = await till.paid_order()
    till.gateway.give_back(payment, 1_000)
    fetch = FakeGateway.reversals

    async def overtaken(gateway: FakeGateway, payment_intent: str) -> ReversalFacts:
        facts = await fetch(gateway, payment_intent)
        monkeypatch.setattr(FakeGateway, "reversals", fetch)
        gateway.give_back(payment, 1_000)
        await till.news("charge.refunded", payment)
        return facts

    monkeypatch.setattr(FakeGateway, "reversals", overtaken)

    await till.news("charge.refunded", payment)

    assert await till.taken() == (2_000, 2_500, 250)


async def test_a_refund_brought_by_twenty_at_once_is_taken_once(pg_world: World) -> None:
    till = open_till(pg_world)
    _, payment = await till.paid_order()
    till.gateway.give_back(payment, 1_000)
    till.gateway.dispute(payment, 1_000)

    await twenty(pg_world.db, lambda _: till.news("charge.refunded", payment))

    assert await till.taken() == (2_000, 2_500, 250)
    assert await pg_world.amounts() == [5_000, 500, -2_500, -250]
    assert (await pg_world.notices()).count("reversal") == 1
    await assert_books_balance(pg_world)


async def test_an_automatic_payment_whose_refund_is_heard_of_first_is_credited_then_reversed(
    till: Till,
) -> None:
    """R17, R29: charged with nobody present, and the process died before the answer came."""
    world = till.world
    till.gateway.payments["pi_auto"] = PaymentFacts(
        "pi_auto",
        "succeeded",
        Money(4_000, "USD"),
        live=True,
        created=world.now,
        charge="ch_auto",
        metadata={"order": "77", **mark(BOT, 1, world.workspace), "points": "5000", "bonus": "500"},
    )
    till.gateway.give_back("pi_auto", 1_000)

    await till.news("charge.refunded", "pi_auto")

    assert await world.amounts() == [5_000, 500, -1_250, -125]
    assert await world.sql("SELECT automatic FROM orders") == [(True,)]
