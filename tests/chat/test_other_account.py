"""What the desk reads of a restored backup and of a key of another account, and how an owner moves over (R25)."""

import datetime as dt

import pytest

from billing.account import refresh_account
from billing.customers import keep_customer
from storage import catalogue
from storage.transaction import Tx

from .people import Person
from .world import PARTNER, World


def fall_behind(tx: Tx, at: dt.datetime | None) -> None:
    catalogue.lock_partner(tx, PARTNER).behind_since = at


@pytest.fixture
async def moved_key(market: World) -> World:
    """Acme is a customer at the first account; the bot starts with a key of another."""
    await market.db.write(keep_customer, PARTNER, market.acme, True, "cus_acme")
    market.gateway.account_id = "acct_other"
    await refresh_account(market.payments, PARTNER, test_payments=False)
    return market


async def test_a_restored_backup_says_what_waits_and_what_to_run(market: World, nora: Person) -> None:
    await market.db.write(fall_behind, market.clock.now())
    await nora.sends("/partner")
    assert "This database is older than what happened at Stripe" in nora.screen
    assert "addondesk reconcile" in nora.screen
    await market.db.write(fall_behind, None)
    await nora.sends("/partner")
    assert "older than" not in nora.screen


async def test_another_accounts_key_is_named_and_an_owner_moves_over_with_a_second_tap(
    moved_key: World, nora: Person
) -> None:
    await nora.sends("/partner")
    assert "○ not selling yet" in nora.screen
    assert "The Stripe key is of another account" in nora.screen
    await nora.taps("Mend the Stripe key")
    assert "only its key reaches them" in nora.screen
    await nora.taps("Move to this account")
    question = nora.shown
    assert "stays behind" in nora.screen
    assert "Stripe goes on charging those subscriptions" in nora.screen
    await nora.taps("‹ Back")
    await nora.taps("Move over", on=question)
    assert "✓ Moved to" in nora.screen
    await refresh_account(moved_key.payments, PARTNER, test_payments=False)
    await nora.taps("‹ Desk")
    assert "● selling" in nora.screen
    await nora.taps("Audit")
    assert "moved to another Stripe account" in nora.screen


async def test_an_old_screens_button_moves_nothing_once_the_key_is_mended(
    moved_key: World, nora: Person
) -> None:
    await nora.sends("/stripe")
    await nora.taps("Move to this account")
    question = nora.shown
    moved_key.gateway.account_id = "acct_1"
    await refresh_account(moved_key.payments, PARTNER, test_payments=False)
    await nora.taps("Move over", on=question)

    def account(tx: Tx) -> str | None:
        found = catalogue.partner(tx, PARTNER)
        assert found is not None
        return found.stripe_account

    assert await moved_key.db.read(account) == "acct_1"
    await nora.sends("/partner")
    assert "● selling" in nora.screen
