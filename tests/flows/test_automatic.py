"""Auto top-up: when it charges, how much, and that it does so once (R17, R18)."""

import datetime as dt
from collections.abc import Callable

import pytest

from billing import adjust, catalogue, orders, pausing
from billing.access import Role
from billing.automatic import agreement, attempts, outcomes
from billing.automatic.attempts import ChargeTerms
from billing.errors import AutoTopUpError, GoneError, NotAllowedError
from billing.money import Money
from billing.orders import Choice
from storage import workspaces
from storage.database import Tx
from storage.models import OrderStatus
from tests.chat.fakes import LOST, OUTAGE, PROCESSING
from tests.flows.automatic import BIG, Auto, set_partner
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import World


@pytest.fixture
async def auto(world: World) -> Auto:
    """An add-on of 30 points a month, a balance of zero, and auto top-up off."""
    found = await Auto.over(world)
    await world.give(3_000)
    await world.get("Extra bot", 1)
    assert await world.balance() == 0
    return found


async def test_it_is_off_until_the_customer_agrees_and_saves_a_card(auto: Auto) -> None:
    """R17."""
    auto.turn(30)
    await auto.tick()
    assert auto.payments == []

    assert await auto.agree() == "off"
    await auto.tick()
    assert auto.payments == []

    await auto.save_card()
    assert (await auto.screen()).state == "on"


async def test_only_who_may_pay_switches_it_on(auto: Auto) -> None:
    """R34; not the partner either, who has no seat here."""
    viewer = await auto.world.member(300, "Vic", Role.VIEWER)
    for person in (viewer,):
        with pytest.raises(NotAllowedError):
            await auto.world.do(agreement.agree, auto.world.workspace, auto.pack, None, by=person)


async def test_what_the_renewal_lacks_is_charged_a_lead_time_before_it(auto: Auto) -> None:
    """R17: the fewest packs that cover it; 24 hours before 1 December."""
    await auto.turn_on()
    auto.turn(29, hour=23)
    await auto.tick()
    assert auto.payments == []

    auto.turn(30, hour=0, minute=1)
    await auto.tick()

    assert [payment.amount for payment in auto.payments] == [Money(BIG, "USD")]
    assert await auto.world.balance() == 5_500
    auto.turn(1, month=12)
    await auto.tick()
    assert await auto.world.balance() == 2_500
    assert await auto.units() == 1
    await assert_books_balance(auto.world)


async def test_nothing_is_charged_where_the_points_cover_the_renewal(auto: Auto) -> None:
    """R17: every attempt is dropped at zero."""
    await auto.turn_on()
    await auto.world.give(3_000)
    auto.turn(30)
    await auto.tick()
    auto.turn(1, month=12)
    await auto.tick()

    assert auto.payments == []
    assert await auto.units() == 1


async def test_several_small_packs_are_one_charge(auto: Auto) -> None:
    """R17: one order of the fewest packs that cover what is missing."""
    await auto.turn_on(pack=auto.small)
    await auto.world.give(900)
    auto.turn(30)
    await auto.tick()

    assert await auto.orders() == [("paid", "", 3 * 900)]
    assert await auto.world.balance() == 900 + 3_000


async def test_at_the_start_of_the_cycle_a_second_attempt_covers_what_is_missing_by_then(auto: Auto) -> None:
    """R17: points spent since the first attempt."""
    await auto.turn_on(pack=auto.small)
    auto.turn(30)
    await auto.tick()
    await auto.world.at_desk(adjust.adjust, auto.world.workspace, -1_000, "spent meanwhile")

    auto.turn(1, month=12, hour=0, minute=1)
    await auto.tick()

    assert [amount for _, _, amount in await auto.orders()] == [2_700, 900]
    assert await auto.world.balance() == 0
    assert await auto.units() == 1


async def test_the_cap_cuts_to_what_still_renews_something(auto: Auto) -> None:
    """R17: two bots need six small packs, the cap allows four; three renew one bot, so three are bought."""
    await auto.world.give(1_500)
    auto.turn(16)
    await auto.world.get("Extra bot", 2)
    await auto.turn_on(pack=auto.small, cap=4 * 900)
    auto.turn(30)
    await auto.tick()

    assert await auto.orders() == [("paid", "", 3 * 900)]


async def test_nothing_is_charged_where_the_cap_renews_no_further_unit(auto: Auto) -> None:
    """R17."""
    await auto.turn_on(pack=auto.small, cap=2 * 900)
    auto.turn(30)
    await auto.tick()
    auto.turn(1, month=12)
    await auto.tick()

    assert await auto.orders() == []
    assert await auto.units() == 0


