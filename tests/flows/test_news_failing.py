"""One row that fails keeps no other waiting: webhooks and the lists that pollers walk (R27, R28)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from billing.access import Role
from billing.gateway import GatewayError, metadata_number
from billing.news import News
from billing.orders import Choice, OrderView
from billing.payments import Payments
from billing.refunds import Refunds
from billing.walking import walk
from bot import doctor, upkeep
from bot.settings import Settings
from storage import stripe_inbox
from storage.database import Tx
from tests.chat.fakes import FakeGateway
from tests.flows.automatic import PARTNER, Auto
from tests.flows.checks import assert_books_balance, twenty
from tests.flows.conftest import BOT, World
from tests.flows.plans import open_shop


class Mail:
    """Webhooks that come in, and their being worked off."""

    def __init__(self, auto: Auto) -> None:
        self.auto = auto
        self.payments = Payments(auto.world.db, {PARTNER: auto.gateway}, auto.clock, BOT, str)
        self.news = News(self.payments, (auto.checkout.page,), {"payment_intent.": (auto.checkout.news,)})

    async def put(self, event_id: str, object_id: str, kind: str = "checkout.session.completed") -> None:
        def run(tx: Tx) -> None:
            stripe_inbox.put(
                tx,
                partner_id=PARTNER,
                id=event_id,
                type=kind,
                object_id=object_id,
                live=True,
                body="{}",
                received_at=self.auto.clock.now(),
            )

        await self.auto.world.db.write(run)

    async def work_off(self, times: int = 1, **later: float) -> None:
        for _ in range(times):
            self.auto.later(**(later or {"minutes": 1}))
            await self.news.work_off()

    async def state(self, event_id: str) -> tuple[bool, str, int]:
        """Whether it is done, its error, and how often it was tried."""
        ((done_at, error, attempts),) = await self.auto.world.sql(
            "SELECT done_at, error, attempts FROM stripe_events WHERE id = :id", id=event_id
        )
        return done_at is not None, error, attempts


@pytest.fixture
async def auto(world: World) -> AsyncIterator[Auto]:
    made = await Auto.over(world)
    yield made
    await assert_books_balance(world)


async def opened(auto: Auto) -> OrderView:
    return await auto.checkout.open(
        auto.world.call(auto.world.owner),
        PARTNER,
        auto.world.workspace,
        Choice(auto.pack),
        language="en",
        title=lambda name, points, bonus: name,
    )


async def paid_page(auto: Auto) -> str:
    view = await opened(auto)
    assert view.url is not None
    auto.gateway.pay(view.url)
    return view.url.rsplit("/", 1)[1]


def breaks_on(monkeypatch: pytest.MonkeyPatch, name: str, which: str) -> None:
    """A call of the gateway fails in a way that nobody foresaw, for one object."""
    works = getattr(FakeGateway, name)

    async def call(self: FakeGateway, object_id: str):
        if object_id == which:
            raise OverflowError(which)
        return await works(self, object_id)

    monkeypatch.setattr(FakeGateway, name, call)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", 0),
        ("9345678901234567890", 0),
        ("-1", 0),
        ("１２", 0),
        ("12", 12),
        ("", 0),
    ],
)
def test_a_number_in_metadata_fits_the_database_or_is_none(text: str, number: int) -> None:
    assert metadata_number({"order": text}, "order") == number


async def test_somebody_elses_numbers_keep_no_payment_waiting(auto: Auto) -> None:
    """Another program sells at the same account, and its numbers are larger than a column holds."""
    mail, page = Mail(auto), await paid_page(auto)
    strange = {"order": "9345678901234567890", "workspace": "9999999999999999999", "points": "5"}
    auto.gateway.pages["cs_strange"] = replace(
        auto.gateway.pages[page], id="cs_strange", payment_intent="pi_strange", metadata=strange
    )
    await mail.put("evt_1", "cs_strange")
    await mail.put("evt_2", page)

    await mail.work_off()

    assert await auto.world.balance() == 5_500
    assert await mail.state("evt_1") == (True, "", 1)


async def test_an_event_that_fails_as_nobody_foresaw_is_noted_put_off_and_keeps_none_waiting(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, page = Mail(auto), await paid_page(auto)
    breaks_on(monkeypatch, "fetch_session", "cs_broken")
    await mail.put("evt_1", "cs_broken")
    await mail.put("evt_2", page)

    await mail.work_off()

    assert await auto.world.balance() == 5_500
    assert await mail.state("evt_1") == (False, "OverflowError: cs_broken", 1)
    (failed,) = await auto.world.db.read(stripe_inbox.failed)
    assert (failed.id, failed.given_up, failed.error) == ("evt_1", False, "OverflowError: cs_broken")
    settings = Settings(_env_file=None, bot_token=SecretStr("42:TEST"))
    found = await doctor._rows(auto.world.db, settings, auto.clock)
    (said,) = (finding for finding in found if "evt_1" in finding.text)
    assert (said.subject, said.state) == ("stripe events", "warning")
    assert "tried again: OverflowError: cs_broken" in said.text

    await mail.work_off(60)
    _, _, attempts = await mail.state("evt_1")
    assert attempts <= 10, "ever later"


async def test_an_event_whose_object_is_never_found_ends_after_three_days(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(self: FakeGateway, session_id: str):
        raise GatewayError("resource_missing", session_id)

    monkeypatch.setattr(FakeGateway, "fetch_session", refused)
    mail = Mail(auto)
    await mail.put("evt_1", "cs_gone")

    await mail.work_off(71, hours=1)
    assert (await mail.state("evt_1"))[:2] == (False, "resource_missing")

    await mail.work_off(2, hours=1)
    done, error, attempts = await mail.state("evt_1")
    assert (done, error) == (True, "resource_missing")

    await mail.work_off(10, hours=1)
    assert await mail.state("evt_1") == (True, "resource_missing", attempts)
    (failed,) = await auto.world.db.read(stripe_inbox.failed)
    assert failed.given_up


async def test_an_outage_of_a_week_loses_no_event(auto: Auto) -> None:
    mail, page = Mail(auto), await paid_page(auto)
    await mail.put("evt_1", page)
    auto.gateway.down = True
    await mail.work_off(7 * 24, hours=1)
    auto.gateway.down = False

    await mail.work_off(hours=1)

    assert await auto.world.balance() == 5_500
    assert (await mail.state("evt_1"))[:2] == (True, "")


async def test_done_events_go_after_a_month_and_others_stay(auto: Auto) -> None:
    mail, page = Mail(auto), await paid_page(auto)
    await mail.put("evt_old", page)
    await mail.put("evt_waits", "cs_unreadable")
    await mail.work_off()
    auto.later(days=1)
    await mail.put("evt_new", page)
    await mail.work_off()
    auto.later(days=29)
    await upkeep.sweep_events(auto.world.db, auto.clock)

    left = await auto.world.sql("SELECT id FROM stripe_events ORDER BY id")

    assert [row[0] for row in left] == ["evt_new", "evt_waits"]


async def test_a_swept_event_that_comes_again_credits_nothing_again(auto: Auto) -> None:
    mail, page = Mail(auto), await paid_page(auto)
    for _ in range(2):
        await mail.put("evt_1", page)
        await mail.work_off()
        auto.later(days=31)
        await upkeep.sweep_events(auto.world.db, auto.clock)

    assert await auto.world.sql("SELECT count(*) FROM stripe_events") == [(0,)]
    assert await auto.world.balance() == 5_500


async def test_an_order_that_fails_keeps_no_other_from_being_looked_at(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    billing = await auto.world.member(300, "Bill", Role.BILLING)
    broken = await paid_page(auto)
    view = await auto.checkout.open(
        auto.world.call(billing),
        PARTNER,
        auto.world.workspace,
        Choice(auto.small),
        language="en",
        title=lambda name, points, bonus: name,
    )
    assert view.url is not None
    auto.gateway.pay(view.url)
    breaks_on(monkeypatch, "fetch_session", broken)
    auto.later(minutes=1)

    with pytest.raises(ExceptionGroup) as failed:
        await auto.checkout.poll()

    assert [str(error) for error in failed.value.exceptions] == [broken]
    assert await auto.world.balance() == 1_000


async def test_a_card_page_that_fails_keeps_no_charge_from_being_made(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    await auto.world.give(3_000)
    await auto.world.get("Extra bot", 1)
    await auto.turn_on()
    page = (await auto.card_page()).rsplit("/", 1)[1]
    breaks_on(monkeypatch, "fetch_session", page)
    auto.turn(30)

    with pytest.raises(ExceptionGroup):
        await auto.flows.run_due()

    assert [status for status, _, _ in await auto.orders()] == ["paid"]


async def test_a_refund_that_cannot_be_read_keeps_no_other_from_being_found(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    await auto.turn_on()
    for _ in range(2):
        await paid_page(auto)
        auto.later(minutes=1)
        await auto.checkout.poll()
    broken, other = (payment.id for payment in auto.payments)
    for payment in (broken, other):
        auto.gateway.give_back(payment, 4_000)
    breaks_on(monkeypatch, "reversals", broken)

    with pytest.raises(ExceptionGroup):
        await Refunds(Mail(auto).payments).poll()

    assert await auto.world.balance() == 5_500, "of 110 points 55 went back"


async def test_a_subscription_that_fails_keeps_no_other_page_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await open_shop(world)
    running = await shop.running()
    shop.gateway.give_up(running)
    shop.gateway.clock.turn(days=2)

    async def broken(self: FakeGateway, session_id: str):
        raise OverflowError(session_id)

    monkeypatch.setattr(FakeGateway, "fetch_session", broken)

    def reopen(tx: Tx) -> None:
        tx.conn.execute(text("UPDATE plan_checkouts SET status = 'open'"))

    await world.db.write(reopen)

    with pytest.raises(ExceptionGroup):
        await shop.flow.poll()

    assert (await shop.stands())[1], "what Stripe says of the subscription was heard all the same"


def test_what_breaks_a_walk_itself_hides_nothing_that_failed_before() -> None:
    def walk_rows() -> None:
        with walk("rows") as each:
            with each.step("one"):
                raise OverflowError("one")
            raise ConnectionError("database")

    with pytest.raises(ExceptionGroup) as failed:
        walk_rows()

    assert [type(error) for error in failed.value.exceptions] == [OverflowError, ConnectionError]


async def test_twenty_who_work_off_the_same_news_credit_it_once(pg_world: World) -> None:
    auto = await Auto.over(pg_world)
    mail, page = Mail(auto), await paid_page(auto)
    for number in range(5):
        await mail.put(f"evt_{number}", page)
    auto.later(minutes=1)

    await twenty(pg_world.db, lambda _: mail.news.work_off())

    assert await pg_world.balance() == 5_500
    assert await pg_world.sql("SELECT max(attempts) FROM stripe_events") == [(1,)]
