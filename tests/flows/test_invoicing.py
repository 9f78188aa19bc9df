"""Invoices with company, tax id and tax: what pages ask for, what counts as paid, what goes back (R27, R29, R30)."""

from dataclasses import replace
from typing import Any

import pytest

from billing import catalogue, history, orders, refunding
from billing import paid as payments
from billing.errors import StrangerError, TaxRefusedError
from billing.gateway import TAX_REFUSED, CheckoutRequest, Invoicing, SubscriptionRequest
from billing.money import Money
from billing.orders import Choice
from storage.models import AuditEntry, OrderStatus
from storage.transaction import Tx
from tests.flows.conftest import World
from tests.flows.stories import begun
from tests.flows.test_orders import TERMS, order, pack_ids, paid, settle
from tests.flows.till import Till, open_till

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)

TOTAL = Money(4_800, "USD")
"""40 USD before tax."""


async def invoicing(world: World, wanted: Invoicing) -> None:
    await world.at_desk(catalogue.set_invoicing, wanted)


async def taxed_order(till: Till) -> tuple[int, str]:
    """50 + 5 points for 40 USD and 8 USD tax, paid and credited; (order, payment)."""
    placed, page = await order(till.world)
    payment = till.pay(page)
    till.gateway.payments[payment] = replace(till.gateway.payments[payment], amount=TOTAL)
    facts = replace(till.gateway.pages[page.id], total=TOTAL)
    till.gateway.pages[page.id] = facts
    assert await settle(till.world, facts) is OrderStatus.PAID
    return placed.view.id, payment


@pytest.mark.parametrize("wanted", list(Invoicing))
async def test_pages_are_made_as_the_partner_wants_them(world: World, wanted: Invoicing) -> None:
    asked: list[CheckoutRequest] = []

    def build(request: CheckoutRequest) -> dict[str, Any]:
        asked.append(request)
        return {}

    await invoicing(world, wanted)
    choice = Choice((await pack_ids(world))[1])
    await world.do(orders.place, world.workspace, choice, replace(TERMS, build=build), None, None)

    assert [each.invoicing for each in asked] == [wanted]


@pytest.mark.parametrize("wanted", list(Invoicing))
async def test_pages_of_plans_are_made_as_the_partner_wants_them(
    world: World, wanted: Invoicing, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = await begun(world, units=0)
    shop = await story.shop()
    asked: list[SubscriptionRequest] = []
    build = shop.gateway.subscription_params

    def noted(_: object, request: SubscriptionRequest) -> dict[str, Any]:
        asked.append(request)
        return build(request)

    monkeypatch.setattr(type(shop.gateway), "subscription_params", noted)
    await invoicing(world, wanted)
    await shop.subscribe()

    assert [each.invoicing for each in asked] == [wanted]


async def test_the_switch_is_on_record_and_not_for_customers(world: World) -> None:
    """R33, R34."""
    for wanted in (Invoicing.TAX, Invoicing.TAX, Invoicing.OFF):
        await invoicing(world, wanted)
        world.turn(world.now.day + 1)

    def entries(tx: Tx) -> list[tuple[Any, Any]]:
        found = tx.session.query(AuditEntry).where(AuditEntry.action == "invoicing")
        return [(row.before, row.after) for row in found.order_by(AuditEntry.at)]

    off, tax = {"invoicing": "off"}, {"invoicing": "tax"}
    assert await world.db.read(entries) == [(off, tax), (tax, off)]
    with pytest.raises(StrangerError):
        await world.do(catalogue.set_invoicing, Invoicing.TAX)


async def test_the_amount_before_tax_is_what_must_be_right(world: World) -> None:
    """R27: the pack's price as the total, with the tax in it, is too little."""
    _, page = await order(world)
    inclusive = replace(paid(page), subtotal=Money(3_333, "USD"), total=Money(4_000, "USD"))

    assert await settle(world, inclusive) is OrderStatus.FAILED
    assert await world.balance() == 0


async def test_what_was_paid_is_shown_with_tax_wherever_it_is_shown(world: World) -> None:
    till = open_till(world)
    number, _ = await taxed_order(till)

    (row,) = (await world.db.read(payments.page, world.owner, world.workspace, 0)).rows
    shown, _ = await world.db.read(history.row, world.owner, world.workspace, 1)
    offer = await world.db.read(refunding.offer, world.partner_person, number)

    assert (row.paid, row.gone) == (TOTAL, Money(0, "USD"))
    assert shown.payment is not None
    assert shown.payment.price == TOTAL
    assert (offer.paid, offer.left, offer.takes) == (TOTAL, TOTAL, 5_500)
    assert await world.balance() == 5_500


@pytest.mark.parametrize(("amount", "left"), [(2_400, 2_750), (1_003, 4_353), (4_800, 0)])
async def test_a_refund_takes_points_by_its_share_of_what_was_paid_with_tax(
    world: World, amount: int, left: int
) -> None:
    """R29: 24 of 48 USD take half; 10.03 of 48 take 835 of 4,000 minor units before tax."""
    till = open_till(world)
    number, _ = await taxed_order(till)
    quoted = await world.db.read(refunding.quote, world.partner_person, number, amount)

    done = await till.refunds.refund(world.call(world.partner_person), number, amount, 4_800)

    assert done.status == "succeeded"
    assert await world.balance() == quoted.balance_after == left
    (row,) = (await world.db.read(payments.page, world.owner, world.workspace, 0)).rows
    assert (row.paid, row.gone) == (TOTAL, Money(amount, "USD"))


async def test_an_invoice_that_is_made_out_later_takes_the_receipts_place(world: World) -> None:
    _, page = await order(world)
    await settle(world, paid(page))
    await settle(world, replace(paid(page), receipt_url="https://invoice"))
    await settle(world, replace(paid(page), receipt_url=None))

    assert await world.sql("SELECT receipt_url FROM orders") == [("https://invoice",)]
    assert await world.balance() == 5_500


async def test_without_stripe_tax_nobody_is_left_stuck_and_the_desk_is_told_once_a_day(world: World) -> None:
    story = await begun(world, units=0)
    story.gateway.refuses = TAX_REFUSED
    for _ in range(2):
        with pytest.raises(TaxRefusedError):
            await story.top_up()
    await story.soon()

    assert story.post() == [("Pat", "desk_tax")]
    assert "Set it up in Stripe" in story.text("desk_tax")
    assert await world.sql("SELECT DISTINCT status, reason FROM orders") == [("failed", TAX_REFUSED)]

    story.gateway.refuses = None
    await story.top_up()
    assert await world.balance() == 5_500


async def test_a_plans_page_without_stripe_tax_is_refused_as_kindly(world: World) -> None:
    story = await begun(world, units=0)
    shop = await story.shop()
    story.gateway.refuses = TAX_REFUSED
    with pytest.raises(TaxRefusedError):
        await shop.subscribe()
    await story.soon()

    assert ("Pat", "desk_tax") in story.post()
    assert await world.sql("SELECT status, reason FROM plan_checkouts") == [("failed", TAX_REFUSED)]
