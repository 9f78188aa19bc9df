"""Auto top-up when the bank says no: retries, suspension, 3-D Secure, cards that go (R18)."""

import pytest

from billing import people
from billing.access import Role
from billing.automatic import agreement, attempts, cards, outcomes
from billing.automatic.attempts import ChargeTerms
from billing.automatic.declines import sorted_decline
from billing.errors import AutoTopUpError
from billing.gateway import GatewayError
from storage.models import OrderStatus
from tests.chat.fakes import FAILURE, LOST, OUTAGE, PAID, THREE_D_SECURE, ChargeEnd, declined
from tests.flows.automatic import BIG, Auto, set_partner
from tests.flows.checks import refusals, twenty
from tests.flows.conftest import World

SOFT = declined("insufficient_funds", "try_again_later")


@pytest.fixture
async def auto(world: World) -> Auto:
    """Auto top-up is on; the renewal of 1 December needs 30 points and there are none."""
    found = await Auto.over(world)
    await world.give(3_000)
    await world.get("Extra bot", 1)
    await found.turn_on()
    return found


@pytest.mark.parametrize(
    ("code", "advice", "kind"),
    [
        ("insufficient_funds", "try_again_later", "soft"),
        ("processing_error", None, "soft"),
        ("generic_decline", None, "soft"),
        ("do_not_honor", "do_not_try_again", "hard"),
        ("authentication_required", "do_not_try_again", "soft"),
        ("expired_card", None, "hard"),
        ("lost_card", "try_again_later", "hard"),
        ("stolen_card", None, "hard"),
        ("fraudulent", None, "hard"),
        ("incorrect_cvc", "confirm_card_data", "hard"),
        ("something_new", None, "soft"),
    ],
)
def test_a_decline_is_soft_unless_code_or_bank_say_never_again(
    code: str, advice: str | None, kind: str
) -> None:
    """R18."""
    assert sorted_decline(code, advice) == kind


async def test_soft_declines_are_tried_at_the_start_a_day_and_three_days_after_it_then_it_stops(
    auto: Auto,
) -> None:
    """R18: told at the first, the desk at the last."""
    auto.gateway.charging = SOFT
    tried: list[tuple[int, int]] = []
    auto.turn(29)
    for _ in range(8 * 24):
        await auto.tick(hours=1)
        if len(auto.payments) > len(tried):
            tried.append((auto.clock.at.month, auto.clock.at.day))

    assert tried == [(11, 30), (12, 1), (12, 2), (12, 4)]
    screen = await auto.screen()
    assert (screen.state, screen.reason) == ("suspended", "insufficient_funds")
    assert await auto.told("auto_failed") == 1
    assert await auto.told("auto_suspended") == 1
    assert await auto.told("desk_card") == 1
    assert await auto.units() == 0


async def test_units_wait_while_retries_are_to_come_and_are_paid_when_one_succeeds(auto: Auto) -> None:
    """R15, R18: with no grace days at all."""
    auto.gateway.next_charges = [SOFT, SOFT]
    auto.turn(30)
    await auto.tick()
    auto.turn(1, month=12, hour=1)
    await auto.tick(2)
    assert await auto.units() == 1
    auto.turn(2, month=12, hour=1)
    await auto.tick()

    assert [status for status, _, _ in await auto.orders()] == ["failed", "failed", "paid"]
    assert await auto.world.balance() == 2_500
    assert await auto.units() == 1


async def test_a_hard_decline_stops_at_once_and_what_waited_for_it_ends(auto: Auto) -> None:
    """R18."""
    auto.gateway.next_charges = [SOFT, declined("stolen_card")]
    auto.turn(30)
    await auto.tick()
    auto.turn(1, month=12, hour=1)
    await auto.tick(2)
    auto.turn(2, month=12, hour=1)
    await auto.tick()

    assert len(auto.payments) == 2
    assert (await auto.screen()).state == "suspended"
    assert await auto.units() == 0


