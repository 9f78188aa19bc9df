"""The desk: from a bare bot to selling, what happened today, what wants a look (R26)."""

from billing.account import keep_account
from billing.orders import Choice

from .people import Person
from .world import PARTNER, World


async def _connect_stripe(world: World, *, live: bool = True, test_payments: bool = False) -> None:
    facts = ("acct_1", "Northwind", live, True, "USD")
    await world.db.write(keep_account, PARTNER, facts, world.clock.now(), test_payments=test_payments)


async def test_taps_alone_lead_from_a_bare_desk_to_selling(world: World, nora: Person) -> None:
    await _connect_stripe(world)
    await nora.sends("/partner")
    assert "Northwind Chat · ○ not selling yet" in nora.screen
    for step in ("Switch credit billing on", "Start with three packs", "Use suggested prices"):
        assert nora.button(step).style == "success", "the first open step is the coloured one"
        await nora.taps(step)
    await nora.taps("Save")
    assert "Northwind Chat · ● selling" in nora.screen
    assert "✓ 3 packs" in nora.screen
    assert not [button for button in nora.shown.buttons if button.style]


async def test_without_stripe_the_first_step_explains_how_to_set_the_keys(nora: Person) -> None:
    await nora.sends("/partner")
    assert "○ Stripe isn't connected" in nora.screen
    assert nora.button("Connect Stripe").style == "success"
    assert nora.button("Start with three packs").style is None
    await nora.taps("Connect Stripe")
    assert "STRIPE_SECRET_KEY" in nora.screen
    assert "Never send a key into a chat." in nora.screen
    await nora.taps("‹ Desk")
    assert "not selling yet" in nora.screen


async def test_test_mode_sells_only_where_it_is_allowed(market: World, nora: Person) -> None:
    await _connect_stripe(market, live=False)
    await nora.sends("/partner")
    assert "○ not selling yet" in nora.screen
    assert "○ Stripe is in test mode" in nora.screen
    await nora.taps("Go live with Stripe")
    assert "Connected to Northwind in test mode." in nora.screen
    await _connect_stripe(market, live=False, test_payments=True)
    await nora.sends("/partner")
    assert "● selling" in nora.screen
    assert "which is allowed here" in nora.screen


async def test_a_payment_shows_on_the_desk_and_the_partner_is_told(
    market: World, nora: Person, dana: Person
) -> None:
    packs = await market.db.read(_packs)
    call = market.call(await market.person_id(dana))
    view = await market.checkout.open(
        call, PARTNER, market.acme, Choice(pack_id=packs[1]), language="en", title=lambda *_: "50 points"
    )
    assert view.url is not None
    market.gateway.pay(view.url)
    await market.hear_from_stripe()
    assert "Acme Support paid 40\xa0USD: 50 points." in nora.screen
    await nora.taps("Open Acme Support")
    assert "192.5 points" in nora.screen
    await nora.sends("/partner")
    assert "1 payment, 40\xa0USD" in nora.screen
    market.clock.turn(days=1, minutes=1)
    await nora.sends("/partner")
    assert "no payments" in nora.screen


def _packs(tx) -> list[int]:
    from storage import catalogue

    return [pack.id for pack in catalogue.packs(tx, PARTNER)]


async def test_switching_credit_billing_twice_from_an_old_screen_changes_nothing_more(
    market: World, nora: Person
) -> None:
    await nora.sends("/settings")
    old = nora.shown
    await nora.taps("Switch credit billing off")
    market.clock.turn(seconds=5)
    await nora.taps("Switch credit billing off", on=old)
    assert "○ Credit billing off" in nora.screen
    await nora.taps("‹ Desk")
    assert "○ not selling yet" in nora.screen
    await nora.taps("Audit")
    assert nora.screen.count("switched credit billing off") == 1


async def test_settings_are_named_by_what_they_will_be(market: World, nora: Person) -> None:
    await nora.sends("/settings")
    await nora.taps("Let customers ask for removals")
    assert "○ Customers ask you to remove add-ons." in nora.screen
    await nora.taps("Charge the day of removal")
    assert "● The day of removal is charged." in nora.screen
    await nora.taps("Change your name")
    await nora.sends("\u200b")
    assert "A name needs letters." in nora.screen
    await nora.sends("Tom & Jerry <b>")
    assert "Tom & Jerry <b> · settings" in nora.screen
    await nora.sends("/partner")
    assert nora.screen.startswith("Tom & Jerry <b> · ● selling")
