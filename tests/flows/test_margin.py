"""The margin guard speaks before anything is saved: of prices, packs, the price of a point, suggestions (R32)."""

import datetime as dt
from typing import Any

import pytest

from billing import catalogue, margin
from billing.errors import BadValueError, GoneError
from billing.margin import AddonLoss, PackPreview, PointPricePreview, PricePreview, SuggestionsPreview
from billing.money import Money
from storage.models import AuditEntry
from tests.flows.conftest import World
from tests.flows.test_catalogue import without_catalogue

pytestmark = pytest.mark.parametrize("world_copy", ["sqlite"], indirect=True)

BOT = "Extra bot"
COST = Money(500, "USD")


async def price_preview(world: World, price: int, label: str = BOT) -> PricePreview:
    asked = (world.partner_person, world.addon[label], price, world.now.date())
    return await world.db.read(margin.price_preview, *asked)


async def pack_preview(world: World, points: int, price: Money) -> PackPreview:
    return await world.db.read(margin.pack_preview, world.partner_person, points, 0, price, world.now.date())


async def point_preview(
    world: World, price: str, currency: str = "USD", least: int | None = None
) -> PointPricePreview:
    asked = (world.partner_person, currency, price, least, world.now.date())
    return await world.db.read(margin.point_price_preview, *asked)


async def audited(world: World, action: str) -> list[tuple[Any, Any]]:
    """What was before and after, newest last, read by a connection of its own."""

    def entries(tx: Any) -> list[tuple[Any, Any]]:
        found = tx.session.query(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.at)
        return [(row.before, row.after) for row in found]

    return await world.db.read(entries)


async def test_a_pack_that_loses_at_todays_price_is_flagged_though_a_rise_is_announced(world: World) -> None:
    """5 points at 0.50 USD each bring 2.50 for what costs 5.00; in a week the price is 1,000."""
    await world.give(10_000)
    await world.at_desk(catalogue.set_price, world.addon[BOT], 500)
    await world.get(BOT, 1)
    await world.at_desk(catalogue.set_price, world.addon[BOT], 100_000)

    found = await pack_preview(world, 10_000, Money(5_000, "USD"))

    assert AddonLoss(BOT, Money(250, "USD")) in found.comparison.losses


async def test_a_pack_is_held_against_a_fall_that_is_still_to_come(world: World) -> None:
    """Set on the day on which the cycle began: it holds from the next day on."""
    await world.give(10_000)
    await world.get(BOT, 1)
    await world.at_desk(catalogue.set_price, world.addon[BOT], 4_000)
    await world.at_desk(catalogue.set_price, world.addon[BOT], 100)

    found = await pack_preview(world, 10_000, Money(10_000, "USD"))

    assert AddonLoss(BOT, Money(400, "USD")) in found.comparison.losses


async def test_a_price_names_the_currencies_in_which_it_could_not_be_compared(world: World) -> None:
    """1,000 points for one euro would ruin the partner, and no rate is known."""
    await world.at_desk(catalogue.save_pack, None, 100_000, 0, Money(100, "EUR"))
    await world.at_desk(catalogue.set_point_price, "JPY", "1")

    found = await price_preview(world, 3_000)

    assert (found.losses, found.not_compared) == ((), ("EUR", "JPY"))


async def test_a_pack_names_the_currencies_of_costs_with_which_it_could_not_be_compared(
    world: World,
) -> None:
    await world.at_desk(catalogue.set_cost, world.addon["Extra member"], Money(400, "EUR"))

    in_dollars = await pack_preview(world, 1_000, Money(900, "USD"))
    in_yen = await pack_preview(world, 1_000, Money(900, "JPY"))

    assert (in_dollars.comparison.compared, in_dollars.comparison.not_compared) == (True, ("EUR",))
    assert (in_yen.comparison.compared, in_yen.comparison.not_compared) == (False, ("EUR", "USD"))


async def test_points_that_are_sold_one_by_one_below_cost_are_flagged_before_it(world: World) -> None:
    """30 points at a cent each bring 0.30 for what costs 5.00."""
    found = await point_preview(world, "0.01")

    assert AddonLoss(BOT, Money(470, "USD")) in found.comparison.losses
    assert (await point_preview(world, "1")).comparison.losses == ()
    assert await world.sql("SELECT price FROM point_prices") == [("1",)]


async def test_an_own_minimum_outlives_a_new_price_and_is_on_record(world: World) -> None:
    """R3, R33."""
    await world.at_desk(catalogue.set_point_price, "USD", "1", 1_000)
    world.turn(2)
    assert (await point_preview(world, "2")).minimum == Money(1_000, "USD")

    await world.at_desk(catalogue.set_point_price, "USD", "2")

    assert await world.sql("SELECT price, minimum_minor FROM point_prices") == [("2", 1_000)]
    assert (await audited(world, "point_price"))[-2:] == [
        ({"price": "1", "minimum_minor": 0}, {"price": "1", "minimum_minor": 1_000}),
        ({"price": "1", "minimum_minor": 1_000}, {"price": "2", "minimum_minor": 1_000}),
    ]