async def test_the_first_failure_of_the_next_month_is_told_again(auto: Auto) -> None:
    """R18: nobody is left to find out by a lapse."""
    auto.gateway.next_charges = [SOFT]
    auto.turn(30)
    await auto.tick()
    await auto.world.give(3_000)
    auto.turn(1, month=12)
    await auto.tick()
    auto.gateway.next_charges = [SOFT]
    auto.turn(31, month=12)
    await auto.tick()

    assert await auto.told("auto_failed") == 2


async def test_a_success_forgets_the_declines_before_it(auto: Auto) -> None:
    """R18: four in a row."""
    auto.gateway.next_charges = [SOFT, SOFT]
    auto.turn(30)
    await auto.tick()
    auto.turn(1, month=12, hour=1)
    await auto.tick()
    auto.turn(2, month=12, hour=1)
    await auto.tick()

    ((declines,),) = await auto.world.sql("SELECT soft_declines FROM auto_topups")
    assert declines == 0


async def test_another_card_is_charged_at_once_after_a_suspension(auto: Auto) -> None:
    """R18: still before the renewal."""
    auto.gateway.next_charges = [declined("expired_card")]
    auto.turn(30)
    await auto.tick()
    assert (await auto.screen()).state == "suspended"

    await auto.save_card("5555")
    await auto.tick()

    assert [status for status, _, _ in await auto.orders()] == ["failed", "paid"]
    assert (await auto.screen()).state == "on"
    assert next(iter(auto.gateway.cards.values())).last4 == "5555", "the old one was detached"
    assert len(auto.gateway.cards) == 1


async def test_turned_on_again_the_same_card_gets_another_chance(auto: Auto) -> None:
    """R18."""
    auto.gateway.next_charges = [declined("lost_card")]
    auto.turn(30)
    await auto.tick()

    assert await auto.agree() == "on"
    await auto.tick()

    assert await auto.world.balance() == 5_500


@pytest.mark.parametrize("end", [OUTAGE, FAILURE], ids=["no answer", "server error"])
async def test_an_outage_is_no_decline(auto: Auto, end: ChargeEnd) -> None:
    """R18: and the attempt is made in the end."""
    auto.gateway.next_charges = [end] * 2
    auto.turn(30)
    await auto.tick(10, minutes=20)

    assert await auto.told("auto_failed") == 0
    assert len(auto.payments) == 1
    assert await auto.world.balance() == 5_500


async def test_a_server_error_that_charged_all_the_same_is_found_by_looking(auto: Auto) -> None:
    """R18: its key would answer the error for a day."""
    auto.gateway.next_charges = [LOST]
    auto.turn(30)
    await auto.tick()
    (payment,) = auto.payments
    auto.gateway.next_charges = [FAILURE] * 9
    await auto.tick(minutes=3)
    await auto.tick(minutes=3)

    assert auto.payments == [payment]
    assert await auto.orders() == [("paid", "", BIG)]


async def test_three_d_secure_ends_in_a_page_that_one_person_pays_once(auto: Auto) -> None:
    """R18: the charge can't be confirmed any more before a link is offered, and there is one page for all."""
    world = auto.world
    billing = await world.member(300, "Bill", Role.BILLING)
    auto.gateway.next_charges = [THREE_D_SECURE]
    auto.turn(30)
    await auto.tick()
    assert await auto.orders() == [("failed", "authentication_required", BIG)]
    assert [payment.status for payment in auto.payments] == ["canceled"]
    assert await auto.told("auto_failed") == 2
    ((failed,),) = await world.sql("SELECT id FROM orders WHERE automatic")

    page = await auto.recover(failed)
    same = await auto.recover(failed, by=billing)
    assert page.url == same.url
    auto.turn(1, month=12)
    await auto.tick()
    assert len(auto.payments) == 1, "nothing is charged while somebody may be paying"
    assert await auto.units() == 1

    assert page.url is not None
    auto.gateway.pay(page.url)
    auto.later(minutes=2)
    await auto.checkout.poll()
    await auto.tick()

    assert await world.balance() == 2_500
    assert await auto.units() == 1
    with pytest.raises(AutoTopUpError, match="recovered"):
        await auto.recover(failed)


