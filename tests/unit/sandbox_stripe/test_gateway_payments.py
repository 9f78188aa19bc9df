"""The product's own gateway against the stand-in: cards saved and charged, money given back and fought over."""

import datetime as dt

import pytest

from billing.gateway import GatewayError, GatewayFailedError, GatewayUnknownError, PaymentFacts
from billing.money import Money
from billing.stripe_gateway import StripeGateway
from sandbox.faults import Fault
from sandbox.state import Sandbox

from .actors import Browser
from .partner import card_page, pack, topup

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
CHARGE = "POST /v1/payment_intents"


async def _saved(gateway: StripeGateway, browser: Browser, sandbox: Sandbox, number: str) -> tuple[str, str]:
    """Customer and card, saved on a page."""
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    params = gateway.setup_params(card_page(customer, sandbox.clock.now()))
    page = await gateway.create_session(params, "setup-5")
    await browser.sim("pay", session=page.id, card=number, three_d_secure="complete")
    done = await gateway.fetch_session(page.id)
    assert done.payment_method is not None
    return customer, done.payment_method


async def _charged(gateway: StripeGateway, customer: str, card: str, key: str = "k") -> PaymentFacts:
    return await gateway.charge(gateway.charge_params(topup(customer, card)), key)


async def test_a_page_that_saves_a_card_shows_the_consent_and_takes_no_money(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    request = card_page(customer, sandbox.clock.now(), "Up to 80 USD a month, /stop ends it.")
    page = await gateway.create_session(gateway.setup_params(request), "setup-5")
    assert (page.mode, page.status, page.payment_status) == ("setup", "open", "no_payment_required")
    assert page.url is not None
    assert "Up to 80 USD a month, /stop ends it." in await browser.see(page.url)

    await browser.sim("pay", session=page.id)
    done = await gateway.fetch_session(page.id)
    assert (done.status, done.paid, done.metadata["setup"]) == ("complete", False, "5")
    card = await gateway.card(done.payment_method or "")
    assert card is not None
    assert (card.brand, card.last4, card.exp_month) == ("visa", "4242", 12)
    assert await gateway.payments_of(customer, LONG_AGO) == []


async def test_a_card_saved_with_a_payment_is_told_and_charged_again(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer = await gateway.create_customer(7, 1, 3, "Acme")
    params = gateway.checkout_params(pack(customer, sandbox.clock.now(), save_card=True))
    page = await gateway.create_session(params, "order-7")
    assert page.url is not None
    shown = await browser.see(page.url)
    assert "By saving this card" in shown
    assert "Bank debit" not in shown

    await browser.sim("pay", session=page.id)
    paid = await gateway.fetch_session(page.id)
    assert paid.paid
    assert paid.payment_method is not None
    charged = await _charged(gateway, customer, paid.payment_method)
    assert charged.succeeded
    assert (charged.amount, charged.metadata["order"], charged.metadata["points"]) == (
        Money(4000, "USD"),
        "8",
        "50",
    )
    assert charged.receipt_url is not None


async def test_the_same_key_charges_once(gateway: StripeGateway, browser: Browser, sandbox: Sandbox) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    first = await _charged(gateway, customer, card)
    again = await _charged(gateway, customer, card)
    assert again.id == first.id
    assert len(await gateway.payments_of(customer, LONG_AGO)) == 1
    with pytest.raises(GatewayError) as refusal:
        await gateway.charge(gateway.charge_params(topup(customer, card, 5000)), "k")
    assert refusal.value.code == "IdempotencyError"


@pytest.mark.parametrize(
    ("number", "code", "advice"),
    [
        ("4000000000000341", "generic_decline", "try_again_later"),
        ("4000990000000012", "insufficient_funds", "try_again_later"),
        ("4000008260003178", "insufficient_funds", "try_again_later"),
        ("4000990000000020", "expired_card", "do_not_try_again"),
        ("4000990000000038", "lost_card", "do_not_try_again"),
        ("4000990000000046", "processing_error", "try_again_later"),
    ],
)
async def test_a_card_that_was_saved_may_be_declined_later(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, number: str, code: str, advice: str
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, number)
    declined = await _charged(gateway, customer, card)
    assert (declined.status, declined.decline, declined.advice) == ("requires_payment_method", code, advice)
    assert (declined.payment_method, declined.needs_customer) == (card, False)
    assert await gateway.payments_since(LONG_AGO) == []


async def test_a_decline_is_replayed_under_its_key_and_another_key_tries_again(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    await browser.sim("decline", payment_method=card, code="insufficient_funds")
    assert (await _charged(gateway, customer, card, "a1")).decline == "insufficient_funds"
    assert (await _charged(gateway, customer, card, "a1")).decline == "insufficient_funds"
    assert (await _charged(gateway, customer, card, "a2")).succeeded


async def test_a_card_may_fail_from_its_second_charge_on(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4000990000000053")
    assert (await _charged(gateway, customer, card, "a1")).succeeded
    assert (await _charged(gateway, customer, card, "a2")).decline == "generic_decline"


async def test_a_bank_that_wants_its_customer_leaves_a_payment_that_can_be_cancelled(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4000002760003184")
    asked = await _charged(gateway, customer, card)
    assert asked.needs_customer
    assert (await gateway.cancel_payment(asked.id)).status == "canceled"
    assert (await gateway.cancel_payment(asked.id)).status == "canceled"


async def test_a_paid_payment_says_so_instead_of_being_cancelled(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    paid = await _charged(gateway, customer, card)
    assert (await gateway.cancel_payment(paid.id)).succeeded


@pytest.mark.parametrize("kind", ["lost", "truncated"])
async def test_a_lost_answer_is_unknown_found_again_and_never_charged_twice(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, kind: str
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    sandbox.faults.add(Fault.from_json({"api": "stripe", "method": CHARGE, "kind": kind}))
    with pytest.raises(GatewayUnknownError):
        await _charged(gateway, customer, card)
    (found,) = await gateway.payments_of(customer, LONG_AGO)
    assert (found.succeeded, found.metadata["order"]) == (True, "8")
    assert (await _charged(gateway, customer, card)).id == found.id
    assert len(await gateway.payments_since(LONG_AGO)) == 1


async def test_a_dropped_request_did_not_happen_and_goes_through_under_its_key(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    sandbox.faults.add(Fault("stripe", CHARGE, "drop"))
    with pytest.raises(GatewayUnknownError):
        await _charged(gateway, customer, card)
    assert await gateway.payments_of(customer, LONG_AGO) == []
    assert (await _charged(gateway, customer, card)).succeeded


async def test_a_failure_of_stripes_own_is_none_of_the_cards(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    sandbox.faults.add(Fault("stripe", CHARGE, "500"))
    with pytest.raises(GatewayFailedError):
        await _charged(gateway, customer, card)
    assert await gateway.payments_of(customer, LONG_AGO) == []


async def test_a_removed_card_is_gone(gateway: StripeGateway, browser: Browser, sandbox: Sandbox) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    await gateway.detach_card(card)
    await gateway.detach_card(card)
    assert await gateway.card(card) is None
    assert await gateway.card("pm_nobody") is None
    with pytest.raises(GatewayError) as refusal:
        await _charged(gateway, customer, card)
    assert refusal.value.code == "card_gone"


@pytest.mark.parametrize("stranger", [True, False])
async def test_a_card_of_somebody_else_or_of_nobody_is_gone(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox, stranger: bool
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    other = await gateway.create_customer(7, 1, 4, "Bolt")
    with pytest.raises(GatewayError) as refusal:
        await _charged(gateway, other if stranger else customer, card if stranger else "pm_none")
    assert refusal.value.code == "card_gone"


async def test_refunds_and_disputes_add_up_to_what_is_gone(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    paid = await _charged(gateway, customer, card)
    refund = await gateway.refund(paid.id, 1500, "refund-1", {"refund": "1"})
    again = await gateway.refund(paid.id, 1500, "refund-1", {"refund": "1"})
    assert (refund.status, refund.amount_minor, again.id) == ("succeeded", 1500, refund.id)
    reversed_ = await gateway.reversals(paid.id)
    assert (reversed_.refunded_minor, reversed_.gone_minor, reversed_.disputes) == (1500, 1500, ())
    assert reversed_.refunds[0].metadata == {"refund": "1"}

    await browser.sim("fail_refund", refund=refund.id)
    failed = await gateway.reversals(paid.id)
    assert (failed.gone_minor, failed.refunds[0].status) == (0, "failed")

    dispute = await browser.sim("dispute", payment_intent=paid.id)
    assert (await gateway.reversals(paid.id)).gone_minor == 4000
    with pytest.raises(GatewayError) as refusal:
        await gateway.refund(paid.id, 100, "refund-2", {})
    assert refusal.value.code == "charge_disputed"
    await browser.sim("dispute/close", dispute=dispute["id"], won=True)
    assert (await gateway.reversals(paid.id)).gone_minor == 0


async def test_the_payment_behind_an_event_is_found(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    paid = await _charged(gateway, customer, card)
    refund = await gateway.refund(paid.id, 1000, "r", {})
    dispute = await browser.sim("dispute", payment_intent=paid.id, outcome="inquiry")
    assert (await gateway.reversals(paid.id)).gone_minor == 1000
    for kind, object_id in (
        ("charge.refunded", paid.charge),
        ("charge.refund.updated", refund.id),
        ("refund.failed", refund.id),
        ("charge.dispute.created", dispute["id"]),
    ):
        assert await gateway.payment_behind(kind, object_id or "") == paid.id
    assert await gateway.payment_behind("refund.created", "re_none") is None


async def test_reconciling_finds_what_was_reversed_and_paid_oldest_first(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    paid = []
    for number in range(3):
        paid.append((await _charged(gateway, customer, card, f"k{number}")).id)
        sandbox.clock.turn(dt.timedelta(hours=1))
    await browser.sim("refund", payment_intent=paid[2], amount=100)
    sandbox.clock.turn(dt.timedelta(hours=1))
    await browser.sim("dispute", payment_intent=paid[0])
    assert await gateway.reversed_since(LONG_AGO) == [paid[2], paid[0]]
    assert await gateway.reversed_since(sandbox.clock.now() - dt.timedelta(minutes=30)) == [paid[0]]
    assert [each.id for each in await gateway.payments_since(LONG_AGO)] == paid
    recently = sandbox.clock.now() - dt.timedelta(hours=2, minutes=30)
    assert [each.id for each in await gateway.payments_of(customer, recently)] == paid[2:]


async def test_a_foreign_payment_in_an_unknown_currency_disturbs_nothing(
    gateway: StripeGateway, browser: Browser, sandbox: Sandbox
) -> None:
    customer, card = await _saved(gateway, browser, sandbox, "4242424242424242")
    foreign = gateway.charge_params(topup(customer, card)) | {"currency": "bgn"}
    with pytest.raises(GatewayError, match="currency_unknown: BGN"):
        await gateway.charge(foreign, "foreign")
    paid = await _charged(gateway, customer, card)
    assert [each.id for each in await gateway.payments_since(LONG_AGO)] == [paid.id]