@pytest.mark.parametrize(
    ("zone", "charged"),
    [("UTC", [2_700]), ("Pacific/Auckland", [2_700, 2_700])],
)
async def test_the_cap_counts_the_calendar_month_of_the_workspace(
    auto: Auto, zone: str, charged: list[int]
) -> None:
    """R17: at 12:00 UTC on 30 November it is December in Auckland, where a new month has room."""
    world = auto.world
    await auto.turn_on(pack=auto.small, cap=2_700)
    auto.turn(30, hour=5)
    await auto.tick()
    assert await world.balance() == 3_000
    await world.at_desk(adjust.adjust, world.workspace, -3_000, "spent")

    await world.db.write(set_zone(world.workspace, zone))
    await world.do(agreement.agree, world.workspace, auto.small, 2_700)
    auto.turn(30, hour=12)
    await auto.tick()

    assert [amount for _, _, amount in await auto.orders()] == charged


def set_zone(workspace_id: int, zone: str) -> Callable[[Tx], None]:
    """A use case that moves the workspace."""

    def run(tx: Tx) -> None:
        found = workspaces.find(tx, workspace_id)
        assert found is not None
        found.zone = zone

    return run


async def test_twenty_ticks_at_once_make_one_attempt(pg_world: World) -> None:
    """R18."""
    auto = await Auto.over(pg_world)
    await pg_world.give(3_000)
    await pg_world.get("Extra bot", 1)
    await auto.turn_on()
    auto.turn(30)
    terms = ChargeTerms(live=True, build=auto.gateway.charge_params)

    answers = await twenty(
        pg_world.db,
        lambda number: pg_world.db.write(
            attempts.begin, pg_world.call(reference=f"auto:{number}"), pg_world.workspace, terms
        ),
    )

    assert sum(answer is not None for answer in answers) == 1
    assert await auto.orders() == [("open", "", BIG)]


async def test_twenty_who_bring_the_same_news_credit_once(pg_world: World) -> None:
    """R27."""
    auto = await Auto.over(pg_world)
    await pg_world.give(3_000)
    await pg_world.get("Extra bot", 1)
    await auto.turn_on()
    auto.gateway.next_charges = [LOST]
    auto.turn(30)
    await auto.tick()
    (payment,) = auto.payments

    await twenty(
        pg_world.db,
        lambda number: pg_world.db.write(
            outcomes.settle, pg_world.call(reference=f"news:{number}"), 1, payment
        ),
    )

    assert await pg_world.balance() == 5_500
    await assert_books_balance(pg_world)


@pytest.mark.parametrize("first", ["webhook", "poller"])
async def test_an_answer_that_was_lost_is_learned_and_credited_once(auto: Auto, first: str) -> None:
    """R18, R27: the card was charged, and nobody heard of it."""
    await auto.turn_on()
    auto.gateway.next_charges = [LOST]
    auto.turn(30)
    await auto.tick()
    assert await auto.orders() == [("open", "", BIG)]

    if first == "webhook":
        await auto.hear("payment_intent.succeeded", auto.payments[0].id)
    await auto.tick(minutes=5)
    await auto.hear("payment_intent.succeeded", auto.payments[0].id)

    assert len(auto.payments) == 1
    assert await auto.orders() == [("paid", "", BIG)]
    assert await auto.world.balance() == 5_500
    assert await auto.told("auto_paid") == 1


async def test_a_charge_that_never_reached_stripe_is_sent_again_under_its_key(auto: Auto) -> None:
    """R18: an outage is no decline, and a crash between row and call leaves the same."""
    await auto.turn_on()
    auto.gateway.next_charges = [OUTAGE]
    auto.turn(30)
    await auto.tick()
    assert auto.payments == []

    await auto.tick(minutes=5)

    assert len(auto.payments) == 1
    assert await auto.world.balance() == 5_500
    assert await auto.told("auto_failed") == 0


async def test_a_charge_whose_need_is_gone_is_not_sent_again(auto: Auto) -> None:
    """R17: the customer paid by hand while Stripe could not be reached."""
    await auto.turn_on()
    auto.gateway.next_charges = [OUTAGE]
    auto.turn(30)
    await auto.tick()
    await auto.world.give(3_000)

    await auto.tick(minutes=5)
    await auto.tick(hours=2)

    assert auto.payments == []
    assert await auto.orders() == [("failed", "unreachable", BIG)]