async def test_while_a_charge_is_under_way_no_page_makes_it_good(auto: Auto) -> None:
    """R18."""
    auto.gateway.next_charges = [SOFT, LOST]
    auto.turn(30)
    await auto.tick()
    ((failed,),) = await auto.world.sql("SELECT id FROM orders WHERE automatic")
    auto.turn(1, month=12)
    await auto.tick()

    with pytest.raises(AutoTopUpError, match="charging"):
        await auto.recover(failed)


async def test_a_page_and_a_charge_at_once_make_one_of_them(pg_world: World) -> None:
    """R18: whichever comes first."""
    auto = await Auto.over(pg_world)
    await pg_world.give(3_000)
    await pg_world.get("Extra bot", 1)
    await auto.turn_on()
    auto.gateway.next_charges = [SOFT]
    auto.turn(30)
    await auto.tick()
    ((failed,),) = await pg_world.sql("SELECT id FROM orders WHERE automatic")
    auto.turn(1, month=12)
    terms = ChargeTerms(live=True, build=auto.gateway.charge_params)

    async def act(number: int) -> object:
        if number % 2:
            return await auto.recover(failed)
        call = pg_world.call(reference=f"auto:{number}")
        return await pg_world.db.write(attempts.begin, call, pg_world.workspace, terms)

    answers = await twenty(pg_world.db, act)

    ((charges, pages),) = await pg_world.sql(
        "SELECT count(*) FILTER (WHERE automatic), count(*) FILTER (WHERE NOT automatic)"
        " FROM orders WHERE status IN ('open', 'waiting')"
    )
    assert charges + pages == 1
    assert len(refusals(answers)) in {0, 10}


async def test_a_cancel_that_got_lost_is_repeated_before_the_link(auto: Auto) -> None:
    """R18: until then nothing else may charge."""
    auto.gateway.next_charges = [LOST]
    auto.turn(30)
    await auto.tick()
    (payment,) = auto.payments
    auto.gateway.payments[payment.id] = type(payment)(
        payment.id,
        "requires_action",
        payment.amount,
        live=True,
        created=payment.created,
        customer=payment.customer,
        metadata=payment.metadata,
    )
    await auto.world.db.write(outcomes.settle, auto.world.call(), 1, auto.gateway.payments[payment.id])
    assert await auto.orders() == [("open", "authentication_required", BIG)]

    await auto.tick(minutes=5)

    assert await auto.orders() == [("failed", "authentication_required", BIG)]
    assert auto.payments[0].status == "canceled"


async def test_a_decline_that_is_told_twice_counts_once(auto: Auto) -> None:
    """R18: by the answer and by the webhook."""
    auto.gateway.next_charges = [SOFT]
    auto.turn(30)
    await auto.tick()
    for _ in range(3):
        await auto.hear("payment_intent.payment_failed", auto.payments[0].id)

    ((declines,),) = await auto.world.sql("SELECT soft_declines FROM auto_topups")
    assert declines == 1
    assert await auto.told("auto_failed") == 1


async def test_a_card_taken_away_at_stripe_stops_it_with_a_word(auto: Auto) -> None:
    """R18."""
    auto.gateway.cards.clear()
    auto.turn(30)
    await auto.tick()

    screen = await auto.screen()
    assert (screen.state, screen.reason, screen.card) == ("suspended", "card_gone", None)
    assert await auto.told("auto_suspended") == 1


async def test_a_request_that_stripe_refuses_stops_it_and_the_desk_hears(auto: Auto) -> None:
    """R18: an amount below what Stripe takes is nobody's card's fault, and trying again won't help."""
    auto.gateway.next_charges = [ChargeEnd(error=GatewayError("amount_too_small"))]
    auto.turn(30)
    await auto.tick()

    assert (await auto.screen()).state == "suspended"
    assert await auto.told("desk_card") == 1


async def test_a_removed_card_is_never_charged_and_stripe_forgets_it(auto: Auto) -> None:
    """R17: removed here first, then there, as often as it takes."""
    await auto.world.do(cards.remove, auto.world.workspace)
    auto.gateway.down = True
    await auto.tick()
    assert len(auto.gateway.cards) == 1
    auto.gateway.down = False
    auto.turn(30)
    await auto.tick()

    assert auto.gateway.cards == {}
    assert auto.payments == []
    assert (await auto.screen()).state == "off"


