"""Invoices with company, tax id and tax: what payment pages make out (R30)."""

from aiogram import Router

from billing import catalogue
from billing.gateway import Invoicing
from billing.invoicing import invoicing_of
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.routing import opens
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue


def router() -> Router:
    router = Router(name="partner.invoices")
    router.callback_query.register(opens(_invoices), buttons.Invoices.filter())
    router.callback_query.register(opens(_set), buttons.SetInvoicing.filter())
    return router


async def _invoices(services: Services, speaker: Speaker, _: buttons.Invoices) -> Screen:
    partner, _packs, _prices = await services.db.read(catalogue.pack_cards, speaker.person_id)
    return invoices_view(speaker.t, invoicing_of(partner))


async def _set(services: Services, speaker: Speaker, tap: buttons.SetInvoicing) -> Screen:
    await services.db.write(catalogue.set_invoicing, speaker.call, Invoicing(tap.what))
    return await _invoices(services, speaker, buttons.Invoices())


def invoices_view(t: Tongue, invoicing: Invoicing) -> Screen:
    """What it is now, what the other choices need, and what none of them covers."""
    choices = {
        Invoicing.OFF: t("Receipts only"),
        Invoicing.INVOICES: t("Invoices"),
        Invoicing.TAX: t("Invoices with tax"),
    }
    return Screen.of(
        f"<b>{t('Invoices')}</b>",
        invoicing_line(t, invoicing),
        "",
        t("Invoices: the page asks for company and tax id, and Stripe makes out an invoice to them."),
        t(
            "With tax: Stripe adds tax to your prices, by the customer's address. Stripe Tax must be set up in your "
            "account first, in Stripe under Settings, Tax; till then nobody could pay."
        ),
        t("Plans paid through Stripe need a price there that says whether it includes tax."),
        t("Automatic charges of saved cards get a receipt, no invoice and no tax."),
        t("Pages that are open already and running subscriptions stay as they are."),
        rows=[
            [
                button(f"{name} ✓" if each is invoicing else name, buttons.SetInvoicing(what=each.value))
                for each, name in choices.items()
            ],
            [button(t("‹ Settings"), buttons.Settings())],
        ],
    )


def invoicing_line(t: Tongue, invoicing: Invoicing) -> str:
    """What whoever pays gets, in a line."""
    match invoicing:
        case Invoicing.OFF:
            return t("○ Payments get a receipt, no invoice.")
        case Invoicing.INVOICES:
            return t("● Payments get an invoice with company and tax id, without tax.")
        case Invoicing.TAX:
            return t("● Payments get an invoice with company and tax id, and tax on top of your prices.")