async def test_after_a_day_a_lost_charge_is_looked_for_before_another_is_made(auto: Auto) -> None:
    """R18: keys live for a day; the payment itself says which order it is of."""
    await auto.world.db.write(set_partner(lead_hours=72))
    await auto.turn_on()
    auto.gateway.next_charges = [LOST]
    auto.turn(28, hour=1)
    await auto.tick()
    auto.gateway.down = True
    await auto.tick(minutes=10)
    auto.gateway.down = False

    await auto.tick(hours=24)

    assert len(auto.payments) == 1
    assert await auto.orders() == [("paid", "", BIG)]
    assert await auto.world.balance() == 5_500


async def test_nothing_lapses_while_the_end_of_a_charge_is_unknown(auto: Auto) -> None:
    """R15: five days at most."""
    await auto.turn_on()
    auto.gateway.charging = OUTAGE
    auto.turn(30)
    await auto.tick()
    auto.turn(1, month=12, hour=1)
    await auto.tick()
    assert await auto.units() == 1
    auto.turn(4, month=12)
    await auto.tick(2)
    assert await auto.units() == 1

    auto.turn(6, month=12, hour=1)
    await auto.tick(2, hours=1)

    assert await auto.units() == 0


async def test_a_bank_that_takes_days_is_waited_for(auto: Auto) -> None:
    """R18, R28."""
    await auto.turn_on()
    auto.gateway.charging = PROCESSING
    auto.turn(30)
    await auto.tick()
    assert [status for status, _, _ in await auto.orders()] == ["waiting"]
    auto.turn(2, month=12)
    await auto.tick()
    assert await auto.units() == 1

    auto.gateway.finish(auto.payments[0].id)
    await auto.tick(minutes=15)

    assert await auto.orders() == [("paid", "", BIG)]
    assert await auto.world.balance() == 2_500
    assert await auto.units() == 1


async def test_turned_off_it_charges_nothing_and_what_is_under_way_ends_as_it_ends(auto: Auto) -> None:
    """R17."""
    await auto.turn_on()
    auto.gateway.next_charges = [LOST]
    auto.turn(30)
    await auto.tick()
    await auto.world.do(agreement.turn_off, auto.world.workspace)

    await auto.tick(minutes=5)
    auto.turn(1, month=12)
    await auto.tick()

    assert len(auto.payments) == 1
    assert await auto.orders() == [("paid", "", BIG)]
    assert (await auto.screen()).state == "off"
    assert (await auto.screen()).next is None


async def test_turned_off_before_it_was_sent_it_is_never_sent(auto: Auto) -> None:
    """R17."""
    await auto.turn_on()
    auto.gateway.next_charges = [OUTAGE]
    auto.turn(30)
    await auto.tick()
    await auto.world.do(agreement.turn_off, auto.world.workspace)

    await auto.tick(2, minutes=10)

    assert auto.payments == []


async def test_a_repriced_pack_waits_for_consent_and_says_so_once(auto: Auto) -> None:
    """R17."""
    world = auto.world
    await auto.turn_on()
    await world.at_desk(catalogue.save_pack, auto.pack, 5_000, 500, Money(4_400, "USD"))
    auto.turn(30)
    await auto.tick(3, hours=2)

    assert auto.payments == []
    assert await auto.told("auto_stopped") == 1
    assert not (await auto.screen()).pack_sold
    with pytest.raises(GoneError):
        await auto.agree()

    await auto.agree(pack=auto.small)
    await auto.tick()
    assert await auto.orders() == [("paid", "", 2_700)]


@pytest.mark.parametrize("obstacle", ["manual", "credit_billing", "stripe"])
async def test_nothing_is_charged_while_nothing_renews(auto: Auto, obstacle: str) -> None:
    """R14, R26."""
    world = auto.world
    await auto.turn_on()
    auto.turn(30)
    if obstacle == "manual":
        await world.at_desk(pausing.set_manual_pause, world.workspace, paused=True)
    elif obstacle == "credit_billing":
        await world.db.write(set_partner(credit_billing=False))
    else:
        await world.db.write(set_partner(stripe_charges=False))
    await auto.tick(3, hours=2)

    assert auto.payments == []
    assert (await auto.screen()).state == "on"


async def test_a_debt_turns_it_off(auto: Auto) -> None:
    """R29: and it can't be turned on before the debt is paid."""
    world = auto.world
    await auto.turn_on()
    await world.at_desk(adjust.adjust, world.workspace, -100, "a mistake", accept_debt=True)
    auto.turn(30)
    await auto.tick()

    assert auto.payments == []
    assert ((await auto.screen()).state, (await auto.screen()).reason) == ("off", "debt")
    assert await auto.told("auto_stopped") == 1
    with pytest.raises(AutoTopUpError):
        await auto.agree()