async def test_a_card_that_is_saved_after_it_was_turned_off_switches_nothing_on(auto: Auto) -> None:
    """R17: the page stayed open."""
    url = await auto.card_page()
    await auto.world.do(agreement.turn_off, auto.world.workspace)
    auto.gateway.pay(url, "5555")
    await auto.tick(minutes=2)

    screen = await auto.screen()
    assert screen.state == "off"
    assert screen.card is not None


async def test_a_webhook_and_the_poller_save_a_card_once(auto: Auto) -> None:
    """R17."""
    url = await auto.card_page()
    auto.gateway.pay(url, "5555")
    page = url.rsplit("/", 1)[1]
    await auto.hear("checkout.session.completed", page)
    await auto.tick(minutes=2)
    await auto.hear("checkout.session.completed", page)

    assert await auto.world.sql("SELECT last4 FROM saved_cards WHERE removed_at IS NULL") == [("5555",)]
    assert await auto.told("auto_card") == 2, "one for each card that was saved"


async def test_an_owner_who_is_replaced_leaves_no_card_behind(auto: Auto) -> None:
    """R34: auto top-up stops and all are told."""
    world = auto.world
    await world.member(301, "Bill", Role.BILLING)
    await world.at_desk(
        people.invite_from_desk, world.workspace, Role.OWNER, "new-owner", replaces_owners=True
    )
    newcomer = await world.newcomer(400, "Nell")
    await world.do(people.accept_invite, "new-owner", by=newcomer)
    auto.turn(30)
    await auto.tick()

    assert auto.payments == []
    assert auto.gateway.cards == {}
    assert await auto.told("auto_stopped") == 2
    ((state, reason),) = await world.sql("SELECT state, reason FROM auto_topups")
    assert (state, reason) == ("off", "owner")


async def test_a_card_of_test_mode_is_not_charged_live(auto: Auto) -> None:
    """R26."""
    await auto.world.db.write(set_partner(stripe_live=False, test_payments=True))
    auto.turn(30)
    await auto.tick(2, hours=2)

    assert auto.payments == []


async def test_off_during_an_attempt_a_decline_tells_nobody_anything(auto: Auto) -> None:
    """R17: who turned it off wants to hear no more of it."""
    auto.gateway.next_charges = [LOST]
    auto.turn(30)
    await auto.tick()
    (payment,) = auto.payments
    auto.gateway.finish(payment.id, decline="insufficient_funds")
    await auto.world.do(agreement.turn_off, auto.world.workspace)
    await auto.tick(minutes=5)

    assert await auto.orders() == [(OrderStatus.FAILED, "insufficient_funds", BIG)]
    assert await auto.told("auto_failed") == 0
    assert (await auto.screen()).state == "off"


async def test_a_low_balance_that_is_declined_day_by_day_is_told_once_until_a_payment(auto: Auto) -> None:
    """R17, R18: the first failure, not each of them."""
    world = auto.world
    await world.do(agreement.set_low_balance, world.workspace, 2_000)
    auto.gateway.charging = SOFT
    for day in (5, 6, 7):
        auto.turn(day)
        await auto.tick()
    assert [status for status, _, _ in await auto.orders()] == ["failed"] * 3
    assert await auto.told("auto_failed") == 1

    auto.gateway.charging = PAID
    auto.turn(8)
    await auto.tick()
    await world.get("Extra member", 2)
    auto.gateway.charging = SOFT
    for day in (10, 11):
        auto.turn(day)
        await auto.tick()
    assert await auto.told("auto_failed") == 2


async def test_a_failed_renewal_is_told_though_a_low_balance_failed_before_it(auto: Auto) -> None:
    """R18: the next cycle's first failure is news."""
    world = auto.world
    auto.gateway.charging = SOFT
    await world.do(agreement.set_low_balance, world.workspace, 2_000)
    auto.turn(28)
    await auto.tick()
    await world.do(agreement.set_low_balance, world.workspace, None)

    auto.turn(30)
    await auto.tick()

    assert await auto.told("auto_failed") == 2