async def test_a_minimum_that_no_payment_can_be_is_refused_before_it_is_shown(world: World) -> None:
    with pytest.raises(BadValueError):
        await point_preview(world, "1", least=10**12)


async def test_suggested_prices_say_what_they_would_lose_and_with_which_pack(world: World) -> None:
    """7.5 points at 0.50 USD each bring 3.75 for what costs 5.00."""
    await without_catalogue(world)
    pack = await world.at_desk(catalogue.save_pack, None, 10_000, 0, Money(5_000, "USD"))
    await world.at_desk(catalogue.save_pack, None, 10_000, 0, Money(9_000, "EUR"))

    found: SuggestionsPreview = await world.db.read(margin.suggestions_preview, world.partner_person)

    bot = next(each for each in found.prices if each.addon == BOT)
    assert (bot.price, bot.cost) == (750, COST)
    assert bot.worst is not None
    assert (bot.worst.pack, bot.worst.lost) == (pack, Money(125, "USD"))
    assert found.not_compared == ("EUR",)
    assert len(found.prices) == 6
    assert await world.sql("SELECT count(*) FROM addon_prices") == [(0,)]


async def test_suggested_prices_that_are_no_longer_those_that_were_shown_are_not_saved(world: World) -> None:
    await without_catalogue(world)
    shown: SuggestionsPreview = await world.db.read(margin.suggestions_preview, world.partner_person)
    await world.at_desk(catalogue.set_cost, world.addon[BOT], Money(5_000, "USD"))

    assert await world.at_desk(catalogue.suggest_prices, shown.total) == 0
    assert await world.sql("SELECT count(*) FROM addon_prices") == [(0,)]

    anew: SuggestionsPreview = await world.db.read(margin.suggestions_preview, world.partner_person)
    assert await world.at_desk(catalogue.suggest_prices, anew.total) == 6


async def test_a_feature_with_a_cost_is_guarded_like_any_other(world: World) -> None:
    """R6: features and add-ons of the partner's own come without a cost price."""
    feature = "Premium features"
    assert (await price_preview(world, 100, feature)).losses == ()

    await world.at_desk(catalogue.set_cost, world.addon[feature], Money(5_000, "USD"))

    lost = [loss.lost.amount_minor for loss in (await price_preview(world, 100, feature)).losses]
    assert sorted(lost) == [4_900, 4_910, 4_928]
    assert await audited(world, "cost") == [({}, {"amount_minor": 5_000, "currency": "USD"})]


async def test_a_changed_cost_is_on_record_and_the_same_one_leaves_no_trace(world: World) -> None:
    """R33."""
    await world.at_desk(catalogue.set_cost, world.addon[BOT], Money(650, "EUR"))
    await world.at_desk(catalogue.set_cost, world.addon[BOT], Money(650, "EUR"))

    assert await audited(world, "cost") == [
        ({"amount_minor": 500, "currency": "USD"}, {"amount_minor": 650, "currency": "EUR"})
    ]
    card = await world.db.read(catalogue.addon_card, world.partner_person, world.addon[BOT], world.now.date())
    assert card.cost == Money(650, "EUR")


@pytest.mark.parametrize("cost", [Money(-1, "USD"), Money(10**12, "USD"), Money(101, "ISK")])
async def test_a_cost_that_makes_no_sense_is_refused(world: World, cost: Money) -> None:
    with pytest.raises(BadValueError):
        await world.at_desk(catalogue.set_cost, world.addon[BOT], cost)
    with pytest.raises(GoneError):
        await world.at_desk(catalogue.set_cost, 999, COST)


@pytest.mark.parametrize("price", [1_000, 6_000])
@pytest.mark.parametrize("units_now", [0, 1])
@pytest.mark.parametrize("day", [1, 16])
async def test_the_preview_names_the_date_from_which_the_price_will_hold(
    world: World, price: int, units_now: int, day: int
) -> None:
    """Whoever has units, or had some in the running cycle (R6)."""
    await world.give(20_000)
    await world.get(BOT, 1)
    await world.get(BOT, units_now)
    world.turn(day)

    shown = await price_preview(world, price)
    await world.at_desk(catalogue.set_price, world.addon[BOT], price)

    ((saved,),) = await world.sql(
        "SELECT applies_from FROM addon_prices WHERE price = :price AND addon_id = :addon",
        price=price,
        addon=world.addon[BOT],
    )
    assert shown.applies_from == dt.date.fromisoformat(str(saved))
    assert (await world.quote(BOT, 2)).price == 3_000
    assert (await world.quote(BOT, 2)).next_cost == 2 * price


async def test_a_price_that_nobody_was_ever_sold_at_holds_at_once(world: World) -> None:
    assert (await price_preview(world, 4_000)).applies_from is None
