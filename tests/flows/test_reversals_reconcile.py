"""`addondesk reconcile`: everything at Stripe since an instant comes to the books, and again changes nothing."""

import datetime as dt

from billing import reconciliation
from billing.gateway import PaymentFacts
from billing.marks import mark
from billing.money import Money
from billing.reconciliation import Reconciled
from tests.flows.conftest import BOT, START, World
from tests.flows.test_orders import order
from tests.flows.till import Till, open_till

SINCE = START - dt.timedelta(days=7)


async def reconcile(till: Till) -> Reconciled:
    return await reconciliation.reconcile(till.payments, 1, SINCE)


async def test_what_webhooks_and_pollers_lost_is_found_once(world: World) -> None:
    """R27, R29: a payment nobody told of, and a refund and a dispute nobody told of."""
    till = open_till(world)
    _, known = await till.paid_order()
    _, page = await order(world)
    unheard = till.pay(page)
    till.gateway.give_back(unheard, 1_000)
    till.gateway.dispute(known, 4_000)

    found = await reconcile(till)

    assert (found.payments, found.credited, found.reversed, found.foreign) == (2, 1, 2, 0)
    assert await world.balance() == 2 * 5_500 - 1_375 - 5_500
    before, told = await world.amounts(), await world.notices()

    again = await reconcile(till)

    assert again == Reconciled(2, 0, 0, 0, 0)
    assert (await world.amounts(), await world.notices()) == (before, told)


async def test_the_partners_other_sales_are_counted_and_left_alone(world: World) -> None:
    till = open_till(world)
    till.gateway.give_back(till.foreign_sale(), 900)

    found = await reconcile(till)

    assert found == Reconciled(1, 0, 0, 0, 1)
    assert await world.amounts() == []


async def test_progress_ends_where_it_said(world: World) -> None:
    till = open_till(world)
    for _ in range(2):
        _, payment = await till.paid_order()
        till.gateway.give_back(payment, 1_000)
    seen: list[tuple[int, int]] = []

    await reconciliation.reconcile(till.payments, 1, SINCE, lambda done, total: seen.append((done, total)))

    assert seen == [(done, 4) for done in range(5)]


async def test_a_charge_of_a_saved_card_that_nobody_knows_is_credited(world: World) -> None:
    """After a restored backup for instance (R27)."""
    till = open_till(world)
    till.gateway.payments["pi_auto"] = PaymentFacts(
        "pi_auto",
        "succeeded",
        Money(4_000, "USD"),
        live=True,
        created=world.now,
        metadata={"order": "77", **mark(BOT, 1, world.workspace), "points": "5000", "bonus": "500"},
    )

    found = await reconcile(till)

    assert (found.credited, found.automatic) == (0, 1)
    assert await world.balance() == 5_500
    assert await reconcile(till) == Reconciled(1, 0, 0, 0, 0)