async def test_a_low_balance_buys_one_pack_a_day(auto: Auto) -> None:
    """R17: the optional second trigger."""
    world = auto.world
    await auto.turn_on(pack=auto.small, cap=2 * 900)
    await world.do(agreement.set_low_balance, world.workspace, 2_500)
    auto.turn(10)
    await auto.tick(4, minutes=15)
    assert await world.balance() == 1_000

    auto.turn(11, hour=14)
    await auto.tick()
    assert await world.balance() == 2_000
    auto.turn(13)
    await auto.tick()
    assert await world.balance() == 2_000, "the cap of the month is reached"


async def test_asked_first_it_only_tells_and_charges_when_the_button_is_pressed(auto: Auto) -> None:
    """R17: the third state."""
    world = auto.world
    await auto.turn_on(ask=True)
    auto.turn(30)
    await auto.tick(3, minutes=10)
    assert auto.payments == []
    assert await auto.told("auto_ask") == 1

    status = await auto.flows.charge_now(world.call(world.owner), world.workspace)
    assert status == OrderStatus.PAID
    assert await world.balance() == 5_500
    with pytest.raises(AutoTopUpError, match="not_needed"):
        await auto.flows.charge_now(world.call(world.owner), world.workspace)


async def test_a_lead_that_is_made_longer_is_found_without_anybody_saying_so(auto: Auto) -> None:
    """R17: the partner's setting and renewal dates change elsewhere."""
    await auto.turn_on()
    await auto.world.db.write(set_partner(lead_hours=100))
    auto.turn(28)
    await auto.tick()
    assert auto.payments == []

    assert await auto.flows.look_ahead() == 1
    assert len(auto.payments) == 1
    assert await auto.flows.look_ahead() == 0


async def test_after_downtime_a_card_is_charged_once_for_the_present(auto: Auto) -> None:
    """R16."""
    await auto.turn_on()
    auto.turn(20, month=12)
    await auto.tick(2)

    assert len(auto.payments) == 1
    assert await auto.units() == 1


async def test_a_pack_is_paid_by_hand_and_its_card_saved(auto: Auto) -> None:
    """R17: "pay a pack now and save the card"."""
    world = auto.world
    await auto.agree()
    view = await auto.checkout.open(
        world.call(world.owner),
        1,
        world.workspace,
        Choice(auto.pack, save_card=True),
        language="en",
        title=lambda name, points, bonus: name,
    )
    assert view.url is not None
    auto.gateway.pay(view.url, "5555")
    page = view.url.rsplit("/", 1)[1]
    await auto.hear("checkout.session.completed", page)

    screen = await auto.screen()
    assert screen.state == "on"
    assert screen.card is not None
    assert (screen.card.last4, screen.card.saved_by) == ("5555", "Dana")
    assert await world.balance() == 5_500


async def test_money_charged_before_a_backup_was_restored_still_gives_points(auto: Auto) -> None:
    """R27: what Stripe holds suffices to rebuild the order."""
    await auto.turn_on()
    auto.turn(30)
    await auto.tick()
    payment = auto.payments[0]
    facts = {**payment.metadata, "order": "987654321"}
    auto.gateway.payments["pi_lost"] = type(payment)(
        "pi_lost",
        "succeeded",
        payment.amount,
        live=True,
        created=auto.clock.at - dt.timedelta(days=1),
        metadata=facts,
    )
    for _ in range(2):
        await auto.hear("payment_intent.succeeded", "pi_lost")

    assert await auto.world.balance() == 11_000


async def test_a_payment_of_another_sum_is_not_credited(auto: Auto) -> None:
    """R27."""
    await auto.turn_on()
    auto.gateway.next_charges = [LOST]
    auto.turn(30)
    await auto.tick()
    (payment,) = auto.payments
    auto.gateway.payments[payment.id] = type(payment)(
        payment.id,
        "succeeded",
        Money(1, "USD"),
        live=True,
        created=payment.created,
        metadata=payment.metadata,
    )
    await auto.hear("payment_intent.succeeded", payment.id)

    assert await auto.world.balance() == 0
    assert await auto.orders() == [("failed", "mismatch", BIG)]


async def test_the_pages_poller_leaves_charges_alone(auto: Auto) -> None:
    """An automatic order has no page, and nobody cancels it as one."""
    world = auto.world
    await auto.turn_on()
    auto.gateway.next_charges = [OUTAGE]
    auto.turn(30)
    await auto.tick()
    auto.later(minutes=1)
    await auto.checkout.poll()
    ((order_id,),) = await world.sql("SELECT id FROM orders WHERE automatic")
    with pytest.raises(GoneError):
        await world.do(orders.cancel, order_id)

    assert await auto.orders() == [("open", "", BIG)]
