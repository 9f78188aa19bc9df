"""The partner's plans: three to start with, edited, priced by Stripe; edits settle workspaces (R21, R24, R25)."""

import pytest

from billing import usage, workspaces
from billing.errors import BadValueError, StrangerError
from billing.money import Money
from billing.payments import Payments
from billing.plans import catalogue, changing, granting
from tests.flows.conftest import BOT, World
from tests.flows.plans import LARGE, LITE, PARTNER, Shop, open_shop


@pytest.fixture
async def shop(world: World) -> Shop:
    return await open_shop(world)


async def cards(world: World) -> dict[str, catalogue.PlanCard]:
    _, found = await world.db.read(catalogue.plan_cards, world.partner_person)
    return {card.name: card for card in found}


async def test_three_plans_to_start_with(world: World) -> None:
    """R24"""
    found = {
        name: {code: value for code, _, value in card.allowances if value}
        for name, card in (await cards(world)).items()
    }
    assert found == {
        "Business": {"bots": 1, "bot_users": 1_000, "members": 5},
        "Business Lite": {"bots": 1, "bot_users": 10_000, "members": 5},
        "Business Large": {"bots": 5, "bot_users": 50_000, "members": 10},
    }


async def test_a_smaller_allowance_says_whom_it_touches_and_pauses_with_the_same_step(shop: Shop) -> None:
    world = shop.world
    others = [await another(world, f"W{number}") for number in range(3)]
    await report(world, world.workspace, 900)
    await report(world, others[0], 900)
    await report(world, others[1], 100)
    await world.at_desk(changing.set_override, others[2], "bot_users", 5_000)
    await report(world, others[2], 900)

    asked = (world.partner_person, shop.plan["Business"], "bot_users", 500)
    touch = await world.db.read(granting.touch, *asked)
    assert (touch.before, touch.workspaces, touch.over) == (1_000, 3, 2)
    await world.at_desk(granting.set_allowance, *asked[1:])
    assert await paused(world) == sorted([world.workspace, others[0]])

    await world.at_desk(granting.set_allowance, shop.plan["Business"], "bot_users", 2_000)
    assert await paused(world) == [], "no stale reason stays"
    assert await world.sql("SELECT count(*) FROM audit WHERE action = 'allowance'") == [(2,)]


async def another(world: World, name: str) -> int:
    plans = await world.db.read(workspaces.plans, world.partner_person)
    made = await world.at_desk(workspaces.create, name, plans[0][0].id, "UTC", world.now.date())
    return int(made.id)


async def report(world: World, workspace_id: int, bot_users: int) -> None:
    await world.do(usage.report_usage, workspace_id, {"bot_users": bot_users}, world.now)


async def paused(world: World) -> list[int]:
    return [row[0] for row in await world.sql("SELECT id FROM workspaces WHERE paused_limit ORDER BY id")]


async def test_many_workspaces_are_settled_in_batches_that_survive_a_crash(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shop.world
    monkeypatch.setattr(granting, "BATCH", 2)
    numbers = [world.workspace, *[await another(world, f"W{number}") for number in range(4)]]
    for number in numbers:
        await report(world, number, 900)
    await world.at_desk(granting.set_allowance, shop.plan["Business"], "bot_users", 500)
    assert await paused(world) == numbers[:2], "the first batch with the edit itself"
    assert (await cards(world))["Business"].settling

    await shop.flow.poll()

    assert await paused(world) == numbers
    assert not (await cards(world))["Business"].settling


async def test_a_stripe_price_is_looked_up_and_gives_the_sum(shop: Shop) -> None:
    world = shop.world
    card = (await cards(world))["Business Lite"]
    assert card.price is not None
    assert (card.price.amount, card.price.interval) == (Money(4_900, "USD"), "month")
    shop.gateway.sell("price_year", 50_000, interval="year")
    await set_price(shop, "Business Lite", "price_year")
    yearly = (await cards(world))["Business Lite"].price
    assert yearly is not None
    assert (yearly.amount.amount_minor, yearly.interval) == (50_000, "year")
    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.show_price, card.id, Money(1_000, "USD"))


async def set_price(shop: Shop, plan: str, price: str) -> None:
    world = shop.world
    payments = Payments(world.db, {PARTNER: shop.gateway}, shop.gateway.clock, BOT, str)
    call = world.call(world.partner_person)
    await catalogue.set_stripe_price(payments, call, PARTNER, shop.plan[plan], price)


@pytest.mark.parametrize(
    ("price", "field"),
    [
        ("price_nowhere", "price_unknown"),
        ("", "price_unknown"),
        ("price_once", "price_once"),
        (LARGE, "price_taken"),
    ],
)
async def test_a_price_that_cant_pay_a_plan_is_refused(shop: Shop, price: str, field: str) -> None:
    shop.gateway.sell("price_once", 4_900, interval="")
    with pytest.raises(BadValueError) as refused:
        await set_price(shop, "Business", price)
    assert refused.value.field == field


async def test_who_pays_an_old_price_keeps_the_plan(shop: Shop) -> None:
    subscription = await shop.running()
    shop.gateway.sell("price_new", 5_900)
    await set_price(shop, "Business Lite", "price_new")
    await shop.later(days=1)
    assert shop.gateway.subscriptions[subscription].price == LITE
    assert await shop.stands() == ("Business Lite", False, False)


async def test_plans_are_made_named_moved_and_taken_off_sale(world: World) -> None:
    made = await world.at_desk(catalogue.make_plan, "Business <XL>")
    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.make_plan, "business <xl>")
    await world.at_desk(catalogue.rename_plan, made, "Enterprise")
    await world.at_desk(catalogue.move_plan, made, 0)
    await world.at_desk(catalogue.move_plan, made, 0)
    card = (await cards(world))["Enterprise"]
    assert (card.place, card.on_sale, card.workspaces) == (0, False, 0)
    await world.at_desk(catalogue.sell_plan, made, on_sale=True)
    await world.at_desk(catalogue.show_price, made, Money(100_000, "USD"))
    await world.at_desk(catalogue.set_fallback, made)
    card = (await cards(world))["Enterprise"]
    assert card.on_sale
    assert card.fallback
    actions = [row[0] for row in await world.sql("SELECT action FROM audit WHERE action LIKE '%plan%'")]
    assert sorted(actions) == [
        "fallback_plan",
        "new_plan",
        "plan_name",
        "plan_place",
        "plan_price",
        "plan_sale",
    ]
    with pytest.raises(StrangerError):
        await world.do(catalogue.make_plan, "Mine")
