"""Going live drops test cards and orders: nobody pays by them or is credited for them any more (R26)."""

import pytest

from billing import golive, refund_requests
from billing.addons import remember_purchase
from billing.errors import GoneError, NotSellingError
from storage import orders as order_rows
from storage.database import Tx
from storage.models import StripeEvent
from tests.chat.fakes import LOST, OUTAGE, ChargeEnd
from tests.flows.conftest import World
from tests.flows.trials import PARTNER, Trial, open_trial


@pytest.fixture
async def trial(world: World) -> Trial:
    return await open_trial(world)


@pytest.mark.parametrize("first", ["paid", "live"])
async def test_an_open_test_order_can_be_paid_by_nobody_any_more(trial: Trial, first: str) -> None:
    """A late webhook, poller or return link credits nothing, and what waited for the payment is not bought."""
    await trial.world.do(remember_purchase, trial.world.workspace, trial.world.addon["Extra bot"], 1)
    placed = await trial.order()
    if first == "paid":
        trial.pay(placed)
    await trial.key(live=True)
    if first == "live":
        trial.pay(placed)
    await trial.hear_late(placed)

    assert await trial.status(placed) == ("cancelled", "test_over")
    assert await trial.world.amounts() == []
    (told,) = await trial.told("test_over")
    assert (told["orders"], told["forgotten"]) == (1, [["Extra bot", 1]])

    await trial.buy()
    assert await trial.world.balance() == 5_500
    assert await trial.world.sql("SELECT units FROM addon_states") == []
    await trial.assert_sound()


async def test_a_dropped_order_credits_nothing_in_test_mode_either(trial: Trial) -> None:
    placed = await trial.order()
    await trial.key(live=True)
    await trial.key(live=False)
    trial.pay(placed)
    await trial.hear_late(placed)

    assert await trial.world.amounts() == []


async def test_a_delayed_test_payment_ends_too(trial: Trial) -> None:
    placed = await trial.order()
    assert placed.url is not None
    trial.gateway.pay_later(placed.url)
    await trial.checkout.look(trial.world.owner, placed.id)
    assert (await trial.status(placed))[0] == "waiting"

    await trial.key(live=True)
    trial.pay(placed)
    await trial.hear_late(placed)

    assert await trial.status(placed) == ("cancelled", "test_over")
    assert await trial.world.balance() == 0


async def test_a_test_payment_between_the_key_and_the_workspaces_turn_credits_nothing(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partner is live, and the workspace is not yet looked at."""
    placed = await trial.order()
    trial.pay(placed)
    with monkeypatch.context() as nobody:
        nobody.setattr(golive, "_unended", lambda tx, partner_id, after: [])
        await trial.key(live=True)
    await trial.hear_late(placed)
    assert await trial.world.amounts() == []

    await trial.key(live=True)
    assert await trial.status(placed) == ("cancelled", "test_over")


async def test_a_test_payment_that_nobody_knows_is_not_rebuilt_after_going_live(trial: Trial) -> None:
    placed = await trial.order()
    trial.pay(placed)

    def forget(tx: Tx) -> None:
        order = order_rows.order(tx, PARTNER, placed.id)
        tx.session.delete(order)

    await trial.world.db.write(forget)
    await trial.key(live=True)
    assert placed.url is not None
    await trial.checkout.page(PARTNER, await trial.gateway.fetch_session(placed.url.rsplit("/", 1)[1]))

    assert await trial.world.amounts() == []
    assert await trial.world.sql("SELECT id FROM orders") == []


async def test_the_test_card_goes_and_auto_top_up_with_it(trial: Trial) -> None:
    """Nobody agreed to be charged in earnest; pages that save a card close too."""
    await trial.agree()
    trial.gateway.pay(await trial.card_page())
    trial.later(seconds=90)
    await trial.automatic.run_due()
    assert (await trial.screen()).state == "on"
    late = await trial.card_page()

    await trial.key(live=True)

    screen = await trial.screen()
    assert (screen.state, screen.reason, screen.card, screen.agreed) == ("off", "test_over", None, False)
    found = await trial.world.sql("SELECT status FROM card_setups ORDER BY status")
    assert found == [("done",), ("expired",)]
    trial.gateway.pay(late)
    page = await trial.gateway.fetch_session(late.rsplit("/", 1)[1])
    await trial.automatic.page(PARTNER, page)
    trial.later(minutes=10)
    await trial.automatic.run_due()
    assert (await trial.screen()).card is None
    (told,) = await trial.told("test_over")
    assert (told["cards"], told["stopped"]) == (1, True)
    assert await trial.world.sql("SELECT count(*) FROM saved_cards WHERE detach_at IS NOT NULL") == [(0,)]


async def test_a_card_saved_in_live_mode_stays(trial: Trial) -> None:
    await trial.key(live=True)
    await trial.agree()
    trial.gateway.pay(await trial.card_page())
    trial.later(seconds=90)
    await trial.automatic.run_due()
    await trial.key(live=False)
    await trial.buy()

    await trial.key(live=True)

    screen = await trial.screen()
    assert (screen.state, screen.card is not None) == ("on", True)
    assert await trial.taken() == [-5_500]


@pytest.mark.parametrize("answer", [OUTAGE, LOST])
async def test_an_automatic_test_charge_whose_end_is_unknown_credits_nothing(
    trial: Trial, answer: ChargeEnd
) -> None:
    """Neither one that never came about nor one that did."""
    await trial.agree()
    trial.gateway.pay(await trial.card_page())
    trial.later(seconds=90)
    await trial.automatic.run_due()
    await trial.world.give(3_000)
    await trial.world.get("Extra bot", 1)
    trial.gateway.next_charges = [answer]
    trial.gateway.clock.at = trial.world.now = trial.world.now.replace(day=30, hour=13)
    await trial.automatic.run_due()
    assert await trial.world.sql("SELECT status FROM orders WHERE automatic") == [("open",)]

    await trial.key(live=True)
    trial.later(hours=1)
    await trial.automatic.run_due()
    for payment in trial.gateway.payments:
        event = StripeEvent(
            partner_id=PARTNER, id="evt_1", type="payment_intent.succeeded", object_id=payment
        )
        await trial.automatic.news(event)

    assert await trial.world.sql("SELECT status, reason FROM orders WHERE automatic") == [
        ("cancelled", "test_over")
    ]
    assert (await trial.screen()).last is None
    assert await trial.world.balance() == 0
    assert len(trial.gateway.payments) == (answer is LOST)


async def test_while_the_account_is_not_looked_at_nothing_of_the_other_mode_is_sold(trial: Trial) -> None:
    """A live key that becomes a test key sells nothing until it is known that it may."""
    await trial.key(live=True)
    trial.gateway.live = False
    with pytest.raises(NotSellingError):
        await trial.order()
    await trial.agree()
    with pytest.raises(NotSellingError):
        await trial.card_page()


async def test_a_customer_can_not_ask_for_a_test_payment_back(trial: Trial) -> None:

    placed = await trial.buy()
    await trial.world.do(refund_requests.ask, placed.id, "a mistake")
    await trial.key(live=True)

    assert await trial.world.sql("SELECT status FROM refund_requests") == [("declined",)]
    with pytest.raises(GoneError):
        await trial.world.do(refund_requests.ask, placed.id, "again")
