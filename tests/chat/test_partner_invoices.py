"""Invoices and tax at the desk: switched, explained, and what everybody reads where tax is added (R29, R30, R33)."""

from billing.gateway import TAX_REFUSED

from .people import Person
from .world import World


async def test_invoices_are_switched_and_say_what_they_need(market: World, nora: Person) -> None:
    await nora.sends("/settings")
    assert "○ Payments get a receipt, no invoice." in nora.screen
    await nora.taps("Invoices")
    assert "Stripe Tax must be set up in your account first" in nora.screen
    assert "Automatic charges of saved cards get a receipt, no invoice and no tax." in nora.screen
    assert "Receipts only ✓" in nora.buttons
    await nora.taps("Invoices")
    assert "● Payments get an invoice with company and tax id, without tax." in nora.screen
    tax = nora.shown
    await nora.taps("Invoices with tax")
    await nora.taps("Invoices with tax", on=tax)
    assert "Invoices with tax ✓" in nora.buttons
    await nora.taps("‹ Settings")
    assert "tax on top of your prices" in nora.screen
    await nora.sends("/audit")
    assert "invoices off → without tax" in nora.screen
    assert nora.screen.count("invoices without tax → with tax") == 1


async def test_a_refund_is_of_what_was_paid_with_tax(market: World, nora: Person, dana: Person) -> None:
    await nora.sends("/settings")
    await nora.taps("Invoices")
    await nora.taps("Invoices with tax")
    await dana.sends("/topup")
    await dana.taps("50 points")
    assert "Tax is added on the page." in dana.screen
    market.gateway.pay(dana.url("Pay 40 USD"))
    await market.hear_from_stripe()

    await nora.sends(f"/ws {market.acme}")
    await nora.taps("History")
    await nora.taps("2")
    await nora.taps("Refund")

    assert "Paid 48\xa0USD" in nora.screen
    assert "Refund 48\xa0USD, takes 50 points" in nora.buttons


async def test_where_tax_cannot_be_worked_out_both_sides_know_what_to_do(
    market: World, nora: Person, dana: Person
) -> None:
    market.gateway.refuses = TAX_REFUSED
    await dana.sends("/topup")
    await dana.taps("50 points")
    assert "Tax can't be worked out at the moment" in f"{dana.toast} {dana.screen}"
    assert "Nothing was charged" in f"{dana.toast} {dana.screen}"

    await market.deliver()
    assert "⚠ Nobody can pay: Stripe can't work out tax." in nora.screen
    await nora.taps("Invoices and tax")
    assert "Receipts only ✓" in nora.buttons
