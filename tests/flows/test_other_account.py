"""A key of another Stripe account: nothing is sold or ended until an owner moves over (R25)."""

import itertools
from dataclasses import replace

import pytest

from billing import other_account
from billing.account import refresh_account
from billing.call import Call
from billing.errors import GoneError, PaymentsDownError, StrangerError
from billing.orders import Choice
from billing.plans import catalogue
from bot.connection import StripeConnection
from storage import catalogue as partner_rows
from storage.database import Tx
from storage.models import Partner
from tests.chat.fakes import FakeGateway
from tests.flows.automatic import Auto
from tests.flows.conftest import BOT, World
from tests.flows.plans import PARTNER, Shop, open_shop

OTHER = "acct_other"


async def partner(world: World) -> Partner:
    def run(tx: Tx) -> Partner:
        found = partner_rows.partner(tx, PARTNER)
        assert found is not None
        return found

    return await world.db.read(run)


async def with_key_of(shop: Shop, account: str, *, live: bool = True) -> Shop:
    """The process starts anew with a key of an account that knows nothing of what was made at the first."""
    gateway = FakeGateway(shop.gateway.clock, live=live, account_id=account, first_page=1_000)
    gateway._numbers = itertools.count(1_000)
    return await started(shop, gateway)


async def started(shop: Shop, gateway: FakeGateway) -> Shop:
    keys = replace(shop.payments, gateways={PARTNER: gateway}, looked=set())
    connection = StripeConnection(keys, PARTNER, test_payments=True)
    await connection.begin()
    flow = type(shop.flow)(connection.payments)
    return replace(shop, gateway=gateway, flow=flow, payments=connection.payments)


async def moves(shop: Shop, by: int | None = None, account: str = OTHER) -> None:
    world = shop.world
    call = world.call(by or world.partner_person)
    await other_account.move(world.db, call, account)


async def test_no_plan_ends_and_nothing_is_sold(world: World) -> None:
    shop = await open_shop(world)
    await shop.running()
    before, old = await shop.stands(), shop.gateway
    shop = await with_key_of(shop, OTHER)
    for _ in range(30):
        await shop.later(hours=1)

    assert await shop.stands() == before
    found = await partner(world)
    assert (found.stripe_account, found.other_account, found.stripe_charges) == ("acct_1", OTHER, False)
    with pytest.raises(PaymentsDownError):
        await shop.subscribe("Business Large")

    shop = await started(shop, old)
    await shop.later(days=1)
    assert await shop.stands() == before
    assert (await partner(world)).stripe_charges
    assert (await partner(world)).other_account is None


async def test_a_key_that_was_refused_in_between_does_not_open_the_door(world: World) -> None:
    """No key for a while, then another account's."""
    shop = await open_shop(world)
    await shop.running()
    await refresh_account(replace(shop.payments, gateways={}), PARTNER, test_payments=True)
    shop = await with_key_of(shop, OTHER)
    await shop.later(days=2)

    assert (await shop.stands())[0] == "Business Lite"
    assert (await partner(world)).other_account == OTHER


async def test_while_stripe_does_not_say_whose_key_it_is_nothing_is_asked_of_it(world: World) -> None:
    shop = await open_shop(world)
    await shop.running()
    other = FakeGateway(shop.gateway.clock, account_id=OTHER)
    other.down = True
    shop = await started(shop, other)
    other.down = False
    await shop.later(days=2)

    assert (await shop.stands())[0] == "Business Lite"


async def test_without_customers_another_account_is_simply_taken(world: World) -> None:
    shop = await open_shop(world)
    await with_key_of(shop, OTHER)

    assert (await partner(world)).stripe_account == OTHER


async def test_going_live_from_an_account_for_tests_is_no_other_account(world: World) -> None:
    """Stripe's sandboxes have accounts of their own; what was tried out there ends (R26)."""
    shop = await open_shop(world)
    shop.gateway.live = False
    await refresh_account(shop.payments, PARTNER, test_payments=True)
    await shop.running()
    shop = await with_key_of(shop, OTHER)

    found = await partner(world)
    assert (found.stripe_account, found.other_account, found.stripe_live) == (OTHER, None, True)
    assert (await shop.stands())[0] != "Business Lite"


async def test_an_owner_moves_over_and_what_stays_behind_stops_here(world: World) -> None:
    shop, auto = await open_shop(world), await Auto.over(world)
    await shop.running()
    auto.clock.at = shop.gateway.clock.at
    await auto.turn_on()
    shop.gateway.clock.at = auto.clock.at
    open_page = await auto.checkout.open(
        world.call(world.owner), PARTNER, world.workspace, Choice(auto.pack), language="en",
        title=lambda name, points, bonus: name,
    )  # fmt: skip
    await world.give(1_000)
    shop = await with_key_of(shop, OTHER)
    shown = await world.db.read(other_account.other_account, world.partner_person)
    assert shown is not None
    assert (shown.left.cards, shown.left.subscriptions) == (1, 1)

    await moves(shop)
    await moves_again_is_refused(shop)

    found = await partner(world)
    assert (found.stripe_account, found.other_account) == (OTHER, None)
    assert (await shop.stands())[0] != "Business Lite"
    assert await world.balance() == 1_000
    assert await world.sql("SELECT 1 FROM stripe_customers") == []
    assert await world.sql("SELECT state, reason FROM auto_topups") == [("suspended", "card_gone")]
    ((status, _),) = await world.sql("SELECT status, reason FROM orders WHERE id = :o", o=open_page.id)
    assert status == "cancelled"
    audited = await world.sql("SELECT before, after FROM audit WHERE action = 'moved_account'")
    assert len(audited) == 1

    shop = await started(shop, shop.gateway)
    assert (await partner(world)).stripe_charges
    for _ in range(5):
        await shop.later(days=1)
    shop.gateway.sell("price_new", 4_900)
    call = Call(world.now, "price:new", BOT, world.partner_person)
    await catalogue.set_stripe_price(shop.payments, call, PARTNER, shop.plan["Business Lite"], "price_new")
    await shop.running()
    assert (await shop.stands())[0] == "Business Lite"


async def moves_again_is_refused(shop: Shop) -> None:
    with pytest.raises(GoneError):
        await moves(shop)


async def test_only_an_owner_and_only_to_the_account_that_was_shown(world: World) -> None:
    shop = await open_shop(world)
    await shop.running()
    shop = await with_key_of(shop, OTHER)
    with pytest.raises(GoneError):
        await moves(shop, account="acct_third")
    with pytest.raises(StrangerError):
        await moves(shop, by=world.owner)

    assert (await partner(world)).stripe_account == "acct_1"
    assert (await shop.stands())[0] == "Business Lite"
